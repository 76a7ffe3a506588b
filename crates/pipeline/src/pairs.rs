//! How good links are: pairwise precision, recall and F1 against a known truth.
//!
//! A *pair* is two different records. Predicted are all pairs of records with the same CRUID;
//! with potential matches, those pairs on top. True are all pairs of records in the same
//! cluster of the truth. A truth given as pairs is closed first: if A-B and B-C are true, so
//! is A-C, since being one person is transitive. The counts follow from how clusters overlap,
//! so that no pair of a large cluster is ever enumerated (Menestrina, Whang & Garcia-Molina
//! 2010, "Evaluating Entity Resolution Results", section 3, gives the measures).
//!
//! Records of the truth that were not read count as missed pairs; records that were read and
//! are not in the truth are each a person of their own, so that linking them is an error.

mod labels;
mod truth;

use std::collections::{HashMap, HashSet};

pub use labels::{Labelled, LabelsError};
pub use truth::{Truth, TruthError};

/// What was linked, by the ids of the records.
#[derive(Clone, Debug, Default)]
pub struct Predicted<'a> {
    /// Which records are one person: record id and CRUID. For an id given twice the last counts.
    pub people: Vec<(&'a str, &'a str)>,
    /// Pairs of records that a person should look at; order and repetition do not matter.
    pub potential: Vec<(&'a str, &'a str)>,
}

/// How many pairs were right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Pairs of the truth.
    pub true_pairs: u64,
    /// Pairs that were predicted.
    pub predicted_pairs: u64,
    /// Pairs that were predicted and are true.
    pub correct_pairs: u64,
    /// Correct of the predicted pairs, 0 to 1; `None` if nothing was predicted.
    pub precision: Option<f64>,
    /// Correct of the true pairs, 0 to 1; `None` if there is nothing to find.
    pub recall: Option<f64>,
    /// The harmonic mean of both; `None` if either is, 0 if both are 0.
    pub f1: Option<f64>,
}

/// The evaluation of automatic links, and of these with the potential matches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluations {
    /// Automatic links alone.
    pub auto: Evaluation,
    /// Automatic links, and potential pairs between different people as if confirmed.
    pub auto_and_potential: Evaluation,
    /// Potential pairs, counted once each and only between different CRUIDs.
    pub potential_pairs: u64,
}

impl Evaluation {
    /// Makes the ratios of three counts.
    pub fn of(true_pairs: u64, predicted_pairs: u64, correct_pairs: u64) -> Self {
        let ratio = |whole: u64| (whole > 0).then(|| correct_pairs as f64 / whole as f64);
        let (precision, recall) = (ratio(predicted_pairs), ratio(true_pairs));
        let f1 = precision.zip(recall).map(|(precision, recall)| {
            if correct_pairs == 0 {
                return 0.0;
            }
            2.0 * precision * recall / (precision + recall)
        });
        Self { true_pairs, predicted_pairs, correct_pairs, precision, recall, f1 }
    }
}

/// Compares `predicted` with `truth`.
///
/// A potential pair is counted as it is, without closure: it proposes to look at two records,
/// and says nothing about the others of their golden records.
pub fn evaluate(truth: &Truth, predicted: &Predicted<'_>) -> Evaluations {
    let people = latest(&predicted.people);
    let mut cells: HashMap<(&str, Option<usize>), u64> = HashMap::new();
    let mut sizes: HashMap<&str, u64> = HashMap::new();
    for (record, cruid) in &people {
        *sizes.entry(cruid).or_default() += 1;
        if let Some(cluster) = truth.cluster_of(record) {
            *cells.entry((cruid, Some(cluster))).or_default() += 1;
        }
    }
    let true_pairs = truth.pair_count();
    let predicted_pairs = sizes.values().copied().map(pairs_of).sum();
    let correct_pairs = cells.values().copied().map(pairs_of).sum();

    let potential = open_pairs(&people, &predicted.potential);
    let hits = potential.iter().filter(|(a, b)| truth.is_pair(a, b)).count() as u64;
    let potential_pairs = potential.len() as u64;
    Evaluations {
        auto: Evaluation::of(true_pairs, predicted_pairs, correct_pairs),
        auto_and_potential: Evaluation::of(
            true_pairs,
            predicted_pairs + potential_pairs,
            correct_pairs + hits,
        ),
        potential_pairs,
    }
}

/// Counts the pairs of records with the same CRUID, and the potential pairs between others.
pub fn count(predicted: &Predicted<'_>) -> (u64, u64) {
    let people = latest(&predicted.people);
    let mut sizes: HashMap<&str, u64> = HashMap::new();
    for cruid in people.values() {
        *sizes.entry(cruid).or_default() += 1;
    }
    let potential = open_pairs(&people, &predicted.potential).len() as u64;
    (sizes.values().copied().map(pairs_of).sum(), potential)
}

/// The pairs among `size` records.
fn pairs_of(size: u64) -> u64 {
    size * size.saturating_sub(1) / 2
}

fn latest<'a>(people: &[(&'a str, &'a str)]) -> HashMap<&'a str, &'a str> {
    people.iter().copied().collect()
}

