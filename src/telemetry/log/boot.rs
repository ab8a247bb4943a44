//! One line a boot.

use std::cell::RefCell;
use std::net::SocketAddr;

use tracing::Level;

use super::{Form, LOG, Line};
use crate::boot::Answer;
use crate::domain::Facts;

/// What `log.filter` knows these lines by; the module where machines are answered.
const TARGET: &str = "pxe_init::http::boot";

/// The answer to a machine. What is not known is left out: an empty field is noise to whoever reads, and a wrong group to
/// whoever counts.
pub struct BootLine<'a> {
    /// What the machine said.
    pub facts: &'a Facts,
    /// What it got.
    pub answer: &'a Answer,
    /// Where it is.
    pub peer: SocketAddr,
    /// How long that took.
    pub micros: u64,
}

thread_local! {
    static TEXT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl BootLine<'_> {
    /// Logs it, if the filter lets it through.
    pub fn log(&self) {
        let failed = self.answer.incident.is_some();
        let enabled = if failed {
            tracing::enabled!(target: TARGET, Level::ERROR)
        } else {
            tracing::enabled!(target: TARGET, Level::INFO)
        };
        if let Some(log) = LOG.get().filter(|_| enabled) {
            TEXT.with_borrow_mut(|text| {
                text.clear();
                self.write(text, log.form);
                log.writer.add(text, failed);
            });
        }
    }

    /// Writes it to the end of `text`.
    pub fn write(&self, text: &mut Vec<u8>, form: Form) {
        let (facts, answer) = (self.facts, self.answer);
        let level = if answer.incident.is_some() { Level::ERROR } else { Level::INFO };
        let mut line = Line::begin(text, form, level, "boot");
        line.word("outcome", answer.outcome.as_str());
        line.word("kind", answer.kind.as_str());
        if let Some(mac) = &facts.mac {
            line.shown("mac", mac);
        }
        if let Some(uuid) = &facts.uuid {
            line.shown("uuid", uuid);
        }
        if let Some(serial) = &facts.serial {
            line.free("serial", serial);
        }
        if let Some(machine) = &answer.machine {
            line.word("machine", machine.as_str());
        }
        if let Some(rule) = &answer.rule {
            line.word("rule", rule.as_str());
        }
        if let Some(template) = &answer.template {
            line.word("template", template);
        }
        if let Some(incident) = &answer.incident {
            line.word("incident", incident);
        }
        if let Some(problem) = &answer.problem {
            line.free("problem", problem);
        }
        line.address("peer", self.peer);
        line.number("micros", self.micros);
        line.end(TARGET);
    }
}
