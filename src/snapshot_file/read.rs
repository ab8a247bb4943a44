//! Reading the file: all of it, or why not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use sha2::{Digest, Sha256};

use super::entry::Reader;
use super::header::{Header, LONGEST};
use super::{About, SnapshotFile, hex};
use crate::domain::Changes;

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
        let changes = read_body(&mut file, &header)?;
        let about = header.about();
        Ok((about.clone(), Changes { revision: about.revision, changes }))
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

/// The entries. Whatever they say, a wrong hash is what counts: an entry may well be damaged and still be read.
fn read_body(file: &mut impl BufRead, header: &Header) -> Result<Vec<crate::domain::Stamped>, Unusable> {
    let (mut reader, mut hash, mut line) = (Reader::default(), Sha256::new(), Vec::new());
    let mut changes = Vec::new();
    let mut strange = None;
    let mut number = 0;
    let mut left = header.bytes;
    while left > 0 {
        line.clear();
        let read = file.take(left).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Err(Unusable::Damaged);
        }
        left -= read as u64;
        number += 1;
        hash.update(&line);
        if strange.is_none() {
            match reader.read(&line) {
                Ok(stamped) => changes.push(stamped),
                Err(problem) => strange = Some(Unusable::StrangeEntry { number, problem }),
            }
        }
    }
    if hex(&hash.finalize()) != header.sha256 || number != header.entries {
        return Err(Unusable::Damaged);
    }
    strange.map_or(Ok(changes), Err)
}
