//! A server in a process of its own, and what it costs.

use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::failure::{Doing, Failure, Result};
use crate::interrupt;

/// How long a server may take to listen.
const LISTENS_WITHIN: Duration = Duration::from_secs(60);

/// How much of the end of a log is kept, in bytes.
const KEPT: usize = 4096;

/// USER_HZ: the unit of times in `/proc`, the same on every Linux that we build for (proc_pid_stat(5)).
const TICKS_PER_SECOND: u64 = 100;

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it answers machines.
    pub(crate) address: SocketAddr,
    /// What it is, for people.
    pub(crate) name: String,
    output: Arc<Output>,
}

/// The end of what a server wrote.
#[derive(Debug, Default)]
struct Output {
    end: Mutex<Vec<u8>>,
}

/// What a process used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// CPU time of all of its threads.
    pub(crate) cpu: Duration,
    /// Resident memory, in bytes.
    pub(crate) resident: u64,
}

/// Where a server says where it listens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speaks {
    /// On standard output.
    Output,
    /// On standard error: in its log.
    Log,
}

impl Server {
    /// Starts `command`, and waits until a line of its output tells `address` where it listens, and whatever else.
    ///
    /// What it writes goes through a pipe, as under systemd or in a container, and is read and thrown away.
    pub(crate) fn start<T: Send + 'static>(
        name: &str,
        command: &mut Command,
        speaks: Speaks,
        address: fn(&str) -> Option<(SocketAddr, T)>,
    ) -> Result<(Self, T)> {
        let (stdout, stderr) = match speaks {
            Speaks::Output => (Stdio::piped(), Stdio::inherit()),
            Speaks::Log => (Stdio::null(), Stdio::piped()),
        };
        let mut child = command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .doing(|| format!("can not start {name} ({})", command.get_program().display()))?;
        let pipe: Option<Box<dyn Read + Send>> = match speaks {
            Speaks::Output => child.stdout.take().map(|pipe| Box::new(pipe) as _),
            Speaks::Log => child.stderr.take().map(|pipe| Box::new(pipe) as _),
        };
        let output = Arc::new(Output::default());
        let (told, listens) = channel();
        if let Some(pipe) = pipe {
            let output = output.clone();
            std::thread::spawn(move || read(pipe, &output, address, &told));
        }
        let mut server = Self { child, address: ([127, 0, 0, 1], 0).into(), name: name.to_owned(), output };
        let (address, more) = server.wait_for_address(&listens)?;
        server.address = address;
        Ok((server, more))
    }

    fn wait_for_address<T>(&self, listens: &Receiver<T>) -> Result<T> {
        listens.recv_timeout(LISTENS_WITHIN).map_err(|_| {
            Failure(format!(
                "{} did not say where it listens; its output ends with:\n{}",
                self.name,
                self.said()
            ))
        })
    }

    /// Waits until `/ready` is 200; how long that took.
    pub(crate) async fn until_ready(&self, within: Duration) -> Result<()> {
        let end = Instant::now() + within;
        loop {
            interrupt::check()?;
            let status = status(self.address, "/ready").await;
            if status == Some(200) {
                return Ok(());
            }
            if !Path::new(&format!("/proc/{}/status", self.child.id())).exists() || Instant::now() > end {
                return Err(Failure(format!(
                    "{} was not ready within {} s (status {status:?}); its output ends with:\n{}",
                    self.name,
                    within.as_secs(),
                    self.said()
                )));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// What it used until now.
    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::of(&self.child.id().to_string())
    }

    /// The end of what it wrote.
    pub(crate) fn said(&self) -> String {
        let end = self.output.end.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&end).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let mut connection = crate::connection::Connection::open(address, None).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let response = connection.ask(request.as_bytes(), false).await.ok()?;
    Some(response.status)
}

/// Reads to the end; looks for an address until one was found.
fn read<T>(
    mut pipe: Box<dyn Read + Send>,
    output: &Output,
    address: fn(&str) -> Option<T>,
    told: &Sender<T>,
) {
    let mut buffer = vec![0; 64 << 10];
    let mut listens = false;
    while let Ok(length @ 1..) = pipe.read(&mut buffer) {
        let mut end = output.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.extend_from_slice(&buffer[length.saturating_sub(KEPT)..length]);
        let surplus = end.len().saturating_sub(KEPT);
        end.drain(..surplus);
        if !listens && let Some(found) = String::from_utf8_lossy(&end).lines().find_map(address) {
            listens = true;
            // Who asked may have given up.
            let _ = told.send(found);
        }
    }
}

impl Usage {
    /// Of the process with this number, or of `self`.
    pub(crate) fn of(process: &str) -> Result<Self> {
        let read = |name: &str| {
            let path = format!("/proc/{process}/{name}");
            fs::read_to_string(&path).doing(|| format!("can not read {path}; has the process ended?"))
        };
        let (stat, status) = (read("stat")?, read("status")?);
        let unknown = |what: &str| Failure(format!("/proc/{process} does not tell the {what}"));
        let cpu = cpu(&stat).ok_or_else(|| unknown("CPU time"))?;
        Ok(Self { cpu, resident: resident(&status).ok_or_else(|| unknown("resident memory"))? })
    }
}

/// How many files this process may have open, and so each server that it starts.
pub(crate) fn most_files() -> Result<u32> {
    let path = "/proc/self/limits";
    let limits = fs::read_to_string(path).doing(|| format!("can not read {path}"))?;
    soft_limit(&limits).ok_or_else(|| Failure(format!("{path} does not tell the limit of open files")))
}

/// `Max open files            1024                 524288               files     `
fn soft_limit(limits: &str) -> Option<u32> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(u32::MAX),
        number => Some(number.parse().unwrap_or(u32::MAX)),
    }
}

/// The 14th and 15th field of proc_pid_stat(5); the second is in parentheses and may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11).map(str::parse::<u64>);
    let ticks = fields.next()?.ok()? + fields.next()?.ok()?;
    Some(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

/// `VmRSS:   123 kB`, of proc_pid_status(5).
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_proc() {
        let stat = "42 (a )b( c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 7 8 20 0 4 0 100 1000 200";
        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
        assert_eq!(resident("Name:\tx\nVmRSS:\t  2048 kB\nRssAnon: 1 kB\n"), Some(2 << 20));
        assert_eq!(
            soft_limit("Limit x\nMax open files            1024                 524288   files"),
            Some(1024)
        );
        assert!(most_files().unwrap() > 0);
        assert!(Usage::of("self").unwrap().resident > 0);
        assert!(Usage::of("0").unwrap_err().to_string().starts_with("can not read /proc/0/stat"));
    }
}
