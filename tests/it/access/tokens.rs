//! Tokens from their making to their end.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use pxe_init::proto::pxe_init as v1;
use tonic::Code;

use super::{calls, closed, first_token, make, server};
use crate::app::TestApp;
use crate::store::database::on_postgres;

async fn who(app: &TestApp, token: Option<&str>) -> Result<(String, String, bool, String), (Code, String)> {
    let answer = calls::access(app, token).await.who_am_i(v1::WhoAmIRequest {}).await;
    let v1::WhoAmIResponse { name, role, secrets, method } =
        answer.map_err(|status| (status.code(), status.message().to_owned()))?.into_inner();
    Ok((name, role, secrets, method))
}

fn known(
    name: &str,
    role: &str,
    secrets: bool,
    method: &str,
) -> Result<(String, String, bool, String), (Code, String)> {
    Ok((name.into(), role.into(), secrets, method.into()))
}

#[tokio::test]
async fn a_token_says_who_calls() {
    let (app, root) = closed(&[]).await;
    assert_eq!(who(&app, Some(&root)).await, known("root", "admin", true, "token"));
    let viewer = make(&app, &root, "eye", "viewer", |_| ()).await;
    assert_eq!(who(&app, Some(&viewer)).await, known("eye", "viewer", false, "token"));
    let trusted = make(&app, &root, "vault", "operator", |request| request.secrets = true).await;
    assert_eq!(who(&app, Some(&trusted)).await, known("vault", "operator", true, "token"));
    let (code, told) = who(&app, None).await.unwrap_err();
    assert_eq!(code, Code::Unauthenticated);
    assert!(told.contains("PXE_INIT_TOKEN") && told.contains("token create"), "{told}");
}

#[tokio::test]
async fn without_credentials_loopback_is_admin_by_default_and_a_wrong_token_is_still_wrong() {
    let app = TestApp::start().await;
    assert_eq!(who(&app, None).await, known("anonymous", "admin", true, "anonymous"));
    let (code, _) = who(&app, Some("nonsense")).await.unwrap_err();
    assert_eq!(code, Code::Unauthenticated);
    // A proxy on this computer passes on what comes from elsewhere.
    for header in ["x-forwarded-for", "forwarded"] {
        let mut client = v1::access_service_client::AccessServiceClient::new(app.channel().await);
        let mut request = tonic::Request::new(v1::WhoAmIRequest {});
        request.metadata_mut().insert(header, "for=192.0.2.1".parse().unwrap());
        assert_eq!(client.who_am_i(request).await.unwrap_err().code(), Code::Unauthenticated, "{header}");
    }
}

#[tokio::test]
async fn the_history_names_the_token_and_not_what_the_client_claims() {
    let (app, root) = closed(&[]).await;
    let token = make(&app, &root, "ci", "operator", |_| ()).await;
    let caller = calls::caller(&app, Some(&token)).await;
    let mut templates = v1::template_service_client::TemplateServiceClient::new(caller);
    let template = v1::Template {
        name: "t".into(),
        kind: "text".into(),
        source: "hello\n".into(),
        ..Default::default()
    };
    let mut request =
        tonic::Request::new(v1::RegisterTemplateRequest { template: Some(template), ..Default::default() });
    request.metadata_mut().insert("x-pxe-init-user", "somebody-else".parse().unwrap());
    templates.register_template(request).await.unwrap();
    let request = v1::ListTemplateRevisionsRequest { name: "t".into(), ..Default::default() };
    let history = templates.list_template_revisions(request).await.unwrap().into_inner();
    assert_eq!(history.revisions[0].author, "ci");
}

