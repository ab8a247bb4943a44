//! `import` against the real server: of the first system's Postgres, of a directory of matchbox, of lists.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::real::Site;
use super::run::{Run, bare, finish};
use crate::store::database::skip_without_postgres;

/// The first system's tables as gorm makes them, with what goes wrong in life.
const TABLES: &str = r"
CREATE TABLE images (id bigserial PRIMARY KEY, created_at timestamptz, updated_at timestamptz, deleted_at timestamptz,
    name text, kernel text, initrd text, rootfs text);
CREATE TABLE machines (id bigserial PRIMARY KEY, created_at timestamptz, updated_at timestamptz, deleted_at timestamptz,
    name text, mac text, uuid text, image_id bigint REFERENCES images(id));
CREATE TABLE others (id bigserial PRIMARY KEY, name text);
INSERT INTO images (id, deleted_at, name, kernel, initrd, rootfs) VALUES
    (1, NULL, 'fcos', 'fcos/vmlinuz', 'fcos/initramfs.img', 'fcos/rootfs.img'),
    (2, NULL, 'debian 12', 'http://files.example.org/linux', 'http://files.example.org/initrd.gz', ''),
    (3, now(), 'old', 'old/vmlinuz', 'old/initrd', NULL);
INSERT INTO machines (deleted_at, name, mac, uuid, image_id) VALUES
    (NULL, 'web-1', '52:54:00:00:00:01', '9b7a0a54-1c11-4c2e-8f5d-0a1b2c3d4e5f', 1),
    (NULL, '', '52-54-00-00-00-02', '00000000-0000-0000-0000-000000000000', 2),
    (NULL, 'bound to what is gone', '52:54:00:00:00:03', NULL, 3),
    (NULL, 'twice', '52:54:00:00:00:01', NULL, 1),
    (NULL, 'wrong', '52:54:00:00:00', NULL, 1),
    (now(), 'gone', '52:54:00:00:00:09', NULL, 1);
";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/client/import").join(name)
}

/// What runs print, with the places of files left out.
fn told(runs: &[(&str, Run)]) -> String {
    let text: String = runs.iter().map(|(args, run)| format!("$ {args}\n{run}")).collect();
    text.replace(&fixture("").display().to_string(), "FIXTURES/")
}

fn steps(site: &Site, steps: &[&'static str]) -> String {
    let place = fixture("").display().to_string();
    let runs: Vec<_> =
        steps.iter().map(|args| (*args, site.run(&args.replace("FIXTURES/", &place)))).collect();
    told(&runs)
}

#[test]
fn first_system_from_its_database() {
    if skip_without_postgres("client::import::first_system_from_its_database") {
        return;
    }
    let cluster = std::env::var_os("PXE_INIT_TEST_POSTGRES").unwrap().into_string().unwrap();
    let name = format!("first_system_{}", std::process::id());
    let (base, _) = cluster.rsplit_once('/').unwrap();
    let url = format!("{base}/{name}");
    let psql = |url: &str, sql: &str| {
        let done = Command::new("psql")
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, url])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    psql(&cluster, &format!("CREATE DATABASE {name}"));
    psql(&url, TABLES);
    let site = Site::start();
    let import = format!("import first-system --db-url {url}");
    let runs = [
        ("import first-system --db-url URL --strict", site.run(&format!("{import} --strict"))),
        ("import first-system --db-url URL --dry-run", site.run(&format!("{import} --dry-run"))),
        ("machine list -o name", site.run("machine list -o name")),
        ("import first-system --db-url URL -l from=first", site.run(&format!("{import} -l from=first"))),
        ("import first-system --db-url URL again", site.run(&format!("{import} -l from=first -q"))),
        ("export", site.run("export")),
        ("preview --mac 52:54:00:00:00:01", site.run("preview --mac 52:54:00:00:00:01")),
        ("of a database that is not there", site.run(&format!("{import}_no"))),
    ];
    psql(&cluster, &format!("DROP DATABASE {name} WITH (FORCE)"));
    insta::with_settings!({filters => vec![
        (r"connection to server.*failed", "connection failed"),
        (name.as_str(), "DATABASE"),
        (r"http://[0-9.:]+", "http://SERVER"),
        // pg_dump's preface is another in each version.
        (r"--db-url:\d+:1", "--db-url:LINE:1"),
    ]}, {
        insta::assert_snapshot!(told(&runs));
    });
}

