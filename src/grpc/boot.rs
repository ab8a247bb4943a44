//! Preview and explain.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::access::may_show;
use super::status::status;
use super::{Api, Events, convert, v1};
use crate::boot::MASK;
use crate::domain::Kind;
use crate::resolve::{Candidate, Explanation, Source};
use crate::service::{Answer, FleetDocument, FleetRequest, Target};

#[tonic::async_trait]
impl v1::boot_service_server::BootService for Api {
    async fn preview(
        &self,
        request: Request<v1::PreviewRequest>,
    ) -> Result<Response<v1::PreviewResponse>, Status> {
        may_show(&request, request.get_ref().show_secrets)?;
        let request = request.into_inner();
        let kind = match request.kind.as_str() {
            "" => Kind::Ipxe,
            text => convert::read_kind("kind", text)?,
        };
        let base_url = (!request.base_url.is_empty()).then_some(request.base_url.as_str());
        let target = read_target(request.target);
        let (source, show_secrets) = (request.source.as_deref(), request.show_secrets);
        let answer = self.service.preview(&target, kind, source, base_url, show_secrets).map_err(status)?;
        Ok(Response::new(previewed(answer)))
    }

    type PreviewFleetStream = Events<v1::PreviewFleetResponse>;

    async fn preview_fleet(
        &self,
        request: Request<v1::PreviewFleetRequest>,
    ) -> Result<Response<Self::PreviewFleetStream>, Status> {
        may_show(&request, request.get_ref().show_secrets)?;
        let v1::PreviewFleetRequest { filter, kinds, base_url, show_secrets } = request.into_inner();
        let kinds = kinds.iter().map(|kind| convert::read_kind("kinds", kind)).collect::<Result<_, _>>()?;
        let base_url = (!base_url.is_empty()).then_some(base_url);
        let request = FleetRequest { filter: filter.parse().map_err(status)?, kinds, base_url, show_secrets };
        let (documents, receiver) = mpsc::channel(256);
        let service = self.service.clone();
        tokio::task::spawn_blocking(move || {
            let each = |document| documents.blocking_send(Ok(fleet_document(document))).is_ok();
            if let Err(error) = service.preview_fleet(&request, each) {
                // Nobody may be there any more to hear it.
                let _ = documents.blocking_send(Err(status(error)));
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn explain(
        &self,
        request: Request<v1::ExplainRequest>,
    ) -> Result<Response<v1::ExplainResponse>, Status> {
        may_show(&request, request.get_ref().show_secrets)?;
        let v1::ExplainRequest { target, show_secrets } = request.into_inner();
        let target = read_target(target);
        let (facts, explanation, revision) = self.service.explain(&target, show_secrets).map_err(status)?;
        let said =
            facts.iter().map(|(attribute, value)| (attribute.to_string(), value.into_owned())).collect();
        Ok(Response::new(explained(said, explanation, revision)))
    }
}

fn fleet_document(document: FleetDocument) -> v1::PreviewFleetResponse {
    let FleetDocument { machine, answer, done, total } = document;
    v1::PreviewFleetResponse {
        machine: machine.into(),
        kind: answer.kind.as_str().to_owned(),
        preview: Some(previewed(answer)),
        done: done as u64,
        total: total as u64,
    }
}

fn previewed(answer: Answer) -> v1::PreviewResponse {
    let mut warnings = answer.conflicts;
    if answer.in_clear.is_some() {
        warnings.push(format!("params that are secret are shown as {MASK}"));
    }
    if answer.assumed {
        warnings.push("it reads facts that only a request tells; they are made up here".to_owned());
    }
    v1::PreviewResponse {
        status: answer.outcome.http_status(answer.document.is_some()).into(),
        outcome: answer.outcome.as_str().to_owned(),
        document: answer.document.unwrap_or_default().into(),
        template: answer.template.as_deref().unwrap_or_default().to_owned(),
        problem: answer.problem.unwrap_or_default(),
        warnings,
    }
}

fn read_target(target: Option<v1::Target>) -> Target {
    let target = target.unwrap_or_default();
    let machine = (!target.machine.is_empty()).then_some(target.machine);
    Target { machine, facts: target.facts.into_iter().collect() }
}

fn explained(
    facts: BTreeMap<String, String>,
    explanation: Explanation,
    revision: u64,
) -> v1::ExplainResponse {
    let resolution = explanation.resolution;
    let templates = explanation.templates.into_iter().map(|origin| v1::TemplateOrigin {
        kind: origin.kind.as_str().to_owned(),
        template: origin.template,
        layer: origin.layer.as_str().to_owned(),
    });
    let params = explanation.params.into_iter().map(|origin| v1::ParamOrigin {
        key: origin.key,
        value: origin.value.to_string(),
        layer: origin.layer.as_str().to_owned(),
        replaced: origin.replaced.iter().map(|layer| layer.as_str().to_owned()).collect(),
        declared_by: origin.declared_by,
    });
    v1::ExplainResponse {
        facts,
        conflicts: resolution.conflict_texts(),
        machine: resolution.machine.map(|machine| machine.name.to_string()).unwrap_or_default(),
        matched_by: resolution.matched_by.map(|identity| identity.as_str().to_owned()).unwrap_or_default(),
        candidates: explanation.candidates.into_iter().map(candidate).collect(),
        image: resolution.image.map(|image| image.name.to_string()).unwrap_or_default(),
        templates: templates.collect(),
        params: params.collect(),
        revision,
    }
}

fn candidate(candidate: Candidate) -> v1::Candidate {
    let (source, name, priority, selector) = match &candidate.source {
        Source::Binding(name) => {
            ("binding", name.clone().map(Into::into).unwrap_or_default(), 0, String::new())
        }
        Source::Rule(rule) => ("rule", rule.name.to_string(), rule.priority, rule.selector.to_string()),
    };
    v1::Candidate {
        source: source.to_owned(),
        name,
        priority,
        selector,
        matches: candidate.matches,
        won: candidate.won,
        reason: candidate.reason,
        image: candidate.image.map(Into::into).unwrap_or_default(),
    }
}
