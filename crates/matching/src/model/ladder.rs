//! Comparisons with ordered levels, and the tests that choose among them.

use std::sync::Arc;

use serde::Serialize;

use super::{FrequencyTable, Likeness};
use crate::features::Features;
use crate::similarity::Algorithm;

/// The level of a ladder whose needed values are not all there, or that reaches none.
pub const NULL_LEVEL: u8 = u8::MAX;

/// A comparison with its levels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ladder {
    /// For people and rule files.
    pub name: String,
    /// Best first; the first whose test holds is reached. The last has [`Test::Else`].
    pub levels: Vec<Level>,
    /// Features without which, on either side, the ladder says nothing.
    pub needs: Vec<usize>,
}

/// One level of a ladder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Level {
    /// In words, for people: `same`, `sounds alike`.
    pub label: String,
    /// What must hold of the pair, given that no earlier level is reached.
    pub test: Test,
    /// P(this level, given the same person), strictly between 0 and 1.
    pub m: f64,
    /// P(this level, given different people), strictly between 0 and 1.
    pub u: f64,
    /// log2(m/u), worked out when the level is made.
    pub bits: f64,
    /// Shares that take the place of u where the pair has a value of their feature in common.
    pub term_frequency: Option<Arc<FrequencyTable>>,
}

/// A condition on a pair of records; every one is symmetric.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// The two have values of a feature that are alike; any two of several values.
    On {
        /// The feature.
        feature: usize,
        /// How alike.
        likeness: Likeness,
    },
    /// The values of two features are alike crosswise: each one's first with the other's second.
    Swapped {
        /// The first feature.
        a: usize,
        /// The second feature.
        b: usize,
        /// How alike both pairs are.
        likeness: Likeness,
    },
    /// All hold.
    All(Vec<Test>),
    /// At least one holds.
    Any(Vec<Test>),
    /// Holds always.
    Else,
}

impl Test {
    /// A value in common.
    pub fn equal(feature: usize) -> Test {
        Test::On { feature, likeness: Likeness::Equal }
    }

    /// Values whose similarity is at least, or whose distance is at most, `threshold`.
    pub fn similar(feature: usize, algorithm: Algorithm, threshold: f64) -> Test {
        Test::On { feature, likeness: Likeness::Similar { algorithm, threshold } }
    }

    /// Values that are alike in some way.
    pub fn on(feature: usize, likeness: Likeness) -> Test {
        Test::On { feature, likeness }
    }

    /// Whether the test holds; never where a value that it looks at is missing.
    pub fn holds(&self, query: &Features, candidate: &Features) -> bool {
        match self {
            Test::On { feature, likeness } => meet(likeness, query, *feature, candidate, *feature),
            Test::Swapped { a, b, likeness } => {
                meet(likeness, query, *a, candidate, *b) && meet(likeness, query, *b, candidate, *a)
            }
            Test::All(tests) => tests.iter().all(|test| test.holds(query, candidate)),
            Test::Any(tests) => tests.iter().any(|test| test.holds(query, candidate)),
            Test::Else => true,
        }
    }

    /// Whether the test holds of the values of the one feature that it looks at.
    ///
    /// `meets` tells whether the two sides' values are alike.
    pub(crate) fn holds_if(&self, meets: &mut impl FnMut(&Likeness) -> bool) -> bool {
        match self {
            Test::On { likeness, .. } | Test::Swapped { likeness, .. } => meets(likeness),
            Test::All(tests) => tests.iter().all(|test| test.holds_if(meets)),
            Test::Any(tests) => tests.iter().any(|test| test.holds_if(meets)),
            Test::Else => true,
        }
    }

    /// Whether the test may hold of a record of which `lacks` tells what it lacks.
    pub(crate) fn can_hold(&self, lacks: &impl Fn(usize) -> bool) -> bool {
        match self {
            Test::On { feature, .. } => !lacks(*feature),
            Test::Swapped { a, b, .. } => !lacks(*a) && !lacks(*b),
            Test::All(tests) => tests.iter().all(|test| test.can_hold(lacks)),
            Test::Any(tests) => tests.iter().any(|test| test.can_hold(lacks)),
            Test::Else => true,
        }
    }

