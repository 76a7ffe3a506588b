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

/// A rule set together with its compiled paths.
#[derive(Clone)]
pub struct Extractor {
    ruleset: Arc<Ruleset>,
    /// Per feature, in the order in which they are asked.
    paths: Vec<Vec<FhirPath>>,
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
            let mut of_feature = Vec::new();
            for text in feature.paths() {
                match FhirPath::parse(text) {
                    Ok(path) => of_feature.push(path),
                    Err(error) => problems.push(format!(
                        "field `{}`: the fhirpath `{text}` cannot be used: {error}",
                        feature.name
                    )),
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
