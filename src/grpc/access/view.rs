//! What a caller sees of what is stored: all of it, or all but secrets.

use std::collections::BTreeMap;

use serde_json::json;
use tonic::{Request, Status};

use super::identity::identity;
use crate::boot::{MASK, Secrets};
use crate::grpc::status::status;
use crate::grpc::v1;
use crate::service::Service;

/// What a caller sees.
pub(in crate::grpc) struct View(Option<Secrets>);

/// What has params.
pub(in crate::grpc) trait Params {
    /// The params as JSON.
    fn params(&mut self) -> &mut BTreeMap<String, String>;

    /// What it declares of params.
    fn declares(&mut self) -> Option<&mut BTreeMap<String, v1::ParamSpec>> {
        None
    }
}

impl View {
    /// That of who makes this call.
    pub(in crate::grpc) fn of<T>(request: &Request<T>, service: &Service) -> Result<Self, Status> {
        if identity(request)?.reads_secrets() {
            return Ok(Self(None));
        }
        let snapshot = service.snapshot().map_err(status)?;
        Ok(Self(Some(Secrets::of(&[&snapshot]))))
    }

    /// The same with masks in the place of secrets. A mask that comes back in a write stands for the value that it hid.
    pub(in crate::grpc) fn show<T: Params>(&self, mut shown: T) -> T {
        let Some(secrets) = &self.0 else { return shown };
        for (name, value) in shown.params() {
            if secrets.has(name) {
                *value = json!(MASK).to_string();
            }
        }
        for spec in shown.declares().into_iter().flat_map(BTreeMap::values_mut) {
            *spec = self.spec(std::mem::take(spec));
        }
        shown
    }

    /// The same for what a declaration tells of a secret.
    pub(in crate::grpc) fn spec(&self, mut spec: v1::ParamSpec) -> v1::ParamSpec {
        if self.0.is_some() && spec.secret {
            let mask = |value: &mut String| *value = json!(MASK).to_string();
            spec.choices.iter_mut().for_each(mask);
            if !spec.default.is_empty() {
                mask(&mut spec.default);
            }
        }
        spec
    }
}

impl Params for v1::Image {
    fn params(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.params
    }

    fn declares(&mut self) -> Option<&mut BTreeMap<String, v1::ParamSpec>> {
        Some(&mut self.declares)
    }
}

impl Params for v1::Machine {
    fn params(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.params
    }
}

impl Params for v1::Rule {
    fn params(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.params
    }
}
