//! From OpenCR's rules to the native form, with a list of what cannot be kept.

use std::collections::BTreeMap;

use super::FORMAT;
use super::entries::{
    ComparisonEntry, FeatureEntry, GoldenEntry, LevelEntry, NormaliserEntry, PassEntry, RuleFile,
    TestEntry, ThresholdEntry,
};
use crate::rules::{Comparison, Field, Gather, MatchingType, NullHandling, Rule, Ruleset, Several};
use crate::similarity::Algorithm;

/// The native form of OpenCR's rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// The file; without passes if no rule could be kept.
    pub file: RuleFile,
    /// What is not as it was, a sentence each.
    pub lost: Vec<String>,
}

/// Turns OpenCR's rules into native ones.
///
/// Of probabilistic rules m and u stay, and so does every sum: log10 becomes log2, the base of 100
/// becomes a prior of one half, thresholds follow. Of deterministic ones every sum stays, a point
/// being a bit; what m and u say then is nothing until they are trained.
pub fn convert(ruleset: &Ruleset) -> Converted {
    let mut lost = Vec::new();
    let mut features = BTreeMap::new();
    let mut pass = Vec::new();
    for rule in &ruleset.rules {
        match rule.kind {
            MatchingType::Deterministic => {
                lost.push(format!(
                    "{}: its points stand as bits, so it links what it linked, but its m, u and \
                     probabilities say nothing: train it, then set its thresholds anew",
                    rule.name
                ));
                pass.push(convert_rule(ruleset, rule, &mut features, &mut lost));
            }
            MatchingType::Probabilistic => {
                pass.push(convert_rule(ruleset, rule, &mut features, &mut lost));
            }
            MatchingType::Native => lost.push(format!("{}: is native already", rule.name)),
        }
    }
    pass.retain(|pass: &PassEntry| !pass.comparison.is_empty());
    let file = RuleFile {
        format: FORMAT.to_owned(),
        name: "converted from OpenCR's decisionRules.json".to_owned(),
        description: String::new(),
        trained: String::new(),
        training: None,
        features,
        aliases: BTreeMap::new(),
        frequencies: BTreeMap::new(),
        pass,
        golden: GoldenEntry::default(),
    };
    Converted { file, lost }
}

fn convert_rule(
    ruleset: &Ruleset,
    rule: &Rule,
    features: &mut BTreeMap<String, FeatureEntry>,
    lost: &mut Vec<String>,
) -> PassEntry {
    let mut name_of = |name: &str, at: usize, suffix: &str| {
        let entry = feature_entry(&ruleset.features[at].path);
        let mut name = format!("{name}{suffix}");
        // One name may stand for other paths in another rule.
        while features.get(&name).is_some_and(|known| *known != entry) {
            name.push('2');
        }
        features.insert(name.clone(), entry);
        name
    };
    let comparison = rule
        .fields
        .iter()
        .filter_map(|field| {
            let feature = name_of(&field.name, field.feature, "");
            convert_field(rule, field, feature, lost)
        })
        .collect();
    let filters: Vec<String> = rule
        .filters
        .iter()
        .map(|filter| name_of(&filter.name, filter.feature, " filter"))
        .collect();
    let unit = if rule.kind == MatchingType::Deterministic { 1.0 } else { 10.0_f64.log2() };
    let bits = |threshold: f64| {
        ThresholdEntry::Bits((threshold - rule.base() - rule.query_score()) * unit)
    };
    if rule.potential_threshold.is_none() {
        lost.push(format!(
            "{}: every candidate was kept; native rules keep those from 0 bits",
            rule.name
        ));
    }
    PassEntry {
        name: rule.name.clone(),
        prior: 0.5,
        potential: rule.potential_threshold.map_or(ThresholdEntry::Bits(0.0), bits),
        auto: bits(rule.auto_threshold),
        filters,
        comparison,
        guard: Vec::new(),
    }
}

fn feature_entry(path: &str) -> FeatureEntry {
    FeatureEntry {
        paths: vec![path.to_owned()],
        gather: Gather::First,
        normaliser: NormaliserEntry::Opencr,
        country: None,
        several: Several::Join,
        standard_skip: false,
        skip: Vec::new(),
        check: None,
    }
}

fn convert_field(
    rule: &Rule,
    field: &Field,
    feature: String,
    lost: &mut Vec<String>,
) -> Option<ComparisonEntry> {
    let Some((algorithm, threshold, chances)) = chances(rule, field) else {
        let why = match field.comparison {
            Comparison::Phonetic => "a condition by sound has no place in native rules",
            Comparison::By(_) => "without a threshold its value itself is added, and levels cannot",
        };
        lost.push(format!("{}, {}: is left out: {why}", rule.name, field.name));
        return None;
    };
    let [(m, u), (else_m, else_u)] = chances;
    let why = match field.null_handling {
        Some(NullHandling::Moderate) => None,
        // In a deterministic rule neither adds anything (quirk 17).
        Some(NullHandling::Conservative) if rule.kind == MatchingType::Deterministic => None,
        Some(NullHandling::Conservative) => Some("counted as disagreement"),
        Some(NullHandling::Greedy) => Some("counted as agreement"),
        Some(NullHandling::Off) | None => Some("was compared as an empty text"),
    };
    if let Some(why) = why {
        lost.push(format!(
            "{}, {}: a missing value {why}; in native rules it adds nothing",
            rule.name, field.name
        ));
    }
    let name = algorithm.name().to_owned();
    let (at_least, at_most) =
        if algorithm.is_similarity() { (Some(threshold), None) } else { (None, Some(threshold)) };
    let is_exact = algorithm == Algorithm::NormalizedLevenshteinSimilarity && threshold == 1.0;
    let test = if is_exact {
        TestEntry::Same(feature)
    } else {
        TestEntry::Similar { feature, algorithm: name, at_least, at_most }
    };
    let level = |label: &str, test, m, u| LevelEntry {
        label: label.to_owned(),
        test,
        m,
        u,
        frequencies: None,
        fixed: false,
    };
    Some(ComparisonEntry {
        name: field.name.clone(),
        needs: None,
        corrects: false,
        levels: vec![
            level(if is_exact { "same" } else { "alike" }, Some(test), m, u),
            level("anything else", None, else_m, else_u),
        ],
    })
}

/// m and u of agreement, and of all else.
type Chances = [(f64, f64); 2];

/// How a field is compared, and what its outcomes count; `None` if no two levels can say it.
fn chances(rule: &Rule, field: &Field) -> Option<(Algorithm, f64, Chances)> {
    let Comparison::By(algorithm) = field.comparison else { return None };
    let threshold = field.threshold?;
    match rule.kind {
        MatchingType::Probabilistic => {
            let (m, u) = (field.m?, field.u?);
            Some((algorithm, threshold, [(m, u), (1.0 - m, 1.0 - u)]))
        }
        MatchingType::Deterministic => {
            let is_graded = algorithm.is_similarity() && threshold == 0.0;
            // Powers of two, so that a sum of points is the same sum of bits to the last digit.
            let exponent = -SMALL_BITS - field.weight.max(0.0).ceil();
            let chances = [((exponent + field.weight).exp2(), exponent.exp2()), (REST, REST)];
            (!is_graded).then_some((algorithm, threshold, chances))
        }
        MatchingType::Native => None,
    }
}

/// Bits by which agreement is made rare, so that the chances of all levels come to about 1.
const SMALL_BITS: f64 = 10.0;
/// The chance of all else, for either kind of pair: it adds nothing.
const REST: f64 = 0.999;
