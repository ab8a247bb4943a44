//! Rendering a boot again, from the catalog as it was.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::boot::{Answer, Boot, Secrets};
use crate::domain::{Asked, BootId, BootRecord, Changes, Name, Outcome, Replica};
use crate::error::{Code, Error};
use crate::render::Document;
use crate::resolve::resolve;
use crate::service::{Service, Snapshot};

/// Which boot, and what is wanted of it.
#[derive(Clone, Debug)]
pub struct ReplayRequest {
    /// The number of its record.
    pub id: BootId,
    /// Whether the document is wanted.
    pub with_document: bool,
    /// Whether what the machine would get now is wanted.
    pub with_now: bool,
    /// Whether documents have the params that are secret, and no masks in their place.
    pub show_secrets: bool,
}

/// What came of rendering a boot again.
#[derive(Debug)]
pub struct Replay {
    /// The boot as it was recorded.
    pub record: Arc<BootRecord>,
    /// What came of it.
    pub verdict: Verdict,
    /// What differs from the record, or what could have made it differ; for people.
    pub differences: Vec<String>,
    /// What is needed and not there any more; for people.
    pub missing: Vec<String>,
    /// What was made again.
    pub then: Option<Replayed>,
    /// What the machine would get now.
    pub now: Option<Replayed>,
}

/// Whether what was made again is what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is, byte for byte.
    Same,
    /// It is not.
    Differs,
    /// It could not be made again.
    Incomplete,
}

/// An answer that was not sent to anybody.
#[derive(Debug)]
pub struct Replayed {
    /// The answer, without its document.
    pub answer: Answer,
    /// SHA-256 of what would be sent.
    pub sha256: [u8; 32],
    /// Length of what would be sent.
    pub bytes: u64,
    /// The document where it was asked for, with masks unless secrets were to be shown.
    pub document: Option<Document>,
}

impl Service {
    /// Renders a boot again from the catalog revision that it was answered from, and compares. For this the catalog that is
    /// served is taken back, step by step, by what the audit says was there before.
    pub async fn replay_boot(&self, request: &ReplayRequest) -> Result<Replay, Error> {
        let record = self.get_boot(request.id).await?;
        let served = self.snapshot()?;
        let (past, mut missing) = self.as_it_was(&served, record.revision).await?;
        let replica = self.kept_journal()?.replica.clone();
        let (service, request) = (self.clone(), request.clone());
        // It may compile every template of the catalog.
        let work = move || {
            if record.outcome == Outcome::Denied {
                missing.push(
                    "the token that the machine brought along, or did not: it is kept nowhere".to_owned(),
                );
            }
            let past = past.map(|changes| match changes {
                None => served.clone(),
                Some(changes) => Arc::new(served.with(&changes, service.settings().limits, service.now())),
            });
            let secrets = (!request.show_secrets).then(|| match &past {
                Some(past) => Secrets::of(&[past, &served]),
                None => Secrets::of(&[&served]),
            });
            let again = |snapshot: &Snapshot, with_document| {
                service.answer_again(
                    &record,
                    snapshot,
                    secrets.as_ref().filter(|_| with_document),
                    with_document,
                )
            };
            let then = past.map(|past| again(&past, request.with_document));
            let now = request.with_now.then(|| again(&served, true));
            let (verdict, differences) = match &then {
                _ if record.outcome == Outcome::Denied => (Verdict::Incomplete, Vec::new()),
                None => (Verdict::Incomplete, Vec::new()),
                Some(then) if then.sha256 == record.sha256 && then.answer.outcome == record.outcome => {
                    (Verdict::Same, Vec::new())
                }
                Some(then) => (Verdict::Differs, differences(&record, then, &replica)),
            };
            Replay { record, verdict, differences, missing, then, now }
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|e| Error::new(Code::Internal, "the replay broke off").caused_by(e))
    }

    /// What takes the catalog that is served back to `revision`; nothing where it is that already. Or what is missing for it.
    async fn as_it_was(
        &self,
        served: &Snapshot,
        revision: u64,
    ) -> Result<(Option<Option<Changes>>, Vec<String>), Error> {
        let current = served.catalog.revision();
        if revision > current {
            let problem = format!(
                "the catalog revision {revision}: the catalog is at {current}; either a backup was restored, or this \
                 server is behind and knows more in a second"
            );
            return Ok((None, vec![problem]));
        }
        if revision == current {
            return Ok((Some(None), Vec::new()));
        }
        let past = self.store("what the catalog was before")?.undo(current, revision).await?;
        Ok((past.missing.is_empty().then_some(Some(past.changes)), past.missing))
    }

    fn answer_again(
        &self,
        record: &BootRecord,
        snapshot: &Snapshot,
        secrets: Option<&Secrets>,
        with_document: bool,
    ) -> Replayed {
        let server = self.server_at(Some(&record.base_url));
        let answer = |secrets| {
            let boot = Boot { secrets, ..self.boot(snapshot, &server) };
            // Made anew, and not recalled: whether it comes out the same is the question.
            match record.asked {
                Asked::Script => boot.script_anew(),
                Asked::Document(kind) => {
                    let resolution = resolve(&snapshot.catalog, &record.facts);
                    boot.answer_resolved(&resolution, &record.facts, kind)
                }
            }
        };
        let mut clear = answer(None);
        let document = clear.document.take();
        let sent = document.clone().unwrap_or_else(|| clear.message().into());
        let document = match secrets {
            _ if !with_document => None,
            None => document,
            Some(_) => answer(secrets).document,
        };
        Replayed {
            answer: Answer { revision: snapshot.catalog.revision(), ..clear },
            sha256: Sha256::digest(sent.as_bytes()).into(),
            bytes: sent.len() as u64,
            document,
        }
    }
}

/// What differs between a record and what was made again, and what could have made it differ.
fn differences(record: &BootRecord, then: &Replayed, here: &Replica) -> Vec<String> {
    let text = |name: Option<&Name>| name.map_or("none", Name::as_str).to_owned();
    let answer = &then.answer;
    let recorded = &record.replica;
    let pairs = [
        ("outcome", record.outcome.as_str().to_owned(), answer.outcome.as_str().to_owned()),
        ("machine", text(record.machine.as_ref()), text(answer.machine.as_ref())),
        ("rule", text(record.rule.as_ref()), text(answer.rule.as_ref())),
        ("image", text(record.image.as_ref()), text(answer.image.as_ref())),
        (
            "template",
            record.template.as_deref().unwrap_or("none").to_owned(),
            answer.template.as_deref().unwrap_or("none").to_owned(),
        ),
        ("length", record.bytes.to_string(), then.bytes.to_string()),
    ];
    let mut found: Vec<_> = pairs
        .into_iter()
        .filter(|(_, was, is)| was != is)
        .map(|(what, was, is)| format!("{what}: {was} was recorded, {is} was made again"))
        .collect();
    if recorded.program != here.program {
        found.push(format!(
            "the program is another one, perhaps with other built-in templates: {} on {}, {} here",
            recorded.program, recorded.name, here.program
        ));
    }
    if recorded.settings != here.settings {
        found.push(format!(
            "the settings of [boot], [assets] or [limits] are other ones: {} on {}, {} here (fingerprints)",
            recorded.settings, recorded.name, here.settings
        ));
    }
    if found.is_empty() {
        found.push(
            "the content alone: the catalog, the program and the settings are the same, so that a template does not make \
             the same of the same, or the database was changed by hand"
                .to_owned(),
        );
    }
    found
}
