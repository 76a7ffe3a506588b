//! [`Grounds`]: what a stored explanation says, in the one shape that people are shown.
//!
//! The three ways to make points become one table: what it starts from, a line for each thing that
//! was compared, and the total. Nothing is computed anew, so what is shown is what was decided on.

use matching::{
    explain::{ComparisonExplanation, Explanation, FieldExplanation, GuardExplanation, Outcome},
    rules::MatchingType,
    score::Band,
};
use thiserror::Error;

/// A stored explanation that cannot be read: the store is damaged.
#[derive(Debug, Error)]
#[error("a stored explanation cannot be read")]
pub struct DamagedExplanation(#[source] serde_json::Error);

/// How two records agree in one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// As much as can be.
    Same,
    /// Somewhat.
    Similar,
    /// Not.
    Differs,
    /// A value is missing, so it says nothing.
    Missing,
}

/// Where a score falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// At or above the threshold of automatic links.
    Auto,
    /// At or above the threshold of what people look at.
    Potential,
    /// No match.
    Below,
}

/// What a stored explanation says. No `Debug`: it holds what people are called.
pub struct Grounds {
    /// The hash of the rule set.
    pub ruleset: String,
    /// The rule's number, from 1.
    pub rule: usize,
    /// Its name.
    pub rule_name: String,
    /// Whether weights are bits, so that there is a probability.
    pub is_native: bool,
    /// What the total starts from.
    pub base: f64,
    /// What was compared, in the order in which weights are added.
    pub lines: Vec<Line>,
    /// Base and weights.
    pub total: f64,
    /// From which total on a person looks; `None` if all count.
    pub potential_from: Option<f64>,
    /// From which total on records are linked.
    pub auto_from: f64,
    /// Where the total falls, after guards.
    pub verdict: Verdict,
    /// The probability that both are one person, by a native rule.
    pub probability: Option<f64>,
    /// What had to agree for the two to be compared, and whether it did.
    pub filters: Vec<(String, bool)>,
    /// Why a person has to look whatever the total.
    pub guards: Vec<String>,
}

/// One thing that was compared. No `Debug`: it holds values.
pub struct Line {
    /// Its name.
    pub name: String,
    /// The record's values, as compared.
    pub query: Vec<String>,
    /// The candidate's.
    pub candidate: Vec<String>,
    /// How they agree.
    pub agreement: Agreement,
    /// The level in the rule's words; empty where rules have none.
    pub level: String,
    /// How it was compared: the comparator's name; empty where the level says it.
    pub algorithm: String,
    /// FHIRPaths that the values come from.
    pub paths: Vec<String>,
    /// Similarity or distance, where there is one.
    pub similarity: Option<f64>,
    /// What it is held against.
    pub threshold: Option<f64>,
    /// P(level, given the same person).
    pub m: Option<f64>,
    /// P(level, given different people).
    pub u: Option<f64>,
    /// The share of people who have the common value, and the bits that it is worth.
    pub frequency: Option<(f64, f64)>,
    /// Values that stand for none, or whose check digit is wrong.
    pub ignored: Vec<String>,
    /// What is added to the total.
    pub weight: f64,
}

impl Grounds {
    /// Reads a stored explanation.
    ///
    /// # Errors
    ///
    /// [`DamagedExplanation`] if it is none.
    pub fn read(text: &str) -> Result<Self, DamagedExplanation> {
        serde_json::from_str(text).map(Self::of).map_err(DamagedExplanation)
    }

    /// The same of an explanation that is not stored.
    pub fn of(told: Explanation) -> Self {
        let filter = |name: &str, agrees| (name.to_owned(), agrees);
        let guards = told.guards.iter().chain(&told.golden_guards);
        let reason = |guard: &GuardExplanation| guard.reason.clone();
        Self {
            ruleset: told.ruleset.to_string(),
            rule: told.rule,
            is_native: told.matching_type == MatchingType::Native,
            // The one point of a rule without filters is part of what it starts from.
            base: told.base + told.query_score,
            lines: told
                .fields
                .into_iter()
                .map(of_field)
                .chain(told.comparisons.into_iter().map(of_comparison))
                .collect(),
            total: told.score.as_f64(),
            potential_from: told.potential_threshold,
            auto_from: told.auto_threshold,
            verdict: match told.band {
                Band::Auto => Verdict::Auto,
                Band::Potential => Verdict::Potential,
                Band::Below => Verdict::Below,
            },
            probability: told.probability,
            filters: told.filters.iter().map(|it| filter(&it.name, it.agrees)).collect(),
            guards: guards.map(reason).collect(),
            rule_name: told.rule_name,
        }
    }
}

