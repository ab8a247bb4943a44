//! The tokens in memory, by which callers are known without asking the database.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::{Mutex, MutexGuard, Notify};
use tokio_util::sync::CancellationToken;

use super::bearer::hash;
use crate::domain::{Timestamp, Token, TokenHash, TokenState};
use crate::error::{Code, Error};
use crate::service::Service;

/// How often a replica looks for what others did to tokens.
const POLL: Duration = Duration::from_secs(2);

/// How far the note of the last use may be behind, in milliseconds.
const COARSE: i64 = 60_000;

/// All tokens that the database has had.
#[derive(Default)]
pub(in crate::service) struct Tokens {
    /// None until they were read.
    known: ArcSwapOption<HashMap<TokenHash, Known>>,
    wake: Notify,
    /// Held from what is read of the database, or written to it, to what is kept of that.
    turn: Mutex<()>,
}

#[derive(Clone)]
struct Known {
    token: Arc<Token>,
    /// When it was used last; 0 for never.
    used: Arc<AtomicI64>,
}

impl Service {
    /// The token that this is, if it is in force.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for one that is unknown, expired or revoked, `UNAVAILABLE` while no tokens are known.
    pub fn token(&self, bearer: &str) -> Result<Arc<Token>, Error> {
        let known = self.inner.tokens.known.load();
        let Some(known) = known.as_ref() else {
            let problem = "no tokens are known, since the database was not reached yet; try again, or use a client \
                           certificate";
            return Err(Error::new(Code::Unavailable, problem));
        };
        let refused = |problem: String| Error::new(Code::Unauthenticated, problem);
        let Some(Known { token, used }) = known.get(&hash(bearer)) else {
            return Err(refused(
                "the token is not known; `token list` of an admin shows those that are".to_owned(),
            ));
        };
        let now = self.now();
        match token.state(now) {
            TokenState::Active => {
                used.fetch_max(now.0, Ordering::Relaxed);
                Ok(token.clone())
            }
            TokenState::Expired => {
                Err(refused(format!("the token {} has expired; ask for a new one", token.name)))
            }
            TokenState::Revoked => Err(refused(format!("the token {} was revoked", token.name))),
        }
    }

    /// Keeps the tokens in memory level with the database until `stop`. While it is away, those that are known stay.
    pub async fn run_tokens(&self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(POLL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let next = async |ticks: &mut tokio::time::Interval| {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.inner.tokens.wake.notified() => {}
            }
        };
        while stop.run_until_cancelled(next(&mut ticks)).await.is_some() {
            match stop.run_until_cancelled(self.refresh_tokens()).await {
                // Whether the database is there is for others to say.
                Some(Err(error)) if error.code == Code::Unavailable => {
                    tracing::debug!(error = error.with_causes(), "tokens can not be read");
                }
                Some(Err(error)) => {
                    let error = error.with_causes();
                    tracing::error!(error, "tokens can not be read; those that are known stay in force");
                }
                Some(Ok(())) | None => {}
            }
        }
    }

    /// Reads the tokens soon.
    pub(in crate::service) fn wake_tokens(&self) {
        self.inner.tokens.wake.notify_one();
    }

    /// Waits until nobody else reads or writes tokens.
    pub(super) async fn turn_of_tokens(&self) -> MutexGuard<'_, ()> {
        self.inner.tokens.turn.lock().await
    }

    /// Knows this of a token from now on, as the database does. The caller holds the turn.
    pub(super) fn learn_token(&self, token: &Token) {
        let Some(known) = self.inner.tokens.known.load_full() else { return };
        let used = known.get(&token.hash).map(|known| known.used.clone()).unwrap_or_default();
        let mut next = (*known).clone();
        next.insert(token.hash, Known { token: Arc::new(token.clone()), used });
        self.inner.tokens.known.store(Some(Arc::new(next)));
    }

    /// Reads the tokens, and notes the last use of each.
    async fn refresh_tokens(&self) -> Result<(), Error> {
        let _turn = self.turn_of_tokens().await;
        let store = self.store("who may call")?;
        let before = self.inner.tokens.known.load_full();
        let stored = store.tokens().await?;
        let known: HashMap<_, _> = stored
            .into_iter()
            .map(|token| {
                let used = before.as_ref().and_then(|known| Some(known.get(&token.hash)?.used.clone()));
                (token.hash, Known { token: Arc::new(token), used: used.unwrap_or_default() })
            })
            .collect();
        let used: Vec<_> = known.values().filter_map(Known::to_note).collect();
        // Also what others use at this moment: those who hold it note it in the same number.
        self.inner.tokens.known.store(Some(Arc::new(known)));
        if !used.is_empty() {
            store.note_tokens_used(&used).await?;
        }
        Ok(())
    }
}

impl Known {
    /// The last use, where the database does not know it.
    fn to_note(&self) -> Option<(TokenHash, Timestamp)> {
        let used = self.used.load(Ordering::Relaxed);
        let noted = self.token.last_used.map_or(0, |at| at.0);
        (used > noted && (noted == 0 || used - noted > COARSE)).then_some((self.token.hash, Timestamp(used)))
    }
}
