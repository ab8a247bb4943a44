//! Manifests: the four nouns as YAML or JSON documents in files, which is how a site keeps them in version control.
//!
//! [`load`] reads files and directories, [`parse`] a text; both tell all that is wrong at once, each problem with its file,
//! line and column. [`parse_entries`] reads other lists with the same care. [`document`] and [`files()`] write what they read.
//! `docs/manifests.md` describes the format.

mod decode;
mod entry;
mod files;
mod place;
mod read;
mod resource;
mod text;
mod tree;
mod write;

pub use entry::{Entry, parse_entries};
pub use files::{load, read_text, test_files};
pub use place::{Located, Place, Problem};
pub use read::{from_fields, parse};
pub use resource::Resource;
pub use write::{File, Unwritable, document, files, yaml};
