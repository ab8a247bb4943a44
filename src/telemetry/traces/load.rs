//! One span for each load of the catalog.

use std::time::Duration;

use opentelemetry::trace::SpanKind;
use opentelemetry::{Context, time};

use super::Traces;

/// A load from the database that is over now.
#[derive(Clone, Copy, Debug)]
pub struct LoadSpan {
    /// The revision that was served before; 0 for none.
    pub from: u64,
    /// The one that is served now.
    pub to: u64,
    /// How long it took.
    pub duration: Duration,
}

impl Traces {
    /// Records a load.
    pub fn load(&self, load: LoadSpan) {
        let end = time::now();
        let begun = end.checked_sub(load.duration).unwrap_or(end);
        let parent = Context::new();
        let Some(mut span) = self.begin("load catalog".to_owned(), SpanKind::Internal, begun, &parent) else {
            return;
        };
        span.tell("pxe_init.revision.from", load.from.cast_signed());
        span.tell("pxe_init.revision.to", load.to.cast_signed());
        span.end(end);
    }
}
