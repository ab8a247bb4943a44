//! The keys that secrets are encrypted with.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ConfigError, wrong};

/// What stands in the place of a secret.
const MASK: &str = "********";

/// What secrets are encrypted with at rest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// The file of keys; empty for none.
    pub key_file: PathBuf,
    /// What the file would have; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
}

impl Secrets {
    /// The keys, as their file has them; empty where secrets are not encrypted.
    pub fn keys(&self) -> &str {
        &self.key
    }

    /// Where the keys come from.
    pub fn source(&self) -> &'static str {
        if self.key_file.as_os_str().is_empty() { "secrets.key" } else { "secrets.key_file" }
    }

    /// Reads the file.
    pub(super) fn read(&mut self) -> Result<(), ConfigError> {
        if self.key_file.as_os_str().is_empty() {
            return Ok(());
        }
        if !self.key.is_empty() {
            return Err(wrong("secrets.key_file", "is given together with secrets.key; give one of them"));
        }
        let file = self.key_file.display();
        self.key = std::fs::read_to_string(&self.key_file)
            .map_err(|e| wrong("secrets.key_file", format!("{file} can not be read: {e}")))?;
        if self.key.trim().is_empty() {
            return Err(wrong(
                "secrets.key_file",
                format!("{file} is empty; `pxe-init-server secrets init FILE` makes one"),
            ));
        }
        Ok(())
    }

    pub(super) fn masked(&self) -> Self {
        let key = if self.key.is_empty() { String::new() } else { MASK.to_owned() };
        Self { key, ..self.clone() }
    }
}
