//! What an operator can set about answers.

use crate::render::{Limits, ServerContext};

/// What an operator can set about answers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What a machine gets that nothing matches.
    pub unknown: OnUnknown,
    /// What a machine gets whose script can not be rendered.
    pub failure: OnFailure,
    /// How long a held machine waits before it asks again, in seconds.
    pub hold_seconds: u32,
    /// Where relative image paths lead.
    pub assets: Assets,
    /// Whether this server has files of its own under `/assets`.
    pub serves_assets: bool,
    /// The base of our URLs, where the request does not tell it.
    pub base_url: String,
    /// Whether `base_url` holds even where the request tells another.
    pub base_url_fixed: bool,
    /// What rendering may cost.
    pub limits: Limits,
}

impl Settings {
    /// Where this server is for a machine that reaches it at `base_url`, which is `http://host:port`.
    pub fn server(&self, base_url: &str) -> ServerContext {
        ServerContext {
            base_url: base_url.into(),
            asset_url: self.assets.base(base_url),
            hold_seconds: self.hold_seconds,
            token: None,
        }
    }
}

/// What a machine gets that nothing matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    /// The template `unknown`, which shows who it is and asks again.
    Hold,
    /// Status 404, so that its firmware tries the next boot device.
    NotFound,
}

/// What a machine gets whose script can not be rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The template `error`, which shows the incident and asks again.
    Script,
    /// Status 500, so that its firmware tries the next boot device.
    Status,
}

/// Where relative image paths lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assets {
    /// To `/assets` of this server.
    Own,
    /// To this base URL: the forward server.
    Forward(String),
}

impl Assets {
    /// The base of relative image paths, for a machine that reaches us at `base_url`.
    pub fn base(&self, base_url: &str) -> String {
        match self {
            Self::Own => format!("{base_url}/assets"),
            Self::Forward(url) => url.clone(),
        }
    }
}
