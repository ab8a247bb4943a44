//! Traces the calls of operators: a layer around the management API.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body_util::BodyExt;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::telemetry::Traces;

/// The layer.
#[derive(Clone)]
pub(super) struct TraceCalls(pub(super) Traces);

/// A service within it.
#[derive(Clone)]
pub(super) struct Traced<S> {
    inner: S,
    traces: Traces,
}

impl<S> Layer<S> for TraceCalls {
    type Service = Traced<S>;

    fn layer(&self, inner: S) -> Traced<S> {
        Traced { inner, traces: self.0.clone() }
    }
}

type Answering<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

impl<S, B> Service<Request<B>> for Traced<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answering<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let span = self.traces.call(request.uri().path(), request.headers());
        let answering = self.inner.call(request);
        Box::pin(async move {
            let response = answering.await?;
            let Some(mut span) = span else { return Ok(response) };
            // An error without a message is told in the head, and everything else after the last message.
            span.hear(response.headers());
            Ok(response.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    if let Some(trailers) = frame.trailers_ref() {
                        span.hear(trailers);
                    }
                    frame
                }))
            }))
        })
    }
}
