//! Lets calls in, or says why not.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use http::HeaderMap;
use http::header::{AUTHORIZATION, FORWARDED, HeaderName};
use tonic::Status;

use super::failures::Failures;
use super::identity::{Identity, Known};
use super::table::{Need, need};
use crate::error::{Code, Error};
use crate::grpc::status::status;
use crate::oidc::{self, Oidc, Verified};
use crate::service::Service;

/// The header in which a client says who uses it. Nothing proves it, so it counts only where nothing has to be proved.
const USER: HeaderName = HeaderName::from_static("x-pxe-init-user");

/// What a proxy adds.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The longest name that is kept of a claim, in characters.
const MAX_NAME: usize = 64;

/// Who needs no credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anonymous {
    /// Nobody.
    Never,
    /// Whoever calls from this computer.
    Loopback,
    /// Anybody.
    Anybody,
}

/// Who is let in.
#[derive(Clone)]
pub struct Access {
    /// Who needs no credential.
    pub anonymous: Anonymous,
    /// Who the holders of certificates are; the first that fits counts.
    pub certificates: Vec<Known>,
    /// Whose tokens are taken beside ours.
    pub oidc: Option<Arc<Oidc>>,
}

/// What stands before every call.
pub(in crate::grpc) struct Guard {
    service: Service,
    access: Access,
    failures: Failures,
}

/// Where a call came from, as the connection says.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The other end of the connection.
    pub address: SocketAddr,
    /// The names in its certificate, where it has one that our CA made.
    pub certificate: Option<Arc<[String]>>,
}

impl Guard {
    pub(in crate::grpc) fn new(service: Service, access: Access) -> Arc<Self> {
        Arc::new(Self { service, access, failures: Failures::default() })
    }

    /// Who makes this call, if it may. What needs nobody has nobody.
    pub(super) async fn admit(
        &self,
        path: &str,
        headers: &HeaderMap,
        caller: Option<&Caller>,
    ) -> Result<Option<Identity>, Status> {
        let Need::Role(needed) = need(path) else { return Ok(None) };
        self.learn(headers).await;
        let Some(caller) = caller else {
            return Err(status(Error::new(
                Code::Internal,
                "the listener did not say where the call came from",
            )));
        };
        let origin = caller.address.ip().to_canonical();
        let identity = self.identify(headers, caller, origin).map_err(|error| {
            let is_wrong = headers.contains_key(AUTHORIZATION) || caller.certificate.is_some();
            let error = if is_wrong { self.bounded(error, origin) } else { error };
            if error.code == Code::ResourceExhausted {
                tracing::debug!(%origin, call = path, "refused a call");
            } else {
                tracing::warn!(%origin, call = path, problem = error.with_causes(), "refused a call");
            }
            let call = path.trim_start_matches('/');
            self.service.audit_denied("unknown", &origin.to_string(), call, &error.message);
            status(error)
        })?;
        if identity.role < needed {
            let problem = format!(
                "{identity} is {}, and {} needs {needed}",
                identity.role,
                path.trim_start_matches('/')
            );
            tracing::warn!(%origin, call = path, name = identity.name, role = %identity.role, "denied a call");
            self.service.audit_denied(
                &identity.name,
                &identity.origin,
                path.trim_start_matches('/'),
                &problem,
            );
            return Err(status(Error::new(Code::PermissionDenied, problem)));
        }
        Ok(Some(identity))
    }

    /// What somebody is told whose credential is worth nothing: no more than that, once there were too many of them.
    fn bounded(&self, error: Error, origin: IpAddr) -> Error {
        if error.code != Code::Unauthenticated {
            return error;
        }
        match self.failures.note(origin, Instant::now()) {
            None => error,
            Some(_) => Error::new(
                Code::ResourceExhausted,
                format!("too many calls with wrong credentials came from {origin}; try again in a minute"),
            ),
        }
    }

    /// Has the keys of the identity provider read, where a token is signed with one that is not known.
    async fn learn(&self, headers: &HeaderMap) {
        if let (Some(oidc), Ok(Some(bearer))) = (&self.access.oidc, bearer(headers))
            && oidc::looks_like_one(bearer)
            && oidc.lacks_key(bearer)
        {
            oidc.refresh().await;
        }
    }

    /// Whom the identity provider made a token for.
    fn of_provider(&self, bearer: &str, origin: IpAddr) -> Result<Identity, Error> {
        let Some(oidc) = &self.access.oidc else {
            let problem = "the token is one of an identity provider (a JWT), and this server takes none: \
                           management.oidc is not set";
            return Err(Error::new(Code::Unauthenticated, problem));
        };
        let Verified { name, role, secrets } = oidc.verify(bearer)?;
        let role = role.ok_or_else(|| {
            let problem = format!(
                "{name} has no role here: no value of the claim {} is in management.oidc.roles",
                oidc.role_claim()
            );
            Error::new(Code::PermissionDenied, problem)
        })?;
        Ok(Identity::of_provider(name, role, secrets, origin.to_string()))
    }

    /// A token counts before a certificate, and both before the place that the call comes from.
    fn identify(&self, headers: &HeaderMap, caller: &Caller, origin: IpAddr) -> Result<Identity, Error> {
        if let Some(bearer) = bearer(headers)? {
            if oidc::looks_like_one(bearer) {
                return self.of_provider(bearer, origin);
            }
            let token = self.service.token(bearer)?;
            return Ok(Identity::of_token(&token, origin.to_string()));
        }
        if let Some(names) = &caller.certificate {
            let fits = |known: &&Known| names.contains(&known.name);
            let known = self.access.certificates.iter().find(fits).ok_or_else(|| {
                let problem = format!(
                    "the client certificate is for {}, which is nobody in management.identities",
                    names.join(", ")
                );
                Error::new(Code::Unauthenticated, problem)
            })?;
            return Ok(Identity::of_certificate(known, origin.to_string()));
        }
        let allowed = match self.access.anonymous {
            Anonymous::Never => false,
            // What a proxy on this computer passes on comes from somewhere else.
            Anonymous::Loopback => {
                origin.is_loopback()
                    && !headers.contains_key(FORWARDED)
                    && !headers.contains_key(FORWARDED_FOR)
            }
            Anonymous::Anybody => true,
        };
        if allowed {
            return Ok(Identity::anonymous(claim(headers), origin.to_string()));
        }
        let problem = "this call needs a credential: a token (--token-file FILE, PXE_INIT_TOKEN) or a \
                       client certificate (--cert, --key); `pxe-init-client token create` of an admin makes tokens, \
                       and `pxe-init-server token create` on the server the first one";
        Err(Error::new(Code::Unauthenticated, problem))
    }
}

/// The token of the call, if it has one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let wrong = |problem: &str| {
        let problem = format!("the authorization header {problem}; send it once, as Bearer TOKEN");
        Err(Error::new(Code::Unauthenticated, problem))
    };
    if values.next().is_some() {
        return wrong("is there more than once");
    }
    // RFC 6750, section 2.1; schemes have no case (RFC 9110, section 11.1).
    match value.to_str().ok().and_then(|value| value.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Ok(Some(token.trim()))
        }
        _ => wrong("has no bearer token"),
    }
}

/// Who the caller says that he is.
fn claim(headers: &HeaderMap) -> Option<String> {
    let claimed = headers.get(USER)?.to_str().ok()?;
    let name: String = claimed.chars().filter(char::is_ascii_graphic).take(MAX_NAME).collect();
    (!name.is_empty()).then_some(name)
}
