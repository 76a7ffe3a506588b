//! From a source record to comparable features: the rule set's FHIRPaths, compiled once.
//!
//! This is where the two pure neighbours meet: `matching` names the paths that it wants,
//! `fhir` evaluates them. One path serves both sides of a comparison (scoring quirk 23).

use std::sync::Arc;

use fhir::{
    outcome::{Issue, IssueType},
    path::{EvalError, FhirPath},
};
use matching::{
    features::Features,
    rules::{Gather, Ruleset},
};
use serde_json::Value;
use thiserror::Error;

use crate::ids::ContentHash;

mod probes;

/// A rule set together with its compiled paths.
#[derive(Clone)]
pub struct Extractor {
    ruleset: Arc<Ruleset>,
    /// Per feature, in the order in which they are asked.
    paths: Vec<Vec<FhirPath>>,
}

/// The paths of a rule set that cannot be used, all of them.
#[derive(Debug, Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct PathProblems(pub Vec<PathProblem>);

/// A path that cannot be used.
#[derive(Debug, Error)]
#[error("field `{field}`: the fhirpath `{path}` cannot be used: {reason}")]
pub struct PathProblem {
    /// The field or feature that asks for it.
    pub field: String,
    /// Its text.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Extractor {
    /// Compiles the paths of `ruleset`.
    ///
    /// # Errors
    ///
    /// [`PathProblems`] names each path that does not parse, its field and what is wrong.
    pub fn compile(ruleset: Arc<Ruleset>) -> Result<Self, PathProblems> {
        let mut paths = Vec::with_capacity(ruleset.features.len());
        let mut problems = Vec::new();
        for feature in &ruleset.features {
            let mut of_feature = Vec::new();
            for text in feature.paths() {
                match FhirPath::parse(text) {
                    Ok(path) => of_feature.push(path),
                    Err(error) => problems.push(PathProblem {
                        field: feature.name.clone(),
                        path: text.to_owned(),
                        reason: error.to_string(),
                    }),
                }
            }
            paths.push(of_feature);
        }
        if problems.is_empty() { Ok(Self { ruleset, paths }) } else { Err(PathProblems(problems)) }
    }

    /// The rule set.
    pub fn ruleset(&self) -> &Arc<Ruleset> {
        &self.ruleset
    }

    /// Recognises what is extracted: the hash of what these rules extract from made-up Patients.
    ///
    /// Features that were kept are good for as long as it stays the same. It covers what the
    /// probes hold, so it can miss a change to what only some other Patient would show.
    pub fn fingerprint(&self) -> ContentHash {
        let paths = self.ruleset.features.iter().map(|feature| feature.path.as_str());
        let digests = probes::patients(paths).into_iter().map(|patient| {
            // A path that a probe cannot be evaluated by is recognised by that.
            let digest = self.extract(&patient).map(|features| features.digest());
            digest.unwrap_or_else(|_| "refused".to_owned())
        });
        ContentHash::of(&digests.collect::<Vec<_>>().join(" "))
    }

    /// The features of a Patient, one per feature of the rule set.
    ///
    /// # Errors
    ///
    /// A FHIR issue if a path cannot be evaluated on this Patient, for example because it
    /// expects one value and the Patient has several. The value is not taken as missing: that
    /// would silently change whom the record matches.
    pub fn extract(&self, patient: &Value) -> Result<Features, Issue> {
        let mut failure = None;
        let features = Features::from_values(&self.ruleset.features, |number| {
            self.texts(number, patient).unwrap_or_else(|error| {
                let feature = &self.ruleset.features[number];
                let text = format!(
                    "the rule set's path for `{}` cannot be evaluated on this Patient: {error}",
                    feature.name
                );
                failure.get_or_insert_with(|| {
                    Issue::error(IssueType::Processing, text).at(feature.path.clone())
                });
                Vec::new()
            })
        });
        failure.map_or(Ok(features), Err)
    }

    /// The raw values of a feature: of the first path that gives any, or of all paths.
    fn texts(&self, feature: usize, patient: &Value) -> Result<Vec<String>, EvalError> {
        let mut texts = Vec::new();
        for path in &self.paths[feature] {
            texts.extend(path.texts(patient)?);
            if self.ruleset.features[feature].gather == Gather::First && !texts.is_empty() {
                break;
            }
        }
        Ok(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extractor(rules: &str) -> Extractor {
        let ruleset = matching::opencr::parse(rules).expect("rules");
        Extractor::compile(Arc::new(ruleset)).expect("paths")
    }

    const DEFAULT: &str = include_str!("../../../config/decisionRules.json");

    #[test]
    fn probes_have_every_feature_of_the_default_rules() {
        let extractor = extractor(DEFAULT);
        let paths = extractor.ruleset.features.iter().map(|feature| feature.path.as_str());
        let probes: Vec<Features> = probes::patients(paths)
            .iter()
            .map(|patient| extractor.extract(patient).expect("features"))
            .collect();
        for (at, feature) in extractor.ruleset.features.iter().enumerate() {
            let name = &feature.name;
            assert!(probes.iter().any(|features| !features.is_missing(at)), "{name}");
        }
    }

    #[test]
    fn fingerprints_differ_where_what_is_extracted_does() {
        let same = extractor(DEFAULT).fingerprint();
        assert_eq!(extractor(DEFAULT).fingerprint(), same);
        let other = DEFAULT.replace("birthDate", "birthDate.toString().substring(0, 6)");
        assert_ne!(other, DEFAULT);
        assert_ne!(extractor(&other).fingerprint(), same);
    }
}
