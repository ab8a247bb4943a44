//! Templates: what they can do, what they can not, and what the built-in ones make.

mod limits;
