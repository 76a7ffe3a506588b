//! The rule set as the rest of the crate sees it: plain data, checked when it was read.
//!
//! Reading `decisionRules.json` is in [`crate::opencr`]; the arithmetic is in [`mod@crate::score`].

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::{GoldenGuard, Guard, Ladder};
use crate::normalize::{CheckDigit, Normaliser, SkipValues};
use crate::score::{Band, Score};
use crate::similarity::Algorithm;

/// Total of a probabilistic rule before any field has spoken; OpenCR fixes it (quirk 16).
pub const PROBABILISTIC_BASE: f64 = 100.0;

/// Rules in the order in which they are tried, and the features they need.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruleset {
    /// In file order; earlier rules have precedence.
    pub rules: Vec<Rule>,
    /// What to extract from every record; fields and filters refer to it by position.
    pub features: Vec<FeatureSpec>,
    /// What keeps a record from joining a golden record without a person; none in OpenCR's rules.
    pub golden_guards: Vec<GoldenGuard>,
    /// Names this content: equal hashes mean equal scores.
    pub hash: RulesetHash,
    /// What works but is probably not meant; one sentence each, for the operator.
    pub warnings: Vec<String>,
    /// The text the rules were read from, as it was.
    pub source: String,
}

impl Ruleset {
    /// Works the hash out anew, after a change.
    pub(crate) fn rehash(&mut self) {
        self.hash = RulesetHash::of(&self.rules, &self.features, &self.golden_guards);
    }
}

/// Hex SHA-256 of a rule set's canonical content; comments and spelling do not change it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RulesetHash(String);

impl RulesetHash {
    /// Hashes what decides scores and links and what explanations cite.
    pub fn of(rules: &[Rule], features: &[FeatureSpec], guards: &[GoldenGuard]) -> RulesetHash {
        // The version line is raised when the same rules start to give other scores.
        let mut hasher = Sha256::new();
        hasher.update(b"opencr ruleset 1\n");
        // What only native rules have is left out where it says nothing, so that the hashes of
        // OpenCR's rules stay.
        let canonical = serde_json::to_vec(&(rules, features))
            .expect("rules are plain data with finite numbers and text keys");
        hasher.update(&canonical);
        if !guards.is_empty() {
            let canonical =
                serde_json::to_vec(guards).expect("guards are plain data with finite numbers");
            hasher.update(&canonical);
        }
        RulesetHash(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RulesetHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One value to take from every record. Two uses of the same path and kind share one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeatureSpec {
    /// Name of the first field or filter that asked for it; for people only.
    pub name: String,
    /// FHIRPath text, opaque here.
    pub path: String,
    /// Further FHIRPaths of the same feature; none in OpenCR's rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more_paths: Vec<String>,
    /// What further paths are for.
    #[serde(skip_serializing_if = "Gather::is_first")]
    pub gather: Gather,
    /// What the value is for, which decides how it is prepared.
    pub kind: FeatureKind,
    /// How each raw value is prepared.
    #[serde(skip_serializing_if = "Normaliser::is_opencr")]
    pub normaliser: Normaliser,
    /// What becomes of several values.
    #[serde(skip_serializing_if = "Several::is_join")]
    pub several: Several,
    /// Values that stand for no value.
    #[serde(skip_serializing_if = "SkipValues::is_empty")]
    pub skip: SkipValues,
    /// How check digits are told; values that fail are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckDigit>,
}

impl FeatureSpec {
    /// A feature as OpenCR's rules have it.
    pub fn new(name: impl Into<String>, path: impl Into<String>, kind: FeatureKind) -> FeatureSpec {
        FeatureSpec {
            name: name.into(),
            path: path.into(),
            more_paths: Vec::new(),
            gather: Gather::default(),
            kind,
            normaliser: Normaliser::default(),
            several: Several::default(),
            skip: SkipValues::default(),
            check: None,
        }
    }

    /// All paths, in the order in which they are asked.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.path.as_str()).chain(self.more_paths.iter().map(String::as_str))
    }
}

/// What several paths of one feature are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gather {
    /// The first that gives a value counts.
    #[default]
    First,
    /// The values of all count, in order.
    All,
}

impl Gather {
    fn is_first(&self) -> bool {
        *self == Gather::First
    }
}

/// What becomes of a feature's several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Several {
    /// They are one text, in order, with one space between.
    #[default]
    Join,
    /// The first counts.
    First,
    /// Each by itself; a comparison takes the best pair.
    Each,
}

impl Several {
    fn is_join(&self) -> bool {
        *self == Several::Join
    }
}

/// What a feature's value is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureKind {
    /// All values as one prepared text, for an [`Algorithm`].
    Text,
    /// All values as one text with its phonetic code.
    Sound,
    /// Each value by itself, for a filter.
    Set,
}

/// How points are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchingType {
    /// Weights of the fields that agree, from 0.
    Deterministic,
    /// Base-10 logarithms of likelihood ratios, from 100 (Fellegi & Sunter 1969).
    Probabilistic,
    /// Bits of evidence from comparisons with levels, from the prior; see [`crate::model`].
    Native,
}

