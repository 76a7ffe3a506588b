//! What cannot work in native rules, found before they are used.

use super::{Condition, Ladder, Level, Likeness, NULL_LEVEL, Test};
use crate::normalize::Normaliser;
use crate::opencr::Problem;
use crate::rules::{FeatureKind, FeatureSpec, Rule};

/// Ladders of a rule: what one byte can count, and more than people can read.
pub(crate) const LADDERS_MAX: usize = 64;
/// Levels of a ladder: each may add other bits for each of several values, and one byte tells
/// which.
pub(crate) const LEVELS_MAX: usize = 12;
/// Features of a native rule set: one word tells which of them a record lacks.
pub(crate) const FEATURES_MAX: usize = 64;

/// How far the chances of all levels may be from 1: what is rounded by hand is.
const SUM_TOLERANCE: f64 = 0.05;

/// Everything that must be changed before the rules can be used.
pub(crate) fn problems(features: &[FeatureSpec], rules: &[Rule]) -> Vec<Problem> {
    let mut check = Check { features, rule: None, field: None, problems: Vec::new() };
    if rules.is_empty() {
        check.problem("there are no passes: write at least one, or no record will ever match");
    }
    if features.len() > FEATURES_MAX {
        check.problem(format!("there are {} features, at most {FEATURES_MAX}", features.len()));
    }
    for (at, rule) in rules.iter().enumerate() {
        check.rule = Some(at + 1);
        check.rule(rule);
    }
    check.problems
}

/// What works and is probably not meant.
pub(crate) fn warnings(rules: &[Rule]) -> Vec<String> {
    let mut warnings = Vec::new();
    for rule in rules {
        let most: f64 = rule.ladders.iter().map(best_bits).sum::<f64>() + rule.prior_bits;
        if most < rule.auto_threshold {
            warnings.push(format!(
                "{}: no pair can reach the auto threshold of {} bits: the best levels of all \
                 comparisons give {most:.1}",
                rule.name, rule.auto_threshold
            ));
        }
        if rule.potential_threshold.is_some_and(|potential| rule.auto_threshold < potential) {
            warnings.push(format!(
                "{}: the auto threshold is below the potential one, so there are no potential \
                 matches",
                rule.name
            ));
        }
        for ladder in &rule.ladders {
            let m: f64 = ladder.levels.iter().map(|level| level.m).sum();
            let u: f64 = ladder.levels.iter().map(|level| level.u).sum();
            for (name, sum) in [("m", m), ("u", u)] {
                if (sum - 1.0).abs() > SUM_TOLERANCE {
                    warnings.push(format!(
                        "{}, {}: {name} of its levels comes to {sum:.3} in all, and one of them \
                         always holds: it should be 1",
                        rule.name, ladder.name
                    ));
                }
            }
            let bits: Vec<f64> = ladder.levels.iter().map(|level| level.bits).collect();
            // Levels between are in the order in which they are tested, not of what they say.
            // A ladder that only takes away corrects others.
            if bits.first() < bits.last() && bits.iter().any(|bits| *bits > 0.0) {
                warnings.push(format!(
                    "{}, {}: the first level gives fewer bits than the last",
                    rule.name, ladder.name
                ));
            }
        }
    }
    warnings
}

fn best_bits(ladder: &Ladder) -> f64 {
    let of_level = |level: &Level| match &level.term_frequency {
        Some(table) => (level.m / table.floor).log2().max(level.bits),
        None => level.bits,
    };
    ladder.levels.iter().map(of_level).fold(0.0, f64::max)
}

/// The first thing that cannot work in a test.
pub(super) fn test_problem(features: &[FeatureSpec], test: &Test) -> Option<String> {
    let mut check = Check { features, rule: None, field: None, problems: Vec::new() };
    check.test(test);
    check.problems.into_iter().next().map(|problem| problem.message)
}

