//! [`AuditLog`]: the contract of the audit log, and what all stores check of it.
//!
//! Beside the registry's own commits: entries come in batches of their own, from the edges, and
//! a store never refuses a commit because of them.

use async_trait::async_trait;
use registry::{
    audit::{AuditHead, AuditRecord},
    ids::Timestamp,
};

use crate::StoreError;

/// Entries that one [`AuditLog::cut_audit`] removes at the most, so that commits wait for
/// milliseconds only.
pub const AUDIT_CUT_MAX: u32 = 10_000;

/// The append-only log of who asked for what.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// The entry before the first kept one ([`AuditHead::start`] if none was cut), and the newest.
    async fn audit_ends(&self) -> Result<(AuditHead, AuditHead), StoreError>;

    /// Lets an empty log begin after `anchor`, as one that was cut; for moving a registry.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] if the log has begun, [`StoreError::Database`] if the database
    /// refused.
    async fn begin_audit_at(&self, anchor: AuditHead) -> Result<(), StoreError>;

    /// Writes all of `records` durably, or none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] if they do not continue the chain, [`StoreError::Database`] if the
    /// database refused.
    async fn append_audit(&self, records: Vec<AuditRecord>) -> Result<(), StoreError>;

    /// Entries with a number above `after`, in order.
    async fn audit_after(&self, after: u64, limit: u32) -> Result<Vec<AuditRecord>, StoreError>;

    /// Cuts off the entries at the beginning that are older than `before`, [`AUDIT_CUT_MAX`] at
    /// the most and never the newest; keeps the last one's number and hash as the anchor. Gives
    /// how many were cut.
    async fn cut_audit(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// The refusal to begin a log that has begun.
pub(crate) fn begun() -> StoreError {
    StoreError::Refused("the audit log has begun".to_owned())
}

/// Checks that `records` continue the chain at `head`, and gives the head after them.
///
/// # Errors
///
/// [`StoreError::Refused`] if they do not.
pub(crate) fn continued(
    mut head: AuditHead,
    records: &[AuditRecord],
) -> Result<AuditHead, StoreError> {
    for record in records {
        head.follow(record).map_err(|error| StoreError::Refused(error.to_string()))?;
    }
    Ok(head)
}
