//! A reader whose revision is not one of this database's, and how it is told.

use pxe_init::domain::{Changes, Name, Stamped, State};
use pxe_init::store::{Basis, Store};
use tokio::sync::mpsc;

use super::database::Database;
use super::samples::{machine_named, put};

contract!(
    a_reader_that_follows,
    another_database,
    an_older_revision,
    the_same_revisions_once_more,
    very_far_behind,
);

/// What a reader is given who knows `known`.
async fn read(store: &Store, known: Option<&State>) -> (State, Basis, Vec<String>) {
    let reading = store.read(known).await.unwrap();
    let (state, basis) = (reading.state.clone(), reading.basis);
    let (sender, mut pieces) = mpsc::channel::<Vec<Stamped>>(100);
    reading.give(sender).await.unwrap();
    let mut names = Vec::new();
    while let Some(piece) = pieces.recv().await {
        names.extend(piece.iter().map(|stamped| stamped.change.name().to_string()));
    }
    names.sort();
    (state, basis, names)
}

async fn register(store: &Store, number: u8) {
    put(store, &machine_named(&format!("m{number}"), &format!("52:54:00:00:00:{number:02x}"))).await;
}

async fn a_reader_that_follows(database: Database) {
    let store = database.store().await;
    register(&store, 1).await;
    let (first, basis, names) = read(&store, None).await;
    assert_eq!((first.revision, basis, names), (1, Basis::New, vec!["m1".to_owned()]));
    assert_eq!(read(&store, Some(&first)).await, (first.clone(), Basis::Known, vec![]));
    register(&store, 2).await;
    register(&store, 3).await;
    let (third, basis, names) = read(&store, Some(&first)).await;
    assert_eq!((third.revision, basis, names), (3, Basis::Known, vec!["m2".to_owned(), "m3".to_owned()]));
    assert_eq!(store.state().await.unwrap(), third);
    assert!(third.mark != first.mark && third.identity == first.identity);
}

async fn another_database(database: Database) {
    let store = database.store().await;
    register(&store, 1).await;
    let known = State { identity: "other".into(), ..store.state().await.unwrap() };
    let (_, basis, names) = read(&store, Some(&known)).await;
    assert_eq!((basis, names), (Basis::Other, vec!["m1".to_owned()]));
}

async fn an_older_revision(database: Database) {
    let store = database.store().await;
    register(&store, 1).await;
    let known = State { revision: 2, ..store.state().await.unwrap() };
    let (_, basis, names) = read(&store, Some(&known)).await;
    assert_eq!((basis, names), (Basis::WentBack, vec!["m1".to_owned()]));
}

/// A backup of revision 1 is restored, and written to until it is past the revision that a reader has.
async fn the_same_revisions_once_more(database: Database) {
    let store = database.store().await;
    register(&store, 1).await;
    let first = store.state().await.unwrap();
    register(&store, 2).await;
    let second = store.state().await.unwrap();
    go_back(&database, &first).await;
    register(&store, 3).await;
    // As far as the reader, and no further.
    let (_, basis, names) = read(&store, Some(&second)).await;
    assert_eq!((basis, names), (Basis::Unmarked, vec!["m1".to_owned(), "m3".to_owned()]));
    register(&store, 4).await;
    let (third, basis, names) = read(&store, Some(&second)).await;
    assert_eq!((third.revision, basis, names.len()), (3, Basis::Unmarked, 3));
    // A writer that knows what is gone is told the same.
    let mut write = store.begin(&super::samples::actor(), super::samples::AT).await.unwrap();
    let (stored, basis, Changes { changes, .. }) = write.missed(Some(&second)).await.unwrap();
    assert_eq!((stored, basis, changes.len()), (third.clone(), Basis::Unmarked, 3));
    write.rollback().await.unwrap();
    // Who had the backup's revision can go on from it.
    let (_, basis, names) = read(&store, Some(&first)).await;
    assert_eq!((basis, names), (Basis::Known, vec!["m3".to_owned(), "m4".to_owned()]));
}

async fn very_far_behind(database: Database) {
    let store = database.store().await;
    register(&store, 1).await;
    let first = store.state().await.unwrap();
    database.execute("UPDATE catalog_revision SET revision = 19999").await;
    register(&store, 2).await;
    let (_, basis, names) = read(&store, Some(&first)).await;
    assert_eq!((basis, names), (Basis::Unmarked, vec!["m1".to_owned(), "m2".to_owned()]));
    let marks = database.query("SELECT revision FROM revision_marks", &["revision"]).await;
    assert_eq!(marks, [["20000"]], "old marks are cleared away");
}

/// Leaves in the database what a backup of this state would.
pub(crate) async fn go_back(database: &Database, to: &State) {
    let revision = to.revision;
    for table in ["machines", "images", "rules", "templates", "revision_marks"] {
        database.execute(&format!("DELETE FROM {table} WHERE revision > {revision}")).await;
    }
    let gone = "DELETE FROM machine_macs WHERE machine NOT IN (SELECT name FROM machines)";
    database.execute(gone).await;
    let mark: Name = to.mark.parse().unwrap();
    database.execute(&format!("UPDATE catalog_revision SET revision = {revision}, mark = '{mark}'")).await;
}
