//! Asks as machines ask, and tallies what comes of it.

use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{sleep, timeout};

use crate::connection::{Broken, Connection};
use crate::machine::Machine;
use crate::pace::{Arrivals, Pauses, keep};
use crate::tally::{Outcome, Tally, Times};
use crate::target::Target;

/// Prime, so that machines ask in an order that no cache foresees, and all of them.
const STRIDE: u64 = 7_919;

/// A machine that is refused gives up after so many times, so that a run ends.
const MOST_RETRIES: u32 = 100;

/// How connections are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// A few connections stay open, and all machines ask over them, as behind a proxy
    Kept,
    /// Each machine opens one connection for all of its questions, as iPXE does
    KeepAlive,
    /// Each question opens a connection of its own
    NewConnection,
    /// All machines at the same instant, each on a connection of its own
    Storm,
}

/// How fast questions come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rate {
    /// Each connection asks again as soon as it was answered.
    Max,
    /// So many machines a second, whether those before were answered or not.
    PerSecond(f64),
}

/// What to do.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// Whom to ask.
    pub(crate) target: Arc<Target>,
    /// How connections are used.
    pub(crate) mode: Mode,
    /// How many machines there are.
    pub(crate) machines: u32,
    /// How fast they ask.
    pub(crate) rate: Rate,
    /// How they follow each other, unless as fast as they can.
    pub(crate) arrivals: Arrivals,
    /// How many connections there are at once when asking as fast as possible.
    pub(crate) connections: u32,
    /// How long to go on.
    pub(crate) duration: Duration,
    /// How long to wait for an answer.
    pub(crate) timeout: Duration,
    /// Whether machines that are refused ask again after the time that they are told, as iPXE does.
    pub(crate) retry: bool,
    /// How many threads ask.
    pub(crate) threads: u32,
    /// How many connections may be open at once.
    pub(crate) most_open: u32,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Run {
    /// What was counted.
    pub(crate) tally: Tally,
    /// From the first question to the last answer.
    pub(crate) took: Duration,
}

impl Load {
    /// Does it, on threads of its own.
    pub(crate) fn run(&self) -> io::Result<Run> {
        let began = Instant::now();
        let tallies: Vec<io::Result<Tally>> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..self.threads).map(|number| scope.spawn(move || self.run_thread(number, began))).collect();
            let crashed = |_| Err(io::Error::other("a thread of the load tool crashed"));
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(crashed)).collect()
        });
        let took = began.elapsed();
        let mut all = Tally::new();
        for tally in tallies {
            all.merge(&tally?);
        }
        Ok(Run { tally: all, took })
    }

    fn run_thread(&self, number: u32, began: Instant) -> io::Result<Tally> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let room = Arc::new(Room {
            load: self.clone(),
            number,
            asked: AtomicU64::new(0),
            addresses: AtomicU32::new(0),
            open: Arc::new(Semaphore::new((self.most_open / self.threads).max(1) as usize)),
            idle: Mutex::default(),
            tally: Mutex::new(Tally::new()),
        });
        runtime.block_on(async {
            match (self.mode, self.rate) {
                (Mode::Storm, _) => room.storm(began).await,
                (_, Rate::Max) => room.as_fast_as_possible(began).await,
                (_, Rate::PerSecond(rate)) => {
                    room.at_rate(began, rate / f64::from(self.threads)).await?;
                }
            }
            // Whoever still asks has one.
            let all = self.most_open / self.threads;
            let _all = room.open.acquire_many(all.max(1)).await.map_err(io::Error::other)?;
            io::Result::Ok(())
        })?;
        drop(runtime);
        Ok(std::mem::replace(&mut lock(&room.tally), Tally::new()))
    }
}

/// What the tasks of one thread share. It is locked by nobody else, so that locking costs next to nothing.
struct Room {
    load: Load,
    /// Of this thread.
    number: u32,
    /// How many machines of this thread asked.
    asked: AtomicU64,
    /// How many connections this thread opened.
    addresses: AtomicU32,
    /// One for each connection that may be open.
    open: Arc<Semaphore>,
    /// Connections that are kept and not in use.
    idle: Mutex<Vec<Connection>>,
    tally: Mutex<Tally>,
}

/// What one task uses again and again.
#[derive(Default)]
struct Scratch {
    request: Vec<u8>,
    text: Vec<u8>,
}

impl Room {
    async fn as_fast_as_possible(self: &Arc<Self>, began: Instant) {
        let end = began + self.load.duration;
        let share = share(self.load.connections, self.number, self.load.threads);
        let workers: Vec<_> = (0..share)
            .map(|_| {
                let room = self.clone();
                tokio::spawn(async move {
                    let (mut connection, mut scratch) = (None, Scratch::default());
                    while Instant::now() < end {
                        let machine = room.next_machine();
                        room.boot(machine, None, &mut connection, &mut scratch).await;
                    }
                })
            })
            .collect();
        for worker in workers {
            // A worker that panicked did so before it could answer for its count: the run is worth nothing.
            if worker.await.is_err() {
                lock(&self.tally).add_not_asked();
            }
        }
    }

    async fn at_rate(self: &Arc<Self>, began: Instant, rate: f64) -> io::Result<()> {
        let (told, mut moments) = unbounded_channel();
        let pauses = Pauses::new(self.load.arrivals, rate, self.number.into());
        let end = began + self.load.duration;
        std::thread::Builder::new().spawn(move || keep(pauses, began, end, |due| told.send(due).is_ok()))?;
        while let Some(due) = moments.recv().await {
            self.spawn(self.next_machine(), due);
        }
        Ok(())
    }

