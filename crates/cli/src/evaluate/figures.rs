//! The figures of an evaluation, for people and for machines; no values of records.

use std::fmt;

use matching::{
    Band, MatchingType,
    evaluate::{
        ClusterFigures, Curve, Figures, Group, Point, Ratio, ScoredPair, Unlinkable, by_group,
        clusters, compare_clusters,
    },
};
use serde::Serialize;

use super::search::{Found, People};

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
    /// The persons that the automatic links make; `None` with labels.
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
    /// Automatic links whose best weight it gave.
    pub(super) auto: Figures,
}

/// Groups of one kind.
#[derive(Debug, Serialize)]
pub(super) struct Groups {
    pub(super) kind: &'static str,
    pub(super) groups: Vec<Group>,
}

impl Evaluated {
    pub(super) fn of(people: &People, found: &Found, wanted: f64) -> Evaluated {
        let Found { pairs, bands, truth, matches, total } = found;
        let curve = Curve::new(pairs, *matches, *total);
        let zipped = || pairs.iter().zip(bands);
        let autos = || zipped().filter(|(_, band)| **band == Band::Auto).map(|(pair, _)| pair);
        let either = zipped().filter(|(_, band)| **band != Band::Below).map(|(pair, _)| pair);
        let is_known = truth.iter().any(Option::is_some);
        let persons = is_known.then(|| {
            let links = autos().map(|pair| (pair.one, pair.other));
            compare_clusters(&clusters(truth.len(), links), truth, *matches, *total)
        });
        let rules = people.ruleset.rules.iter().enumerate();
        let passes = rules
            .map(|(at, rule)| Pass {
                name: rule.name.clone(),
                auto: Figures::of_pairs(autos().filter(|pair| pair.rule == at), *matches, *total),
            })
            .collect();
        let is_native = people.ruleset.rules.iter().all(|rule| rule.kind == MatchingType::Native);
        let itself = (0..truth.len() as u32).map(|at| people.judge(at, at).2);
        Evaluated {
            records: truth.len(),
            true_pairs: *matches,
            scored_pairs: pairs.len(),
            scored_true_pairs: pairs.iter().filter(|pair| pair.is_match).count() as u64,
            unit: if is_native { "bits" } else { "points" },
            auto: Figures::of_pairs(autos(), *matches, *total),
            auto_and_potential: Figures::of_pairs(either, *matches, *total),
            best: curve.best(),
            wanted_precision: wanted,
            advised: curve.for_precision(wanted),
            persons,
            passes,
            groups: if is_known { groups(people, truth, &autos) } else { Vec::new() },
            unlinkable: Unlinkable::of(
                itself.map(|band| (band != Band::Below, band == Band::Auto)),
            ),
            curve: curve.points(),
        }
    }
}

fn groups<'p, I: Iterator<Item = &'p ScoredPair>>(
    people: &People,
    truth: &[Option<u32>],
    autos: &impl Fn() -> I,
) -> Vec<Groups> {
    let kinds = people.groups.iter().map(|(kind, labels)| {
        let mut groups = by_group(labels, truth, autos());
        groups.sort_by_key(|group| std::cmp::Reverse(group.records));
        groups.truncate(GROUPS_MAX);
        groups.sort_by(|one, other| one.label.cmp(&other.label));
        Groups { kind, groups }
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
    let f1 = figures.f1.map_or("-".to_owned(), |f1| format!("{f1:.4}"));
    writeln!(
        f,
        "{name:<30} {:>22} {:>22} {f1:>8} {:>9} {:>9}",
        share(figures.precision),
        share(figures.recall),
        figures.false_positives,
        figures.false_negatives
    )
}

impl fmt::Display for Evaluated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} records, {} true pairs, of which {} score above the floor ({} pairs in all)\n",
            self.records, self.true_pairs, self.scored_true_pairs, self.scored_pairs
        )?;
        writeln!(
            f,
            "{:<30} {:>22} {:>22} {:>8} {:>9} {:>9}",
            "", "precision (95 %)", "recall (95 %)", "F1", "wrong", "missed"
        )?;
        line(f, "linked without a person", &self.auto)?;
        line(f, "linked or shown to a person", &self.auto_and_potential)?;
        if let Some(best) = &self.best {
            line(f, &format!("best, from {:.2} {}", best.threshold, self.unit), &best.figures)?;
        }
        if let Some(advised) = &self.advised {
            let name = format!("precise, from {:.2} {}", advised.threshold, self.unit);
            line(f, &name, &advised.figures)?;
        }
        if let Some(persons) = &self.persons {
            line(f, "persons made of the links", &persons.pairwise)?;
            if let Some(b_cubed) = &persons.b_cubed {
                writeln!(
                    f,
                    "\n{} persons, the largest of {} records; B-cubed precision {:.4}, recall \
                     {:.4}, F1 {:.4}",
                    persons.persons, persons.largest, b_cubed.precision, b_cubed.recall, b_cubed.f1
                )?;
            }
        }
        match &self.advised {
            Some(advised) => writeln!(
                f,
                "For a precision of {} put the auto threshold at {:.2} {}.",
                self.wanted_precision, advised.threshold, self.unit
            )?,
            None => {
                writeln!(f, "No threshold has a precision of {}.", self.wanted_precision)?;
            }
        }
        if let Some(specificity) = self.auto.specificity {
            writeln!(f, "Specificity of the links: {:.8}", specificity.value)?;
        }
        writeln!(
            f,
            "Of {} records, {} could not even be linked with themselves, and {} would not be \
             shown: too little is known of them.",
            self.unlinkable.records, self.unlinkable.below_auto, self.unlinkable.below_potential
        )?;
        if self.passes.len() > 1 {
            writeln!(f, "\nBy pass:")?;
            for pass in &self.passes {
                line(f, &pass.name, &pass.auto)?;
            }
        }
        for kind in &self.groups {
            writeln!(f, "\nBy {}:", kind.kind)?;
            for group in &kind.groups {
                let label = if group.label.is_empty() { "not known" } else { &group.label };
                line(f, label, &group.figures)?;
            }
        }
        Ok(())
    }
}
