//! Shell-like documents: a quoted word must stand outside of quotes and here-documents.

use std::ops::Range;

/// How a document is divided into pieces of shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// One script.
    Script,
    /// Sections that begin with `%` at the start of a line.
    Kickstart,
    /// Each line by itself; a comment takes a whole line.
    Preseed,
}

/// Where a byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Code,
    /// `$(…)` or `(…)`.
    Parentheses,
    Backquotes,
    Double,
    Single,
}

struct Lexer<'a> {
    text: &'a str,
    values: &'a [Range<usize>],
    lines: Lines,
    at: usize,
    /// The value that comes next.
    next: usize,
    inside: Vec<In>,
    /// The ends of the here-documents that begin after this line.
    here: Vec<String>,
}

/// The first of `values` that stands where its quotes do not count.
pub(super) fn misplaced(text: &str, values: &[Range<usize>], lines: Lines) -> Option<usize> {
    let mut lexer = Lexer { text, values, lines, at: 0, next: 0, inside: vec![In::Code], here: Vec::new() };
    while lexer.at < text.len() && lexer.next < values.len() {
        if let Err(Wrong) = lexer.step() {
            return Some(lexer.next);
        }
    }
    None
}

struct Wrong;

impl Lexer<'_> {
    fn step(&mut self) -> Result<(), Wrong> {
        let value = &self.values[self.next];
        if self.at >= value.start {
            let escaped = self.at > value.start;
            // Bash reads escapes in `$'…'`, and in `$"…"`.
            let dollar = self.text[..value.start].ends_with('$');
            if escaped || dollar || matches!(self.innermost(), In::Double | In::Single) {
                return Err(Wrong);
            }
            self.at = value.end;
            self.next += 1;
            return Ok(());
        }
        let rest = &self.text.as_bytes()[self.at..];
        match (self.innermost(), rest[0]) {
            (_, b'\n') => return self.line_end(),
            (In::Single, b'\'') => self.close(1),
            (In::Single, _) => self.at += 1,
            (_, b'\\') => self.at += 2,
            (In::Double, b'"') => self.close(1),
            (In::Backquotes, b'`') => self.close(1),
            (_, b'`') => self.open(In::Backquotes, 1),
            (_, b'$') if rest.starts_with(b"$(") => self.open(In::Parentheses, 2),
            (In::Double, _) => self.at += 1,
            (_, b'"') => self.open(In::Double, 1),
            (In::Parentheses, b')') => self.close(1),
            (_, b'(') => self.open(In::Parentheses, 1),
            (_, b'\'') => self.open(In::Single, 1),
            (_, b'#') if self.begins_comment() => {
                let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                return self.skip(end, true);
            }
            (_, b'<') if rest.starts_with(b"<<") && self.lines != Lines::Preseed => self.here_document(),
            _ => self.at += 1,
        }
        Ok(())
    }

    fn innermost(&self) -> In {
        self.inside.last().copied().unwrap_or(In::Code)
    }

    fn open(&mut self, what: In, bytes: usize) {
        self.inside.push(what);
        self.at += bytes;
    }

    fn close(&mut self, bytes: usize) {
        self.inside.pop();
        self.at += bytes;
    }

    /// Passes over `bytes` in which values may stand or not.
    fn skip(&mut self, bytes: usize, may_have_values: bool) -> Result<(), Wrong> {
        self.at += bytes;
        while self.values.get(self.next).is_some_and(|value| value.start < self.at) {
            if !may_have_values {
                return Err(Wrong);
            }
            self.next += 1;
        }
        Ok(())
    }

    fn begins_comment(&self) -> bool {
        let before = self.text.as_bytes()[..self.at].last().copied().unwrap_or(b'\n');
        match self.lines {
            Lines::Preseed => before == b'\n',
            Lines::Script | Lines::Kickstart => before.is_ascii_whitespace() || b";&|(".contains(&before),
        }
    }

    fn line_end(&mut self) -> Result<(), Wrong> {
        self.at += 1;
        for end in std::mem::take(&mut self.here) {
            let rest = &self.text[self.at..];
            let body: usize =
                rest.split_inclusive('\n').take_while(|line| line.trim() != end).map(str::len).sum();
            self.skip(body, false)?;
        }
        let section = self.text[self.at..].strip_prefix('%');
        let section = section.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
        if self.lines == Lines::Preseed || (self.lines == Lines::Kickstart && section) {
            self.inside = vec![In::Code];
        }
        Ok(())
    }

    fn here_document(&mut self) {
        self.at += 2;
        let rest = &self.text[self.at..];
        let word = rest.strip_prefix('-').unwrap_or(rest).trim_start_matches([' ', '\t', '\'', '"', '\\']);
        let end =
            word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(word.len());
        if word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !rest.starts_with('<') {
            self.here.push(word[..end].to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the text has `'@'` there is a value.
    fn of(text: &str, lines: Lines) -> Option<usize> {
        let values: Vec<_> = text.match_indices("'@'").map(|(at, value)| at..at + value.len()).collect();
        misplaced(text, &values, lines)
    }

    #[test]
    fn quotes_stand_outside_of_quotes() {
        for fine in [
            "x '@' y='@'z",
            "\"a\" '@' 'b' '@' \\' '@'",
            "x=\"$(cat '@' | sed \"s/a/b/\" '@')\" '@'",
            "# don't\n'@' # \"'@'\n'@'",
            "x=`cat '@'` '@'",
            "cat <<EOF\ndon't\nEOF\n'@'\n",
            "case x in\n a) '@' ;;\nesac\n\"\" '@'",
            "echo ${#x} ${x#'@'} '@'",
        ] {
            assert_eq!(of(fine, Lines::Script), None, "{fine}");
        }
        for (wrong, nth) in [
            ("\"'@'\"", 0),
            ("''@''", 0),
            ("'@' \"$(x) '@'\"", 1),
            ("'@' '\n'@''", 1),
            ("cat <<EOF\n'@'\nEOF\n", 0),
            ("cat <<-'EOF' | sh\n\tx '@'\n\tEOF\n", 0),
            ("sh -c 'x '@''", 0),
            ("x \\'@'", 0),
            ("x $'@'", 0),
        ] {
            assert_eq!(of(wrong, Lines::Script), Some(nth), "{wrong}");
        }
    }

    #[test]
    fn sections_and_lines_begin_anew() {
        assert_eq!(of("# it's\nlang it's\n%post\n'@'\n%end\n", Lines::Kickstart), None);
        assert_eq!(of("d-i a string it's\nd-i b string '@'\n", Lines::Preseed), None);
        assert_eq!(of("d-i a string sh -c 'x '@''\n", Lines::Preseed), Some(0));
    }
}
