//! From configuration to what the service is told.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{self, Config, Failure, Unknown};
use crate::domain::Role;
use crate::grpc::{Access, Anonymous, Known};
use crate::oidc::{self, Oidc};
use crate::render::Limits;
use crate::seal::{InvalidKeys, Keys};
use crate::service::{Assets, OnFailure, OnUnknown, Settings};
use crate::telemetry::TraceOptions;

/// What the service is told.
pub(super) fn settings(config: &Config, http_port: u16) -> Settings {
    let own_assets = config.assets.dir().is_some();
    let assets = match config.assets.forward_server() {
        Some(url) if !own_assets => Assets::Forward(url),
        _ => Assets::Own,
    };
    let base_url_fixed = !config.http.base_url.is_empty();
    Settings {
        unknown: match config.boot.unknown {
            Unknown::Hold => OnUnknown::Hold,
            Unknown::NotFound => OnUnknown::NotFound,
        },
        failure: match config.boot.failure {
            Failure::Script => OnFailure::Script,
            Failure::Status => OnFailure::Status,
        },
        hold_seconds: config.boot.hold_seconds,
        assets,
        serves_assets: own_assets,
        base_url: if base_url_fixed {
            config.http.base_url.trim_end_matches('/').to_owned()
        } else {
            format!("http://{}", own_host(config, http_port))
        },
        base_url_fixed,
        limits: Limits {
            fuel: config.limits.fuel,
            recursion: config.limits.recursion,
            output: config.limits.output_bytes,
            time: Duration::from_millis(config.limits.milliseconds),
        },
    }
}

/// Who may manage this server.
pub(super) fn access(config: &Config, oidc: Option<Arc<Oidc>>) -> Access {
    let certificates = config.management.identities.iter().map(|identity| Known {
        name: identity.name.clone(),
        role: role(identity.role),
        secrets: identity.secrets,
    });
    Access { anonymous: anonymous(config), certificates: certificates.collect(), oidc }
}

/// Whose tokens are taken beside ours.
pub(super) fn oidc(config: &config::Oidc) -> Option<oidc::Settings> {
    let given = |path: &Path| (!path.as_os_str().is_empty()).then(|| path.to_owned());
    let ca = given(&config.ca_file);
    let source = match (given(&config.jwks_file), config.jwks_url.as_str()) {
        (Some(file), _) => oidc::Source::File(file),
        (None, "") => oidc::Source::Discovered { ca },
        (None, url) => oidc::Source::Url { url: url.to_owned(), ca },
    };
    config.is_on().then(|| oidc::Settings {
        issuer: config.issuer.clone(),
        audience: config.audience.clone(),
        source,
        refresh: config.refresh(),
        algorithms: config.algorithms.clone(),
        name_claim: config.name_claim.clone(),
        role_claim: config.role_claim.clone(),
        grants: config
            .roles
            .iter()
            .map(|grant| oidc::Grant {
                value: grant.value.clone(),
                role: role(grant.role),
                secrets: grant.secrets,
            })
            .collect(),
        leeway: config.leeway(),
    })
}

fn role(role: config::Role) -> Role {
    match role {
        config::Role::Viewer => Role::Viewer,
        config::Role::Operator => Role::Operator,
        config::Role::Admin => Role::Admin,
    }
}

/// Who needs no credential. What reaches a listener of the network from this computer may have been
/// passed on by a proxy, so that only a listener of loopback takes a caller for one who sits here.
fn anonymous(config: &Config) -> Anonymous {
    match (config.grpc.insecure_management, config.management.anonymous) {
        (true, _) => Anonymous::Anybody,
        (false, config::Anonymous::Loopback) if !config.grpc.is_open() => Anonymous::Loopback,
        (false, _) => Anonymous::Never,
    }
}

/// What secrets are encrypted with; nothing where no key is given.
pub(super) fn keys(config: &Config) -> Result<Keys, InvalidKeys> {
    match config.secrets.keys() {
        "" => Ok(Keys::default()),
        keys => Keys::read(keys),
    }
}

/// Where spans go, if they go anywhere.
pub(super) fn traces(config: &Config) -> Option<TraceOptions> {
    let traces = &config.traces;
    (!traces.endpoint.is_empty()).then(|| TraceOptions {
        endpoint: traces.endpoint.clone(),
        sample: traces.sample,
        service: traces.service.clone(),
        replica: traces.replica.clone(),
    })
}

/// What stands in for the `Host` of a machine's request in previews.
fn own_host(config: &Config, port: u16) -> String {
    let address = config.http.address;
    if address.is_unspecified() {
        format!("localhost:{port}")
    } else {
        std::net::SocketAddr::new(address, port).to_string()
    }
}
