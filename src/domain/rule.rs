//! What machines get that no binding speaks for.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::labels::check_labels;
use super::protect::check_protect;
use super::violation::check_keys;
use super::{Labels, Name, Params, Selector, Specificity, Templates, Violation};

/// What the machines that a selector matches get.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name.
    pub name: Name,
    /// Rules of higher priority are tried first.
    #[serde(default)]
    pub priority: i32,
    /// Whom it is for.
    #[serde(default, rename = "match", skip_serializing_if = "Selector::is_empty")]
    pub selector: Selector,
    /// The image that it gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Name>,
    /// Marks by which operators find and group it.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// The middle layer of parameters.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// Templates that win over those of the image.
    #[serde(default, skip_serializing_if = "Templates::is_empty")]
    pub templates: Templates,
}

impl Rule {
    /// A rule of this name that matches everything and gives nothing.
    pub fn new(name: Name) -> Self {
        Self {
            name,
            priority: 0,
            selector: Selector::default(),
            image: None,
            labels: Labels::new(),
            params: Params::new(),
            templates: Templates::new(),
        }
    }

    /// Sorts rules in the order in which they are tried: priority (higher first), specificity (more first), name.
    /// No two rules have the same name, so the order is total.
    pub fn order_key(&self) -> (Reverse<i32>, Reverse<Specificity>, Name) {
        (Reverse(self.priority), Reverse(self.selector.specificity()), self.name.clone())
    }

    /// What an operator must mend before this rule can be stored.
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.image.is_none() && self.templates.is_empty() {
            found.push(Violation::new(
                "image",
                "is missing, and no templates are given; a rule must give one of them",
            ));
        }
        check_labels(&self.labels, &mut found);
        check_keys("params", self.params.keys(), &mut found);
        check_protect(&self.params, &mut found);
        found
    }
}
