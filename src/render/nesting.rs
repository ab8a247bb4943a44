//! How deep a template can nest, found before it is compiled: the engine parses, compares, prints and drops by
//! recursion, and a stack that overflows ends the process. No limit of the engine's own covers this.

use std::ops::Range;

use minijinja::machinery::{Span, Token, tokenize};
use minijinja::syntax::SyntaxConfig;

/// The name of the filter through which everything goes that is put into a namespace.
pub(super) const KEEP: &str = "namespace_value";

/// How deep one expression, or one chain of `elif`, may nest. The engine bounds brackets, but neither `not not …`,
/// `a|b|b…`, `1 + 1…` nor `… else … if …`; 3,000 `elif` overflow a stack of 2 MiB.
const MAX_DEPTH: usize = 300;

/// How many slices (`x[1:2]`) a template may have. To look into a slice of a slice takes time that grows with the square
/// of their number, and is not counted as fuel.
const MAX_SLICES: usize = 100;

/// What marks our insertions, so that errors can show the source without them. The engine skips it as white space.
const BEFORE: &str = "\u{c}(";
const AFTER: &str = ")|namespace_value\u{c}";

/// Filters whose result may hold what they are given.
const WRAPPING: [&str; 9] =
    ["dictsort", "items", "list", "map", "reject", "rejectattr", "reverse", "select", "selectattr"];

/// What a source can do to the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Nesting {
    /// The source to compile: what is assigned to a namespace goes through [`KEEP`], which makes a copy of bounded
    /// depth. Without it a loop could nest as often as it runs, and a namespace could hold itself.
    pub(super) source: String,
    /// How many places wrap a value in another.
    pub(super) wraps: usize,
    /// How often such a place may run within itself.
    pub(super) repeats: usize,
}

/// Why a source can not be compiled, and where.
#[derive(Debug)]
pub(super) struct TooDeep {
    pub(super) problem: String,
    pub(super) at: Range<usize>,
}

impl Nesting {
    /// Looks at every token of `source`. One that is no Jinja is left to the engine to refuse.
    pub(super) fn of(source: &str) -> Result<Self, TooDeep> {
        let mut scan = Scan { repeats: 1, ..Scan::default() };
        for item in tokenize(source, false, SyntaxConfig::default()) {
            let Ok((token, span)) = item else { break };
            scan.take(&token, span)?;
        }
        let mut rewritten = source.to_owned();
        for range in scan.assigned.iter().rev() {
            rewritten.insert_str(range.end, AFTER);
            rewritten.insert_str(range.start, BEFORE);
        }
        Ok(Self { source: rewritten, wraps: scan.wraps, repeats: scan.repeats })
    }
}

/// The source as its author wrote it, and the place in it that `range` is in the one that was compiled.
pub(super) fn as_written(compiled: &str, range: Option<Range<usize>>) -> (String, Option<Range<usize>>) {
    let written = |text: &str| text.replace(BEFORE, "").replace(AFTER, "");
    let shift = |at: usize| compiled.get(..at).map_or(at, |before| written(before).len());
    (written(compiled), range.map(|range| shift(range.start)..shift(range.end)))
}

#[derive(Default)]
struct Scan {
    /// The tag that is being read: its tokens' nesting by open bracket; empty outside of tags.
    levels: Vec<Level>,
    /// The first words of the tag, and the place in it.
    position: usize,
    previous: Before,
    statement: String,
    /// Whether it is a `{% tag %}` and no `{{ value }}`.
    is_block: bool,
    set: Set,
    /// Of each `if` that is open, how often it went on with `elif`.
    chains: Vec<usize>,
    wraps: usize,
    slices: usize,
    repeats: usize,
    assigned: Vec<Range<usize>>,
}

/// Inside one pair of brackets, or of the tag itself.
#[derive(Clone, Copy, Default)]
struct Level {
    /// How deep what was read since the last comma nests.
    item: usize,
    /// How deep the deepest item nests.
    deepest: usize,
    /// Whether these are the brackets of `x[…]`.
    is_index: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Before {
    #[default]
    Nothing,
    /// Something that a bracket would be an index into or a call of.
    Value,
    Pipe,
    Dot,
    /// `dict` or `namespace`.
    Maker,
}

/// A `{% set %}` as far as it was read.
#[derive(Default)]
struct Set {
    dotted: bool,
    value: Option<Range<usize>>,
    unbalanced: bool,
}

impl Scan {
    fn take(&mut self, token: &Token<'_>, span: Span) -> Result<(), TooDeep> {
        let at = span.start_offset as usize..span.end_offset as usize;
        match token {
            Token::TemplateData(_) => return Ok(()),
            Token::VariableStart | Token::BlockStart => {
                self.levels = vec![Level::default()];
                (self.position, self.previous, self.set) = (0, Before::Nothing, Set::default());
                self.statement.clear();
                self.is_block = matches!(token, Token::BlockStart);
                return Ok(());
            }
            Token::VariableEnd => return Ok(()),
            Token::BlockEnd => {
                let set = std::mem::take(&mut self.set);
                self.assigned
                    .extend(set.value.filter(|_| set.dotted && !set.unbalanced && self.levels.len() == 1));
                return Ok(());
            }
            _ => {}
        }
        self.position += 1;
        if self.position == 1
            && self.is_block
            && let Token::Ident(word) = token
        {
            self.statement = (*word).to_owned();
            self.begin(at.clone())?;
        }
        self.set(token, &at)?;
        self.count(token);
        let depth: usize = self.levels.iter().map(|level| level.item.max(level.deepest)).sum();
        if depth > MAX_DEPTH {
            return Err(too_deep("an expression", at));
        }
        if self.slices > MAX_SLICES {
            let problem = format!("more than {MAX_SLICES} slices; set a variable once and use it again");
            return Err(TooDeep { problem, at });
        }
        Ok(())
    }

