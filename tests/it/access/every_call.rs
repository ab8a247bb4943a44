//! Every call that is served, with every kind of credential.

use std::collections::BTreeSet;
use std::time::Duration;

use prost::Message;
use prost_types::FileDescriptorSet;
use pxe_init::domain::Role;
use pxe_init::grpc::{NEEDS, Need};
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::Code;

use super::oidc::Provider;
use super::{calls, closed, make};

/// The path of every call that is described to whoever asks the server what it has.
fn served() -> BTreeSet<String> {
    let sets = [
        pxe_init::proto::DESCRIPTORS,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ];
    let mut found = BTreeSet::new();
    for set in sets {
        for file in FileDescriptorSet::decode(set).unwrap().file {
            for service in &file.service {
                for method in &service.method {
                    found.insert(format!("/{}.{}/{}", file.package(), service.name(), method.name()));
                }
            }
        }
    }
    found
}

fn table() -> Vec<(String, Need)> {
    let calls = NEEDS.iter().flat_map(|(service, calls)| {
        calls.iter().map(move |(call, need)| (format!("/{service}/{call}"), *need))
    });
    calls.collect()
}

#[test]
fn the_table_has_every_call_and_no_other() {
    let listed: BTreeSet<_> = table().into_iter().map(|(path, _)| path).collect();
    assert_eq!(listed.len(), table().len(), "a call is there twice");
    assert_eq!(listed, served());
}

#[tokio::test]
async fn every_call_asks_who_calls() {
    let (provider, dir) = (Provider::new(), TempDir::new().unwrap());
    let (keys, config) = (dir.path().join("keys.json"), dir.path().join("server.toml"));
    std::fs::write(&keys, provider.jwks("")).unwrap();
    std::fs::write(&config, Provider::settings(&format!("jwks_file = \"{}\"", keys.display()))).unwrap();
    let jwt = |changed: Value| provider.token("EdDSA", "ed", &changed);
    let [eyes, hands, heads] = ["eyes", "hands", "heads"].map(|group| jwt(json!({ "groups": [group] })));
    let old = jwt(json!({ "exp": 1 }));
    let foreign = Provider::new().token("EdDSA", "ed", &json!({}));
    let (app, admin) = closed(&[("config", config.to_str().unwrap())]).await;
    let viewer = make(&app, &admin, "viewer", "viewer", |_| ()).await;
    let operator = make(&app, &admin, "operator", "operator", |_| ()).await;
    let expired = make(&app, &admin, "expired", "admin", |request| request.expires_in_seconds = 1).await;
    let revoked = make(&app, &admin, "revoked", "admin", |_| ()).await;
    let revoke = pxe_init::proto::pxe_init::RevokeTokenRequest { name: "revoked".into() };
    calls::access(&app, Some(&admin)).await.revoke_token(revoke).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let wrong = format!("pxeinit_{}", "0".repeat(64));

    let credentials = [
        (None, None),
        (Some(&*wrong), None),
        (Some(&*expired), None),
        (Some(&*revoked), None),
        (Some(&*viewer), Some(Role::Viewer)),
        (Some(&*operator), Some(Role::Operator)),
        (Some(&*admin), Some(Role::Admin)),
        (Some(&*foreign), None),
        (Some(&*old), None),
        (Some(&*eyes), Some(Role::Viewer)),
        (Some(&*hands), Some(Role::Operator)),
        (Some(&*heads), Some(Role::Admin)),
    ];
    let mut tried = 0;
    for (token, role) in credentials {
        let caller = calls::caller(&app, token).await;
        for (path, need) in table() {
            let (code, message) = calls::code(caller.clone(), &path).await;
            let refused = match code {
                // So many wrong credentials are not answered one by one for long.
                Code::ResourceExhausted if role.is_none() && token.is_some() => Some(Code::Unauthenticated),
                Code::Unauthenticated | Code::PermissionDenied => Some(code),
                _ => None,
            };
            let expected = match (need, role) {
                (Need::Nothing, _) => None,
                (Need::Role(_), None) => Some(Code::Unauthenticated),
                (Need::Role(need), Some(role)) => (role < need).then_some(Code::PermissionDenied),
            };
            assert_eq!(refused, expected, "{path} as {role:?}: {code:?} {message}");
            assert_ne!(code, Code::Unimplemented, "{path}");
            tried += 1;
        }
    }
    assert_eq!(tried, 12 * served().len());
}

#[tokio::test]
async fn a_call_that_nobody_knows_is_for_admins() {
    let (app, admin) = closed(&[]).await;
    let viewer = make(&app, &admin, "viewer", "viewer", |_| ()).await;
    for path in ["/pxe_init.v1.ImageService/Eat", "/x.Y/Z", "/x", "/"] {
        let of = async |token| calls::code(calls::caller(&app, token).await, path).await.0;
        assert_eq!(of(None).await, Code::Unauthenticated, "{path}");
        assert_eq!(of(Some(&*viewer)).await, Code::PermissionDenied, "{path}");
        assert_eq!(of(Some(&*admin)).await, Code::Unimplemented, "{path}");
    }
}