struct Check<'a> {
    features: &'a [FeatureSpec],
    rule: Option<usize>,
    field: Option<String>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn problem(&mut self, message: impl Into<String>) {
        let (rule, field) = (self.rule, self.field.clone());
        self.problems.push(Problem { rule, field, place: None, message: message.into() });
    }

    fn rule(&mut self, rule: &Rule) {
        self.field = None;
        let potential = rule.potential_threshold.unwrap_or(0.0);
        if !rule.prior_bits.is_finite() {
            self.problem("the prior must be strictly between 0 and 1");
        }
        if !rule.auto_threshold.is_finite() || !potential.is_finite() {
            self.problem("thresholds must be numbers of bits, or probabilities below 1");
        }
        if rule.ladders.is_empty() || rule.ladders.len() > LADDERS_MAX {
            self.problem(format!("a pass has from 1 to {LADDERS_MAX} comparisons"));
        }
        for ladder in &rule.ladders {
            self.field = Some(ladder.name.clone());
            self.ladder(ladder);
        }
        for filter in &rule.filters {
            self.field = Some(filter.name.clone());
            if self.features.get(filter.feature).is_none_or(|spec| spec.kind != FeatureKind::Set) {
                self.problem("a filter needs a feature that keeps each value by itself");
            }
        }
        for guard in &rule.guards {
            self.field = Some(guard.name.clone());
            self.condition(rule, &guard.when);
        }
    }

    fn ladder(&mut self, ladder: &Ladder) {
        let ends = ladder.levels.last().is_some_and(|last| last.test == Test::Else);
        if !ends || ladder.levels.len() > LEVELS_MAX {
            self.problem(format!(
                "a comparison has from 1 to {LEVELS_MAX} levels and ends with one for all else"
            ));
        }
        if ladder.needs.iter().any(|feature| *feature >= self.features.len()) {
            self.problem("a needed feature does not exist");
        }
        for level in &ladder.levels {
            self.level(level);
        }
    }

    fn level(&mut self, level: &Level) {
        let is_probability = |p: f64| p > 0.0 && p < 1.0;
        if !is_probability(level.m) || !is_probability(level.u) {
            self.problem(format!(
                "m and u of the level {:?} must be strictly between 0 and 1",
                level.label
            ));
        }
        if let Some(table) = &level.term_frequency {
            let is_share = |p: f64| p > 0.0 && p <= 1.0;
            let are_shares = table.shares.values().all(|share| is_share(*share));
            if !is_share(table.floor) || !is_share(table.rest) || !are_shares {
                self.problem("term frequencies must be above 0 and at most 1");
            }
            if table.feature >= self.features.len() {
                self.problem("the feature of the term frequencies does not exist");
            }
        }
        self.test(&level.test);
    }

    fn test(&mut self, test: &Test) {
        let mut features = Vec::new();
        test.features(&mut |feature| features.push(feature));
        for feature in features {
            match self.features.get(feature) {
                None => self.problem("a test asks for a feature that does not exist"),
                Some(spec) if spec.kind != FeatureKind::Text => {
                    let name = &spec.name;
                    self.problem(format!("the feature `{name}` is for filters, not for tests"));
                }
                Some(_) => {}
            }
        }
        self.likenesses(test);
    }

    fn likenesses(&mut self, test: &Test) {
        let (likeness, features) = match test {
            Test::All(tests) | Test::Any(tests) => {
                return tests.iter().for_each(|test| self.likenesses(test));
            }
            Test::Else => return,
            Test::On { feature, likeness } => (likeness, [*feature, *feature]),
            Test::Swapped { a, b, likeness } => (likeness, [*a, *b]),
        };
        let is_date = |feature: &usize| {
            self.features.get(*feature).is_none_or(|spec| spec.normaliser == Normaliser::Date)
        };
        match likeness {
            Likeness::Date(_) if !features.iter().all(is_date) => {
                self.problem("dates are compared on features that are prepared as dates");
            }
            Likeness::Similar { threshold, .. } if !threshold.is_finite() => {
                self.problem("the threshold of a similarity must be a number");
            }
            Likeness::Overlap { at_least: 0 } | Likeness::SameEnd { characters: 0 } => {
                self.problem("a number of words or characters must be at least 1");
            }
            _ => {}
        }
    }

    fn condition(&mut self, rule: &Rule, condition: &Condition) {
        match condition {
            Condition::Reaches { ladder, levels } => match rule.ladders.get(*ladder) {
                None => self.problem("a guard asks for a comparison that does not exist"),
                Some(ladder) => {
                    let is_there =
                        |at: &u8| *at == NULL_LEVEL || usize::from(*at) < ladder.levels.len();
                    if !levels.iter().all(is_there) {
                        self.problem("a guard asks for a level that does not exist");
                    }
                }
            },
            Condition::Holds(test) => self.test(test),
            Condition::RestAtMost { without, bits } => {
                if !bits.is_finite() || without.iter().any(|at| *at >= rule.ladders.len()) {
                    self.problem("a guard leaves out a comparison that does not exist");
                }
            }
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| self.condition(rule, part));
            }
            Condition::Not(part) => self.condition(rule, part),
        }
    }
}
