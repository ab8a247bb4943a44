//! Who may make which call.

mod bounds;
mod calls;
mod every_call;
mod https;
mod masks;
mod oidc;
mod secure;
mod tokens;

use std::path::Path;
use std::process::{Command, Output};

use pxe_init::proto::pxe_init as v1;
use tempfile::TempDir;

use crate::app::TestApp;

/// A server that knows nobody without a credential, and the token of its admin.
pub(crate) async fn closed(settings: &[(&'static str, &str)]) -> (TestApp, String) {
    let dir = TempDir::new().unwrap();
    let token = first_token(dir.path(), "root");
    let settings = [&[("management.anonymous", "never")], settings].concat();
    (TestApp::in_dir(dir, &settings).await, token)
}

/// Makes a token of an admin in the database of a server in `dir`, as `pxe-init-server token create` does.
pub(crate) fn first_token(dir: &Path, name: &str) -> String {
    let output = server(dir, &["token", "create", name, "--role", "admin"]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Runs the server's binary on the database in `dir`.
pub(crate) fn server(dir: &Path, args: &[&str]) -> Output {
    let url = format!("sqlite://{}?mode=rwc", dir.join("test.db").display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_pxe-init-server"));
    command.env_clear().args(args).args(["--database-url", &url]).output().unwrap()
}

/// Makes a token, as the holder of `by`.
async fn make(
    app: &TestApp,
    by: &str,
    name: &str,
    role: &str,
    change: impl FnOnce(&mut v1::CreateTokenRequest),
) -> String {
    let mut request = v1::CreateTokenRequest { name: name.into(), role: role.into(), ..Default::default() };
    change(&mut request);
    calls::access(app, Some(by)).await.create_token(request).await.unwrap().into_inner().bearer
}
