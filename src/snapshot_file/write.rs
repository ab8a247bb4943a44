//! Writing the file, so that it is the old one or the new one at every moment.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};

use sha2::{Digest, Sha256};

use super::header::Header;
use super::{About, SnapshotFile, UNFINISHED, entry, hex};
use crate::catalog::Catalog;
use crate::seal::Keys;

/// The piece in which the file is written, in bytes.
const PIECE: usize = 256 << 10;

impl SnapshotFile {
    /// Puts the catalog in the place of what the file held; gives its length in bytes. When this returns, it is on disk.
    ///
    /// # Errors
    /// What the system says. The file is as it was then.
    pub fn write(&self, about: &About, catalog: &Catalog) -> io::Result<u64> {
        let directory = self.directory();
        // In the same directory, since only within a file system is a file put in place at once. Only its owner can
        // read it from the beginning: it holds secrets.
        let mut unfinished = tempfile::Builder::new()
            .prefix(&self.unfinished_prefix())
            .suffix(UNFINISHED)
            .tempfile_in(directory)?;
        unfinished.as_file().lock()?;
        let length = write(unfinished.as_file_mut(), about, &self.database, catalog, &self.keys)?;
        unfinished.as_file().sync_all()?;
        unfinished.persist(&self.path).map_err(|error| error.error)?;
        // So that a power cut does not bring the old name back.
        File::open(directory)?.sync_all()?;
        Ok(length)
    }
}

fn write(file: &mut File, about: &About, database: &str, catalog: &Catalog, keys: &Keys) -> io::Result<u64> {
    let mut header = Header::reserved(about, database, keys)?;
    let reserved = header.line(0)?;
    let mut body = Hashing { to: BufWriter::with_capacity(PIECE, file), hash: Sha256::new(), bytes: 0 };
    writeln!(body.to, "{reserved}")?;
    header.entries = entry::write_all(catalog, keys, &mut body)?;
    header.bytes = body.bytes;
    header.sha256 = hex(&body.hash.finalize());
    let mut file = body.to;
    file.rewind()?;
    file.write_all(header.line(reserved.len())?.as_bytes())?;
    file.flush()?;
    Ok(reserved.len() as u64 + 1 + header.bytes)
}

/// Counts and hashes what goes through it.
struct Hashing<W> {
    to: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
