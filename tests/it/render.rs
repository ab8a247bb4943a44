//! Templates: what they can do, what they can not, and what the built-in ones make.

mod builtin;
mod checks;
mod errors;
mod injection;
mod limits;
mod reference;
mod values;
