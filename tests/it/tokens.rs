//! Tokens of boots, from the boot script to the documents that ask for them.

mod armed;
mod paths;
mod replay;

use pxe_init::domain::Kind;
use tempfile::TempDir;

use crate::app::{Reply, TestApp};
use crate::shell::client_ok;
use crate::store::database::Database;

const MAC: &str = "52-54-00-00-00-01";
const OTHER: &str = "52-54-00-00-00-02";

/// The kinds of document that are not asked for first.
fn protected_kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| *kind != Kind::Ipxe)
}

/// Two machines of an image with a document of each kind. `protect` is what the image asks for.
async fn site(protect: &str) -> TestApp {
    let app = TestApp::start().await;
    furnish(&app, protect).await;
    app
}

async fn furnish(app: &TestApp, protect: &str) {
    let urls: String =
        protected_kinds().map(|kind| format!("echo {{{{ server.url_for('{kind}') }}}}\n")).collect();
    app.template("script", "ipxe", &format!("#!ipxe\n{urls}echo seed {{{{ server.seed_url }}}}\n"))
        .await
        .unwrap();
    for kind in protected_kinds() {
        let source = match kind {
            Kind::Ignition => "{\"ignition\": {\"version\": \"3.4.0\"}}\n",
            Kind::UserData | Kind::VendorData => "#cloud-config\nhostname: x\n",
            Kind::Autoinstall => "version: 1\nidentity: {hostname: x, username: u, password: \"*\"}\n",
            Kind::Kickstart => {
                "text\nreboot\nlang C\nkeyboard us\ntimezone UTC\nrootpw --lock\nbootloader\nclearpart --all\nautopart\nurl --url=http://x/\n%packages\n%end\n"
            }
            Kind::Preseed => "d-i debian-installer/locale string C\n",
            Kind::MetaData => "instance-id: x\n",
            Kind::NetworkConfig => "version: 2\n",
            _ => "# nothing\n",
        };
        let result = app.template(&format!("own.{kind}"), kind.as_str(), source).await;
        result.unwrap_or_else(|e| panic!("{kind}: {e:?}"));
    }
    app.image("demo", |image| {
        image.templates.insert("ipxe".into(), "script".into());
        for kind in protected_kinds() {
            image.templates.insert(kind.as_str().into(), format!("own.{kind}"));
        }
        if !protect.is_empty() {
            image.params.insert("protect".into(), format!("\"{protect}\""));
        }
    })
    .await;
    for (name, mac) in [("web-1", MAC), ("web-2", OTHER)] {
        client_ok(app, &format!("machine register {name} --mac {mac} --image demo")).await;
    }
}

/// The paths that a boot script names, that of each kind and the NoCloud directory last.
fn paths(script: &str) -> Vec<String> {
    let words = script.lines().filter_map(|line| line.rsplit(' ').next());
    let urls = words.filter(|word| word.starts_with("http://"));
    urls.map(|url| format!("/{}", url.splitn(4, '/').nth(3).unwrap())).collect()
}

/// A boot: asks for the script, and gives the paths of the documents.
async fn boot(app: &TestApp, mac: &str) -> Vec<String> {
    let script = app.get(&format!("/ipxe?mac={mac}")).await;
    assert_eq!(script.status, 200, "{script:?}");
    paths(&script.body)
}

/// The token in a path.
fn token(path: &str) -> &str {
    let (_, rest) = path.split_once("token=").unwrap_or_else(|| panic!("{path} has no token"));
    rest.split(['&', '/']).next().unwrap()
}

fn is_denied(reply: &Reply, why: &str) -> bool {
    let outcome = reply.headers.iter().find(|(name, _)| name == "x-pxe-init-outcome");
    reply.status == 403 && reply.body.contains(why) && outcome.is_some_and(|(_, value)| value == "denied")
}

fn database(app: &TestApp) -> Database {
    Database { url: format!("sqlite://{}", app.dir.path().join("test.db").display()) }
}

async fn restarted(app: TestApp) -> TestApp {
    let dir: TempDir = app.stop().await;
    TestApp::in_dir(dir, &[]).await
}
