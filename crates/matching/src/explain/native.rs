//! What an explanation says of a native rule: levels in words, and what each adds in bits.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::features::Features;
use crate::model::{self, Doubt, Holding, Joining, Ladder, Level, NULL_LEVEL};
use crate::rules::{Rule, Ruleset};

/// One comparison of a native rule. `Debug` leaves the values out.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonExplanation {
    /// Its name.
    pub name: String,
    /// The values of every feature that it needs, and of those that its level looks at.
    pub values: Vec<ValuesExplanation>,
    /// Position of the level that is reached; `None` if a needed value is missing.
    pub level: Option<u8>,
    /// The level in words.
    pub label: String,
    /// P(level, given the same person); `None` without a level, as is the next.
    pub m: Option<f64>,
    /// P(level, given different people).
    pub u: Option<f64>,
    /// The share of people that took the place of u, and what that changed.
    pub term_frequency: Option<TermExplanation>,
    /// What is added to the total.
    pub bits: f64,
}

/// The values of one feature on both sides. `Debug` leaves them out.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ValuesExplanation {
    /// The feature's name.
    pub feature: String,
    /// Where values come from.
    pub path: String,
    /// The query's prepared values.
    pub query: Vec<String>,
    /// The candidate's prepared values.
    pub candidate: Vec<String>,
    /// Values of both sides that stand for none: placeholders, not counted.
    pub placeholders: Vec<String>,
    /// Values of both sides whose check digit is wrong, not counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_checks: Vec<String>,
}

/// The part of a level's bits that comes from how rare the common value is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TermExplanation {
    /// The share of people who have the value, never below the table's floor.
    pub share: f64,
    /// Bits by which the level's own are exceeded; negative for a common value.
    pub bits: f64,
}

/// A guard that holds for the pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuardExplanation {
    /// Its name.
    pub name: String,
    /// Why a person should look.
    pub reason: String,
    /// What the match becomes.
    #[serde(default, skip_serializing_if = "Doubt::is_potential")]
    pub gives: Doubt,
    /// Of a guard of a whole golden record: the first of its records that the guard is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

impl fmt::Debug for ComparisonExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComparisonExplanation")
            .field("name", &self.name)
            .field("label", &self.label)
            .field("bits", &self.bits)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ValuesExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValuesExplanation").field("feature", &self.feature).finish_non_exhaustive()
    }
}

/// Tells what keeps a record from being in a golden record without a person, in file order.
///
/// `name` names one of the others by its position, where a guard is about one.
pub fn hold_back(
    ruleset: &Ruleset,
    joining: Joining<'_>,
    name: impl Fn(usize) -> Option<String>,
) -> Vec<GuardExplanation> {
    let holding = ruleset.golden_guards_of(joining).into_iter();
    let explained = holding.map(|Holding { guard, other }| {
        let guard = &ruleset.golden_guards[guard];
        GuardExplanation {
            name: guard.name.clone(),
            reason: guard.reason.clone(),
            gives: guard.gives,
            member: other.and_then(&name),
        }
    });
    explained.collect()
}

/// A native rule applied to a pair.
pub(super) struct Comparisons<'a> {
    pub(super) ruleset: &'a Ruleset,
    pub(super) rule: &'a Rule,
    pub(super) query: &'a Features,
    pub(super) candidate: &'a Features,
}

impl Comparisons<'_> {
    pub(super) fn comparisons(&self) -> Vec<ComparisonExplanation> {
        let judged = model::judge(self.rule, self.query, self.candidate);
        let reached = judged.levels.iter().zip(&judged.bits);
        let ladders = self.rule.ladders.iter().zip(reached);
        ladders.map(|(ladder, (level, bits))| self.comparison(ladder, *level, *bits)).collect()
    }

    pub(super) fn guards(&self) -> Vec<GuardExplanation> {
        let holding = model::guards(self.rule, self.query, self.candidate);
        let guards = holding.into_iter().map(|at| &self.rule.guards[at]);
        guards
            .map(|guard| GuardExplanation {
                name: guard.name.clone(),
                reason: guard.reason.clone(),
                gives: guard.gives,
                member: None,
            })
            .collect()
    }

    fn comparison(&self, ladder: &Ladder, level: u8, bits: f64) -> ComparisonExplanation {
        let reached = ladder.levels.get(usize::from(level));
        let term = |level: &Level| {
            let share = level.share(self.query, self.candidate)?;
            Some(TermExplanation { share, bits: bits - level.bits })
        };
        // What the level looks at beside what the comparison is about, such as the other name
        // where the two are exchanged.
        let mut features = ladder.needs.clone();
        if let Some(level) = reached {
            level.test.features(&mut |feature| {
                if !features.contains(&feature) {
                    features.push(feature);
                }
            });
        }
        let values: Vec<ValuesExplanation> =
            features.into_iter().map(|feature| self.values(feature)).collect();
        let is_placeholder = values.iter().any(|values| !values.placeholders.is_empty());
        let has_failed = values.iter().any(|values| !values.failed_checks.is_empty());
        let label = match reached {
            Some(level) => level.label.clone(),
            None if has_failed => "check digit wrong, not counted".to_owned(),
            None if is_placeholder => "placeholder, not counted".to_owned(),
            None => "missing".to_owned(),
        };
        ComparisonExplanation {
            name: ladder.name.clone(),
            values,
            level: (level != NULL_LEVEL).then_some(level),
            label,
            m: reached.map(|level| level.m),
            u: reached.map(|level| level.u),
            term_frequency: reached.and_then(term),
            bits,
        }
    }

    fn values(&self, feature: usize) -> ValuesExplanation {
        let spec = &self.ruleset.features[feature];
        let owned = |side: &Features| side.values_of(feature).map(str::to_owned).collect();
        let sides = [self.query, self.candidate];
        let placeholders = sides.into_iter().flat_map(|side| side.placeholders(feature));
        let failed_checks = sides.into_iter().flat_map(|side| side.failed_checks(feature));
        ValuesExplanation {
            feature: spec.name.clone(),
            path: spec.paths().collect::<Vec<_>>().join(" | "),
            query: owned(self.query),
            candidate: owned(self.candidate),
            placeholders: placeholders.map(str::to_owned).collect(),
            failed_checks: failed_checks.map(str::to_owned).collect(),
        }
    }
}
