//! Here-documents: a line of a value that is the word which ends one would end it, and make commands of what follows.

/// The byte and the text of the line that ended a here-document before the template did.
///
/// One that is ended by a value leaves the end that the template wrote standing alone.
pub(super) fn ended_early(text: &str) -> Option<(usize, &str)> {
    if !text.contains("<<") {
        return None;
    }
    let mut waiting: Vec<&str> = Vec::new();
    // Each end that was read, and where.
    let mut ended: Vec<(&str, usize)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let word = line.trim();
        match waiting.first() {
            Some(end) if *end == word => {
                ended.push((waiting.remove(0), at + line.len() - line.trim_start().len()));
            }
            Some(_) => {}
            None => {
                if let Some((word, at)) = ended.iter().rev().find(|(end, _)| *end == word) {
                    return Some((*at, word));
                }
                waiting.extend(ends(line));
            }
        }
        at += line.len();
    }
    None
}

/// The words after each `<<` of a line.
fn ends(line: &str) -> impl Iterator<Item = &str> {
    let parts = line.split("<<").skip(1);
    parts.filter_map(|part| {
        let part = part.strip_prefix('-').unwrap_or(part).trim_start_matches([' ', '\t']);
        let part = part.trim_start_matches(['\'', '"', '\\']);
        let end =
            part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(part.len());
        let word = &part[..end];
        // `1 << 2` is arithmetic, and `<<<` a word.
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_counted() {
        for fine in [
            "cat <<EOF\nx\nEOF\n",
            "cat <<A <<'B'\nA\nB\ncat <<-A\n\tA\n",
            "EOF\n",
            "x <<< EOF\nEOF\n",
            "$((1<<2))\n2\n2\n",
        ] {
            assert_eq!(ended_early(fine), None, "{fine}");
        }
        assert_eq!(ended_early("cat <<EOF\nEOF\nreboot\nEOF\n"), Some((10, "EOF")));
    }
}
