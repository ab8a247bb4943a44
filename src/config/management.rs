//! Who may manage the server.

use serde::{Deserialize, Serialize};

use super::choice::choice;

/// Who may manage.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Management {
    /// Who needs no credential.
    pub anonymous: Anonymous,
}

choice! {
    /// Who needs no credential.
    Anonymous {
        /// Whoever calls from this computer.
        Loopback = "loopback",
        /// Nobody.
        Never = "never",
    }
}