/// One way to recognise a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// `rule 1` and so on, in file order.
    pub name: String,
    /// How points are made.
    pub kind: MatchingType,
    /// In the order in which points are added (JavaScript's order of object keys).
    pub fields: Vec<Field>,
    /// All must agree for a candidate to be scored at all.
    pub filters: Vec<FilterSpec>,
    /// Least score that counts, inclusive; `None` keeps every candidate that is scored.
    pub potential_threshold: Option<f64>,
    /// Least score that links without a person, inclusive.
    pub auto_threshold: f64,
    /// Comparisons with levels of a native rule, in the order in which bits are added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ladders: Vec<Ladder>,
    /// What the total of a native rule starts from: log2 of the odds that two records that
    /// nothing is known of are of one person.
    #[serde(skip_serializing_if = "is_zero")]
    pub prior_bits: f64,
    /// What keeps a pair of a native rule from being linked without a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Guard>,
}

fn is_zero(bits: &f64) -> bool {
    *bits == 0.0
}

impl Rule {
    /// What the total starts from: 0, 100 in a probabilistic rule, the prior in a native one.
    pub fn base(&self) -> f64 {
        match self.kind {
            MatchingType::Native => self.prior_bits,
            MatchingType::Deterministic => 0.0,
            MatchingType::Probabilistic => PROBABILISTIC_BASE,
        }
    }

    /// What Elasticsearch's inner query added to every score (quirks 1 and 2).
    ///
    /// 1 when the rule matches everything, 0 when filters or phonetic fields choose the
    /// candidates. Phonetic fields added BM25 there, which depends on the register's size.
    pub fn query_score(&self) -> f64 {
        if self.kind == MatchingType::Native {
            return 0.0;
        }
        let chooses = !self.filters.is_empty() || self.fields.iter().any(Field::is_phonetic);
        if chooses { 0.0 } else { 1.0 }
    }

    /// Whether `score` is a match at all; if one is, so is every higher one.
    pub(crate) fn keeps(&self, score: Score) -> bool {
        // Elasticsearch read min_score as a 32-bit float and compared it with the 32-bit score.
        self.potential_threshold.is_none_or(|least| score.as_f32() >= least as f32)
    }

    /// Where `score` falls between the rule's thresholds; guards are not asked.
    pub fn band(&self, score: Score) -> Band {
        if !self.keeps(score) {
            return Band::Below;
        }
        if self.kind == MatchingType::Native {
            let is_auto = score.as_f32() >= self.auto_threshold as f32;
            return if is_auto { Band::Auto } else { Band::Potential };
        }
        // JavaScript compared the printed score with the threshold in 64 bits (quirk 3).
        if score.as_f64() >= self.auto_threshold { Band::Auto } else { Band::Potential }
    }
}

/// One comparison of a rule.
///
/// [`crate::opencr::parse`] guarantees: a probabilistic rule's fields have a threshold, m and
/// u, and are not phonetic; a deterministic distance has a threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    /// The key in the rule file.
    pub name: String,
    /// Position in [`Ruleset::features`].
    pub feature: usize,
    /// How the two values are compared.
    pub comparison: Comparison,
    /// Least similarity or greatest distance that agrees; without one (or with 0) a
    /// deterministic similarity adds its value times the weight.
    pub threshold: Option<f64>,
    /// Points of agreement in a deterministic rule.
    pub weight: f64,
    /// P(agree given the same person), strictly between 0 and 1; probabilistic rules only.
    pub m: Option<f64>,
    /// P(agree given different people), strictly between 0 and 1; probabilistic rules only.
    pub u: Option<f64>,
    /// What a missing value does; `None` compares it as an empty text.
    pub null_handling: Option<NullHandling>,
    /// The same when both are missing; ignored without `null_handling` (quirk 18).
    pub null_handling_both: Option<NullHandling>,
}

impl Field {
    /// Whether the field chooses candidates by sound instead of adding points.
    pub fn is_phonetic(&self) -> bool {
        self.comparison == Comparison::Phonetic
    }
}

/// How a field compares two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "&'static str")]
pub enum Comparison {
    /// By sound: a condition on the candidate, without points.
    Phonetic,
    /// By a similarity or a distance.
    By(Algorithm),
}

impl Comparison {
    /// The name used in rule files.
    pub fn name(self) -> &'static str {
        match self {
            Comparison::Phonetic => "phonetic",
            Comparison::By(algorithm) => algorithm.name(),
        }
    }
}

impl From<Comparison> for &'static str {
    fn from(comparison: Comparison) -> &'static str {
        comparison.name()
    }
}

/// The effect of a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NullHandling {
    /// Counts as disagreement.
    Conservative,
    /// Has no effect.
    Moderate,
    /// Counts as agreement.
    Greedy,
    /// Some other word stood in the file: compared as an empty text, as OpenCR did.
    Off,
}

/// One condition on candidates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterSpec {
    /// The key in the rule file.
    pub name: String,
    /// Position in [`Ruleset::features`].
    pub feature: usize,
}

#[cfg(test)]
mod tests;
