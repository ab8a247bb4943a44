//! The file of an SQLite database, which somebody may take away while it is open.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::str::FromStr;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;

use super::{Options, StoreError};

/// The file that was opened. An open file that was deleted or replaced still takes what is written, and then it is gone.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Device and number.
    opened: (u64, u64),
}

impl DatabaseFile {
    /// None if the database is no file.
    pub(super) fn of(options: &Options) -> Result<Option<Self>, StoreError> {
        if !options.is_sqlite() {
            return Ok(None);
        }
        let sqlite = SqliteConnectOptions::from_str(&options.url)?;
        let path = sqlite.get_filename().to_owned();
        match fs::metadata(&path) {
            Ok(found) => Ok(Some(Self { path, opened: (found.dev(), found.ino()) })),
            Err(error) => Err(StoreError::unavailable(format!("{}: {error}", path.display()))),
        }
    }

    /// Fails if something else stands under its name by now.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let problem = match fs::metadata(&self.path) {
            Ok(found) if (found.dev(), found.ino()) == self.opened => return Ok(()),
            Ok(_) => "the database file was replaced by another".to_owned(),
            Err(error) => format!("the database file was taken away: {error}"),
        };
        Err(StoreError::unavailable(format!("{}: {problem}", self.path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_that_it_was_deleted_or_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.db");
        fs::write(&path, "").unwrap();
        let options = Options::new(format!("sqlite://{}", path.display()));
        let file = DatabaseFile::of(&options).unwrap().unwrap();
        file.check().unwrap();
        // Kept under another name, so that its number is not given to the next file.
        fs::rename(&path, directory.path().join("y.db")).unwrap();
        assert!(file.check().unwrap_err().to_string().contains("was taken away"));
        fs::write(&path, "").unwrap();
        assert!(file.check().unwrap_err().to_string().contains("was replaced"));
        fs::rename(directory.path().join("y.db"), &path).unwrap();
        file.check().unwrap();
        assert!(DatabaseFile::of(&Options::new("postgres://db/name")).unwrap().is_none());
    }
}
