//! The hits that are returned: every auto match and, by rule, the best potential ones.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};

use super::{Cost, Found, Hit, Limits};
use crate::score::Band;

/// The hits of one rule that will be returned.
pub(super) struct Best {
    autos: Vec<Hit>,
    /// The worst on top, to be pushed out.
    potentials: BinaryHeap<Ranked>,
    potential_max: usize,
    potential_total: u64,
    /// Every potential match, where another rule may have it, too.
    numbers: Option<Vec<u32>>,
    /// Only records below this number count.
    below: Option<u32>,
}

impl Best {
    /// Takes a hit or leaves it; the order of offers makes no difference.
    pub(super) fn offer(&mut self, hit: Hit) {
        if self.below.is_some_and(|below| hit.number >= below) {
            return;
        }
        match hit.band {
            Band::Below => {}
            Band::Auto => self.autos.push(hit),
            Band::Potential => {
                self.potential_total += 1;
                self.numbers.iter_mut().for_each(|numbers| numbers.push(hit.number));
                self.potentials.push(Ranked(hit));
                if self.potentials.len() > self.potential_max {
                    self.potentials.pop();
                }
            }
        }
    }
}

/// What the rules found so far, one after another.
pub(super) struct Gathered {
    potential_max: usize,
    has_several_rules: bool,
    below: Option<u32>,
    hits: Vec<Hit>,
    potential_total: u64,
    numbers: Vec<u32>,
    is_cut: bool,
}

impl Gathered {
    pub(super) fn new(rules: usize, limits: &Limits, below: Option<u32>) -> Gathered {
        Gathered {
            potential_max: limits.potential_max,
            has_several_rules: rules > 1,
            below,
            hits: Vec::new(),
            potential_total: 0,
            numbers: Vec::new(),
            is_cut: false,
        }
    }

    /// Where the next rule puts its hits.
    pub(super) fn next_rule(&self) -> Best {
        Best {
            autos: Vec::new(),
            potentials: BinaryHeap::new(),
            potential_max: self.potential_max,
            potential_total: 0,
            numbers: self.has_several_rules.then(Vec::new),
            below: self.below,
        }
    }

    /// Puts what is left, in order, behind what other rules found.
    pub(super) fn take(&mut self, best: Best) {
        self.potential_total += best.potential_total;
        self.is_cut |= best.potential_total > best.potentials.len() as u64;
        self.numbers.extend(best.numbers.into_iter().flatten());
        let potentials = best.potentials.into_iter().map(|ranked| ranked.0);
        let mut hits: Vec<Hit> = best.autos.into_iter().chain(potentials).collect();
        hits.sort_unstable_by_key(|hit| Ranked(*hit));
        self.hits.append(&mut hits);
    }

    /// Counts each record once, in its best class.
    pub(super) fn conclude(mut self, cost: Cost) -> Found {
        if self.has_several_rules {
            self.numbers.sort_unstable();
            self.numbers.dedup();
            let autos: HashSet<u32> = self
                .hits
                .iter()
                .filter(|hit| hit.band == Band::Auto)
                .map(|hit| hit.number)
                .collect();
            self.numbers.retain(|number| !autos.contains(number));
            self.potential_total = self.numbers.len() as u64;
        }
        let Gathered { hits, potential_total, is_cut, .. } = self;
        Found { hits, potential_total, is_cut, cost }
    }
}

/// A hit by rank: higher score first, then lower number. Less is better.
#[derive(PartialEq, Eq)]
struct Ranked(Hit);

impl Ord for Ranked {
    fn cmp(&self, other: &Ranked) -> Ordering {
        let by_score = other.0.score.cmp(&self.0.score);
        by_score.then(self.0.number.cmp(&other.0.number))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Ranked) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
