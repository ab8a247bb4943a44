//! What each built-in template makes of each sample machine.

use std::fmt::Write;

use pxe_init::domain::{Kind, Template};
use pxe_init::render::{
    Context, Entry, Limits, Origin, Reason, RenderError, TemplateSet, reserved_names, sample,
};
use serde_json::json;

fn built_in() -> TemplateSet {
    TemplateSet::compile([], Limits::default())
}

/// The params without which a template makes nothing.
fn required(template: &str, context: &Context) -> Context {
    let mut context = context.clone();
    let params = match template {
        "iscsi" => json!({ "iscsi_portal": "192.0.2.5", "iscsi_target": "iqn.2003-01.org.example:root" }),
        "kickstart.ks" | "debian-preseed.preseed" => json!({ "root_password_hash": "$6$salt$hash" }),
        "ubuntu-autoinstall.user-data" => json!({ "password_hash": "$6$salt$hash" }),
        "menu" => {
            json!({ "menu_items": [{ "label": "Rescue system", "url": "http://boot.example.org/rescue.ipxe" }] })
        }
        _ => json!({}),
    };
    for (key, value) in params.as_object().unwrap() {
        context = sample::with_param(&context, key, value.clone());
    }
    if template == "error" {
        context.failure = Some(sample::failure());
    }
    context
}

/// Whether a sample has what the template works on.
fn fits(template: &str, sample: &sample::Sample) -> bool {
    let image = sample.context.image.as_deref();
    let awkward_hostname = sample.hostile;
    match template {
        "linux" | "talos" | "kickstart" | "debian-preseed" => image.is_some_and(|image| !image.is_null()),
        "coreos" | "ubuntu-autoinstall" => image.is_some_and(|image| image.rootfs.is_some()),
        "kickstart.ks" | "debian-preseed.preseed" => !awkward_hostname,
        _ => true,
    }
}

fn is_document(set: &TemplateSet, entry: &Entry) -> bool {
    !set.is_partial(entry.template.name.as_str())
}

#[test]
fn every_built_in_template_is_pinned_for_every_sample() {
    let set = built_in();
    for entry in set.iter().filter(|entry| is_document(&set, entry)) {
        let name = entry.template.name.as_str();
        let mut pinned = format!("template: {name}, of kind {}\n", entry.template.kind);
        for sample in sample::all() {
            writeln!(pinned, "\n=== sample: {}", sample.name).unwrap();
            match set.render(name, &required(name, &sample.context)) {
                Ok(text) => {
                    assert!(fits(name, sample), "{name} should refuse {}", sample.name);
                    pinned.push_str(&text);
                }
                Err(e) => {
                    assert!(!fits(name, sample), "{name} with {}: {e}", sample.name);
                    write!(pinned, "refused: {e}").unwrap();
                }
            }
        }
        insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, pinned);
        });
    }
}

#[test]
fn built_in_templates_pass_their_own_check() {
    let set = built_in();
    for entry in set.iter() {
        let name = entry.template.name.as_str();
        assert_eq!(entry.origin, Origin::BuiltIn);
        let check = set.check(name);
        assert_eq!(check.errors, [], "{name}");
        let lacking = check.warnings.iter().find(|warning| warning.contains("renders with no sample"));
        assert_eq!(lacking, None, "{name}");
    }
}

/// The lines that the first system gave its example image, word for word.
#[test]
fn coreos_boots_the_first_systems_image_with_its_very_lines() {
    let mut context = sample::all()[0].context.clone();
    let mut server = (*context.server).clone();
    server.asset_url = "http://FORWARD".to_owned();
    context.server = server.into();
    let script = built_in().render("coreos", &context).unwrap();
    let base = "http://FORWARD/assets/coreos/fedora-coreos-34.20210725.3.0-live";
    let lines = format!(
        "\nkernel {base}-kernel-x86_64 coreos.live.rootfs_url={base}-rootfs.x86_64.img coreos.first_boot=1 coreos.autologin\n\
         initrd {base}-initramfs.x86_64.img\n\
         boot\n"
    );
    assert!(script.contains(&lines), "{script}");
}

#[test]
fn the_first_script_asks_with_every_fact_identities_first() {
    let script = built_in().render("boot.ipxe", &sample::all()[0].context).unwrap();
    let start = "chain --autofree ipxe?uuid=${uuid}&mac=${mac:hexhyp}&domain=${domain:uristring}&hostname=${hostname:uristring}&serial=${serial:uristring}&";
    let line = script.lines().find(|line| line.starts_with("chain")).unwrap();
    assert!(line.starts_with(start), "{line}");
}

