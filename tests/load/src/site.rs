//! Servers to measure: ours, as it is started in production, and the yardstick.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::failure::{Doing, Failure, Result};
use crate::process::{Server, Speaks, Usage};
use crate::room::{Room, database_url};
use crate::static_server::LISTENING;
use crate::step::Sequence;
use crate::target::{Answer, Target};

/// How long a server may take until it is ready. With a million machines and a debug build it takes its time.
const READY_WITHIN: Duration = Duration::from_secs(300);

/// A database that nobody serves. To connect to it fails at once.
const AWAY: &str = "postgres://nobody@127.0.0.1:1/away?sslmode=disable";

/// What starts servers.
#[derive(Debug)]
pub(crate) struct Starter {
    /// The program of our server.
    binary: PathBuf,
    /// What waits for them.
    runtime: Runtime,
}

/// From what a server gets its catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// An SQLite database.
    Database,
    /// Its snapshot file, while its database is away.
    SnapshotFile,
}

/// A server that is ready, and what it must answer.
#[derive(Debug)]
pub(crate) struct Site {
    /// The server.
    pub(crate) server: Server,
    /// What it must answer.
    pub(crate) target: Arc<Target>,
    /// What it answered to machine 0.
    pub(crate) answers: Vec<Answer>,
    _directory: TempDir,
}

impl Starter {
    /// Starts servers of this program.
    pub(crate) fn new(binary: PathBuf) -> Result<Self> {
        if !binary.is_file() {
            return Err(Failure(format!(
                "{} is not there; build it (cargo build --release), or name another with --server",
                binary.display()
            )));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self { binary, runtime: runtime.doing(|| "can not wait for servers".to_owned())? })
    }

    /// Our server, with this room, and with log, metrics and journal as they are by default; the log as JSON.
    pub(crate) fn ours(&self, name: &str, room: Room, from: From, sequence: Sequence) -> Result<Site> {
        let directory =
            TempDir::with_prefix("pxe-init-load-").doing(|| "no temporary directory".to_owned())?;
        let snapshot = directory.path().join("pxe-init.snapshot");
        let url = match from {
            From::Database => {
                let file = directory.path().join("pxe-init.db");
                self.runtime.block_on(room.fill_database(&file))?;
                database_url(&file)
            }
            From::SnapshotFile => {
                room.write_snapshot(&snapshot, AWAY)?;
                AWAY.to_owned()
            }
        };
        let mut command = Command::new(&self.binary);
        // Settings come from here and nowhere else.
        command.env_clear().current_dir(directory.path()).arg("serve");
        command.args(["--http-address", "127.0.0.1", "--http-port", "0", "--grpc-port", "0"]);
        command.args(["--log-format", "json", "--database-url", &url]).arg("--snapshot-file").arg(&snapshot);
        let server = Server::start(name, &mut command, Speaks::Log, address_in_log)?;
        self.runtime.block_on(server.until_ready(READY_WITHIN))?;
        let (target, answers) =
            self.runtime.block_on(Target::learn(server.address, sequence, room.machines))?;
        Ok(Site { server, target: Arc::new(target), answers, _directory: directory })
    }

    /// The yardstick for a server that gives these answers.
    pub(crate) fn yardstick(&self, sequence: Sequence, answers: &[Answer]) -> Result<Site> {
        let directory =
            TempDir::with_prefix("pxe-init-load-").doing(|| "no temporary directory".to_owned())?;
        let file = directory.path().join("answers.json");
        write_answers(&file, answers)?;
        let this = std::env::current_exe().doing(|| "can not tell where this program is".to_owned())?;
        let mut command = Command::new(this);
        command.env_clear().arg("static-server").arg("--answers").arg(&file);
        let server = Server::start("static", &mut command, Speaks::Output, |line| {
            line.strip_prefix(LISTENING)?.parse().ok()
        })?;
        let target = Target::fixed(server.address, sequence, answers);
        let (target, answers) = (Arc::new(target), answers.to_vec());
        Ok(Site { server, target, answers, _directory: directory })
    }
}

impl Site {
    /// What the server used until now.
    pub(crate) fn usage(&self) -> Result<Usage> {
        self.server.usage()
    }
}

fn write_answers(file: &Path, answers: &[Answer]) -> Result<()> {
    let what = || format!("can not write {}", file.display());
    let text = serde_json::to_vec(answers).doing(what)?;
    std::fs::write(file, text).doing(what)
}

/// `{…,"message":"listening","http":"127.0.0.1:40123",…}`
fn address_in_log(line: &str) -> Option<SocketAddr> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    (line["message"] == "listening").then(|| line["http"].as_str()?.parse().ok())?
}
