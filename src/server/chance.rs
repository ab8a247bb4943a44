//! The one place that asks for randomness.

use rand::RngExt;

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
