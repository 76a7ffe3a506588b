//! All pairs of a file that score above a floor, with what the truth says of them.

use std::{collections::HashMap, sync::Arc};

use matching::{
    Band, Features, Index, Limits, MatchingType, Ruleset,
    evaluate::{ScoredPair, pairs_among},
};
use pipeline::pairs::{Labelled, Truth};
use rayon::prelude::*;
use registry::extract::Extractor;

use crate::{cohort::Member, usage};

/// Pairs above the floor that are kept; more are a floor that is too low.
const PAIRS_MAX: usize = 50_000_000;

/// The people of a file in an index with a low threshold.
pub(super) struct People {
    pub(super) ruleset: Arc<Ruleset>,
    index: Index,
    lowered: Arc<Ruleset>,
    pub(super) features: Vec<Features>,
    pub(super) ids: Vec<String>,
    /// Per kind of group, a label for each record.
    pub(super) groups: Vec<(&'static str, Vec<String>)>,
}

/// What was found.
pub(super) struct Found {
    /// Every pair above the floor, or every labelled one.
    pub(super) pairs: Vec<ScoredPair>,
    /// Per pair, whether it is linked without a person at the thresholds of the rules.
    pub(super) bands: Vec<Band>,
    /// Per record, its true person; without truth none.
    pub(super) truth: Vec<Option<u32>>,
    /// True pairs in all.
    pub(super) matches: u64,
    /// Pairs in all.
    pub(super) total: u64,
}

impl People {
    pub(super) fn new(extractor: &Extractor, floor: f64) -> anyhow::Result<People> {
        if !floor.is_finite() {
            return Err(usage("--floor is a number of bits"));
        }
        let ruleset = Arc::clone(extractor.ruleset());
        let mut lowered = (*ruleset).clone();
        for rule in &mut lowered.rules {
            if rule.kind == MatchingType::Native {
                rule.potential_threshold = rule.potential_threshold.map(|least| least.min(floor));
            }
        }
        let lowered = Arc::new(lowered);
        let index = Index::new(Arc::clone(&lowered));
        let groups = ["sex", "born", "source"].map(|kind| (kind, Vec::new())).to_vec();
        Ok(People { ruleset, index, lowered, features: Vec::new(), ids: Vec::new(), groups })
    }

    pub(super) fn add(&mut self, member: Member) {
        self.index.insert(self.ids.len() as u32, member.features.clone());
        self.features.push(member.features);
        self.ids.push(member.id);
        let labels = [member.sex, member.born, member.source];
        for ((_, list), label) in self.groups.iter_mut().zip(labels) {
            list.push(label);
        }
    }

    /// Searches for every record among all, on all cores.
    pub(super) fn search_all(&self, truth: &Truth) -> Found {
        let persons: Vec<Option<u32>> =
            self.ids.iter().map(|id| truth.cluster_of(id).map(|person| person as u32)).collect();
        let snapshot = self.index.snapshot();
        let limits = Limits { potential_max: usize::MAX };
        let numbers: Vec<u32> = (0..self.ids.len() as u32).collect();
        let found: Vec<Vec<(ScoredPair, Band)>> = numbers
            .par_iter()
            .map(|number| {
                let hits = snapshot.search(&self.features[*number as usize], &limits).hits;
                let mut best: HashMap<u32, (ScoredPair, Band)> = HashMap::new();
                for hit in hits.iter().filter(|hit| hit.number < *number) {
                    let weight = f64::from(hit.score.as_f32());
                    let (one, other) = (hit.number, *number);
                    let person = persons[one as usize];
                    let is_match = person.is_some() && person == persons[other as usize];
                    let pair = ScoredPair { one, other, weight, rule: hit.rule, is_match };
                    let band = self.band(hit.rule, hit.score, hit.band);
                    let known = best.entry(one).or_insert((pair, band));
                    if weight > known.0.weight {
                        known.0 = pair;
                    }
                    if band == Band::Auto || known.1 == Band::Below {
                        known.1 = band;
                    }
                }
                let mut best: Vec<_> = best.into_values().collect();
                best.sort_by_key(|(pair, _)| pair.one);
                best
            })
            .collect();
        let (pairs, bands) = found.into_iter().flatten().take(PAIRS_MAX).unzip();
        let total = pairs_among(self.ids.len() as u64);
        Found { pairs, bands, truth: persons, matches: truth.pair_count(), total }
    }

    /// The band at the rules' own thresholds of a hit of the lowered ones.
    fn band(&self, rule: usize, score: matching::Score, band: Band) -> Band {
        let below = self.ruleset.rules[rule].band(score) == Band::Below;
        if below { Band::Below } else { band }
    }

    /// Scores the labelled pairs and no others.
    pub(super) fn judge_labelled(&self, labels: &Labelled) -> anyhow::Result<Found> {
        let numbers: HashMap<&str, u32> =
            (0..).zip(&self.ids).map(|(number, id)| (id.as_str(), number)).collect();
        let (mut pairs, mut bands, mut unknown) = (Vec::new(), Vec::new(), 0_usize);
        for (one, other, is_match) in &labels.pairs {
            let both = numbers.get(one.as_str()).zip(numbers.get(other.as_str()));
            let Some((one, other)) = both.filter(|(one, other)| one != other) else {
                unknown += 1;
                continue;
            };
            let (weight, rule, band) = self.judge(*one, *other);
            pairs.push(ScoredPair { one: *one, other: *other, weight, rule, is_match: *is_match });
            bands.push(band);
        }
        if unknown > 0 {
            eprintln!("Labels of {unknown} pairs are not used: a record of theirs was not read");
        }
        if pairs.is_empty() {
            return Err(usage("no labelled pair is among the records that were read"));
        }
        let matches = pairs.iter().filter(|pair| pair.is_match).count() as u64;
        let total = pairs.len() as u64;
        Ok(Found { pairs, bands, truth: vec![None; self.ids.len()], matches, total })
    }

    /// The best weight of a pair, the pass that gives it, and the best band.
    pub(super) fn judge(&self, one: u32, other: u32) -> (f64, usize, Band) {
        let (one, other) = (&self.features[one as usize], &self.features[other as usize]);
        let mut best = (f64::NEG_INFINITY, 0, Band::Below);
        for (at, rule) in self.lowered.rules.iter().enumerate() {
            let Some(scored) = matching::score(rule, one, other) else { continue };
            let weight = f64::from(scored.score.as_f32());
            let band = self.band(at, scored.score, scored.band(rule));
            if weight > best.0 {
                (best.0, best.1) = (weight, at);
            }
            best.2 = match (best.2, band) {
                (Band::Auto, _) | (_, Band::Auto) => Band::Auto,
                (Band::Potential, _) | (_, Band::Potential) => Band::Potential,
                (Band::Below, Band::Below) => Band::Below,
            };
        }
        best
    }
}
