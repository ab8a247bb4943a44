//! The four nouns: their documents, their columns, their calls, and the options that declare them.

pub(super) mod any;
pub(super) mod convert;
pub(super) mod image;
pub(super) mod machine;
pub(super) mod rule;
pub(super) mod template;
