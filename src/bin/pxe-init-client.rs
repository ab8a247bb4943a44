//! The command line client.

use std::process::ExitCode;

fn main() -> ExitCode {
    pxe_init::client::main()
}
