//! Files for machines: kernels, initrds, root file systems.

use std::io;
use std::path::{Component, Path, PathBuf};

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::RANGE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use tower::ServiceExt;
use tower_http::services::ServeFile;

use super::{Peer, respond};

/// The directory that is served under `/assets`, if any. `Range` and `HEAD` are answered, as iPXE's `sanboot` and UEFI
/// HTTP boot need (RFC 9110, sections 14 and 9.3.2); what lies outside of the directory is not reached, not by a link
/// either.
#[derive(Clone, Debug, Default)]
pub struct AssetDir(Option<PathBuf>);

impl AssetDir {
    /// Serves `dir`.
    pub fn new(dir: Option<&Path>) -> Self {
        Self(dir.map(Path::to_path_buf))
    }
}

/// `GET /assets/PATH`.
pub(super) async fn serve(
    State(AssetDir(dir)): State<AssetDir>,
    peer: Option<Extension<Peer>>,
    mut request: Request,
) -> Response {
    let path = request.uri().path().strip_prefix("/assets").unwrap_or_default();
    let path = path.trim_start_matches('/').to_owned();
    let Some(dir) = dir else {
        return respond::text(
            StatusCode::NOT_FOUND,
            "this server has no assets directory; start it with --assets-dir DIR".to_owned(),
        );
    };
    let file = match find(&dir, &path).await {
        Ok(file) => file,
        Err(problem) => {
            let peer = peer.map(|Extension(Peer(address))| tracing::field::display(address));
            tracing::warn!(peer, path = %path.escape_debug(), problem, "no such asset");
            let shown: String = path.chars().take(200).collect();
            let line = format!("there is no file {shown:?} in the assets directory");
            return respond::text(StatusCode::NOT_FOUND, line);
        }
    };
    drop_unusable_range(request.headers_mut());
    match ServeFile::new(file).oneshot(request).await {
        Ok(response) if response.status() == StatusCode::RANGE_NOT_SATISFIABLE => {
            let (head, _) = response.into_parts();
            let line = "the file does not have these bytes; Content-Range says how many it has";
            let mut refused = respond::text(head.status, line.to_owned());
            let size = head.headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
            refused.headers_mut().extend(size.filter(|(name, _)| name == "content-range"));
            refused
        }
        Ok(response) => response.map(Body::new).into_response(),
        Err(never) => match never {},
    }
}

/// The file at `path`, or why there is none, for the log: a machine need not know what else the disk has.
async fn find(dir: &Path, path: &str) -> Result<PathBuf, String> {
    let decoded = percent_decode_str(path).decode_utf8().map_err(|_| "the path is not UTF-8".to_owned())?;
    let relative = Path::new(&*decoded);
    if relative.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err("the path climbs out of the assets directory".to_owned());
    }
    let said = |e: io::Error| e.to_string();
    let base = tokio::fs::canonicalize(dir).await.map_err(said)?;
    let file = tokio::fs::canonicalize(dir.join(relative)).await.map_err(said)?;
    if !file.starts_with(&base) {
        return Err(format!("it is a link to {}, outside of the assets directory", file.display()));
    }
    // Whatever else there is, to open a pipe waits for its other end.
    if !tokio::fs::metadata(&file).await.map_err(said)?.is_file() {
        return Err("it is no regular file".to_owned());
    }
    tokio::fs::File::open(&file).await.map_err(said)?;
    Ok(file)
}

/// Ranges of other units must be ignored (RFC 9110, section 14.2), and several at once may be: the whole file follows.
fn drop_unusable_range(headers: &mut HeaderMap) {
    let usable = |range: &str| range.trim_start().starts_with("bytes=") && !range.contains(',');
    if headers.get(RANGE).is_some_and(|range| !range.to_str().is_ok_and(usable)) {
        headers.remove(RANGE);
    }
}
