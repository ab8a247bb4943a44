//! What authors are told: each `errors/NAME.KIND.j2` is a mistake, and its snapshot what is said about it.

use std::fs;
use std::path::Path;

use pxe_init::domain::{Kind, Template};
use pxe_init::render::{Limits, TemplateSet, sample};

/// A known machine, some labels, some params, two of them awkward.
fn context() -> pxe_init::render::Context {
    let context = &sample::all()[5].context;
    let context = sample::with_param(context, "secret", "hunter2 || reboot");
    let context = sample::with_param(&context, "nothing", serde_json::Value::Null);
    let context = sample::with_param(&context, "flag", true);
    sample::with_param(&context, "lines", "one\ntwo")
}

#[test]
fn every_mistake_is_explained() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/render/errors");
    let mut paths: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "j2"));
    paths.sort();
    assert!(paths.len() > 20, "{}", paths.len());
    let source = "{#- partial -#}\necho {{ params.gone }}\n";
    let partial = Template::new("part".parse().unwrap(), Kind::Ipxe, source);
    let set = TemplateSet::compile([&partial], Limits::default());
    for path in paths {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let (name, kind) = stem.rsplit_once('.').unwrap();
        let source = fs::read_to_string(&path).unwrap();
        let result = set.render_source(kind.parse().unwrap(), name, &source, &context());
        let error = result.expect_err(stem).to_string();
        assert!(!error.contains("hunter2"), "{error}");
        insta::with_settings!({ snapshot_path => "snapshots/errors", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(stem, format!("{source}---\n{error}"));
        });
    }
}
