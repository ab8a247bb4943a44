//! What monitoring asks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::respond;
use crate::error::{Code, Error};
use crate::service::Service;
use crate::telemetry::Metrics;

/// What `/ready` says.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    /// The catalog revision that is served.
    revision: u64,
    /// Seconds since the database last confirmed it; none when it never did.
    age_seconds: Option<f64>,
    /// Whether the database can not confirm it now.
    stale: bool,
    /// Whether it comes from the snapshot file.
    from_file: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    database_problem: Option<String>,
    machines: usize,
    images: usize,
    rules: usize,
    /// Templates that can not be rendered, and why.
    broken_templates: Vec<Broken>,
}

#[derive(Serialize)]
struct Broken {
    template: String,
    problem: String,
}

/// `GET /health`: the process lives.
pub(super) async fn health() -> Response {
    respond::text(StatusCode::OK, "alive".to_owned())
}

/// `GET /ready`: a snapshot is loaded. A stale one is ready too, and says so. A server that is about to end is not, while
/// it still answers machines.
pub(super) async fn ready(
    State(service): State<Service>,
    State(stopping): State<CancellationToken>,
) -> Response {
    if stopping.is_cancelled() {
        return respond::refuse(&Error::new(Code::Unavailable, "stopping"));
    }
    let Ok(snapshot) = service.snapshot() else { return respond::refuse(&service.not_ready()) };
    let health = service.health();
    let broken = snapshot.templates.iter().filter_map(|entry| {
        let problem = entry.broken.as_ref()?.to_string();
        Some(Broken { template: entry.template.name.to_string(), problem })
    });
    let readiness = Readiness {
        ready: true,
        revision: snapshot.catalog.revision(),
        age_seconds: health.confirmed.map(|at| (service.now().0 - at.0).max(0) as f64 / 1000.0),
        from_file: health.from_file,
        stale: health.problem.is_some(),
        database_problem: health.problem.clone(),
        machines: snapshot.catalog.machines().len(),
        images: snapshot.catalog.images().len(),
        rules: snapshot.catalog.rules().len(),
        broken_templates: broken.collect(),
    };
    Json(readiness).into_response()
}

/// `GET /metrics`: OpenMetrics text (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).
pub(super) async fn metrics(State(metrics): State<Arc<Metrics>>) -> Response {
    // What the process uses is read from files, which is no work for a thread that answers machines.
    let Ok(text) = tokio::task::spawn_blocking(move || metrics.encode()).await else {
        return respond::text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics can not be read".to_owned());
    };
    let content_type = [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    (content_type, text).into_response()
}
