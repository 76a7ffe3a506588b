//! Why two records have their score: the stored explanation as a table.

use registry::grounds::{Agreement as Level, Grounds, Line, Verdict};

use super::person::shown;
use crate::{Frame, marks::marks};

/// A stored explanation. No `Debug`: it holds what people are called.
pub struct Evidence(pub Grounds);

impl Evidence {
    pub(crate) fn outcome(&self, frame: &Frame) -> String {
        let key = match self.0.verdict {
            Verdict::Auto => "explain-auto",
            Verdict::Potential => "explain-potential",
            Verdict::Below => "explain-below",
        };
        frame.with(key, "score", signed(&self.0.total))
    }

    pub(crate) fn level(&self, line: &Line) -> (&'static str, &'static str, &'static str) {
        match line.agreement {
            Level::Same => ("same", "=", "level-same"),
            Level::Similar => ("similar", "≈", "level-similar"),
            Level::Differs => ("differs", "≠", "level-differs"),
            Level::Missing => ("missing", "○", "level-missing"),
        }
    }

    /// Running totals before and after a line, as x and width of a bar of 100.
    pub(crate) fn bar(&self, at: usize) -> (String, String) {
        let totals = self.totals();
        let low = totals.iter().copied().fold(0.0, f64::min);
        let high = totals.iter().copied().fold(0.0, f64::max);
        let scale = if high > low { 100.0 / (high - low) } else { 0.0 };
        let (from, to) = (totals[at], totals[at + 1]);
        let x = (from.min(to) - low) * scale;
        (format!("{x:.1}"), format!("{:.1}", ((to - from).abs() * scale).max(0.5)))
    }

    fn totals(&self) -> Vec<f64> {
        let mut totals = vec![self.0.base];
        for line in &self.0.lines {
            totals.push(totals[totals.len() - 1] + line.weight);
        }
        totals
    }

    pub(crate) fn values(&self, line: &Line) -> [Vec<Vec<(String, bool)>>; 2] {
        let marked = |values: &[String], others: &[String]| {
            let mark = |(at, value): (usize, &String)| {
                let other = others.get(at).or(others.first());
                let other = if others.contains(value) { Some(value) } else { other };
                shown(&marks(value, other.map_or("", String::as_str)))
            };
            values.iter().enumerate().map(mark).collect::<Vec<_>>()
        };
        [marked(&line.query, &line.candidate), marked(&line.candidate, &line.query)]
    }

    pub(crate) fn percent(&self, share: &f64) -> String {
        format!("{:.4} %", share * 100.0)
    }
}

/// A number with its sign, as weights are written.
pub(crate) fn signed(number: &f64) -> String {
    let text = format!("{:.2}", number.abs());
    let is_zero = text.trim_matches(['0', '.']).is_empty();
    if *number < 0.0 && !is_zero { format!("\u{2212}{text}") } else { text }
}
