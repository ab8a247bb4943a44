//! The use cases, and the snapshot that they read and swap.
