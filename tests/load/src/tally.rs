//! What came of the questions.

use std::time::Duration;

use serde::Serialize;

use crate::histogram::Histogram;

/// How many problems are kept to be shown.
const SHOWN: usize = 5;

/// What came of one question.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The right document, whole.
    Good,
    /// 503 or 429 with `Retry-After`.
    Refused {
        /// Seconds after which to ask again.
        retry_after: u32,
    },
    /// Anything else that is a response.
    Wrong(String),
    /// The connection ended before the response was whole.
    Reset(String),
    /// No whole response in time.
    TimedOut,
    /// No connection.
    ConnectFailed(String),
}

/// What came of many questions.
#[derive(Debug)]
pub(crate) struct Tally {
    /// How many had each outcome.
    pub(crate) counts: Counts,
    /// From when the question was due to the good answer.
    good: Histogram,
    /// From when the question was due to the refusal.
    refused: Histogram,
    /// From when the question was asked to the answer or refusal.
    asked: Histogram,
    /// How much later than due questions were asked.
    late: Histogram,
    problems: Vec<String>,
}

/// How many questions had each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// The right document, whole.
    pub(crate) good: u64,
    /// 503 or 429 with `Retry-After`.
    pub(crate) refused: u64,
    /// Anything else that is a response.
    pub(crate) wrong: u64,
    /// The connection ended before the response was whole.
    pub(crate) reset: u64,
    /// No whole response in time.
    pub(crate) timed_out: u64,
    /// No connection.
    pub(crate) connect_failed: u64,
    /// Never asked, since this tool had no file descriptor left.
    pub(crate) not_asked: u64,
}

/// Percentiles, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Latency {
    /// Half took at most this.
    pub(crate) p50: f64,
    /// 90 % took at most this.
    pub(crate) p90: f64,
    /// 99 % took at most this.
    pub(crate) p99: f64,
    /// 99.9 % took at most this.
    pub(crate) p999: f64,
    /// None took more.
    pub(crate) max: f64,
}

/// When a question was due, asked and answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// From due to asked.
    pub(crate) late: Duration,
    /// From asked to answered.
    pub(crate) took: Duration,
}

impl Tally {
    /// Of nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            counts: Counts::default(),
            good: Histogram::new(),
            refused: Histogram::new(),
            asked: Histogram::new(),
            late: Histogram::new(),
            problems: Vec::new(),
        }
    }

    /// Adds what came of one question.
    pub(crate) fn add(&mut self, outcome: Outcome, times: Times) {
        let counts = &mut self.counts;
        let since_due = times.late + times.took;
        self.late.record(times.late);
        match outcome {
            Outcome::Good => {
                counts.good += 1;
                self.good.record(since_due);
                self.asked.record(times.took);
            }
            Outcome::Refused { .. } => {
                counts.refused += 1;
                self.refused.record(since_due);
                self.asked.record(times.took);
            }
            Outcome::Wrong(problem) => {
                counts.wrong += 1;
                self.show(problem);
            }
            Outcome::Reset(problem) => {
                counts.reset += 1;
                self.show(problem);
            }
            Outcome::TimedOut => counts.timed_out += 1,
            Outcome::ConnectFailed(problem) => {
                counts.connect_failed += 1;
                self.show(problem);
            }
        }
    }

    /// Adds a question that was due and could not be asked.
    pub(crate) fn add_not_asked(&mut self) {
        self.counts.not_asked += 1;
    }

    /// Adds all of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        let (ours, theirs) = (&mut self.counts, other.counts);
        ours.good += theirs.good;
        ours.refused += theirs.refused;
        ours.wrong += theirs.wrong;
        ours.reset += theirs.reset;
        ours.timed_out += theirs.timed_out;
        ours.connect_failed += theirs.connect_failed;
        ours.not_asked += theirs.not_asked;
        for (ours, theirs) in [
            (&mut self.good, &other.good),
            (&mut self.refused, &other.refused),
            (&mut self.asked, &other.asked),
            (&mut self.late, &other.late),
        ] {
            ours.merge(theirs);
        }
        other.problems.iter().for_each(|problem| self.show(problem.clone()));
    }

    /// From when the question was due to the good answer.
    pub(crate) fn good(&self) -> Option<Latency> {
        Latency::of(&self.good)
    }

    /// From when the question was due to the refusal.
    pub(crate) fn refused(&self) -> Option<Latency> {
        Latency::of(&self.refused)
    }

    /// From when the question was asked to the answer or refusal: without what this tool was late.
    pub(crate) fn asked(&self) -> Option<Latency> {
        Latency::of(&self.asked)
    }

    /// How much later than due questions were asked.
    pub(crate) fn late(&self) -> Option<Latency> {
        Latency::of(&self.late)
    }

    /// The first problems, for people.
    pub(crate) fn problems(&self) -> &[String] {
        &self.problems
    }

    fn show(&mut self, problem: String) {
        if self.problems.len() < SHOWN && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

impl Counts {
    /// How many were answered or refused.
    pub(crate) fn answered(self) -> u64 {
        self.good + self.refused
    }

    /// How many a machine would have suffered from.
    pub(crate) fn failed(self) -> u64 {
        self.wrong + self.reset + self.timed_out + self.connect_failed + self.not_asked
    }
}

impl Latency {
    fn of(histogram: &Histogram) -> Option<Self> {
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        let at = |part| ms(histogram.quantile(part));
        (histogram.count() > 0).then(|| Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: ms(histogram.max()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_was_late_counts() {
        let mut tally = Tally::new();
        tally.add(Outcome::Good, Times { late: 100 * MS, took: MS });
        let near = |value: f64, expected: f64| (value / expected - 1.0).abs() < 0.01;
        assert!(near(tally.good().unwrap().max, 101.0));
        assert!(near(tally.asked().unwrap().max, 1.0));
        assert!(tally.refused().is_none());
    }

    #[test]
    fn merging_adds() {
        let mut tally = Tally::new();
        tally.add(Outcome::Good, Times { late: Duration::ZERO, took: MS });
        let mut other = Tally::new();
        for _ in 0..3 {
            other.add(Outcome::Wrong("status 404".to_owned()), Times { late: MS, took: MS });
        }
        other.add_not_asked();
        tally.merge(&other);
        assert_eq!(tally.counts, Counts { good: 1, wrong: 3, not_asked: 1, ..Counts::default() });
        assert_eq!(tally.counts.failed(), 4);
        assert_eq!(tally.problems(), ["status 404"]);
    }
}
