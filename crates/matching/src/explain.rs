//! Every step from a pair of records to a band, as data and as a table.
//!
//! The numbers come from the same code as [`crate::score()`]. The table is in
//! `explain/table.rs`. An explanation carries people's values, because a reviewer needs them:
//! keep it where the records are kept, and out of logs.

mod native;
mod table;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::features::{Features, Value};
use crate::model;
use crate::rules::{Field, FilterSpec, MatchingType, Rule, Ruleset, RulesetHash};
use crate::score::field::FieldScorer;
pub use crate::score::field::Outcome;
use crate::score::{Band, Score, Scored};
use native::Comparisons;
pub use native::{
    ComparisonExplanation, GuardExplanation, TermExplanation, ValuesExplanation, hold_back,
};

/// Why a pair has its score under one rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The rule set that was applied.
    pub ruleset: RulesetHash,
    /// Number of the rule, from 1.
    pub rule: usize,
    /// Its name.
    pub rule_name: String,
    /// How points are made.
    pub matching_type: MatchingType,
    /// Filters, in file order.
    pub filters: Vec<FilterExplanation>,
    /// Name of the first filter or phonetic field that excludes the candidate. The rest is then
    /// as if it had passed, except the band, which is below.
    pub excluded_by: Option<String>,
    /// What the total starts from: 0 or 100, or the prior of a native rule in bits.
    pub base: f64,
    /// Fields, in the order in which points are added.
    pub fields: Vec<FieldExplanation>,
    /// Base and points.
    pub total: f64,
    /// What is added to the total: 1 without filters and phonetic fields, else 0.
    pub query_score: f64,
    /// Their sum in 32 bits.
    pub score: Score,
    /// Least score that counts; `None` if all do.
    pub potential_threshold: Option<f64>,
    /// Least score that links.
    pub auto_threshold: f64,
    /// Where the score falls.
    pub band: Band,
    /// Comparisons of a native rule, in the order in which bits are added; empty for others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<ComparisonExplanation>,
    /// The probability that the two are one person, by a native rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Guards that hold, whatever the score; each leaves the match to a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<GuardExplanation>,
    /// Guards of the golden record that the candidate belongs to, where the record was kept from
    /// joining it; see [`Explanation::held_back`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub golden_guards: Vec<GuardExplanation>,
}

impl Explanation {
    /// Tells that the record does not join the candidate's golden record without a person.
    pub fn held_back(mut self, guards: Vec<GuardExplanation>) -> Explanation {
        if !guards.is_empty() && self.band == Band::Auto {
            self.band = Band::Potential;
        }
        self.golden_guards = guards;
        self
    }
}

/// One filter. `Debug` leaves the values out.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct FilterExplanation {
    /// The key in the rule file.
    pub name: String,
    /// Where values come from.
    pub path: String,
    /// The query's values, lower-cased.
    pub query: Vec<String>,
    /// The candidate's values, lower-cased.
    pub candidate: Vec<String>,
    /// Those in common.
    pub agreeing: Vec<String>,
    /// Whether the candidate passes: a value in common, or none on either side.
    pub agrees: bool,
}

/// One field. `Debug` leaves the values out.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldExplanation {
    /// The key in the rule file.
    pub name: String,
    /// Where values come from.
    pub path: String,
    /// How they are compared, by the name used in rule files.
    pub algorithm: String,
    /// The query's value as compared; `None` if missing.
    pub query: Option<String>,
    /// The candidate's value as compared; `None` if missing.
    pub candidate: Option<String>,
    /// Phonetic codes of both, for a phonetic field.
    pub codes: Option<[Option<String>; 2]>,
    /// Similarity or distance; `None` if not compared, or not computable for this pair.
    pub value: Option<f64>,
    /// What the value is held against.
    pub threshold: Option<f64>,
    /// How the comparison ended.
    pub outcome: Outcome,
    /// What was added to the total.
    pub points: f64,
}

