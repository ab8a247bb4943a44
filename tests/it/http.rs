//! The contract with machines.

use pxe_init::proto::pxe_init as v1;

use crate::app::TestApp;

const MAC: &str = "52:54:00:12:34:56";
const ASK: &str =
    "uuid=4c4c4544-0042-3510-8052-b4c04f4d3532&mac=52-54-00-12-34-56&domain=&hostname=&serial=S1";

/// A server on which `MAC` is bound to an image.
async fn app_with_machine() -> TestApp {
    let app = TestApp::with(&[("assets.forward_server", "http://files")]).await;
    app.image("demo", |image| image.initrds = vec!["initrd.img".into()]).await;
    app.machine("node1", MAC, |machine| machine.image = "demo".into()).await;
    app
}

#[tokio::test]
async fn the_first_script_asks_again_with_the_facts() {
    let app = TestApp::start().await;
    let reply = app.get("/boot.ipxe").await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.starts_with("#!ipxe\n"), "{}", reply.body);
    let ask = "ipxe?uuid=${uuid}&mac=${mac:hexhyp}&domain=${domain:uristring}&hostname=${hostname:uristring}&serial=${serial:uristring}";
    assert!(reply.body.contains(ask), "{}", reply.body);
}

#[tokio::test]
async fn a_bound_machine_gets_its_script() {
    let app = app_with_machine().await;
    let reply = app.get(&format!("/ipxe?{ASK}")).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    assert_eq!(reply.header("x-pxe-init-outcome"), Some("rendered"));
    assert_eq!(reply.header("x-pxe-init-template"), Some("linux@built-in"));
    assert!(reply.body.starts_with("#!ipxe\n"));
    assert!(reply.body.contains("http://files/vmlinuz"), "{}", reply.body);
    assert_eq!(reply.header("content-length").unwrap(), reply.body.len().to_string());
}

