//! The documents of a boot.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{FromRequest, Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use tracing::field::display;

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

impl<S: Send + Sync> FromRequest<S> for Question {
    type Rejection = Response;

    /// Takes the request as a whole, since to take parts of it would be to copy them.
    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let (parts, _) = request.into_parts();
        let Some(&peer) = parts.extensions.get::<Peer>() else {
            let problem = "the listener did not say where the request came from";
            return Err(respond::refuse(&Error::new(Code::Internal, problem)));
        };
        if parts.headers.get_all(HOST).iter().nth(1).is_some() {
            // RFC 9112, section 3.2; which of them would be right for the URLs of a document nobody can tell.
            let line = "the request has more than one Host header; send one".to_owned();
            return Err(respond::text(StatusCode::BAD_REQUEST, line));
        }
        Ok(Self { uri: parts.uri, headers: parts.headers, peer })
    }
}

/// `GET /boot.ipxe`: the script that asks again, with the machine's facts.
pub(super) async fn boot_script(
    State(service): State<Service>,
    State(metrics): State<Arc<Metrics>>,
    question: Question,
) -> Response {
    let base = base_url(service.settings(), &question.uri, &question.headers);
    let begun = Instant::now();
    finish(&metrics, &question, &Facts::default(), begun, service.boot_script(&base))
}

/// `GET /KIND?mac=…&uuid=…`: the document of this kind for the machine with these facts.
pub(super) async fn document(
    State(service): State<Service>,
    State(metrics): State<Arc<Metrics>>,
    kind: Kind,
    question: Question,
) -> Response {
    let example = format!("/{kind}?mac=52-54-00-12-34-56");
    answer(&service, &metrics, &question, kind, question.uri.query().unwrap_or_default(), &example)
}

/// `GET /cloud-init/MACHINE/FILE`: the same for a NoCloud file, where `MACHINE` is a MAC or facts written as a query.
pub(super) async fn nocloud(
    State(service): State<Service>,
    State(metrics): State<Arc<Metrics>>,
    question: Question,
) -> Response {
    // The segments as they were sent: decoding them first would let a value add facts.
    let mut segments = question.uri.path().split('/').skip(2);
    let (machine, file) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let Some(kind) = file.parse::<Kind>().ok().filter(|kind| kind.is_nocloud()) else {
        return respond::text(
            StatusCode::NOT_FOUND,
            format!(
                "{file:?} is no NoCloud file; there are meta-data, user-data, vendor-data and network-config"
            ),
        );
    };
    let example = format!("/cloud-init/52-54-00-12-34-56/{kind}");
    if machine.contains('=') {
        return answer(&service, &metrics, &question, kind, machine, &example);
    }
    answer(&service, &metrics, &question, kind, &format!("mac={machine}"), &example)
}

/// `example` is a path that would have been right.
fn answer(
    service: &Service,
    metrics: &Metrics,
    question: &Question,
    kind: Kind,
    query: &str,
    example: &str,
) -> Response {
    let begun = Instant::now();
    let refuse = |status, reason: String| {
        metrics.bad_requests.inc();
        tracing::warn!(peer = %question.peer.0, %kind, reason, "refused a request");
        respond::text(status, reason)
    };
    if query.len() > MAX_QUERY_BYTES {
        let reason = format!("the query has {} bytes; at most {MAX_QUERY_BYTES} are read", query.len());
        return refuse(StatusCode::URI_TOO_LONG, reason);
    }
    let facts = match from_query(query, question.peer.0.ip()) {
        Ok(facts) => Arc::new(facts),
        Err(invalid) => return refuse(StatusCode::BAD_REQUEST, invalid.to_string()),
    };
    if facts.mac.is_none() && facts.uuid.is_none() && facts.serial.is_none() {
        let reason = format!("who asks? say at least one of mac, uuid and serial, as in {example}");
        return refuse(StatusCode::BAD_REQUEST, reason);
    }
    let base = base_url(service.settings(), &question.uri, &question.headers);
    let result = service.answer(&facts, kind, &base);
    finish(metrics, question, &facts, begun, result)
}

fn finish(
    metrics: &Metrics,
    question: &Question,
    facts: &Facts,
    begun: Instant,
    result: Result<Answer, Error>,
) -> Response {
    match result {
        Ok(answer) => {
            metrics.answered(answer.kind.as_str(), answer.outcome.as_str(), begun.elapsed().as_secs_f64());
            log(question, facts, &answer, begun);
            if !answer.conflicts.is_empty() {
                metrics.conflicts.inc();
            }
            respond::answer(answer)
        }
        Err(error) => {
            tracing::warn!(peer = %question.peer.0, problem = %error, "could not answer a machine");
            respond::refuse(&error)
        }
    }
}

/// One line a boot. What is not known is left out: an empty field is noise to whoever reads, and a wrong group to
/// whoever counts.
fn log(question: &Question, facts: &Facts, answer: &Answer, begun: Instant) {
    let peer = display(question.peer.0);
    let (kind, outcome) = (display(answer.kind), display(answer.outcome.as_str()));
    let (mac, uuid, serial) = (facts.mac.map(display), facts.uuid.map(display), facts.serial.as_deref());
    let (machine, rule) = (answer.machine.as_ref().map(display), answer.rule.as_ref().map(display));
    let template = answer.template.as_deref().map(display);
    let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    match &answer.incident {
        Some(incident) => tracing::error!(
            outcome,
            kind,
            mac,
            uuid,
            serial,
            machine,
            rule,
            template,
            incident = display(incident),
            problem = answer.problem.as_deref(),
            peer,
            micros,
            "boot"
        ),
        None => tracing::info!(
            outcome,
            kind,
            mac,
            uuid,
            serial,
            machine,
            rule,
            template,
            problem = answer.problem.as_deref(),
            peer,
            micros,
            "boot"
        ),
    }
    for conflict in &answer.conflicts {
        tracing::warn!(mac, machine, conflict, peer, "identities conflict");
    }
}
