//! What may stand in an iPXE script.
//!
//! A script has no quoting (<https://ipxe.org/scripting>): a line is split at white space, the words `||`, `&&` and `;`
//! separate commands wherever they stand alone, a word that begins with `#` opens a comment, `\` before the line's end
//! joins the next line, `${` always expands, and a command reads its first words as options if they begin with `-`.
//! The kernel, which gets much of it, does know double quotes (`lib/cmdline.c` of Linux).

/// Bytes that mean nothing to iPXE wherever they stand, but for those that [`is_plain`] looks at.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let bytes = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~:/?@!*+,=%&";
    let mut i = 0;
    while i < bytes.len() {
        plain[bytes[i] as usize] = true;
        i += 1;
    }
    plain
};

/// Whether `text` is, as most are, a word in which there is nothing to look for, seen in one pass.
fn is_plain(text: &str) -> bool {
    !text.starts_with(['-', '&']) && text.bytes().all(|byte| PLAIN[usize::from(byte)])
}

/// One word, or a part of one.
pub(in crate::render) fn word(text: &str) -> Result<(), String> {
    if is_plain(text) {
        return Ok(());
    }
    careful_word(text)
}

fn careful_word(text: &str) -> Result<(), String> {
    anywhere(text)?;
    if text.contains(char::is_whitespace) {
        return Err(
            "contains a space, which would add a word to the command; use |text where free text may stand, \
                    |cmdline for kernel arguments, |uri in a URL"
                .to_owned(),
        );
    }
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        return Err("contains a double quote that is not closed, with which the kernel would take the arguments after it \
                    for a part of this one; use |uri or |display"
            .to_owned());
    }
    token(text)?;
    option(text)
}

/// One kernel argument: a word that may begin with `-`, and may contain single spaces between double quotes, which the
/// kernel honours and iPXE hands on.
pub(in crate::render) fn argument(text: &str) -> Result<(), String> {
    if is_plain(text) && !text.is_empty() {
        return Ok(());
    }
    careful_argument(text)
}

fn careful_argument(text: &str) -> Result<(), String> {
    anywhere(text)?;
    if text.is_empty() {
        return Err("contains an empty kernel argument; leave it out".to_owned());
    }
    let mut quoted = false;
    let mut last = '"';
    for c in text.chars() {
        if c == '"' {
            quoted = !quoted;
        } else if c.is_whitespace() && (!quoted || c != ' ' || last == ' ') {
            return Err(
                "contains a kernel argument with a space, which would make two of it; put the part with the \
                        space between double quotes, or split the text with |split|cmdline"
                    .to_owned(),
            );
        }
        last = c;
    }
    if quoted {
        return Err("contains a kernel argument in which a double quote is not closed".to_owned());
    }
    text.split(' ').try_for_each(token)
}

/// Free text: words with single spaces between them. It may stand between double quotes on a kernel line.
pub(in crate::render) fn text(text: &str) -> Result<(), String> {
    if is_plain(text) {
        return Ok(());
    }
    careful_text(text)
}

fn careful_text(text: &str) -> Result<(), String> {
    anywhere(text)?;
    if text.trim() != text || text.contains("  ") || text.contains(|c: char| c.is_whitespace() && c != ' ') {
        return Err(
            "begins or ends with a space or has several in a row, which iPXE would drop; use |trim or |display"
                .to_owned(),
        );
    }
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '"';
        if quoted && c == ' ' {
            return Err("contains a space between double quotes, which would end the quotes that the template may have \
                        put around it; use |display"
                .to_owned());
        }
    }
    if quoted {
        return Err("contains a double quote that is not closed; use |display".to_owned());
    }
    option(text)?;
    for word in text.split(' ') {
        token(word)?;
        if word.starts_with("--") {
            return Err("contains a word that begins with --, which could be taken as an option; use |display to show it all the same".to_owned());
        }
    }
    Ok(())
}

/// Any text made fit to be shown: nothing is refused, at most `max` characters are kept.
///
/// What would mean something to iPXE gets single quotes around it, which mean nothing; what consoles can not show
/// becomes `?`, and a double quote two single ones, so that the text may stand between double quotes.
pub(in crate::render) fn display(text: &str, max: usize) -> String {
    let shown: String = text
        .chars()
        .take(max)
        .map(|c| match c {
            c if c.is_whitespace() || c.is_control() => ' ',
            c if c.is_ascii() => c,
            _ => '?',
        })
        .collect();
    let mut line = String::with_capacity(shown.len() + 8);
    for word in shown.split_ascii_whitespace() {
        let first = line.is_empty();
        if !first {
            line.push(' ');
        }
        let word = word.replace("${", "$'{").replace('"', "''");
        let harmless = token(&word).is_ok()
            && (word == "-" && !first || option(&word).is_ok())
            && !(first && opens(&word));
        if harmless {
            line.push_str(&word);
        } else {
            line.push('\'');
            line.push_str(&word);
            line.push('\'');
        }
    }
    line
}

fn anywhere(text: &str) -> Result<(), String> {
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return Err(format!("contains the control character {c:?}, which would end the line or garble it"));
    }
    if text.contains("${") {
        return Err("contains ${, which iPXE would expand; write settings such as ${net0/mac} in the template itself, or use |raw".to_owned());
    }
    if opens(text) {
        return Err("begins with {, which iPXE would expand if a $ came before it; use |raw".to_owned());
    }
    Ok(())
}

/// Whether `text` could be the rest of an expansion: after a `$` of the template, or one at the end of another setting.
/// JSON could not, for no setting has a name like `"a":1`.
fn opens(text: &str) -> bool {
    text.strip_prefix('{').is_some_and(|rest| !rest.starts_with(['"', '}']))
}

/// What a word must not be, wherever it stands. A `$` or `\` at its end would act on what comes next.
fn token(word: &str) -> Result<(), String> {
    if !word.is_empty() && word.bytes().all(|b| matches!(b, b'|' | b'&' | b';')) {
        return Err(format!("contains the word {word}, which separates commands in iPXE"));
    }
    if word.starts_with('#') {
        return Err("contains a word that begins with #, which begins a comment in iPXE".to_owned());
    }
    if word.ends_with('\\') {
        return Err(
            "contains a word that ends with \\, which would join the next line to this one".to_owned()
        );
    }
    if word.ends_with('$') {
        return Err("contains a word that ends with $, which could begin an expansion".to_owned());
    }
    Ok(())
}

/// A word that begins with a dash is an option to a command that has no other word yet; alone, it would make one of the
/// value after it.
fn option(text: &str) -> Result<(), String> {
    match text.strip_prefix('-') {
        Some(rest) if !rest.starts_with(|c: char| c.is_ascii_digit()) => {
            Err("begins with -, which could be taken as an option; use |cmdline for kernel arguments, |display to show it".to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_plain_is_found_harmless_by_those_who_look_closer(
            text in "[ -~]{0,3}|[a-z0-9:/?&=%.~!*+,@_-]{0,12}|\\PC{0,4}",
        ) {
            if is_plain(&text) {
                prop_assert_eq!(careful_word(&text), Ok(()));
                prop_assert_eq!(careful_text(&text), Ok(()));
                prop_assert_eq!(careful_argument(&text).is_ok(), !text.is_empty());
            }
        }
    }

    #[test]
    fn what_may_mean_something_is_not_plain() {
        for text in ["-a", "&&", "#a", "a b", "${a}", "{a}", "a$", "a\\", "\"a", "a\n", "||", ";", "\u{a0}"] {
            assert!(!is_plain(text), "{text:?}");
        }
    }
}
