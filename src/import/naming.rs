//! Names for what was called by other rules.

use std::collections::BTreeSet;

use crate::domain::Name;

/// The names of one noun that are taken.
#[derive(Debug, Default)]
pub(super) struct Naming(BTreeSet<Name>);

impl Naming {
    /// A name like `wanted`, with `-` for what no name has, and followed by a number if another is called so already. The
    /// flag says whether it is another than `wanted`. None of an empty text.
    pub(super) fn name(&mut self, wanted: &str) -> Option<(Name, bool)> {
        let allowed =
            |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
        let text: String = wanted.trim().chars().map(allowed).collect();
        // 240 leaves room for the number.
        let stem: String =
            text.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).chars().take(240).collect();
        let numbered = (2..).map(|n| format!("{stem}-{n}"));
        let mut candidates =
            std::iter::once(stem.clone()).chain(numbered).map_while(|text| text.parse().ok());
        let name: Name = candidates.find(|name| !self.0.contains(name))?;
        self.0.insert(name.clone());
        let other = name.as_str() != wanted;
        Some((name, other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_and_told_apart() {
        let mut naming = Naming::default();
        let mut name = |wanted: &str| naming.name(wanted).map(|(name, other)| (name.to_string(), other));
        assert_eq!(name("web-1"), Some(("web-1".into(), false)));
        assert_eq!(name("web 1"), Some(("web-1-2".into(), true)));
        assert_eq!(name(" web/1"), Some(("web-1-3".into(), true)));
        assert_eq!(name("../x"), Some(("x".into(), true)));
        assert_eq!(name(""), None);
        assert_eq!(name("///"), None);
        assert_eq!(name(&"n".repeat(300)), Some(("n".repeat(240), true)));
    }
}
