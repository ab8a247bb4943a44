//! Spans for an OpenTelemetry collector, where one is configured; otherwise every call here is one comparison.
//!
//! A span is made when what it tells of is over: nothing has to be carried through the boot path. Sending them is the
//! work of a thread of its own; what its queue can not hold is dropped.

mod boot;
mod call;
mod exporter;
mod load;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, TraceContextExt, Tracer as _, TracerProvider};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, Span,
};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use exporter::Watched;

pub use boot::BootSpan;
pub use call::CallSpan;
pub use load::LoadSpan;

/// How long a collector may take to accept spans.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long spans wait for others.
const DELAY: Duration = Duration::from_secs(2);

/// So many spans wait for the collector.
const QUEUE: usize = 8192;

/// How long the end of the process may wait for the collector.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// Where spans go, and which.
#[derive(Clone, Debug)]
pub struct TraceOptions {
    /// The collector, as `http://HOST:PORT`.
    pub endpoint: String,
    /// The part of the traces that begin here which is kept, 0 to 1.
    pub sample: f64,
    /// `service.name`.
    pub service: String,
    /// `service.instance.id`; empty for the name of this computer.
    pub replica: String,
}

/// Where spans go. Cheap to clone.
#[derive(Clone, Default)]
pub struct Traces {
    on: Option<Arc<On>>,
    counts: SpanCounts,
}

struct On {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// What became of spans.
#[derive(Clone, Debug, Default)]
struct SpanCounts {
    recorded: Counter,
    sent: Counter,
}

impl Traces {
    /// Sends spans from now on. It connects when there are some, so that the collector need not be there.
    ///
    /// # Errors
    /// When the endpoint is no URL.
    pub fn start(options: &TraceOptions) -> Result<Self, ExporterBuildError> {
        let counts = SpanCounts::default();
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(&options.endpoint)
            .with_timeout(TIMEOUT)
            .build()?;
        let watched = Watched::new(exporter, options.endpoint.clone(), counts.sent.clone());
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_scheduled_delay(DELAY)
            .with_max_export_batch_size(QUEUE / 8)
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(watched).with_batch_config(config).build())
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(options.sample))))
            .with_resource(resource(options))
            .build();
        let tracer = provider.tracer(env!("CARGO_PKG_NAME"));
        Ok(Self { on: Some(Arc::new(On { provider, tracer })), counts })
    }

    /// Sends what is left. It waits for the collector, but not for long; not on a thread that has other work.
    pub fn finish(&self) {
        if let Some(on) = &self.on
            && let Err(problem) = on.provider.shutdown_with_timeout(LAST_SPANS)
        {
            tracing::warn!(%problem, "the last spans could not be sent");
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let recorded = "Spans for the collector of traces that were recorded";
        registry.register("spans_recorded", recorded, self.counts.recorded.clone());
        let sent = "Spans that the collector took. What was recorded some seconds ago and not sent is lost";
        registry.register("spans_sent", sent, self.counts.sent.clone());
    }

    /// A span that began at `begun`, unless nobody wants it.
    fn begin(&self, name: String, kind: SpanKind, begun: SystemTime, parent: &Context) -> Option<Open<'_>> {
        let on = self.on.as_ref()?;
        let builder = SpanBuilder::from_name(name).with_kind(kind).with_start_time(begun);
        let span = on.tracer.build_with_context(builder, parent);
        span.is_recording().then_some(Open { traces: self, tracer: &on.tracer, span })
    }
}

/// A span that is being written.
struct Open<'a> {
    traces: &'a Traces,
    tracer: &'a SdkTracer,
    span: Span,
}

impl Open<'_> {
    fn tell(&mut self, key: &'static str, value: impl Into<Value>) {
        self.span.set_attribute(KeyValue::new(key, value));
    }

    /// A span within this one.
    fn child(&self, name: &'static str, begun: SystemTime, end: SystemTime) {
        let parent = Context::new().with_remote_span_context(self.span.span_context().clone());
        let builder = SpanBuilder::from_name(name).with_start_time(begun);
        self.traces.counts.recorded.inc();
        self.tracer.build_with_context(builder, &parent).end_with_timestamp(end);
    }

    fn end(mut self, at: SystemTime) {
        self.traces.counts.recorded.inc();
        self.span.end_with_timestamp(at);
    }
}

/// The headers of a request that name a trace (<https://www.w3.org/TR/trace-context/>).
#[derive(Clone, Copy, Debug, Default)]
pub struct TraceParent<'a> {
    /// `traceparent`.
    pub parent: Option<&'a str>,
    /// `tracestate`.
    pub state: Option<&'a str>,
}

impl<'a> TraceParent<'a> {
    /// Those of these headers.
    pub fn of(headers: &'a HeaderMap) -> Self {
        let get = |name| headers.get(name)?.to_str().ok();
        Self { parent: get("traceparent"), state: get("tracestate") }
    }

    /// The span that they name, if there is one.
    fn context(&self) -> Context {
        TraceContextPropagator::new().extract_with_context(&Context::new(), self)
    }
}

impl Extractor for TraceParent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.parent,
            "tracestate" => self.state,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

fn resource(options: &TraceOptions) -> Resource {
    let own = || fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let replica = if options.replica.is_empty() { own() } else { options.replica.clone() };
    Resource::builder()
        .with_service_name(options.service.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", replica))
        .build()
}
