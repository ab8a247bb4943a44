//! What documents depend on beside the catalog and the request, in few letters.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Settings;
use crate::render::{Limits, TemplateSet};

impl Settings {
    /// Eight hexadecimal digits that differ where settings differ on which documents depend.
    pub fn fingerprint(&self) -> String {
        let Self { unknown, failure, hold_seconds, assets, limits, .. } = self;
        short(format!("{unknown:?} {failure:?} {hold_seconds} {assets:?} {limits:?}"))
    }

    /// The version of this program, and eight hexadecimal digits that differ where built-in templates differ.
    pub fn program(&self) -> String {
        let built_in = TemplateSet::compile([], Limits::default());
        let sources: BTreeMap<_, _> = built_in
            .iter()
            .map(|entry| (entry.template.name.clone(), entry.template.source.clone()))
            .collect();
        let text: Vec<_> =
            sources.iter().map(|(name, source)| format!("{name} {} {source}", source.len())).collect();
        format!("{} {}", env!("CARGO_PKG_VERSION"), short(text.concat()))
    }
}

fn short(text: impl AsRef<[u8]>) -> String {
    Sha256::digest(text).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
