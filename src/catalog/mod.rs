//! The immutable, indexed, in-memory form of the four nouns.
