//! Asks a format's own checker, where the machine has it. Never through a shell, and never for long.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::super::failure::{Exit, Failure};
use super::found::Found;
use crate::domain::Kind;
use crate::lint::Severity;

/// How long a checker may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of what it says is read.
const LONGEST: u64 = 64 << 10;

/// What a checker says.
pub(super) enum Answer {
    /// There is none for this kind.
    None,
    /// There is one, but not here.
    Missing(&'static str),
    /// What it found.
    Said(Vec<Found>),
}

/// The program and its arguments before the name of the file; what the file has to be called.
fn tool(kind: Kind, document: &str) -> Option<(&'static str, &'static [&'static str], &'static str)> {
    match kind {
        Kind::Ignition => Some(("ignition-validate", &[], ".ign")),
        Kind::UserData | Kind::VendorData if document.starts_with("#cloud-config") => {
            Some(("cloud-init", &["schema", "--config-file"], ".yaml"))
        }
        Kind::Kickstart => Some(("ksvalidator", &[], ".ks")),
        Kind::Grub => Some(("grub-script-check", &[], ".cfg")),
        _ => None,
    }
}

/// Asks the checker for this kind.
pub(super) fn ask(kind: Kind, document: &str) -> Result<Answer, Failure> {
    let Some((program, arguments, suffix)) = tool(kind, document) else { return Ok(Answer::None) };
    let mut file = tempfile::Builder::new().prefix("pxe-init-lint-").suffix(suffix).tempfile()?;
    file.write_all(document.as_bytes())?;
    file.flush()?;
    let mut output = tempfile::tempfile()?;
    let mut command = Command::new(program);
    command.args(arguments).arg(file.path()).stdin(Stdio::null());
    command.stdout(output.try_clone()?).stderr(output.try_clone()?);
    let mut child = match command.spawn() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Answer::Missing(program)),
        Err(e) => return Err(Failure::new(Exit::Other, format!("{program}: {e}"))),
        Ok(child) => child,
    };
    let started = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if started.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(20)),
            None => {
                child.kill()?;
                child.wait()?;
                let message = format!("{program} did not answer within {} s", PATIENCE.as_secs());
                return Ok(Answer::Said(vec![found(program, 1, Severity::Warning, &message)]));
            }
        }
    };
    let said = said(&mut output)?.replace(&*file.path().to_string_lossy(), "the file");
    if status.success() && said.lines().all(|line| !line.to_ascii_lowercase().contains("warning")) {
        return Ok(Answer::Said(Vec::new()));
    }
    let severity = if status.success() { Severity::Warning } else { Severity::Error };
    let message = said.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Answer::Said(vec![found(program, line(&message).unwrap_or(1), severity, &message)]))
}

fn said(output: &mut File) -> Result<String, Failure> {
    output.rewind()?;
    let mut bytes = Vec::new();
    output.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first number after the word `line`.
fn line(said: &str) -> Option<usize> {
    let (_, after) = said.split_once("line ")?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|line| *line > 0)
}

fn found(program: &str, line: usize, severity: Severity, message: &str) -> Found {
    let help = format!("this is what {program} says");
    Found { line, ..Found::bare("", program, severity, message, &help) }
}
