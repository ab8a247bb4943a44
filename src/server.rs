//! The composition root: start, serve, stop.
