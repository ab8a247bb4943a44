//! Manifests: what is read, what is refused and with which words, and that what is written is read again.

mod files;
mod identity;
mod mistakes;
