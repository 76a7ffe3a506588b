//! What to tell an operator about rules that work but may surprise.
//!
//! What cannot work is refused while the file is read, in `opencr.rs` and `opencr/fields.rs`.

use crate::features::Features;
use crate::rules::{Comparison, FeatureSpec, Field, MatchingType, Rule};
use crate::score::{Band, score};
use crate::similarity::Algorithm;

/// Warnings about one rule, each a sentence that begins with its name.
pub(super) fn about(rule: &Rule, features: &[FeatureSpec]) -> Vec<String> {
    let mut advice = Vec::new();
    thresholds(rule, features, &mut advice);
    candidates(rule, &mut advice);
    missing_values(rule, &mut advice);
    comparisons(rule, &mut advice);
    advice.into_iter().map(|sentence| format!("{}: {sentence}", rule.name)).collect()
}

fn thresholds(rule: &Rule, features: &[FeatureSpec], advice: &mut Vec<String>) {
    let auto = rule.auto_threshold;
    match rule.potential_threshold {
        None => advice.push(
            "`potentialMatchThreshold` is missing, so every record that passes the filters is at \
             least a potential match"
                .to_owned(),
        ),
        Some(potential) => {
            if auto < potential {
                advice.push(format!(
                    "`autoMatchThreshold` {auto} is below `potentialMatchThreshold` {potential}, \
                     so there are no potential matches, and scores between the two do not match"
                ));
            }
            let nobody = Features::empty(features);
            let scored = score(rule, &nobody, &nobody);
            let reached = scored.filter(|scored| rule.band(scored.score) != Band::Below);
            if let Some(scored) = reached {
                advice.push(format!(
                    "two records without any value score {}, which reaches \
                     `potentialMatchThreshold` {potential}: raise it above that, or change the \
                     null handling",
                    scored.score
                ));
            }
        }
    }
}

fn candidates(rule: &Rule, advice: &mut Vec<String>) {
    let phonetic = names(rule, Field::is_phonetic);
    if !phonetic.is_empty() {
        advice.push(format!(
            "phonetic adds nothing to the score here, while OpenCR added a number that grew with \
             the register: review both thresholds ({phonetic})"
        ));
    }
    if rule.query_score() > 0.0 {
        advice.push(
            "without filters and phonetic fields, 1 is added to every score, as OpenCR did; set \
             thresholds accordingly"
                .to_owned(),
        );
    }
}

fn missing_values(rule: &Rule, advice: &mut Vec<String>) {
    let ignored =
        names(rule, |field| field.null_handling.is_none() && field.null_handling_both.is_some());
    if !ignored.is_empty() {
        advice.push(format!(
            "`null_handling_both` has no effect without `null_handling`: give both ({ignored})"
        ));
    }
    let unhandled = names(rule, |field| !field.is_phonetic() && field.null_handling.is_none());
    if !unhandled.is_empty() {
        advice.push(format!(
            "without `null_handling`, two missing values agree in full and one missing value is \
             compared as an empty text: moderate is usual ({unhandled})"
        ));
    }
}

fn comparisons(rule: &Rule, advice: &mut Vec<String>) {
    let short = [Comparison::By(Algorithm::Qgram), Comparison::By(Algorithm::Ngram)];
    let careless = names(rule, |field| short.contains(&field.comparison));
    if !careless.is_empty() {
        advice.push(format!(
            "qgram finds any two values under 3 characters equal, and ngram any two of 1: prefer \
             another comparison ({careless})"
        ));
    }
    if rule.kind == MatchingType::Probabilistic {
        let backwards = names(rule, |field| field.m <= field.u);
        if !backwards.is_empty() {
            advice.push(format!(
                "`mValue` is not above `uValue`, so agreement does not raise the score \
                 ({backwards})"
            ));
        }
    }
}

/// Names of the fields that `which` chooses, separated by commas.
fn names(rule: &Rule, which: impl Fn(&Field) -> bool) -> String {
    let chosen: Vec<&str> =
        rule.fields.iter().filter(|field| which(field)).map(|field| field.name.as_str()).collect();
    chosen.join(", ")
}
