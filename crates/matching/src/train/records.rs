//! The records to learn from, equal values kept once.

use std::collections::HashMap;

use crate::features::{Features, Value};

/// Records in the order in which they were added.
#[derive(Default)]
pub struct Records {
    people: Vec<Features>,
    /// Per feature, each value.
    known: Vec<HashMap<Value, u32, foldhash::fast::FixedState>>,
}

impl Records {
    /// No records.
    pub fn new() -> Records {
        Records::default()
    }

    /// Adds a record.
    pub fn push(&mut self, features: Features) {
        self.known.resize_with(features.len().max(self.known.len()), HashMap::default);
        let shared = features.values().iter().zip(&mut self.known).map(|(value, known)| {
            let value = value.as_ref()?;
            if let Some((first, _)) = known.get_key_value(value) {
                return Some(first.clone());
            }
            known.insert(value.clone(), 0);
            Some(value.clone())
        });
        let features: Features = shared.collect();
        for (value, known) in features.values().iter().zip(&mut self.known) {
            if let Some(count) = value.as_ref().and_then(|value| known.get_mut(value)) {
                *count += 1;
            }
        }
        self.people.push(features);
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// A record by its position.
    pub fn get(&self, at: usize) -> &Features {
        &self.people[at]
    }

    /// Pairs of different records.
    pub(super) fn pair_count(&self) -> f64 {
        let count = self.people.len() as f64;
        count * (count - 1.0) / 2.0
    }

    /// Records that have the feature.
    pub(super) fn present(&self, feature: usize) -> u64 {
        self.known.get(feature).map_or(0, |known| known.values().map(|n| u64::from(*n)).sum())
    }

    /// Each single value of a feature with the records that have it, by value.
    pub(super) fn counts(&self, feature: usize) -> Vec<(String, u64)> {
        let Some(known) = self.known.get(feature) else { return Vec::new() };
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for (value, count) in known {
            match value {
                Value::Text(text) => {
                    for part in text.split(crate::features::BETWEEN) {
                        *counts.entry(part).or_default() += u64::from(*count);
                    }
                }
                Value::Set(tokens) => {
                    for token in tokens.iter() {
                        *counts.entry(token).or_default() += u64::from(*count);
                    }
                }
                Value::Sound(sound) => *counts.entry(&sound.text).or_default() += u64::from(*count),
            }
        }
        let mut counts: Vec<(String, u64)> =
            counts.into_iter().map(|(value, count)| (value.to_owned(), count)).collect();
        counts.sort_unstable();
        counts
    }

    /// P(a value in common) of two different records that both have the feature, exactly but
    /// for records that have two values in common; `None` if fewer than two have it.
    pub(super) fn equality(&self, feature: usize) -> Option<f64> {
        let present = self.present(feature) as f64;
        if present < 2.0 {
            return None;
        }
        let same: f64 =
            self.counts(feature).iter().map(|(_, n)| *n as f64 * (*n as f64 - 1.0)).sum();
        Some((same / (present * (present - 1.0))).min(1.0))
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("len", &self.people.len()).finish_non_exhaustive()
    }
}
