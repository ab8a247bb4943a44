//! What somebody may have meant.

/// Longer words are no slips of the finger, and comparing takes the product of their lengths.
const LONGEST: usize = 40;

/// The one of `known` that `word` is a slip of, if there is one: a letter wrong in five, and one more.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let known = known.into_iter().filter(|known| known.len() <= LONGEST);
    let (distance, nearest) = known
        .map(|known| (strsim::damerau_levenshtein(known, word), known))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + word.len() / 5).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_have_a_neighbour() {
        let known = ["kernel", "chain", "set"];
        assert_eq!(nearest("kernal", known), Some("kernel"));
        assert_eq!(nearest("chian", known), Some("chain"));
        assert_eq!(nearest("wget", known), None);
        assert_eq!(nearest(&"k".repeat(1_000_000), known), None);
        assert_eq!(nearest("x", []), None);
    }
}
