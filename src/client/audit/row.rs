//! How entries of the audit and the verdict on it are printed.

use serde::Serialize;
use serde::ser::Serializer;
use serde_json::Value;

use crate::client::boots::time;
use crate::client::failure::Failure;
use crate::client::print::{Record, Row};
use crate::client::session::Session;
use crate::proto::pxe_init as pb;

/// One entry.
pub(super) struct Entry(pub(super) pb::AuditEntry);

/// The same in the formats for scripts: what there is not is left out.
#[derive(Serialize)]
struct Fields<'a> {
    id: u64,
    time: String,
    who: &'a str,
    from: &'a str,
    action: &'a str,
    what: String,
    #[serde(skip_serializing_if = "is_zero")]
    revision: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Value>,
    hash: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Entry {
    fn what(&self) -> String {
        format!("{}/{}", self.0.noun, self.0.name)
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = &self.0;
        let noted = |text: &str| (!text.is_empty()).then(|| serde_json::from_str(text).unwrap_or_default());
        let fields = Fields {
            id: entry.id,
            time: time(entry.at_ms),
            who: &entry.actor,
            from: &entry.origin,
            action: &entry.action,
            what: self.what(),
            revision: entry.revision,
            message: &entry.message,
            before: noted(&entry.before),
            after: noted(&entry.after),
            hash: &entry.hash,
        };
        fields.serialize(serializer)
    }
}

impl Record for Entry {
    fn id(&self) -> String {
        format!("audit/{}", self.0.id)
    }
}

impl Row for Entry {
    const COLUMNS: &'static [&'static str] = &["ID", "TIME", "WHO", "FROM", "ACTION", "WHAT", "MESSAGE"];
    const WIDE: &'static [&'static str] = &["REVISION", "HASH"];

    fn cells(&self) -> Vec<String> {
        let entry = &self.0;
        vec![
            entry.id.to_string(),
            time(entry.at_ms),
            entry.actor.clone(),
            entry.origin.clone(),
            entry.action.clone(),
            self.what(),
            entry.message.clone(),
            if entry.revision == 0 { String::new() } else { entry.revision.to_string() },
            entry.hash.clone(),
        ]
    }
}

/// What a check of the chain found.
#[derive(Serialize)]
pub(super) struct Verdict {
    /// Whether all is as it was written, the anchor included.
    pub(super) whole: bool,
    good: u64,
    head: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<Broken>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<Anchor>,
}

#[derive(Serialize)]
struct Broken {
    id: u64,
    problem: String,
}

#[derive(Serialize)]
struct Anchor {
    hash: String,
    found: bool,
    #[serde(skip_serializing_if = "is_zero")]
    id: u64,
}

impl Verdict {
    pub(super) fn new(found: pb::AuditVerdict, anchor: &str) -> Self {
        let pb::AuditVerdict { good, head, broken_id, problem, anchored, anchor_id } = found;
        let anchor =
            (!anchor.is_empty()).then(|| Anchor { hash: anchor.to_owned(), found: anchored, id: anchor_id });
        let broken = (broken_id != 0).then_some(Broken { id: broken_id, problem });
        let whole = broken.is_none() && anchor.as_ref().is_none_or(|anchor| anchor.found);
        Self { whole, good, head, broken, anchor }
    }

    /// Prints it for people.
    pub(super) fn tell(&self, session: &Session) -> Result<(), Failure> {
        if let Some(Broken { id, problem }) = &self.broken {
            session.report(format_args!("entry {id} is not as it was written: {problem}"))?;
        }
        match &self.anchor {
            Some(Anchor { found: false, hash, .. }) => session.report(format_args!(
                "no entry up to there has the hash {hash}: what was written up to it is gone, or was written anew"
            ))?,
            Some(Anchor { id, .. }) => session.report(format_args!("the anchor is that of entry {id}"))?,
            None => {}
        }
        session.report(format_args!("good entries: {}", self.good))?;
        session.report(format_args!("head: {}", self.head))
    }
}

impl Record for Verdict {
    fn id(&self) -> String {
        format!("audit/{}", self.head)
    }
}
