//! Figures: whoever counts, and however often, each event counts once.

use pipeline::review::Case;
use registry::{
    actor::Actor,
    adjudicate::{Adjudication, Grouping},
    ids::RecordId,
    tally::{Checked, Tally, TallyKind},
};

use super::harness::{AMINA, BRIAN, LIKE_AMINA, Registry, same};

const FOREVER: usize = usize::MAX;

async fn counts(registry: &Registry, kind: TallyKind) -> Vec<(String, u64)> {
    let told = registry.pipeline.figures().of(kind, "").await.unwrap();
    told.into_iter().map(|Tally { key, count }| (key.name, count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_counts_once() {
    let registry = Registry::new().await;
    let figures = registry.pipeline.figures();
    assert!(figures.catch_up(FOREVER).await.unwrap());
    assert!(counts(&registry, TallyKind::Registered).await.is_empty());
    for (id, of) in [("a", AMINA), ("b", LIKE_AMINA), ("c", BRIAN), ("d", AMINA)] {
        registry.submit(id, of).await;
    }
    registry.submit("c", LIKE_AMINA).await;
    for _ in 0..2 {
        assert!(figures.catch_up(FOREVER).await.unwrap());
    }
    let total = |told: &[(String, u64)]| told.iter().map(|(_, count)| count).sum::<u64>();
    assert_eq!(total(&counts(&registry, TallyKind::Registered).await), 4);
    let matched = counts(&registry, TallyKind::Matched).await;
    assert_eq!(total(&matched), 4, "{matched:?}");
    for (band, expected) in [("/auto/", 1), ("/review/", 1), ("/none", 2)] {
        let of_band: Vec<_> =
            matched.iter().filter(|(name, _)| name.contains(band)).cloned().collect();
        assert_eq!(total(&of_band), expected, "{band} in {matched:?}");
    }
    let verdict = registry.judge(same("a", "b")).await.unwrap();
    registry.undo(verdict.event.unwrap()).await.unwrap();
    assert!(figures.catch_up(FOREVER).await.unwrap());
    assert_eq!(total(&counts(&registry, TallyKind::Decided).await), 1);
    assert_eq!(total(&counts(&registry, TallyKind::Undone).await), 1);
    let head = figures.head().await.unwrap().revision;
    assert_eq!(head, registry.pipeline.reader().head().await.unwrap().revision);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_kept_as_the_day_began() {
    let registry = Registry::new().await;
    let figures = registry.pipeline.figures();
    registry.submit("a", AMINA).await;
    registry.submit("b", LIKE_AMINA).await;
    figures.catch_up(FOREVER).await.unwrap();
    registry.submit("c", LIKE_AMINA).await;
    figures.catch_up(FOREVER).await.unwrap();
    let waiting = counts(&registry, TallyKind::Waiting).await;
    let of = |name: &str, count| (name.to_owned(), count);
    assert_eq!(waiting, [of("auto", 0), of("conflict", 0), of("potential", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_is_counted_beyond_what_was_asked_for() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    let figures = registry.pipeline.figures();
    assert!(!figures.catch_up(0).await.unwrap());
    assert_eq!(figures.head().await.unwrap().revision.0, 0);
    assert!(figures.catch_up(1).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_tell_their_scales() {
    let scales = Registry::new().await.pipeline.scales();
    assert_eq!(scales.len(), 1);
    assert_eq!((scales[0].rule, scales[0].name.as_str()), (1, "rule 1"));
    assert!(scales[0].review.unwrap() < scales[0].automatic);
}

#[tokio::test(flavor = "multi_thread")]
async fn automatic_matches_that_were_checked_count_until_that_is_undone() {
    let registry = Registry::new().await;
    for id in ["a", "b", "c", "d"] {
        registry.submit(id, AMINA).await;
    }
    let checked = async || {
        registry.pipeline.figures().catch_up(FOREVER).await.unwrap();
        let told = counts(&registry, TallyKind::Checked).await;
        let found = |word: &str| -> u64 {
            told.iter().filter(|(name, _)| name.contains(word)).map(|(_, count)| count).sum()
        };
        assert!(told.iter().all(|(name, _)| Checked::parse(name).is_some()), "{told:?}");
        (found("/right/"), found("/wrong/"), found("/undone"))
    };
    assert_eq!(checked().await, (0, 0, 0));
    let right = registry.judge(same("a", "b")).await.unwrap();
    assert_eq!(checked().await, (1, 0, 0));
    let records = [RecordId::new("d")].into();
    let apart = Adjudication::Break { records, grouping: Grouping::Together };
    let wrong = registry.judge(apart).await.unwrap();
    let (_, wrongs, _) = checked().await;
    assert!(wrongs >= 1);
    registry.undo(wrong.event.unwrap()).await.unwrap();
    assert_eq!(checked().await, (1, 2 * wrongs, wrongs));
    let undone = registry.undo(right.event.unwrap()).await.unwrap();
    assert_eq!(checked().await, (2, 2 * wrongs, wrongs + 1));
    registry.undo(undone.event.unwrap()).await.unwrap();
    assert_eq!(checked().await, (3, 2 * wrongs, wrongs + 1), "it is right again");
    // What was decided with many others says nothing, and neither does its undo.
    registry.submit("f", AMINA).await;
    let before = checked().await;
    let mut case = Case::new(same("a", "f"), Actor::User("many".into()));
    case.unseen = true;
    let many = registry.case(case).await.unwrap();
    registry.undo(many.event.unwrap()).await.unwrap();
    assert_eq!(checked().await, before);
    // A pair that was not linked says nothing about automatic matches.
    registry.submit("e", LIKE_AMINA).await;
    let before = checked().await;
    registry.judge(same("a", "e")).await.unwrap();
    assert_eq!(checked().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn bands_tell_how_often_the_rules_were_wrong() {
    let registry = Registry::new().await;
    for id in ["a", "b", "c"] {
        registry.submit(id, AMINA).await;
    }
    let figures = registry.pipeline.figures();
    let ruleset = registry.pipeline.extractor().ruleset().hash.to_string();
    registry.judge(same("a", "b")).await.unwrap();
    let records = [RecordId::new("c")].into();
    let apart = Adjudication::Break { records, grouping: Grouping::Together };
    registry.judge(apart).await.unwrap();
    figures.catch_up(FOREVER).await.unwrap();
    let bands = figures.checked(&ruleset).await.unwrap();
    assert_eq!(bands.len(), 1, "{bands:?}");
    let band = bands[0];
    assert!(band.checked > band.wrong && band.wrong > 0, "{band:?}");
    let share = band.wrong as f64 / band.checked as f64;
    assert!(band.errors.0 < share && share < band.errors.1, "{band:?}");
    assert!(figures.checked("other rules").await.unwrap().is_empty());
}
