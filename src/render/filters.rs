//! Our own filters: those that know the kind of the document, and safe stand-ins for some of the engine's.

use std::collections::BTreeMap;

use minijinja::value::{Kwargs, StringInput, Value, ValueKind};
use minijinja::{Environment, Error, State};
use percent_encoding::utf8_percent_encode;

use super::escape::{Scalar, Style, ipxe, json, line, mark, scalar};
use super::nesting::KEEP;
use super::stop::refuse;
use super::urls::ENCODED;

/// The longest indentation.
const MAX_INDENT: usize = 64;

/// Adds every filter of this file to `environment`; `max` bounds what one value may print, in bytes.
pub(super) fn add(environment: &mut Environment<'static>, style: Style, max: usize) {
    environment.add_filter("b64", b64);
    environment.add_filter("cmdline", move |state: &State, value: &Value| cmdline(state, style, value));
    environment.add_filter("display", move |state: &State, value: &Value, most: Option<usize>| {
        display(state, style, value, most)
    });
    environment.add_filter("indent", indent);
    environment.add_filter("join", join);
    environment.add_filter("json", move |state: &State, value: &Value, indent: Option<usize>| {
        json(state, style, max, value, indent)
    });
    environment.add_filter(KEEP, keep);
    environment.add_filter("lines", |state: &State, value: &Value| {
        each(state, value, |text| text.lines().collect())
    });
    environment.add_filter("lower", |state: &State, value: &Value| change(state, value, str::to_lowercase));
    environment.add_filter("raw", raw);
    environment.add_filter("replace", replace);
    environment.add_filter("sh", move |state: &State, value: &Value| sh(state, style, value));
    environment.add_filter("split", split);
    environment.add_filter("string", string);
    environment.add_filter("text", move |state: &State, value: &Value| text(state, style, value));
    environment.add_filter("trim", |state: &State, value: &Value| {
        change(state, value, |text| text.trim().to_owned())
    });
    environment.add_filter("upper", |state: &State, value: &Value| change(state, value, str::to_uppercase));
    environment.add_filter("uri", uri);
    environment.add_filter("yaml", move |state: &State, value: &Value| json(state, style, max, value, None));
}

/// The engine charges for what a filter is given as text and for what it returns; ours pay for the work between.
fn charge(state: &State, bytes: usize) -> Result<(), Error> {
    state.consume_fuel(1 + bytes as u64 / 64)
}

/// The text of `value`, which must be there.
fn given<'a>(state: &State, value: &'a Value) -> Result<Scalar<'a>, Error> {
    if value.is_undefined() {
        // The engine's own conversion knows how to name what is undefined.
        StringInput::new(state, value)?;
    }
    scalar(value)
}

/// Text made from text. Unlike the engine's filters, ours forget that a text was safe: a change can undo an escape.
fn change(state: &State, value: &Value, how: impl Fn(&str) -> String) -> Result<String, Error> {
    let text = given(state, value)?;
    charge(state, text.as_str().len())?;
    Ok(how(text.as_str()))
}

/// The pieces of a text.
fn each(state: &State, value: &Value, how: impl Fn(&str) -> Value) -> Result<Value, Error> {
    let text = given(state, value)?;
    if value.kind() != ValueKind::String {
        return Err(refuse("is no text, so that it can not be taken apart"));
    }
    // A piece costs the engine up to 32 bytes, however short it is.
    charge(state, text.as_str().len() * 32)?;
    Ok(how(text.as_str()))
}

/// The words of a text, or its pieces between `separator`.
fn split(state: &State, value: &Value, separator: Option<&str>) -> Result<Value, Error> {
    match separator {
        None => each(state, value, |text| text.split_whitespace().collect()),
        Some("") => Err(refuse("can not be split at nothing; name a separator")),
        Some(separator) => each(state, value, |text| text.split(separator).collect()),
    }
}

/// The text with every `from` replaced by `to`.
fn replace(state: &State, value: &Value, from: &str, to: &str) -> Result<String, Error> {
    if from.is_empty() {
        return Err(refuse("can not have nothing replaced; name the text to replace"));
    }
    let text = given(state, value)?;
    charge(state, text.as_str().len())?;
    // Before the text is made, since a long `to` makes much of little.
    charge(state, text.as_str().matches(from).count().saturating_mul(to.len()))?;
    Ok(text.as_str().replace(from, to))
}

