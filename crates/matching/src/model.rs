//! The native model: how much each comparison of two records says for or against one person.
//!
//! A native rule has **ladders**: a [`Ladder`] compares a value or a few of them and has ordered
//! [`Level`]s, from the same to anything else. The first level whose [`Test`] holds is reached,
//! and adds its bits, log2 of m/u: how much more often two records of one person reach it than
//! two of different people (Fellegi & Sunter 1969, with levels as in Winkler 1990 and Enamorado,
//! Fifield & Imai 2019). Where a needed value is missing the ladder reaches [`NULL_LEVEL`] and
//! adds nothing. A level with a [`FrequencyTable`] takes the share of people who have the common
//! value in place of u, so that a rare name says more than a common one.
//!
//! The sum begins with the rule's prior, in bits, and is the score. A [`Guard`] that holds makes
//! an automatic match a potential one, or any match a conflict; a [`GoldenGuard`] does so for a
//! record and a whole golden record. [`judge`] does all this for one pair; the index does the
//! same with dictionary codes, and every number there comes from here. Everything is a function
//! of the rule set and the two records, never of what else a registry holds.

mod alias;
mod build;
mod check;
mod dates;
mod frequency;
mod golden;
mod guard;
mod ladder;
mod likeness;

pub use alias::AliasTable;
pub use build::bits_of;
pub use build::probability_of;
pub use dates::{DateLikeness, PartialDate};
pub use frequency::FrequencyTable;
pub use golden::{Contradiction, GoldenCondition, GoldenGuard, Holding, Joining, PairGuard};
pub use guard::{Condition, Doubt, Guard};
pub use ladder::{Ladder, Level, NULL_LEVEL, Test};
pub use likeness::{Encoder, Likeness};

pub(crate) use guard::{Reached, first as first_guard};
pub(crate) use likeness::{end, is_several, reaches, values};

use smallvec::SmallVec;

use crate::features::Features;
use crate::rules::Rule;
use crate::score::{Band, Scored};

/// Per ladder of a rule, the level that a pair reaches, or [`NULL_LEVEL`].
pub type LevelVec = SmallVec<[u8; 16]>;

/// The levels that a pair reaches, one for each ladder of a native rule.
///
/// Both [`Features`] must come from the rule set that `rule` belongs to. Filters are not asked.
pub fn levels(rule: &Rule, query: &Features, candidate: &Features) -> LevelVec {
    rule.ladders.iter().map(|ladder| ladder.reached(query, candidate)).collect()
}

/// What a native rule says about a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Per ladder, the level that is reached.
    pub levels: LevelVec,
    /// Per ladder, what it adds.
    pub bits: SmallVec<[f64; 16]>,
    /// The sum of prior and bits, and what follows from it.
    pub scored: Scored,
}

/// Judges a pair by a native rule, whatever its filters say.
pub fn judge(rule: &Rule, query: &Features, candidate: &Features) -> Judged {
    let levels = levels(rule, query, candidate);
    let ladders = rule.ladders.iter().zip(&levels);
    let bits: SmallVec<[f64; 16]> =
        ladders.map(|(ladder, level)| ladder.bits(*level, query, candidate)).collect();
    // The order of additions is part of the score.
    let sum = bits.iter().fold(rule.base(), |sum, bits| sum + bits);
    let mut scored = Scored::conclude(rule, sum);
    if rule.band(scored.score) == Band::Auto {
        let judged = Reached { levels: &levels, bits: &bits };
        scored.guard = first_guard(rule, judged, query, candidate);
    }
    Judged { levels, bits, scored }
}

/// All guards of a rule that hold for a pair, by position, whatever its score.
pub fn guards(rule: &Rule, query: &Features, candidate: &Features) -> Vec<usize> {
    let Judged { levels, bits, .. } = judge(rule, query, candidate);
    let reached = Reached { levels: &levels, bits: &bits };
    let holds = |at: &usize| rule.guards[*at].when.holds(reached, query, candidate);
    (0..rule.guards.len()).filter(holds).collect()
}

/// What a match of a pair is where it does not link the two.
///
/// A guard that gives a conflict holds whatever the score, so that the strongest evidence for
/// one person beside the strongest against it is not lost among the potential matches.
pub fn doubt(rule: &Rule, query: &Features, candidate: &Features) -> Doubt {
    if rule.guards.iter().all(|guard| guard.gives == Doubt::Potential) {
        return Doubt::Potential;
    }
    let holding = guards(rule, query, candidate).into_iter().map(|at| rule.guards[at].gives);
    holding.max().unwrap_or_default()
}

#[cfg(test)]
mod tests;
