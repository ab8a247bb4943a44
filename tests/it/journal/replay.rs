//! `boots replay`.

use super::room::{ASK, Room};

/// A template of the operator's that includes another.
async fn templates(room: &Room, greeting: &str) {
    room.app.template("part", "ipxe", &format!("{{#- partial: greets -#}}\necho {greeting}")).await.unwrap();
    room.app
        .template(
            "own",
            "ipxe",
            "#!ipxe\n{% include 'part' %}\necho {{ machine.name }} {{ facts.product|text }}\nshell\n",
        )
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_boot_is_made_again_from_the_catalog_as_it_was() {
    let room = Room::start().await;
    templates(&room, "hello").await;
    let own = |machine: &mut pxe_init::proto::pxe_init::Machine| {
        machine.image = "demo".into();
        machine.templates.insert("ipxe".into(), "own".into());
    };
    room.app.machine("web-1", "52:54:00:00:00:01", own).await;
    let mut ids = Vec::new();
    for path in [ASK, "/boot.ipxe", "/ipxe?mac=52-54-00-00-00-02", "/ignition?mac=52-54-00-00-00-01"] {
        room.get(path).await;
        ids.push(room.newest_id().await);
    }
    for id in &ids {
        let now = room.run(&format!("boots replay {id}")).await;
        assert_eq!((now.exit, now.stdout.starts_with("same: ")), (0, true), "{now:?}");
    }

    // Everything that decided it changes: what is included, the template, the machine, the image, and the unknown one.
    templates(&room, "goodbye").await;
    room.app.template("own", "ipxe", "#!ipxe\necho other\nshell\n").await.unwrap();
    room.app.machine("web-1", "52:54:00:00:00:01", |machine| machine.image = "demo".into()).await;
    room.app.machine("web-2", "52:54:00:00:00:02", |machine| machine.image = "demo".into()).await;
    room.app.image("demo", |image| image.args = vec!["debug".to_owned()]).await;
    let run = room.run("machine delete --yes web-1").await;
    assert_eq!(run.exit, 0, "{run:?}");
    for id in &ids {
        let then = room.run(&format!("boots replay {id}")).await;
        assert_eq!((then.exit, then.stdout.starts_with("same: ")), (0, true), "{then:?}");
    }

    let diff = room.run(&format!("boots replay {} --diff", ids[0])).await;
    assert!(diff.stdout.contains("-echo hello"), "{diff:?}");
    let document = room.run(&format!("boots replay {} --document", ids[0])).await;
    assert_eq!(document.stdout, "#!ipxe\necho hello\necho web-1 R640\nshell\n");
    let json = room.json(&format!("boots replay {}", ids[2])).await;
    assert_eq!((&json["verdict"], &json["then"]["outcome"]), (&"same".into(), &"held".into()));
    room.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_settings_and_a_lost_audit_are_told() {
    let room = Room::start().await;
    // The script of an unknown machine waits as long as it is configured.
    room.get("/ipxe?mac=52-54-00-00-00-02").await;
    let unknown = room.newest_id().await;
    room.get(ASK).await;
    let known = room.newest_id().await;
    let dir = room.app.stop().await;

    let room = Room::in_dir(dir, &[("boot.hold_seconds", "7")]).await;
    let differs = room.run(&format!("boots replay {unknown}")).await;
    assert_eq!(differs.exit, 1, "{differs:?}");
    assert!(differs.stdout.starts_with("differs: "), "{differs:?}");
    assert!(
        differs.stdout.contains("the settings of [boot], [assets] or [limits] are other ones"),
        "{differs:?}"
    );
    let same = room.run(&format!("boots replay {known}")).await;
    assert_eq!(same.exit, 0, "what does not depend on them is the same: {same:?}");

    room.app.image("demo", |image| image.args = vec!["debug".to_owned()]).await;
    let path = room.app.dir.path().join("test.db");
    let url = format!("sqlite://{}", path.display());
    let database = crate::store::database::Database { url };
    let same = room.run(&format!("boots replay {known}")).await;
    assert_eq!(same.exit, 0, "{same:?}");
    database.execute("DELETE FROM audit WHERE noun = 'image' AND action = 'update'").await;
    let lost = room.run(&format!("boots replay {known}")).await;
    assert_eq!(lost.exit, 1, "{lost:?}");
    assert!(lost.stdout.starts_with("incomplete: "), "{lost:?}");
    assert!(
        lost.stdout.contains("missing: the audit of 1 of the 1 catalog revisions from 3 to 3"),
        "{lost:?}"
    );
    room.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_somebody_changed_is_not_the_same() {
    let room = Room::start().await;
    room.get(ASK).await;
    let id = room.newest_id().await;
    let dir = room.app.stop().await;
    let url = format!("sqlite://{}", dir.path().join("test.db").display());
    let database = crate::store::database::Database { url };
    database.execute(&format!("UPDATE boots SET sha256 = '{}'", "00".repeat(32))).await;
    let room = Room::in_dir(dir, &[]).await;
    let run = room.run(&format!("boots replay {id}")).await;
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(run.stdout.starts_with("differs: ") && run.stdout.contains("the content alone"), "{run:?}");
    room.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_masked_unless_they_are_asked_for() {
    let room = Room::start().await;
    let source =
        "{#- params\ntoken: { type: string, secret: true }\n-#}\n#!ipxe\necho {{ params.token }}\nshell\n";
    room.app.template("own", "ipxe", source).await.unwrap();
    room.app
        .machine("web-1", "52:54:00:00:00:01", |machine| {
            machine.image = "demo".into();
            machine.templates.insert("ipxe".into(), "own".into());
            machine.params.insert("token".into(), "\"hunter2\"".into());
        })
        .await;
    assert!(room.get(ASK).await.body.contains("hunter2"));
    let id = room.newest_id().await;
    let masked = room.run(&format!("boots replay {id} --document")).await;
    assert_eq!(masked.exit, 0, "the hash is that of what the machine got: {masked:?}");
    assert!(masked.stdout.contains("__secret__") && !masked.stdout.contains("hunter2"), "{masked:?}");
    let shown = room.run(&format!("boots replay {id} --document --show-secrets")).await;
    assert!(shown.stdout.contains("hunter2"), "{shown:?}");
    room.app.stop().await;
}
