//! The figures of an evaluation, for people and for machines; no values of records.

use std::fmt;

use matching::{
    Band, MatchingType,
    evaluate::{
        ClusterFigures, Curve, Figures, Group, Point, Ratio, Unlinkable, between, by_group,
        by_group_judged, clusters, compare_clusters, joined,
    },
};
use serde::Serialize;

use super::search::{Found, People, pass_bit};

/// Groups of one kind that are told; the largest.
const GROUPS_MAX: usize = 20;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(super) struct Evaluated {
    pub(super) records: usize,
    pub(super) true_pairs: u64,
    /// Pairs above the floor.
    pub(super) scored_pairs: usize,
    /// True pairs among them: the most that any threshold could find.
    pub(super) scored_true_pairs: u64,
    pub(super) unit: &'static str,
    /// Linked without a person at the thresholds of the rules, guards heeded.
    pub(super) auto: Figures,
    /// Those and the ones that a person sees.
    pub(super) auto_and_potential: Figures,
    pub(super) best: Option<Point>,
    pub(super) wanted_precision: f64,
    pub(super) advised: Option<Point>,
    /// The persons that records make that join the best match before them, one after the other,
    /// as `opencr link` decides; `None` with labels.
    pub(super) linked: Option<ClusterFigures>,
    /// The persons that all automatic links together make; `None` with labels.
    pub(super) persons: Option<ClusterFigures>,
    pub(super) passes: Vec<Pass>,
    pub(super) groups: Vec<Groups>,
    pub(super) unlinkable: Unlinkable,
    pub(super) curve: Vec<Point>,
}

/// What one pass finds by itself.
#[derive(Debug, Serialize)]
pub(super) struct Pass {
    pub(super) name: String,
    /// The links that it makes without a person, other passes or not.
    pub(super) auto: Figures,
}

/// Groups of one kind.
#[derive(Debug, Serialize)]
pub(super) struct Groups {
    pub(super) kind: &'static str,
    /// Over pairs within each; the largest ones.
    pub(super) groups: Vec<Group>,
    /// Over pairs whose records are of two groups.
    pub(super) between: Figures,
}

impl Evaluated {
    pub(super) fn of(people: &People, found: &Found, wanted: f64) -> Evaluated {
        let Found { pairs, bands, truth, matches, total, .. } = found;
        let curve = Curve::new(pairs, *matches, *total);
        let zipped = || pairs.iter().zip(bands);
        let autos = || zipped().filter(|(_, band)| **band == Band::Auto).map(|(pair, _)| pair);
        let either = zipped().filter(|(_, band)| **band != Band::Below).map(|(pair, _)| pair);
        let is_known = truth.iter().any(Option::is_some);
        let compared = |persons: &[u32]| compare_clusters(persons, truth, *matches, *total);
        let persons = is_known.then(|| {
            let links = autos().map(|pair| (pair.one, pair.other));
            compared(&clusters(truth.len(), links))
        });
        let linked = is_known
            .then(|| compared(&joined(truth.len(), |at| found.best[at as usize].as_slice())));
        let auto = Figures::of_pairs(autos(), *matches, *total);
        let rules = people.ruleset.rules.iter().enumerate();
        let passes = rules
            .map(|(at, rule)| Pass {
                name: rule.name.clone(),
                auto: {
                    let by_pass = pairs.iter().zip(&found.autos);
                    let chosen = by_pass.filter(|(_, passes)| *passes & pass_bit(at) != 0);
                    Figures::of_pairs(chosen.map(|(pair, _)| pair), *matches, *total)
                },
            })
            .collect();
        let is_native = people.ruleset.rules.iter().all(|rule| rule.kind == MatchingType::Native);
        let itself = (0..truth.len() as u32).map(|at| people.judge(at, at, true).band);
        Evaluated {
            records: truth.len(),
            true_pairs: *matches,
            scored_pairs: pairs.len(),
            scored_true_pairs: pairs.iter().filter(|pair| pair.is_match).count() as u64,
            unit: if is_native { "bits" } else { "points" },
            auto,
            auto_and_potential: Figures::of_pairs(either, *matches, *total),
            best: curve.best(),
            wanted_precision: wanted,
            advised: curve.for_precision(wanted),
            linked,
            persons,
            passes,
            groups: groups(people, found, &auto),
            unlinkable: Unlinkable::of(
                itself.map(|band| (band != Band::Below, band == Band::Auto)),
            ),
            curve: curve.points(),
        }
    }
}

fn groups(people: &People, found: &Found, auto: &Figures) -> Vec<Groups> {
    let is_known = found.truth.iter().any(Option::is_some);
    let judged = || {
        let zipped = found.pairs.iter().zip(&found.bands);
        zipped.map(|(pair, band)| (pair, *band == Band::Auto))
    };
    let kinds = people.groups.iter().map(|(kind, labels)| {
        let mut groups = if is_known {
            let autos = judged().filter(|(_, is_auto)| *is_auto).map(|(pair, _)| pair);
            by_group(labels, &found.truth, autos)
        } else {
            by_group_judged(labels, judged())
        };
        let between = between(&groups, auto);
        groups.sort_by_key(|group| std::cmp::Reverse(group.records));
        groups.truncate(GROUPS_MAX);
        groups.sort_by(|one, other| one.label.cmp(&other.label));
        Groups { kind, groups, between }
    });
    // One group is everybody.
    kinds.filter(|kind| kind.groups.len() > 1).collect()
}

