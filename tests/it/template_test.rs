//! The tests of operators, through the real client, without a server.

mod cases;
mod mistakes;
mod output;
mod snapshots;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A site in a directory of its own, in `site`.
struct Site(tempfile::TempDir);

/// What a run left behind.
struct Run {
    exit: i32,
    stdout: String,
    stderr: String,
}

/// Two machines, of which one is bound to its image; a rule for all others; a template of the site's own.
const MANIFESTS: &str = "\
noun: image
name: debian
kernel: debian/linux
initrds: [debian/initrd.gz]
args: [console=ttyS0]
templates: {ipxe: ours}
---
noun: image
name: local
---
noun: machine
name: web-1
macs: ['52:54:00:00:00:01']
image: debian
params: {site: b1}
---
noun: machine
name: web-2
macs: ['52:54:00:00:00:02']
labels: {rack: r2}
---
noun: rule
name: arm
match: {arch: [arm64]}
image: debian
---
noun: rule
name: racks
priority: 5
match: {label.rack: ['r*']}
image: local
";

const TEMPLATE: &str = "\
#!ipxe
echo {{ image.name }} at {{ params.site|default('nowhere') }}
kernel {{ image.kernel }} {{ image.args|cmdline }} || goto failed
boot || goto failed
:failed
exit 1
";

const CASES: &str = "\
- case: web-1 boots debian
  machine: web-1
- case: web-2 boots its disk
  machine: web-2
  expect: {rule: racks, image: local}
";

impl Site {
    /// With these cases.
    fn new(cases: &str) -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        site.write("site.yaml", MANIFESTS);
        site.write("ours.ipxe.j2", TEMPLATE);
        site.write("all.test.yaml", cases);
        site
    }

    /// With two cases that pass.
    fn accepted() -> Self {
        let site = Self::new(CASES);
        site.ok("--accept");
        site
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join("site").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes the template with a part of it replaced.
    fn edit_template(&self, from: &str, to: &str) {
        assert!(TEMPLATE.contains(from));
        self.write("ours.ipxe.j2", &TEMPLATE.replace(from, to));
    }

    /// Runs the tests, with these arguments more, written as in a shell.
    fn test(&self, args: &str) -> Run {
        let mut command = client(self.0.path());
        finish(command.args(["template", "test", "site"]).args(shell_words::split(args).unwrap()))
    }

    fn ok(&self, args: &str) -> Run {
        let run = self.test(args);
        assert_eq!(run.exit, 0, "{run}");
        run
    }

    /// The snapshots and whatever lies between them.
    fn snapshots(&self) -> Vec<String> {
        fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(directory).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                }
                found.push(path);
            }
        }
        let (root, mut found) = (self.path("snapshots"), Vec::new());
        walk(&root, &mut found);
        let mut found: Vec<_> =
            found.iter().map(|path| path.strip_prefix(&root).unwrap().display().to_string()).collect();
        found.sort();
        found
    }
}

/// The client in a directory, with nobody to ask.
fn client(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pxe-init-client"));
    command.env_clear().env("PXE_INIT_ENDPOINT", "grpc://127.0.0.1:1");
    command.current_dir(directory).stdin(Stdio::null());
    command
}

fn finish(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let exit = output.status.code().expect("the client was not killed");
    Run { exit, stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit {}\n{}---\n{}", self.exit, self.stdout, self.stderr)
    }
}
