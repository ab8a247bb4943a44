//! The guarantee of `docs/escaping.md`: a value stays one value wherever a template puts it, or is refused by name.
//!
//! `tests/it/render/injection.rs` looks at what expressions can do to a value; these look at where a value comes from and
//! at where in a document it stands, and read the document as its reader does.

mod json_yaml;
mod others;
mod reader;
mod scripts;
mod shell;
mod values;

mod examples;
