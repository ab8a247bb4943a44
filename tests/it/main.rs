//! Behaviour through the public surface.

mod store;
