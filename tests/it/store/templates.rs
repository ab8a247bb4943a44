//! Every save of a template is kept, and has a number of its own.

use pxe_init::domain::{Actor, Change, Kind, Labels, Noun, Revision, RevisionInfo, Template, Timestamp};

use super::database::Database;
use super::samples::{delete, name, put, since, template};

contract!(
    numbered_from_one,
    labels_take_no_number,
    history_outlives_deletion,
    pages_of_history,
    sources_by_number
);

async fn numbered_from_one(database: Database) {
    let store = database.store().await;
    for (i, source) in ["a", "b", "a"].into_iter().enumerate() {
        let saved = put(&store, &Change::Template(template(source))).await;
        let head = Revision::try_from(i).unwrap() + 1;
        assert_eq!(saved.change, Change::Template(Template { head, ..template(source) }));
    }
    let other = Template { name: name("other"), ..template("x") };
    let saved = put(&store, &Change::Template(other.clone())).await;
    assert_eq!(saved.change, Change::Template(Template { head: 1, ..other }));
    // A head that the caller made up counts for nothing.
    let saved = put(&store, &Change::Template(Template { head: 77, ..template("c") })).await;
    assert_eq!(saved.change, Change::Template(Template { head: 4, ..template("c") }));
}

async fn labels_take_no_number(database: Database) {
    let store = database.store().await;
    let labelled = |source: &str, site: &str| {
        let labels = Labels::from([("site".to_owned(), site.to_owned())]);
        Template { labels, ..template(source) }
    };
    put(&store, &Change::Template(template("a"))).await;
    let saved = put(&store, &Change::Template(labelled("a", "b"))).await;
    assert_eq!(saved.revision, 2);
    assert_eq!(saved.change, Change::Template(Template { head: 1, ..labelled("a", "b") }));
    assert_eq!(since(&store, 1).await.changes, [saved]);
    assert_eq!(store.template_revisions(&name("linux"), None, 9).await.unwrap().len(), 1);
    let noted =
        database.query("SELECT before, after FROM audit WHERE revision = 2", &["before", "after"]).await;
    assert!(!noted[0][0].contains("labels") && noted[0][1].contains(r#""labels":{"site":"b"}"#), "{noted:?}");

    let saved = put(&store, &Change::Template(labelled("b", "c"))).await;
    assert_eq!(saved.change, Change::Template(Template { head: 2, ..labelled("b", "c") }));
    // The history is of sources, and knows no labels.
    let old = store.template_source(&name("linux"), 1).await.unwrap().unwrap();
    assert_eq!(old, Template { head: 1, ..template("a") });
}

async fn history_outlives_deletion(database: Database) {
    let store = database.store().await;
    put(&store, &Change::Template(template("a"))).await;
    put(&store, &delete(Noun::Template, "linux")).await;
    assert_eq!(store.template_revisions(&name("linux"), None, 9).await.unwrap().len(), 1);
    let old = store.template_source(&name("linux"), 1).await.unwrap().unwrap();
    assert_eq!(old, Template { head: 1, ..template("a") });
    let reborn = Template { kind: Kind::Text, ..template("b") };
    let saved = put(&store, &Change::Template(reborn.clone())).await;
    assert_eq!(saved.change, Change::Template(Template { head: 2, ..reborn }));
    assert_eq!(since(&store, 0).await.changes, [saved]);
    // The old revision stays what it was.
    assert_eq!(store.template_source(&name("linux"), 1).await.unwrap().unwrap(), old);
}

async fn pages_of_history(database: Database) {
    let store = database.store().await;
    for (i, source) in ["a", "b", "c", "d"].into_iter().enumerate() {
        let actor = Actor { name: format!("author-{i}"), origin: "::1".to_owned() };
        let mut write = store.begin(&actor, Timestamp(1000 + i as i64)).await.unwrap();
        write.put(&Change::Template(template(source)), &format!("message {i}")).await.unwrap();
        write.commit().await.unwrap();
    }
    let linux = name("linux");
    let numbers = async |before, limit| -> Vec<Revision> {
        let page = store.template_revisions(&linux, before, limit).await.unwrap();
        page.iter().map(|info| info.number).collect()
    };
    assert_eq!(numbers(None, 9).await, [4, 3, 2, 1]);
    assert_eq!(numbers(None, 3).await, [4, 3, 2]);
    assert_eq!(numbers(Some(2), 3).await, [1]);
    assert!(numbers(Some(1), 3).await.is_empty());
    assert!(numbers(None, 0).await.is_empty());
    assert!(store.template_revisions(&name("none"), None, 9).await.unwrap().is_empty());
    assert_eq!(
        store.template_revisions(&linux, Some(2), 1).await.unwrap(),
        [RevisionInfo {
            number: 1,
            // sha256sum of "a".
            sha256: "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb".to_owned(),
            author: "author-0".to_owned(),
            message: "message 0".to_owned(),
            created: Timestamp(1000),
        }]
    );
}

async fn sources_by_number(database: Database) {
    let store = database.store().await;
    put(&store, &Change::Template(template("a"))).await;
    put(&store, &Change::Template(template("b"))).await;
    let linux = name("linux");
    for (number, source) in [(1, "a"), (2, "b")] {
        let found = store.template_source(&linux, number).await.unwrap();
        assert_eq!(found, Some(Template { head: number, ..template(source) }));
    }
    for number in [0, 3, Revision::MAX] {
        assert_eq!(store.template_source(&linux, number).await.unwrap(), None);
    }
}
