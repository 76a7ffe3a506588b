//! An explanation as a table for people, as `opencr explain` prints it.
//!
//! Layout only; the numbers are in `explain.rs`.

use std::fmt;

use super::{
    ComparisonExplanation, Explanation, FieldExplanation, FilterExplanation, GuardExplanation,
};
use crate::model::Doubt;
use crate::rules::MatchingType;
use crate::score::field::Outcome;

const HEADER: [&str; 7] =
    ["field", "query", "candidate", "algorithm", "value / threshold", "outcome", "points"];
const NATIVE_HEADER: [&str; 8] =
    ["comparison", "query", "candidate", "level", "m", "u", "frequency", "bits"];

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.matching_type {
            MatchingType::Deterministic => "deterministic",
            MatchingType::Probabilistic => "probabilistic",
            MatchingType::Native => "native",
        };
        let hash: String = self.ruleset.as_str().chars().take(12).collect();
        writeln!(f, "{} ({kind}), rule set {hash}", self.rule_name)?;
        for filter in &self.filters {
            write_filter(f, filter)?;
        }
        writeln!(f)?;
        if self.matching_type == MatchingType::Native {
            let rows = self.comparisons.iter().map(native_cells);
            write_table(f, NATIVE_HEADER, rows)?;
            writeln!(f)?;
            return write_native_sum(f, self);
        }
        write_table(f, HEADER, self.fields.iter().map(cells))?;
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

fn write_table<const COLUMNS: usize>(
    f: &mut fmt::Formatter<'_>,
    header: [&str; COLUMNS],
    cells: impl Iterator<Item = [String; COLUMNS]>,
) -> fmt::Result {
    let rows: Vec<[String; COLUMNS]> =
        std::iter::once(header.map(str::to_owned)).chain(cells).collect();
    let widths: Vec<usize> = (0..COLUMNS)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Points stand in the last column, to the right, as sums are written.
            if column + 1 == COLUMNS {
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

fn native_cells(comparison: &ComparisonExplanation) -> [String; 8] {
    let side = |of: fn(&super::ValuesExplanation) -> &Vec<String>| {
        let each = comparison.values.iter().map(|values| match &of(values)[..] {
            [] => "(missing)".to_owned(),
            values => values.join(", "),
        });
        each.collect::<Vec<_>>().join(" / ")
    };
    let number = |number: Option<f64>| number.map_or("-".to_owned(), short);
    let frequency = comparison
        .term_frequency
        .map_or("-".to_owned(), |term| format!("{} ({:+.2})", short(term.share), term.bits));
    let skipped: Vec<&str> = comparison
        .values
        .iter()
        .flat_map(|values| values.placeholders.iter().chain(&values.failed_checks))
        .map(String::as_str)
        .collect();
    let label = match skipped[..] {
        [] => comparison.label.clone(),
        _ => format!("{} [{}]", comparison.label, skipped.join(", ")),
    };
    [
        comparison.name.clone(),
        side(|values| &values.query),
        side(|values| &values.candidate),
        label,
        number(comparison.m),
        number(comparison.u),
        frequency,
        format!("{:+.2}", comparison.bits),
    ]
}

/// Three digits that count.
fn short(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let digits = (2 - number.abs().log10().floor() as i32).clamp(0, 12) as usize;
    format!("{number:.digits$}")
}

fn write_native_sum(f: &mut fmt::Formatter<'_>, explanation: &Explanation) -> fmt::Result {
    let Explanation { base, total, auto_threshold, band, .. } = explanation;
    let probability = explanation.probability.unwrap_or(0.0);
    writeln!(f, "prior {base:+.2}, in all {total:+.2} bits: probability {}", share(probability))?;
    let potential =
        explanation.potential_threshold.map_or("none".to_owned(), |t| format!("{t:+.2}"));
    write!(f, "potential from {potential}, auto from {auto_threshold:+.2}: {band}")?;
    match &explanation.excluded_by {
        Some(name) => writeln!(f, " (excluded by {name})")?,
        None => writeln!(f)?,
    }
    for guard in &explanation.guards {
        write_guard(f, "guard", guard)?;
    }
    explanation
        .golden_guards
        .iter()
        .try_for_each(|guard| write_guard(f, "guard of the golden record", guard))
}

fn write_guard(f: &mut fmt::Formatter<'_>, kind: &str, guard: &GuardExplanation) -> fmt::Result {
    write!(f, "{kind} {}: {}", guard.name, guard.reason)?;
    if let Some(member) = &guard.member {
        write!(f, " (Patient/{member})")?;
    }
    match guard.gives {
        Doubt::Potential => writeln!(f),
        Doubt::Conflict => writeln!(f, "; a conflict"),
    }
}

/// A probability with as many digits as tell it from 0 and 1.
fn share(probability: f64) -> String {
    let away = probability.min(1.0 - probability).max(1e-12);
    let digits = (1 - away.log10().floor() as i32).clamp(2, 12) as usize;
    format!("{probability:.digits$}")
}
