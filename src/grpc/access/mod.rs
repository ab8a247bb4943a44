//! Who may make which call.
//!
//! [`layer`] stands before every service and asks [`guard`], which finds out who calls and holds that against [`table`].
//! [`service`] is the API of tokens.

mod failures;
mod guard;
mod identity;
mod layer;
mod service;
mod table;
mod view;

pub(in crate::grpc) use guard::Guard;
pub use guard::{Access, Anonymous, Caller};
pub use identity::Known;
pub(in crate::grpc) use identity::{actor, may_show};
pub use layer::{Guarded, Guarding};
pub use table::{NEEDS, Need};
pub(in crate::grpc) use view::View;
