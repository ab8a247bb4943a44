//! What goes wrong in a machine room, while machines boot and operators write: no boot may be lost, and nothing that was
//! acknowledged.

mod cluster;
mod crashed;
mod load;
mod postgres;
mod site;
mod sqlite;
mod wire;
mod writes;
