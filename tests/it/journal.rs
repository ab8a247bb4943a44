//! The journal: what machines were answered, from the request to the client's output.

mod discovered;
mod dropped;
mod list;
mod replay;
mod room;
mod watch;
