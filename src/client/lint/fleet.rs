//! `lint --machine` and `--fleet`: the documents that registered machines would get now.

use std::collections::BTreeMap;

use super::super::failure::{Exit, Failure};
use super::super::progress::Progress;
use super::super::session::Session;
use super::found::{Found, Linted};
use crate::domain::Kind;
use crate::lint::{self, Fates, Severity};
use crate::proto::pxe_init::{PreviewFleetRequest, PreviewFleetResponse};

/// The documents of some machines.
#[derive(Default)]
pub(super) struct Fleet {
    documents: Vec<Document>,
    machines: u64,
}

/// What one machine gets of one kind.
struct Document {
    machine: String,
    kind: Kind,
    template: String,
    /// The document, or why the machine does not get it.
    text: Result<String, String>,
}

impl Fleet {
    /// Asks the server for the documents of the machines that `filter` lets through. What the machines get instead of
    /// a document counts only where their template is to blame.
    pub(super) async fn fetch(
        &mut self,
        session: &Session,
        filter: String,
        kind: Option<Kind>,
    ) -> Result<(), Failure> {
        let kinds = kind.iter().map(Kind::to_string).collect();
        let request = PreviewFleetRequest { filter, kinds, ..PreviewFleetRequest::default() };
        let mut answers = session.api.boot().preview_fleet(request).await?.into_inner();
        let mut progress = Progress::of("machines");
        let mut total = 0;
        while let Some(answer) = answers.message().await? {
            progress.show(answer.done, answer.total);
            total = answer.total;
            self.documents.extend(document(answer)?);
        }
        progress.clear();
        self.machines += total;
        Ok(())
    }

    /// The same for one machine by its name.
    pub(super) async fn fetch_one(
        &mut self,
        session: &Session,
        machine: &str,
        kind: Option<Kind>,
    ) -> Result<(), Failure> {
        let before = self.machines;
        self.fetch(session, format!("name={machine}"), kind).await?;
        match self.machines - before {
            0 => Err(Failure::new(Exit::NotFound, format!("there is no machine {machine:?}"))),
            _ => Ok(()),
        }
    }

    /// The URLs to ask for.
    pub(super) fn urls(&self) -> impl Iterator<Item = String> {
        let texts = self.documents.iter().filter_map(|one| Some((one.kind, one.text.as_ref().ok()?)));
        texts.flat_map(|(kind, text)| lint::assets(kind, text)).flat_map(|asset| asset.tries)
    }

    /// How many documents there are.
    pub(super) fn len(&self) -> usize {
        self.documents.len()
    }

    /// What is wrong with them. The same mistake of one template is one finding, with all machines that get it.
    pub(super) fn lint(&self, fates: Option<&Fates>) -> Linted {
        let mut groups: Vec<Found> = Vec::new();
        let mut index: BTreeMap<(Kind, &str, String, String), usize> = BTreeMap::new();
        for document in &self.documents {
            for found in document.lint(fates) {
                // A machine's own name is no difference.
                let message = found.message.replace(&document.machine, "\0");
                let key = (document.kind, document.template.as_str(), found.code.clone(), message);
                let at = *index.entry(key).or_insert(groups.len());
                match groups.get_mut(at) {
                    None => groups.push(found),
                    Some(group) if group.machines.last() != Some(&document.machine) => {
                        group.machines.push(document.machine.clone());
                    }
                    Some(_) => {}
                }
            }
        }
        for group in &mut groups {
            group.machines.sort();
            group.machines.dedup();
            group.count = Some(group.machines.len());
        }
        Linted { path: "machine".to_owned(), length: None, findings: groups }
    }
}

impl Document {
    fn lint(&self, fates: Option<&Fates>) -> Vec<Found> {
        let path = format!("machine/{}/{}", self.machine, self.kind);
        let found = match &self.text {
            Ok(text) => {
                let found = match fates {
                    Some(fates) => lint::lint_asked(self.kind, text, fates),
                    None => lint::lint(self.kind, text, None),
                };
                found.iter().map(|finding| Found::new(&path, finding)).collect()
            }
            Err(problem) => vec![fails(&path, problem)],
        };
        let of = |found| Found {
            template: Some(self.template.clone()).filter(|template| !template.is_empty()),
            machines: vec![self.machine.clone()],
            ..found
        };
        found.into_iter().map(of).collect()
    }
}

/// The code for a template that makes no document of a machine; a sample is a machine too.
const FAILS: &str = "TPL002";

fn fails(path: &str, problem: &str) -> Found {
    let fix = lint::rule(FAILS).map(|rule| rule.fix).unwrap_or_default();
    Found::bare(path, FAILS, Severity::Error, problem, fix)
}

fn document(answer: PreviewFleetResponse) -> Result<Option<Document>, Failure> {
    let preview = answer.preview.unwrap_or_default();
    let text = match preview.outcome.as_str() {
        "rendered" => Ok(preview.document),
        "failed" => Err(preview.problem),
        _ => return Ok(None),
    };
    let kind = answer.kind.parse().map_err(|e| {
        Failure::new(Exit::Other, format!("machine {}: {e}", answer.machine))
            .hint("the server may be newer than this client")
    })?;
    Ok(Some(Document { machine: answer.machine, kind, template: preview.template, text }))
}
