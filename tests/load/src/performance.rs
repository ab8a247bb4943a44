//! docs/performance.md: the text of `performance.md.in` with the tables of one run in it.

use std::fs;
use std::path::Path;

use crate::bench::Results;
use crate::failure::{Doing, Failure, Result};

/// The text, with `{{NAME}}` on a line of its own where a table belongs.
const TEXT: &str = include_str!("../performance.md.in");

/// The report before anything was measured.
#[derive(Debug)]
pub(crate) struct Document {
    criterion: Option<String>,
}

impl Document {
    /// With what criterion printed, where that is given.
    pub(crate) fn new(criterion: Option<&Path>) -> Result<Self> {
        let Some(path) = criterion else { return Ok(Self { criterion: None }) };
        let printed = fs::read_to_string(path).doing(|| format!("can not read {}", path.display()))?;
        let table = table_of(&printed)
            .ok_or_else(|| Failure(format!("{} has no table of benchmarks", path.display())))?;
        Ok(Self { criterion: Some(table.to_owned()) })
    }

    /// Writes it with these results.
    pub(crate) fn write(&self, results: &Results, path: &Path) -> Result<()> {
        fs::write(path, self.text(results)).doing(|| format!("can not write {}", path.display()))
    }

    fn text(&self, results: &Results) -> String {
        let missing = || "Not measured in this run.\n".to_owned();
        let mut text = TEXT.to_owned();
        let mut put = |name: &str, value: &str| text = text.replace(&format!("{{{{{name}}}}}\n"), value);
        put("computer", &format!("{}.\n", results.computer));
        let quick = "\nThis was a quick run: **few and short rounds, figures for a first look only.**\n";
        put("quick", if results.quick { quick } else { "" });
        put("verdicts", &results.verdict_table());
        for (name, table) in results.tables() {
            put(name, &table.unwrap_or_else(missing));
        }
        let criterion = self.criterion.as_ref().map(|table| format!("```text\n{}\n```\n", table.trim()));
        put("criterion", &criterion.unwrap_or_else(missing));
        text
    }
}

/// The tables at the end of what our benchmarks print, from the first group's name on; see
/// `benches/boot_path/table.rs`.
fn table_of(printed: &str) -> Option<&str> {
    let head = printed.lines().find(|line| line.split_whitespace().eq(["median", "95", "%"]))?;
    // A part of `printed`, and so its place in it is known.
    let at = head.as_ptr().addr() - printed.as_ptr().addr();
    let name = printed[..at].trim_end().rfind('\n').map_or(0, |end| end + 1);
    Some(&printed[name..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_table_of_criterion() {
        let printed = "Benchmarking x\nx  time: [1 ns]\n\nresolve\n                  median      95 %\n  1 machine   1 ns  1 ns\n";
        assert!(table_of(printed).unwrap().starts_with("resolve\n"));
        assert_eq!(table_of("nothing"), None);
    }

    #[test]
    fn every_place_in_the_text_is_filled() {
        let places: Vec<&str> = TEXT.lines().filter(|line| line.starts_with("{{")).collect();
        let names = ["computer", "quick", "verdicts", "ratio", "burst", "pressure", "flat", "criterion"];
        let expected: Vec<String> = names.iter().map(|name| format!("{{{{{name}}}}}")).collect();
        assert!(expected.iter().all(|place| places.contains(&place.as_str())), "{places:?}");
        assert_eq!(places.len(), names.len());
    }
}
