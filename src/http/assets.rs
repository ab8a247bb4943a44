//! Files for machines: kernels, initrds, root file systems.

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::services::ServeDir;

use super::respond;

/// The directory that is served under `/assets`, if any. `Range` and `HEAD` are answered, as iPXE's `sanboot` and UEFI
/// HTTP boot need (RFC 9110, sections 14 and 9.3.2); what lies outside of the directory is not reached.
#[derive(Clone, Debug, Default)]
pub struct AssetDir(Option<PathBuf>);

impl AssetDir {
    /// Serves `dir`.
    pub fn new(dir: Option<&Path>) -> Self {
        Self(dir.map(Path::to_path_buf))
    }
}

/// `GET /assets/PATH`.
pub(super) async fn serve(State(AssetDir(dir)): State<AssetDir>, mut request: Request) -> Response {
    let path = request.uri().path().strip_prefix("/assets").unwrap_or_default().to_owned();
    let Some(dir) = dir else {
        return respond::text(
            StatusCode::NOT_FOUND,
            "this server has no assets directory; start it with --assets-dir DIR".to_owned(),
        );
    };
    let inner = if path.is_empty() { "/" } else { &path };
    match Uri::try_from(inner) {
        Ok(uri) => *request.uri_mut() = uri,
        Err(_) => return respond::text(StatusCode::BAD_REQUEST, format!("{inner:?} is no path")),
    }
    let files = ServeDir::new(dir).append_index_html_on_directories(false);
    match files.oneshot(request).await {
        Ok(response) if response.status() == StatusCode::NOT_FOUND => respond::text(
            StatusCode::NOT_FOUND,
            format!("there is no file {inner:?} in the assets directory"),
        ),
        Ok(response) => response.map(Body::new).into_response(),
        Err(never) => match never {},
    }
}
