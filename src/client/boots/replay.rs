//! `boots replay`.

use std::io::{self, Write as _};

use clap::Args;
use serde::Serialize;
use similar::TextDiff;

use super::row::{Boot, time};
use crate::client::failure::{Exit, Failure};
use crate::client::print::{self, Record};
use crate::client::session::Session;
use crate::proto::pxe_init as pb;
use crate::proto::pxe_init::replay_boot_response::Verdict;

/// Render what a machine was answered again, and compare
///
/// The catalog is taken as it was at the revision of that time: machine, rule, image, template and what it includes. Exit code
/// 0 means that the result is the same byte for byte, 1 that it differs or can not be made again; then it says why, or what is
/// missing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client boots replay 1kjxc0s2ab30k001
  pxe-init-client boots replay 1kjxc0s2ab30k001 --document > then.ipxe
  pxe-init-client boots replay 1kjxc0s2ab30k001 --diff")]
pub(in crate::client) struct ReplayArgs {
    /// Its number, as `boots list` prints it
    #[arg(value_name = "ID")]
    id: String,
    /// Print the document that was made again
    #[arg(long, conflicts_with = "diff")]
    document: bool,
    /// Show how what the machine would get now differs from what was made again, as a unified diff
    #[arg(long)]
    diff: bool,
    /// Show params that are declared to be secret; otherwise a mask stands in their place
    #[arg(long)]
    show_secrets: bool,
}

/// What came of it, for scripts.
#[derive(Serialize)]
struct Replay {
    verdict: &'static str,
    differences: Vec<String>,
    missing: Vec<String>,
    recorded: Boot,
    #[serde(skip_serializing_if = "Option::is_none")]
    then: Option<Replayed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<Replayed>,
}

#[derive(Serialize)]
struct Replayed {
    revision: u64,
    outcome: String,
    machine: String,
    rule: String,
    image: String,
    template: String,
    problem: String,
    sha256: String,
    bytes: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    document: String,
}

pub(super) async fn replay(session: &Session, args: ReplayArgs) -> Result<Exit, Failure> {
    let ReplayArgs { id, document, diff, show_secrets } = args;
    let request = pb::ReplayBootRequest { id, with_document: document || diff, with_now: diff, show_secrets };
    let answer = session.api.journal().replay_boot(request).await?.into_inner();
    let verdict = answer.verdict();
    let replay = Replay {
        verdict: match verdict {
            Verdict::Same => "same",
            Verdict::Differs => "differs",
            Verdict::Incomplete | Verdict::Unspecified => "incomplete",
        },
        differences: answer.differences,
        missing: answer.missing,
        recorded: Boot(answer.boot.unwrap_or_default()),
        then: answer.then.map(Replayed::from),
        now: answer.now.map(Replayed::from),
    };
    match session.output.format() {
        Some(format) => print::record(format, &replay)?,
        None if document => {
            let document = replay.then.iter().map(|then| then.document.as_str()).collect::<String>();
            io::stdout().write_all(document.as_bytes())?;
            replay.tell(|line| {
                session.say(line);
                Ok(())
            })?;
        }
        None => {
            replay.tell(|line| session.report(line))?;
            if diff {
                io::stdout().write_all(replay.diff(session).as_bytes())?;
            }
        }
    }
    Ok(if verdict == Verdict::Same { Exit::Ok } else { Exit::Other })
}

impl Replay {
    /// Says what came of it.
    fn tell(&self, mut say: impl FnMut(&str) -> Result<(), Failure>) -> Result<(), Failure> {
        let boot = &self.recorded.0;
        let who = if boot.machine.is_empty() { boot.client.as_str() } else { boot.machine.as_str() };
        let what =
            format!("{} for {who} at {}, catalog revision {}", boot.kind, time(boot.at_ms), boot.revision);
        match self.verdict {
            "same" => say(&format!("same: {what}, sha256 {}", boot.sha256))?,
            verdict => say(&format!("{verdict}: {what}"))?,
        }
        for difference in &self.differences {
            say(&format!("  {difference}"))?;
        }
        for missing in &self.missing {
            say(&format!("  missing: {missing}"))?;
        }
        Ok(())
    }

    /// From what was made again to what the machine would get now.
    fn diff(&self, session: &Session) -> String {
        let (Some(then), Some(now)) = (&self.then, &self.now) else {
            session.say("there is nothing to compare with what the machine would get now");
            return String::new();
        };
        let header = |replayed: &Replayed| {
            let made = if replayed.template.is_empty() { &replayed.outcome } else { &replayed.template };
            format!("{made} at revision {}", replayed.revision)
        };
        let diff = TextDiff::from_lines(&then.document, &now.document);
        let text = diff.unified_diff().header(&header(then), &header(now)).to_string();
        if text.is_empty() {
            session.say("the machine would get the same now");
        }
        text
    }
}

impl From<pb::Replayed> for Replayed {
    fn from(replayed: pb::Replayed) -> Self {
        let pb::Replayed {
            revision,
            outcome,
            machine,
            rule,
            image,
            template,
            problem,
            sha256,
            bytes,
            document,
        } = replayed;
        Self { revision, outcome, machine, rule, image, template, problem, sha256, bytes, document }
    }
}

impl Record for Replay {
    fn id(&self) -> String {
        self.recorded.id()
    }
}