/// The texts of a list, with `separator` between them. If some are safe, the others are escaped, and so is the result.
///
/// The engine's own would print a list in the list, which may be endless as text, and `True` and `None`.
fn join(state: &mut State, value: &Value, separator: Option<&str>) -> Result<Value, Error> {
    if value.is_undefined() {
        given(state, value)?;
    }
    let items: Vec<Value> = value.try_iter()?.collect();
    let safe = items.iter().any(Value::is_safe);
    let separator = separator.unwrap_or_default();
    let mut joined = String::new();
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            joined.push_str(separator);
        }
        let length = given(state, &item)?.as_str().len();
        charge(state, separator.len() + length)?;
        match safe && !item.is_safe() {
            true => joined.push_str(&state.format(item)?),
            // The marks of what is safe stay, so that its place can be looked at.
            false if safe => joined.push_str(item.as_str().unwrap_or_default()),
            false => joined.push_str(scalar(&item)?.as_str()),
        }
    }
    Ok(if safe { Value::from_safe_string(joined) } else { joined.into() })
}

/// Kernel arguments: a string is one, a list is many, joined by single spaces.
fn cmdline(state: &State, style: Style, value: &Value) -> Result<Value, Error> {
    let mut line = String::new();
    let mut add = |value: &Value| -> Result<(), Error> {
        let word = given(state, value)?;
        charge(state, word.as_str().len())?;
        ipxe::argument(word.as_str()).map_err(refuse)?;
        if style == Style::Shell {
            line::shell_word(word.as_str()).map_err(refuse)?;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word.as_str());
        Ok(())
    };
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            for item in value.try_iter()? {
                add(&item)?;
            }
        }
        _ => add(value)?,
    }
    Ok(match style {
        Style::Ipxe | Style::Shell | Style::Preseed => Value::from_safe_string(line),
        // The line is one value there, and is quoted like any other.
        Style::Json | Style::Text => line.into(),
    })
}

/// Free text where the kind has a place for it.
fn text(state: &State, style: Style, value: &Value) -> Result<Value, Error> {
    let word = given(state, value)?;
    let text = word.as_str();
    charge(state, text.len())?;
    let checked = match style {
        Style::Ipxe => ipxe::text(text),
        _ => line::one_line(text),
    };
    checked.map_err(refuse)?;
    Ok(match style {
        Style::Ipxe | Style::Preseed | Style::Text => Value::from_safe_string(text.to_owned()),
        // There is no unquoted free text in JSON, YAML or a shell: the value is checked, and then printed as ever.
        Style::Json | Style::Shell => text.into(),
    })
}

/// Any text, made fit for an iPXE console; never refuses. Elsewhere than in a script it prints like any other value.
fn display(state: &State, style: Style, value: &Value, most: Option<usize>) -> Result<Value, Error> {
    let text = match value.kind() {
        ValueKind::Bool | ValueKind::None | ValueKind::Seq | ValueKind::Map => format!("({})", value.kind()),
        _ => given(state, value)?.as_str().to_owned(),
    };
    charge(state, text.len())?;
    let shown = ipxe::display(&text, most.unwrap_or(400).min(2000));
    Ok(if style == Style::Ipxe { Value::from_safe_string(shown) } else { shown.into() })
}

/// Percent-encodes everything but `A-Z a-z 0-9 - . _`.
fn uri(state: &State, value: &Value) -> Result<String, Error> {
    let text = given(state, value)?;
    charge(state, text.as_str().len() * 3)?;
    Ok(utf8_percent_encode(text.as_str(), ENCODED).to_string())
}

/// One word for a POSIX shell. Only in shell-like documents does it print as it is.
fn sh(state: &State, style: Style, value: &Value) -> Result<Value, Error> {
    let word = given(state, value)?;
    let text = word.as_str();
    charge(state, text.len() * 4)?;
    let checked = match style {
        Style::Text => line::no_controls(text),
        // In JSON and YAML a line end would leave the block that a script stands in.
        Style::Ipxe | Style::Json | Style::Shell | Style::Preseed => line::one_line(text),
    };
    checked.map_err(refuse)?;
    let quoted = line::quote(text);
    Ok(match style {
        Style::Shell | Style::Preseed | Style::Text => Value::from_safe_string(quoted),
        Style::Ipxe | Style::Json => mark::unmarked(&quoted).into_owned().into(),
    })
}

