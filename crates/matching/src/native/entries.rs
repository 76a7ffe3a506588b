//! What a native file holds, entry by entry; plain data, read and written as it stands.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{DateLikeness, Doubt, Encoder};
use crate::normalize::{CheckDigit, Normaliser};
use crate::rules::{Gather, Several};

/// A whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// [`super::FORMAT`].
    pub format: String,
    /// What the rules are called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What they are for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What they were trained on, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trained: String,
    /// How training finds pairs; without this it chooses by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingEntry>,
    /// The values to take from every record, by name.
    pub features: BTreeMap<String, FeatureEntry>,
    /// Names that stand for each other, by the table's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, AliasEntry>,
    /// How common values are, by feature.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub frequencies: BTreeMap<String, FrequencyEntry>,
    /// The passes, in order.
    pub pass: Vec<PassEntry>,
    /// What concerns golden records and not pairs.
    #[serde(default, skip_serializing_if = "GoldenEntry::is_empty")]
    pub golden: GoldenEntry,
}

/// How training finds pairs that are likely to be one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingEntry {
    /// Features that two records must have in common to be looked at; each list by itself.
    pub blocks: Vec<Vec<String>>,
}

/// A value to take from every record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureEntry {
    /// FHIRPaths, in the order in which they are asked.
    pub paths: Vec<String>,
    /// What several paths are for.
    #[serde(default)]
    pub gather: Gather,
    /// How a raw value is prepared.
    pub normaliser: NormaliserEntry,
    /// Country code of telephone numbers, digits only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// What becomes of several values.
    #[serde(default)]
    pub several: Several,
    /// Whether the standard placeholders of the normaliser are no values.
    #[serde(default = "yes")]
    pub standard_skip: bool,
    /// Further values that are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<String>,
    /// How check digits are told; values that fail do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckDigit>,
}

fn yes() -> bool {
    true
}

/// [`Normaliser`] by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormaliserEntry {
    /// Trimmed and lower-cased, as OpenCR does.
    Opencr,
    /// Any text.
    Text,
    /// Names of people.
    Name,
    /// Telephone numbers.
    Phone,
    /// Dates.
    Date,
    /// Identifiers.
    Identifier,
    /// Codes.
    Code,
}

impl NormaliserEntry {
    /// The normaliser of this name.
    pub fn with_country(self, country: Option<String>) -> Normaliser {
        match self {
            NormaliserEntry::Opencr => Normaliser::Opencr,
            NormaliserEntry::Text => Normaliser::Text,
            NormaliserEntry::Name => Normaliser::Name,
            NormaliserEntry::Phone => Normaliser::Phone { country },
            NormaliserEntry::Date => Normaliser::Date,
            NormaliserEntry::Identifier => Normaliser::Identifier,
            NormaliserEntry::Code => Normaliser::Code,
        }
    }
}

/// A table of names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AliasEntry {
    /// The file that holds further groups, as seen from the rule file; [`super::tables`] reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Groups of names that one person may go by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Vec<String>>,
    /// The groups of the file, once it was read.
    #[serde(skip)]
    pub loaded: Option<Vec<Vec<String>>>,
}

/// How common the values of a feature are. `Debug` leaves them out: they are people's names.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrequencyEntry {
    /// No value counts as rarer.
    pub floor: f64,
    /// The share of a value that is not listed.
    pub rest: f64,
    /// Shares of the listed values, as prepared.
    #[serde(default)]
    pub shares: BTreeMap<String, f64>,
}

impl fmt::Debug for FrequencyEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrequencyEntry")
            .field("floor", &self.floor)
            .field("rest", &self.rest)
            .field("shares", &self.shares.len())
            .finish()
    }
}

/// One way to recognise a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassEntry {
    /// Its name.
    pub name: String,
    /// P(same person) of two records that nothing is known of.
    pub prior: f64,
    /// From here on a person should look.
    pub potential: ThresholdEntry,
    /// From here on records are linked without a person.
    pub auto: ThresholdEntry,
    /// Features of which a value must be in common.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<String>,
    /// Comparisons, in the order in which bits are added.
    pub comparison: Vec<ComparisonEntry>,
    /// What keeps a pair from being linked without a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guard: Vec<GuardEntry>,
}

/// A threshold in either unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThresholdEntry {
    /// Match weight.
    Bits(f64),
    /// Probability of the same person.
    Probability(f64),
}

