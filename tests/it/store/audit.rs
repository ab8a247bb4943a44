//! Every change is noted: who, when, what, and how it was before and after.

use pxe_init::domain::{Actor, Change, Image, Noun, Timestamp};
use serde_json::{Value, json};

use super::database::Database;
use super::samples::{AT, actor, delete, image, machine, put_all, rule, template};

contract!(before_and_after, template_sources_are_left_to_the_history);

const COLUMNS: [&str; 10] =
    ["revision", "at", "actor", "origin", "noun", "name", "action", "before", "after", "message"];

async fn rows(database: &Database) -> Vec<Vec<String>> {
    let sql = format!("SELECT {} FROM audit ORDER BY id", COLUMNS.join(", "));
    database.query(&sql, &COLUMNS).await
}

async fn before_and_after(database: Database) {
    let store = database.store().await;
    put_all(&store, &[Change::Image(image()), Change::Machine(machine()), Change::Rule(rule())]).await;
    let other = Actor { name: "grace".to_owned(), origin: "::1".to_owned() };
    let bare = Image::new(image().name);
    let mut write = store.begin(&other, Timestamp(-5)).await.unwrap();
    write.put(&Change::Image(bare.clone()), "less is more").await.unwrap();
    write.put(&delete(Noun::Image, "coreos"), "").await.unwrap();
    write.commit().await.unwrap();
    put_all(&store, &[Change::Image(image())]).await;

    let text = |value: Value| value.to_string();
    let image_json = serde_json::to_string(&image()).unwrap();
    let bare_json = text(json!({"name": "coreos"}));
    let machine_json = serde_json::to_string(&machine()).unwrap();
    let rule_json = serde_json::to_string(&rule()).unwrap();
    let at = AT.0.to_string();
    let created = |revision: &'static str, noun: &'static str, name: &'static str, after: &str| {
        [revision, &at, "ada", "192.0.2.7", noun, name, "create", "-", after, "because"].map(str::to_owned)
    };
    assert_eq!(
        rows(&database).await,
        [
            created("1", "image", "coreos", &image_json),
            created("1", "machine", "web-1.example.org", &machine_json),
            created("1", "rule", "rack-1", &rule_json),
            ["2", "-5", "grace", "::1", "image", "coreos", "update", &image_json, &bare_json, "less is more"]
                .map(str::to_owned),
            ["2", "-5", "grace", "::1", "image", "coreos", "delete", &bare_json, "-", ""].map(str::to_owned),
            created("3", "image", "coreos", &image_json),
        ]
    );
    assert_eq!(actor().to_string(), "ada@192.0.2.7");
}

async fn template_sources_are_left_to_the_history(database: Database) {
    let store = database.store().await;
    put_all(&store, &[Change::Template(template("a"))]).await;
    put_all(&store, &[Change::Template(template("b"))]).await;
    let rows = rows(&database).await;
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let noted =
        |head: u32, sha256: &str| json!({"name": "linux", "kind": "ipxe", "head": head, "sha256": sha256});
    let a = noted(1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
    let b = noted(2, "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d");
    assert_eq!((rows[0][7].as_str(), parsed(&rows[0][8])), ("-", a.clone()));
    assert_eq!((parsed(&rows[1][7]), parsed(&rows[1][8])), (a, b));
}
