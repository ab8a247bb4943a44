//! The one place that asks for randomness.

use rand::rngs::SysRng;
use rand::{RngExt, TryRng};

/// Gives a number from 0 up to 1, by chance.
pub(super) type Chance = fn() -> f64;

/// A number that nobody can guess: of a generator that is seeded by the system.
pub(super) fn unguessable() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "everybody else takes a `Random`")]
    let mut source = rand::rng();
    source.random()
}

/// A number from 0 up to 1.
pub(super) fn chance() -> f64 {
    #[expect(clippy::disallowed_methods, reason = "everybody else takes a `Chance`")]
    let mut source = rand::rng();
    source.random()
}

/// 256 bits that nobody can guess, from the operating system.
pub(super) fn random() -> std::io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}
