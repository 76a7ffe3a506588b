//! Figures against numbers worked out by hand.

use proptest::prelude::*;

use super::*;

fn pair(weight: f64, is_match: bool) -> ScoredPair {
    ScoredPair { one: 0, other: 1, weight, rule: 0, is_match }
}

#[test]
fn the_originals_published_counts_give_the_right_f1() {
    // OpenCR's tests/README.md says 0.4556; a factor 2 is missing there.
    let found = Figures::of(1674, 0, 2000, 5000);
    assert_eq!(found.recall.map(|r| r.value), Some(0.837));
    assert_eq!(found.specificity.map(|r| r.value), Some(1.0));
    let f1 = found.f1.unwrap();
    assert!((f1.value - 0.911_268).abs() < 1e-6);
    // By R: binom.confint(1674, 2000, methods = "wilson") is 0.8202 to 0.8526, as F* here.
    let of = |star: f64| 2.0 * star / (1.0 + star);
    assert!((f1.low - of(0.8202)).abs() < 1e-4 && (f1.high - of(0.8526)).abs() < 1e-4);
}

#[test]
fn wilsons_interval_is_as_published() {
    // Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662.
    let found = Ratio::of(81, 263).unwrap();
    assert!((found.low - 0.2553).abs() < 5e-5 && (found.high - 0.3662).abs() < 5e-5);
    let none = Ratio::of(0, 20).unwrap();
    assert!(none.low == 0.0 && (none.high - 0.1611).abs() < 5e-5);
    assert_eq!(Ratio::of(20, 20).unwrap().high, 1.0);
    assert_eq!(Ratio::of(0, 0), None);
}

#[test]
fn thresholds_are_chosen_among_all_weights() {
    let scored =
        [pair(9.0, true), pair(8.0, true), pair(7.0, false), pair(6.0, true), pair(1.0, false)];
    let curve = Curve::new(&scored, 4, 100);
    let best = curve.best().unwrap();
    assert_eq!((best.threshold, best.figures.f1.map(|f1| f1.value)), (6.0, Some(0.75)));
    assert_eq!(curve.for_precision(1.0).unwrap().threshold, 8.0);
    assert_eq!(curve.for_precision(0.7).unwrap().threshold, 6.0);
    assert_eq!(curve.at(6.5).figures, Figures::of(2, 1, 4, 100));
    assert_eq!(curve.at(10.0).figures.precision, None);
    assert_eq!(curve.points().len(), 5);
    assert!(Curve::new(&[], 0, 0).best().is_none());
}

#[test]
fn b_cubed_is_the_average_over_records() {
    // Persons {a b c} {d e}, found {a b} {c d e}: by hand, 11/15 both ways.
    let found = clusters(5, [(0, 1), (4, 3), (2, 3)].into_iter());
    assert_eq!(found, [0, 0, 2, 2, 2]);
    let truth = [0, 0, 0, 1, 1].map(Some);
    let compared = compare_clusters(&found, &truth, 4, 10);
    let b_cubed = compared.b_cubed.unwrap();
    let precision: f64 = (1.0 + 1.0 + 1.0 / 3.0 + 2.0 / 3.0 + 2.0 / 3.0) / 5.0;
    let recall: f64 = (2.0 / 3.0 + 2.0 / 3.0 + 1.0 / 3.0 + 1.0 + 1.0) / 5.0;
    assert!((b_cubed.precision - precision).abs() < 1e-12);
    assert!((b_cubed.recall - recall).abs() < 1e-12);
    assert_eq!(compared.pairwise, Figures::of(2, 2, 4, 10));
    assert_eq!((compared.persons, compared.largest), (2, 3));
}

#[test]
fn groups_count_pairs_within_them() {
    let labels = ["f", "f", "m", "f"].map(str::to_owned);
    let truth = [Some(1), Some(1), Some(1), None];
    let scored = [ScoredPair { one: 0, other: 1, weight: 1.0, rule: 0, is_match: true }];
    let groups = by_group(&labels, &truth, scored.iter());
    let told: Vec<_> = groups.iter().map(|g| (g.label.as_str(), g.records, g.figures)).collect();
    assert_eq!(told, [("f", 3, Figures::of(1, 0, 1, 3)), ("m", 1, Figures::of(0, 0, 0, 0))]);
}

#[test]
fn pairs_of_two_groups_are_what_is_left() {
    let labels = ["f", "f", "m", "m"].map(str::to_owned);
    let truth = [Some(1), Some(1), Some(1), None];
    let of = |one, other, is_match| ScoredPair { one, other, weight: 1.0, rule: 0, is_match };
    let scored = [of(0, 1, true), of(1, 2, true), of(0, 3, false)];
    let all = Figures::of_pairs(scored.iter(), 3, 6);
    let groups = by_group(&labels, &truth, scored.iter());
    assert_eq!(between(&groups, &all), Figures::of(1, 1, 2, 4));
    let judged = [(&scored[0], true), (&scored[1], false), (&scored[2], true)];
    let groups = by_group_judged(&labels, judged.into_iter());
    let told: Vec<_> = groups.iter().map(|g| (g.label.as_str(), g.records, g.figures)).collect();
    assert_eq!(told, [("f", 2, Figures::of(1, 0, 1, 1)), ("m", 2, Figures::of(0, 0, 0, 0))]);
}

#[test]
fn records_join_the_oldest_person_of_their_best_matches() {
    // 2 links to both others that are not linked: closed they are one person, joined they are not.
    let best: [&[u32]; 4] = [&[], &[], &[1], &[0, 2]];
    assert_eq!(joined(4, |at| best[at as usize]), [0, 1, 1, 0]);
}

#[test]
fn records_of_which_little_is_known_are_counted() {
    let found = Unlinkable::of([(true, true), (true, false), (false, false)].into_iter());
    assert_eq!((found.records, found.below_potential, found.below_auto), (3, 1, 2));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_point_equals_counting(weights in prop::collection::vec((0u8..9, any::<bool>()), 0..40)) {
        let scored: Vec<_> =
            weights.iter().map(|(weight, is_match)| pair(f64::from(*weight), *is_match)).collect();
        let matches = scored.iter().filter(|pair| pair.is_match).count() as u64 + 2;
        let curve = Curve::new(&scored, matches, 1000);
        for threshold in 0..10 {
            let threshold = f64::from(threshold);
            let chosen = scored.iter().filter(|pair| pair.weight >= threshold);
            let counted = Figures::of_pairs(chosen, matches, 1000);
            prop_assert_eq!(curve.at(threshold).figures, counted);
            let best = curve.best().and_then(|best| best.figures.f1).map_or(0.0, |f1| f1.value);
            prop_assert!(best >= counted.f1.map_or(0.0, |f1| f1.value) - 1e-12);
        }
    }
}
