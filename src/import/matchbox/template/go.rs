//! From Go's templates to Jinja.

use crate::domain::Kind;

/// A stretch of a template.
enum Piece<'a> {
    Text(&'a str),
    Action(Action<'a>),
}

/// What stands between `{{` and `}}`.
struct Action<'a> {
    text: &'a str,
    trims_before: bool,
    trims_after: bool,
    line: usize,
}

/// What an `end` ends.
enum Block {
    If,
    /// A loop, and the variable that it has there. Go's `.` is the element within.
    Range(String),
}

/// Translates a template.
///
/// # Errors
/// Each action without counterpart, with its line.
pub(super) fn translate(text: &str, kind: Kind) -> Result<String, Vec<(usize, String)>> {
    let mut problems = Vec::new();
    let mut writer = Writer { out: String::new(), string: None, json: kind == Kind::Ignition };
    let mut blocks = Vec::new();
    for piece in pieces(text)? {
        match piece {
            Piece::Text(text) if ["{%", "{#"].iter().any(|mark| text.contains(mark)) => {
                problems.push((1, "{% or {# in the text, which begins something in Jinja".to_owned()));
            }
            Piece::Text(text) => writer.text(text),
            Piece::Action(action) => {
                if let Err(what) = act(&action, &mut blocks, &mut writer) {
                    problems.push((action.line, format!("{{{{{}}}}}: {what}", action.text)));
                }
            }
        }
    }
    if problems.is_empty() { Ok(writer.out) } else { Err(problems) }
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Vec<(usize, String)>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find("{{") {
        let line = 1 + text[..text.len() - rest.len() + begin].matches('\n').count();
        found.push(Piece::Text(&rest[..begin]));
        let inner = &rest[begin + 2..];
        let Some(end) = inner.find("}}") else {
            return Err(vec![(line, "{{ without }}".to_owned())]);
        };
        let action = &inner[..end];
        let trims_before = action.starts_with("- ");
        let trims_after = action.ends_with(" -");
        found.push(Piece::Action(Action {
            text: action.trim_start_matches('-').trim_end_matches('-').trim(),
            trims_before,
            trims_after,
            line,
        }));
        rest = &inner[end + 2..];
    }
    found.push(Piece::Text(rest));
    Ok(found)
}

fn act(action: &Action<'_>, blocks: &mut Vec<Block>, writer: &mut Writer) -> Result<(), String> {
    let text = action.text;
    if text.starts_with("/*") && text.ends_with("*/") && text.len() >= 4 {
        return writer.tag(action, "#", &text[2..text.len() - 2].replace("#}", "# }"));
    }
    let (word, rest) =
        text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()));
    match word {
        "if" => {
            let value = value(rest, blocks)?;
            blocks.push(Block::If);
            writer.tag(action, "%", &format!(" if {value} is defined and {value} "))
        }
        "else" if rest.is_empty() => writer.tag(action, "%", " else "),
        "else" => {
            let Some(rest) = rest.strip_prefix("if ") else { return Err("no counterpart".to_owned()) };
            let value = value(rest.trim(), blocks)?;
            writer.tag(action, "%", &format!(" elif {value} is defined and {value} "))
        }
        "range" => {
            let (variable, list) = match rest.split_once(":=") {
                None => (format!("item{}", blocks.len()), rest),
                Some((variable, list)) => (variable_name(variable.trim())?, list.trim()),
            };
            let list = value(list, blocks)?;
            let tag = format!(" for {variable} in {list} ");
            blocks.push(Block::Range(variable));
            writer.tag(action, "%", &tag)
        }
        "end" => match blocks.pop() {
            Some(Block::If) => writer.tag(action, "%", " endif "),
            Some(Block::Range(_)) => writer.tag(action, "%", " endfor "),
            None => Err("there is nothing that it ends".to_owned()),
        },
        _ => {
            let value = value(text, blocks)?;
            writer.value(action, &value)
        }
    }
}

