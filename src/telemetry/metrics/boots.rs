//! What machines asked and got.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::registry::Registry;

use super::Histogram;
use super::failures::Failures;
use crate::boot::{Answer, Outcome};
use crate::domain::Kind;

const KINDS: usize = Kind::ALL.len();
const OUTCOMES: usize = Outcome::ALL.len();

/// Why a request was refused for what it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadRequest {
    /// More than one `Host`.
    SeveralHosts,
    /// A query that is too long to be read.
    QueryTooLong,
    /// A fact that is malformed.
    InvalidFact,
    /// Neither MAC nor UUID nor serial number.
    NoIdentity,
}

/// What machines asked and got.
#[derive(Default)]
pub struct BootMetrics {
    answers: Answers,
    answer_seconds: ByKind,
    resolve_seconds: Histogram,
    render_seconds: Histogram,
    failures: Failures,
    bad_requests: BadRequests,
    conflicts: Counter,
    /// Requests that came before there was a catalog.
    pub not_ready: Counter,
}

impl BootMetrics {
    /// Counts an answer that took `duration` from facts to document.
    pub fn answered(&self, answer: &Answer, duration: Duration) {
        self.answers.0[answer.kind as usize][answer.outcome as usize].fetch_add(1, Relaxed);
        self.answer_seconds.0[answer.kind as usize].observe(duration);
        if let Some(timings) = answer.timings {
            self.resolve_seconds.observe(timings.resolve);
            if answer.template.is_some() {
                self.render_seconds.observe(timings.render);
            }
        }
        if answer.outcome == Outcome::Failed {
            self.failures.count(answer.template_name().unwrap_or_default());
        }
        if !answer.conflicts.is_empty() {
            self.conflicts.inc();
        }
    }

    /// Counts a request that was refused for what it said.
    pub fn refused(&self, reason: BadRequest) {
        self.bad_requests.0[reason as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let answers = "Answers to machines, by kind of document and outcome";
        registry.register("answers", answers, self.answers.clone());
        let answer = "Time from a machine's facts to its document, by kind of document";
        registry.register("answer_seconds", answer, self.answer_seconds.clone());
        let resolve = "Time to find out what a machine boots";
        registry.register("resolve_seconds", resolve, self.resolve_seconds.clone());
        let render = "Time to render a document, whether it came of it or not";
        registry.register("render_seconds", render, self.render_seconds.clone());
        let failures =
            "Documents that could not be made, by template; template=\"\" where there was none to render";
        registry.register("template_failures", failures, self.failures.clone());
        let bad = "Requests refused for what they said, by reason";
        registry.register("bad_requests", bad, self.bad_requests.clone());
        let conflicts = "Requests whose MAC, UUID and serial number point at different machines";
        registry.register("identity_conflicts", conflicts, self.conflicts.clone());
        let not_ready = "Requests of machines that came before there was a catalog, and got 503";
        registry.register("not_ready", not_ready, self.not_ready.clone());
    }
}

#[derive(Clone, Debug, Default)]
struct Answers(Arc<[[AtomicU64; OUTCOMES]; KINDS]>);

impl EncodeMetric for Answers {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for kind in Kind::ALL {
            for outcome in Outcome::ALL {
                let count = self.0[kind as usize][outcome as usize].load(Relaxed);
                let labels = [("kind", kind.as_str()), ("outcome", outcome.as_str())];
                ConstCounter::new(count).encode(encoder.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

#[derive(Clone, Debug, Default)]
struct ByKind(Arc<[Histogram; KINDS]>);

impl EncodeMetric for ByKind {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for kind in Kind::ALL {
            self.0[kind as usize].encode(encoder.encode_family(&[("kind", kind.as_str())])?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

impl BadRequest {
    const ALL: [Self; 4] = [Self::SeveralHosts, Self::QueryTooLong, Self::InvalidFact, Self::NoIdentity];

    const fn as_str(self) -> &'static str {
        match self {
            Self::SeveralHosts => "several-hosts",
            Self::QueryTooLong => "query-too-long",
            Self::InvalidFact => "invalid-fact",
            Self::NoIdentity => "no-identity",
        }
    }
}

#[derive(Clone, Debug, Default)]
struct BadRequests(Arc<[AtomicU64; BadRequest::ALL.len()]>);

impl EncodeMetric for BadRequests {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for reason in BadRequest::ALL {
            let count = self.0[reason as usize].load(Relaxed);
            ConstCounter::new(count).encode(encoder.encode_family(&[("reason", reason.as_str())])?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}