    async fn storm(self: &Arc<Self>, began: Instant) {
        for machine in (0..self.load.machines).filter(|i| i % self.load.threads == self.number) {
            self.spawn(Machine(machine), began);
        }
    }

    /// Lets a machine ask that is due at `due`.
    fn spawn(self: &Arc<Self>, machine: Machine, due: Instant) {
        let Ok(open) = self.open.clone().try_acquire_owned() else {
            return lock(&self.tally).add_not_asked();
        };
        let room = self.clone();
        tokio::spawn(async move {
            let keeps = room.load.mode == Mode::Kept;
            let mut connection = if keeps { lock(&room.idle).pop() } else { None };
            room.boot(machine, Some(due), &mut connection, &mut Scratch::default()).await;
            if keeps {
                lock(&room.idle).extend(connection);
            }
            drop(open);
        });
    }

    /// All questions of a machine, of which the first is due at `due`, or now.
    async fn boot(
        &self,
        machine: Machine,
        due: Option<Instant>,
        connection: &mut Option<Connection>,
        scratch: &mut Scratch,
    ) {
        if self.load.mode != Mode::Kept {
            *connection = None;
        }
        let mut due = due.unwrap_or_else(Instant::now);
        for question in 0..self.load.target.questions.len() {
            if self.load.mode == Mode::NewConnection {
                *connection = None;
            }
            if !self.question(question, machine, due, connection, scratch).await {
                return;
            }
            due = Instant::now();
        }
    }

    /// Asks until there is an answer that is no refusal. Whether it was good.
    async fn question(
        &self,
        question: usize,
        machine: Machine,
        due: Instant,
        connection: &mut Option<Connection>,
        scratch: &mut Scratch,
    ) -> bool {
        for _ in 0..MOST_RETRIES {
            let asked = Instant::now();
            let asking = self.ask(question, machine, connection, scratch);
            let outcome = timeout(self.load.timeout, asking).await.unwrap_or(Outcome::TimedOut);
            let times = Times { late: asked.saturating_duration_since(due), took: asked.elapsed() };
            let (good, wait) = match &outcome {
                Outcome::Good => (true, None),
                Outcome::Refused { retry_after } => (false, Some(*retry_after)),
                _ => {
                    *connection = None;
                    (false, None)
                }
            };
            lock(&self.tally).add(outcome, times);
            match wait {
                Some(seconds) if self.load.retry => sleep(Duration::from_secs(seconds.into())).await,
                _ => return good,
            }
        }
        false
    }

    async fn ask(
        &self,
        question: usize,
        machine: Machine,
        connection: &mut Option<Connection>,
        scratch: &mut Scratch,
    ) -> Outcome {
        let target = &self.load.target;
        let (step, document) = &target.questions[question];
        step.write_request(machine, &target.host, &mut scratch.request);
        loop {
            let (open, is_reused) = match connection.take() {
                Some(open) => (open, true),
                None => match Connection::open(target.address, self.next_address()).await {
                    Ok(open) => (open, false),
                    Err(error) => return Outcome::ConnectFailed(error.to_string()),
                },
            };
            let open = connection.insert(open);
            let (outcome, closes) = match open.ask(&scratch.request, false).await {
                Ok(response) => match (response.status, response.retry_after) {
                    (200, _) if document.is_for(machine, response.body, &mut scratch.text) => {
                        (Outcome::Good, response.closes)
                    }
                    (429 | 503, Some(retry_after)) => (Outcome::Refused { retry_after }, response.closes),
                    (status, _) => {
                        let difference = document.first_difference(machine, response.body);
                        let problem =
                            format!("{step} of machine {}: status {status}: {difference}", machine.0);
                        (Outcome::Wrong(problem), true)
                    }
                },
                // The server closed it while it was idle: iPXE asks again on a new one, and says nothing.
                Err(Broken::Ended { received: 0, .. }) if is_reused => {
                    *connection = None;
                    continue;
                }
                Err(broken @ Broken::Ended { .. }) => (Outcome::Reset(broken.to_string()), true),
                Err(broken @ Broken::Invalid(_)) => (Outcome::Wrong(broken.to_string()), true),
            };
            if closes {
                *connection = None;
            }
            return outcome;
        }
    }

    fn next_machine(&self) -> Machine {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        let number = (asked * u64::from(self.load.threads) + u64::from(self.number)) * STRIDE;
        Machine(u32::try_from(number % u64::from(self.load.machines)).unwrap_or_default())
    }

    /// The address to ask from, where the server is on this computer: always another one in 127.0.0.0/8, since closed
    /// connections keep their ports for a minute.
    fn next_address(&self) -> Option<Ipv4Addr> {
        self.load.target.address.ip().is_loopback().then(|| {
            let i = self.addresses.fetch_add(1, Ordering::Relaxed) * self.load.threads + self.number;
            Ipv4Addr::from_bits(127 << 24 | 16 << 16 | (i & 0xffff))
        })
    }
}

/// How many of `all` belong to the thread with this number.
fn share(all: u32, number: u32, threads: u32) -> u32 {
    all / threads + u32::from(number < all % threads)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_connection_belongs_to_one_thread() {
        for (all, threads) in [(1, 2), (7, 2), (64, 3)] {
            assert_eq!((0..threads).map(|number| share(all, number, threads)).sum::<u32>(), all);
        }
    }
}
