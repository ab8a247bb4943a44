//! When questions are due, whether earlier ones were answered or not.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use serde::Serialize;
use tokio::io::unix::AsyncFd;

/// How questions follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Arrivals {
    /// By chance, as machines that know nothing of each other come
    Poisson,
    /// One after the other in equal steps
    Constant,
}

/// The pauses between questions, the same in every run.
#[derive(Debug)]
pub(crate) struct Pauses {
    arrivals: Arrivals,
    mean: f64,
    state: u64,
}

impl Pauses {
    /// `rate` questions a second.
    pub(crate) fn new(arrivals: Arrivals, rate: f64, seed: u64) -> Self {
        Self { arrivals, mean: 1.0 / rate, state: seed }
    }

    /// A number from 0 up to 1: SplitMix64.
    fn chance(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let seconds = match self.arrivals {
            Arrivals::Poisson => -(1.0 - self.chance()).ln() * self.mean,
            Arrivals::Constant => self.mean,
        };
        Some(Duration::from_secs_f64(seconds))
    }
}

/// Waits to the microsecond; the timers of tokio wait to the millisecond, which would be a part of every latency.
#[derive(Debug)]
pub(crate) struct Alarm {
    timer: AsyncFd<OwnedFd>,
}

impl Alarm {
    /// One that rings on this runtime.
    #[expect(
        deprecated,
        reason = "its successor is unsafe; what it warns of, a descriptor that changes, an OwnedFd rules out"
    )]
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self { timer: AsyncFd::new(timerfd_create(TimerfdClockId::Monotonic, flags)?)? })
    }

    /// Waits until `due`.
    pub(crate) async fn until(&self, due: Instant) -> io::Result<()> {
        let wait = due.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Ok(());
        }
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        let value = Timespec::try_from(wait).map_err(io::Error::other)?;
        let spec = Itimerspec { it_interval: none, it_value: value };
        timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &spec)?;
        loop {
            let mut guard = self.timer.readable().await?;
            let read = guard.try_io(|timer| Ok(rustix::io::read(timer.get_ref(), &mut [0; 8])?));
            if let Ok(result) = read {
                return result.map(drop);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_make_the_rate() {
        for arrivals in [Arrivals::Poisson, Arrivals::Constant] {
            let all: Duration = Pauses::new(arrivals, 1000.0, 1).take(20_000).sum();
            assert!((19.0..21.0).contains(&all.as_secs_f64()), "{arrivals:?}: {all:?}");
        }
    }

    #[tokio::test]
    async fn an_alarm_rings_when_it_is_due() {
        let alarm = Alarm::new().unwrap();
        for micros in [0, 300, 5_000] {
            let due = Instant::now() + Duration::from_micros(micros);
            alarm.until(due).await.unwrap();
            assert!(Instant::now() >= due);
        }
    }
}