/// `$element` of a loop.
fn variable_name(text: &str) -> Result<String, String> {
    match text.strip_prefix('$').filter(|name| is_word(name)) {
        Some(name) => Ok(name.to_owned()),
        None => Err(format!("{text}: only one variable, such as $element, has a counterpart")),
    }
}

/// A value: `.a.b`, `$e.a`, `.`, `index . "a"`, and what machines say of themselves.
fn value(text: &str, blocks: &[Block]) -> Result<String, String> {
    let element = blocks.iter().rev().find_map(|block| match block {
        Block::Range(variable) => Some(variable.as_str()),
        Block::If => None,
    });
    if let Some(key) = text
        .strip_prefix("index . \"")
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|key| !key.contains(['"', '\\']))
    {
        return Ok(format!("{}[\"{key}\"]", element.unwrap_or("params")));
    }
    if let Some(fact) = text.strip_prefix(".request.query.") {
        return match fact {
            "mac" | "uuid" | "serial" | "hostname" | "domain" => Ok(format!("facts.{fact}")),
            _ => Err(format!("machines do not say {fact} here")),
        };
    }
    if text.starts_with(".request") {
        return Err(
            "the request has no counterpart; use facts, or server.url_for('ignition') for a URL".to_owned()
        );
    }
    let (base, path) = match (text.strip_prefix('$'), text.strip_prefix('.')) {
        (_, Some("")) => {
            return element
                .map(str::to_owned)
                .ok_or_else(|| "all of the metadata has no counterpart".to_owned());
        }
        (_, Some(path)) => (element.unwrap_or("params"), path),
        (Some(path), _) if path.starts_with('.') => ("params", &path[1..]),
        (Some(path), _) => path.split_once('.').unwrap_or((path, "")),
        _ => return Err("no counterpart".to_owned()),
    };
    if !is_word(base) || !(path.is_empty() || path.split('.').all(is_word)) {
        return Err("no counterpart".to_owned());
    }
    if base == "params" && matches!(path, "mac" | "uuid") {
        return Ok(format!("facts.{path}"));
    }
    Ok(if path.is_empty() { base.to_owned() } else { format!("{base}.{path}") })
}

fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Writes Jinja. In JSON a value is quoted where it is printed, and refused between quotes: a string with values in it becomes
/// one expression.
struct Writer {
    out: String,
    /// Where the string began in `out` that is open, and the expressions of what is in it; empty while there was no value.
    string: Option<(usize, Vec<String>)>,
    json: bool,
}

impl Writer {
    fn text(&mut self, text: &str) {
        let mut escaped = false;
        for c in text.chars() {
            self.out.push(c);
            if !self.json {
                continue;
            }
            match (&mut self.string, c) {
                (Some(_), '\\') if !escaped => {
                    escaped = true;
                    continue;
                }
                (Some(_), '"') if !escaped => self.close(),
                (None, '"') => self.string = Some((self.out.len() - 1, Vec::new())),
                _ => {}
            }
            escaped = false;
        }
    }

    /// What of the open string is not in an expression yet becomes one.
    fn gather(&mut self) {
        if let Some((begin, parts)) = &mut self.string {
            let literal = self.out.split_off(*begin);
            let literal = literal.strip_prefix('"').unwrap_or(&literal);
            if literal.is_empty() && !parts.is_empty() {
                return;
            }
            // JSON's escapes are Jinja's too.
            parts.push(format!("\"{literal}\""));
        }
    }

    fn close(&mut self) {
        let Some((begin, parts)) = &self.string else { return };
        if parts.is_empty() {
            self.string = None;
            return;
        }
        let tail = self.out.split_off(*begin);
        let tail = tail.strip_suffix('"').unwrap_or(&tail);
        let mut parts = parts.clone();
        if !tail.is_empty() {
            parts.push(format!("\"{tail}\""));
        }
        self.out.push_str(&format!("{{{{ {} }}}}", parts.join(" ~ ")));
        self.string = None;
    }

