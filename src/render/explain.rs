//! From the engine's errors to ours: finds the innermost place, the variable and the reason.

use std::ops::Range;

use minijinja::{Environment, Error, ErrorKind, OutputSpan};

use super::environment::{FILTERS, FUNCTIONS, TESTS};
use super::error::{Reason, RenderError, Spot};
use super::limits::Limit;
use super::nesting::as_written;
use super::stop::Stop;
use super::view::NAMES;

/// What `error`, met while `template` was compiled or rendered, means to its author.
pub(super) fn explain(template: &str, error: &Error) -> RenderError {
    let mut spots = Vec::new();
    let mut innermost = error;
    let mut stop = None;
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(link) = next {
        if let Some(error) = link.downcast_ref::<Error>() {
            if let Some(spot) = spot(error) {
                spots.insert(0, spot);
            }
            innermost = error;
        } else if let Some(found) = link.downcast_ref::<Stop>() {
            stop = Some(found.clone());
        }
        next = link.source();
    }
    spots.dedup();
    let reason = match stop {
        Some(Stop::Refused(why)) => Reason::RefusedValue { variable: variable(innermost), why },
        Some(Stop::Limit(limit)) => Reason::Limit(limit),
        Some(Stop::NotFound(text)) => Reason::NotFound(text),
        Some(Stop::Failed(text)) => Reason::Failed(text),
        None => reason(innermost),
    };
    match spots.is_empty() {
        true => RenderError::whole(template, reason),
        false => RenderError { reason, spots },
    }
}

/// A value was printed by `span` where it can not stand, for the reason `why`; `template` is the outermost one.
pub(super) fn misplaced(
    environment: &Environment<'_>,
    template: &str,
    span: Option<&OutputSpan>,
    why: String,
) -> RenderError {
    let source = span.and_then(|span| Some((span, environment.get_template(span.name()).ok()?)));
    let Some((span, of)) = source else {
        return RenderError::whole(template, Reason::RefusedValue { variable: None, why });
    };
    let (text, range) = as_written(of.source(), Some(span.source_range()));
    let range = range.unwrap_or_default();
    let printed = text.get(range.clone()).unwrap_or_default();
    let variable = mentioned(printed);
    let spot = spot_in(span.name().to_owned(), Some(span.line()), Some(&text), Some(range));
    RenderError { reason: Reason::RefusedValue { variable, why }, spots: vec![spot] }
}

fn reason(error: &Error) -> Reason {
    let detail = error.detail().unwrap_or_default();
    if let Some((before, _)) = detail.split_once("` is undefined") {
        let name = before.rsplit('`').next().unwrap_or_default();
        return Reason::Undefined { variable: name.to_owned() };
    }
    match error.kind() {
        ErrorKind::SyntaxError => Reason::Syntax(format!("{}{}", words(error), raw_hint(error))),
        ErrorKind::UndefinedError => Reason::Undefined { variable: String::new() },
        ErrorKind::OutOfFuel => Reason::Limit(Limit::Fuel),
        ErrorKind::InvalidOperation if detail == "recursion limit exceeded" => {
            Reason::Limit(Limit::Recursion)
        }
        ErrorKind::TemplateNotFound => {
            let name = detail.split(['"', '\'']).nth(1).unwrap_or(detail);
            Reason::MissingTemplate { name: name.to_owned(), other: None }
        }
        kind @ (ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction) => {
            Reason::Other(format!("{detail}; there are {}", known(kind)))
        }
        // The engine's own text names the numbers.
        _ if detail.starts_with("unable to calculate") => {
            Reason::Other("can not be calculated: the result is too large, or a division by zero".to_owned())
        }
        _ => Reason::Other(words(error)),
    }
}

/// Shell and Go templates have braces that are Jinja's as well.
fn raw_hint(error: &Error) -> &'static str {
    let foreign = |text: &str| ["${#", "${%", "{{.", "{{ ."].iter().any(|brace| text.contains(brace));
    match error.template_source().is_some_and(foreign) {
        true => {
            "; text that is no Jinja, such as ${#array[@]} or {{.Field}}, goes between {% raw %} and {% endraw %}"
        }
        false => "",
    }
}