/// Each potential pair once, the smaller id first, without those that are linked anyway.
fn open_pairs<'a>(
    people: &HashMap<&str, &str>,
    pairs: &[(&'a str, &'a str)],
) -> HashSet<(&'a str, &'a str)> {
    let ordered = pairs.iter().map(|(a, b)| if a <= b { (*a, *b) } else { (*b, *a) });
    ordered
        .filter(|(a, b)| a != b)
        .filter(|(a, b)| match (people.get(a), people.get(b)) {
            (Some(left), Some(right)) => left != right,
            (None, _) | (_, None) => true,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn evaluated(truth: &str, people: &[(&str, &str)], potential: &[(&str, &str)]) -> Evaluations {
        let truth = Truth::read(truth.as_bytes()).unwrap();
        evaluate(&truth, &Predicted { people: people.to_vec(), potential: potential.to_vec() })
    }

    #[test]
    fn counts_follow_from_clusters() {
        let truth = "rec_id,cluster\na,1\nb,1\nc,1\nd,2\ne,2\n";
        let people = [("a", "X"), ("b", "X"), ("c", "Y"), ("d", "Y"), ("e", "Z")];
        let found = evaluated(truth, &people, &[("e", "d"), ("d", "e"), ("a", "e"), ("a", "b")]);
        assert_eq!(found.auto, Evaluation::of(4, 2, 1));
        assert_eq!(found.potential_pairs, 2);
        assert_eq!(found.auto_and_potential, Evaluation::of(4, 4, 2));
        assert_eq!(found.auto.precision, Some(0.5));
        assert_eq!(found.auto.recall, Some(0.25));
        assert!((found.auto.f1.unwrap() - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn pairs_as_truth_are_closed() {
        let truth = "rec_id_1,rec_id_2\na,b\nb,c\n";
        let found = evaluated(truth, &[("a", "X"), ("c", "X"), ("b", "Y"), ("d", "X")], &[]);
        assert_eq!(found.auto, Evaluation::of(3, 3, 1));
    }

    #[test]
    fn nothing_predicted_and_nothing_to_find_have_no_ratio() {
        let found = evaluated("rec_id,cluster\na,1\nb,2\n", &[("a", "X"), ("b", "Y")], &[]).auto;
        assert_eq!((found.precision, found.recall, found.f1), (None, None, None));
        let found = evaluated("rec_id,cluster\na,1\nb,1\n", &[("a", "X"), ("b", "Y")], &[]).auto;
        assert_eq!((found.precision, found.recall, found.f1), (None, Some(0.0), None));
        let wrong = evaluated(
            "rec_id,cluster\na,1\nb,1\nc,2\n",
            &[("a", "X"), ("c", "X"), ("b", "Y")],
            &[],
        );
        assert_eq!(wrong.auto.f1, Some(0.0));
    }

    #[test]
    fn records_that_were_not_read_are_missed_pairs() {
        let found = evaluated("rec_id,cluster\na,1\nb,1\n", &[("a", "X")], &[]);
        assert_eq!(found.auto, Evaluation::of(1, 0, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn counts_equal_enumeration(
            records in prop::collection::vec((0u8..5, 0u8..5), 0..30),
            potential in prop::collection::vec((0usize..30, 0usize..30), 0..10),
        ) {
            let mut text = "rec_id,cluster\n".to_owned();
            let mut people = Vec::new();
            for (index, (cluster, cruid)) in records.iter().enumerate() {
                text.push_str(&format!("{index},{cluster}\n"));
                people.push((index.to_string(), cruid.to_string()));
            }
            let potential: Vec<_> = potential
                .into_iter()
                .filter(|(a, b)| *a < records.len() && *b < records.len())
                .collect();
            let (mut is_true, mut predicted, mut correct, mut open, mut hits) = (0, 0, 0, 0, 0);
            for a in 0..records.len() {
                for b in a + 1..records.len() {
                    let (same, linked) =
                        (records[a].0 == records[b].0, records[a].1 == records[b].1);
                    let is_open = !linked
                        && (potential.contains(&(a, b)) || potential.contains(&(b, a)));
                    is_true += u64::from(same);
                    predicted += u64::from(linked);
                    correct += u64::from(same && linked);
                    open += u64::from(is_open);
                    hits += u64::from(is_open && same);
                }
            }
            let truth = Truth::read(text.as_bytes()).unwrap();
            let names: Vec<String> = (0..records.len()).map(|index| index.to_string()).collect();
            let name = |index: usize| names[index].as_str();
            let predicted_people = Predicted {
                people: people.iter().map(|(record, cruid)| (&**record, &**cruid)).collect(),
                potential: potential.iter().map(|(a, b)| (name(*a), name(*b))).collect(),
            };
            let found = evaluate(&truth, &predicted_people);
            prop_assert_eq!(found.auto, Evaluation::of(is_true, predicted, correct));
            prop_assert_eq!(
                found.auto_and_potential,
                Evaluation::of(is_true, predicted + open, correct + hits)
            );
            prop_assert_eq!(count(&predicted_people), (predicted, open));
        }
    }
}