    fn value(&mut self, action: &Action<'_>, value: &str) -> Result<(), String> {
        if self.string.is_none() {
            return self.tag(action, "{", &format!(" {value} "));
        }
        if action.trims_before || action.trims_after {
            return Err("trimming within a string has no counterpart".to_owned());
        }
        self.gather();
        if let Some((_, parts)) = &mut self.string {
            parts.push(value.to_owned());
        }
        Ok(())
    }

    fn tag(&mut self, action: &Action<'_>, mark: &str, inner: &str) -> Result<(), String> {
        if self.string.is_some() {
            return Err("within a string of JSON only values have a counterpart".to_owned());
        }
        let dash = |trims: bool| if trims { "-" } else { "" };
        let (open, close) =
            if mark == "{" { ("{{", "}}") } else { (&*format!("{{{mark}"), &*format!("{mark}}}")) };
        self.out.push_str(&format!(
            "{open}{}{inner}{}{close}",
            dash(action.trims_before),
            dash(action.trims_after)
        ));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_counterpart() {
        for (go, jinja) in [
            ("a {{.b}} c", "a {{ params.b }} c"),
            ("{{- .b.c -}}", "{{- params.b.c -}}"),
            ("{{index . \"a-b\"}}", "{{ params[\"a-b\"] }}"),
            ("{{/* why */}}", "{# why #}"),
            (
                "{{if .a}}x{{else}}y{{end}}",
                "{% if params.a is defined and params.a %}x{% else %}y{% endif %}",
            ),
            (
                "{{if .a}}x{{else if .b}}y{{end}}",
                "{% if params.a is defined and params.a %}x{% elif params.b is defined and params.b %}y{% endif %}",
            ),
            (
                "{{range .l}}{{.}} {{.k}} {{$.a}}{{end}}",
                "{% for item0 in params.l %}{{ item0 }} {{ item0.k }} {{ params.a }}{% endfor %}",
            ),
            (
                "{{range $e := .l}}{{$e}} {{$e.k}}{{end}}{{.a}}",
                "{% for e in params.l %}{{ e }} {{ e.k }}{% endfor %}{{ params.a }}",
            ),
            ("{{.request.query.mac}} {{.uuid}}", "{{ facts.mac }} {{ facts.uuid }}"),
        ] {
            assert_eq!(translate(go, Kind::Text).as_deref(), Ok(jinja), "{go}");
        }
    }

    #[test]
    fn strings_of_json_become_expressions() {
        for (go, jinja) in [
            (r#"{"a": "{{.b}}"}"#, r#"{"a": {{ "" ~ params.b }}}"#),
            (r#"{"a": "x{{.b}}y\"{{.c}}"}"#, r#"{"a": {{ "x" ~ params.b ~ "y\"" ~ params.c }}}"#),
            (r#"{"a": {{.n}}, "b\\": "c"}"#, r#"{"a": {{ params.n }}, "b\\": "c"}"#),
            (
                r#"[{{range .l}}"{{.}}"{{end}}]"#,
                r#"[{% for item0 in params.l %}{{ "" ~ item0 }}{% endfor %}]"#,
            ),
        ] {
            assert_eq!(translate(go, Kind::Ignition).as_deref(), Ok(jinja), "{go}");
        }
    }

    #[test]
    fn what_has_none_is_told_with_its_line() {
        let go = "\n{{.a | upper}}\n{{if eq .a \"x\"}}{{end}}\n{{range $i, $e := .l}}{{end}}\n{{.request.raw_query}}";
        let told = translate(go, Kind::Text).unwrap_err();
        let lines: Vec<usize> = told.iter().map(|(line, _)| *line).collect();
        // The ends of what was not begun are told too.
        assert_eq!(lines, [2, 3, 3, 4, 4, 5], "{told:?}");
        assert!(translate("{\"a\": \"{{if .b}}x{{end}}\"}", Kind::Ignition).is_err());
        assert_eq!(translate("a\n{{", Kind::Text).unwrap_err()[0].0, 2);
        assert!(translate("{% x %}", Kind::Text).is_err());
    }
}