fn share(ratio: Option<Ratio>) -> String {
    match ratio {
        Some(ratio) => format!("{:.4} ({:.4}-{:.4})", ratio.value, ratio.low, ratio.high),
        None => "-".to_owned(),
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, figures: &Figures) -> fmt::Result {
    let specificity = figures.specificity.map_or("-".to_owned(), |s| format!("{:.8}", s.value));
    writeln!(
        f,
        "{name:<30} {:>22} {:>22} {:>22} {specificity:>11} {:>9} {:>9}",
        share(figures.precision),
        share(figures.recall),
        share(figures.f1),
        figures.false_positives,
        figures.false_negatives
    )
}

/// Lines of thresholds that are printed; the page and the JSON have all.
const THRESHOLDS_TOLD: usize = 12;

impl fmt::Display for Evaluated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} records, {} true pairs, of which {} score above the floor ({} pairs in all)\n",
            self.records, self.true_pairs, self.scored_true_pairs, self.scored_pairs
        )?;
        writeln!(
            f,
            "{:<30} {:>22} {:>22} {:>22} {:>11} {:>9} {:>9}",
            "", "precision (95 %)", "recall (95 %)", "F1 (95 %)", "specificity", "wrong", "missed"
        )?;
        for (name, figures) in self.chosen() {
            line(f, &name, figures)?;
        }
        for (name, persons) in self.clusterings() {
            line(f, name, &persons.pairwise)?;
        }
        writeln!(f)?;
        for sentence in self.sentences() {
            writeln!(f, "{sentence}")?;
        }
        if self.passes.len() > 1 {
            writeln!(f, "\nBy pass, each by itself:")?;
            for pass in &self.passes {
                line(f, &pass.name, &pass.auto)?;
            }
        }
        for kind in &self.groups {
            writeln!(f, "\nBy {}, over pairs within each:", kind.kind)?;
            for group in &kind.groups {
                line(f, group_name(group), &group.figures)?;
            }
            line(f, "one of each of two", &kind.between)?;
        }
        writeln!(f, "\nBy threshold, without guards:")?;
        for point in spread(&self.curve, THRESHOLDS_TOLD) {
            line(f, &format!("from {:.2} {}", point.threshold, self.unit), &point.figures)?;
        }
        Ok(())
    }
}

/// What a group is called.
pub(super) fn group_name(group: &Group) -> &str {
    if group.label.is_empty() { "not known" } else { &group.label }
}

/// At most so many of the points, evenly spread, the first and the last among them.
pub(super) fn spread(points: &[Point], most: usize) -> impl Iterator<Item = &Point> {
    let last = points.len().saturating_sub(1);
    let steps = last.min(most.saturating_sub(1)).max(1);
    let at = (0..=steps).map(move |step| step * last / steps);
    let mut before = None;
    at.filter(move |at| before.replace(*at) != Some(*at)).filter_map(|at| points.get(at))
}

impl Evaluated {
    /// The choices of pairs that are told, each with its name.
    pub(super) fn chosen(&self) -> Vec<(String, &Figures)> {
        let mut rows = vec![
            ("linked without a person".to_owned(), &self.auto),
            ("linked or shown to a person".to_owned(), &self.auto_and_potential),
        ];
        if let Some(best) = &self.best {
            let name = format!("best, from {:.2} {}", best.threshold, self.unit);
            rows.push((name, &best.figures));
        }
        if let Some(advised) = &self.advised {
            let name = format!("precise, from {:.2} {}", advised.threshold, self.unit);
            rows.push((name, &advised.figures));
        }
        rows
    }

    /// The persons that are made, each way with its name.
    pub(super) fn clusterings(&self) -> Vec<(&'static str, &ClusterFigures)> {
        let ways = [
            ("persons as opencr link decides", &self.linked),
            ("persons, links closed", &self.persons),
        ];
        ways.into_iter().filter_map(|(name, way)| Some((name, way.as_ref()?))).collect()
    }

    /// What is to be known beside the figures.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut told = Vec::new();
        for (name, persons) in self.clusterings() {
            if let Some(b_cubed) = &persons.b_cubed {
                told.push(format!(
                    "{name}: {} of them, the largest of {} records; B-cubed precision {:.4}, \
                     recall {:.4}, F1 {:.4}.",
                    persons.persons, persons.largest, b_cubed.precision, b_cubed.recall, b_cubed.f1
                ));
            }
        }
        if self.linked.is_some() {
            told.push(
                "Figures of persons are over all pairs of records of one person, so they differ \
                 from those of links: A-B and B-C make A-C, found or not."
                    .to_owned(),
            );
        }
        told.push(match &self.advised {
            Some(advised) => format!(
                "For a precision of {} put the auto threshold at {:.2} {}.",
                self.wanted_precision, advised.threshold, self.unit
            ),
            None => format!("No threshold has a precision of {}.", self.wanted_precision),
        });
        told.push(format!(
            "Of {} records, {} could not even be linked with themselves, and {} would not be \
             shown: too little is known of them.",
            self.unlinkable.records, self.unlinkable.below_auto, self.unlinkable.below_potential
        ));
        told
    }
}
