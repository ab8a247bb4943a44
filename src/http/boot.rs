//! The documents of a boot.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use tracing::field::display;

use super::facts::{MAX_QUERY_BYTES, from_query};
use super::host::believable;
use super::question::Asked as AskedByAxum;
use super::{Question, Reply};
use crate::domain::{Asked, Facts, Kind, Timestamp};
use crate::error::Error;
use crate::service::{Answer, Answered, ServerContext, Service};
use crate::telemetry::{BadRequest, BootLine, BootSpan, Metrics};

/// Answers machines from the catalog. Cheap to clone.
#[derive(Clone)]
pub struct Documents {
    service: Service,
    metrics: Arc<Metrics>,
}

/// `GET` of any path that has a document.
pub(super) async fn document(State(documents): State<Documents>, asked: AskedByAxum) -> Reply {
    let question = asked.question();
    documents.reply(&question).unwrap_or_else(|| super::respond::nothing_at(question.path))
}

impl Documents {
    /// What answers from `service`, and counts in `metrics`.
    pub fn new(service: Service, metrics: Arc<Metrics>) -> Self {
        Self { service, metrics }
    }

    /// The answer; none where no document is at this path.
    ///
    /// - `/boot.ipxe`: the script that asks again, with the machine's facts.
    /// - `/KIND?mac=…&uuid=…`: the document of this kind for the machine with these facts.
    /// - `/cloud-init/MACHINE/FILE`: the same for a NoCloud file, where `MACHINE` is a MAC or facts written as a query.
    pub fn reply(&self, question: &Question<'_>) -> Option<Reply> {
        let path = question.path.strip_prefix('/')?;
        if path == Asked::Script.as_str() {
            return Some(self.script(question));
        }
        let Some(path) = path.strip_prefix("cloud-init/") else {
            let kind = path.parse::<Kind>().ok()?;
            let example = || format!("/{kind}?mac=52-54-00-12-34-56");
            return Some(self.document(question, kind, question.query, example));
        };
        // The segments as they were sent: decoding them first would let a value add facts.
        let (machine, file) = path.split_once('/').filter(|(_, file)| is_segment(file))?;
        let Some(kind) = file.parse::<Kind>().ok().filter(|kind| kind.is_nocloud()) else {
            return Some(Reply::line(
                404,
                format!(
                    "{file:?} is no NoCloud file; there are meta-data, user-data, vendor-data and network-config"
                ),
            ));
        };
        let example = || format!("/cloud-init/52-54-00-12-34-56/{kind}");
        if machine.contains('=') {
            return Some(self.document(question, kind, machine, example));
        }
        Some(self.document(question, kind, &format!("mac={machine}"), example))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.service.now()
    }

    fn script(&self, question: &Question<'_>) -> Reply {
        let server = self.server(question);
        let begun = Instant::now();
        let result = self.service.boot_script(&server);
        self.finish(question, Asked::Script, Arc::default(), &server, begun, result)
    }

    /// `example` makes a path that would have been right.
    fn document(
        &self,
        question: &Question<'_>,
        kind: Kind,
        query: &str,
        example: impl Fn() -> String,
    ) -> Reply {
        let begun = Instant::now();
        let refuse = |status, why: BadRequest, reason: String| {
            self.metrics.boots.refused(why);
            tracing::warn!(peer = %question.peer, %kind, reason, "refused a request");
            Reply::line(status, reason)
        };
        if query.len() > MAX_QUERY_BYTES {
            let reason = format!("the query has {} bytes; at most {MAX_QUERY_BYTES} are read", query.len());
            return refuse(414, BadRequest::QueryTooLong, reason);
        }
        let facts = match from_query(query, question.peer.ip()) {
            Ok(facts) => Arc::new(facts),
            Err(invalid) => return refuse(400, BadRequest::InvalidFact, invalid.to_string()),
        };
        if facts.mac.is_none() && facts.uuid.is_none() && facts.serial.is_none() {
            let reason = format!("who asks? say at least one of mac, uuid and serial, as in {}", example());
            return refuse(400, BadRequest::NoIdentity, reason);
        }
        let server = self.server(question);
        let client = question.peer.ip();
        let result = self.service.answer(&facts, kind, &server, query, client);
        self.finish(question, Asked::Document(kind), facts, &server, begun, result)
    }

    fn server(&self, question: &Question<'_>) -> Arc<ServerContext> {
        let host = question.host.filter(|host| believable(host));
        match host.filter(|_| question.secure) {
            Some(host) => self.service.secure_server(host),
            None => self.service.server(host),
        }
    }

    fn finish(
        &self,
        question: &Question<'_>,
        asked: Asked,
        facts: Arc<Facts>,
        server: &ServerContext,
        begun: Instant,
        result: Result<Answer, Error>,
    ) -> Reply {
        let (metrics, peer) = (&self.metrics, question.peer);
        let mut answer = match result {
            Ok(answer) => answer,
            Err(error) => {
                metrics.boots.not_ready.inc();
                tracing::warn!(%peer, problem = %error, "could not answer a machine");
                return Reply::refusal(&error);
            }
        };
        let duration = begun.elapsed();
        metrics.boots.answered(&answer, duration);
        log(question, &facts, &answer, duration);
        metrics.traces.boot(&BootSpan {
            facts: &facts,
            answer: &answer,
            peer,
            trace: question.trace,
            duration,
        });
        let reply = Reply::of(&mut answer);
        if let Some(journal) = self.service.journal() {
            journal.record(Answered {
                at: self.service.now(),
                facts,
                client: peer.ip().to_canonical(),
                asked,
                outcome: answer.outcome,
                machine: answer.machine,
                rule: answer.rule,
                image: answer.image,
                template: answer.template,
                revision: answer.revision,
                body: reply.body().clone(),
                token: answer.token,
                incident: answer.incident,
                problem: answer.problem,
                took: duration,
                base_url: server.base_url.clone(),
            });
        }
        reply
    }
}

fn is_segment(text: &str) -> bool {
    !text.is_empty() && !text.contains('/')
}

/// One line a boot, and one for each conflict.
fn log(question: &Question<'_>, facts: &Facts, answer: &Answer, duration: Duration) {
    let peer = question.peer;
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    BootLine { facts, answer, peer, micros }.log();
    for conflict in &answer.conflicts {
        let (mac, machine) = (facts.mac.map(display), answer.machine.as_ref().map(display));
        tracing::warn!(mac, machine, conflict, %peer, "identities conflict");
    }
}
