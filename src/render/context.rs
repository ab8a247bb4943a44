//! What a template can see.

use std::sync::Arc;

use crate::domain::{Facts, Image, Machine, Rule, asset_url};

/// Everything that a template can reach. Cheap to make and to clone: it is built for each request.
#[derive(Clone, Debug)]
pub struct Context {
    /// What the request said.
    pub facts: Arc<Facts>,
    /// The registered machine, if it is one.
    pub machine: Option<Arc<Machine>>,
    /// What it boots, if anything was given.
    pub image: Option<Arc<Image>>,
    /// The rule that gave it, unless a binding did.
    pub rule: Option<Arc<Rule>>,
    /// Where we are.
    pub server: Arc<ServerContext>,
    /// What went wrong; for the template `error` alone.
    pub failure: Option<Failure>,
}

/// Where this server is, as machines see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerContext {
    /// `http://host:port`, without a slash at the end.
    pub base_url: Arc<str>,
    /// What relative image paths are joined to.
    pub asset_url: String,
    /// Seconds that a held machine waits before it asks again.
    pub hold_seconds: u32,
    /// What the URLs of this boot's other documents prove that they are of it; none where nobody asks for that.
    pub token: Option<String>,
}

/// What the template `error` tells the person before the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number under which the log has the details.
    pub incident: String,
    /// The template that failed.
    pub template: String,
    /// What is wrong, in one line that may be shown on a console.
    pub problem: String,
    /// Where to ask again.
    pub url: String,
}

impl ServerContext {
    /// `path` as an absolute URL.
    pub(super) fn absolute(&self, path: &str) -> String {
        asset_url(&self.asset_url, path)
    }
}
