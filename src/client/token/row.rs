//! Tokens as they are printed.

use std::fmt;

use serde::Serialize;

use crate::client::boots::time;
use crate::client::print::{Record, Row};
use crate::proto::pxe_init as pb;

/// What is known of a token.
#[derive(Serialize)]
pub(super) struct Token {
    pub(super) name: String,
    pub(super) role: String,
    pub(super) secrets: bool,
    pub(super) state: String,
    pub(super) created: String,
    pub(super) created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_used: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revoked: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) revoked_by: String,
}

/// A token that was made, with what its holder sends.
#[derive(Serialize)]
pub(super) struct Created {
    #[serde(flatten)]
    pub(super) token: Token,
    pub(super) bearer: String,
}

/// Who the server takes the caller for.
#[derive(Serialize)]
pub(super) struct Who {
    name: String,
    role: String,
    secrets: bool,
    method: String,
}

impl Created {
    pub(super) fn new(token: pb::Token, bearer: String) -> Self {
        Self { token: token.into(), bearer }
    }
}

impl From<pb::Token> for Token {
    fn from(token: pb::Token) -> Self {
        let some = |at: i64| (at != 0).then(|| time(at));
        Self {
            name: token.name,
            role: token.role,
            secrets: token.secrets,
            state: token.state,
            created: time(token.created_ms),
            created_by: token.created_by,
            expires: some(token.expires_ms),
            last_used: some(token.last_used_ms),
            revoked: some(token.revoked_ms),
            revoked_by: token.revoked_by,
        }
    }
}

impl From<pb::WhoAmIResponse> for Who {
    fn from(answer: pb::WhoAmIResponse) -> Self {
        let pb::WhoAmIResponse { name, role, secrets, method } = answer;
        Self { name, role, secrets, method }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets = if self.secrets { "may read secrets" } else { "may not read secrets" };
        write!(f, "{} ({}): {}, {secrets}", self.name, self.method, self.role)
    }
}

impl Record for Token {
    fn id(&self) -> String {
        format!("token/{}", self.name)
    }
}

impl Record for Created {
    fn id(&self) -> String {
        self.token.id()
    }
}

impl Record for Who {
    fn id(&self) -> String {
        self.name.clone()
    }
}

impl Row for Token {
    const COLUMNS: &'static [&'static str] = &["NAME", "ROLE", "SECRETS", "STATE", "EXPIRES", "LAST-USED"];
    const WIDE: &'static [&'static str] = &["CREATED", "CREATED-BY", "REVOKED", "REVOKED-BY"];

    fn cells(&self) -> Vec<String> {
        let time = |time: &Option<String>| time.clone().unwrap_or_default();
        vec![
            self.name.clone(),
            self.role.clone(),
            if self.secrets { "yes" } else { "no" }.to_owned(),
            self.state.clone(),
            time(&self.expires),
            time(&self.last_used),
            self.created.clone(),
            self.created_by.clone(),
            time(&self.revoked),
            self.revoked_by.clone(),
        ]
    }
}
