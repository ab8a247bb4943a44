//! Templates and their revisions.

use tonic::{Request, Response, Status};

use super::access::{View, actor};
use super::nouns::delete;
use super::status::{missing, status, wrong};
use super::{Api, convert, v1};
use crate::domain::{Actor, Change, Noun, Template};
use crate::service::{Intent, Supplier, TemplateVar, TemplateVars, TemplateView, WriteOptions, Written};

#[tonic::async_trait]
impl v1::template_service_server::TemplateService for Api {
    async fn list_templates(
        &self,
        request: Request<v1::ListTemplatesRequest>,
    ) -> Result<Response<v1::ListTemplatesResponse>, Status> {
        let page = convert::read_page(request.into_inner().options)?;
        let page = self.service.list_templates(&page).map_err(status)?;
        Ok(Response::new(v1::ListTemplatesResponse {
            templates: page.entries.into_iter().map(|view| convert::template(view, false)).collect(),
            next_page_token: page.next,
            total: page.total,
        }))
    }

    async fn get_template(
        &self,
        request: Request<v1::GetTemplateRequest>,
    ) -> Result<Response<v1::GetTemplateResponse>, Status> {
        let request = request.into_inner();
        convert::required("name", &request.name)?;
        let number = (request.number != 0).then_some(request.number);
        let view = self.service.get_template(&request.name, number).await.map_err(status)?;
        Ok(Response::new(v1::GetTemplateResponse { template: Some(convert::template(view, true)) }))
    }

    async fn register_template(
        &self,
        request: Request<v1::RegisterTemplateRequest>,
    ) -> Result<Response<v1::RegisterTemplateResponse>, Status> {
        let actor = actor(&request)?;
        let request = request.into_inner();
        let base_revision = convert::read_base(request.base_revision);
        let template = read_template(request.template)?;
        let intent = Intent { base_revision, ..Intent::new(Change::Template(template.clone())) };
        let options = convert::options(request.dry_run, request.message, request.force);
        let (template, result) = self.save_template(&actor, template, intent, &options).await?;
        Ok(Response::new(v1::RegisterTemplateResponse { template, result }))
    }

    async fn update_template(
        &self,
        request: Request<v1::UpdateTemplateRequest>,
    ) -> Result<Response<v1::UpdateTemplateResponse>, Status> {
        let actor = actor(&request)?;
        let request = request.into_inner();
        let base_revision = convert::read_required_base(request.base_revision)?;
        let template = read_template(request.template)?;
        let intent = Intent { change: Change::Template(template.clone()), base_revision, must_exist: true };
        let options = convert::options(request.dry_run, request.message, request.force);
        let (template, result) = self.save_template(&actor, template, intent, &options).await?;
        Ok(Response::new(v1::UpdateTemplateResponse { template, result }))
    }

    async fn delete_template(
        &self,
        request: Request<v1::DeleteTemplateRequest>,
    ) -> Result<Response<v1::DeleteTemplateResponse>, Status> {
        let actor = actor(&request)?;
        let request = request.into_inner();
        let intent = delete(Noun::Template, &request.name, request.base_revision)?;
        let options = convert::options(request.dry_run, request.message, request.force);
        let written = self.write(&actor, intent, &options).await?;
        Ok(Response::new(v1::DeleteTemplateResponse { result: Some(convert::result(written)) }))
    }

    async fn list_template_revisions(
        &self,
        request: Request<v1::ListTemplateRevisionsRequest>,
    ) -> Result<Response<v1::ListTemplateRevisionsResponse>, Status> {
        let request = request.into_inner();
        convert::required("name", &request.name)?;
        let options = request.options.unwrap_or_default();
        if !options.filter.is_empty() {
            return Err(wrong("options.filter", "is not supported by this list; leave it out"));
        }
        let before = match options.page_token.as_str() {
            "" => None,
            token => Some(token.parse().map_err(|_| wrong("options.page_token", "is not one of this list"))?),
        };
        let size = if options.page_size == 0 { 100 } else { options.page_size.min(1000) };
        let found = self.service.template_revisions(&request.name, before, size).await.map_err(status)?;
        let next = match found.last() {
            Some(last) if found.len() == size as usize && last.number > 1 => last.number.to_string(),
            _ => String::new(),
        };
        let revisions = found.into_iter().map(|info| v1::TemplateRevision {
            number: info.number,
            sha256: info.sha256,
            author: info.author,
            message: info.message,
            created_ms: info.created.0,
        });
        Ok(Response::new(v1::ListTemplateRevisionsResponse {
            revisions: revisions.collect(),
            next_page_token: next,
        }))
    }

