//! What a finished document must be, whatever its template did.

use super::error::Reason;
use crate::domain::Kind;

/// Refuses a document that the machine could not take, or that would hurt it.
pub(super) fn verify(kind: Kind, text: &str) -> Result<(), Reason> {
    match kind {
        Kind::Ipxe => script(text),
        Kind::Ignition => serde_json::from_str::<serde::de::IgnoredAny>(text).map(drop).map_err(|e| {
            Reason::Malformed(format!("the document is no JSON: {e}; values come with their quotes: write {{{{ x }}}}, not \"{{{{ x }}}}\""))
        }),
        _ => Ok(()),
    }
}

/// A 200 that is no script is run as machine code by a BIOS, and hangs it.
fn script(text: &str) -> Result<(), Reason> {
    if text.strip_prefix("#!ipxe").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_whitespace())) {
        return Ok(());
    }
    let found = match text.find("#!ipxe") {
        Some(0) => "#!ipxe is not followed by a new line".to_owned(),
        Some(_) if text.starts_with('\u{feff}') => "a byte order mark comes before #!ipxe".to_owned(),
        Some(1) => "1 byte comes before #!ipxe; a tag before it is written {%- … -%} to leave no line behind"
            .to_owned(),
        Some(at) => format!(
            "{at} bytes come before #!ipxe; a tag before it is written {{%- … -%}} to leave no line behind"
        ),
        None if text.trim().is_empty() => "the document is empty".to_owned(),
        None => "the document does not have #!ipxe".to_owned(),
    };
    Err(Reason::NotAScript(found))
}
