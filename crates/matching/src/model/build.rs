//! Making native rules without a file.

use super::{Guard, Ladder};
use crate::opencr::RulesError;
use crate::rules::{FeatureSpec, FilterSpec, MatchingType, Rule, Ruleset, RulesetHash};

/// log2 of the odds of a probability.
pub fn bits_of(probability: f64) -> f64 {
    (probability / (1.0 - probability)).log2()
}

/// The probability whose odds have so many bits.
pub fn probability_of(bits: f64) -> f64 {
    1.0 / (1.0 + (-bits).exp2())
}

impl Rule {
    /// A native rule that keeps everything from `potential` bits and links from `auto` bits.
    ///
    /// `prior` is the probability that two records that nothing is known of are of one person.
    pub fn native(
        name: impl Into<String>,
        prior: f64,
        ladders: Vec<Ladder>,
        (potential, auto): (f64, f64),
    ) -> Rule {
        Rule {
            name: name.into(),
            kind: MatchingType::Native,
            fields: Vec::new(),
            filters: Vec::new(),
            potential_threshold: Some(potential),
            auto_threshold: auto,
            ladders,
            prior_bits: bits_of(prior),
            guards: Vec::new(),
        }
    }

    /// The same with filters, that is, features of which a value must be in common.
    pub fn with_filters(mut self, filters: impl IntoIterator<Item = FilterSpec>) -> Rule {
        self.filters.extend(filters);
        self
    }

    /// The same with guards.
    pub fn with_guards(mut self, guards: impl IntoIterator<Item = Guard>) -> Rule {
        self.guards.extend(guards);
        self
    }
}

impl Ruleset {
    /// A checked rule set of native rules; bits are worked out from m and u.
    ///
    /// # Errors
    ///
    /// [`RulesError::Problems`] with everything that cannot work: a probability that is none, a
    /// feature or ladder that does not exist, a ladder that does not end with
    /// [`super::Test::Else`].
    pub fn native(
        features: Vec<FeatureSpec>,
        mut rules: Vec<Rule>,
        source: impl Into<String>,
    ) -> Result<Ruleset, RulesError> {
        let problems = super::check::problems(&features, &rules);
        if !problems.is_empty() {
            return Err(RulesError::Problems(problems));
        }
        let ladders = rules.iter_mut().flat_map(|rule| &mut rule.ladders);
        for level in ladders.flat_map(|ladder| &mut ladder.levels) {
            level.bits = (level.m / level.u).log2();
        }
        let warnings = super::check::warnings(&rules);
        let hash = RulesetHash::of(&rules, &features, &[]);
        let golden_guards = Vec::new();
        Ok(Ruleset { rules, features, golden_guards, hash, warnings, source: source.into() })
    }
}
