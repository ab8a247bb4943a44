//! The identity provider whose tokens are taken.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use serde::{Deserialize, Serialize};

use super::management::Role;
use super::{ConfigError, wrong};

/// Whose tokens are taken, and what their claims are worth.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// Who makes them; empty for nobody.
    pub issuer: String,
    /// For whom they have to be.
    pub audience: String,
    /// The keys in a file; empty for none.
    pub jwks_file: PathBuf,
    /// Where the keys are; empty for what the issuer says.
    pub jwks_url: String,
    /// How often they are read, in seconds.
    pub refresh_seconds: u32,
    /// The CAs of the URL; empty for those that browsers trust.
    pub ca_file: PathBuf,
    /// How tokens may be signed.
    pub algorithms: Vec<String>,
    /// The claim that is the caller's name.
    pub name_claim: String,
    /// The claim that says what the caller may do.
    pub role_claim: String,
    /// What its values are worth.
    pub roles: Vec<Grant>,
    /// How much the clocks may differ, in seconds.
    pub leeway_seconds: u32,
}

/// What one value of the claim is worth.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The value.
    pub value: String,
    /// What who has it may do.
    pub role: Role,
    /// Whether he may read secrets.
    #[serde(default)]
    pub secrets: bool,
}

impl Oidc {
    /// Whether tokens of somebody are taken.
    pub fn is_on(&self) -> bool {
        !self.issuer.is_empty()
    }

    /// How often the keys are read.
    pub fn refresh(&self) -> Duration {
        Duration::from_secs(self.refresh_seconds.into())
    }

    /// How much the clocks may differ.
    pub fn leeway(&self) -> Duration {
        Duration::from_secs(self.leeway_seconds.into())
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let (file, url) = (!self.jwks_file.as_os_str().is_empty(), !self.jwks_url.is_empty());
        if !self.is_on() {
            return match file || url || !self.audience.is_empty() || !self.roles.is_empty() {
                true => Err(wrong(
                    "management.oidc.issuer",
                    "is missing; it is what the claim iss of the provider's tokens says",
                )),
                false => Ok(()),
            };
        }
        if self.audience.is_empty() {
            return Err(wrong(
                "management.oidc.audience",
                "is missing; without it a token that was made for any other program would do. It is the client ID that \
                 the provider knows this server by",
            ));
        }
        if file && url {
            return Err(wrong(
                "management.oidc.jwks_file",
                "is given together with jwks_url; give one of them",
            ));
        }
        if url {
            check_url("management.oidc.jwks_url", &self.jwks_url)?;
        } else if !file {
            check_url("management.oidc.issuer", &self.issuer)?;
        }
        if self.roles.is_empty() {
            return Err(wrong(
                "management.oidc.roles",
                "is empty, so that nobody could get in; write { value = \"netboot-admins\", role = \"admin\" }",
            ));
        }
        for (key, claim) in [
            ("management.oidc.name_claim", &self.name_claim),
            ("management.oidc.role_claim", &self.role_claim),
        ] {
            if claim.is_empty() {
                return Err(wrong(key, "is empty; it is the name of a claim, such as \"sub\" or \"groups\""));
            }
        }
        if self.algorithms.is_empty() {
            return Err(wrong("management.oidc.algorithms", "is empty; write [\"RS256\"], for example"));
        }
        for (key, value, least, most) in [
            ("management.oidc.refresh_seconds", self.refresh_seconds, 1, 86_400),
            ("management.oidc.leeway_seconds", self.leeway_seconds, 0, 600),
        ] {
            if !(least..=most).contains(&value) {
                return Err(wrong(key, format!("{value} is not between {least} and {most}")));
            }
        }
        Ok(())
    }
}

/// Whoever can change the keys on their way gets in as anybody.
fn check_url(key: &'static str, url: &str) -> Result<(), ConfigError> {
    let uri: Option<Uri> = url.parse().ok().filter(|uri: &Uri| uri.host().is_some());
    let is_here = |host: &str| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    };
    let scheme = uri.as_ref().and_then(Uri::scheme_str);
    match (scheme, uri.as_ref().and_then(Uri::host)) {
        (Some("https"), _) => Ok(()),
        (Some("http"), Some(host)) if is_here(host) => Ok(()),
        (Some("http"), _) => Err(wrong(
            key,
            format!("{url:?} is not https, so that others could put their keys in place of the provider's"),
        )),
        _ => Err(wrong(
            key,
            format!("{url:?} is no URL to read keys from; write https://id.example.org/…, or give jwks_file"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_through_tls_or_from_this_computer() {
        for url in
            ["https://id.example.org/keys", "http://localhost:80/x", "http://127.0.0.1/", "http://[::1]:9/x"]
        {
            assert!(check_url("k", url).is_ok(), "{url}");
        }
        for url in [
            "http://id.example.org/keys",
            "http://127.0.0.1.example.org/",
            "http://localhost:80@example.org/",
            "http://localhost@example.org/",
            "ftp://id.example.org/",
            "id.example.org",
            "/keys",
            "",
        ] {
            assert!(check_url("k", url).is_err(), "{url}");
        }
    }
}