/// The names that could have been meant by one that is unknown.
fn known(kind: ErrorKind) -> String {
    let names = match kind {
        ErrorKind::UnknownFilter => FILTERS.as_slice(),
        ErrorKind::UnknownTest => TESTS.as_slice(),
        _ => FUNCTIONS.as_slice(),
    };
    names.join(", ")
}

/// What the engine says, less the place, which we say ourselves.
fn words(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

fn spot(error: &Error) -> Option<Spot> {
    let template = error.name()?.to_owned();
    let line = error.line();
    let (text, range) = match error.template_source() {
        Some(compiled) => {
            let (text, range) = as_written(compiled, error.range());
            (Some(text), range)
        }
        None => (None, None),
    };
    Some(spot_in(template, line, text.as_deref(), range))
}

/// The place of `range` in the source `text`.
fn spot_in(template: String, line: Option<usize>, text: Option<&str>, range: Option<Range<usize>>) -> Spot {
    let source = line.zip(text).and_then(|(line, text)| text.lines().nth(line - 1)).map(str::to_owned);
    let column = |text: &str, range: &Range<usize>| {
        let start = text.get(..range.start)?.rfind('\n').map_or(0, |end| end + 1);
        Some(text.get(start..range.start)?.chars().count() + 1)
    };
    let (column, width) = match text.zip(range) {
        Some((text, range)) => {
            let column = column(text, &range);
            let meant = text.get(range).unwrap_or_default().lines().next().unwrap_or_default();
            (column, meant.chars().count())
        }
        None => (None, 0),
    };
    Spot { template, line, column, width, source }
}

impl RenderError {
    /// What is wrong with the syntax at `at` in `source`.
    pub(super) fn syntax(template: &str, source: &str, problem: &str, at: &Range<usize>) -> Self {
        Self::at(template, source, Reason::Syntax(format!("syntax error: {problem}")), at)
    }

    /// An error at `at` in `source`.
    pub(super) fn at(template: &str, source: &str, reason: Reason, at: &Range<usize>) -> Self {
        let line = source.get(..at.start).map(|before| before.matches('\n').count() + 1);
        let spot = spot_in(template.to_owned(), line, Some(source), Some(at.clone()));
        Self { reason, spots: vec![spot] }
    }
}

/// What an error points at, if that is a mere name or path; for a filter, what the filter is applied to.
fn variable(error: &Error) -> Option<String> {
    let (source, range) = as_written(error.template_source()?, error.range());
    let range = range?;
    let before = source.get(..range.start)?.trim_end();
    let text = match before.strip_suffix('|') {
        Some(_) => before.rsplit([' ', '(', '{', '\n']).next()?,
        None => source.get(range)?,
    };
    mentioned(text)
}

/// The name or path that an expression is, less its filters, or else the first one in it that leads into the context.
fn mentioned(expression: &str) -> Option<String> {
    let path = expression.split('|').next()?.trim();
    if is_path(path) {
        return Some(path.to_owned());
    }
    // Texts between quotes are none of it; every second piece is one.
    let code = expression.split(['"', '\'']).step_by(2);
    let mut words =
        code.flat_map(|code| code.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))));
    let leads = |word: &&str| {
        let noun = word.split_once('.').map(|(noun, _)| noun);
        NAMES.iter().any(|(known, _)| Some(*known) == noun)
    };
    let word = words.find(leads)?;
    // With its indexes, such as `[0]` or `["key"]`.
    let rest = expression.split_once(word)?.1;
    let indexes =
        rest.split_inclusive(']').take_while(|index| index.starts_with('[') && index.ends_with(']'));
    Some(word.to_owned() + &indexes.collect::<String>())
}

/// Whether `text` is a mere name or path.
fn is_path(text: &str) -> bool {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '"' | '\'' | '-' | '/');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain)
}