/// A comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonEntry {
    /// Its name, once in a pass.
    pub name: String,
    /// Features without which it says nothing; without this all that its tests look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<Vec<String>>,
    /// Whether it takes away what other comparisons count too much, and never adds: its levels
    /// are several equalities at once, m is how often they hold by chance and u how often in fact.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub corrects: bool,
    /// Best first.
    pub levels: Vec<LevelEntry>,
}

/// A level of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelEntry {
    /// In words.
    pub label: String,
    /// What must hold; nothing for the last level, which is for all else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<TestEntry>,
    /// P(this level, given the same person).
    pub m: f64,
    /// P(this level, given different people).
    pub u: f64,
    /// The feature whose table of frequencies takes the place of u, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequencies: Option<String>,
    /// Whether training leaves m and u alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fixed: bool,
}

/// A condition on a pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TestEntry {
    /// A value in common.
    Same(String),
    /// Alike by an algorithm.
    Similar {
        /// The feature.
        feature: String,
        /// [`crate::Algorithm::name`].
        algorithm: String,
        /// Least similarity.
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "at-least")]
        at_least: Option<f64>,
        /// Greatest distance.
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "at-most")]
        at_most: Option<f64>,
    },
    /// The same phonetic code.
    SoundsAlike {
        /// The feature.
        feature: String,
        /// The code.
        encoder: Encoder,
    },
    /// Names for the same.
    Alias {
        /// The feature.
        feature: String,
        /// The table.
        table: String,
    },
    /// One is the initial of the other.
    Initial(String),
    /// All words of one are among the other's.
    Contains(String),
    /// Words in common.
    Overlap {
        /// The feature.
        feature: String,
        /// How many.
        words: usize,
    },
    /// The same last characters.
    SameEnd {
        /// The feature.
        feature: String,
        /// How many.
        characters: usize,
    },
    /// Dates of which parts agree.
    Date {
        /// The feature.
        feature: String,
        /// Which parts.
        is: DateLikeness,
    },
    /// Two features with their values exchanged.
    Swapped {
        /// The one.
        first: String,
        /// The other.
        second: String,
        /// [`crate::Algorithm::name`]; without it the values are the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        algorithm: Option<String>,
        /// Least similarity of both.
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "at-least")]
        at_least: Option<f64>,
    },
    /// All hold.
    All(Vec<TestEntry>),
    /// At least one holds.
    Any(Vec<TestEntry>),
}

/// What keeps a pair from being linked without a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardEntry {
    /// Its name.
    pub name: String,
    /// Why a person should look.
    pub reason: String,
    /// When it holds.
    pub when: ConditionEntry,
    /// What the match becomes.
    #[serde(default, skip_serializing_if = "Doubt::is_potential")]
    pub gives: Doubt,
}

/// What concerns golden records.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenEntry {
    /// What keeps a record from joining a golden record without a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guard: Vec<GoldenGuardEntry>,
}

impl GoldenEntry {
    fn is_empty(&self) -> bool {
        self.guard.is_empty()
    }
}

/// What keeps a record from joining a golden record without a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenGuardEntry {
    /// Its name.
    pub name: String,
    /// Why a person should look.
    pub reason: String,
    /// When it holds.
    pub when: GoldenConditionEntry,
    /// What the match becomes.
    #[serde(default, skip_serializing_if = "Doubt::is_potential")]
    pub gives: Doubt,
}

/// A condition on a record and the golden record that it would join.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum GoldenConditionEntry {
    /// The record and a member both have values of a feature, and none in common.
    Contradicts {
        /// The feature.
        feature: String,
        /// A feature of which a value must be in common, too: what kind of value the first holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
        /// What of the two makes it no contradiction.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unless: Option<TestEntry>,
        /// The score of the two from which on it is taken for a mistake.
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "sure-from")]
        sure_from: Option<ThresholdEntry>,
    },
    /// One of these guards of pairs holds of the record and a member, whatever their score.
    PairGuard(Vec<String>),
    /// The golden record would have more source records.
    MoreRecordsThan(usize),
}

/// A condition on a pair and on what its comparisons came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ConditionEntry {
    /// A comparison reaches one of the levels.
    Reaches {
        /// Its name.
        comparison: String,
        /// Labels; `missing` where a value is missing.
        levels: Vec<String>,
    },
    /// A test holds.
    Holds(TestEntry),
    /// All other comparisons add no more than so many bits.
    RestAtMost {
        /// Names of those left out.
        without: Vec<String>,
        /// The most.
        bits: f64,
    },
    /// All hold.
    All(Vec<ConditionEntry>),
    /// At least one holds.
    Any(Vec<ConditionEntry>),
    /// Does not hold.
    Not(Box<ConditionEntry>),
}
