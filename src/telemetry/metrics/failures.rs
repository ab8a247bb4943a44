//! Which templates fail, for no more templates than a Prometheus likes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;

/// So many templates are counted by name. Whoever has more that fail at once looks at the log.
const MOST: usize = 100;

/// What the rest is counted as; no name has parentheses.
const OTHERS: &str = "(others)";

/// How often each template failed. A failure is rare and costs a lock.
#[derive(Clone, Debug, Default)]
pub(super) struct Failures(Arc<Mutex<BTreeMap<String, u64>>>);

impl Failures {
    /// Counts a failure of `template`.
    pub(super) fn count(&self, template: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = counts.contains_key(template) || counts.len() < MOST;
        *counts.entry(if known { template } else { OTHERS }.to_owned()).or_default() += 1;
    }
}

impl EncodeMetric for Failures {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (template, count) in counts.iter() {
            let labels = [("template", template.as_str())];
            ConstCounter::new(*count).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn the_rest_is_counted_together() {
        let failures = Failures::default();
        let mut registry = Registry::default();
        registry.register("failures", "x", failures.clone());
        for at in 0..MOST + 5 {
            failures.count(&format!("t{at}"));
        }
        failures.count("t0");
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(text.contains("failures_total{template=\"(others)\"} 5\n"), "{text}");
        assert!(text.contains("failures_total{template=\"t0\"} 2\n"), "{text}");
        assert_eq!(text.matches("failures_total{").count(), MOST + 1);
    }
}
