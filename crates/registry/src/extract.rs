//! From a source record to comparable features: the rule set's FHIRPaths, compiled once.
//!
//! This is where the two pure neighbours meet: `matching` names the paths that it wants,
//! `fhir` evaluates them. One path serves both sides of a comparison (scoring quirk 23).

use std::sync::Arc;

use fhir::{
    outcome::{Issue, IssueType},
    path::FhirPath,
};
use matching::{features::Features, rules::Ruleset};
use serde_json::Value;
use thiserror::Error;

use crate::ids::ContentHash;

mod probes;

/// A rule set together with its compiled paths.
#[derive(Clone)]
pub struct Extractor {
    ruleset: Arc<Ruleset>,
    paths: Vec<FhirPath>,
}

/// The paths of a rule set that cannot be used, all of them.
#[derive(Debug, Error)]
#[error("{}", .0.join("; "))]
pub struct PathProblems(pub Vec<String>);

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
            match FhirPath::parse(&feature.path) {
                Ok(path) => paths.push(path),
                Err(error) => problems.push(format!(
                    "field `{}`: the fhirpath `{}` cannot be used: {error}",
                    feature.name, feature.path
                )),
            }
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
            self.paths[number].texts(patient).unwrap_or_else(|error| {
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
