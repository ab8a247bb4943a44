//! Durations, counted in buckets of less than one per cent, from 1 ns to centuries.
//!
//! A crate for this would give other crates that the server shares more features, and so have all of it built twice.

use std::time::Duration;

/// Buckets in which a duration of so many bits falls: 2 to this power.
const PRECISION: u32 = 7;

const IN_OCTAVE: usize = 1 << PRECISION;

/// Durations, by their length.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    /// Those below `IN_OCTAVE` ns have a bucket each; from there on each octave has as many.
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Histogram {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { buckets: Vec::new(), count: 0, max: 0 }
    }

    /// Counts `duration`.
    pub(crate) fn record(&mut self, duration: Duration) {
        let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = bucket(ns);
        if bucket >= self.buckets.len() {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.count += 1;
        self.max = self.max.max(ns);
    }

    /// Counts all that `other` counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.buckets.len() > self.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(ours, theirs)| *ours += theirs);
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// How many were counted.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The longest.
    pub(crate) fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }

    /// What this part of them did not exceed, rounded up to the end of its bucket; zero of none.
    pub(crate) fn quantile(&self, part: f64) -> Duration {
        let wanted = (part * self.count as f64).ceil().max(1.0);
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen as f64 >= wanted {
                return Duration::from_nanos(last_of(bucket).min(self.max));
            }
        }
        self.max()
    }
}

fn bucket(ns: u64) -> usize {
    let octave = (u64::BITS - ns.leading_zeros()).saturating_sub(PRECISION + 1);
    octave as usize * IN_OCTAVE + usize::try_from(ns >> octave).unwrap_or(usize::MAX)
}

/// The longest that falls into it.
fn last_of(bucket: usize) -> u64 {
    let octave = (bucket / IN_OCTAVE).saturating_sub(1);
    let first = (bucket - octave * IN_OCTAVE) as u64;
    (first << octave) | ((1 << octave) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_are_narrow() {
        let mut before = 0;
        for bucket in 0..40 * IN_OCTAVE {
            let last = last_of(bucket);
            assert_eq!(super::bucket(last), bucket);
            assert_eq!(super::bucket(last + 1), bucket + 1);
            if bucket >= IN_OCTAVE {
                assert!(((last - before) as f64) < last as f64 / 100.0, "{bucket}");
            }
            before = last;
        }
        assert_eq!(last_of(bucket(u64::MAX)), u64::MAX);
    }

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let mut histogram = Histogram::new();
        for micros in (1..=1000).rev() {
            let mut other = Histogram::new();
            other.record(Duration::from_micros(micros));
            histogram.merge(&other);
        }
        assert_eq!(histogram.count(), 1000);
        assert_eq!(histogram.max(), Duration::from_millis(1));
        for (part, micros) in [(0.001, 1.0), (0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let found = histogram.quantile(part).as_secs_f64() * 1e6;
            assert!((micros..micros * 1.01).contains(&found) || found == micros, "{part}: {found}");
        }
        assert_eq!(Histogram::new().quantile(0.5), Duration::ZERO);
    }
}
