//! The yardstick: an axum router whose handlers return the same bytes to everybody, with the headers and the length of
//! a real answer.
//!
//! It is served by hyper's `http1`, driven directly, as a server is built that takes libraries for all of HTTP. What ours does
//! beyond it, its limits and its threads, is a cost of ours; that it reads plain requests without hyper, a gain.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::extract::Path as Segments;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tower::ServiceExt;

use crate::failure::{Doing, Result};
use crate::target::Answer;

// As in src/server/machines/.
const BACKLOG: u32 = 4096;
const REQUEST_HEAD: Duration = Duration::from_secs(60);
const MAX_HEAD: usize = 32 << 10;

/// What is printed before the address when it listens.
pub(crate) const LISTENING: &str = "listening on ";

/// An answer that is ready to be sent.
#[derive(Clone)]
struct Prepared {
    headers: HeaderMap,
    body: Bytes,
}

/// Gives the answers in `file` until it is killed.
#[expect(clippy::print_stdout, reason = "who starts it reads its address")]
pub(crate) async fn serve(file: &Path, address: SocketAddr) -> Result<()> {
    let text = std::fs::read(file).doing(|| format!("can not read {}", file.display()))?;
    let answers: Vec<Answer> =
        serde_json::from_slice(&text).doing(|| format!("{} does not hold answers", file.display()))?;
    let router = router(answers)?;
    let listener = listen(address).doing(|| format!("can not listen on {address}"))?;
    println!("{LISTENING}{}", listener.local_addr().doing(|| "can not tell the address".to_owned())?);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, router.clone()));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn router(answers: Vec<Answer>) -> Result<Router> {
    let mut router = Router::new();
    let (files, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.file.is_some());
    for answer in others {
        let prepared = Prepared::new(&answer)?;
        router = router.route(&answer.route, get(async move || prepared.respond()));
    }
    if let Some(route) = files.first().map(|answer| answer.route.clone()) {
        let files: Vec<_> = files
            .into_iter()
            .map(|answer| Ok((Prepared::new(&answer)?, answer.file.unwrap_or_default())))
            .collect::<Result<_>>()?;
        let handler = async move |Segments((_, asked)): Segments<(String, String)>| match files
            .iter()
            .find(|(_, file)| *file == asked)
        {
            Some((prepared, _)) => prepared.respond(),
            None => not_found(),
        };
        router = router.route(&route, get(handler));
    }
    Ok(router)
}

async fn connection(stream: TcpStream, router: Router) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request: Request<Incoming>| router.clone().oneshot(request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that broke concerns who asked.
    let _ = serving.await;
}

impl Prepared {
    fn new(answer: &Answer) -> Result<Self> {
        let mut headers = HeaderMap::new();
        for (name, value) in &answer.headers {
            let what = || format!("{name}: {value:?} is no header");
            let key = HeaderName::from_bytes(name.as_bytes()).doing(what)?;
            headers.insert(key, HeaderValue::from_str(value).doing(what)?);
        }
        Ok(Self { headers, body: Bytes::from(answer.body.clone()) })
    }

    fn respond(&self) -> Response {
        let mut response = Response::new(self.body.clone().into());
        *response.headers_mut() = self.headers.clone();
        response
    }
}

fn not_found() -> Response {
    let mut response = Response::new("there is no such file\n".into());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
