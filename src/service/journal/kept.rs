//! What the journal has in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{Answered, Discoveries};
use crate::boot::NO_TOKEN;
use crate::domain::{BootId, BootRecord, Replica};

/// Bits that tell the records of one millisecond apart; the rest of the low bits are those of the server.
const COUNTER_BITS: u32 = 15;

/// What the journal has in memory.
pub(super) struct Kept {
    /// The newest records, the newest last.
    pub(super) recent: VecDeque<Arc<BootRecord>>,
    /// Those that are not in the database yet, the newest last.
    pub(super) waiting: VecDeque<Arc<BootRecord>>,
    /// Machines that are not registered.
    pub(super) discoveries: Discoveries,
    /// What tells this server's records from those of others.
    server: u64,
    counter: u64,
    /// The body before, with its hash: many machines ask for the same script at the same time.
    last: (Bytes, [u8; 32]),
}

impl Kept {
    pub(super) fn new(chance: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 up to 2^20")]
        let server = (chance.clamp(0.0, 1.0) * f64::from(1 << 20)) as u64;
        Self {
            recent: VecDeque::new(),
            waiting: VecDeque::new(),
            discoveries: Discoveries::default(),
            server: server << COUNTER_BITS,
            counter: 0,
            last: (Bytes::new(), Sha256::digest([]).into()),
        }
    }

    /// The record of an answer.
    pub(super) fn record(&mut self, answered: Answered, replica: &Arc<Replica>) -> BootRecord {
        self.counter = (self.counter + 1) % (1 << COUNTER_BITS);
        let sha256 = match &answered.token {
            // Nobody may find out a token from what is kept of it, and a replay shall find the same.
            Some(token) => Sha256::digest(without(&answered.body, token)).into(),
            None => self.hash(&answered.body),
        };
        BootRecord {
            id: BootId::new(answered.at, self.server | self.counter),
            at: answered.at,
            facts: answered.facts,
            client: answered.client,
            asked: answered.asked,
            outcome: answered.outcome,
            machine: answered.machine,
            rule: answered.rule,
            image: answered.image,
            template: answered.template,
            revision: answered.revision,
            sha256,
            bytes: answered.body.len() as u64,
            incident: answered.incident,
            problem: answered.problem,
            micros: u64::try_from(answered.took.as_micros()).unwrap_or(u64::MAX),
            base_url: answered.base_url,
            replica: replica.clone(),
        }
    }

    fn hash(&mut self, body: &Bytes) -> [u8; 32] {
        if self.last.0 != *body {
            self.last = (body.clone(), Sha256::digest(body).into());
        }
        self.last.1
    }
}

/// The document as a preview shows it, which is as long.
fn without(body: &[u8], token: &str) -> Vec<u8> {
    String::from_utf8_lossy(body).replace(token, NO_TOKEN).into_bytes()
}
