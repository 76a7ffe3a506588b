//! What keeps a record from joining a golden record without a person.
//!
//! A pair may be certain and the person wrong: two records of a golden record say male and
//! female, or have two national identifiers. The condition is data of the rule set and a function
//! of the record and the other records. It is asked of the new pairs only, so golden records that
//! hold already what a guard is about keep taking records that do not add to it.

use serde::Serialize;

use super::{Doubt, Test};
use crate::features::Features;
use crate::opencr::Problem;
use crate::rules::{FeatureSpec, Ruleset};

/// A condition under which a record does not join a golden record without a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GoldenGuard {
    /// For rule files.
    pub name: String,
    /// Why a person should look, in a sentence for that person.
    pub reason: String,
    /// What the match becomes.
    #[serde(skip_serializing_if = "Doubt::is_potential")]
    pub gives: Doubt,
    /// When it holds.
    pub when: GoldenCondition,
}

/// A condition on a record and the golden record that it would join.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GoldenCondition {
    /// The record and one of the others contradict each other.
    Contradicts(Contradiction),
    /// A guard of a pair holds of the record and one of the others, whatever their score.
    PairGuards(Vec<PairGuard>),
    /// The golden record would have more source records than this.
    MoreRecordsThan(usize),
}

/// The place of a guard of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PairGuard {
    /// Position of the rule.
    pub rule: usize,
    /// Position of the guard in the rule.
    pub guard: usize,
}

/// Two records have values of a feature, and none in common; a missing one contradicts nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contradiction {
    /// The feature.
    pub feature: usize,
    /// A feature that says what kind of value `feature` has, such as the system of identifiers:
    /// without one in common the values may stand beside each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<usize>,
    /// What of the two makes it no contradiction, such as values that are a mistyping apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<Test>,
    /// From this score of the two on, by any rule, it is taken for a mistake of the value: all
    /// else leaves no doubt, the contradiction counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sure_from_bits: Option<f64>,
}

/// A record that is to be in a golden record, and who else is.
#[derive(Clone, Copy)]
pub struct Joining<'a> {
    /// The record.
    pub record: &'a Features,
    /// The others, in any order.
    pub others: &'a [Features],
    /// Whether the record is in the golden record already, so that it does not grow.
    pub is_member: bool,
}

/// A guard that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Position in [`Ruleset::golden_guards`].
    pub guard: usize,
    /// Position of the first of the others that it is about; `None` if it is about all.
    pub other: Option<usize>,
}

impl Contradiction {
    /// Whether the two contradict each other; symmetric.
    fn holds(&self, ruleset: &Ruleset, one: &Features, other: &Features) -> bool {
        let is_missing = one.is_missing(self.feature) || other.is_missing(self.feature);
        let is_of_a_kind = self.kind.is_none_or(|kind| have_common(kind, one, other));
        !is_missing
            && is_of_a_kind
            && !have_common(self.feature, one, other)
            && !self.unless.as_ref().is_some_and(|test| test.holds(one, other))
            && !self.sure_from_bits.is_some_and(|bits| is_sure(ruleset, bits, one, other))
    }
}

/// Whether some rule gives the two so many bits.
fn is_sure(ruleset: &Ruleset, bits: f64, one: &Features, other: &Features) -> bool {
    let scored = ruleset.rules.iter().filter_map(|rule| crate::score(rule, one, other));
    scored.into_iter().any(|scored| scored.total >= bits)
}

fn have_common(feature: usize, one: &Features, other: &Features) -> bool {
    one.values_of(feature).any(|value| other.values_of(feature).any(|known| known == value))
}

impl Ruleset {
    /// The same with guards of golden records.
    ///
    /// # Errors
    ///
    /// What cannot work, a problem for each.
    pub fn with_golden_guards(mut self, guards: Vec<GoldenGuard>) -> Result<Self, Vec<Problem>> {
        let problems: Vec<Problem> = guards
            .iter()
            .filter_map(|guard| {
                let message = problem(&self, &guard.when)?;
                Some(Problem { rule: None, field: Some(guard.name.clone()), place: None, message })
            })
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        self.golden_guards = guards;
        self.rehash();
        Ok(self)
    }

    /// The guards that keep a record from being in a golden record without a person, in order.
    pub fn golden_guards_of(&self, joining: Joining<'_>) -> Vec<Holding> {
        let guards = self.golden_guards.iter().enumerate();
        guards
            .filter_map(|(guard, GoldenGuard { when, .. })| {
                let other = match when {
                    GoldenCondition::MoreRecordsThan(most) => {
                        let grows_beyond = !joining.is_member && joining.others.len() + 1 > *most;
                        return grows_beyond.then_some(Holding { guard, other: None });
                    }
                    GoldenCondition::Contradicts(contradiction) => {
                        joining.other(|other| contradiction.holds(self, joining.record, other))
                    }
                    GoldenCondition::PairGuards(guards) => joining.other(|other| {
                        guards.iter().any(|at| at.holds(self, joining.record, other))
                    }),
                };
                other.map(|other| Holding { guard, other: Some(other) })
            })
            .collect()
    }
}

impl Joining<'_> {
    fn other(&self, holds: impl Fn(&Features) -> bool) -> Option<usize> {
        self.others.iter().position(holds)
    }
}

impl PairGuard {
    fn holds(self, ruleset: &Ruleset, one: &Features, other: &Features) -> bool {
        super::guards(&ruleset.rules[self.rule], one, other).contains(&self.guard)
    }
}

/// What cannot work.
fn problem(ruleset: &Ruleset, when: &GoldenCondition) -> Option<String> {
    let features: &[FeatureSpec] = &ruleset.features;
    match when {
        GoldenCondition::MoreRecordsThan(0) => {
            Some("a golden record has at least one source record".to_owned())
        }
        GoldenCondition::MoreRecordsThan(_) => None,
        GoldenCondition::PairGuards(guards) => {
            let is_there = |at: &PairGuard| {
                ruleset.rules.get(at.rule).is_some_and(|rule| at.guard < rule.guards.len())
            };
            let all = guards.iter().all(is_there);
            (!all || guards.is_empty())
                .then(|| "it asks for a guard that does not exist".to_owned())
        }
        GoldenCondition::Contradicts(Contradiction { feature, kind, unless, sure_from_bits }) => {
            let is_there = *feature < features.len() && kind.is_none_or(|at| at < features.len());
            if !is_there {
                return Some("it asks for a feature that does not exist".to_owned());
            }
            if sure_from_bits.is_some_and(|bits| !bits.is_finite()) {
                return Some("a number of bits must be finite".to_owned());
            }
            unless.as_ref().and_then(|test| super::check::test_problem(features, test))
        }
    }
}