fn of_field(field: FieldExplanation) -> Line {
    let agreement = match field.outcome {
        Outcome::Agree if field.query == field.candidate => Agreement::Same,
        Outcome::Agree | Outcome::Graded | Outcome::SoundsAlike => Agreement::Similar,
        Outcome::Disagree => Agreement::Differs,
        Outcome::MissingBoth | Outcome::MissingOne => Agreement::Missing,
    };
    Line {
        name: field.name,
        query: field.query.into_iter().collect(),
        candidate: field.candidate.into_iter().collect(),
        agreement,
        level: String::new(),
        algorithm: field.algorithm,
        paths: vec![field.path],
        similarity: field.value,
        threshold: field.threshold,
        m: None,
        u: None,
        frequency: None,
        ignored: Vec::new(),
        weight: field.points,
    }
}

fn of_comparison(compared: ComparisonExplanation) -> Line {
    let agreement = match compared.level {
        None => Agreement::Missing,
        Some(_) if compared.bits < 0.0 => Agreement::Differs,
        // Levels are in order, the closest first.
        Some(0) => Agreement::Same,
        Some(_) => Agreement::Similar,
    };
    let mut line = Line {
        name: compared.name,
        query: Vec::new(),
        candidate: Vec::new(),
        agreement,
        level: compared.label,
        algorithm: String::new(),
        paths: Vec::new(),
        similarity: None,
        threshold: None,
        m: compared.m,
        u: compared.u,
        frequency: compared.term_frequency.map(|term| (term.share, term.bits)),
        ignored: Vec::new(),
        weight: compared.bits,
    };
    for values in compared.values {
        line.query.extend(values.query);
        line.candidate.extend(values.candidate);
        line.ignored.extend(values.placeholders);
        line.ignored.extend(values.failed_checks);
        line.paths.push(values.path);
    }
    line
}

#[cfg(test)]
mod tests {
    use matching::{explain::explain, features::Features, opencr};

    use super::*;

    const RULES: &str = r#"{"rules": [{"matchingType": "deterministic", "fields": {
        "family": {"algorithm": "jaro-winkler-similarity", "threshold": 0.8, "fhirpath": "family"},
        "birthdate": {"algorithm": "exact", "fhirpath": "birthDate", "weight": 2,
                      "null_handling": "moderate"}},
        "potentialMatchThreshold": 2, "autoMatchThreshold": 4}]}"#;

    #[test]
    fn weights_add_up_to_the_stored_total() {
        let ruleset = opencr::parse(RULES).expect("rules");
        let [query, candidate] = [["Otieno", ""], ["Oteino", "1988-03-14"]].map(|values| {
            Features::from_values(&ruleset.features, |feature| {
                let at = usize::from(ruleset.features[feature].path == "birthDate");
                let value = Some(values[at].to_owned());
                value.into_iter().filter(|text| !text.is_empty()).collect()
            })
        });
        let told = explain(&ruleset, 0, &query, &candidate);
        let text = serde_json::to_string(&told).expect("it has a JSON form");
        let grounds = Grounds::read(&text).expect("it is read back");
        let sum = grounds.lines.iter().fold(grounds.base, |sum, line| sum + line.weight);
        assert!((sum - grounds.total).abs() < 1e-6, "{sum} {}", grounds.total);
        let levels: Vec<_> = grounds.lines.iter().map(|line| line.agreement).collect();
        assert_eq!(levels, [Agreement::Similar, Agreement::Missing]);
    }

    #[test]
    fn what_is_no_explanation_is_an_error() {
        assert!(Grounds::read("{}").is_err());
    }
}
