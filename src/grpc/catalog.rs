//! All four nouns at once: apply, plan, export.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::access::{View, actor};
use super::nouns::delete;
use super::status::{missing, status, wrong};
use super::template::read_template;
use super::{Api, Events, convert, v1};
use crate::domain::{Change, Noun};
use crate::service::{Export, Filter, Group, Intent, Plan, Stored, Written};

/// How many machines of a group are named.
const NAMED: usize = 1000;

/// Machines between two reports of progress.
const STEP: usize = 1000;

#[tonic::async_trait]
impl v1::catalog_service_server::CatalogService for Api {
    async fn apply(&self, request: Request<v1::ApplyRequest>) -> Result<Response<v1::ApplyResponse>, Status> {
        let actor = actor(&request)?;
        let v1::ApplyRequest { changes, message, dry_run, force } = request.into_inner();
        let intents = read_changes(changes)?;
        let named = names(&intents);
        let options = convert::options(dry_run, message, force);
        let mut written = self.service.write_all(&actor, intents, &options).await.map_err(status)?;
        let revision = written.first().map_or(0, |first| first.revision);
        let warnings = written.iter_mut().flat_map(|one| std::mem::take(&mut one.warnings)).collect();
        Ok(Response::new(v1::ApplyResponse { results: results(named, written), revision, warnings }))
    }

    type PlanStream = Events<v1::PlanResponse>;

    async fn plan(&self, request: Request<v1::PlanRequest>) -> Result<Response<Self::PlanStream>, Status> {
        let intents = read_changes(request.into_inner().changes)?;
        let (events, receiver) = mpsc::channel(64);
        let service = self.service.clone();
        tokio::spawn(async move {
            let progress = events.clone();
            let tell = move |done: usize, total: usize| {
                if done % STEP < 64 || done == total {
                    let progress = v1::PlanProgress { done: done as u64, total: total as u64 };
                    let event = v1::plan_response::Event::Progress(progress);
                    // Who does not read them fast enough misses some.
                    let _ = events.try_send(Ok(v1::PlanResponse { event: Some(event) }));
                }
            };
            let named = names(&intents);
            let event = match service.plan(&intents, tell).await {
                Ok(plan) => Ok(v1::plan_response::Event::Plan(planned(named, plan))),
                Err(error) => Err(status(error)),
            };
            // Nobody may be there any more to hear it.
            let _ = progress.send(event.map(|event| v1::PlanResponse { event: Some(event) })).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    type ExportStream = Events<v1::ExportResponse>;

    async fn export(
        &self,
        request: Request<v1::ExportRequest>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        let view = View::of(&request, &self.service)?;
        let v1::ExportRequest { nouns, filter } = request.into_inner();
        let nouns = match nouns.is_empty() {
            true => vec![Noun::Image, Noun::Template, Noun::Machine, Noun::Rule],
            false => nouns.iter().map(|noun| read_noun("nouns", noun)).collect::<Result<_, _>>()?,
        };
        let filter: Filter = filter.parse().map_err(status)?;
        let Export { revision, stored } = self.service.export(&nouns, &filter).map_err(status)?;
        let stored = stored.into_iter().map(move |stored| {
            let resource = v1::Resource { resource: Some(resource(stored, &view)) };
            Ok(v1::ExportResponse { resource: Some(resource), revision })
        });
        Ok(Response::new(Box::pin(tokio_stream::iter(stored))))
    }
}

fn resource(stored: Stored, view: &View) -> v1::resource::Resource {
    use v1::resource::Resource;
    match stored {
        Stored::Image(image) => Resource::Image(view.show(convert::image(&image))),
        Stored::Template(template) => Resource::Template(convert::template(template, true)),
        Stored::Machine(machine) => Resource::Machine(view.show(convert::machine(&machine))),
        Stored::Rule(rule) => Resource::Rule(view.show(convert::rule(&rule))),
    }
}

fn read_changes(changes: Vec<v1::Change>) -> Result<Vec<Intent>, Status> {
    if changes.is_empty() {
        return Err(missing("changes"));
    }
    changes.into_iter().enumerate().map(|(i, change)| read_change(i, change)).collect()
}

fn read_change(index: usize, change: v1::Change) -> Result<Intent, Status> {
    use v1::change::Change as Kind;
    use v1::resource::Resource;
    let field = format!("changes[{index}]");
    let base_revision = change.base_revision;
    let change = match change.change.ok_or_else(|| missing(&field))? {
        Kind::Delete(v1::Deletion { noun, name }) => {
            return delete(read_noun(&field, &noun)?, &name, base_revision);
        }
        Kind::Put(v1::Resource { resource }) => match resource.ok_or_else(|| missing(&field))? {
            Resource::Image(image) => Change::Image(convert::read_image(Some(image))?),
            Resource::Template(template) => Change::Template(read_template(Some(template))?),
            Resource::Machine(machine) => Change::Machine(convert::read_machine(Some(machine))?),
            Resource::Rule(rule) => Change::Rule(convert::read_rule(Some(rule))?),
        },
    };
    Ok(Intent { base_revision: convert::read_base(base_revision), ..Intent::new(change) })
}

fn read_noun(field: &str, text: &str) -> Result<Noun, Status> {
    let nouns = [Noun::Image, Noun::Template, Noun::Machine, Noun::Rule];
    let found = nouns.into_iter().find(|noun| noun.as_str() == text);
    found.ok_or_else(|| wrong(field, format!("{text:?} is no noun; use image, template, machine or rule")))
}

type Named = Vec<(Noun, String)>;

fn names(intents: &[Intent]) -> Named {
    intents.iter().map(|intent| (intent.change.noun(), intent.change.name().to_string())).collect()
}

fn results(named: Named, written: Vec<Written>) -> Vec<v1::ChangeResult> {
    let result = |((noun, name), written): ((Noun, String), Written)| v1::ChangeResult {
        noun: noun.as_str().to_owned(),
        name,
        outcome: convert::outcome(written.effect).into(),
        changed: written.changed,
    };
    named.into_iter().zip(written).map(result).collect()
}

fn planned(named: Named, plan: Plan) -> v1::Plan {
    let Plan { revision, mut written, comparison } = plan;
    let warnings = written.iter_mut().flat_map(|one| std::mem::take(&mut one.warnings)).collect();
    v1::Plan {
        revision,
        machines: comparison.machines as u64,
        affected: comparison.affected as u64,
        groups: comparison.groups.into_iter().map(group).collect(),
        results: results(named, written),
        warnings,
    }
}

fn group(group: Group) -> v1::PlanGroup {
    let count = group.machines.len() as u64;
    v1::PlanGroup {
        effect: group.effect.as_str().to_owned(),
        kind: group.kind.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        template: group.template.unwrap_or_default(),
        detail: group.detail,
        diff: group.diff,
        machines: group.machines.into_iter().take(NAMED).map(Into::into).collect(),
        count,
    }
}
