//! The audit log: appended in order, never otherwise, and cut at the beginning only.

use std::sync::Arc;

use registry::{
    audit::{Act, AuditEntry, AuditHead, AuditRecord, Who},
    ids::Timestamp,
};
use store::{AuditLog, Store, StoreError};

use crate::contract;

contract!(
    entries_come_back_as_they_were_written,
    what_does_not_continue_the_chain_is_refused_whole,
    cut_chain_is_checked_from_its_anchor,
    newest_entry_is_never_cut,
);

/// Entries at the seconds given, continuing at `head`.
fn entries(head: &mut AuditHead, seconds: &[i64]) -> Vec<AuditRecord> {
    let entry = || AuditEntry::new(Act::Read, Who::default());
    seconds.iter().map(|at| head.append(Timestamp(at * 1_000_000), entry())).collect()
}

async fn all(store: &dyn AuditLog) -> Vec<AuditRecord> {
    store.audit_after(0, 1000).await.unwrap()
}

async fn entries_come_back_as_they_were_written(store: Arc<dyn Store>) {
    let (anchor, mut head) = store.audit_ends().await.unwrap();
    assert_eq!((&anchor, &head), (&AuditHead::start(), &AuditHead::start()));
    let written = entries(&mut head, &[1, 2, 3]);
    store.append_audit(written[..1].to_vec()).await.unwrap();
    store.append_audit(written[1..].to_vec()).await.unwrap();
    assert_eq!(all(&*store).await, written);
    assert_eq!(store.audit_after(1, 1).await.unwrap(), written[1..2]);
    assert_eq!(store.audit_ends().await.unwrap(), (anchor, head));
}

async fn what_does_not_continue_the_chain_is_refused_whole(store: Arc<dyn Store>) {
    let mut head = AuditHead::start();
    let written = entries(&mut head, &[1, 2, 3]);
    let mut edited = written.clone();
    edited[2].body = edited[2].body.replace("read", "search");
    for wrong in [written[1..].to_vec(), edited] {
        let refused = store.append_audit(wrong).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    }
    assert!(all(&*store).await.is_empty());
    store.append_audit(written.clone()).await.unwrap();
    assert!(store.append_audit(written).await.is_err(), "the same entries twice");
}

async fn cut_chain_is_checked_from_its_anchor(store: Arc<dyn Store>) {
    let mut head = AuditHead::start();
    let written = entries(&mut head, &[1, 2, 3, 4]);
    store.append_audit(written.clone()).await.unwrap();
    assert_eq!(store.cut_audit(Timestamp(3_000_000)).await.unwrap(), 2);
    assert_eq!(store.cut_audit(Timestamp(3_000_000)).await.unwrap(), 0);
    let (mut anchor, newest) = store.audit_ends().await.unwrap();
    assert_eq!((anchor.number, newest.number), (2, 4));
    for record in all(&*store).await {
        anchor.follow(&record).unwrap();
    }
    assert_eq!(anchor, head);
}

async fn newest_entry_is_never_cut(store: Arc<dyn Store>) {
    assert_eq!(store.cut_audit(Timestamp(9_000_000)).await.unwrap(), 0);
    let mut head = AuditHead::start();
    store.append_audit(entries(&mut head, &[1, 2])).await.unwrap();
    assert_eq!(store.cut_audit(Timestamp(9_000_000)).await.unwrap(), 1);
    assert_eq!(all(&*store).await.len(), 1);
    store.append_audit(entries(&mut head, &[3])).await.unwrap();
    assert_eq!(all(&*store).await.len(), 2);
}
