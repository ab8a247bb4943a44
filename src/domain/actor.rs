//! Who asks for a change.

use std::fmt;

/// Who asks for a change, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// A name; only as trustworthy as the way in which the caller proved it.
    pub name: String,
    /// Where the call came from, such as `127.0.0.1`.
    pub origin: String,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.origin)
    }
}
