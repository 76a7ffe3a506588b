//! Which rules are so loose that much of a register may be candidates, and which fields cannot
//! be searched without comparing every value: both before there are any records.
//!
//! What must agree is proved by the planner's truth table. How many people agree by chance on
//! that is not known without records, so it is guessed from `uValue`, which says just that, or
//! else from the path; `opencr rules check --sample` measures it.

use std::fmt;

use crate::index::planner::{FieldSet, Lacks, Outlook, QuerySide, Shape, Table, bits};
use crate::rules::{FeatureKind, Field, Rule, Ruleset};
use crate::score::field::Outcome;

/// From this share of a register on a rule is called loose: it gives 100 candidates, which are
/// as many as are kept, in a register of 100,000.
const SHARE_MAX: f64 = 1e-3;
/// Missing features that are looked at together, as in `plan.rs`.
const LACKING_MAX: u32 = 2;
/// A register to speak of.
const REGISTER: f64 = 1e6;
/// Milliseconds a search for 100,000 distinct values, guessed and not measured: some 20 ns for a
/// value that length and letters rule out, some 300 ns for one that is compared.
const PRUNED_MS: u32 = 2;
const UNPRUNED_MS: u32 = 30;

/// A rule that agreement on little, or on nothing, satisfies.
#[derive(Debug, Clone, PartialEq)]
pub struct Loose {
    /// The rule's name.
    pub rule: String,
    /// What records have to lack for this; empty if it holds for complete records.
    pub lacking: Vec<String>,
    /// Whether both records have to lack it, or one of them.
    pub both_lack: bool,
    /// The fields that have to agree; empty if none has to.
    pub agreeing: Vec<String>,
    /// Whether records must have passed filters or phonetic fields before.
    pub is_filtered: bool,
    /// The share of all people that a record meets so, 0 to 1: a guess.
    pub share: f64,
}

/// A field whose values are gone through one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sifted {
    /// The rule's name.
    pub rule: String,
    /// The field's name.
    pub field: String,
    /// How it is compared, by the name used in rule files.
    pub algorithm: &'static str,
    /// Whether length and letters rule most values out before they are compared.
    pub is_pruned: bool,
    /// What a search takes for 100,000 distinct values, in milliseconds: a guess.
    pub cost_ms: u32,
}

/// Finds what makes rules loose, the worst of each rule; empty if none is.
///
/// Rules that are too wide to be planned are passed over; [`super::unplanned`] names them.
pub fn loose(ruleset: &Ruleset) -> Vec<Loose> {
    let shapes = Shape::of_all(ruleset);
    let rules = ruleset.rules.iter().zip(&shapes);
    rules
        .filter_map(|(rule, shape)| Some(Asked { ruleset, rule, shape: shape.as_ref()? }))
        .flat_map(|asked| asked.loose())
        .collect()
}

/// Lists the fields that a search goes through value by value because they may drive it.
pub fn sifted(ruleset: &Ruleset) -> Vec<Sifted> {
    let shapes = Shape::of_all(ruleset);
    let mut found = Vec::new();
    for (rule, shape) in ruleset.rules.iter().zip(&shapes) {
        let Some(shape) = shape else { continue };
        let drivers = super::cheapest_drivers(rule, shape).unwrap_or(0);
        for field in bits(drivers).map(|field| &shape.fields[field]) {
            if field.is_sifted() {
                let is_pruned = field.scorer.algorithm.is_bounded();
                found.push(Sifted {
                    rule: rule.name.clone(),
                    field: field.name.clone(),
                    algorithm: field.scorer.algorithm.name(),
                    is_pruned,
                    cost_ms: if is_pruned { PRUNED_MS } else { UNPRUNED_MS },
                });
            }
        }
    }
    found
}

struct Asked<'r> {
    ruleset: &'r Ruleset,
    rule: &'r Rule,
    shape: &'r Shape,
}

