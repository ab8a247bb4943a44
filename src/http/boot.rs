//! The documents of a boot.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{FromRef, FromRequest, Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use tracing::field::display;

use super::base_url::base_url;
use super::facts::{MAX_QUERY_BYTES, from_query};
use super::{Peer, respond};
use crate::domain::{Asked, Facts, Kind};
use crate::error::{Code, Error};
use crate::service::{Answer, Answered, Service};
use crate::telemetry::{BadRequest, BootLine, BootSpan, Metrics};

/// What a machine said: its query, its host header, and where it came from.
pub(super) struct Question {
    uri: Uri,
    headers: HeaderMap,
    peer: Peer,
}

impl<S: Send + Sync> FromRequest<S> for Question
where
    Arc<Metrics>: FromRef<S>,
{
    type Rejection = Response;

    /// Takes the request as a whole, since to take parts of it would be to copy them.
    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (parts, _) = request.into_parts();
        let Some(&peer) = parts.extensions.get::<Peer>() else {
            let problem = "the listener did not say where the request came from";
            return Err(respond::refuse(&Error::new(Code::Internal, problem)));
        };
        if parts.headers.get_all(HOST).iter().nth(1).is_some() {
            Arc::<Metrics>::from_ref(state).boots.refused(BadRequest::SeveralHosts);
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
    let result = service.boot_script(&base);
    finish(&service, &metrics, &question, Asked::Script, Arc::default(), base, begun, result)
}

/// `GET /KIND?mac=…&uuid=…`: the document of this kind for the machine with these facts.
pub(super) async fn document(
    State(service): State<Service>,
    State(metrics): State<Arc<Metrics>>,
    kind: Kind,
    question: Question,
) -> Response {
    let example = || format!("/{kind}?mac=52-54-00-12-34-56");
    answer(&service, &metrics, &question, kind, question.uri.query().unwrap_or_default(), example)
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
    let example = || format!("/cloud-init/52-54-00-12-34-56/{kind}");
    if machine.contains('=') {
        return answer(&service, &metrics, &question, kind, machine, example);
    }
    answer(&service, &metrics, &question, kind, &format!("mac={machine}"), example)
}

/// `example` makes a path that would have been right.
fn answer(
    service: &Service,
    metrics: &Metrics,
    question: &Question,
    kind: Kind,
    query: &str,
    example: impl Fn() -> String,
) -> Response {
    let begun = Instant::now();
    let refuse = |status, why: BadRequest, reason: String| {
        metrics.boots.refused(why);
        tracing::warn!(peer = %question.peer.0, %kind, reason, "refused a request");
        respond::text(status, reason)
    };
    if query.len() > MAX_QUERY_BYTES {
        let reason = format!("the query has {} bytes; at most {MAX_QUERY_BYTES} are read", query.len());
        return refuse(StatusCode::URI_TOO_LONG, BadRequest::QueryTooLong, reason);
    }
    let facts = match from_query(query, question.peer.0.ip()) {
        Ok(facts) => Arc::new(facts),
        Err(invalid) => {
            return refuse(StatusCode::BAD_REQUEST, BadRequest::InvalidFact, invalid.to_string());
        }
    };
    if facts.mac.is_none() && facts.uuid.is_none() && facts.serial.is_none() {
        let reason = format!("who asks? say at least one of mac, uuid and serial, as in {}", example());
        return refuse(StatusCode::BAD_REQUEST, BadRequest::NoIdentity, reason);
    }
    let base = base_url(service.settings(), &question.uri, &question.headers);
    let result = service.answer_asked(&facts, kind, &base, query, question.peer.0.ip());
    finish(service, metrics, question, Asked::Document(kind), facts, base, begun, result)
}

#[expect(clippy::too_many_arguments, reason = "all that is known of a request, once")]
fn finish(
    service: &Service,
    metrics: &Metrics,
    question: &Question,
    asked: Asked,
    facts: Arc<Facts>,
    base_url: String,
    begun: Instant,
    result: Result<Answer, Error>,
) -> Response {
    match result {
        Ok(mut answer) => {
            let duration = begun.elapsed();
            metrics.boots.answered(&answer, duration);
            log(question, &facts, &answer, duration);
            let (peer, headers) = (question.peer.0, &question.headers);
            metrics.traces.boot(&BootSpan { facts: &facts, answer: &answer, peer, headers, duration });
            let has_document = answer.document.is_some();
            let body = respond::body(&mut answer);
            if let Some(journal) = service.journal() {
                journal.record(Answered {
                    at: service.now(),
                    facts,
                    client: peer.ip().to_canonical(),
                    asked,
                    outcome: answer.outcome,
                    machine: answer.machine.take(),
                    rule: answer.rule.take(),
                    image: answer.image.take(),
                    template: answer.template.clone(),
                    revision: answer.revision,
                    body: body.clone(),
                    token: answer.token.take(),
                    incident: answer.incident.clone(),
                    problem: answer.problem.take(),
                    took: duration,
                    base_url,
                });
            }
            respond::answer(&answer, has_document, body)
        }
        Err(error) => {
            metrics.boots.not_ready.inc();
            tracing::warn!(peer = %question.peer.0, problem = %error, "could not answer a machine");
            respond::refuse(&error)
        }
    }
}

/// One line a boot, and one for each conflict.
fn log(question: &Question, facts: &Facts, answer: &Answer, duration: Duration) {
    let peer = question.peer.0;
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    BootLine { facts, answer, peer, micros }.log();
    for conflict in &answer.conflicts {
        let (mac, machine) = (facts.mac.map(display), answer.machine.as_ref().map(display));
        tracing::warn!(mac, machine, conflict, %peer, "identities conflict");
    }
}
