//! The hits of one rule that are returned: every auto match and the best potential ones.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::{Found, Hit};
use crate::score::Band;

/// The hits of one rule that will be returned.
pub(super) struct Best {
    autos: Vec<Hit>,
    /// The worst on top, to be pushed out.
    potentials: BinaryHeap<Ranked>,
    potential_max: usize,
    potential_total: u64,
}

impl Best {
    pub(super) fn new(potential_max: usize) -> Best {
        let (autos, potentials) = (Vec::new(), BinaryHeap::new());
        Best { autos, potentials, potential_max, potential_total: 0 }
    }

    /// Takes a hit or leaves it; the order of offers makes no difference.
    pub(super) fn offer(&mut self, hit: Hit) {
        match hit.band {
            Band::Below => {}
            Band::Auto => self.autos.push(hit),
            Band::Potential => {
                self.potential_total += 1;
                self.potentials.push(Ranked(hit));
                if self.potentials.len() > self.potential_max {
                    self.potentials.pop();
                }
            }
        }
    }

    /// Puts what is left, in order, behind what other rules found.
    pub(super) fn conclude(self, found: &mut Found) {
        found.potential_total += self.potential_total;
        let potentials = self.potentials.into_iter().map(|ranked| ranked.0);
        let mut hits: Vec<Hit> = self.autos.into_iter().chain(potentials).collect();
        hits.sort_unstable_by_key(|hit| Ranked(*hit));
        found.hits.append(&mut hits);
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