    /// Calls `see` with every feature that the test looks at, some perhaps twice.
    pub fn features(&self, see: &mut impl FnMut(usize)) {
        match self {
            Test::On { feature, .. } => see(*feature),
            Test::Swapped { a, b, .. } => {
                see(*a);
                see(*b);
            }
            Test::All(tests) | Test::Any(tests) => {
                tests.iter().for_each(|test| test.features(see));
            }
            Test::Else => {}
        }
    }
}

fn meet(
    likeness: &Likeness,
    query: &Features,
    at_query: usize,
    candidate: &Features,
    at_candidate: usize,
) -> bool {
    let (one, other) = (query.text(at_query), candidate.text(at_candidate));
    one.zip(other).is_some_and(|(one, other)| likeness.holds(one, other))
}

impl Level {
    /// A level without term frequencies.
    pub fn new(label: impl Into<String>, test: Test, m: f64, u: f64) -> Level {
        Level { label: label.into(), test, m, u, bits: (m / u).log2(), term_frequency: None }
    }

    /// The same with term frequencies.
    pub fn with_frequencies(mut self, table: Arc<FrequencyTable>) -> Level {
        self.term_frequency = Some(table);
        self
    }

    /// The share that takes the place of u for a pair; `None` where u itself counts.
    ///
    /// Of several values in common the rarest counts.
    pub fn share(&self, query: &Features, candidate: &Features) -> Option<f64> {
        let table = self.term_frequency.as_deref()?;
        let (one, other) = (query.text(table.feature)?, candidate.text(table.feature)?);
        self.share_of_texts(one, other)
    }

    /// [`Level::share`] of the texts of the table's feature.
    pub(crate) fn share_of_texts(&self, query: &str, candidate: &str) -> Option<f64> {
        let table = self.term_frequency.as_deref()?;
        super::likeness::common(query, candidate).map(|value| table.share(value)).reduce(f64::min)
    }

    /// Whether the level looks at no other feature.
    pub(crate) fn is_about(&self, feature: usize) -> bool {
        let mut is_about =
            self.term_frequency.as_ref().is_none_or(|table| table.feature == feature);
        self.test.features(&mut |other| is_about &= other == feature);
        is_about
    }

    /// What the level adds where `share` takes the place of u.
    pub(crate) fn bits_with(&self, share: Option<f64>) -> f64 {
        share.map_or(self.bits, |share| (self.m / share).log2())
    }
}

impl Ladder {
    /// A ladder that needs all features of which its tests speak.
    pub fn new(name: impl Into<String>, levels: Vec<Level>) -> Ladder {
        let mut needs = Vec::new();
        levels.iter().for_each(|level| level.test.features(&mut |feature| needs.push(feature)));
        needs.sort_unstable();
        needs.dedup();
        Ladder { name: name.into(), levels, needs }
    }

    /// The level that a pair reaches.
    pub fn reached(&self, query: &Features, candidate: &Features) -> u8 {
        let is_missing =
            |feature: &usize| query.is_missing(*feature) || candidate.is_missing(*feature);
        if self.needs.iter().any(is_missing) {
            return NULL_LEVEL;
        }
        let reached = self.levels.iter().position(|level| level.test.holds(query, candidate));
        // Reading a rule set refuses ladders with so many levels.
        reached.and_then(|level| u8::try_from(level).ok()).unwrap_or(NULL_LEVEL)
    }

    /// What a pair that reaches a level adds.
    pub fn bits(&self, level: u8, query: &Features, candidate: &Features) -> f64 {
        let Some(level) = self.levels.get(usize::from(level)) else { return 0.0 };
        level.bits_with(level.share(query, candidate))
    }

    /// The feature that most levels look at; `None` if none looks at any and none is needed.
    pub(crate) fn lead(&self) -> Option<usize> {
        let features = self.features();
        let levels = |feature: usize| {
            let about = self.levels.iter().filter(|level| level.test != Test::Else);
            about.filter(|level| level.is_about(feature)).count()
        };
        // The first of those that are looked at as often.
        features.into_iter().rev().max_by_key(|feature| levels(*feature))
    }

    /// Every feature that the ladder looks at, ascending.
    pub(crate) fn features(&self) -> Vec<usize> {
        let mut features = self.needs.clone();
        for level in &self.levels {
            level.test.features(&mut |feature| features.push(feature));
            features.extend(level.term_frequency.as_ref().map(|table| table.feature));
        }
        features.sort_unstable();
        features.dedup();
        features
    }
}
