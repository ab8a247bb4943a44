//! Databases of other versions.

use pxe_init::domain::{Change, Image, Stamped};
use pxe_init::store::{Options, Store, StoreError};

use super::database::Database;
use super::samples::{AT, actor, image, put, since};

contract!(
    migrating_again_changes_nothing,
    newer_database_is_refused,
    not_yet_migrated,
    rows_from_before_labels_have_none
);

async fn migrating_again_changes_nothing(database: Database) {
    let store = database.store().await;
    let stamped = put(&store, &Change::Image(image())).await;
    store.migrate().await.unwrap();
    assert_eq!(since(&database.store().await, 0).await.changes, [stamped]);
}

async fn newer_database_is_refused(database: Database) {
    let store = database.store().await;
    database
        .execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_x', 0)")
        .await;
    let opened = Store::connect(&Options::new(&database.url)).await.map(|_| ());
    for refused in [store.migrate().await, opened] {
        let error = refused.unwrap_err();
        assert!(matches!(&error, StoreError::SchemaTooNew { unknown } if unknown == &["m29990101_000001_x"]));
        assert_eq!(
            error.to_string(),
            "the database was changed by a newer version (unknown migrations: m29990101_000001_x); \
             run that version, or restore a backup"
        );
    }
}

/// What an older version wrote names no column of labels.
async fn rows_from_before_labels_have_none(database: Database) {
    let store = database.store().await;
    database
        .execute(
            "INSERT INTO images (name, revision, deleted, initrds, args, params, templates) \
             VALUES ('old', 1, FALSE, '[]', '[]', '{}', '{}')",
        )
        .await;
    database.execute("UPDATE catalog_revision SET revision = 1").await;
    let old = Change::Image(Image::new("old".parse().unwrap()));
    assert_eq!(since(&store, 0).await.changes, [Stamped { revision: 1, change: old }]);
}

async fn not_yet_migrated(database: Database) {
    let store = database.connect().await;
    let errors = [
        store.revision().await.map(|_| ()).unwrap_err(),
        store.changes_since(0).await.map(|_| ()).unwrap_err(),
        store.begin(&actor(), AT).await.map(|_| ()).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::NotMigrated { .. }), "{error:?}");
    }
    store.migrate().await.unwrap();
    assert_eq!(store.revision().await.unwrap(), 0);
}
