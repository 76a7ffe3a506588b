//! How searches by a rule set will go, in words, before there are any records.
//!
//! The lengths of real lists decide in the end (`index/search.rs`); this tells what is possible
//! at all, so that an operator sees which rule will read much of the register.

mod loose;

use crate::index::planner::{FieldSet, Lacks, Outlook, QuerySide, Shape, Table, bits};
use crate::model::{Ladder, Level};
use crate::rules::{MatchingType, Rule, Ruleset};

pub use loose::{Loose, Sifted, loose, sifted};

/// Missing features that are looked at together; more are rarer and no news.
const LACKING_MAX: u32 = 2;
/// Groups of missing features that are named.
const NAMED_MAX: usize = 3;

/// Tells how each rule will be searched, one sentence a line, each beginning with its rule.
pub fn describe(ruleset: &Ruleset) -> Vec<String> {
    let shapes = Shape::of_all(ruleset);
    let mut lines = Vec::new();
    for (rule, shape) in ruleset.rules.iter().zip(&shapes) {
        let about = match shape {
            None if rule.kind == MatchingType::Native => vec![native(rule)],
            None => vec!["reads every record, because it has too many fields to plan".to_owned()],
            Some(shape) => Described { ruleset, rule, shape }.lines(),
        };
        lines.extend(about.into_iter().map(|line| format!("{}: {line}", rule.name)));
    }
    lines
}

/// Warns of each rule that is too wide to be planned, so that a search reads every record.
///
/// Native rules need no plan of this kind, however many comparisons they have.
pub fn unplanned(ruleset: &Ruleset) -> Vec<String> {
    let shapes = Shape::of_all(ruleset);
    let is_unplanned =
        |rule: &Rule, shape: &Option<Shape>| shape.is_none() && rule.kind != MatchingType::Native;
    let rules = ruleset.rules.iter().zip(&shapes).filter(|(rule, shape)| is_unplanned(rule, shape));
    rules
        .map(|(rule, _)| {
            format!("{} has too many fields to plan: every search reads every record", rule.name)
        })
        .collect()
}

/// The fields of which one must agree between complete records, if there are such.
fn cheapest_drivers(rule: &Rule, shape: &Shape) -> Option<FieldSet> {
    match Outlook::of(rule, shape, QuerySide { lacks: 0, meets_empty: 0 }, 0) {
        Outlook::Never => None,
        Outlook::Some(table) => cheapest(&table, shape),
    }
}

/// Equal values are looked up; for others all values of the field are gone through.
fn cheapest(table: &Table, shape: &Shape) -> Option<FieldSet> {
    let cost = |set: &FieldSet| {
        let is_sifted = |field: &usize| !shape.fields[*field].scorer.is_equality();
        (bits(*set).filter(is_sifted).count(), set.count_ones())
    };
    table.driver_sets().into_iter().min_by_key(cost)
}

/// What a native rule's search reads, if both records have all values and none is rare.
///
/// The levels that drive it are chosen per query, by real lengths (`index/native/choose.rs`).
fn native(rule: &Rule) -> String {
    let Some(potential) = rule.potential_threshold else {
        return "reads every record, because it has no potential threshold".to_owned();
    };
    let best = |ladder: &Ladder| {
        ladder.levels.iter().map(|level| level.bits).fold(f64::NEG_INFINITY, f64::max)
    };
    let last = |ladder: &Ladder| ladder.levels.last().map_or(0.0, |level: &Level| level.bits);
    let mut ladders: Vec<&Ladder> = rule.ladders.iter().collect();
    ladders.sort_by(|one, other| (best(other) - last(other)).total_cmp(&(best(one) - last(one))));
    let mut most = ladders.iter().fold(rule.prior_bits, |sum, ladder| sum + best(ladder));
    if most < potential {
        return "cannot match records of which no value is rare".to_owned();
    }
    let mut drivers = Vec::new();
    for ladder in ladders {
        most -= best(ladder) - last(ladder);
        drivers.push(ladder.name.as_str());
        if most < potential {
            let named = drivers.join(" or ");
            return format!(
                "reads at most the records that reach a better level than the last of {named}"
            );
        }
    }
    "reads every record, because those that agree on nothing reach the potential threshold"
        .to_owned()
}

struct Described<'r> {
    ruleset: &'r Ruleset,
    rule: &'r Rule,
    shape: &'r Shape,
}

