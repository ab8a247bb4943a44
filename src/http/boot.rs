//! The documents of a boot.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Extension, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use super::base_url::base_url;
use super::facts::{MAX_QUERY_BYTES, from_query};
use super::{Peer, respond};
use crate::domain::{Facts, Kind};
use crate::error::{Code, Error};
use crate::service::{Answer, Service};
use crate::telemetry::Metrics;

/// What a machine said: its query, its host header, and where it came from.
pub(super) struct Question {
    uri: Uri,
    headers: HeaderMap,
    peer: Peer,
}

impl<S: Send + Sync> FromRequestParts<S> for Question {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Extension(peer) = Extension::<Peer>::from_request_parts(parts, state).await.map_err(|_| {
            respond::refuse(&Error::new(
                Code::Internal,
                "the listener did not say where the request came from",
            ))
        })?;
        Ok(Self { uri: parts.uri.clone(), headers: parts.headers.clone(), peer })
    }
}

/// `GET /boot.ipxe`: the script that asks again, with the machine's facts.
pub(super) async fn boot_script(
    State(service): State<Service>,
    State(metrics): State<Arc<Metrics>>,
    question: Question,
) -> Response {
    let base = base_url(service.settings(), &question.headers);
    let begun = Instant::now();
    finish(&metrics, &question, begun, service.boot_script(&base))
}

/// `GET /KIND?mac=…&uuid=…`: the document of this kind for the machine with these facts.
pub(super) async fn document(
    State(service): State<Service>,
    State(metrics): State<Arc<Metrics>>,
    kind: Kind,
    question: Question,
) -> Response {
    answer(&service, &metrics, &question, kind, question.uri.query().unwrap_or_default())
}

/// `GET /cloud-init/MACHINE/FILE`: the same for a NoCloud file, where `MACHINE` is a MAC or facts written as a query.
pub(super) async fn nocloud(
    State(service): State<Service>,
    State(metrics): State<Arc<Metrics>>,
    Path((_, file)): Path<(String, String)>,
    question: Question,
) -> Response {
    let Some(kind) = file.parse::<Kind>().ok().filter(|kind| kind.is_nocloud()) else {
        return respond::text(
            StatusCode::NOT_FOUND,
            format!(
                "{file:?} is no NoCloud file; there are meta-data, user-data, vendor-data and network-config"
            ),
        );
    };
    // The segment as it was sent: decoding it first would let a value add facts.
    let machine = question.uri.path().split('/').nth(2).unwrap_or_default();
    if machine.contains('=') {
        return answer(&service, &metrics, &question, kind, machine);
    }
    answer(&service, &metrics, &question, kind, &format!("mac={machine}"))
}

fn answer(service: &Service, metrics: &Metrics, question: &Question, kind: Kind, query: &str) -> Response {
    let begun = Instant::now();
    if query.len() > MAX_QUERY_BYTES {
        metrics.bad_requests.inc();
        return respond::text(
            StatusCode::URI_TOO_LONG,
            format!("the query has {} bytes; at most {MAX_QUERY_BYTES} are read", query.len()),
        );
    }
    let facts: Facts = match from_query(query, question.peer.0.ip()) {
        Ok(facts) => facts,
        Err(invalid) => {
            metrics.bad_requests.inc();
            tracing::warn!(peer = %question.peer.0, %invalid, "refused a request");
            return respond::text(StatusCode::BAD_REQUEST, invalid.to_string());
        }
    };
    if facts.mac.is_none() && facts.uuid.is_none() && facts.serial.is_none() {
        metrics.bad_requests.inc();
        return respond::text(
            StatusCode::BAD_REQUEST,
            format!(
                "who asks? say at least one of mac, uuid and serial, as in /{kind}?mac=52-54-00-12-34-56"
            ),
        );
    }
    let base = base_url(service.settings(), &question.headers);
    finish(metrics, question, begun, service.answer(facts, kind, &base))
}

fn finish(metrics: &Metrics, question: &Question, begun: Instant, result: Result<Answer, Error>) -> Response {
    match result {
        Ok(answer) => {
            metrics.answered(answer.kind.as_str(), answer.outcome.as_str(), begun.elapsed().as_secs_f64());
            log(question, &answer, begun);
            if !answer.conflicts.is_empty() {
                metrics.conflicts.inc();
            }
            respond::answer(answer)
        }
        Err(error) => respond::refuse(&error),
    }
}

/// One line a boot.
fn log(question: &Question, answer: &Answer, begun: Instant) {
    let field =
        |value: &Option<crate::domain::Name>| value.as_ref().map_or_else(String::new, ToString::to_string);
    let (machine, rule) = (field(&answer.machine), field(&answer.rule));
    let template = answer.template.as_deref().unwrap_or_default();
    let micros = begun.elapsed().as_micros() as u64;
    let (kind, outcome) = (answer.kind.as_str(), answer.outcome.as_str());
    match &answer.incident {
        Some(incident) => tracing::error!(
            peer = %question.peer.0, kind, outcome, machine, rule, template, incident, micros,
            problem = answer.problem.as_deref().unwrap_or_default(), query = question.uri.query().unwrap_or_default(),
            "boot"
        ),
        None => tracing::info!(
            peer = %question.peer.0, kind, outcome, machine, rule, template, micros,
            query = question.uri.query().unwrap_or_default(), "boot"
        ),
    }
    for conflict in &answer.conflicts {
        tracing::warn!(peer = %question.peer.0, machine, conflict, "identities conflict");
    }
}
