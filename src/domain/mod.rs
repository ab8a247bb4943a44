//! The words of the product as types, and their parsing. Pure: std and serde only, no IO, no clock.

mod actor;
mod change;
mod facts;
mod image;
mod kind;
mod mac;
mod machine;
mod name;
mod nearest;
mod param_spec;
mod params;
mod pattern;
mod rule;
mod selector;
mod template;
mod timestamp;
mod uuid;
mod violation;

pub use actor::Actor;
pub use change::{Change, Changes, Noun, Stamped};
pub use facts::{Attribute, Facts, InvalidFact, MAX_FACT_BYTES};
pub use image::{Image, asset_url};
pub use kind::{InvalidKind, Kind};
pub use mac::{InvalidMac, Mac};
pub use machine::Machine;
pub use name::{InvalidName, Name};
pub use nearest::nearest;
pub use param_spec::{InvalidParamSpec, InvalidParamType, ParamSpec, ParamSpecs, ParamType};
pub use params::{Params, Templates, layer};
pub use pattern::{InvalidPattern, Pattern};
pub use rule::Rule;
pub use selector::{InvalidSelector, Key, Selector, Specificity, Subject, Term};
pub use template::{Revision, RevisionInfo, Template};
pub use timestamp::Timestamp;
pub use uuid::{InvalidUuid, Uuid};
pub use violation::{MAX_SOURCE_BYTES, Violation};
