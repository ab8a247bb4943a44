//! Runs the client and shows all that it did.

use std::fmt;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::fake::Fake;

/// The client, seen from the shell.
pub(super) struct Client {
    pub(super) fake: Fake,
}

/// What a run left behind.
pub(super) struct Run {
    pub(super) exit: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Client {
    /// With a fake server of its own.
    pub(super) fn new() -> Self {
        Self { fake: Fake::start() }
    }

    /// The command, with an environment that holds nothing of this machine.
    pub(super) fn command(&self) -> Command {
        let mut command = bare();
        command.env("PXE_INIT_ENDPOINT", format!("grpc://{}", self.fake.address));
        command
    }

    /// Runs it with these arguments, written as in a shell.
    pub(super) fn run(&self, args: &str) -> Run {
        finish(self.command().args(shell_words::split(args).unwrap()))
    }

    /// Runs it with this on its standard input.
    pub(super) fn run_with(&self, args: &str, stdin: &str) -> Run {
        finish_with(self.command().args(shell_words::split(args).unwrap()), stdin)
    }

    /// Runs it and insists that it went well.
    pub(super) fn ok(&self, args: &str) -> Run {
        let run = self.run(args);
        assert_eq!(run.exit, 0, "{args}\n{run}");
        run
    }
}

/// The command without a server.
pub(super) fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pxe-init-client"));
    command.env_clear().env("USER", "ada").env("PATH", "/usr/bin:/bin").env("TMPDIR", std::env::temp_dir());
    command
}

pub(super) fn finish(command: &mut Command) -> Run {
    command.stdin(Stdio::null()).output().unwrap().into()
}

/// Runs it with this on its standard input.
pub(super) fn finish_with(command: &mut Command, stdin: &str) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

impl From<std::process::Output> for Run {
    fn from(output: std::process::Output) -> Self {
        Self {
            exit: output.status.code().expect("the client was not killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit {}", self.exit)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "--- {name}\n{text}")?;
            }
        }
        Ok(())
    }
}