/// Explains a pair under the rule at position `rule`, also when a filter excludes it.
///
/// Both [`Features`] must come from `ruleset`.
///
/// # Panics
///
/// If there is no such rule.
pub fn explain(
    ruleset: &Ruleset,
    rule: usize,
    query: &Features,
    candidate: &Features,
) -> Explanation {
    let number = rule + 1;
    let rule = &ruleset.rules[rule];
    let pair = Pair { ruleset, query, candidate };
    let filters: Vec<FilterExplanation> =
        rule.filters.iter().map(|filter| pair.filter(filter)).collect();
    let fields: Vec<FieldExplanation> =
        rule.fields.iter().map(|field| pair.field(rule, field)).collect();

    let native = Comparisons { ruleset, rule, query, candidate };
    let comparisons = native.comparisons();
    // A phonetic field adds 0.0, which changes no sum, so the bits are those of `score`.
    let sum = fields.iter().fold(rule.base(), |sum, field| sum + field.points);
    let sum = comparisons.iter().fold(sum, |sum, comparison| sum + comparison.bits);
    let Scored { total, score, .. } = Scored::conclude(rule, sum);
    let guards = native.guards();
    let band = match rule.band(score) {
        Band::Auto if !guards.is_empty() => Band::Potential,
        band => band,
    };
    let filtered = filters.iter().find(|filter| !filter.agrees).map(|filter| &filter.name);
    let sounds = rule.fields.iter().zip(&fields).find_map(|(field, explained)| {
        let excludes = field.is_phonetic() && explained.outcome == Outcome::Disagree;
        excludes.then_some(&field.name)
    });
    let excluded_by = filtered.or(sounds).cloned();
    Explanation {
        ruleset: ruleset.hash.clone(),
        rule: number,
        rule_name: rule.name.clone(),
        matching_type: rule.kind,
        filters,
        base: rule.base(),
        fields,
        total,
        query_score: rule.query_score(),
        score,
        potential_threshold: rule.potential_threshold,
        auto_threshold: rule.auto_threshold,
        band: if excluded_by.is_some() { Band::Below } else { band },
        excluded_by,
        comparisons,
        probability: (rule.kind == MatchingType::Native).then(|| model::probability_of(total)),
        guards,
        golden_guards: Vec::new(),
    }
}

struct Pair<'a> {
    ruleset: &'a Ruleset,
    query: &'a Features,
    candidate: &'a Features,
}

impl Pair<'_> {
    fn agrees(&self, feature: usize) -> bool {
        Value::agree(self.query.value(feature), self.candidate.value(feature))
    }

    fn path(&self, feature: usize) -> String {
        self.ruleset.features[feature].path.clone()
    }

    fn filter(&self, filter: &FilterSpec) -> FilterExplanation {
        let query = self.query.set(filter.feature);
        let candidate = self.candidate.set(filter.feature);
        let agreeing = query.iter().filter(|value| candidate.contains(value)).cloned().collect();
        FilterExplanation {
            name: filter.name.clone(),
            path: self.path(filter.feature),
            query: query.to_vec(),
            candidate: candidate.to_vec(),
            agreeing,
            agrees: self.agrees(filter.feature),
        }
    }

    fn field(&self, rule: &Rule, field: &Field) -> FieldExplanation {
        let feature = field.feature;
        let texts = (self.query.text(feature), self.candidate.text(feature));
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let (outcome, value, points) = match FieldScorer::new(rule.kind, field) {
            Some(scorer) => {
                let judged = scorer.judge(texts);
                (judged.outcome, judged.value, judged.points)
            }
            None if self.agrees(feature) => (Outcome::SoundsAlike, None, 0.0),
            None => (Outcome::Disagree, None, 0.0),
        };
        let codes = field
            .is_phonetic()
            .then(|| [owned(self.query.code(feature)), owned(self.candidate.code(feature))]);
        FieldExplanation {
            name: field.name.clone(),
            path: self.path(feature),
            algorithm: field.comparison.name().to_owned(),
            query: owned(texts.0),
            candidate: owned(texts.1),
            codes,
            value,
            threshold: field.threshold,
            outcome,
            points,
        }
    }
}

impl fmt::Debug for FilterExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterExplanation")
            .field("name", &self.name)
            .field("agrees", &self.agrees)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for FieldExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldExplanation")
            .field("name", &self.name)
            .field("outcome", &self.outcome)
            .field("points", &self.points)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
