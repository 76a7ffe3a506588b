//! What must agree for a rule to match: a truth table over its fields, and nothing about values.
//!
//! Two records are described here by what they lack. Every field that both have agrees or
//! disagrees, which makes 2^k patterns, and the score of each is computed with the very
//! operations of [`crate::score()`]. A set of fields is a **driver set** if every pattern that
//! passes agrees on at least one of them: a record that agrees on none provably does not match,
//! so the lists of agreeing records are all that a search must look at. There is no bound and no
//! epsilon in this, and nothing is assumed about the signs of points (m may be below u).
//!
//! A graded field, which adds the similarity itself, counts with the most it can add: sums of
//! floating-point numbers never fall when an addend rises, and no higher score is worse. A
//! weighted threshold search by truth table is MaxScore (Turtle & Flood 1995), made exact.

use crate::features::Features;
use crate::rules::{MatchingType, Rule, Ruleset};
use crate::score::Scored;
use crate::score::field::FieldScorer;

/// Fields of a rule for which a table is made; it has two to this power entries.
pub(crate) const FIELDS_MAX: usize = 12;
/// Features that a mask has room for.
pub(crate) const FEATURES_MAX: usize = u64::BITS as usize;

/// Fields of a rule, as bits by position among the fields that add points.
pub(crate) type FieldSet = u32;
/// Features that a record lacks, as bits by position in the rule set.
pub(crate) type Lacks = u64;

/// A rule without values: which features must agree and which add points.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Features of filters and phonetic fields.
    pub(crate) gates: Vec<usize>,
    /// The other fields, in the order in which points are added.
    pub(crate) fields: Vec<Part>,
    /// Features that the rule looks at, as far as a mask has room.
    pub(crate) features: Lacks,
}

/// A field that adds points.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) feature: usize,
    pub(crate) scorer: FieldScorer,
}

impl Shape {
    pub(crate) fn of(rule: &Rule) -> Shape {
        let mut gates: Vec<usize> = rule.filters.iter().map(|filter| filter.feature).collect();
        let mut fields = Vec::new();
        for field in &rule.fields {
            match FieldScorer::new(rule.kind, field) {
                None => gates.push(field.feature),
                Some(scorer) => {
                    let (name, feature) = (field.name.clone(), field.feature);
                    fields.push(Part { name, feature, scorer });
                }
            }
        }
        gates.sort_unstable();
        gates.dedup();
        let all = gates.iter().copied().chain(fields.iter().map(|part| part.feature));
        let in_mask = all.filter(|feature| *feature < FEATURES_MAX);
        let features = in_mask.fold(0, |mask, feature| mask | 1 << feature);
        Shape { gates, fields, features }
    }

    /// The shapes of all rules; `None` where a rule is too wide for a table, and for native ones.
    pub(crate) fn of_all(ruleset: &Ruleset) -> Vec<Option<Shape>> {
        let fits = ruleset.features.len() <= FEATURES_MAX;
        // Native rules are planned by `index/native`.
        let is_table = |rule: &&Rule| rule.kind != MatchingType::Native;
        let shape = |rule| {
            let shape = Some(rule).filter(is_table).map(Shape::of);
            shape.filter(|shape| shape.fields.len() <= FIELDS_MAX)
        };
        ruleset.rules.iter().map(|rule| shape(rule).filter(|_| fits)).collect()
    }
}

/// Which features a record lacks.
pub(crate) fn lacks(features: &Features) -> Lacks {
    let missing = |feature: &usize| features.is_missing(*feature);
    (0..features.len().min(FEATURES_MAX)).filter(missing).fold(0, |mask, at| mask | 1 << at)
}

pub(crate) fn has(lacks: Lacks, feature: usize) -> bool {
    lacks >> feature & 1 == 0
}

/// What a plan depends on in the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct QuerySide {
    /// Of the features that the rule looks at.
    pub(crate) lacks: Lacks,
    /// Fields in which the query agrees with the empty text, which a missing value is compared
    /// as where null handling does not decide.
    pub(crate) meets_empty: FieldSet,
}

/// What a rule needs of the candidates that lack the same features.
#[derive(Debug, PartialEq)]
pub(crate) enum Outlook {
    /// No candidate passes.
    Never,
    /// Some pass, and how is in the table.
    Some(Table),
}

/// Which agreements pass.
#[derive(Debug, PartialEq)]
pub(crate) struct Table {
    /// Fields that both sides have, so that candidates differ in them.
    pub(crate) open: FieldSet,
    /// Whether both sides have a gate, so that candidates differ in it and must agree.
    pub(crate) is_gated: bool,
    /// By set of open fields, whether a pattern passes that agrees only within the set.
    reach: Vec<bool>,
}