/// `goto` to a label that does not exist ends a script silently, on the path that nobody tries.
#[test]
fn scripts_go_only_to_labels_that_exist() {
    let set = built_in();
    let scripts = set.iter().filter(|entry| entry.template.kind == Kind::Ipxe && is_document(&set, entry));
    let mut seen = 0;
    for entry in scripts {
        let name = entry.template.name.as_str();
        for sample in sample::all() {
            let Ok(script) = set.render(name, &required(name, &sample.context)) else { continue };
            let labels: Vec<&str> = script.lines().filter_map(|line| line.strip_prefix(':')).collect();
            for (_, target) in
                script.match_indices("goto ").map(|(at, word)| (at, &script[at + word.len()..]))
            {
                let target = target.split_whitespace().next().unwrap();
                seen += 1;
                assert!(
                    target == "${selected}" || labels.contains(&target),
                    "{name}: no label {target}\n{script}"
                );
            }
            let ends = ["boot", "exit", "goto", "chain"];
            let last = script.lines().rfind(|line| !line.is_empty()).unwrap();
            assert!(ends.iter().any(|end| last.starts_with(end)), "{name} ends in {last}");
        }
    }
    assert!(seen > 100, "{seen}");
}

/// A step that may fail says what happens then; only the lines that the first system fixed can not.
#[test]
fn every_download_handles_its_failure() {
    let set = built_in();
    for entry in set.iter().filter(|entry| entry.template.kind == Kind::Ipxe && is_document(&set, entry)) {
        let name = entry.template.name.as_str();
        for sample in sample::all() {
            let Ok(script) = set.render(name, &required(name, &sample.context)) else { continue };
            for line in script.lines() {
                let command = line.split(' ').next().unwrap();
                let loads = ["kernel", "initrd", "chain", "boot", "sanboot"].contains(&command);
                let fixed = name == "coreos" && ["kernel", "initrd", "boot"].contains(&command);
                assert!(!loads || fixed || line.contains(" || "), "{name}: {line}");
            }
        }
    }
}

#[test]
fn the_null_image_can_boot_its_disk_in_three_ways() {
    let set = built_in();
    let context = &sample::all()[4].context;
    let with = |how: &str| set.render("local", &sample::with_param(context, "local_boot", how));
    assert!(with("exit").unwrap().ends_with("exit 1\n"));
    assert!(with("sanboot").unwrap().contains("\nsanboot --no-describe --drive 0x80 ||"));
    assert!(matches!(with("not-found").unwrap_err().reason, Reason::NotFound(_)));
    let wrong = with("no").unwrap_err().reason.to_string();
    assert_eq!(
        wrong,
        "params.local_boot of the rule sample is \"no\", which is none of exit, sanboot, not-found"
    );
}

#[test]
fn nobody_gets_a_default_password() {
    let set = built_in();
    for name in ["kickstart.ks", "debian-preseed.preseed", "ubuntu-autoinstall.user-data"] {
        let error = set.render(name, &sample::all()[0].context).unwrap_err();
        assert!(matches!(&error.reason, Reason::Failed(why) if why.contains("params.ssh_keys")), "{error}");
    }
    let context = required("iscsi", &sample::all()[0].context);
    let context = sample::with_param(&context, "iscsi_username", "chap");
    let missing = set.render("iscsi", &context).unwrap_err();
    assert_eq!(missing.reason, Reason::Undefined { variable: "params.iscsi_password".to_owned() });
    let script = set.render("iscsi", &sample::with_param(&context, "iscsi_password", "s3cret")).unwrap();
    assert!(script.contains("\nset username chap\nset password s3cret\n"), "{script}");
}

fn stored(name: &str, kind: Kind, source: &str) -> Template {
    Template::new(name.parse().unwrap(), kind, source)
}

#[test]
fn a_stored_template_stands_in_for_a_built_in_one_everywhere() {
    let retry = stored("retry", Kind::Ipxe, "{#- partial -#}\n:failed\nexit 1\n");
    let mine = stored("mine", Kind::Ipxe, "#!ipxe\n");
    let set = TemplateSet::compile([&retry, &mine], Limits::default());
    assert_eq!(set.get("retry").unwrap().origin, Origin::Override);
    assert_eq!(set.get("mine").unwrap().origin, Origin::Stored);
    let script = set.render("linux", &sample::all()[0].context).unwrap();
    assert!(script.trim_end().ends_with(":failed\nexit 1"), "{script}");
    assert!(reserved_names().any(|(name, kind)| name.as_str() == "retry" && kind == Kind::Ipxe));
}

#[test]
fn a_broken_template_breaks_only_itself() {
    let broken = stored("broken", Kind::Ipxe, "#!ipxe\n{% if %}");
    let user = stored("user", Kind::Ipxe, "#!ipxe\n{% include 'broken' %}");
    let set = TemplateSet::compile([&broken, &user], Limits::default());
    let context = &sample::all()[0].context;
    let entry = set.get("broken").unwrap();
    assert!(matches!(entry.broken, Some(RenderError { reason: Reason::Syntax(_), .. })));
    assert_eq!(set.render("broken", context).unwrap_err(), entry.broken.clone().unwrap());
    let missing = Reason::MissingTemplate { name: "broken".to_owned(), other: None };
    assert_eq!(set.render("user", context).unwrap_err().reason, missing);
    assert!(set.render("linux", context).is_ok());
}

/// Snapshots of the catalog are shared between threads and swapped.
#[test]
fn a_set_can_be_shared() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    shared(&built_in());
    shared(&sample::all());
}