#[tokio::test]
async fn head_says_what_get_would() {
    let app = app_with_machine().await;
    for path in ["/boot.ipxe".to_owned(), format!("/ipxe?{ASK}"), "/health".to_owned(), "/nothing".to_owned()]
    {
        let get = app.get(&path).await;
        let head = app
            .request(&format!("HEAD {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", app.http))
            .await;
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        assert!(get.header("content-length").is_some(), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_machine_is_held_or_sent_away() {
    let app = TestApp::start().await;
    let reply = app.get(&format!("/ipxe?{ASK}")).await;
    assert_eq!((reply.status, reply.header("x-pxe-init-outcome")), (200, Some("held")));
    assert!(reply.body.starts_with("#!ipxe\n") && reply.body.contains(MAC), "{}", reply.body);

    let app = TestApp::with(&[("boot.unknown", "404")]).await;
    let reply = app.get(&format!("/ipxe?{ASK}")).await;
    assert_eq!((reply.status, reply.header("x-pxe-init-outcome")), (404, Some("no-match")));
    assert_eq!(reply.body, "no binding and no rule matches this machine\n");
    assert_eq!(reply.header("retry-after"), None, "iPXE would wait for ever");
}

#[tokio::test]
async fn the_four_nocloud_files_are_there_for_a_machine_that_resolves() {
    let app = app_with_machine().await;
    for machine in ["52-54-00-12-34-56", "52:54:00:12:34:56", "mac=52-54-00-12-34-56&product=A%26B%20C"] {
        for file in ["meta-data", "user-data", "vendor-data", "network-config"] {
            let reply = app.get(&format!("/cloud-init/{machine}/{file}")).await;
            assert_eq!(
                (reply.status, reply.header("x-pxe-init-outcome")),
                (200, Some("rendered")),
                "{machine} {file}"
            );
        }
    }
    let meta = app.get("/cloud-init/52-54-00-12-34-56/meta-data").await.body;
    assert!(meta.contains("instance-id"), "{meta}");
    assert_eq!(app.get("/cloud-init/52-54-00-12-34-57/user-data").await.status, 404);
    assert_eq!(app.get("/cloud-init/52-54-00-12-34-56/ignition").await.status, 404);
    assert_eq!(app.get("/cloud-init/52-54/user-data").await.status, 400);
}

#[tokio::test]
async fn every_kind_has_its_path() {
    let app = app_with_machine().await;
    for (kind, source) in [
        ("ignition", "{\"ignition\":{\"version\":\"3.3.0\"}}"),
        ("kickstart", "text --non-interactive"),
        ("preseed", "d-i debian-installer/locale string C"),
        ("autoinstall", "version: 1"),
        ("grub", "set timeout=1"),
        ("text", "hello"),
        ("user-data", "#cloud-config\n{}"),
    ] {
        let path = format!("/{kind}?{ASK}");
        if kind != "user-data" {
            let reply = app.get(&path).await;
            assert_eq!(
                (reply.status, reply.header("x-pxe-init-outcome")),
                (404, Some("no-template")),
                "{kind}"
            );
            let problem = format!("no template of kind {kind} is named by machine node1, image demo\n");
            assert_eq!(reply.body, problem);
        }
        app.template(&format!("my-{kind}"), kind, source).await.unwrap();
        let name = format!("my-{kind}");
        app.machine("node1", MAC, |machine| {
            machine.image = "demo".into();
            machine.templates.insert(kind.into(), name);
        })
        .await;
        let reply = app.get(&path).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, source), "{kind}");
    }
    let ignition = app.get(&format!("/ipxe?{ASK}")).await;
    assert_eq!(ignition.status, 200);
}

#[tokio::test]
async fn a_failing_template_is_a_script_with_an_incident_that_heals() {
    let app = app_with_machine().await;
    app.template("needs", "ipxe", "#!ipxe\necho {{ params.site }}\n").await.unwrap();
    app.machine("node1", MAC, |machine| {
        machine.image = "demo".into();
        machine.templates.insert("ipxe".into(), "needs".into());
    })
    .await;
    let reply = app.get(&format!("/ipxe?{ASK}")).await;
    assert_eq!((reply.status, reply.header("x-pxe-init-outcome")), (200, Some("failed")));
    let incident = reply.header("x-pxe-init-incident").unwrap().to_owned();
    assert!(reply.body.starts_with("#!ipxe\n") && reply.body.contains(&incident), "{}", reply.body);
    assert!(reply.body.contains("params.site"), "{}", reply.body);
    let again = app.get(&format!("/ipxe?{ASK}")).await;
    assert_eq!(
        again.header("x-pxe-init-incident"),
        Some(incident.as_str()),
        "the same failure keeps its number"
    );

    app.machine("node1", MAC, |machine| {
        machine.image = "demo".into();
        machine.templates.insert("ipxe".into(), "needs".into());
        machine.params.insert("site".into(), "\"b1\"".into());
    })
    .await;
    let healed = app.get(&format!("/ipxe?{ASK}")).await;
    assert_eq!(
        (healed.header("x-pxe-init-outcome"), healed.body.as_str()),
        (Some("rendered"), "#!ipxe\necho b1\n")
    );
}

#[tokio::test]
async fn a_failure_can_be_a_status() {
    let app = TestApp::with(&[("boot.failure", "500")]).await;
    app.image("demo", |image| {
        image.templates.insert("ipxe".into(), "coreos".into());
    })
    .await;
    let source = "{\"ignition\":{\"version\":\"3.4.0\"},\"x\":{{ params.password }}}";
    app.template("secret", "ignition", source).await.unwrap();
    app.template("coreos", "ipxe", "#!ipxe\necho {{ params.nothing }}").await.unwrap();
    app.machine("node1", MAC, |machine| {
        machine.image = "demo".into();
        machine.templates.insert("ignition".into(), "secret".into());
    })
    .await;
    for kind in ["ipxe", "ignition"] {
        let reply = app.get(&format!("/{kind}?{ASK}")).await;
        assert_eq!(reply.status, 500, "{kind}");
        let incident = reply.header("x-pxe-init-incident").unwrap();
        assert_eq!(
            reply.body,
            format!("the template failed; the server's log has the details under incident {incident}\n")
        );
    }
}

#[tokio::test]
async fn an_operators_broken_error_template_does_not_silence_failures() {
    let app = app_with_machine().await;
    app.template("error", "ipxe", "#!ipxe\necho {{ failure.incident }} {{ params.nothing }}").await.unwrap();
    app.template("needs", "ipxe", "#!ipxe\necho {{ params.site }}\n").await.unwrap();
    app.machine("node1", MAC, |machine| {
        machine.image = "demo".into();
        machine.templates.insert("ipxe".into(), "needs".into());
    })
    .await;
    let reply = app.get(&format!("/ipxe?{ASK}")).await;
    assert_eq!((reply.status, reply.header("x-pxe-init-outcome")), (200, Some("failed")));
    assert!(reply.body.contains(reply.header("x-pxe-init-incident").unwrap()), "{}", reply.body);
}

#[tokio::test]
async fn malformed_facts_are_refused_in_one_line() {
    let app = app_with_machine().await;
    let long = "x".repeat(300);
    for (path, status, message) in [
        (
            "/ipxe?mac=nonsense".to_owned(),
            400,
            "mac: \"nonsense\" is no MAC address; write it like 52:54:00:12:34:56\n",
        ),
        (
            "/ipxe?uuid=1234".to_owned(),
            400,
            "uuid: \"1234\" is no UUID; write it like 4c4c4544-0042-3510-8052-b4c04f4d3532\n",
        ),
        (format!("/ipxe?{ASK}&asset=a%0Achain%20evil"), 400, "asset: contains the control character '\\n'\n"),
        (format!("/ipxe?{ASK}&asset={long}"), 400, "asset: has 300 bytes; at most 255 are allowed\n"),
        (
            "/ipxe".to_owned(),
            400,
            "who asks? say at least one of mac, uuid and serial, as in /ipxe?mac=52-54-00-12-34-56\n",
        ),
        (
            "/ipxe?mac=&uuid=".to_owned(),
            400,
            "who asks? say at least one of mac, uuid and serial, as in /ipxe?mac=52-54-00-12-34-56\n",
        ),
        (format!("/ipxe?mac={}", "x".repeat(9000)), 414, "the query has 9004 bytes; at most 8591 are read\n"),
        (
            "/nothing/here".to_owned(),
            404,
            "there is nothing at \"/nothing/here\"; machines begin at /boot.ipxe\n",
        ),
    ] {
        let reply = app.get(&path).await;
        assert_eq!((reply.status, reply.body.as_str()), (status, message), "{path}");
    }
    let post = format!(
        "POST /ipxe HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        app.http
    );
    let reply = app.request(&post).await;
    assert_eq!((reply.status, reply.body.as_str()), (405, "POST is not served here; use GET or HEAD\n"));
}

#[tokio::test]
async fn free_text_can_not_change_who_asks() {
    let app = app_with_machine().await;
    let spoofed = "/ipxe?mac=52-54-00-00-00-99&hostname=x&mac=52-54-00-12-34-56";
    assert_eq!(app.get(spoofed).await.header("x-pxe-init-outcome"), Some("held"));
}

#[tokio::test]
async fn mac_and_uuid_of_two_machines_are_a_conflict_that_the_mac_wins() {
    let app = app_with_machine().await;
    app.machine("other", "52:54:00:00:00:01", |machine| {
        machine.uuid = "4c4c4544-0042-3510-8052-b4c04f4d3532".into();
    })
    .await;
    let reply = app.get(&format!("/ipxe?{ASK}")).await;
    assert_eq!(reply.header("x-pxe-init-outcome"), Some("rendered"));
    let metrics = app.get("/metrics").await.body;
    assert!(metrics.contains("pxe_init_identity_conflicts_total 1"), "{metrics}");
    assert!(metrics.contains("pxe_init_answers_total{kind=\"ipxe\",outcome=\"rendered\"} 1"), "{metrics}");
}

#[tokio::test]
async fn urls_in_documents_follow_the_host_unless_a_base_is_set() {
    let source = "#!ipxe\necho {{ server.url }}\n";
    let ask = |host: &str| format!("GET /ipxe?{ASK} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    for (base, host, expected) in [
        ("", "boot.example.org:81", "http://boot.example.org:81"),
        ("http://fixed", "boot.example.org", "http://fixed"),
        ("", "evil${x}", "http://127.0.0.1:"),
    ] {
        let app = TestApp::with(&[("http.base_url", base)]).await;
        app.template("where", "ipxe", source).await.unwrap();
        app.machine("node1", MAC, |machine| {
            machine.templates.insert("ipxe".into(), "where".into());
        })
        .await;
        let reply = app.request(&ask(host)).await;
        assert!(reply.body.starts_with(&format!("#!ipxe\necho {expected}")), "{}", reply.body);
    }
}

#[tokio::test]
async fn assets_answer_ranges_and_stay_inside() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("files")).unwrap();
    std::fs::write(dir.path().join("files/kernel"), "0123456789").unwrap();
    std::fs::write(dir.path().join("secret"), "secret").unwrap();
    let files = dir.path().join("files");
    let app = TestApp::with(&[("assets.dir", files.to_str().unwrap())]).await;
    let reply = app.get("/assets/kernel").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "0123456789"));
    let range = format!(
        "GET /assets/kernel HTTP/1.1\r\nHost: {}\r\nRange: bytes=2-4\r\nConnection: close\r\n\r\n",
        app.http
    );
    let reply = app.request(&range).await;
    assert_eq!((reply.status, reply.body.as_str()), (206, "234"));
    assert_eq!(reply.header("content-range"), Some("bytes 2-4/10"));
    let head = format!("HEAD /assets/kernel HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", app.http);
    assert_eq!(app.request(&head).await.header("content-length"), Some("10"));
    for path in [
        "/assets/../secret",
        "/assets/%2e%2e/secret",
        "/assets/..%2fsecret",
        "/assets//../secret",
        "/assets/nothing",
        "/assets/",
        "/assets",
    ] {
        let reply = app.get(path).await;
        assert!(reply.status == 404 && !reply.body.contains("secret\n"), "{path}: {reply:?}");
        assert!(reply.header("content-length").is_some(), "{path}");
    }
    let none = TestApp::start().await.get("/assets/kernel").await;
    assert_eq!(
        (none.status, none.body.as_str()),
        (404, "this server has no assets directory; start it with --assets-dir DIR\n")
    );
}

