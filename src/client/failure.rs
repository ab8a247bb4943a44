//! Why a command did not do what it was asked, for people and, as an exit code, for scripts.

use std::error::Error as _;
use std::process::ExitCode;
use std::{error, fmt, io, iter};

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::endpoint::Endpoint;

/// What the exit codes mean, for `--help`.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  any other failure, such as a file that can not be read; diff: there are differences;
     template test: there are mistakes in the files; boots replay: not the same;
     audit verify: not as it was written
  2  the command line is wrong
  3  not found; preview: the machine does not get a document of its own
  4  what was given is refused, by the server or before it is sent; lint: there are findings;
     template test: something failed
  5  somebody else changed it meanwhile
  6  the server is away, or did not answer in time
Of several failures the highest counts.";

/// What to look at when something listens there that does not speak gRPC.
const NOT_GRPC: &str = "is that the server's gRPC port, and not its HTTP port, and does it take TLS (grpcs://)? --grpc-endpoint or PXE_INIT_ENDPOINT names another";

/// The exit code of the process; [`EXIT_CODES`] tells people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// Done.
    Ok = 0,
    /// Any other failure.
    Other = 1,
    /// The command line is wrong.
    Usage = 2,
    /// There is no such thing.
    NotFound = 3,
    /// What was given is refused.
    Refused = 4,
    /// Somebody else changed it meanwhile.
    Conflict = 5,
    /// The server is away, or did not answer in time.
    Unavailable = 6,
}

/// Why a command failed. Its `Display` is all that the person at the terminal is told, line ends included.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// What the process exits with.
    pub(super) exit: Exit,
    /// What went wrong.
    pub(super) message: String,
    /// Each field that was refused, with the reason.
    pub(super) fields: Vec<(String, String)>,
    /// What to do about it.
    pub(super) hint: Option<String>,
}

impl Failure {
    /// A failure without further detail.
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), fields: Vec::new(), hint: None }
    }

    /// The same with advice on what to do.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// There is no connection.
    fn unconnected(problem: String) -> Self {
        let failure = Self::new(Exit::Unavailable, problem);
        match failure.message.contains("certificate") {
            true => failure.hint(
                "--ca (PXE_INIT_CA) names the CA of the server's certificate, and the endpoint a host that is in it",
            ),
            false => failure,
        }
    }

    /// The same, saying which server was away.
    pub(super) fn at(self, endpoint: &Endpoint) -> Self {
        if self.exit != Exit::Unavailable {
            return self;
        }
        let message = format!("{endpoint}: {}", self.message);
        let hint = self.hint.unwrap_or_else(|| {
            "is the server running there? --grpc-endpoint or PXE_INIT_ENDPOINT names another, --timeout waits longer"
                .to_owned()
        });
        Self { message, hint: Some(hint), ..self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        for (field, problem) in &self.fields {
            writeln!(f, "  {field}: {problem}")?;
        }
        match &self.hint {
            Some(hint) => writeln!(f, "hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        // A status with a source was made on this side, of what went wrong on the way.
        if let Some(cause) = status.source() {
            return match status.code() {
                Code::DeadlineExceeded | Code::Cancelled => {
                    Self::new(Exit::Unavailable, "there was no answer in time")
                }
                _ if is_connect_error(cause) => Self::unconnected(innermost(cause)),
                // Connected, and then HTTP/2 came to nothing.
                _ => Self::new(Exit::Unavailable, innermost(cause)).hint(NOT_GRPC),
            };
        }
        if status.message().starts_with("grpc-status header missing") {
            return Self::new(Exit::Unavailable, status.message()).hint(NOT_GRPC);
        }
        let exit = match status.code() {
            Code::NotFound => Exit::NotFound,
            Code::InvalidArgument | Code::FailedPrecondition | Code::AlreadyExists | Code::OutOfRange => {
                Exit::Refused
            }
            Code::Aborted => Exit::Conflict,
            Code::Unavailable | Code::DeadlineExceeded => Exit::Unavailable,
            _ => Exit::Other,
        };
        let fields = status
            .get_details_bad_request()
            .map(|bad| bad.field_violations.into_iter().map(|v| (v.field, v.description)).collect())
            .unwrap_or_default();
        let message = match status.message() {
            "" => status.code().description().to_owned(),
            message => message.to_owned(),
        };
        let failure = Self { exit, message, fields, hint: None };
        match status.code() {
            Code::OutOfRange if failure.message.contains("message length too large") => Self {
                message: "the request is larger than the server takes, which is 4 MiB".to_owned(),
                ..failure
            }
            .hint("a template has at most 1 MiB; larger data goes into the assets directory"),
            Code::Unimplemented => failure.hint("the server may be older than this client"),
            Code::Aborted => failure.hint("get it again, look at what changed, and repeat"),
            _ => failure,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // `| head` has read enough: that is no failure.
            io::ErrorKind::BrokenPipe => Self::new(Exit::Ok, ""),
            _ => Self::new(Exit::Other, error.to_string()),
        }
    }
}

/// The cause that says most; those around it say "transport error".
fn innermost(error: &(dyn error::Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn is_connect_error(error: &(dyn error::Error + 'static)) -> bool {
    causes(error).any(<dyn error::Error + 'static>::is::<tonic::ConnectError>)
}

fn causes<'a>(
    error: &'a (dyn error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn error::Error + 'static)> {
    iter::successors(Some(error), |&cause| cause.source())
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn field_violations_have_a_line_each() {
        let details = ErrorDetails::with_bad_request_violation("macs[0]", "\"52:54\" is no MAC address");
        let status = Status::with_error_details(Code::InvalidArgument, "invalid machine", details);
        let failure = Failure::from(status);
        assert_eq!(failure.exit, Exit::Refused);
        assert_eq!(failure.to_string(), "error: invalid machine\n  macs[0]: \"52:54\" is no MAC address\n");
    }

    #[test]
    fn codes_become_exits() {
        for (status, exit) in [
            (Status::not_found(""), Exit::NotFound),
            (Status::aborted(""), Exit::Conflict),
            (Status::already_exists(""), Exit::Refused),
            (Status::failed_precondition(""), Exit::Refused),
            (Status::deadline_exceeded(""), Exit::Unavailable),
            (Status::internal(""), Exit::Other),
            (Status::permission_denied(""), Exit::Other),
        ] {
            assert_eq!(Failure::from(status).exit, exit);
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)).exit, Exit::Ok);
    }
}
