//! Files that only their owner may read.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// A new file with mode 0600; one that is there is left as it is.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        let problem = match error.kind() {
            io::ErrorKind::AlreadyExists => "exists already; remove it, or name another file".to_owned(),
            _ => error.to_string(),
        };
        io::Error::new(error.kind(), format!("{}: {problem}", path.display()))
    })
}
