//! The catalog in a local file, from which a server starts while its database is away.
//!
//! The file is replaced as a whole or not at all, and read as a whole or not at all. It holds what the catalog holds,
//! secrets included, so that nobody but its owner may read it. The format, version 1:
//!
//! ```text
//! pxe-init-snapshot 1 SHA256 {"revision":…,"bytes":…,"sha256":…}<spaces>\n
//! [REVISION,{"machine":{…}}]\n
//! …
//! ```
//!
//! The first line is the header: its own hash is of all that follows it in that line, and it has the length and the hash
//! of the rest. Every further line is an entry, with the catalog revision that last changed it.

mod body;
mod entry;
mod header;
mod read;
mod write;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::Timestamp;

pub use read::Unusable;

/// Where the catalog of one database is kept.
#[derive(Clone, Debug)]
pub struct SnapshotFile {
    path: PathBuf,
    /// Which database is configured, in words that hold no secret; a file of another one is refused.
    database: String,
}

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The catalog revision.
    pub revision: u64,
    /// When the database last confirmed it.
    pub confirmed: Timestamp,
    /// The identity of the database.
    pub identity: String,
    /// The secret of which the tokens of boots are made; empty where it is not known.
    pub boot_key: String,
}

impl SnapshotFile {
    /// The file at `path` for what is in `database`.
    pub fn new(path: impl Into<PathBuf>, database: impl Into<String>) -> Self {
        Self { path: path.into(), database: database.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes what writers left behind that were killed.
    pub fn tidy(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(self.directory())? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !name.starts_with(&*self.unfinished_prefix().to_string_lossy()) || !name.ends_with(UNFINISHED)
            {
                continue;
            }
            // Who still writes it holds its lock.
            if std::fs::File::open(entry.path())?.try_lock().is_ok() {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn directory(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    fn unfinished_prefix(&self) -> OsString {
        let mut prefix = OsString::from(".");
        prefix.push(self.path.file_name().unwrap_or_default());
        prefix.push(".");
        prefix
    }
}

/// How the name of a file ends that is not finished.
const UNFINISHED: &str = ".tmp";

/// The SHA-256 as it is written.
fn hex(hash: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(2 * hash.len());
    for byte in hash {
        // Writing to a string can not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
