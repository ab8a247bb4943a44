//! One span for each question of a machine.

use std::net::SocketAddr;
use std::time::Duration;

use opentelemetry::time;
use opentelemetry::trace::{Span as _, SpanKind, Status};

use super::{TraceParent, Traces};
use crate::boot::Answer;
use crate::domain::Facts;

/// A question and its answer, which took `duration` until now.
pub struct BootSpan<'a> {
    /// What the machine said.
    pub facts: &'a Facts,
    /// What it got.
    pub answer: &'a Answer,
    /// Where it is.
    pub peer: SocketAddr,
    /// The trace that its request names.
    pub trace: TraceParent<'a>,
    /// How long it took.
    pub duration: Duration,
}

impl Traces {
    /// Records the answer to a machine.
    pub fn boot(&self, boot: &BootSpan<'_>) {
        if self.on.is_none() {
            return;
        }
        let (facts, answer) = (boot.facts, boot.answer);
        let end = time::now();
        let begun = end.checked_sub(boot.duration).unwrap_or(end);
        let name = format!("boot {}", answer.kind);
        let Some(mut span) = self.begin(name, SpanKind::Server, begun, &boot.trace.context()) else { return };
        span.tell("pxe_init.kind", answer.kind.as_str());
        span.tell("pxe_init.outcome", answer.outcome.as_str());
        span.tell("client.address", boot.peer.ip().to_canonical().to_string());
        let optional = [
            ("pxe_init.mac", facts.mac.map(|mac| mac.to_string())),
            ("pxe_init.uuid", facts.uuid.map(|uuid| uuid.to_string())),
            ("pxe_init.machine", answer.machine.as_ref().map(ToString::to_string)),
            ("pxe_init.rule", answer.rule.as_ref().map(ToString::to_string)),
            ("pxe_init.template", answer.template.as_ref().map(ToString::to_string)),
            ("pxe_init.incident", answer.incident.as_ref().map(ToString::to_string)),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                span.tell(key, value);
            }
        }
        if answer.incident.is_some() {
            // Not the problem itself: it quotes the template, which may hold secrets.
            span.span.set_status(Status::error("the document could not be made"));
        }
        if let Some(timings) = answer.timings {
            let rendering = end.checked_sub(timings.render).unwrap_or(begun);
            let resolving = rendering.checked_sub(timings.resolve).unwrap_or(begun);
            span.child("resolve", resolving, rendering);
            span.child("render", rendering, end);
        }
        span.end(end);
    }
}
