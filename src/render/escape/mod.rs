//! How values are printed: by the kind of the document, never by the name of the template.
//!
//! Only values are looked at. The text of a template is its author's, and so is what `|raw` prints.

pub(super) mod ipxe;
pub(super) mod json;
pub(super) mod line;
pub(super) mod mark;
pub(super) mod place;

use std::borrow::Cow;

use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Error, Output, State};

use super::stop::refuse;
use crate::domain::Kind;

/// What the kinds have in common when a value is printed into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// One word of an iPXE script.
    Ipxe,
    /// JSON, which is YAML too.
    Json,
    /// One word that a shell, GRUB or Anaconda takes as it is.
    Shell,
    /// A word of a preseed line, which knows no quoting.
    Preseed,
    /// Anything without control characters.
    Text,
}

impl Style {
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Ipxe => Self::Ipxe,
            Kind::Ignition
            | Kind::UserData
            | Kind::MetaData
            | Kind::VendorData
            | Kind::NetworkConfig
            | Kind::Autoinstall => Self::Json,
            Kind::Kickstart | Kind::Grub => Self::Shell,
            Kind::Preseed => Self::Preseed,
            Kind::Text => Self::Text,
        }
    }
}

/// The name under which the engine knows our escaping; any custom name makes it mark captured output as safe.
pub(super) fn auto_escape(_: &str) -> AutoEscape {
    AutoEscape::Custom("kind".into())
}

/// Prints `value` into a document of `style`, or refuses it.
pub(super) fn print(
    style: Style,
    max: usize,
    out: &mut Output,
    state: &mut State,
    value: &Value,
) -> Result<(), Error> {
    if !matches!(state.auto_escape(), AutoEscape::Custom(_)) {
        return Err(refuse(
            "can not be printed in an autoescape block: the kind of the document decides; use |raw",
        ));
    }
    if value.is_safe() || value.is_undefined() {
        // Undefined comes here only as the missing `else` of `{{ x if y }}`, which means nothing.
        return Ok(out.write_str(value.as_str().unwrap_or_default())?);
    }
    if style == Style::Json {
        return Ok(out.write_str(&json::compact(value, max)?)?);
    }
    let text = scalar(value)?;
    let text = text.as_str();
    match style {
        Style::Ipxe => ipxe::word(text),
        Style::Shell => line::shell_word(text).and_then(|()| line::shell_start(text)),
        Style::Preseed => line::shell_word(text),
        Style::Text | Style::Json => line::no_controls(text),
    }
    .map_err(refuse)?;
    Ok(out.write_str(text)?)
}

/// The text of a value that has one: a string or a number. What was quoted before comes with its quotes.
pub(super) fn scalar(value: &Value) -> Result<Scalar<'_>, Error> {
    match value.kind() {
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            Ok(Scalar(if value.is_safe() { mark::unmarked(text) } else { text.into() }))
        }
        ValueKind::Number => Ok(Scalar(value.to_string().into())),
        ValueKind::Bool => {
            Err(refuse("is a boolean; write what it should say, such as {{ 'yes' if … else 'no' }}"))
        }
        ValueKind::None => Err(refuse("is none; write |default('…', true) or ask first whether it is none")),
        ValueKind::Seq | ValueKind::Iterable => {
            Err(refuse("is a list; use |join, or |cmdline for kernel arguments, or a loop"))
        }
        ValueKind::Map | ValueKind::Plain => {
            Err(refuse("is a map; name the key that you want, or loop over |items"))
        }
        kind => Err(refuse(format!("is of type {kind}, which does not print"))),
    }
}

/// The text of a string or a number.
pub(super) struct Scalar<'a>(Cow<'a, str>);

impl Scalar<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
