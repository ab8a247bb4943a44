//! `diff`: how the server differs from manifests.

use std::collections::BTreeMap;

use serde::Serialize;
use similar::TextDiff;

use super::args::DiffArgs;
use super::pending::{Pending, pending};
use super::server::{Standing, standing};
use crate::client::failure::{Exit, Failure};
use crate::client::print::{Record, Records};
use crate::client::session::Session;
use crate::domain::{Labels, Name, Noun};
use crate::manifest::{self, Located, Resource};

/// How one resource differs.
#[derive(Debug, Serialize)]
struct Difference {
    noun: &'static str,
    name: String,
    /// What apply would do.
    outcome: &'static str,
    diff: String,
}

/// Prints the differences; exits with 1 when there are any. What else would exit with 1 exits with 6 here.
pub(in crate::client) async fn diff(session: &Session, args: DiffArgs) -> Result<Exit, Failure> {
    match differences(session, args).await.and_then(|found| print(session, &found)) {
        Ok(0) => Ok(Exit::Ok),
        Ok(count) => {
            session.say(format_args!("{count} {}", if count == 1 { "difference" } else { "differences" }));
            Ok(Exit::Other)
        }
        Err(failure) if failure.exit == Exit::Other => Err(Failure { exit: Exit::Unavailable, ..failure }),
        Err(failure) => Err(failure),
    }
}

async fn differences(session: &Session, args: DiffArgs) -> Result<Vec<Difference>, Failure> {
    let Pending { wanted, pruned } = pending(&session.api, args.wanted).await?;
    let nouns: Vec<Noun> = Noun::ALL
        .into_iter()
        .filter(|noun| wanted.iter().any(|wanted| wanted.value.noun() == *noun))
        .collect();
    let standing = standing(&session.api, &nouns, &Labels::new()).await?;
    let standing: BTreeMap<(Noun, &Name), &Resource> = standing
        .iter()
        .map(|Standing { resource, .. }| ((resource.noun(), resource.name()), resource))
        .collect();
    let mut found = Vec::new();
    for Located { place, value, .. } in &wanted {
        let before = standing.get(&(value.noun(), value.name())).copied();
        if before != Some(value) {
            found.push(Difference::new(value, before, Some(value), &place.to_string())?);
        }
    }
    for Standing { resource, .. } in &pruned {
        found.push(Difference::new(resource, Some(resource), None, "no manifest")?);
    }
    Ok(found)
}

/// Prints them, and tells how many they are.
fn print(session: &Session, found: &[Difference]) -> Result<usize, Failure> {
    match session.output.format() {
        None => {
            for difference in found {
                session.report(difference.diff.trim_end_matches('\n'))?;
            }
        }
        Some(format) => {
            let mut records = Records::new(format);
            records.page(found)?;
            records.finish()?;
        }
    }
    Ok(found.len())
}

impl Difference {
    fn new(
        of: &Resource,
        before: Option<&Resource>,
        after: Option<&Resource>,
        place: &str,
    ) -> Result<Self, Failure> {
        let text = |resource: Option<&Resource>| resource.map(manifest::document).transpose();
        let (old, new) = (text(before)?.unwrap_or_default(), text(after)?.unwrap_or_default());
        let id = format!("{}/{}", of.noun(), of.name());
        let outcome = match (before, after) {
            (None, _) => "created",
            (_, None) => "deleted",
            _ => "updated",
        };
        let server = if before.is_some() { format!("server: {id}") } else { format!("server: no {id}") };
        let diff = TextDiff::from_lines(&old, &new);
        let diff = diff.unified_diff().header(&server, &format!("{place}: {id}")).to_string();
        Ok(Self { noun: of.noun().as_str(), name: of.name().to_string(), outcome, diff })
    }
}

impl Record for Difference {
    fn id(&self) -> String {
        format!("{}/{}", self.noun, self.name)
    }
}
