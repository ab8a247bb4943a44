//! `lint --template` and `--all-templates`: the templates of the server, tried with the samples.

use super::super::failure::{Exit, Failure};
use super::super::nouns::template::Template as Listed;
use super::super::resource::Resource as _;
use super::super::session::Session;
use super::sources::Sources;
use crate::domain::Template;
use crate::proto::pxe_init as pb;

/// How many are asked for at a time.
const PAGE: u32 = 500;

/// All of them, for any can include another one of its kind.
pub(super) async fn fetch(session: &Session) -> Result<Sources, Failure> {
    let mut names = Vec::new();
    let mut page_token = String::new();
    loop {
        let options = pb::ListOptions { page_size: PAGE, page_token, filter: String::new() };
        let page = Listed::list(&session.api, options).await?;
        names.extend(page.rows.iter().map(|template| template.name().to_owned()));
        page_token = page.next;
        if page_token.is_empty() {
            break;
        }
    }
    let mut templates = Vec::new();
    for name in names {
        let request = pb::GetTemplateRequest { name, number: 0 };
        let answer = session.api.templates().get_template(request).await?.into_inner();
        let template = answer.template.unwrap_or_default();
        let path = format!("template/{}", template.name);
        templates.push((domain(template)?, path));
    }
    Ok(Sources::new(templates))
}

fn domain(template: pb::Template) -> Result<Template, Failure> {
    let pb::Template { name, kind, source, .. } = template;
    let newer = |what: String| {
        Failure::new(Exit::Other, format!("template {name:?}: {what}"))
            .hint("the server may be newer than this client")
    };
    let parsed = name.parse().map_err(|e| newer(format!("{e}")))?;
    Ok(Template::new(parsed, kind.parse().map_err(|e| newer(format!("{e}")))?, source))
}

/// Those that were asked for.
pub(super) fn wanted(sources: &Sources, names: &[String], all: bool) -> Result<Vec<String>, Failure> {
    if all {
        return Ok(sources.names().map(str::to_owned).collect());
    }
    match names.iter().find(|name| !sources.has(name)) {
        Some(name) => Err(Failure::new(Exit::NotFound, format!("there is no template {name:?}"))),
        None => Ok(names.to_vec()),
    }
}
