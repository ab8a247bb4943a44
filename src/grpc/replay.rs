//! Replays of boots.

use tonic::Status;

use super::journal::{boot, hex, read_id};
use super::status::status;
use super::v1;
use crate::domain::Name;
use crate::service::{Replay, ReplayRequest, Replayed, Service, Verdict};

/// Renders a boot again.
pub(super) async fn replay(
    service: &Service,
    request: v1::ReplayBootRequest,
) -> Result<v1::ReplayBootResponse, Status> {
    use v1::replay_boot_response::Verdict as Word;
    let v1::ReplayBootRequest { id, with_document, with_now, show_secrets } = request;
    let request = ReplayRequest { id: read_id(&id)?, with_document, with_now, show_secrets };
    let Replay { record, verdict, differences, missing, then, now } =
        service.replay_boot(&request).await.map_err(status)?;
    let word = match verdict {
        Verdict::Same => Word::Same,
        Verdict::Differs => Word::Differs,
        Verdict::Incomplete => Word::Incomplete,
    };
    Ok(v1::ReplayBootResponse {
        boot: Some(boot(&record)),
        verdict: word.into(),
        differences,
        missing,
        then: then.map(replayed),
        now: now.map(replayed),
    })
}

fn replayed(replayed: Replayed) -> v1::Replayed {
    let Replayed { answer, sha256, bytes, document } = replayed;
    let name = |name: Option<Name>| name.map(Into::into).unwrap_or_default();
    v1::Replayed {
        revision: answer.revision,
        outcome: answer.outcome.as_str().to_owned(),
        machine: name(answer.machine),
        rule: name(answer.rule),
        image: name(answer.image),
        template: answer.template.unwrap_or_default(),
        problem: answer.problem.unwrap_or_default(),
        sha256: hex(&sha256),
        bytes,
        document: document.unwrap_or_default(),
    }
}
