//! Whether a target is met.

use std::fmt;

use serde::Serialize;

/// A figure beside its target.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    /// What was measured.
    pub(crate) what: String,
    /// What was found.
    pub(crate) found: f64,
    /// What it should be, for people.
    pub(crate) target: String,
    /// Of what.
    unit: &'static str,
    /// Whether it is so.
    pub(crate) is_met: bool,
}

impl Verdict {
    /// Met when it is no more than `most`.
    pub(crate) fn at_most(what: impl Into<String>, found: f64, most: f64, unit: &'static str) -> Self {
        Self { what: what.into(), found, target: format!("≤ {most}{unit}"), unit, is_met: found <= most }
    }

    /// Met when it is less than `bound`.
    pub(crate) fn below(what: impl Into<String>, found: f64, bound: f64, unit: &'static str) -> Self {
        Self { what: what.into(), found, target: format!("< {bound}{unit}"), unit, is_met: found < bound }
    }

    /// Met when it is no less than `least`.
    pub(crate) fn at_least(what: impl Into<String>, found: f64, least: f64, unit: &'static str) -> Self {
        Self { what: what.into(), found, target: format!("≥ {least}{unit}"), unit, is_met: found >= least }
    }
}

/// A row of a table.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.found < 10.0 { 3 } else { usize::from(self.found < 100.0) };
        let met = if self.is_met { "met" } else { "**not met**" };
        let (what, found, unit, target) = (&self.what, self.found, self.unit, &self.target);
        write!(f, "| {what} | {target} | {found:.digits$}{unit} | {met} |")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept_to_the_letter() {
        assert!(Verdict::at_most("x", 1.1, 1.1, "×").is_met);
        assert!(!Verdict::at_most("x", f64::NAN, 1.1, "×").is_met);
        assert!(!Verdict::below("x", 400.0, 400.0, " bytes").is_met);
        assert!(Verdict::at_least("x", 0.95, 0.95, "×").is_met);
        let row = Verdict::at_least("rate", 0.7512, 0.95, "×").to_string();
        assert_eq!(row, "| rate | ≥ 0.95× | 0.751× | **not met** |");
    }
}
