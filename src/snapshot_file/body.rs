//! The entries: one thread reads and hashes the file, some take it to pieces, and the caller indexes those.

use std::io::{BufRead, Read};
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use sha2::{Digest, Sha256};

use super::entry::Reader;
use super::header::Header;
use super::{About, Unusable, hex};
use crate::domain::Stamped;
use crate::seal::Keys;

/// How much of the file one thread takes at once, in bytes: some thousand machines.
const BLOCK: u64 = 4 << 20;

/// More threads than this would only wait for the one that indexes.
const MOST_THREADS: usize = 4;

/// Whole lines of the file.
struct Block {
    lines: Vec<u8>,
    /// The number of the first of them, from 1.
    first: u64,
}

/// Gives all entries, in pieces. Whatever they say, a wrong hash is what counts: an entry may well be damaged and still be
/// read.
pub(super) fn read(
    file: &mut (impl BufRead + Send),
    header: &Header,
    keys: &Keys,
    mut give: impl FnMut(&About, Vec<Stamped>),
) -> Result<(), Unusable> {
    let about = header.about(keys)?;
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let (to_parse, blocks) = sync_channel(threads);
    let (to_index, pieces) = sync_channel(threads);
    let blocks = Mutex::new(blocks);
    let mut strange: Option<(u64, serde_json::Error)> = None;
    let whole = thread::scope(|scope| {
        let whole = scope.spawn(move || read_blocks(file, header, &to_parse));
        for _ in 0..threads {
            let (blocks, to_index) = (&blocks, to_index.clone());
            scope.spawn(move || parse_blocks(blocks, keys, &to_index));
        }
        drop(to_index);
        for piece in pieces {
            match piece {
                Ok(piece) if strange.is_none() => give(&about, piece),
                Ok(_) => {}
                // The first of the file, whichever thread was faster.
                Err(found) if strange.as_ref().is_none_or(|(first, _)| found.0 < *first) => {
                    strange = Some(found);
                }
                Err(_) => {}
            }
        }
        whole.join().unwrap_or(Err(Unusable::Damaged))
    });
    whole?;
    strange.map_or(Ok(()), |(number, problem)| Err(Unusable::StrangeEntry { number, problem }))
}

/// Hands over the lines in blocks, and fails if they are not what the header says.
fn read_blocks(file: &mut impl BufRead, header: &Header, to: &SyncSender<Block>) -> Result<(), Unusable> {
    let (mut hash, mut number, mut left) = (Sha256::new(), 0, header.bytes);
    while left > 0 {
        let mut lines = Vec::new();
        let mut read = file.take(left.min(BLOCK)).read_to_end(&mut lines)? as u64;
        if read < left {
            read += file.take(left - read).read_until(b'\n', &mut lines)? as u64;
        }
        if read == 0 {
            return Err(Unusable::Damaged);
        }
        left -= read;
        hash.update(&lines);
        let first = number + 1;
        number += lines.iter().filter(|byte| **byte == b'\n').count() as u64;
        number += u64::from(lines.last() != Some(&b'\n'));
        // Nobody takes them only if all others crashed; then the file counts as damaged.
        to.send(Block { lines, first }).map_err(|_| Unusable::Damaged)?;
    }
    if hex(&hash.finalize()) == header.sha256 && number == header.entries {
        Ok(())
    } else {
        Err(Unusable::Damaged)
    }
}

type Piece = Result<Vec<Stamped>, (u64, serde_json::Error)>;

fn parse_blocks(blocks: &Mutex<Receiver<Block>>, keys: &Keys, to: &SyncSender<Piece>) {
    let mut reader = Reader::new(keys);
    let next = || blocks.lock().ok()?.recv().ok();
    while let Some(Block { lines, first }) = next() {
        let numbered = (first..).zip(lines.split_inclusive(|byte| *byte == b'\n'));
        let entries = numbered.map(|(number, line)| reader.read(line).map_err(|problem| (number, problem)));
        if to.send(entries.collect()).is_err() {
            return;
        }
    }
}
