//! The audit.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::status::{status, wrong};
use super::{Api, Events, v1};
use crate::domain::{AuditEntry, AuditFilter, Timestamp};
use crate::service::{AuditCheck, AuditPageRequest, AuditVerdict};

/// Hashes are written like this.
const HASH_LENGTH: usize = 64;

#[tonic::async_trait]
impl v1::audit_service_server::AuditService for Api {
    async fn list_audit(
        &self,
        request: Request<v1::ListAuditRequest>,
    ) -> Result<Response<v1::ListAuditResponse>, Status> {
        let v1::ListAuditRequest { filter, page_size, page_token } = request.into_inner();
        let before = match page_token.as_str() {
            "" => None,
            token => Some(token.parse().map_err(|_| wrong("page_token", "is not one of this list"))?),
        };
        let request =
            AuditPageRequest { filter: read_filter(filter.unwrap_or_default())?, size: page_size, before };
        let page = self.service.list_audit(&request).await.map_err(status)?;
        let next = page.entries.last().filter(|_| page.more).map(|entry| entry.id.to_string());
        Ok(Response::new(v1::ListAuditResponse {
            entries: page.entries.into_iter().map(entry).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    type VerifyAuditStream = Events<v1::VerifyAuditResponse>;

    async fn verify_audit(
        &self,
        request: Request<v1::VerifyAuditRequest>,
    ) -> Result<Response<Self::VerifyAuditStream>, Status> {
        use v1::verify_audit_response::Event;
        let anchor = request.into_inner().anchor;
        let is_hash =
            anchor.len() == HASH_LENGTH && anchor.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        if !anchor.is_empty() && !is_hash {
            let problem = format!(
                "{anchor:?} is no hash; write 64 digits and letters a to f, as `audit verify` prints them"
            );
            return Err(wrong("anchor", problem));
        }
        let service = self.service.clone();
        let (events, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            let event = |event| Ok(v1::VerifyAuditResponse { event: Some(event) });
            let mut check = AuditCheck::new(anchor);
            let last = loop {
                match service.check_audit(&mut check).await {
                    Ok(true) if events.send(event(Event::Checked(check.verdict.good))).await.is_err() => {
                        return;
                    }
                    Ok(true) => {}
                    Ok(false) => break event(Event::Verdict(verdict(check.verdict))),
                    Err(error) => break Err(status(error)),
                }
            };
            // Nobody may be there any more to hear it.
            let _ = events.send(last).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

fn read_filter(filter: v1::AuditFilter) -> Result<AuditFilter, Status> {
    fn some(text: String) -> Option<String> {
        (!text.is_empty()).then_some(text)
    }
    fn time(field: &str, millis: i64) -> Result<Option<Timestamp>, Status> {
        match millis {
            0 => Ok(None),
            1.. => Ok(Some(Timestamp(millis))),
            _ => Err(wrong(&format!("filter.{field}"), format!("{millis} is before 1970"))),
        }
    }
    Ok(AuditFilter {
        since: time("since_ms", filter.since_ms)?,
        until: time("until_ms", filter.until_ms)?,
        who: some(filter.actor),
        from: some(filter.origin),
        noun: some(filter.noun),
        name: some(filter.name),
        action: some(filter.action),
    })
}

fn entry(entry: AuditEntry) -> v1::AuditEntry {
    v1::AuditEntry {
        id: entry.id,
        at_ms: entry.at.0,
        actor: entry.actor.name,
        origin: entry.actor.origin,
        noun: entry.noun,
        name: entry.name,
        action: entry.action,
        revision: entry.revision,
        message: entry.message,
        before: entry.before.unwrap_or_default(),
        after: entry.after.unwrap_or_default(),
        hash: entry.hash,
    }
}

fn verdict(found: AuditVerdict) -> v1::AuditVerdict {
    let (broken_id, problem) =
        found.broken.map_or((0, String::new()), |broken| (broken.id, broken.problem.to_owned()));
    v1::AuditVerdict {
        good: found.good,
        head: found.head,
        broken_id,
        problem,
        anchored: found.anchored.is_some(),
        anchor_id: found.anchored.unwrap_or_default(),
    }
}
