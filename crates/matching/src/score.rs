//! From a pair of records to a score and a band, for one rule.
//!
//! What one field contributes is in `score/field.rs`, which the index and the explanations share.

pub(crate) mod field;

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::features::{Features, Value};
use crate::model;
use crate::rules::{MatchingType, Rule};

use field::FieldScorer;

/// A final score: never NaN, and never negative but for native rules, where it is in bits.
///
/// Elasticsearch kept scores in 32 bits and printed the shortest decimal that gives them back;
/// people copied such numbers into thresholds, so this type keeps both faces (quirk 3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score(f32);

impl Score {
    /// Rounds a number to a score; below zero and NaN become 0 (quirk 13).
    pub fn new(value: f64) -> Score {
        // `max` drops NaN; the cap keeps a sum beyond 32 bits from becoming infinite.
        Score(value.max(0.0).min(f64::from(f32::MAX)) as f32)
    }

    /// Rounds a match weight in bits, which may be negative; NaN becomes 0.
    pub fn of_bits(bits: f64) -> Score {
        let most = f64::from(f32::MAX);
        let bits = if bits.is_nan() { 0.0 } else { bits.clamp(-most, most) };
        // The sum makes a negative zero positive, so that equal scores have equal bits.
        Score(bits as f32 + 0.0)
    }

    /// The 32 bits.
    pub fn as_f32(self) -> f32 {
        self.0
    }

    /// The shortest decimal of the 32 bits, read as 64 bits: what JavaScript compared and showed.
    pub fn as_f64(self) -> f64 {
        self.0.to_string().parse().expect("a finite float prints as a number")
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Score) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Score) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Score, D::Error> {
        f64::deserialize(deserializer).map(Score::of_bits)
    }
}

/// Where a score falls between a rule's thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Band {
    /// At or above the auto threshold: linked without a person.
    Auto,
    /// At or above the potential threshold: a person should look.
    Potential,
    /// No match.
    Below,
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Band::Auto => "auto",
            Band::Potential => "potential",
            Band::Below => "below",
        })
    }
}

/// What a rule says about a pair that its filters and phonetic fields let pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Base and points of all fields in 64 bits, not beyond 32 bits, and not below 0 but for a
    /// native rule.
    pub total: f64,
    /// Total and inner query score, rounded.
    pub score: Score,
    /// Position in [`Rule::guards`] of the first guard that keeps the pair from being linked
    /// without a person.
    pub guard: Option<usize>,
}

impl Scored {
    /// Turns the sum of base and points into the score; guards are not asked.
    pub(crate) fn conclude(rule: &Rule, sum: f64) -> Scored {
        if rule.kind == MatchingType::Native {
            let most = f64::from(f32::MAX);
            return Scored {
                total: sum.clamp(-most, most),
                score: Score::of_bits(sum),
                guard: None,
            };
        }
        let total = sum.max(0.0).min(f64::from(f32::MAX));
        Scored { total, score: Score::new(rule.query_score() + total), guard: None }
    }

    /// Where the score falls, guards heeded.
    pub fn band(&self, rule: &Rule) -> Band {
        match rule.band(self.score) {
            Band::Auto if self.guard.is_some() => Band::Potential,
            band => band,
        }
    }
}

/// Scores one candidate; `None` if a filter or a phonetic field excludes it.
///
/// Both [`Features`] must come from the rule set that `rule` belongs to.
pub fn score(rule: &Rule, query: &Features, candidate: &Features) -> Option<Scored> {
    let filters = rule.filters.iter().map(|filter| filter.feature);
    let sounds = rule.fields.iter().filter(|field| field.is_phonetic()).map(|field| field.feature);
    let passes = filters
        .chain(sounds)
        .all(|feature| Value::agree(query.value(feature), candidate.value(feature)));
    if !passes {
        return None;
    }

    if rule.kind == MatchingType::Native {
        return Some(model::judge(rule, query, candidate).scored);
    }
    let mut sum = rule.base();
    for field in &rule.fields {
        let Some(scorer) = FieldScorer::new(rule.kind, field) else { continue };
        let pair = (query.text(field.feature), candidate.text(field.feature));
        sum += scorer.judge(pair).points;
    }
    Some(Scored::conclude(rule, sum))
}

#[cfg(test)]
mod tests;