#[tokio::test]
async fn one_connection_carries_a_whole_boot() {
    let app = app_with_machine().await;
    let ask = |path: &str, end: &str| format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{end}\r\n", app.http);
    let raw =
        ask("/boot.ipxe", "") + &ask(&format!("/ipxe?{ASK}"), "") + &ask("/health", "Connection: close\r\n");
    let reply = app.request(&raw).await;
    assert_eq!(
        reply.body.matches("HTTP/1.1 200 OK").count(),
        2,
        "the second and third response follow the first"
    );
}

#[tokio::test]
async fn ready_says_what_is_served() {
    let app = app_with_machine().await;
    let reply = app.get("/ready").await;
    let ready: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((&ready["ready"], &ready["stale"]), (&true.into(), &false.into()));
    assert_eq!((&ready["machines"], &ready["images"], &ready["revision"]), (&1.into(), &1.into(), &2.into()));
    assert_eq!(app.get("/health").await.body, "alive\n");
}

#[tokio::test]
async fn a_restart_loses_nothing() {
    let app = app_with_machine().await;
    app.template("mine", "text", "one").await.unwrap();
    app.template("mine", "text", "two").await.unwrap();
    let before = app.get(&format!("/ipxe?{ASK}")).await.body.replace(&app.http.to_string(), "HOST");
    let dir = app.stop().await;
    let app = TestApp::in_dir(dir, &[("assets.forward_server", "http://files")]).await;
    let after = app.get(&format!("/ipxe?{ASK}")).await.body.replace(&app.http.to_string(), "HOST");
    assert_eq!(before, after);
    let request = v1::ListTemplateRevisionsRequest { name: "mine".into(), ..Default::default() };
    let revisions =
        app.templates().await.list_template_revisions(request).await.unwrap().into_inner().revisions;
    assert_eq!(revisions.iter().map(|revision| revision.number).collect::<Vec<_>>(), [2, 1]);
}

