//! What links make of the records: persons, and how they compare with the true ones.

use std::collections::HashMap;

use serde::Serialize;

use super::{Figures, pairs_among};

/// Precision and recall of the average record.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BCubed {
    /// Of the records that are taken for a record's person, the share that is right.
    pub precision: f64,
    /// Of the records of a record's person, the share that is found.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

/// Persons made by links against the true ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClusterFigures {
    /// Persons.
    pub persons: u64,
    /// Records of the largest person.
    pub largest: u64,
    /// Over pairs of records of one person.
    pub pairwise: Figures,
    /// Over records; `None` without records of which the truth is known.
    pub b_cubed: Option<BCubed>,
}

/// The person of each record, when linked records are one person and so are those linked to
/// them. Persons are numbered by their first record.
pub fn clusters(records: usize, links: impl Iterator<Item = (u32, u32)>) -> Vec<u32> {
    let mut parents: Vec<u32> = (0..records as u32).collect();
    let root = |parents: &mut Vec<u32>, mut at: u32| {
        while parents[at as usize] != at {
            let above = parents[parents[at as usize] as usize];
            parents[at as usize] = above;
            at = above;
        }
        at
    };
    for (one, other) in links {
        let (one, other) = (root(&mut parents, one), root(&mut parents, other));
        parents[one.max(other) as usize] = one.min(other);
    }
    (0..records as u32).map(|at| root(&mut parents, at)).collect()
}

/// The person of each record, when records come one after the other and each joins the person of
/// its best automatic match among those before, as the registry decides.
///
/// `best` gives the best matches of a record, several if they are equal; of their persons the
/// oldest is joined. Other automatic matches stay where they are: the registry calls them
/// conflicts and merges nobody. Persons are numbered by their first record.
pub fn joined<'b>(records: usize, best: impl Fn(u32) -> &'b [u32]) -> Vec<u32> {
    let mut persons: Vec<u32> = Vec::with_capacity(records);
    for at in 0..records as u32 {
        let known = best(at).iter().filter_map(|other| persons.get(*other as usize));
        let person = known.min().copied().unwrap_or(at);
        persons.push(person);
    }
    persons
}

/// Compares persons with the true ones, where these are known; `matches` are all true pairs.
pub fn compare_clusters(
    found: &[u32],
    truth: &[Option<u32>],
    matches: u64,
    pairs: u64,
) -> ClusterFigures {
    let mut cells: HashMap<(u32, u32), u64> = HashMap::new();
    let mut sizes: HashMap<u32, u64> = HashMap::new();
    let mut true_sizes: HashMap<u32, u64> = HashMap::new();
    for (person, truth) in found.iter().zip(truth) {
        *sizes.entry(*person).or_default() += 1;
        if let Some(truth) = truth {
            *cells.entry((*person, *truth)).or_default() += 1;
            *true_sizes.entry(*truth).or_default() += 1;
        }
    }
    let chosen: u64 = sizes.values().copied().map(pairs_among).sum();
    let right: u64 = cells.values().copied().map(pairs_among).sum();
    let known: u64 = true_sizes.values().sum();
    // Summed in order: the last digits of a sum depend on it.
    let mut cells: Vec<((u32, u32), u64)> = cells.into_iter().collect();
    cells.sort_unstable();
    let (mut precision, mut recall) = (0.0, 0.0);
    for ((person, truth), count) in cells {
        let squared = (count * count) as f64;
        precision += squared / sizes[&person] as f64;
        recall += squared / true_sizes[&truth] as f64;
    }
    let b_cubed = (known > 0).then(|| {
        let (precision, recall) = (precision / known as f64, recall / known as f64);
        BCubed { precision, recall, f1: 2.0 * precision * recall / (precision + recall) }
    });
    ClusterFigures {
        persons: sizes.len() as u64,
        largest: sizes.values().copied().max().unwrap_or(0),
        pairwise: Figures::of(right, chosen - right, matches, pairs),
        b_cubed,
    }
}
