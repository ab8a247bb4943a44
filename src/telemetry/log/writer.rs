//! Writes the log on a thread of its own.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{mem, thread};

use prometheus_client::metrics::counter::Counter;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use super::{Form, Line};

/// So many bytes are written without waiting for more: a little less than what a pipe holds.
const FULL: usize = 60 << 10;

/// The longest that a line waits for others.
const DELAY: Duration = Duration::from_millis(100);

/// So many bytes wait for a reader that is slow; what comes then is dropped.
const MOST: usize = 4 << 20;

/// The pause before another attempt when the other end takes nothing now (`O_NONBLOCK`, which others may have set).
const PAUSE: Duration = Duration::from_millis(10);

/// Where lines go. Whoever adds one waits for nobody: what can not be kept is dropped and counted.
#[derive(Clone)]
pub struct LogWriter {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    /// Told when there is something to write.
    more: Condvar,
    /// Told when all is written.
    done: Condvar,
    dropped: Counter,
}

/// What waits to be written.
#[derive(Default)]
struct Waiting {
    text: Vec<u8>,
    /// Write without waiting for more.
    at_once: bool,
    /// The thread sleeps, and has to be told.
    asleep: bool,
    /// The thread writes what was here before.
    writing: bool,
    /// Lines that were dropped, of which the log does not know yet.
    dropped: u64,
}

impl LogWriter {
    /// Writes to `sink` from now on.
    pub fn start(sink: impl Write + Send + 'static, form: Form, dropped: Counter) -> Self {
        let (waiting, more, done) = (Mutex::default(), Condvar::new(), Condvar::new());
        let shared = Arc::new(Shared { waiting, more, done, dropped });
        let writer = shared.clone();
        let thread =
            thread::Builder::new().name("log".to_owned()).spawn(move || write_on(&writer, sink, form));
        // Without the thread, a sign of a system at its limits, there is no log, and there are boots.
        drop(thread);
        Self { shared }
    }

    /// Adds a line, which ends in a line feed. One that is `urgent` is not kept waiting for others.
    pub fn add(&self, line: &[u8], urgent: bool) {
        let mut waiting = self.shared.lock();
        if waiting.text.len() + line.len() > MOST {
            waiting.dropped += 1;
            self.shared.dropped.inc();
            return;
        }
        let first = waiting.text.is_empty();
        waiting.text.extend_from_slice(line);
        let at_once = urgent || waiting.text.len() >= FULL;
        let news = first || (at_once && !waiting.at_once);
        waiting.at_once |= at_once;
        if news && mem::replace(&mut waiting.asleep, false) {
            drop(waiting);
            self.shared.more.notify_one();
        }
    }

    /// Waits until all is written, but no longer than `most`.
    pub fn flush(&self, most: Duration) {
        let mut waiting = self.shared.lock();
        waiting.at_once = true;
        self.shared.more.notify_one();
        let unwritten = |waiting: &mut Waiting| !waiting.text.is_empty() || waiting.writing;
        let _ = self.shared.done.wait_timeout_while(waiting, most, unwritten);
    }
}

impl Shared {
    /// A thread that crashed with the lock left nothing half done that others could trip over.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to write; and for more of it, unless there is enough or it is urgent.
    fn take(&self, batch: &mut Vec<u8>) -> u64 {
        let sleep_while = |condition: fn(&Waiting) -> bool| {
            move |waiting: &mut Waiting| {
                waiting.asleep = condition(waiting);
                waiting.asleep
            }
        };
        let nothing = sleep_while(|waiting| waiting.text.is_empty());
        let waiting = self.more.wait_while(self.lock(), nothing).unwrap_or_else(PoisonError::into_inner);
        let little = sleep_while(|waiting| !waiting.at_once);
        let slept = self.more.wait_timeout_while(waiting, DELAY, little);
        let mut waiting = slept.unwrap_or_else(PoisonError::into_inner).0;
        (waiting.asleep, waiting.at_once, waiting.writing) = (false, false, true);
        mem::swap(&mut waiting.text, batch);
        mem::take(&mut waiting.dropped)
    }

    fn written(&self) {
        let mut waiting = self.lock();
        waiting.writing = false;
        if waiting.text.is_empty() {
            self.done.notify_all();
        }
    }
}

fn write_on(shared: &Shared, mut sink: impl Write, form: Form) {
    let mut batch = Vec::with_capacity(FULL + FULL / 4);
    let mut torn = false;
    let mut untold = 0;
    loop {
        untold += shared.take(&mut batch);
        if torn {
            batch.insert(0, b'\n');
        }
        let mut written = write(&mut sink, &batch);
        if written == batch.len() && untold > 0 {
            batch.clear();
            tell_dropped(&mut batch, form, untold);
            untold = 0;
            written = write(&mut sink, &batch);
        }
        let lost = lines(&batch[written..]);
        shared.dropped.inc_by(lost);
        untold += lost;
        if written > 0 {
            torn = batch[written - 1] != b'\n';
        }
        batch.clear();
        batch.shrink_to(FULL * 2);
        shared.written();
    }
}

/// Writes as much as can be, and says how much that was. It waits for a reader that is slow, not for one that is gone.
fn write(sink: &mut impl Write, text: &[u8]) -> usize {
    let mut written = 0;
    while written < text.len() {
        match sink.write(&text[written..]) {
            Ok(0) => break,
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(_) => break,
        }
    }
    written
}

fn lines(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn tell_dropped(text: &mut Vec<u8>, form: Form, lines: u64) {
    let mut line = Line::begin(text, form, Level::WARN, "lines of the log were dropped: nobody read them");
    line.number("lines", lines);
    line.end(module_path!());
}

/// One event of `tracing`.
pub struct Event<'a> {
    writer: &'a LogWriter,
    urgent: bool,
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event { writer: self, urgent: false }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Event<'a> {
        Event { writer: self, urgent: *meta.level() <= Level::WARN }
    }
}

impl Write for Event<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.writer.add(line, self.urgent);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
