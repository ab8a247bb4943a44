//! Reading the file: all of it, or why not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use super::header::{Header, LONGEST};
use super::{About, SnapshotFile, body};
use crate::domain::{Changes, Stamped};

/// The piece in which the file is read, in bytes.
const PIECE: usize = 256 << 10;

/// Why a file can not be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// There is none.
    #[error("there is none")]
    Absent,
    /// The system does not let us read it.
    #[error("it can not be read: {0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("it is no snapshot file")]
    NoSnapshot,
    /// It was written by another version.
    #[error("it is of format {found}, and this version knows format {known}")]
    Format {
        /// The format of the file.
        found: String,
        /// The format that we know.
        known: u32,
    },
    /// The hash of the first line is wrong.
    #[error("its header is damaged (the checksum is wrong)")]
    DamagedHeader,
    /// The first line is whole, but says something that this version does not know.
    #[error("its header is not understood: {0}")]
    StrangeHeader(serde_json::Error),
    /// What is sealed in it can not be read.
    #[error("its header: {0}")]
    Sealed(crate::seal::Unopened),
    /// It is of another database.
    #[error("it is of the database {found}, and this server uses {ours}")]
    OtherDatabase {
        /// Which database it is of.
        found: String,
        /// Which one is configured.
        ours: String,
    },
    /// It is too short or too long.
    #[error("it has {found} bytes where {announced} are announced; it is cut off or something was added")]
    Length {
        /// The length of the file, in bytes.
        found: u64,
        /// What it should be.
        announced: u64,
    },
    /// The hash of the body is wrong.
    #[error("it is damaged (the checksum is wrong)")]
    Damaged,
    /// The file is whole, but an entry is of a kind that this version does not know.
    #[error("its entry {number} is not understood: {problem}")]
    StrangeEntry {
        /// Which one, from 1.
        number: u64,
        /// Why not.
        problem: serde_json::Error,
    },
}

impl SnapshotFile {
    /// What the file holds, as changes from nothing.
    ///
    /// # Errors
    /// Why nothing of it can be used.
    pub fn read(&self) -> Result<(About, Changes), Unusable> {
        let mut changes = Vec::new();
        let about = self.read_into(|_, piece| changes.extend(piece))?;
        Ok((about.clone(), Changes { revision: about.revision, changes }))
    }

    /// Gives what the file holds piece by piece, in no particular order. What was given counts only once all was read:
    /// whether the file is whole is known at its end.
    ///
    /// # Errors
    /// Why nothing of it can be used.
    pub fn read_into(&self, give: impl FnMut(&About, Vec<Stamped>)) -> Result<About, Unusable> {
        let file = File::open(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Unusable::Absent,
            _ => Unusable::Io(error),
        })?;
        let found = file.metadata()?.len();
        let mut file = BufReader::with_capacity(PIECE, file);
        let (header, length) = read_header(&mut file)?;
        let announced = (length as u64).saturating_add(header.bytes);
        if found != announced {
            return Err(Unusable::Length { found, announced });
        }
        if header.database != self.database {
            return Err(Unusable::OtherDatabase { found: header.database, ours: self.database.clone() });
        }
        body::read(&mut file, &header, &self.keys, give)?;
        header.about(&self.keys)
    }
}

/// The header, and how long it is with the end of its line.
fn read_header(file: &mut impl BufRead) -> Result<(Header, usize), Unusable> {
    let mut line = Vec::new();
    file.take(LONGEST as u64).read_until(b'\n', &mut line)?;
    let length = line.len();
    match line.pop() {
        Some(b'\n') => {}
        // What was read is not of our making, or not all of it.
        _ => return Err(if length == 0 { Unusable::NoSnapshot } else { Unusable::DamagedHeader }),
    }
    Ok((Header::read(&line)?, length))
}
