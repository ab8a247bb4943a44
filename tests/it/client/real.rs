//! The client binary against the server itself.

use tokio::runtime::Runtime;

use super::run::{Run, bare, finish, finish_with};
use crate::app::TestApp;

/// A server with the client pointed at it.
pub(super) struct Site {
    app: TestApp,
    // The server runs on it.
    _runtime: Runtime,
}

impl Site {
    /// With nothing in it.
    pub(super) fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let app = runtime.block_on(TestApp::start());
        Self { app, _runtime: runtime }
    }

    /// Where its gRPC port is.
    pub(super) fn address(&self) -> std::net::SocketAddr {
        self.app.grpc
    }

    fn command(&self, args: &str) -> std::process::Command {
        let mut command = bare();
        command.env("PXE_INIT_ENDPOINT", format!("grpc://{}", self.app.grpc));
        command.args(["--timeout", "60s"]).args(shell_words::split(args).unwrap());
        command
    }

    /// Runs the client with these arguments, written as in a shell.
    pub(super) fn run(&self, args: &str) -> Run {
        finish(&mut self.command(args))
    }

    /// Runs it with this on its standard input.
    pub(super) fn run_with(&self, args: &str, stdin: &str) -> Run {
        finish_with(&mut self.command(args), stdin)
    }

    /// Runs it and insists that it went well.
    pub(super) fn ok(&self, args: &str) -> Run {
        let run = self.run(args);
        assert_eq!(run.exit, 0, "{args}\n{run}");
        run
    }
}
