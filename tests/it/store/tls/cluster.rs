//! A Postgres of its own with certificates, since to change how it protects connections is to change it for all.

use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use tempfile::TempDir;

use crate::store::database::skip_without_postgres;

/// Who signs certificates.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, in PEM.
pub(super) struct Identity {
    certificate: String,
    key: String,
}

/// Stops when it is dropped.
pub(super) struct Cluster {
    pub(super) url: String,
    pub(super) dir: TempDir,
    /// The certificate of the CA that signed all of these.
    pub(super) root: PathBuf,
    pub(super) good: Identity,
    pub(super) of_another_host: Identity,
    pub(super) expired: Identity,
    /// A certificate of ours, and its key.
    pub(super) client: (PathBuf, PathBuf),
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "a CA of tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    fn sign(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }
}

fn script(args: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres");
    let output = Command::new(script).args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Drop for Cluster {
    fn drop(&mut self) {
        script(&["stop", "--immediate", &self.directory()]);
    }
}

impl Cluster {
    /// None where tests have no Postgres.
    pub(super) fn start(test: &str) -> Option<Self> {
        if skip_without_postgres(test) {
            return None;
        }
        let dir = TempDir::new().unwrap();
        // The server may run as somebody else, who must be able to get there.
        std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let authority = Authority::new();
        let root = dir.path().join("root.crt");
        std::fs::write(&root, authority.pem()).unwrap();
        let own = |_: &mut CertificateParams| ();
        let (good, of_another_host) =
            (authority.sign("127.0.0.1", own), authority.sign("db.example.org", own));
        let expired = authority.sign("127.0.0.1", |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        });
        let client = write(dir.path(), &authority.sign("postgres", own), "client");
        let url = script(&["start", &dir.path().join("cluster").display().to_string()]);
        Some(Self { url, root, good, of_another_host, expired, client, dir })
    }

    /// A client certificate that another CA signed.
    pub(super) fn client_of(&self, authority: &Authority, name: &str) -> (PathBuf, PathBuf) {
        write(self.dir.path(), &authority.sign("postgres", |_| ()), name)
    }

    /// Has the server offer TLS with this certificate to those that `rules` (pg_hba.conf) let in.
    pub(super) async fn offer(&self, identity: &Identity, rules: &str) {
        let admin = self.admin().await;
        // The server writes these files itself: they have to be its own.
        let mut files = vec![
            ("server.crt", identity.certificate.as_str()),
            ("server.key", identity.key.as_str()),
            ("root.crt", "-"),
        ];
        let root = std::fs::read_to_string(&self.root).unwrap();
        files[2].1 = &root;
        // Whoever asks as `admin` is let in whatever the rules say.
        let rules = format!("host all admin all trust\n{rules}\n");
        files.push(("pg_hba.conf", &rules));
        for (name, text) in files {
            for (line, operator) in text.lines().zip(std::iter::once(">").chain(std::iter::repeat(">>"))) {
                let copy = format!("COPY (SELECT '{line}') TO PROGRAM 'umask 077; cat {operator} {name}'");
                admin.execute_unprepared(&copy).await.unwrap();
            }
        }
        for setting in [
            "ssl_cert_file = 'server.crt'",
            "ssl_key_file = 'server.key'",
            "ssl_ca_file = 'root.crt'",
            "ssl = on",
        ] {
            admin.execute_unprepared(&format!("ALTER SYSTEM SET {setting}")).await.unwrap();
        }
        let sql = "SELECT clock_timestamp()::text AS now, pg_reload_conf()";
        let row = admin.query_one_raw(Statement::from_string(sea_orm::DbBackend::Postgres, sql)).await;
        let now: String = row.unwrap().unwrap().try_get("", "now").unwrap();
        admin.close().await.unwrap();
        self.until_reloaded(&now).await;
    }

    /// How the newest connection of ours is protected.
    pub(super) async fn protection(&self) -> &'static str {
        let admin = self.admin().await;
        let sql = "SELECT bool_and(ssl) AS ssl, bool_or(ssl) AS any FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                   WHERE application_name = 'pxe-init'";
        let row = admin.query_one_raw(Statement::from_string(sea_orm::DbBackend::Postgres, sql)).await;
        let row = row.unwrap().unwrap();
        let (all, any): (bool, bool) = (row.try_get("", "ssl").unwrap(), row.try_get("", "any").unwrap());
        assert_eq!(all, any, "all connections are alike");
        admin.close().await.unwrap();
        if all { "tls" } else { "plain" }
    }

    /// Waits until new connections are served as configured: the server reloads when it comes to it.
    async fn until_reloaded(&self, before: &str) {
        for _ in 0..400 {
            let admin = self.admin().await;
            let sql = format!("SELECT pg_conf_load_time() > '{before}' AS done");
            let row = admin.query_one_raw(Statement::from_string(sea_orm::DbBackend::Postgres, sql)).await;
            let done: bool = row.unwrap().unwrap().try_get("", "done").unwrap();
            admin.close().await.unwrap();
            if done {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the server did not reload its configuration in 20 s");
    }

    async fn admin(&self) -> DatabaseConnection {
        let url = self.url.replace("//postgres@", "//admin@");
        if let Ok(admin) = Database::connect(&url).await {
            return admin;
        }
        let first = Database::connect(&self.url).await.unwrap();
        first.execute_unprepared("CREATE ROLE admin SUPERUSER LOGIN").await.unwrap();
        first.close().await.unwrap();
        Database::connect(&url).await.unwrap()
    }

    fn directory(&self) -> String {
        self.dir.path().join("cluster").display().to_string()
    }
}

fn write(dir: &Path, identity: &Identity, name: &str) -> (PathBuf, PathBuf) {
    let paths = (dir.join(format!("{name}.crt")), dir.join(format!("{name}.key")));
    std::fs::write(&paths.0, &identity.certificate).unwrap();
    std::fs::write(&paths.1, &identity.key).unwrap();
    paths
}
