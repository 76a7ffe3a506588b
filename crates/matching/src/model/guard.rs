//! What keeps a pair from being linked without a person, however high its score.
//!
//! Twins share family name, birth date and address; a child has its mother's telephone number; a
//! card is lent. The condition is data of the rule set and a function of the pair alone. Guards
//! about a whole golden record are the registry's.

use serde::{Deserialize, Serialize};

use super::Test;
use crate::features::Features;
use crate::rules::Rule;

/// A condition under which a match is left to a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guard {
    /// For rule files.
    pub name: String,
    /// Why a person should look, in a sentence for that person.
    pub reason: String,
    /// What the match becomes.
    #[serde(skip_serializing_if = "Doubt::is_potential")]
    pub gives: Doubt,
    /// When it holds.
    pub when: Condition,
}

/// What a match becomes that is left to a person.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Doubt {
    /// The two may be one person.
    #[default]
    Potential,
    /// What says one person and what says two contradict each other, at any score that counts.
    Conflict,
}

impl Doubt {
    pub(crate) fn is_potential(&self) -> bool {
        *self == Doubt::Potential
    }
}

/// A condition on a pair and on what its comparisons came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// A ladder reaches one of these levels; [`super::NULL_LEVEL`] counts where it is listed.
    Reaches {
        /// Position of the ladder in the rule.
        ladder: usize,
        /// Levels, in any order.
        levels: Vec<u8>,
    },
    /// A test holds.
    Holds(Test),
    /// All ladders but these add no more than so many bits together, the prior left out.
    RestAtMost {
        /// Positions of the ladders that are left out.
        without: Vec<usize>,
        /// The most that the rest may add, inclusive.
        bits: f64,
    },
    /// All hold.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// Does not hold.
    Not(Box<Condition>),
}

/// What the ladders of a rule came to.
#[derive(Clone, Copy)]
pub(crate) struct Reached<'a> {
    pub(crate) levels: &'a [u8],
    pub(crate) bits: &'a [f64],
}

impl Condition {
    pub(crate) fn holds(
        &self,
        reached: Reached<'_>,
        query: &Features,
        candidate: &Features,
    ) -> bool {
        let holds = |part: &Condition| part.holds(reached, query, candidate);
        match self {
            Condition::Reaches { ladder, levels } => {
                reached.levels.get(*ladder).is_some_and(|level| levels.contains(level))
            }
            Condition::Holds(test) => test.holds(query, candidate),
            Condition::RestAtMost { without, bits } => {
                let rest = reached.bits.iter().enumerate().filter(|(at, _)| !without.contains(at));
                rest.fold(0.0, |sum, (_, bits)| sum + bits) <= *bits
            }
            Condition::All(parts) => parts.iter().all(holds),
            Condition::Any(parts) => parts.iter().any(holds),
            Condition::Not(part) => !holds(part),
        }
    }
}

/// The position of the first guard that holds.
pub(crate) fn first(
    rule: &Rule,
    reached: Reached<'_>,
    query: &Features,
    candidate: &Features,
) -> Option<usize> {
    rule.guards.iter().position(|guard| guard.when.holds(reached, query, candidate))
}