    /// Follows statements by their first word.
    fn begin(&mut self, at: Range<usize>) -> Result<(), TooDeep> {
        // An include costs ten nested levels of a hundred, a macro four, a recursive loop one.
        let repeats = match self.statement.as_str() {
            "include" | "extends" | "import" | "from" => 10,
            "macro" | "call" => 25,
            _ => 1,
        };
        self.repeats = self.repeats.max(repeats);
        match self.statement.as_str() {
            "if" => self.chains.push(0),
            "elif" => {
                if let Some(chain) = self.chains.last_mut() {
                    *chain += 1;
                }
                if self.chains.iter().sum::<usize>() > MAX_DEPTH {
                    return Err(too_deep("a chain of elif", at));
                }
            }
            "endif" => drop(self.chains.pop()),
            _ => {}
        }
        Ok(())
    }

    /// Finds what `{% set a.b = … %}` assigns.
    fn set(&mut self, token: &Token<'_>, at: &Range<usize>) -> Result<(), TooDeep> {
        if self.statement != "set" || self.position == 1 {
            return Ok(());
        }
        if let Some(value) = &mut self.set.value {
            let closes = matches!(token, Token::ParenClose | Token::BracketClose | Token::BraceClose);
            self.set.unbalanced |= closes && self.levels.len() == 1;
            // The first token of the value gives the place where it begins.
            *value = if value.start == value.end { at.clone() } else { value.start..at.end };
            return Ok(());
        }
        match token {
            Token::Dot => self.set.dotted = true,
            Token::Assign => self.set.value = Some(at.end..at.end),
            Token::Pipe if self.set.dotted => {
                return Err(TooDeep {
                    problem: "a filter can not stand in a set block for a namespace; set a variable first"
                        .to_owned(),
                    at: at.clone(),
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, token: &Token<'_>) {
        let previous = self.previous;
        self.previous = match token {
            Token::Ident("dict" | "namespace") => Before::Maker,
            Token::Ident(word) if previous == Before::Pipe => {
                self.wraps += usize::from(WRAPPING.contains(word));
                Before::Value
            }
            Token::Ident("if" | "else" | "elif" | "in" | "and" | "or" | "not" | "is" | "set" | "for") => {
                Before::Nothing
            }
            Token::Ident("recursive") => {
                self.repeats = 100;
                Before::Nothing
            }
            Token::Pipe => Before::Pipe,
            Token::Dot => Before::Dot,
            Token::Ident(_)
            | Token::Str(_)
            | Token::String(_)
            | Token::BracketClose
            | Token::ParenClose
            | Token::BraceClose => Before::Value,
            _ => Before::Nothing,
        };
        match token {
            Token::BracketOpen | Token::BraceOpen | Token::ParenOpen => {
                let makes = match token {
                    // Neither a call of anything but `dict` and `namespace`, nor an index; parentheses may make a tuple.
                    Token::ParenOpen | Token::BracketOpen => previous != Before::Value,
                    _ => true,
                };
                self.wraps += usize::from(makes);
                let is_index = matches!(token, Token::BracketOpen) && !makes;
                self.levels.push(Level { item: 1, deepest: 1, is_index });
            }
            Token::BracketClose | Token::BraceClose | Token::ParenClose => {
                let inner = if self.levels.len() > 1 { self.levels.pop() } else { None };
                if let (Some(inner), Some(outer)) = (inner, self.levels.last_mut()) {
                    outer.item += inner.item.max(inner.deepest);
                }
            }
            Token::Comma => {
                // A tuple without brackets.
                self.wraps += usize::from(self.levels.len() == 1);
                if let Some(level) = self.levels.last_mut() {
                    level.deepest = level.deepest.max(level.item);
                    level.item = 0;
                }
            }
            Token::Colon if self.levels.last().is_some_and(|level| level.is_index) => {
                self.wraps += 1;
                self.slices += 1;
            }
            Token::Colon => {}
            Token::Ident("not" | "and" | "or" | "if" | "else" | "is" | "in") => self.deepen(),
            Token::Ident(_)
            | Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Float(_) => {}
            _ => self.deepen(),
        }
    }

    fn deepen(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.item += 1;
        }
    }
}

fn too_deep(what: &str, at: Range<usize>) -> TooDeep {
    TooDeep { problem: format!("{what} nests more than {MAX_DEPTH} levels; divide it by {{% set %}}"), at }
}