/// JSON, over several lines if `indent` is given. Only in JSON and YAML documents does it print as it is.
fn json(
    state: &State,
    style: Style,
    max: usize,
    value: &Value,
    indent: Option<usize>,
) -> Result<Value, Error> {
    if value.is_undefined() {
        given(state, value)?;
    }
    let unmarked = match value.as_str() {
        Some(text) if value.is_safe() => Value::from(&*mark::unmarked(text)),
        _ => value.clone(),
    };
    let text = match indent {
        Some(width) => json::pretty(&unmarked, width, max)?,
        None => json::compact(&unmarked, max)?,
    };
    charge(state, text.len() * 16)?;
    Ok(match style {
        Style::Json => Value::from_safe_string(text),
        _ => mark::unmarked(&text).into_owned().into(),
    })
}

/// Standard Base64 with padding (RFC 4648, section 4).
fn b64(state: &State, value: &Value) -> Result<String, Error> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = given(state, value)?;
    charge(state, text.as_str().len() * 2)?;
    let mut encoded = String::with_capacity(text.as_str().len().div_ceil(3) * 4);
    for chunk in text.as_str().as_bytes().chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            encoded.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    Ok(encoded)
}

/// The value as it is: the author vouches for it.
fn raw(state: &State, value: &Value) -> Result<Value, Error> {
    let text = given(state, value)?;
    charge(state, text.as_str().len())?;
    if text.as_str().contains(mark::is_mark) {
        return Err(refuse("contains U+FDD0 to U+FDD3, which are no characters"));
    }
    Ok(Value::from_safe_string(text.as_str().to_owned()))
}

/// A string or number as text; `true` and `false` in lower case. The engine would say `True` and `None`.
fn string(state: &State, value: &Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::String => Ok(value.clone()),
        ValueKind::Bool => Ok(if value.is_true() { "true" } else { "false" }.into()),
        _ => Ok(given(state, value)?.as_str().into()),
    }
}

/// Indents all lines but the first (and the first too if asked for). What was safe stays safe.
///
/// The engine's own allocates before it is charged, so that one call could exhaust memory.
#[allow(clippy::needless_pass_by_value, reason = "the engine takes arguments by value only")]
fn indent(
    state: &State,
    value: &Value,
    width: Option<usize>,
    first: Option<bool>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let width = match width {
        Some(width) => width,
        None => kwargs.get::<Option<usize>>("width")?.unwrap_or(4),
    };
    let first = match first {
        Some(first) => first,
        None => kwargs.get::<Option<bool>>("first")?.unwrap_or(false),
    };
    kwargs.assert_all_used()?;
    if width > MAX_INDENT {
        return Err(refuse(format!("can not be indented by {width}; at most {MAX_INDENT} are allowed")));
    }
    let text = given(state, value)?;
    // The marks of what is safe stay, so that its place can be looked at.
    let text = value.as_str().filter(|_| value.is_safe()).unwrap_or(text.as_str());
    charge(state, text.len() + width * (1 + text.matches('\n').count()))?;
    let pad = " ".repeat(width);
    let mut indented = String::with_capacity(text.len() + width);
    for (i, line) in text.split_inclusive('\n').enumerate() {
        if (i > 0 || first) && !line.trim_end_matches(['\r', '\n']).is_empty() {
            indented.push_str(&pad);
        }
        indented.push_str(line);
    }
    Ok(if value.is_safe() { Value::from_safe_string(indented) } else { indented.into() })
}

/// How deep what a namespace holds may nest.
const MAX_KEPT_DEPTH: usize = 16;

/// A copy of `value` that holds nothing but texts, numbers, booleans, lists and maps: no namespace, which could hold
/// itself, and nothing that is made when it is looked at, which could nest without end.
fn keep(state: &State, value: &Value) -> Result<Value, Error> {
    kept(state, value, 0)
}

fn kept(state: &State, value: &Value, depth: usize) -> Result<Value, Error> {
    charge(state, 0)?;
    if depth > MAX_KEPT_DEPTH {
        return Err(refuse(format!(
            "nests more than {MAX_KEPT_DEPTH} levels, which a namespace does not keep"
        )));
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => value
            .try_iter()?
            .map(|item| kept(state, &item, depth + 1))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::from),
        ValueKind::Map => {
            let mut map = BTreeMap::new();
            for key in value.try_iter()? {
                let item = kept(state, &value.get_item(&key)?, depth + 1)?;
                map.insert(kept(state, &key, depth + 1)?, item);
            }
            Ok(Value::from(map))
        }
        ValueKind::Plain => {
            Err(refuse("can not be kept in a namespace: it holds texts, numbers, lists and maps"))
        }
        _ => Ok(value.clone()),
    }
}
