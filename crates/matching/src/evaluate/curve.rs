//! What every threshold would give.

use serde::Serialize;

use super::{Figures, ScoredPair};

/// Points that are shown; more cannot be told apart in a drawing.
const SHOWN_MAX: usize = 400;

/// A threshold and what it gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The threshold, inclusive.
    pub threshold: f64,
    /// What is at or above it.
    pub figures: Figures,
}

/// Scored pairs by falling weight.
#[derive(Debug, Clone)]
pub struct Curve {
    /// Per distinct weight, falling: pairs at or above it that are right, and wrong.
    steps: Vec<(f64, u64, u64)>,
    matches: u64,
    pairs: u64,
}

impl Curve {
    /// From pairs, of `pairs` there are, `matches` of them one person.
    pub fn new(scored: &[ScoredPair], matches: u64, pairs: u64) -> Curve {
        let mut sorted: Vec<(f64, bool)> =
            scored.iter().map(|pair| (pair.weight, pair.is_match)).collect();
        sorted.sort_by(|one, other| other.0.total_cmp(&one.0));
        let mut steps: Vec<(f64, u64, u64)> = Vec::new();
        let (mut right, mut wrong) = (0, 0);
        for (weight, is_match) in sorted {
            *(if is_match { &mut right } else { &mut wrong }) += 1;
            match steps.last_mut() {
                Some(last) if last.0 == weight => *last = (weight, right, wrong),
                _ => steps.push((weight, right, wrong)),
            }
        }
        Curve { steps, matches, pairs }
    }

    fn point(&self, (threshold, right, wrong): (f64, u64, u64)) -> Point {
        let figures = Figures::of(right, wrong, self.matches, self.pairs);
        Point { threshold, figures }
    }

    /// What a threshold gives.
    pub fn at(&self, threshold: f64) -> Point {
        let above = self.steps.partition_point(|step| step.0 >= threshold);
        let (_, right, wrong) =
            above.checked_sub(1).map_or((threshold, 0, 0), |last| self.steps[last]);
        self.point((threshold, right, wrong))
    }

    /// The threshold of the best F1; the highest of equals.
    pub fn best(&self) -> Option<Point> {
        let f1 =
            |step: &(f64, u64, u64)| 2.0 * step.1 as f64 / (step.1 + step.2 + self.matches) as f64;
        let best =
            self.steps.iter().reduce(|best, step| if f1(step) > f1(best) { step } else { best });
        best.map(|step| self.point(*step))
    }

    /// The lowest threshold that still has a precision; `None` if none has.
    pub fn for_precision(&self, wanted: f64) -> Option<Point> {
        let has = |step: &&(f64, u64, u64)| {
            let chosen = (step.1 + step.2) as f64;
            step.1 as f64 >= wanted * chosen
        };
        self.steps.iter().rev().find(has).map(|step| self.point(*step))
    }

    /// Points from the highest threshold to the lowest, thinned out to what can be shown.
    pub fn points(&self) -> Vec<Point> {
        let every = self.steps.len().div_ceil(SHOWN_MAX).max(1);
        let last = self.steps.len().saturating_sub(1);
        let shown = self.steps.iter().enumerate().filter(|(at, _)| at % every == 0 || *at == last);
        shown.map(|(_, step)| self.point(*step)).collect()
    }
}