    async fn rollback_template(
        &self,
        request: Request<v1::RollbackTemplateRequest>,
    ) -> Result<Response<v1::RollbackTemplateResponse>, Status> {
        let actor = actor(&request)?;
        let request = request.into_inner();
        convert::required("name", &request.name)?;
        let number = (request.number != 0).then_some(request.number);
        let options = convert::options(request.dry_run, request.message, request.force);
        let written =
            self.service.rollback_template(&actor, &request.name, number, &options).await.map_err(status)?;
        let view = self.service.get_template(&request.name, None).await.map_err(status)?;
        Ok(Response::new(v1::RollbackTemplateResponse {
            template: Some(convert::template(view, true)),
            result: Some(convert::result(written)),
        }))
    }

    async fn get_template_vars(
        &self,
        request: Request<v1::GetTemplateVarsRequest>,
    ) -> Result<Response<v1::GetTemplateVarsResponse>, Status> {
        let view = View::of(&request, &self.service)?;
        let request = request.into_inner();
        let vars = match request.source {
            None => {
                convert::required("name", &request.name)?;
                self.service.template_vars(&request.name, None)
            }
            Some(source) => {
                convert::required("kind", &request.kind)?;
                let kind = convert::read_kind("kind", &request.kind)?;
                self.service.template_vars(&request.name, Some((kind, &source)))
            }
        };
        Ok(Response::new(template_vars(vars.map_err(status)?, &view)))
    }
}

fn template_vars(vars: TemplateVars, view: &View) -> v1::GetTemplateVarsResponse {
    let supplier = |supplier: Supplier| v1::ParamSupplier {
        noun: supplier.noun.to_string(),
        total: supplier.total as u64,
        names: supplier.names.into_iter().map(Into::into).collect(),
    };
    let var = |var: TemplateVar| v1::TemplateVar {
        name: var.name,
        spec: var.spec.as_ref().map(|spec| view.spec(convert::param_spec(spec))),
        declared_by: var.declared_by,
        read_at: var.read.map(|read| format!("{}:{}", read.template, read.line)).unwrap_or_default(),
        required: var.required,
        from: var.from.to_owned(),
        suppliers: var.suppliers.into_iter().map(supplier).collect(),
    };
    v1::GetTemplateVarsResponse {
        vars: vars.vars.into_iter().map(var).collect(),
        any_param: vars.any_param,
        any_template: vars.any_template,
        includes: vars.includes,
    }
}

impl Api {
    async fn save_template(
        &self,
        actor: &Actor,
        asked: Template,
        intent: Intent,
        options: &WriteOptions,
    ) -> Result<(Option<v1::Template>, Option<v1::WriteResult>), Status> {
        let written: Written = self.service.write(actor, intent, options).await.map_err(status)?;
        let view = if options.dry_run {
            TemplateView { template: asked, origin: "stored", broken: None, revision: written.revision }
        } else {
            self.service.get_template(asked.name.as_str(), None).await.map_err(status)?
        };
        Ok((Some(convert::template(view, true)), Some(convert::result(written))))
    }
}

pub(super) fn read_template(template: Option<v1::Template>) -> Result<Template, Status> {
    let template = template.ok_or_else(|| missing("template"))?;
    let name = convert::read_name("name", &template.name)?;
    convert::required("kind", &template.kind)?;
    let kind = convert::read_kind("kind", &template.kind)?;
    Ok(Template { labels: template.labels, ..Template::new(name, kind, template.source) })
}
