//! Turns a template and a context into a document; the only module that names minijinja.
//!
//! A [`TemplateSet`] holds every template of one catalog snapshot, compiled. Each [`Kind`] has an environment of its
//! own, so that escaping follows the kind and a script can not include a document of another kind by mistake.
//!
//! [`Kind`]: crate::domain::Kind

mod builtin;
mod check;
mod context;
mod declare;
mod document;
mod environment;
mod error;
mod escape;
mod explain;
mod filters;
mod functions;
mod kept;
mod limits;
mod nesting;
mod reads;
pub mod sample;
mod set;
mod slow;
mod spans;
mod stop;
mod urls;
mod variables;
mod verify;
mod view;
mod witness;

pub use check::{Check, Tried};
pub use context::{Context, Failure, ServerContext};
pub use document::Document;
pub use environment::{FILTERS, FUNCTIONS, TESTS};
pub use error::{Reason, RenderError, Spot};
pub use limits::{Limit, Limits};
pub use set::{Entry, Origin, TemplateSet, reserved_names};
pub use spans::Spans;
pub use urls::{TOKEN, document_url, seed_segment, seed_url};
pub use variables::{Variable, Variables};