#[tokio::test]
async fn assets_are_regular_files_of_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let files = dir.path().join("files");
    std::fs::create_dir_all(files.join("sub")).unwrap();
    std::fs::write(files.join("kernel"), "0123456789").unwrap();
    std::fs::write(files.join("a b#c"), "spaced").unwrap();
    std::fs::write(dir.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(dir.path().join("secret"), files.join("link")).unwrap();
    std::os::unix::fs::symlink(dir.path(), files.join("up")).unwrap();
    std::os::unix::fs::symlink("kernel", files.join("current")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(files.join("pipe")).status().unwrap();
    assert!(made.success());
    let app = TestApp::with(&[("assets.dir", files.to_str().unwrap())]).await;
    for (path, body) in [
        ("/assets/current", "0123456789"),
        ("/assets//kernel", "0123456789"),
        ("/assets/./kernel?x=1", "0123456789"),
        ("/assets/a%20b%23c", "spaced"),
    ] {
        let reply = app.get(path).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, body), "{path}");
    }
    let (long, deep) = (format!("/assets/{}", "x".repeat(300)), format!("/assets/{}", "x/".repeat(3000)));
    for path in [
        "/assets/link",
        "/assets/up/secret",
        "/assets/pipe",
        "/assets/sub",
        "/assets/sub/",
        "/assets/kernel/x",
        "/assets/a%00b",
        "/assets/%ff",
        "/assets/%zz",
        "/assets/%2fetc/passwd",
        "/assets//etc/passwd",
        "/assets/sub%2f..%2f..%2fsecret",
        &long,
        &deep,
    ] {
        let reply = app.get(path).await;
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
        assert!(
            reply.body.starts_with("there is no file ") && reply.body.len() < 300,
            "{path}: {}",
            reply.body
        );
        assert!(!reply.body.contains(dir.path().to_str().unwrap()), "{path}: {}", reply.body);
    }
}

