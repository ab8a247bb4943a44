//! Behaviour through the public surface.

mod render;
