//! What the client takes from its environment, besides the options that clap reads from there.

/// The name of the person at the keyboard, as their login says.
pub(super) fn user() -> Option<String> {
    read("USER").or_else(|| read("LOGNAME"))
}

/// The command that edits a file, as their login says.
pub(super) fn editor() -> String {
    read("VISUAL").or_else(|| read("EDITOR")).unwrap_or_else(|| "vi".to_owned())
}

/// The endpoint, for completion: clap has not parsed the command line then.
pub(super) fn endpoint() -> Option<String> {
    read("PXE_INIT_ENDPOINT")
}

/// What proves who calls.
pub(super) fn token() -> Option<String> {
    read("PXE_INIT_TOKEN")
}

/// The file that has it.
pub(super) fn token_file() -> Option<String> {
    read("PXE_INIT_TOKEN_FILE")
}

/// The CA of the server, a certificate of this client, and its key.
pub(super) fn tls_files() -> [Option<String>; 3] {
    ["PXE_INIT_CA", "PXE_INIT_CERT", "PXE_INIT_KEY"].map(read)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the client has no configuration file; these variables belong to the login, not to us"
)]
fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
