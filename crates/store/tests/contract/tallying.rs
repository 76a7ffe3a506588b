//! Figures: added whole by whoever goes on from where they end, and told in order.

use std::sync::Arc;

use registry::{
    ids::{Revision, Timestamp},
    tally::{Tally, TallyHead, TallyKey, TallyKind, TallyStep},
};
use store::Store;

use crate::contract;

contract!(
    counts_are_added_up_and_told_by_kind_in_order,
    counts_that_go_on_from_elsewhere_are_not_added,
    first_counts_of_a_day_stay,
);

fn tally(kind: TallyKind, period: &str, name: &str, count: u64) -> Tally {
    Tally { key: TallyKey { kind, period: period.into(), name: name.into() }, count }
}

fn step(after: u64, to: u64, added: Vec<Tally>) -> TallyStep {
    let to = TallyHead { revision: Revision(to), at: Timestamp(to as i64 * 1_000) };
    TallyStep { after: Revision(after), to, added, first: Vec::new() }
}

async fn counts_are_added_up_and_told_by_kind_in_order(store: Arc<dyn Store>) {
    use TallyKind::{Decided, Registered};
    assert_eq!(store.tally_head().await.unwrap(), TallyHead::default());
    assert!(store.tallies(Registered, "").await.unwrap().is_empty());
    let first = vec![
        tally(Registered, "2026-11-23", "lab", 2),
        tally(Registered, "2026-11-22", "emr", 3),
        tally(Decided, "2026-11-23", "a\u{0}b", 1),
    ];
    assert!(store.tally(step(0, 5, first)).await.unwrap());
    let second = vec![
        tally(Registered, "2026-11-23", "lab", 4),
        tally(Registered, "2026-11-23", "emr", 1),
        tally(Registered, "2026-11-23", "Emr", 9),
    ];
    assert!(store.tally(step(5, 7, second)).await.unwrap());
    let head = TallyHead { revision: Revision(7), at: Timestamp(7_000) };
    assert_eq!(store.tally_head().await.unwrap(), head);
    let today = [
        tally(Registered, "2026-11-23", "Emr", 9),
        tally(Registered, "2026-11-23", "emr", 1),
        tally(Registered, "2026-11-23", "lab", 6),
    ];
    assert_eq!(store.tallies(Registered, "2026-11-23").await.unwrap(), today);
    assert_eq!(store.tallies(Registered, "2026").await.unwrap().len(), 4);
    let decided = [tally(Decided, "2026-11-23", "a\u{0}b", 1)];
    assert_eq!(store.tallies(Decided, "").await.unwrap(), decided);
}

async fn counts_that_go_on_from_elsewhere_are_not_added(store: Arc<dyn Store>) {
    let one = || vec![tally(TallyKind::Registered, "2026-11-23", "emr", 1)];
    assert!(store.tally(step(0, 3, one())).await.unwrap());
    for (after, to) in [(0, 3), (2, 4), (4, 5)] {
        assert!(!store.tally(step(after, to, one())).await.unwrap(), "{after} to {to}");
    }
    assert_eq!(store.tally_head().await.unwrap().revision, Revision(3));
    assert_eq!(store.tallies(TallyKind::Registered, "").await.unwrap(), one());
}

async fn first_counts_of_a_day_stay(store: Arc<dyn Store>) {
    let waiting = |count| vec![tally(TallyKind::Waiting, "2026-11-23", "potential", count)];
    for (after, count) in [(0, 8), (1, 5)] {
        let first = waiting(count);
        let step = TallyStep { first, ..step(after, after + 1, Vec::new()) };
        assert!(store.tally(step).await.unwrap());
    }
    assert_eq!(store.tallies(TallyKind::Waiting, "").await.unwrap(), waiting(8));
}
