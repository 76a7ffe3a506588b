//! All pairs of a file that score above a floor, with what the truth says of them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use matching::{
    Band, Features, Index, Limits, MatchingType, Ruleset,
    evaluate::{ScoredPair, pairs_among},
    index::Join,
    train::Labels,
};
use pipeline::pairs::{Labelled, Truth};
use rayon::prelude::*;
use registry::extract::Extractor;

use crate::{cohort::Member, usage};

/// True pairs below the floor that are kept, to be looked at.
const UNSCORED_MAX: usize = 1_000;
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
    /// Per pair, which passes link it without a person, as bits.
    pub(super) autos: Vec<u64>,
    /// Per record, its best automatic matches among those before it; empty with labels.
    pub(super) best: Vec<Vec<u32>>,
    /// Some true pairs that score below the floor.
    pub(super) unscored: Vec<(u32, u32)>,
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
        let groups = ["sex", "decade of birth", "source"].map(|kind| (kind, Vec::new())).to_vec();
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
        let join = Join::new(self.index.snapshot(), Limits { potential_max: usize::MAX });
        let numbers: Vec<u32> = (0..self.ids.len() as u32).collect();
        let found: Vec<OfRecord> =
            numbers.par_iter().map(|number| self.search(&join, *number, &persons)).collect();
        let mut all = Found {
            pairs: Vec::new(),
            bands: Vec::new(),
            autos: Vec::new(),
            best: Vec::with_capacity(found.len()),
            unscored: Vec::new(),
            truth: persons,
            matches: truth.pair_count(),
            total: pairs_among(self.ids.len() as u64),
        };
        for of_record in found {
            let room = PAIRS_MAX.saturating_sub(all.pairs.len());
            for judged in of_record.pairs.into_iter().take(room) {
                all.pairs.push(judged.pair);
                all.bands.push(judged.band);
                all.autos.push(judged.autos);
            }
            all.best.push(of_record.best);
        }
        all.unscored = unscored(&all.truth, &all.pairs);
        all
    }

    /// The pairs of a record with those before it.
    fn search(&self, join: &Join, number: u32, persons: &[Option<u32>]) -> OfRecord {
        let hits = join.before(number).1.hits;
        let mut pairs: BTreeMap<u32, Judged> = BTreeMap::new();
        // The first pass with an automatic match decides, and in it the best score.
        let mut best: (usize, f64, Vec<u32>) = (usize::MAX, 0.0, Vec::new());
        for hit in &hits {
            let weight = f64::from(hit.score.as_f32());
            let (one, other) = (hit.number, number);
            let person = persons[one as usize];
            let is_match = person.is_some() && person == persons[other as usize];
            let pair = ScoredPair { one, other, weight, rule: hit.rule, is_match };
            let band = self.band(hit.rule, hit.score, hit.band);
            let judged = pairs.entry(one).or_insert(Judged { pair, band: Band::Below, autos: 0 });
            judged.add(pair, band);
            if band == Band::Auto {
                if hit.rule < best.0 || hit.rule == best.0 && weight > best.1 {
                    best = (hit.rule, weight, Vec::new());
                }
                if (hit.rule, weight) == (best.0, best.1) {
                    best.2.push(one);
                }
            }
        }
        OfRecord { pairs: pairs.into_values().collect(), best: best.2 }
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
        let mut found = Found {
            pairs: Vec::new(),
            bands: Vec::new(),
            autos: Vec::new(),
            best: Vec::new(),
            unscored: Vec::new(),
            truth: vec![None; self.ids.len()],
            matches: 0,
            total: 0,
        };
        let labels = Labels::of(labels.pairs.iter().map(|(one, other, is_match)| {
            let number = |id: &String| numbers.get(id.as_str()).copied();
            (number(one).zip(number(other)), *is_match)
        }));
        let same = labels.same().iter().map(|pair| (pair, true));
        for ((other, one), is_match) in
            same.chain(labels.different().iter().map(|pair| (pair, false)))
        {
            let judged = self.judge(*one, *other, is_match);
            found.pairs.push(judged.pair);
            found.bands.push(judged.band);
            found.autos.push(judged.autos);
        }
        if labels.unknown() > 0 {
            let unknown = labels.unknown();
            eprintln!("Labels of {unknown} pairs are not used: a record of theirs was not read");
        }
        if labels.contradictory() > 0 {
            let both = labels.contradictory();
            eprintln!("Labels of {both} pairs are not used: they were judged both ways");
        }
        if found.pairs.is_empty() {
            return Err(usage("no labelled pair is among the records that were read"));
        }
        found.matches = found.pairs.iter().filter(|pair| pair.is_match).count() as u64;
        found.total = found.pairs.len() as u64;
        Ok(found)
    }

    /// The best weight of a pair, the pass that gives it, and the best band.
    pub(super) fn judge(&self, one: u32, other: u32, is_match: bool) -> Judged {
        let (first, second) = (&self.features[one as usize], &self.features[other as usize]);
        let pair = ScoredPair { one, other, weight: f64::NEG_INFINITY, rule: 0, is_match };
        let mut judged = Judged { pair, band: Band::Below, autos: 0 };
        for (rule, lowered) in self.lowered.rules.iter().enumerate() {
            let Some(scored) = matching::score(lowered, first, second) else { continue };
            let weight = f64::from(scored.score.as_f32());
            let band = self.band(rule, scored.score, scored.band(lowered));
            judged.add(ScoredPair { weight, rule, ..pair }, band);
        }
        judged
    }
}

/// A pair with what the passes make of it.
pub(super) struct Judged {
    /// By the pass that gives the best weight.
    pub(super) pair: ScoredPair,
    /// The best band of any pass.
    pub(super) band: Band,
    /// The passes that link it without a person, as bits.
    pub(super) autos: u64,
}

impl Judged {
    fn add(&mut self, pair: ScoredPair, band: Band) {
        if pair.weight > self.pair.weight {
            self.pair = pair;
        }
        if band == Band::Auto {
            self.autos |= pass_bit(pair.rule);
        }
        self.band = match (self.band, band) {
            (Band::Auto, _) | (_, Band::Auto) => Band::Auto,
            (Band::Potential, _) | (_, Band::Potential) => Band::Potential,
            (Band::Below, Band::Below) => Band::Below,
        };
    }
}

/// The bit of a pass; those beyond the last share one.
pub(super) fn pass_bit(rule: usize) -> u64 {
    1 << rule.min(63)
}

struct OfRecord {
    pairs: Vec<Judged>,
    best: Vec<u32>,
}

/// True pairs that no search found, as many as anybody reads.
fn unscored(truth: &[Option<u32>], pairs: &[ScoredPair]) -> Vec<(u32, u32)> {
    let found: HashSet<(u32, u32)> =
        pairs.iter().filter(|pair| pair.is_match).map(|pair| (pair.one, pair.other)).collect();
    let mut persons: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (at, person) in (0..).zip(truth) {
        if let Some(person) = person {
            persons.entry(*person).or_default().push(at);
        }
    }
    let all = persons.values().flat_map(|members| {
        members
            .iter()
            .enumerate()
            .flat_map(|(at, other)| members[..at].iter().map(move |one| (*one, *other)))
    });
    all.filter(|pair| !found.contains(pair)).take(UNSCORED_MAX).collect()
}