#[test]
fn first_system_from_a_dump() {
    let site = Site::start();
    let dump = "COPY public.images (id, name, kernel, initrd, rootfs, deleted_at) FROM stdin;\n1\tfcos\tk\ti\t\\N\t\\N\n\\.\n\
                COPY public.machines (id, name, mac, uuid, image_id) FROM stdin;\n1\tm\t525400000001\t\\N\t1\n\\.\n";
    let runs = [
        ("import first-system --dump -", site.run_with("import first-system --dump -", dump)),
        ("machine list", site.run("machine list")),
        ("without the table", site.run_with("import first-system --dump -", "SELECT 1;\n")),
        ("without a column", site.run_with("import first-system --dump -", &dump.replace("kernel", "kern"))),
        ("cut off", site.run_with("import first-system --dump -", &dump[..dump.len() - 3])),
        ("without either", site.run("import first-system")),
    ];
    insta::assert_snapshot!(told(&runs));
}

#[test]
fn matchbox() {
    let site = Site::start();
    let text = steps(
        &site,
        &[
            "import matchbox FIXTURES/matchbox --strict",
            "import matchbox FIXTURES/matchbox --dry-run",
            "image list -o name",
            "import matchbox FIXTURES/matchbox",
            "export",
            "preview --mac 52:54:00:a1:9c:ae --fact hostname=node1.example.org",
            "preview --mac 52:54:00:00:00:09",
            "preview --mac 52:54:00:00:00:09 --kind ignition",
            "preview --mac 52:54:00:a1:9c:ae --fact hostname=node1.example.org --kind user-data",
            "preview --mac 52:54:00:a1:9c:ae --fact hostname=node1.example.org --kind text",
            "import matchbox FIXTURES/",
        ],
    );
    insta::with_settings!({filters => vec![(r"http://127[0-9.:]+", "http://SERVER")]}, {
        insta::assert_snapshot!(text);
    });
}

#[test]
fn printed_manifests_are_what_is_imported() {
    let site = Site::start();
    let directory = fixture("matchbox").display().to_string();
    // No server is asked.
    let printed = finish(bare().args(["import", "matchbox", &directory, "--print", "-q"]));
    assert_eq!(printed.exit, 0, "{printed}");
    site.ok(&format!("import matchbox {directory}"));
    let diff = site.run_with("diff -f -", &printed.stdout);
    assert_eq!((diff.exit, diff.stdout.as_str()), (0, ""), "{diff}");
}

#[test]
fn lists() {
    let site = Site::start();
    site.ok("image register debian --kernel k");
    let text = steps(
        &site,
        &[
            "import csv FIXTURES/racks.csv --dry-run",
            "machine list -o name",
            "import csv FIXTURES/racks.csv --label source=cmdb",
            "machine get web-1 web-2 -o yaml",
            "import csv FIXTURES/wrong.csv",
            "import csv FIXTURES/none.csv",
        ],
    );
    insta::with_settings!({filters => vec![(r"revision: \d+", "revision: N")]}, {
        insta::assert_snapshot!(text);
    });
}

#[test]
fn lists_that_are_wrong_change_nothing() {
    let site = Site::start();
    for (list, said) in [
        ("nam,mac\n", "did you mean name?"),
        ("mac\n52:54:00:00:00:01\n", "no column name"),
        ("name,name\n", "twice"),
        ("name,template.ipx\n", "template.ipx"),
        ("name,mac\na\n", "1 values, and there are 2 columns"),
        ("name,image\na,no image\n", "image: "),
        ("name\n", "nothing to import"),
        ("name,mac,image\na,52:54:00:00:00:01,nowhere\n", "there is no image nowhere"),
        ("name,mac\na,52:54:00:00:00:01\nb,52:54:00:00:00:01\n", "52:54:00:00:00:01"),
    ] {
        let run = site.run_with("import csv -", list);
        assert!([3, 4].contains(&run.exit), "{list}: {run}");
        assert!(run.stderr.contains(said), "{list}: {run}");
        assert_eq!(site.ok("machine list -o name").stdout, "");
    }
}
