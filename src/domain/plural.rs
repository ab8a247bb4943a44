//! Messages for people.

/// What the word for `count` things ends with.
pub const fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}