impl Outlook {
    /// Evaluates every pattern for a query and the candidates that lack `stored`.
    ///
    /// # Panics
    ///
    /// If the rule has more than [`FIELDS_MAX`] fields, for which no shape is given.
    pub(crate) fn of(rule: &Rule, shape: &Shape, query: QuerySide, stored: Lacks) -> Outlook {
        assert!(shape.fields.len() <= FIELDS_MAX, "a table has room for the fields");
        let mut is_gated = false;
        for gate in &shape.gates {
            match (has(query.lacks, *gate), has(stored, *gate)) {
                (true, true) => is_gated = true,
                (false, false) => {}
                // Nothing agrees with nothing alone (quirk 30).
                _ => return Outlook::Never,
            }
        }
        let points: Vec<(f64, f64)> = (0..shape.fields.len())
            .map(|field| shape.fields[field].points(field, query, stored))
            .collect();
        let mut open = 0;
        for (field, part) in shape.fields.iter().enumerate() {
            let decided = part.scorer.decided(!has(query.lacks, part.feature), false).is_some();
            let varies = has(stored, part.feature) && !decided && !part.scorer.is_graded();
            open |= FieldSet::from(varies) << field;
        }
        let reach = reach(rule, &points, open);
        if !reach[open as usize] {
            return Outlook::Never;
        }
        Outlook::Some(Table { open, is_gated, reach })
    }
}

impl Part {
    /// Whether a dictionary is searched for values like the query's.
    pub(crate) fn is_sifted(&self) -> bool {
        !self.scorer.is_equality() && !self.scorer.is_graded()
    }

    /// Points if the values disagree and if they agree; the same where that is known already.
    fn points(&self, field: usize, query: QuerySide, stored: Lacks) -> (f64, f64) {
        let (query_missing, stored_missing) =
            (!has(query.lacks, self.feature), !has(stored, self.feature));
        if let Some(points) = self.scorer.decided(query_missing, stored_missing) {
            return (points, points);
        }
        if self.scorer.is_graded() {
            let most = self.scorer.points_max();
            return (most, most);
        }
        if stored_missing {
            let points = self.scorer.points_if(query.meets_empty >> field & 1 == 1);
            return (points, points);
        }
        (self.scorer.points_if(false), self.scorer.points_if(true))
    }
}

/// Fills the table: first whether each pattern passes, then whether one within the set does.
fn reach(rule: &Rule, points: &[(f64, f64)], open: FieldSet) -> Vec<bool> {
    let mut reach = vec![false; 1 << points.len()];
    let mut pattern = 0;
    loop {
        let mut sum = rule.base();
        for (field, (disagree, agree)) in points.iter().enumerate() {
            sum += if pattern >> field & 1 == 1 { agree } else { disagree };
        }
        let passes = rule.keeps(Scored::conclude(rule, sum).score);
        // Smaller numbers come first, and a set without one of its fields is a smaller number.
        let within = bits(pattern).any(|field| reach[(pattern & !(1 << field)) as usize]);
        reach[pattern as usize] = passes || within;
        if pattern == open {
            return reach;
        }
        pattern = pattern.wrapping_sub(open) & open;
    }
}

/// The members of a set, ascending.
pub(crate) fn bits(mut set: FieldSet) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let member = (set != 0).then(|| set.trailing_zeros() as usize)?;
        set &= set - 1;
        Some(member)
    })
}

impl Table {
    /// Whether every pattern that passes agrees on one of `drivers`.
    pub(crate) fn is_covered_by(&self, drivers: FieldSet) -> bool {
        !self.reach[(self.open & !drivers) as usize]
    }

    /// Number of entries.
    pub(crate) fn size(&self) -> usize {
        self.reach.len()
    }

    /// Whether a pattern passes in which every open field disagrees.
    pub(crate) fn needs_scan(&self) -> bool {
        self.reach[0]
    }

    /// The driver sets of which no part is one; none if candidates must be scanned.
    pub(crate) fn driver_sets(&self) -> Vec<FieldSet> {
        let within_open = (0..=self.open).filter(|set| set & !self.open == 0);
        within_open
            .filter(|set| self.is_covered_by(*set))
            .filter(|set| bits(*set).all(|field| !self.is_covered_by(set & !(1 << field))))
            .collect()
    }
}

#[cfg(test)]
mod tests;
