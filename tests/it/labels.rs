//! Labels on all four nouns, through the management API.

use std::collections::BTreeMap;

use pxe_init::proto::pxe_init as v1;

use crate::app::TestApp;

fn labels(site: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("site".to_owned(), site.to_owned())])
}

async fn app() -> TestApp {
    let app = TestApp::start().await;
    for site in ["a", "b"] {
        app.image(&format!("image-{site}"), |image| image.labels = labels(site)).await;
        let mac = if site == "a" { "52:54:00:00:00:0a" } else { "52:54:00:00:00:0b" };
        app.machine(&format!("machine-{site}"), mac, |machine| machine.labels = labels(site)).await;
        let rule = v1::Rule {
            name: format!("rule-{site}"),
            image: format!("image-{site}"),
            labels: labels(site),
            ..Default::default()
        };
        let request = v1::RegisterRuleRequest { rule: Some(rule), ..Default::default() };
        app.rules().await.register_rule(request).await.unwrap();
        save(&app, &format!("template-{site}"), "x", site).await;
    }
    app
}

async fn save(app: &TestApp, name: &str, source: &str, site: &str) -> v1::RegisterTemplateResponse {
    let template = v1::Template {
        name: name.into(),
        kind: "text".into(),
        source: source.into(),
        labels: labels(site),
        ..Default::default()
    };
    let request = v1::RegisterTemplateRequest { template: Some(template), ..Default::default() };
    app.templates().await.register_template(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn lists_can_ask_for_them() {
    let app = app().await;
    let options = |filter: &str| Some(v1::ListOptions { filter: filter.to_owned(), ..Default::default() });
    for (filter, sites) in [("label.site=b", "b"), ("label.site=b name=*-a", ""), ("label.site=*", "ab")] {
        let request = v1::ListImagesRequest { options: options(filter) };
        let images = app.images().await.list_images(request).await.unwrap().into_inner().images;
        let request = v1::ListMachinesRequest { options: options(filter) };
        let machines = app.machines().await.list_machines(request).await.unwrap().into_inner().machines;
        let request = v1::ListRulesRequest { options: options(filter) };
        let rules = app.rules().await.list_rules(request).await.unwrap().into_inner().rules;
        let request = v1::ListTemplatesRequest { options: options(filter) };
        let templates = app.templates().await.list_templates(request).await.unwrap().into_inner().templates;
        let mut found: Vec<String> = images.into_iter().map(|image| image.name).collect();
        found.extend(machines.into_iter().map(|machine| machine.name));
        found.extend(rules.into_iter().map(|rule| rule.name));
        found.extend(templates.into_iter().map(|template| template.name));
        let expected = ["image", "machine", "rule", "template"]
            .iter()
            .flat_map(|noun| sites.chars().map(move |site| format!("{noun}-{site}")));
        assert_eq!(found, expected.collect::<Vec<_>>(), "{filter}");
    }
}

#[tokio::test]
async fn a_template_that_is_relabelled_keeps_its_revision() {
    let app = app().await;
    let saved = save(&app, "template-a", "x", "c").await;
    let (template, result) = (saved.template.unwrap(), saved.result.unwrap());
    assert_eq!((template.number, template.revision, template.labels), (1, 9, labels("c")));
    assert_eq!(
        (result.outcome(), result.changed),
        (v1::Outcome::Updated, vec!["labels.site: a → c".to_owned()])
    );
    let again = save(&app, "template-a", "x", "c").await.result.unwrap();
    assert_eq!((again.outcome(), again.revision), (v1::Outcome::Unchanged, 9));

    let both = save(&app, "template-a", "y", "d").await;
    let changed = both.result.unwrap().changed;
    assert_eq!(changed, ["labels.site: c → d", "source: 1 line added, 1 removed since revision 1"]);
    // Back to the old source; the labels are no part of the history.
    let request = v1::RollbackTemplateRequest { name: "template-a".into(), ..Default::default() };
    let back = app.templates().await.rollback_template(request).await.unwrap().into_inner().template.unwrap();
    assert_eq!((back.source.as_str(), back.number, back.labels), ("x", 3, labels("d")));
}

#[tokio::test]
async fn wrong_labels_are_refused() {
    let app = TestApp::start().await;
    let labels = BTreeMap::from([("-".to_owned(), "x".to_owned()), ("site".to_owned(), " ".to_owned())]);
    let image = v1::Image { name: "i".into(), labels: labels.clone(), ..Default::default() };
    let request = v1::RegisterImageRequest { image: Some(image), ..Default::default() };
    let refused = app.images().await.register_image(request).await.unwrap_err();
    let template = v1::Template { name: "t".into(), kind: "text".into(), labels, ..Default::default() };
    let request = v1::RegisterTemplateRequest { template: Some(template), ..Default::default() };
    for refused in [refused, app.templates().await.register_template(request).await.unwrap_err()] {
        let fields = tonic_types::StatusExt::get_details_bad_request(&refused).unwrap().field_violations;
        let fields: Vec<_> = fields.into_iter().map(|violation| violation.field).collect();
        assert_eq!(fields, ["labels", "labels.site"]);
    }
}
