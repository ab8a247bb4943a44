//! Results as JUnit XML, which CI systems show. There is no standard but what they all read: a suite for each file, in it the
//! cases, in each of those its failures (<https://github.com/testmoapp/junitxml>).

use std::fmt::Write as _;

use crate::template_test::{Check, Report};

/// The XML document.
pub(super) fn document(report: &Report) -> String {
    let mut suites: Vec<(String, Vec<&Check>)> = Vec::new();
    for check in &report.checks {
        let file = check.place.path.display().to_string();
        match suites.iter_mut().find(|(known, _)| *known == file) {
            Some((_, checks)) => checks.push(check),
            None => suites.push((file, vec![check])),
        }
    }
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let (tests, failures) = counts(report.checks.iter());
    text += &format!(
        "<testsuites name=\"template test\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n"
    );
    for (file, checks) in suites {
        let (tests, failures) = counts(checks.iter().copied());
        let file = escape(&file);
        text += &format!(
            "  <testsuite name=\"{file}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">\n"
        );
        for check in checks {
            case(&file, check, &mut text);
        }
        text += "  </testsuite>\n";
    }
    text + "</testsuites>\n"
}

fn case(file: &str, check: &Check, text: &mut String) {
    let name = escape(&check.name);
    let line = match check.place.line {
        0 => String::new(),
        line => format!(" line=\"{line}\""),
    };
    // Writing to a string does not fail.
    let _ = write!(text, "    <testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\"{line}");
    if check.passed() && check.warnings.is_empty() {
        text.push_str("/>\n");
        return;
    }
    text.push_str(">\n");
    // Some readers take only the first failure of a case, so there is only one.
    if let Some(first) = check.failures.first() {
        let message = escape(first.told.lines().next().unwrap_or_default());
        let all: Vec<_> =
            check.failures.iter().map(|failure| format!("{}\n{}", failure.told, failure.diff)).collect();
        let _ = writeln!(
            text,
            "      <failure type=\"{}\" message=\"{message}\">{}</failure>",
            first.what.as_str(),
            escape(&all.join("\n"))
        );
    }
    if !check.warnings.is_empty() {
        let _ = writeln!(text, "      <system-out>{}</system-out>", escape(&check.warnings.join("\n")));
    }
    text.push_str("    </testcase>\n");
}

fn counts<'a>(checks: impl Iterator<Item = &'a Check>) -> (usize, usize) {
    checks.fold((0, 0), |(tests, failures), check| (tests + 1, failures + usize::from(!check.passed())))
}

/// The text for the content of an element or of an attribute. XML 1.0 has no way to write most control characters (section
/// 2.2), and reads a bare carriage return as a line end (section 2.11).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' => escaped.push(c),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_xml_can_not_say_is_replaced() {
        assert_eq!(
            escape("a <b> & \"c\" \u{1b}[1m\0\u{ffff} d\r\n]]>"),
            "a &lt;b&gt; &amp; &quot;c&quot; \u{fffd}[1m\u{fffd}\u{fffd} d&#13;\n]]&gt;"
        );
    }
}
