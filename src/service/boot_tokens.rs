//! The tokens of boots: made and known again without asking anybody.

mod arming;
mod token;
mod uses;

use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;

use super::{Clock, Service};
use crate::boot::{Bearer, Guard};
use crate::domain::{Kind, Protect, Timestamp};
use crate::error::Error;
use crate::render::TOKEN;
use crate::store::Store;

use arming::Armings;
use token::{Key, Token};
use uses::Uses;

/// Gives a number that nobody can guess.
pub type Random = fn() -> u64;

/// How long a token holds where nothing else is said, in minutes.
const MINUTES: u16 = 60;

/// Makes tokens, and counts what they were used for.
#[derive(Default)]
pub(super) struct BootTokens {
    key: ArcSwapOption<Key>,
    /// Whether the key is known to be that of the database that is attached.
    is_current: AtomicBool,
    random: OnceLock<Random>,
    uses: Uses,
    armings: Armings,
}

/// What a request brought along.
pub(super) struct Asking<'a> {
    pub(super) tokens: &'a BootTokens,
    /// The query of the request.
    pub(super) query: &'a str,
    /// Where it came from.
    pub(super) client: IpAddr,
    /// Asked only where a document is protected.
    pub(super) clock: &'a Clock,
}

impl Guard for Asking<'_> {
    fn issue(&self, bearer: &Bearer<'_>, protect: &Protect) -> Option<String> {
        let key = self.tokens.key.load();
        let (key, random) = (key.as_ref()?, self.tokens.random.get()?);
        let token = Token {
            bound: protect.address,
            issued: self.seconds(),
            minutes: protect.minutes.unwrap_or(MINUTES),
            boot: random(),
        };
        Some(token.text(key, bearer, self.client))
    }

    fn check(&self, bearer: &Bearer<'_>, kind: Kind, protect: &Protect) -> Result<&str, &'static str> {
        let text = token_of(self.query)
            .ok_or("it takes the token of a boot, as the machine's boot script has it")?;
        let key = self.tokens.key.load();
        let key =
            key.as_ref().ok_or("this server has no key to know tokens by; the database was never reached")?;
        let token = Token::read(text, key, bearer, self.client)
            .ok_or("the token is not one of this machine, or comes from another address")?;
        let now = self.seconds();
        let minutes = protect.minutes.map_or(token.minutes, |minutes| minutes.min(token.minutes));
        let end = token.issued.saturating_add(u32::from(minutes) * 60);
        // Replicas whose clocks differ must know each other's tokens.
        if now > end || token.issued > now.saturating_add(CLOCKS) {
            return Err("the token is too old");
        }
        if protect.address && !token.bound {
            return Err("the token is bound to no address, and has to be by now");
        }
        if let (Some(armed), Some(machine)) = (bearer.armed, bearer.machine)
            && !self.tokens.armings.begin(machine, armed, token.boot, self.client)
        {
            return Err("the installation for which the machine was armed began with another boot");
        }
        if let Some(uses) = protect.uses
            && !self.tokens.uses.take(token.boot, kind, uses, end, now)
        {
            return Err("the token is used up");
        }
        Ok(text)
    }

    fn has_begun(&self, bearer: &Bearer<'_>) -> bool {
        match (bearer.machine, bearer.armed) {
            (Some(machine), Some(armed)) => self.tokens.armings.has_begun(machine, armed),
            _ => false,
        }
    }
}

/// How much the clocks of replicas may differ, in seconds.
const CLOCKS: u32 = 60;

impl Asking<'_> {
    fn seconds(&self) -> u32 {
        let Timestamp(now) = (self.clock)();
        u32::try_from(now / 1000).unwrap_or_default()
    }
}

/// The token in a query; the first, as with facts.
fn token_of(query: &str) -> Option<&str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == TOKEN).map(|(_, text)| text)
}

impl BootTokens {
    /// The key as the snapshot file has it; empty where it is not known.
    pub(super) fn key_text(&self) -> String {
        self.key.load().as_ref().map(|key| key.text().to_owned()).unwrap_or_default()
    }

    /// Takes the key that a snapshot file has, unless there is one.
    pub(super) fn fall_back(&self, key: &str) {
        if !self.is_current.load(Ordering::Acquire) {
            self.key.store(Key::read(key).map(Into::into));
        }
    }

    /// Another database is attached.
    pub(super) fn forget(&self) {
        self.is_current.store(false, Ordering::Release);
    }
}

impl Service {
    /// Lets boots have tokens, made with numbers that nobody can guess.
    pub fn issue_tokens(&self, random: Random) {
        // Who says it first is right: there is one source of chance.
        let _ = self.inner.boot_tokens.random.set(random);
    }

    /// Learns the key of the database, if it is not known.
    pub(super) async fn learn_key(&self, store: &Store) -> Result<(), Error> {
        let tokens = &self.inner.boot_tokens;
        if !tokens.is_current.load(Ordering::Acquire) {
            let key = store.boot_key().await?;
            tokens.key.store(Key::read(&key).map(Into::into));
            tokens.is_current.store(true, Ordering::Release);
        }
        Ok(())
    }
}