impl Asked<'_> {
    /// The loosest way for complete records; without one, those for records that lack something.
    fn loose(&self) -> Vec<Loose> {
        if let Some(found) = self.loosest(0, false) {
            return vec![found];
        }
        // Who lacks what a filter asks for meets only others who do.
        let is_compared =
            |feature: &usize| self.shape.fields.iter().any(|part| part.feature == *feature);
        let is_free = |feature: &usize| !self.shape.gates.contains(feature);
        let features: Vec<usize> = (0..self.ruleset.features.len())
            .filter(|feature| is_compared(feature) && is_free(feature))
            .collect();
        let lacking = (1..=LACKING_MAX).flat_map(|count| sets(&features, count));
        let ways = lacking.flat_map(|lacks| [(lacks, false), (lacks, true)]);
        let found = ways.filter_map(|(lacks, both_lack)| self.loosest(lacks, both_lack));
        // Of equal ones the first, which lacks least.
        found
            .reduce(|worst, next| if next.share > worst.share { next } else { worst })
            .into_iter()
            .collect()
    }

    /// The set of agreements that most people share, if it makes a match and many share it.
    fn loosest(&self, lacks: Lacks, both_lack: bool) -> Option<Loose> {
        let query = match both_lack {
            true => QuerySide { lacks, meets_empty: self.empty_alike() },
            false => QuerySide { lacks: 0, meets_empty: 0 },
        };
        let Outlook::Some(table) = Outlook::of(self.rule, self.shape, query, lacks) else {
            return None;
        };
        let passed = self.share_of_gates();
        let share = |set: &FieldSet| {
            bits(*set).map(|field| self.share(&self.shape.fields[field].name)).product::<f64>()
        };
        let sets = least_agreements(&table);
        let set = sets.into_iter().max_by(|a, b| share(a).total_cmp(&share(b)))?;
        let share = share(&set) * passed;
        let name = |feature: usize| self.ruleset.features[feature].name.clone();
        (share >= SHARE_MAX).then(|| Loose {
            rule: self.rule.name.clone(),
            lacking: (0..self.ruleset.features.len())
                .filter(|at| lacks >> at & 1 == 1)
                .map(name)
                .collect(),
            both_lack,
            agreeing: bits(set).map(|field| self.shape.fields[field].name.clone()).collect(),
            is_filtered: !self.shape.gates.is_empty(),
            share,
        })
    }

    /// The fields in which two empty texts agree, as they are compared without null handling.
    fn empty_alike(&self) -> FieldSet {
        let parts = self.shape.fields.iter().enumerate();
        let alike =
            parts.filter(|(_, part)| part.scorer.judge((None, None)).outcome == Outcome::Agree);
        alike.fold(0, |set, (field, _)| set | 1 << field)
    }

    /// How many people pass filters and phonetic fields.
    fn share_of_gates(&self) -> f64 {
        let gates = self.shape.gates.iter();
        gates
            .map(|gate| {
                let spec = &self.ruleset.features[*gate];
                let is_fuzzy = spec.kind == FeatureKind::Sound;
                by_path(&spec.path, is_fuzzy)
            })
            .product()
    }

    fn share(&self, name: &str) -> f64 {
        let field = self.rule.fields.iter().find(|field| field.name == name);
        field.map_or(1.0, |field| self.share_of(field))
    }

    fn share_of(&self, field: &Field) -> f64 {
        let part = self.shape.fields.iter().find(|part| part.name == field.name);
        let is_fuzzy = part.is_none_or(|part| !part.scorer.is_equality());
        field.u.unwrap_or_else(|| by_path(&self.ruleset.features[field.feature].path, is_fuzzy))
    }
}

/// A guess at the share of people who have the same value as somebody, or one like it.
fn by_path(path: &str, is_fuzzy: bool) -> f64 {
    let path = path.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| path.contains(word));
    let (same, like) = match () {
        () if has(&["identifier", "telecom"]) => (1e-6, 1e-5),
        () if has(&["birthdate"]) => (1e-4, 1e-3),
        () if has(&["gender", "sex", "marital", "active", "deceased", "multiplebirth"]) => {
            (0.5, 0.5)
        }
        () if has(&["address", "communication"]) => (0.05, 0.1),
        () if has(&["name"]) => (0.01, 0.05),
        // Of other paths nothing is known, so nobody is warned of them.
        () => (1e-4, 1e-3),
    };
    if is_fuzzy { like } else { same }
}

/// The sets of agreements that pass and of which no part does.
fn least_agreements(table: &Table) -> Vec<FieldSet> {
    // A set of fields is covered if every pattern that passes agrees on one of them; so a
    // pattern within `set` passes if the rest of the open fields does not cover the table.
    let passes = |set: FieldSet| !table.is_covered_by(table.open & !set);
    let within_open = (0..=table.open).filter(|set| set & !table.open == 0);
    within_open
        .filter(|set| passes(*set))
        .filter(|set| bits(*set).all(|field| !passes(set & !(1 << field))))
        .collect()
}

/// The sets of `count` features.
fn sets(features: &[usize], count: u32) -> Vec<Lacks> {
    let one = features.iter().map(|feature| 1 << feature);
    let mut found: Vec<Lacks> = vec![0];
    for _ in 0..count {
        let more = found.iter().flat_map(|set| one.clone().map(move |bit: Lacks| set | bit));
        found = more.collect();
    }
    found.retain(|set| set.count_ones() == count);
    found.sort_unstable();
    found.dedup();
    found
}

impl fmt::Display for Loose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is loose", self.rule)?;
        if !self.lacking.is_empty() {
            let who = if self.both_lack { "where both records" } else { "for records that" };
            write!(f, " {who} lack {}", self.lacking.join(" and "))?;
        }
        let filtered = if self.is_filtered { " and passes the filters" } else { "" };
        match self.agreeing.as_slice() {
            [] => write!(f, ": whoever agrees on no field at all{filtered}")?,
            [one] => write!(f, ": whoever agrees on {one} alone{filtered}")?,
            some => write!(f, ": whoever agrees on {}{filtered}", some.join(" and "))?,
        }
        write!(f, " is a potential match")?;
        if self.share >= 1.0 {
            return f.write_str(", which is everybody");
        }
        write!(
            f,
            "; by a rough guess one record in {:.0}, so {:.0} in a register of a million",
            1.0 / self.share,
            self.share * REGISTER
        )
    }
}

impl fmt::Display for Sifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sifted { rule, field, algorithm, is_pruned, cost_ms } = self;
        let how = match is_pruned {
            true => "compares the values whose length and letters allow it",
            false => "compares every distinct value, since nothing rules one out",
        };
        write!(
            f,
            "{rule}: {field} ({algorithm}) {how}: by a rough guess {cost_ms} ms a search for \
             100,000 distinct values"
        )
    }
}

#[cfg(test)]
mod tests;
