//! Values as JSON, which is YAML as well.

use std::io;

use minijinja::Error;
use minijinja::value::Value;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::mark;
use crate::render::limits::Limit;
use crate::render::stop::{Stop, refuse};

/// `value` on one line, its strings [marked](mark); at most `max` bytes.
pub(in crate::render) fn compact(value: &Value, max: usize) -> Result<String, Error> {
    let mut sink = Sink { text: Vec::new(), max };
    let written = value.serialize(&mut Serializer::with_formatter(&mut sink, Bounded::new(CompactFormatter)));
    finish(sink, written)
}

/// `value` over several lines, each level indented by `width` spaces, its strings [marked](mark); at most `max` bytes.
pub(in crate::render) fn pretty(value: &Value, width: usize, max: usize) -> Result<String, Error> {
    let indent = " ".repeat(width.min(16));
    let mut sink = Sink { text: Vec::new(), max };
    let formatter = PrettyFormatter::with_indent(indent.as_bytes());
    let written = value.serialize(&mut Serializer::with_formatter(&mut sink, Bounded::new(formatter)));
    finish(sink, written)
}

/// How deep a value may nest: what JSON parsers commonly read. Writing it takes a piece of the stack for each level.
const MAX_DEPTH: usize = 128;

/// A formatter that ends what nests too deep, and writes the quotes of strings as [marks](mark).
struct Bounded<F> {
    formatter: F,
    depth: usize,
}

impl<F> Bounded<F> {
    fn new(formatter: F) -> Self {
        Self { formatter, depth: 0 }
    }

    fn deepen(&mut self) -> io::Result<()> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => Err(io::ErrorKind::InvalidInput.into()),
            false => Ok(()),
        }
    }
}

impl<F: Formatter> Formatter for Bounded<F> {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.deepen()?;
        self.formatter.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        self.formatter.end_array(writer)
    }

    fn begin_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        write_char(writer, mark::JSON.0)
    }

    fn end_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        write_char(writer, mark::JSON.1)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(unprintable) {
            let (printable, from) = rest.split_at(at);
            writer.write_all(printable.as_bytes())?;
            let mut chars = from.chars();
            if let Some(c) = chars.next() {
                write!(writer, "\\u{:04x}", u32::from(c))?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.formatter.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.formatter.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.deepen()?;
        self.formatter.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        self.formatter.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.formatter.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.formatter.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.formatter.end_object_value(writer)
    }
}

/// A list that contains itself twice, thirty levels deep, is small in memory and endless as text.
struct Sink {
    text: Vec<u8>,
    max: usize,
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len() + bytes.len() > self.max {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn finish(sink: Sink, written: Result<(), serde_json::Error>) -> Result<String, Error> {
    match written {
        Ok(()) => {
            Ok(String::from_utf8(sink.text).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into()))
        }
        Err(e) if e.io_error_kind() == Some(io::ErrorKind::InvalidInput) => {
            Err(refuse(format!("nests more than {MAX_DEPTH} levels")))
        }
        Err(e) if e.is_io() => Err(Stop::Limit(Limit::Output).into()),
        Err(_) => Err(refuse("does not exist in JSON")),
    }
}

/// Characters that JSON allows and YAML 1.1 does not (section 5.1, "printable"), that end a line there, or that are marks
/// of ours.
fn unprintable(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        || mark::is_mark(c)
}

fn write_char<W: ?Sized + io::Write>(writer: &mut W, c: char) -> io::Result<()> {
    writer.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())
}
