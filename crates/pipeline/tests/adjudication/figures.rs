//! Figures: whoever counts, and however often, each event counts once.

use registry::tally::{Tally, TallyKind};

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
