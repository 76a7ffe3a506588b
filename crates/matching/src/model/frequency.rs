//! How common each value of a feature is among people.

use std::collections::BTreeMap;

use serde::Serialize;

/// Shares of people, by prepared value; trained and kept in the rule set.
#[derive(Clone, PartialEq, Serialize)]
pub struct FrequencyTable {
    /// The feature whose values are counted.
    pub feature: usize,
    /// No value counts as rarer than this; above 0.
    pub floor: f64,
    /// The share of a value that is not listed; above 0.
    pub rest: f64,
    /// Shares of the listed values, each above 0 and at most 1.
    pub shares: BTreeMap<String, f64>,
}

impl FrequencyTable {
    /// The share of a value, never below the floor.
    pub fn share(&self, value: &str) -> f64 {
        self.shares.get(value).copied().unwrap_or(self.rest).max(self.floor)
    }
}

// Values are people's names.
impl std::fmt::Debug for FrequencyTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrequencyTable")
            .field("feature", &self.feature)
            .field("floor", &self.floor)
            .field("rest", &self.rest)
            .field("shares", &self.shares.len())
            .finish()
    }
}