impl Described<'_> {
    fn outlook(&self, query: Lacks, stored: Lacks) -> Outlook {
        let query = QuerySide { lacks: query, meets_empty: 0 };
        Outlook::of(self.rule, self.shape, query, stored)
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.complete()];
        let graded: FieldSet =
            self.fields_that(|field| self.shape.fields[field].scorer.is_graded());
        if graded != 0 {
            lines.push(format!(
                "{} cannot drive a search, because every similarity counts: give a threshold",
                self.named(graded)
            ));
        }
        let lacking = self.lacking();
        if !lacking.is_empty() {
            let named = lacking.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join("; or ");
            let more = if lacking.len() > NAMED_MAX { "; and others" } else { "" };
            lines.push(format!("reads all records that lack {named}{more}"));
        }
        lines
    }

    /// The search for a record with all values among such records.
    fn complete(&self) -> String {
        let gates = if self.shape.gates.is_empty() { "" } else { " that its filters let pass" };
        let Outlook::Some(table) = self.outlook(0, 0) else {
            return "cannot match records that have all values".to_owned();
        };
        let Some(drivers) = cheapest(&table, self.shape) else {
            return format!(
                "reads every record{gates}, because records may match that agree on no field"
            );
        };
        let sifted = drivers & self.fields_that(|field| !self.is_looked_up(field));
        let by = match sifted {
            0 => "by looking up equal values".to_owned(),
            _ => format!("after comparing with every distinct value of {}", self.named(sifted)),
        };
        format!("reads only records that agree on {}, {by}", self.named(drivers))
    }

    fn is_looked_up(&self, field: usize) -> bool {
        self.shape.fields[field].scorer.is_equality()
    }

    fn fields_that(&self, holds: impl Fn(usize) -> bool) -> FieldSet {
        let fields = (0..self.shape.fields.len()).filter(|field| holds(*field));
        fields.fold(0, |set, field| set | 1 << field)
    }

    fn named(&self, fields: FieldSet) -> String {
        bits(fields)
            .map(|field| self.shape.fields[field].name.as_str())
            .collect::<Vec<_>>()
            .join(" or ")
    }

    /// What records lack that have to be read whatever the query has; the least of each.
    fn lacking(&self) -> Vec<String> {
        let scans = |stored: Lacks| match self.outlook(0, stored) {
            Outlook::Never => false,
            Outlook::Some(table) => table.needs_scan(),
        };
        if scans(0) {
            return Vec::new();
        }
        let features: Vec<usize> = (0..self.ruleset.features.len())
            .filter(|feature| self.shape.fields.iter().any(|part| part.feature == *feature))
            .collect();
        let mut found: Vec<Lacks> = Vec::new();
        for count in 1..=LACKING_MAX {
            let of_count = (1..1_u64 << features.len()).filter(|set| set.count_ones() == count);
            for set in of_count {
                let stored = (0..features.len())
                    .filter(|at| set >> at & 1 == 1)
                    .fold(0, |stored, at| stored | 1 << features[at]);
                let is_new = found.iter().all(|less| less & !stored != 0);
                if is_new && scans(stored) {
                    found.push(stored);
                }
            }
        }
        let name = |feature: usize| self.ruleset.features[feature].name.as_str();
        let names = |stored: &Lacks| {
            let lacked = features.iter().filter(|feature| *stored >> **feature & 1 == 1);
            lacked.map(|feature| name(*feature)).collect::<Vec<_>>().join(" and ")
        };
        found.iter().map(names).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opencr;

    fn lines(rules: &str) -> Vec<String> {
        describe(&opencr::parse(rules).unwrap())
    }

    #[test]
    fn the_default_rule_looks_up_three_identifiers() {
        let told = lines(include_str!("../../../config/decisionRules.json"));
        let expected = "rule 1: reads only records that agree on birthdate or phone or \
                        nationalid, by looking up equal values";
        assert_eq!(told, [expected]);
    }

    #[test]
    fn a_native_rule_names_its_drivers() {
        use crate::model::Test;
        use crate::rules::{FeatureKind, FeatureSpec};
        let names = ["given", "family"];
        let specs = names.map(|name| FeatureSpec::new(name, name, FeatureKind::Text)).to_vec();
        let ladder = |(feature, name)| {
            let same = Level::new("same", Test::equal(feature), 0.9, 0.01);
            Ladder::new(name, vec![same, Level::new("else", Test::Else, 0.1, 0.99)])
        };
        let told = |potential: f64| {
            let ladders = names.into_iter().enumerate().map(ladder).collect();
            let rule = Rule::native("pass 1", 0.1, ladders, (potential, 20.0));
            describe(&Ruleset::native(specs.clone(), vec![rule], "").unwrap()).remove(0)
        };
        let shipped = include_str!("../../../config/rules.toml");
        assert_eq!(unplanned(&crate::native::parse(shipped).unwrap()), [""; 0]);
        assert!(told(5.0).ends_with("a better level than the last of given"), "{}", told(5.0));
        assert!(told(-2.0).ends_with("the last of given or family"), "{}", told(-2.0));
        assert!(told(-20.0).contains("reads every record"));
        assert!(told(20.0).contains("cannot match"));
    }

    #[test]
    fn rules_that_are_too_wide_are_warned_of() {
        let field =
            |at: usize| format!(r#""f{at}": {{"algorithm": "exact", "fhirpath": "path{at}"}}"#);
        let rules = |fields: usize| {
            let fields = (0..fields).map(field).collect::<Vec<_>>().join(", ");
            let text = format!(
                r#"{{"rules": [{{"matchingType": "deterministic", "fields": {{{fields}}},
                    "autoMatchThreshold": 5}}]}}"#
            );
            opencr::parse(&text).unwrap()
        };
        assert_eq!(unplanned(&rules(12)), Vec::<String>::new());
        let expected = "rule 1 has too many fields to plan: every search reads every record";
        assert_eq!(unplanned(&rules(13)), [expected]);
        let native = include_str!("../../../config/rules.toml");
        assert_eq!(unplanned(&crate::native::parse(native).unwrap()), Vec::<String>::new());
    }

    #[test]
    fn what_reads_much_is_told() {
        let told = lines(
            r#"{"rules": [
            {"matchingType": "deterministic", "fields": {
                "family": {"algorithm": "jaro-winkler-similarity", "fhirpath": "family"}},
             "filters": {"gender": {"fhirpath": "gender"}},
             "potentialMatchThreshold": 0.5, "autoMatchThreshold": 1},
            {"matchingType": "deterministic", "fields": {
                "given": {"algorithm": "levenshtein", "threshold": 2, "fhirpath": "given",
                          "null_handling": "greedy"}},
             "potentialMatchThreshold": 2, "autoMatchThreshold": 2}]}"#,
        );
        let expected = [
            "rule 1: reads every record that its filters let pass, because records may match that \
             agree on no field",
            "rule 1: family cannot drive a search, because every similarity counts: give a \
             threshold",
            "rule 2: reads only records that agree on given, after comparing with every distinct \
             value of given",
            "rule 2: reads all records that lack given",
        ];
        assert_eq!(told, expected);
    }
}
