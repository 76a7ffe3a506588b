//! What one compared field contributes to the total, and why.
//!
//! This is the only place that knows points: scoring, explaining and the index all ask here, so
//! that they add the very same numbers.

use serde::{Deserialize, Serialize};

use crate::rules::{Comparison, Field, MatchingType, NullHandling};
use crate::similarity::Algorithm;

/// How a field's comparison ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The value met the threshold.
    Agree,
    /// It did not, or could not be computed.
    Disagree,
    /// Both records lack the value and null handling decided.
    MissingBoth,
    /// One record lacks the value and null handling decided.
    MissingOne,
    /// A similarity without a threshold, added as it is.
    Graded,
    /// A phonetic field: the two sound or are spelled alike.
    SoundsAlike,
}

/// One field's contribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) outcome: Outcome,
    /// Similarity or distance; `None` if null handling decided or there is none to compute.
    pub(crate) value: Option<f64>,
    pub(crate) points: f64,
}

/// A field's points, worked out once per search instead of once per pair.
#[derive(Debug, Clone)]
pub(crate) struct FieldScorer {
    pub(crate) algorithm: Algorithm,
    threshold: f64,
    /// Set when the value itself is added: a deterministic similarity with threshold 0 or none.
    graded_by: Option<f64>,
    agree: f64,
    disagree: f64,
    /// Points when both values are missing; `None` compares two empty texts.
    missing_both: Option<f64>,
    /// Points when one is missing; `None` compares with an empty text.
    missing_one: Option<f64>,
}

impl FieldScorer {
    /// `None` for a phonetic field, which adds no points.
    pub(crate) fn new(kind: MatchingType, field: &Field) -> Option<FieldScorer> {
        let Comparison::By(algorithm) = field.comparison else { return None };
        let (agree, disagree) = points(kind, field);
        let act = |handling: NullHandling| match handling {
            NullHandling::Conservative => Some(disagree),
            NullHandling::Moderate => Some(0.0),
            NullHandling::Greedy => Some(agree),
            NullHandling::Off => None,
        };
        // The setting for both counts only where the other is given too (quirk 18).
        let both = field.null_handling.map(|one| field.null_handling_both.unwrap_or(one));
        // Threshold 0 on a distance means equality; the original added the distance (quirk 7).
        let threshold = field.threshold.unwrap_or(0.0);
        let graded =
            kind == MatchingType::Deterministic && algorithm.is_similarity() && threshold == 0.0;
        Some(FieldScorer {
            algorithm,
            threshold,
            graded_by: graded.then_some(field.weight),
            agree,
            disagree,
            missing_both: both.and_then(act),
            missing_one: field.null_handling.and_then(act),
        })
    }

    /// Judges a pair of prepared texts; `None` is a missing one.
    pub(crate) fn judge(&self, pair: (Option<&str>, Option<&str>)) -> Judgement {
        let (query, candidate) = pair;
        self.judge_with(query.is_none(), candidate.is_none(), || {
            self.algorithm.compare(query.unwrap_or(""), candidate.unwrap_or(""))
        })
    }

    /// Judges a pair whose comparison is made, or remembered, by `compare`.
    pub(crate) fn judge_with(
        &self,
        query_missing: bool,
        candidate_missing: bool,
        compare: impl FnOnce() -> Option<f64>,
    ) -> Judgement {
        if let Some(points) = self.decided(query_missing, candidate_missing) {
            let both = query_missing && candidate_missing;
            let outcome = if both { Outcome::MissingBoth } else { Outcome::MissingOne };
            return Judgement { outcome, value: None, points };
        }

        let value = compare();
        let points = self.points(value);
        let outcome = match self.agrees(value) {
            _ if self.is_graded() => Outcome::Graded,
            true => Outcome::Agree,
            false => Outcome::Disagree,
        };
        Judgement { outcome, value, points }
    }

    /// Points if null handling decides; `None` if the texts are compared.
    pub(crate) fn decided(&self, query_missing: bool, candidate_missing: bool) -> Option<f64> {
        match (query_missing, candidate_missing) {
            (false, false) => None,
            (true, true) => self.missing_both,
            _ => self.missing_one,
        }
    }

    /// Points of a comparison that gave `value`.
    pub(crate) fn points(&self, value: Option<f64>) -> f64 {
        if let Some(weight) = self.graded_by {
            // What could not be computed is a similarity of 0 (quirks 9 and 10).
            return value.map_or(0.0, |value| value * weight);
        }
        self.points_if(self.agrees(value))
    }

    /// Points of agreement or of disagreement; a graded field has others.
    pub(crate) fn points_if(&self, agrees: bool) -> f64 {
        if agrees { self.agree } else { self.disagree }
    }

    /// Whether `value` meets the threshold.
    pub(crate) fn agrees(&self, value: Option<f64>) -> bool {
        value.is_some_and(|value| self.is_hit(value))
    }

    /// Whether the value itself makes the points.
    pub(crate) fn is_graded(&self) -> bool {
        self.graded_by.is_some()
    }

    /// Points that no comparison exceeds.
    pub(crate) fn points_max(&self) -> f64 {
        match self.graded_by {
            // Similarities lie between -1 and 1, but for rounding.
            Some(weight) => (weight * (1.0 + 1e-6)).abs(),
            None => self.agree.max(self.disagree),
        }
    }

    /// What agreement needs of the value.
    pub(crate) fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Whether only equal texts agree, so that nothing else needs to be computed: OpenCR's
    /// `exact`, and edit distances with threshold 0.
    pub(crate) fn is_equality(&self) -> bool {
        let only_equal = match self.algorithm {
            Algorithm::NormalizedLevenshteinSimilarity => self.threshold == 1.0,
            Algorithm::Levenshtein
            | Algorithm::DamerauLevenshtein
            | Algorithm::OptimalStringAlignment
            | Algorithm::NormalizedLevenshteinDistance => self.threshold == 0.0,
            _ => false,
        };
        only_equal && self.graded_by.is_none()
    }

    /// The value that [`FieldScorer::is_equality`] lets stand for a comparison.
    pub(crate) fn equality_value(&self, is_equal: bool) -> f64 {
        if self.algorithm.is_similarity() == is_equal { 1.0 } else { 0.0 }
    }

    fn is_hit(&self, value: f64) -> bool {
        if self.algorithm.is_similarity() {
            value >= self.threshold
        } else {
            value <= self.threshold
        }
    }
}

/// Points of agreement and of disagreement.
fn points(kind: MatchingType, field: &Field) -> (f64, f64) {
    match (kind, field.m, field.u) {
        (MatchingType::Deterministic, _, _) => (field.weight, 0.0),
        // Fellegi & Sunter (1969), in decimal digits as the plugin has it.
        (MatchingType::Probabilistic, Some(m), Some(u)) => {
            ((m / u).log10(), ((1.0 - m) / (1.0 - u)).log10())
        }
        // Reading refuses such a rule; one made by hand learns nothing from the field.
        // A native rule has no fields.
        (MatchingType::Probabilistic | MatchingType::Native, _, _) => (0.0, 0.0),
    }
}
