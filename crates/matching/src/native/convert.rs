//! From OpenCR's rules to the native form, with a list of what cannot be kept.

use std::collections::BTreeMap;

use super::FORMAT;
use super::entries::{
    ComparisonEntry, FeatureEntry, LevelEntry, NormaliserEntry, PassEntry, RuleFile, TestEntry,
    ThresholdEntry,
};
use crate::rules::{Comparison, Field, Gather, MatchingType, NullHandling, Rule, Ruleset, Several};

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
/// m and u stay, and so does every sum: log10 becomes log2, the base of 100 becomes a prior of
/// one half, thresholds follow.
pub fn convert(ruleset: &Ruleset) -> Converted {
    let mut lost = Vec::new();
    let mut features = BTreeMap::new();
    let mut pass = Vec::new();
    for rule in &ruleset.rules {
        match rule.kind {
            MatchingType::Probabilistic => {
                pass.push(convert_rule(ruleset, rule, &mut features, &mut lost));
            }
            MatchingType::Deterministic => lost.push(format!(
                "{}: its weights are points and no probabilities, so they cannot be kept; start \
                 from config/rules.toml and train it, or keep OpenCR's format",
                rule.name
            )),
            MatchingType::Native => lost.push(format!("{}: is native already", rule.name)),
        }
    }
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
    let bits = |threshold: f64| {
        ThresholdEntry::Bits((threshold - rule.base() - rule.query_score()) * 10.0_f64.log2())
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
    }
}

fn convert_field(
    rule: &Rule,
    field: &Field,
    feature: String,
    lost: &mut Vec<String>,
) -> Option<ComparisonEntry> {
    let (Comparison::By(algorithm), Some(threshold), Some(m), Some(u)) =
        (field.comparison, field.threshold, field.m, field.u)
    else {
        lost.push(format!("{}, {}: is no comparison with m and u", rule.name, field.name));
        return None;
    };
    let why = match field.null_handling {
        Some(NullHandling::Moderate) => None,
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
    let test = TestEntry::Similar { feature, algorithm: name, at_least, at_most };
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
            level("alike", Some(test), m, u),
            level("anything else", None, 1.0 - m, 1.0 - u),
        ],
    })
}
