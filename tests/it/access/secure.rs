//! TLS: from `certs init` to certificates that change while the server runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::Process;

/// A server with what `certs init` made, in a process of its own.
struct Secure {
    dir: TempDir,
    process: Process,
}

fn server(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pxe-init-server")).env_clear().args(args).output().unwrap()
}

fn init(dir: &Path) -> Output {
    server(&["certs", "init", "--dir", dir.to_str().unwrap(), "--host", "127.0.0.1"])
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

impl Secure {
    fn start(more: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let certs = dir.path().join("certs");
        let made = init(&certs);
        assert!(made.status.success(), "{made:?}");
        let config = certs.join("server.toml");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(&config, text.replace("client_ca", &format!("{more}client_ca"))).unwrap();
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
        let flags = ["--config", config.to_str().unwrap(), "--grpc-address", "127.0.0.1"];
        let process = Process::start_unread(&url, &flags, &[]);
        Self { dir, process }
    }

    fn file(&self, name: &str) -> String {
        self.dir.path().join("certs").join(name).to_str().unwrap().to_owned()
    }

    /// Runs the client against it.
    fn client(&self, args: &[&str]) -> Output {
        let endpoint = format!("grpcs://{}", self.process.grpc);
        let mut command = Command::new(env!("CARGO_BIN_EXE_pxe-init-client"));
        command.env_clear().env("USER", "ada").args(["--timeout", "20s"]);
        if !args.contains(&"--grpc-endpoint") {
            command.args(["--grpc-endpoint", &endpoint]);
        }
        command.args(args).output().unwrap()
    }

    /// Who the server takes the holder of this certificate for.
    fn who(&self, ca: &str, name: &str) -> Output {
        let [ca, cert, key] =
            [ca.to_owned(), self.file(&format!("{name}.pem")), self.file(&format!("{name}.key"))];
        self.client(&["--ca", &ca, "--cert", &cert, "--key", &key, "whoami"])
    }
}

#[test]
fn a_certificate_says_who_calls() {
    let site = Secure::start("");
    let ca = site.file("ca.pem");
    let admin = site.who(&ca, "admin");
    assert_eq!(
        String::from_utf8_lossy(&admin.stdout),
        "admin (certificate): admin, may read secrets\n",
        "{admin:?}"
    );

    let nobody = site.client(&["--ca", &ca, "whoami"]);
    assert!(!nobody.status.success() && told(&nobody).contains("this call needs a credential"), "{nobody:?}");
    // A token does as well.
    let token = site.file("ci.token");
    let [cert, key] = ["admin.pem", "admin.key"].map(|name| site.file(name));
    let made = site.client(&[
        "--ca", &ca, "--cert", &cert, "--key", &key, "token", "create", "ci", "--role", "viewer", "--out",
        &token,
    ]);
    assert!(made.status.success(), "{made:?}");
    let ci = site.client(&["--ca", &ca, "--token-file", &token, "whoami"]);
    assert_eq!(String::from_utf8_lossy(&ci.stdout), "ci (token): viewer, may not read secrets\n", "{ci:?}");

    // Our CA made it, and nobody gave it a role.
    let made = server(&["certs", "client", "stranger", "--dir", &site.file("")]);
    assert!(made.status.success(), "{made:?}");
    let stranger = site.who(&ca, "stranger");
    assert!(
        told(&stranger).contains("is for stranger, which is nobody in management.identities"),
        "{stranger:?}"
    );

    // Another CA made it.
    let other = TempDir::new().unwrap();
    assert!(init(other.path()).status.success());
    let foreign = ["admin.pem", "admin.key"].map(|name| other.path().join(name).to_str().unwrap().to_owned());
    let refused = site.client(&["--ca", &ca, "--cert", &foreign[0], "--key", &foreign[1], "whoami"]);
    assert!(!refused.status.success(), "{refused:?}");
    // And the server is held against the CA too.
    let refused = site.who(other.path().join("ca.pem").to_str().unwrap(), "admin");
    assert!(told(&refused).contains("certificate") && told(&refused).contains("hint: --ca"), "{refused:?}");
    let refused = site.client(&["whoami"]);
    assert!(told(&refused).contains("certificate"), "{refused:?}");
    // The name must be in it.
    let endpoint = format!("grpcs://127.0.0.2:{}", site.process.grpc.port());
    let refused = site.client(&["--grpc-endpoint", &endpoint, "--ca", &ca, "whoami"]);
    assert!(!refused.status.success(), "{refused:?}");
    let plain = format!("grpc://{}", site.process.grpc);
    let refused = site.client(&["--grpc-endpoint", &plain, "whoami"]);
    assert!(told(&refused).contains("grpcs://"), "{refused:?}");
}

#[test]
fn who_has_no_certificate_is_not_let_in_where_one_is_required() {
    let site = Secure::start("client_auth = \"required\"\n");
    let ca = site.file("ca.pem");
    assert!(site.who(&ca, "admin").status.success());
    let refused = site.client(&["--ca", &ca, "whoami"]);
    assert_eq!(refused.status.code(), Some(6), "{refused:?}");
}

#[test]
fn a_new_certificate_is_used_within_seconds_and_a_broken_one_is_not() {
    let site = Secure::start("");
    let (old_ca, dir) = (site.file("ca.pem"), TempDir::new().unwrap());
    assert!(init(dir.path()).status.success());
    let new_ca = dir.path().join("ca.pem").to_str().unwrap().to_owned();
    let has = |ca: &str| told(&site.client(&["--ca", ca, "whoami"])).contains("needs a credential");
    assert!(has(&old_ca) && !has(&new_ca));
    // As a script does that puts one file after the other.
    fs::write(site.file("server.key"), "no key").unwrap();
    std::thread::sleep(Duration::from_millis(3500));
    assert!(has(&old_ca), "the one before is in force");
    for name in ["server.pem", "server.key"] {
        fs::copy(dir.path().join(name), site.file(name)).unwrap();
    }
    let begun = Instant::now();
    while !has(&new_ca) {
        assert!(begun.elapsed() < Duration::from_secs(30), "it is not used");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(!has(&old_ca));
}

#[test]
fn certs_init_makes_private_files_once() {
    let dir = TempDir::new().unwrap();
    let certs = dir.path().join("certs");
    assert!(init(&certs).status.success());
    let mut names: Vec<PathBuf> = fs::read_dir(&certs).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert_eq!(names.len(), 7, "{names:?}");
    for file in names {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
    let before = fs::read(certs.join("ca.pem")).unwrap();
    fs::remove_file(certs.join("ca.key")).unwrap();
    let again = init(&certs);
    assert!(!again.status.success() && told(&again).contains("ca.pem: exists already"), "{again:?}");
    assert_eq!(fs::read(certs.join("ca.pem")).unwrap(), before);
    assert!(!certs.join("ca.key").exists(), "nothing was written");
}

#[test]
fn what_is_wrong_with_a_file_is_told_at_start() {
    let dir = TempDir::new().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    assert!(init(&one).status.success() && init(&two).status.success());
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let key = rcgen::KeyPair::generate().unwrap();
    let of = |from: i32, to: i32| {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) =
            (rcgen::date_time_ymd(from, 1, 2), rcgen::date_time_ymd(to, 1, 2));
        params.self_signed(&key).unwrap().pem()
    };
    let own_key = file("own.key", &key.serialize_pem());
    let (expired, early) = (file("expired.pem", &of(2001, 2002)), file("early.pem", &of(3000, 3001)));
    let (empty, absent) = (file("empty.pem", "hello\n"), dir.path().join("absent.pem"));
    let locked = file(
        "locked.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let (cert, right) = (one.join("server.pem"), one.join("server.key"));
    let cases = [
        (&absent, &right, "grpc.tls.cert: ", "absent.pem: No such file"),
        (&empty, &right, "grpc.tls.cert: ", "empty.pem: there is no certificate in it"),
        (&expired, &own_key, "grpc.tls.cert: ", "the certificate expired on Jan  2"),
        (&early, &own_key, "grpc.tls.cert: ", "the certificate is not valid before Jan  2"),
        (&cert, &two.join("server.key"), "grpc.tls.key: ", "the key does not belong to the certificate in"),
        (&cert, &cert, "grpc.tls.key: ", "there is no private key in it"),
        (&cert, &locked, "grpc.tls.key: ", "the key in it is encrypted"),
    ];
    for (cert, key, setting, problem) in cases {
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
        let mut args = vec!["serve", "--http-address", "127.0.0.1", "--http-port", "0", "--grpc-port", "0"];
        let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
        args.extend(["--database-url", &url, "--grpc-tls-cert", cert, "--grpc-tls-key", key]);
        let output = server(&args);
        assert!(!output.status.success(), "{output:?}");
        assert!(
            told(&output).contains(setting) && told(&output).contains(problem),
            "{problem}: {}",
            told(&output)
        );
    }
}

#[test]
fn an_address_of_the_network_takes_tls_or_says_at_every_start_what_it_opens() {
    let dir = TempDir::new().unwrap();
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
    let open = [
        "serve",
        "--http-address",
        "127.0.0.1",
        "--http-port",
        "0",
        "--grpc-port",
        "0",
        "--grpc-address",
        "0.0.0.0",
    ];
    let refused = server(&[&open[..], &["--database-url", &url]].concat());
    assert_eq!(refused.status.code(), Some(64));
    assert!(
        told(&refused).contains("certs init") && told(&refused).contains("--insecure-management"),
        "{refused:?}"
    );
    let flags = ["--grpc-address", "0.0.0.0", "--insecure-management"];
    let (process, log) = Process::start(&url, &flags, &[]);
    let warned = log.map_while(Result::ok).find(|line| line.contains("insecure-management")).unwrap();
    assert!(warned.contains("WARN") && warned.contains("is an admin without any credential"), "{warned}");
    drop(process);
}