#[tokio::test]
async fn ranges_that_can_not_be_served_are_ignored_or_told() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("kernel"), "0123456789").unwrap();
    let app = TestApp::with(&[("assets.dir", dir.path().to_str().unwrap())]).await;
    for (range, status, body) in [
        ("bytes=0-0", 206, "0"),
        ("bytes=-3", 206, "789"),
        ("bytes=8-", 206, "89"),
        ("bytes=0-1,4-5", 200, "0123456789"),
        ("lines=1-2", 200, "0123456789"),
        ("nonsense", 200, "0123456789"),
        ("bytes=20-30", 416, "the file does not have these bytes; Content-Range says how many it has\n"),
    ] {
        let raw =
            format!("GET /assets/kernel HTTP/1.1\r\nHost: h\r\nRange: {range}\r\nConnection: close\r\n\r\n");
        let reply = app.request(&raw).await;
        assert_eq!((reply.status, reply.body.as_str()), (status, body), "{range}");
        assert_eq!(reply.header("content-length").unwrap(), reply.body.len().to_string(), "{range}");
        if status == 416 {
            assert_eq!(reply.header("content-range"), Some("bytes */10"));
        }
    }
}

#[tokio::test]
async fn requests_that_are_odd_get_one_line() {
    let app = app_with_machine().await;
    for (path, status, message) in [
        (
            "/cloud-init/%ff/user-data",
            400,
            "mac: \"\u{fffd}\" is no MAC address; write it like 52:54:00:12:34:56\n",
        ),
        (
            "/cloud-init//user-data",
            400,
            "who asks? say at least one of mac, uuid and serial, as in /cloud-init/52-54-00-12-34-56/user-data\n",
        ),
        (
            "/cloud-init/52-54-00-12-34-56/%ff",
            404,
            "\"%ff\" is no NoCloud file; there are meta-data, user-data, vendor-data and network-config\n",
        ),
        ("/ipxe?mac=52-54-00-12-34-56&serial=a%00", 400, "serial: contains the control character '\\0'\n"),
        ("//ipxe", 404, "there is nothing at \"//ipxe\"; machines begin at /boot.ipxe\n"),
    ] {
        let reply = app.get(path).await;
        let body = reply.body.replace("\\u{fffd}", "\u{fffd}");
        assert_eq!((reply.status, body.as_str()), (status, message), "{path}");
    }
    let two = format!("GET /ipxe?{ASK} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n");
    let reply = app.request(&two).await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (400, "the request has more than one Host header; send one\n")
    );
    let whole =
        "GET http://proxied:81/ipxe?mac=02-00-00-00-00-01 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let reply = app.request(whole).await;
    assert!(
        reply.body.contains("http://proxied:81/ipxe?"),
        "the URL of a proxied request wins: {}",
        reply.body
    );
    let old = app.request(&format!("GET /ipxe?{ASK} HTTP/1.0\r\n\r\n")).await;
    assert_eq!(old.header("x-pxe-init-outcome"), Some("rendered"));
    let body =
        format!("GET /ipxe?{ASK} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    assert_eq!(app.request(&body).await.status, 200);
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let app = TestApp::start().await;
    let headers = |n: usize, size: usize| {
        (0..n).map(|i| format!("X-{i}: {}\r\n", "a".repeat(size))).collect::<String>()
    };
    for (headers, status) in [
        (headers(90, 10), 200),
        (headers(200, 1), 431),
        (headers(1, 20 << 10), 200),
        (headers(1, 64 << 10), 431),
    ] {
        let raw = format!("GET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}\r\n");
        assert_eq!(app.request(&raw).await.status, status, "{}", headers.len());
    }
    assert_eq!(app.request("GET /health\r\n\r\n").await.status, 400);
}
