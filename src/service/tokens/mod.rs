//! Bearer tokens: who made which, and what each is worth.

mod bearer;
mod known;

use std::time::Duration;

use super::Service;
use crate::domain::{Actor, Name, Role, Timestamp, Token, TokenState};
use crate::error::{Code, Error};
use crate::store::Store;

pub use bearer::Bearer;
pub(super) use known::Tokens;

/// The longest that a token may be in force, unless for ever: ten years.
const LONGEST: Duration = Duration::from_secs(3653 * 24 * 3600);

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What people call it.
    pub name: Name,
    /// What its holder may do.
    pub role: Role,
    /// Whether its holder may read secrets.
    pub secrets: bool,
    /// How long it is in force; `None` for ever.
    pub lasts: Option<Duration>,
}

impl Service {
    /// Makes a token out of `bearer`.
    ///
    /// # Errors
    /// `ALREADY_EXISTS` where one of this name is in force, `INVALID_ARGUMENT` for a duration that is too long.
    pub async fn create_token(&self, actor: &Actor, new: NewToken, bearer: &Bearer) -> Result<Token, Error> {
        let store = self.store_for_writing()?;
        let _turn = self.turn_of_tokens().await;
        let token = new.create(&store, actor, bearer, self.now()).await?;
        tracing::info!(actor = %actor, token = %token.name, role = %token.role, secrets = token.secrets, "made a token");
        self.learn_token(&token);
        Ok(token)
    }

    /// The tokens in force by name, or all that ever were.
    pub async fn list_tokens(&self, all: bool) -> Result<Vec<Token>, Error> {
        let mut tokens = self.store("who may call")?.tokens().await?;
        let now = self.now();
        tokens.retain(|token| all || token.state(now) == TokenState::Active);
        Ok(tokens)
    }

    /// Takes a token back: this replica refuses it when this returns.
    ///
    /// # Errors
    /// `NOT_FOUND` where none of this name is in force.
    pub async fn revoke_token(&self, actor: &Actor, name: &str) -> Result<Token, Error> {
        let store = self.store_for_writing()?;
        let _turn = self.turn_of_tokens().await;
        let revoked = store.revoke_token(actor, name, self.now()).await?;
        let absent = || Error::new(Code::NotFound, format!("no token {name} is in force"));
        let token = revoked.ok_or_else(absent)?;
        tracing::info!(actor = %actor, token = %token.name, "revoked a token");
        self.learn_token(&token);
        Ok(token)
    }

    /// How far a token has come by now.
    pub fn token_state(&self, token: &Token) -> TokenState {
        token.state(self.now())
    }
}

impl NewToken {
    /// Stores it.
    ///
    /// # Errors
    /// As [`Service::create_token`].
    pub async fn create(
        self,
        store: &Store,
        actor: &Actor,
        bearer: &Bearer,
        now: Timestamp,
    ) -> Result<Token, Error> {
        let expires = self.lasts.map(|lasts| expiry(now, lasts)).transpose()?;
        let token = Token {
            name: self.name,
            hash: bearer.hash(),
            role: self.role,
            secrets: self.secrets,
            created: now,
            created_by: actor.name.clone(),
            expires,
            last_used: None,
            revoked: None,
            revoked_by: String::new(),
        };
        match store.add_token(actor, &token).await? {
            None => Ok(token),
            Some(other) => {
                let problem = format!(
                    "a token {} is in force, made by {}; revoke it first, or choose another name",
                    other.name, other.created_by
                );
                Err(Error::new(Code::AlreadyExists, problem))
            }
        }
    }
}

fn expiry(now: Timestamp, lasts: Duration) -> Result<Timestamp, Error> {
    if lasts.is_zero() || lasts > LONGEST {
        let problem = format!("{} s is not between a second and ten years", lasts.as_secs());
        return Err(Error::invalid_field("expires_in_seconds", problem));
    }
    let millis = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
    Ok(Timestamp(now.0.saturating_add(millis)))
}
