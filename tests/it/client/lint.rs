//! `lint` of what a server has.

use insta::assert_snapshot;
use serde_json::Value;

use super::real::Site;

fn template(site: &Site, name: &str, source: &str) {
    let run = site.run_with(&format!("template register {name} --kind ipxe -f -"), source);
    assert_eq!(run.exit, 0, "{run}");
}

/// Twelve machines of one template with a mistake, one of another, and one whose template fails for it.
fn site() -> Site {
    let site = Site::start();
    template(&site, "part", "{#- partial -#}\nimgfree\n");
    template(
        &site,
        "ours",
        "#!ipxe\nchain http://127.0.0.1:1/{{ machine.name }} || echo {{ machine.name }}\ndhcp\n{% include 'part' %}\nreboot\n",
    );
    template(&site, "other", "#!ipxe\ndhcp\nreboot\n");
    template(&site, "needs", "#!ipxe\necho {{ params.site }}\nreboot\n");
    site.ok("image register demo --template ipxe=ours");
    for i in 0..12 {
        site.ok(&format!(
            "machine register web-{i:02} --mac 52:54:00:00:00:{i:02x} --image demo --label role=web"
        ));
    }
    site.ok("machine register db --mac 52:54:00:00:01:00 --image demo --template ipxe=other");
    site.ok("machine register odd --mac 52:54:00:00:01:01 --image demo --template ipxe=needs --force -m x");
    site
}

#[test]
fn templates_and_machines_of_a_server_are_looked_at() {
    let site = site();

    let run = site.run("lint --template ours");
    assert_eq!(run.exit, 0, "{run}");
    assert_snapshot!("lint_template", run.stdout);
    assert_eq!(site.run("lint --template ours --severity warning").exit, 4);
    assert_eq!(site.run("lint --template nowhere").exit, 3);
    let all = site.run("lint --all-templates -o name");
    assert_snapshot!("lint_all_templates", all.stdout);

    let fleet = site.run("lint --fleet --kind ipxe");
    assert_eq!(fleet.exit, 4, "{fleet}");
    assert_snapshot!("lint_fleet", fleet.stdout);
    assert!(fleet.stderr.contains("14 documents: "), "{fleet}");

    let web = site.run("lint --fleet --filter label.role=web --kind ipxe -o json");
    let records: Vec<Value> = serde_json::from_str(&web.stdout).unwrap();
    assert_eq!(records.len(), 1, "{web}");
    assert_eq!((&records[0]["count"], &records[0]["template"]), (&12.into(), &"ours@1".into()));
    assert_eq!(records[0]["machines"].as_array().unwrap().len(), 12);

    let one = site.run("lint --machine db --machine web-03 -o name");
    assert_eq!(one.stdout, "machine/db/ipxe:2:1:IPX030\nmachine/web-03/ipxe:3:1:IPX030\n", "{one}");
    assert_eq!(site.run("lint --machine nobody").exit, 3);

    // Nobody listens there; what the name of a machine is in is one finding all the same.
    let dead = site.run("lint --fleet --kind ipxe --filter label.role=web --check-urls -o json");
    let records: Vec<Value> = serde_json::from_str(&dead.stdout).unwrap();
    let urls: Vec<&Value> = records.iter().filter(|record| record["code"] == "URL001").collect();
    assert_eq!((urls.len(), &urls[0]["count"]), (1, &12.into()), "{dead}");
    assert_eq!(urls[0]["message"], "http://127.0.0.1:1/web-00 refuses the connection");

    let sarif = site.run("lint --fleet --template ours -o sarif");
    let log: Value = serde_json::from_str(&sarif.stdout).unwrap();
    let results = crate::lint::check_sarif(&log);
    assert!(results.iter().any(|result| result["occurrenceCount"] == 12), "{sarif}");
}

#[test]
fn a_server_that_is_away_is_told_of() {
    let run = super::run::finish(
        super::run::bare().env("PXE_INIT_ENDPOINT", "grpc://127.0.0.1:1").args(["lint", "--fleet"]),
    );
    assert_eq!(run.exit, 6, "{run}");
    assert!(run.stderr.contains("grpc://127.0.0.1:1"), "{run}");
}
