//! What a machine asked, however it was read.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequest, Request};
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};

use super::{Peer, Reply};
use crate::error::{Code, Error};
use crate::telemetry::{BadRequest, Metrics, TraceParent};

/// What a machine asked: all of its request that answers depend on.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The path as it was sent.
    pub path: &'a str,
    /// The query as it was sent, without its question mark.
    pub query: &'a str,
    /// The host under which the machine reaches us, unproved.
    pub host: Option<&'a str>,
    /// Where it came from.
    pub peer: SocketAddr,
    /// The trace that it belongs to.
    pub trace: TraceParent<'a>,
}

/// A request that axum took apart, since it was none of the plain ones ([`super::PlainRequest`]).
pub(super) struct Asked {
    uri: Uri,
    headers: HeaderMap,
    peer: Peer,
}

impl<S: Send + Sync> FromRequest<S> for Asked
where
    Arc<Metrics>: FromRef<S>,
{
    type Rejection = Reply;

    /// Takes the request as a whole, since to take parts of it would be to copy them.
    async fn from_request(request: Request, state: &S) -> Result<Self, Reply> {
        let (parts, _) = request.into_parts();
        let Some(&peer) = parts.extensions.get::<Peer>() else {
            let problem = "the listener did not say where the request came from";
            return Err(Reply::refusal(&Error::new(Code::Internal, problem)));
        };
        if parts.headers.get_all(HOST).iter().nth(1).is_some() {
            Arc::<Metrics>::from_ref(state).boots.refused(BadRequest::SeveralHosts);
            // RFC 9112, section 3.2; which of them would be right for the URLs of a document nobody can tell.
            return Err(Reply::line(400, "the request has more than one Host header; send one"));
        }
        Ok(Self { uri: parts.uri, headers: parts.headers, peer })
    }
}

impl Asked {
    pub(super) fn question(&self) -> Question<'_> {
        // A request through a proxy names the whole URL, whose host then counts (RFC 9112, section 3.2.2).
        let authority = self.uri.authority().map(Authority::as_str);
        Question {
            path: self.uri.path(),
            query: self.uri.query().unwrap_or_default(),
            host: authority.or_else(|| self.headers.get(HOST)?.to_str().ok()),
            peer: self.peer.0,
            trace: TraceParent::of(&self.headers),
        }
    }
}
