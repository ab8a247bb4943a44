//! One set of error codes, and what each is called over HTTP and gRPC.

use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;

use crate::domain::Violation;

/// What kind of failure it is: few, and the same at every surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request is wrong whatever the state of the system.
    InvalidArgument,
    /// Nobody knows who asks: no credential, or none that is worth anything.
    Unauthenticated,
    /// Who asks may not.
    PermissionDenied,
    /// Something named does not exist.
    NotFound,
    /// Something that must be unique exists already.
    AlreadyExists,
    /// The system is in a state that does not allow it.
    FailedPrecondition,
    /// Somebody else was faster; read again and retry.
    Aborted,
    /// Too much at once, or too large.
    ResourceExhausted,
    /// Not now; the same request may work later.
    Unavailable,
    /// A defect of ours.
    Internal,
}

/// A failure with a message for the caller and, apart from it, a cause for the log.
#[derive(Debug)]
pub struct Error {
    /// What kind of failure it is.
    pub code: Code,
    /// For the caller: what is wrong, and what would be right. Contains nothing secret.
    pub message: String,
    /// The fields that are wrong.
    pub violations: Vec<Violation>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl Code {
    /// Over HTTP (RFC 9110, section 15).
    pub const fn http(self) -> StatusCode {
        match self {
            Self::InvalidArgument => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::AlreadyExists | Self::Aborted => StatusCode::CONFLICT,
            Self::FailedPrecondition => StatusCode::PRECONDITION_FAILED,
            Self::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Over gRPC (<https://grpc.io/docs/guides/status-codes/>).
    pub const fn grpc(self) -> tonic::Code {
        match self {
            Self::InvalidArgument => tonic::Code::InvalidArgument,
            Self::Unauthenticated => tonic::Code::Unauthenticated,
            Self::PermissionDenied => tonic::Code::PermissionDenied,
            Self::NotFound => tonic::Code::NotFound,
            Self::AlreadyExists => tonic::Code::AlreadyExists,
            Self::FailedPrecondition => tonic::Code::FailedPrecondition,
            Self::Aborted => tonic::Code::Aborted,
            Self::ResourceExhausted => tonic::Code::ResourceExhausted,
            Self::Unavailable => tonic::Code::Unavailable,
            Self::Internal => tonic::Code::Internal,
        }
    }
}

impl Error {
    /// A failure of which the caller is told `message`.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), violations: Vec::new(), cause: None }
    }

    /// A wrong request: what was asked for, and its wrong fields.
    pub fn invalid(what: impl Into<String>, violations: Vec<Violation>) -> Self {
        Self::new(Code::InvalidArgument, what).with_fields(violations)
    }

    /// One wrong field.
    pub fn invalid_field(field: &str, problem: impl fmt::Display) -> Self {
        Self::invalid("the request is not valid", vec![Violation::new(field, problem.to_string())])
    }

    /// The same with the fields that are wrong.
    pub fn with_fields(mut self, violations: Vec<Violation>) -> Self {
        self.violations = violations;
        self
    }

    /// The same with its cause, which only the log is told.
    pub fn caused_by(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

impl Error {
    /// The message, the fields and every cause that says more, for the log.
    pub fn with_causes(&self) -> String {
        with_causes(self)
    }
}

/// What an error says, and every cause that says more: many an error repeats its cause.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

impl fmt::Display for Error {
    /// One line: the message, then the fields.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (i, violation) in self.violations.iter().enumerate() {
            write!(f, "{}{violation}", if i == 0 { ": " } else { "; " })?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.cause.as_ref()?.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("can not connect: {0}")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_cause_that_was_told_is_not_told_again() {
        let error = Error::new(Code::Unavailable, "away");
        let error = error.caused_by(Outer(std::io::Error::other("refused")));
        assert_eq!(error.with_causes(), "away: can not connect: refused");
    }
}
