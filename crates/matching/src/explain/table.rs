//! An explanation as a table for people, as `opencr explain` prints it.
//!
//! Layout only; the numbers are in `explain.rs`.

use std::fmt;

use super::{Explanation, FieldExplanation, FilterExplanation};
use crate::rules::MatchingType;
use crate::score::field::Outcome;

const HEADER: [&str; 7] =
    ["field", "query", "candidate", "algorithm", "value / threshold", "outcome", "points"];

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.matching_type {
            MatchingType::Deterministic => "deterministic",
            MatchingType::Probabilistic => "probabilistic",
        };
        let hash: String = self.ruleset.as_str().chars().take(12).collect();
        writeln!(f, "{} ({kind}), rule set {hash}", self.rule_name)?;
        for filter in &self.filters {
            write_filter(f, filter)?;
        }
        writeln!(f)?;
        write_table(f, self)?;
        writeln!(f)?;
        write_sum(f, self)
    }
}

fn write_filter(f: &mut fmt::Formatter<'_>, filter: &FilterExplanation) -> fmt::Result {
    let list = |values: &[String]| {
        if values.is_empty() { "(missing)".to_owned() } else { values.join(", ") }
    };
    let verdict = if filter.agrees { "agrees" } else { "excludes the candidate" };
    writeln!(
        f,
        "filter {}: {} / {}: {verdict}",
        filter.name,
        list(&filter.query),
        list(&filter.candidate)
    )
}

fn write_table(f: &mut fmt::Formatter<'_>, explanation: &Explanation) -> fmt::Result {
    let mut rows = vec![HEADER.map(str::to_owned)];
    rows.extend(explanation.fields.iter().map(cells));
    let widths: Vec<usize> = (0..HEADER.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Points stand in the last column, to the right, as sums are written.
            if column + 1 == HEADER.len() {
                line.push_str(&format!("{cell:>width$}"));
            } else {
                line.push_str(&format!("{cell:<width$}  "));
            }
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

fn cells(field: &FieldExplanation) -> [String; 7] {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "(missing)".to_owned());
    // A value that misses its threshold by less than the digits shown is shown in full.
    let is_close = |value: f64| {
        field
            .threshold
            .is_some_and(|threshold| value != threshold && (value - threshold).abs() < 5e-5)
    };
    let number = |value: Option<f64>| match value {
        None => "-".to_owned(),
        Some(value) if is_close(value) => value.to_string(),
        Some(value) => format!("{value:.4}"),
    };
    let held_against = match &field.codes {
        Some([query, candidate]) => {
            format!("{} / {}", query.as_deref().unwrap_or("-"), candidate.as_deref().unwrap_or("-"))
        }
        None => {
            let threshold = field.threshold.map_or("-".to_owned(), |value| value.to_string());
            format!("{} / {threshold}", number(field.value))
        }
    };
    [
        field.name.clone(),
        text(&field.query),
        text(&field.candidate),
        field.algorithm.clone(),
        held_against,
        outcome(field.outcome).to_owned(),
        format!("{:+.4}", field.points),
    ]
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Agree => "agree",
        Outcome::Disagree => "disagree",
        Outcome::MissingBoth => "both missing",
        Outcome::MissingOne => "one missing",
        Outcome::Graded => "graded",
        Outcome::SoundsAlike => "sounds alike",
    }
}

fn write_sum(f: &mut fmt::Formatter<'_>, explanation: &Explanation) -> fmt::Result {
    let Explanation { base, total, query_score, score, auto_threshold, band, .. } = explanation;
    writeln!(f, "base {base}, with points {total:.4}, query {query_score:+}: score {score}")?;
    let potential = explanation.potential_threshold.map_or("none".to_owned(), |t| t.to_string());
    write!(f, "potential from {potential}, auto from {auto_threshold}: {band}")?;
    match &explanation.excluded_by {
        Some(name) => writeln!(f, " (excluded by {name})"),
        None => writeln!(f),
    }
}
