//! Who calls, as far as it was proved.

use std::fmt;

use tonic::{Request, Status};

use crate::domain::{Actor, Role, Token};
use crate::error::{Code, Error};
use crate::grpc::status::status;

/// How it was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::grpc) enum Method {
    /// It was not.
    Anonymous,
    /// By a bearer token.
    Token,
    /// By a client certificate.
    Certificate,
    /// By a token of the identity provider.
    Oidc,
}

/// A caller.
#[derive(Clone, Debug)]
pub(in crate::grpc) struct Identity {
    /// Under which changes are recorded. Of one who proved nothing, what he says.
    pub(in crate::grpc) name: String,
    pub(in crate::grpc) role: Role,
    secrets: bool,
    pub(in crate::grpc) method: Method,
    /// The address that the call came from.
    pub(in crate::grpc) origin: String,
}

/// Who the holder of a certificate is.
#[derive(Clone, Debug)]
pub struct Known {
    /// A name of the certificate.
    pub name: String,
    /// What the holder may do.
    pub role: Role,
    /// Whether the holder may read secrets.
    pub secrets: bool,
}

impl Method {
    pub(in crate::grpc) const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Token => "token",
            Self::Certificate => "certificate",
            Self::Oidc => "jwt",
        }
    }
}

impl Identity {
    /// One who may do anything, because anybody may.
    pub(super) fn anonymous(claimed: Option<String>, origin: String) -> Self {
        let name = claimed.unwrap_or_else(|| "anonymous".to_owned());
        Self { name, role: Role::Admin, secrets: true, method: Method::Anonymous, origin }
    }

    /// The holder of a token.
    pub(super) fn of_token(token: &Token, origin: String) -> Self {
        let (name, role, secrets) = (token.name.to_string(), token.role, token.secrets);
        Self { name, role, secrets, method: Method::Token, origin }
    }

    /// The holder of a certificate.
    pub(super) fn of_certificate(known: &Known, origin: String) -> Self {
        let Known { name, role, secrets } = known.clone();
        Self { name, role, secrets, method: Method::Certificate, origin }
    }

    /// Whom the identity provider made a token for.
    pub(super) fn of_provider(name: String, role: Role, secrets: bool, origin: String) -> Self {
        Self { name, role, secrets, method: Method::Oidc, origin }
    }

    /// Whether secrets may be shown to it.
    pub(in crate::grpc) fn reads_secrets(&self) -> bool {
        self.secrets || self.role == Role::Admin
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.method {
            Method::Anonymous => f.write_str("an anonymous caller"),
            Method::Token => write!(f, "the token {}", self.name),
            Method::Certificate => write!(f, "the certificate of {}", self.name),
            Method::Oidc => f.write_str(&self.name),
        }
    }
}

/// Who makes this call.
pub(in crate::grpc) fn identity<T>(request: &Request<T>) -> Result<&Identity, Status> {
    request.extensions().get::<Identity>().ok_or_else(|| {
        // A route that the guard does not stand before.
        status(Error::new(Code::Internal, "nobody asked who makes this call"))
    })
}

/// Who makes this call, for the history.
pub(in crate::grpc) fn actor<T>(request: &Request<T>) -> Result<Actor, Status> {
    let Identity { name, origin, .. } = identity(request)?;
    Ok(Actor { name: name.clone(), origin: origin.clone() })
}

/// Refuses to show secrets to who may not read them.
pub(in crate::grpc) fn may_show<T>(request: &Request<T>, show_secrets: bool) -> Result<(), Status> {
    let identity = identity(request)?;
    if !show_secrets || identity.reads_secrets() {
        return Ok(());
    }
    let problem = format!(
        "{identity} may not read secrets: leave out show_secrets (--show-secrets), or use a token that was made with \
         --secrets"
    );
    Err(status(Error::new(Code::PermissionDenied, problem)))
}
