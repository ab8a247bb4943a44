//! Says whether the collector takes what it is sent: once when it does not, and once when it does again.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use opentelemetry_otlp::SpanExporter as Otlp;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use prometheus_client::metrics::counter::Counter;

#[derive(Debug)]
pub(super) struct Watched {
    inner: Otlp,
    endpoint: String,
    sent: Counter,
    failing: AtomicBool,
}

impl Watched {
    pub(super) fn new(inner: Otlp, endpoint: String, sent: Counter) -> Self {
        Self { inner, endpoint, sent, failing: AtomicBool::new(false) }
    }
}

impl SpanExporter for Watched {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let result = self.inner.export(batch).await;
        let endpoint = &self.endpoint;
        match &result {
            Ok(()) => {
                self.sent.inc_by(spans);
                if self.failing.swap(false, Relaxed) {
                    tracing::info!(endpoint, "the collector of traces takes spans again");
                }
            }
            Err(problem) => {
                if !self.failing.swap(true, Relaxed) {
                    tracing::warn!(%problem, endpoint, "the collector of traces takes no spans; they are dropped");
                }
            }
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