#[tokio::test]
async fn a_token_is_listed_and_revoked_and_its_name_is_free_again() {
    let (app, root) = closed(&[]).await;
    let first = make(&app, &root, "ci", "viewer", |request| request.expires_in_seconds = 3600).await;
    let mut access = calls::access(&app, Some(&root)).await;
    let again = v1::CreateTokenRequest { name: "ci".into(), role: "admin".into(), ..Default::default() };
    let twice = access.create_token(again.clone()).await.unwrap_err();
    assert_eq!(twice.code(), Code::AlreadyExists);
    assert!(twice.message().contains("a token ci is in force, made by root"), "{twice:?}");

    let revoke = v1::RevokeTokenRequest { name: "ci".into() };
    access.revoke_token(revoke.clone()).await.unwrap();
    let (code, told) = who(&app, Some(&first)).await.unwrap_err();
    assert_eq!((code, told.as_str()), (Code::Unauthenticated, "the token ci was revoked"));
    assert_eq!(access.revoke_token(revoke).await.unwrap_err().code(), Code::NotFound);

    let audit = calls::caller(&app, Some(&root)).await;
    let mut audit = v1::audit_service_client::AuditServiceClient::new(audit);
    let filter = v1::AuditFilter { noun: "token".into(), name: "ci".into(), ..Default::default() };
    let request = v1::ListAuditRequest { filter: Some(filter), ..Default::default() };
    let entries = audit.list_audit(request).await.unwrap().into_inner().entries;
    let told: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.actor.as_str())).collect();
    assert_eq!(told, [("delete", "root"), ("create", "root")]);
    assert!(entries[1].after.contains("viewer") && !entries[1].after.contains(&first), "{entries:?}");
    let mut verdict = audit.verify_audit(v1::VerifyAuditRequest::default()).await.unwrap().into_inner();
    while let Some(answer) = verdict.message().await.unwrap() {
        if let Some(v1::verify_audit_response::Event::Verdict(verdict)) = answer.event {
            assert_eq!((verdict.broken_id, verdict.problem.as_str()), (0, ""));
        }
    }

    let second = access.create_token(again).await.unwrap().into_inner().bearer;
    assert_ne!(first, second);
    assert_eq!(who(&app, Some(&second)).await, known("ci", "admin", true, "token"));
    let mut list = async |all| {
        let tokens = access.list_tokens(v1::ListTokensRequest { all }).await.unwrap().into_inner().tokens;
        tokens.into_iter().map(|t| [t.name, t.role, t.state, t.revoked_by].join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(list(false).await, ["ci admin active ", "root admin active "]);
    assert_eq!(list(true).await, ["ci viewer revoked root", "ci admin active ", "root admin active "]);
}

#[tokio::test]
async fn wrong_requests_are_told() {
    let (app, root) = closed(&[]).await;
    let mut access = calls::access(&app, Some(&root)).await;
    let mut told = Vec::new();
    for (name, role, expires_in_seconds) in
        [("", "viewer", 0), ("a b", "viewer", 0), ("a", "", 0), ("a", "root", 0), ("a", "viewer", u64::MAX)]
    {
        let request = v1::CreateTokenRequest {
            name: name.into(),
            role: role.into(),
            expires_in_seconds,
            secrets: false,
        };
        let status = access.create_token(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let fields = tonic_types::StatusExt::get_details_bad_request(&status).unwrap().field_violations;
        told.extend(fields.into_iter().map(|field| format!("{}: {}", field.field, field.description)));
    }
    assert_eq!(told.len(), 5, "{told:?}");
    assert_eq!(told[3], "role: \"root\" is no role; use viewer, operator or admin");
    for header in ["Basic YTpi", "Bearer", "Bearer  ", "pxeinit_0"] {
        let mut client = v1::access_service_client::AccessServiceClient::new(app.channel().await);
        let mut request = tonic::Request::new(v1::WhoAmIRequest {});
        request.metadata_mut().insert("authorization", header.parse().unwrap());
        let status = client.who_am_i(request).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!(
            status.message(),
            "the authorization header has no bearer token; send it once, as Bearer TOKEN"
        );
    }
}

#[tokio::test]
async fn the_database_has_no_token_in_clear_and_knows_when_one_was_used() {
    let (app, root) = closed(&[]).await;
    who(&app, Some(&root)).await.unwrap();
    let mut used = 0;
    for _ in 0..100 {
        let request = v1::ListTokensRequest { all: false };
        let tokens =
            calls::access(&app, Some(&root)).await.list_tokens(request).await.unwrap().into_inner().tokens;
        used = tokens[0].last_used_ms;
        if used != 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_ne!(used, 0, "nobody noted the use");
    let dir = app.stop().await;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(root.len()).any(|window| window == root.as_bytes()));
    }
}

#[tokio::test]
async fn a_running_server_learns_of_a_token_that_is_made_in_its_database() {
    let app = TestApp::with(&[("management.anonymous", "never")]).await;
    let token = first_token(app.dir.path(), "late");
    for _ in 0..200 {
        if who(&app, Some(&token)).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the token is not known after 20 s");
}

#[test]
fn the_first_token_goes_into_a_file_that_only_its_owner_reads() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("admin.token");
    let create = || {
        server(dir.path(), &["token", "create", "admin", "--role", "admin", "--out", file.to_str().unwrap()])
    };
    let output = create();
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    let token = std::fs::read_to_string(&file).unwrap();
    assert!(token.starts_with("pxeinit_") && token.trim().len() == 8 + 64, "{token}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = create();
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("admin.token: exists already"), "{again:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), token, "it is as it was");
    std::fs::remove_file(&file).unwrap();
    let taken = create();
    assert!(String::from_utf8_lossy(&taken.stderr).contains("a token admin is in force"), "{taken:?}");
    assert!(!file.exists(), "no empty file is left");
}

#[tokio::test]
async fn the_audit_says_who_was_denied_what() {
    let (app, root) = closed(&[]).await;
    let viewer = make(&app, &root, "eye", "viewer", |_| ()).await;
    let refused =
        calls::code(calls::caller(&app, Some(&viewer)).await, "/pxe_init.v1.MachineService/DeleteMachine");
    assert_eq!(refused.await.0, Code::PermissionDenied);
    let caller = calls::caller(&app, Some(&root)).await;
    let mut audit = v1::audit_service_client::AuditServiceClient::new(caller);
    let entries = audit.list_audit(v1::ListAuditRequest::default()).await.unwrap().into_inner().entries;
    let told: Vec<_> =
        entries.iter().map(|e| [&*e.actor, &*e.origin, &*e.action, &*e.name].join(" ")).collect();
    let expected = [
        "eye 127.0.0.1 denied pxe_init.v1.MachineService/DeleteMachine",
        "root 127.0.0.1 create eye",
        "pxe-init-server local create root",
    ];
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_the_same_on_postgres() {
    on_postgres("access::tokens_are_the_same_on_postgres", |database| async move {
        let settings = [("database.url", database.url.as_str()), ("snapshot.file", "")];
        let app = TestApp::with(&settings).await;
        let mut access = calls::access(&app, None).await;
        let new = |expires_in_seconds| v1::CreateTokenRequest {
            name: "ci".into(),
            role: "operator".into(),
            secrets: true,
            expires_in_seconds,
        };
        let first = access.create_token(new(3600)).await.unwrap().into_inner().bearer;
        assert_eq!(who(&app, Some(&first)).await, known("ci", "operator", true, "token"));
        // Another server of the database hears of it.
        let other = TestApp::with(&settings).await;
        assert_eq!(who(&other, Some(&first)).await, known("ci", "operator", true, "token"));
        access.revoke_token(v1::RevokeTokenRequest { name: "ci".into() }).await.unwrap();
        assert!(who(&app, Some(&first)).await.is_err());
        access.create_token(new(0)).await.unwrap();
        let all = v1::ListTokensRequest { all: true };
        let tokens = access.list_tokens(all).await.unwrap().into_inner().tokens;
        assert_eq!(
            tokens.iter().map(|token| token.state.as_str()).collect::<Vec<_>>(),
            ["revoked", "active"]
        );
        other.stop().await;
        app.stop().await;
    })
    .await;
}
