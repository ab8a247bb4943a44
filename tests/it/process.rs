//! The server in a process of its own, as a service manager starts it.

use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

pub(crate) type Log = Lines<BufReader<ChildStderr>>;

/// It ends with the test, whatever comes of it.
pub(crate) struct Process {
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    child: Running,
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// Starts it on this database, with these flags and variables besides; when it listens, it may have no catalog yet. With
    /// what it logs from then on, which somebody must read.
    pub(crate) fn start(url: &str, flags: &[&str], variables: &[(&str, &str)]) -> (Self, Log) {
        let ports = [("--http-port", "0"), ("--grpc-port", "0")];
        let ports = ports.into_iter().filter(|(flag, _)| !flags.contains(flag));
        let mut command = Command::new(env!("CARGO_BIN_EXE_pxe-init-server"));
        command
            .args(["serve", "--http-address", "127.0.0.1", "--database-url", url])
            .args(ports.flat_map(|(flag, port)| [flag, port]))
            .args(flags)
            .envs(variables.iter().copied())
            .stderr(Stdio::piped());
        let mut child = Running(command.spawn().unwrap());
        let mut log = BufReader::new(child.0.stderr.take().unwrap()).lines();
        loop {
            let line = log.next().expect("the server ended before it listened").unwrap();
            if line.contains("listening")
                && let (Some(http), Some(grpc)) = (address(&line, "http"), address(&line, "grpc"))
            {
                return (Self { http, grpc, child }, log);
            }
        }
    }

    /// The same, for whoever does not want to know what it logs.
    pub(crate) fn start_unread(url: &str, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let (process, log) = Self::start(url, flags, variables);
        // A full pipe would hold up nothing but the log, but let it go on.
        std::thread::spawn(move || log.for_each(drop));
        process
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = Pid::from_raw(i32::try_from(self.child.0.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.0.kill().unwrap();
        self.child.0.wait().unwrap();
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.0.wait().unwrap()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.0.try_wait().unwrap()
    }
}

/// `http=127.0.0.1:40123`, or `"http":"127.0.0.1:40123"`.
fn address(line: &str, key: &str) -> Option<SocketAddr> {
    let (_, rest) =
        line.split_once(&format!("{key}=")).or_else(|| line.split_once(&format!("\"{key}\":\"")))?;
    rest.split([' ', '"']).next()?.parse().ok()
}
