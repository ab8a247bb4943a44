//! Servers to measure: ours, as it is started in production, and the yardstick.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::failure::{Doing, Failure, Result};
use crate::process::{Server, Speaks, Usage};
use crate::room::Room;
use crate::static_server::LISTENING;
use crate::step::Sequence;
use crate::target::{Answer, Target};

/// How long a server may take until it is ready. With a million machines and a debug build it takes its time.
const READY_WITHIN: Duration = Duration::from_secs(300);

/// A database that nobody serves. To connect to it fails at once.
const AWAY: &str = "postgres://nobody@127.0.0.1:1/away?sslmode=disable";

/// How the snapshot file names it.
const AWAY_IN_FILE: &str = "postgres:127.0.0.1:1/away";

/// The snapshot file of a server, in its directory.
const SNAPSHOT: &str = "pxe-init.snapshot";

/// What starts servers.
#[derive(Debug)]
pub(crate) struct Starter {
    /// The program of our server.
    binary: PathBuf,
    /// The program of our client, which fills databases.
    client: PathBuf,
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
    /// From its start until it was ready.
    pub(crate) started_within: Duration,
    /// The CPU time that it used for that.
    pub(crate) start_cpu: Duration,
    _directory: TempDir,
}

impl Starter {
    /// Starts servers of this program, and fills their databases by that client.
    pub(crate) fn new(binary: PathBuf, client: PathBuf) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self { binary, client, runtime: runtime.doing(|| "can not wait for servers".to_owned())? })
    }

    /// Our server, with this room, and with log, metrics and journal as they are by default; the log as JSON.
    pub(crate) fn ours(&self, name: &str, room: Room, from: From, sequence: Sequence) -> Result<Site> {
        let directory = temporary_directory()?;
        let url = match from {
            From::Database => {
                let url = format!("sqlite://{}?mode=rwc", directory.path().join("pxe-init.db").display());
                let filling = self.start("the server to be filled", directory.path(), &url)?;
                self.fill(room, &filling.1, directory.path())?;
                url
            }
            From::SnapshotFile => {
                room.write_snapshot(&directory.path().join(SNAPSHOT), AWAY_IN_FILE)?;
                AWAY.to_owned()
            }
        };
        let begun = Instant::now();
        let (server, _) = self.start(name, directory.path(), &url)?;
        let (started_within, start_cpu) = (begun.elapsed(), server.usage()?.cpu);
        let learning = Target::learn(server.address, sequence, room.machines);
        let (target, answers) = self.runtime.block_on(learning)?;
        Ok(Site {
            server,
            target: Arc::new(target),
            answers,
            started_within,
            start_cpu,
            _directory: directory,
        })
    }

    /// A server that is ready, and where operators reach it.
    fn start(&self, name: &str, directory: &Path, url: &str) -> Result<(Server, String)> {
        let mut command = Command::new(is_there(&self.binary, "--server")?);
        // Settings come from here and nowhere else.
        command.env_clear().current_dir(directory).arg("serve");
        command.args(["--http-address", "127.0.0.1", "--http-port", "0", "--grpc-port", "0"]);
        command.args(["--log-format", "json", "--database-url", url, "--snapshot-file", SNAPSHOT]);
        let (server, operators) = Server::start(name, &mut command, Speaks::Log, addresses_in_log)?;
        self.runtime.block_on(server.until_ready(READY_WITHIN))?;
        Ok((server, operators))
    }

    /// As an operator does it.
    fn fill(&self, room: Room, operators: &str, directory: &Path) -> Result<()> {
        let manifest = directory.join("room.json");
        room.write_manifest(&manifest)?;
        let mut command = Command::new(is_there(&self.client, "--client")?);
        command
            .env_clear()
            .args(["--grpc-endpoint", &format!("http://{operators}"), "apply", "-f"])
            .arg(&manifest);
        command.args(["--yes", "--message", "a room to be measured", "--timeout", "300s"]);
        let done = command.output().doing(|| format!("can not start {}", self.client.display()))?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            return Err(Failure(format!("the room could not be registered: {said}")));
        }
        std::fs::remove_file(&manifest).doing(|| format!("can not remove {}", manifest.display()))
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
        let begun = Instant::now();
        let (server, ()) = Server::start("static", &mut command, Speaks::Output, |line| {
            Some((line.strip_prefix(LISTENING)?.parse().ok()?, ()))
        })?;
        let (started_within, start_cpu) = (begun.elapsed(), server.usage()?.cpu);
        let target = Target::fixed(server.address, sequence, answers);
        let (target, answers) = (Arc::new(target), answers.to_vec());
        Ok(Site { server, target, answers, started_within, start_cpu, _directory: directory })
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

/// `{…,"message":"listening","http":"127.0.0.1:40123","grpc":"127.0.0.1:40124",…}`
fn addresses_in_log(line: &str) -> Option<(SocketAddr, String)> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let address = |key: &str| line[key].as_str();
    (line["message"] == "listening")
        .then(|| Some((address("http")?.parse().ok()?, address("grpc")?.to_owned())))?
}

fn temporary_directory() -> Result<TempDir> {
    TempDir::with_prefix("pxe-init-load-").doing(|| "there is no temporary directory".to_owned())
}

fn is_there<'a>(program: &'a Path, flag: &str) -> Result<&'a Path> {
    if program.is_file() {
        return Ok(program);
    }
    Err(Failure(format!("{} is not there; build it, or name another with {flag}", program.display())))
}
