//! GRUB scripts: what has to be in pairs, and no more (<https://www.gnu.org/software/grub/manual/grub/>).

use std::ops::Range;

use super::finding::Finding;
use super::rule::rules;

rules! {
QUOTE = "GRB001" Error, "unclosed quote",
    "GRUB reads on to the end of the file for the other quote, and runs none of it.",
    "Close the quote.";
BRACE = "GRB002" Error, "unbalanced brace",
    "GRUB refuses the whole file, and shows its prompt.",
    "Close or remove the brace.";
BLOCK = "GRB003" Error, "unbalanced block",
    "Every `if` ends with `fi`, every `for`, `while` and `until` with `done`. GRUB refuses the whole file, and shows its prompt.",
    "Close or remove the block.";
}

/// Everything that is wrong with a script.
pub(super) fn check(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let words = match words(text) {
        Ok(words) => words,
        Err(at) => {
            found.push(Finding::new(&QUOTE, at..at + 1, "the quote is not closed"));
            return found;
        }
    };
    let mut open: Vec<(&str, Range<usize>)> = Vec::new();
    let mut is_first = true;
    for (word, range) in words {
        let starts = std::mem::replace(&mut is_first, matches!(word, ";" | "then" | "do" | "else" | "{"));
        let opener = match word {
            "{" => "{",
            "if" | "for" | "while" | "until" if starts => word,
            "}" => {
                close(&mut open, &["{"], word, range, &BRACE, &mut found);
                is_first = true;
                continue;
            }
            "fi" if starts => {
                close(&mut open, &["if"], word, range, &BLOCK, &mut found);
                continue;
            }
            "done" if starts => {
                close(&mut open, &["for", "while", "until"], word, range, &BLOCK, &mut found);
                continue;
            }
            "elif" if starts => {
                is_first = true;
                continue;
            }
            _ => continue,
        };
        is_first |= matches!(opener, "if" | "while" | "until");
        open.push((opener, range));
    }
    for (word, range) in open {
        let rule = if word == "{" { &BRACE } else { &BLOCK };
        found.push(Finding::new(rule, range, format!("`{word}` is not closed")));
    }
    found
}

fn close(
    open: &mut Vec<(&str, Range<usize>)>,
    openers: &[&str],
    word: &str,
    range: Range<usize>,
    rule: &'static super::Rule,
    found: &mut Vec<Finding>,
) {
    if open.last().is_some_and(|(opener, _)| openers.contains(opener)) {
        open.pop();
    } else {
        found.push(Finding::new(rule, range, format!("`{word}` closes nothing")));
    }
}

/// The words that are not quoted, with `;` for every end of a command; or where a quote is not closed.
fn words(text: &str) -> Result<Vec<(&str, Range<usize>)>, usize> {
    let mut words = vec![(";", 0..0)];
    let mut start: Option<usize> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' | '"' => {
                start.get_or_insert(at);
                loop {
                    match chars.next() {
                        Some((_, '\\')) if c == '"' => drop(chars.next()),
                        Some((_, other)) if other == c => break,
                        Some(_) => {}
                        None => return Err(at),
                    }
                }
            }
            '\\' => {
                start.get_or_insert(at);
                chars.next();
            }
            // `${name}` is no brace.
            '$' if text[at..].starts_with("${") => {
                start.get_or_insert(at);
                chars.by_ref().find(|(_, c)| *c == '}' || *c == '\n');
            }
            '#' if start.is_none() => {
                let end = chars.by_ref().find(|(_, c)| *c == '\n').map_or(text.len(), |(at, _)| at);
                words.push((";", end..end));
            }
            c if c.is_whitespace() || c == ';' || c == '{' || c == '}' => {
                if let Some(from) = start.take() {
                    words.push((&text[from..at], from..at));
                }
                match c {
                    ';' | '\n' => words.push((";", at..at + 1)),
                    '{' | '}' => words.push((&text[at..=at], at..at + 1)),
                    _ => {}
                }
            }
            _ => {
                start.get_or_insert(at);
            }
        }
    }
    if let Some(from) = start {
        words.push((&text[from..], from..text.len()));
    }
    Ok(words)
}
