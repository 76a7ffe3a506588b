//! The audit log in memory, and none in a draft.

use std::collections::VecDeque;

use async_trait::async_trait;
use registry::{
    audit::{AuditHead, AuditRecord},
    ids::Timestamp,
};

use super::MemoryStore;
use crate::{
    AuditLog, DraftStore, StoreError,
    audit::{AUDIT_CUT_MAX, begun, continued},
};

/// The kept entries and what was cut before them.
pub(super) struct AuditChain {
    anchor: AuditHead,
    kept: VecDeque<AuditRecord>,
}

impl Default for AuditChain {
    fn default() -> Self {
        Self { anchor: AuditHead::start(), kept: VecDeque::new() }
    }
}

impl AuditChain {
    fn newest(&self) -> AuditHead {
        self.kept.back().map_or_else(|| self.anchor.clone(), head_of)
    }
}

fn head_of(record: &AuditRecord) -> AuditHead {
    AuditHead { number: record.number, hash: record.hash.clone() }
}

#[async_trait]
impl AuditLog for MemoryStore {
    async fn audit_ends(&self) -> Result<(AuditHead, AuditHead), StoreError> {
        let chain = self.audit.read();
        Ok((chain.anchor.clone(), chain.newest()))
    }

    async fn begin_audit_at(&self, anchor: AuditHead) -> Result<(), StoreError> {
        let mut chain = self.audit.write();
        if chain.newest() != AuditHead::start() {
            return Err(begun());
        }
        chain.anchor = anchor;
        Ok(())
    }

    async fn append_audit(&self, records: Vec<AuditRecord>) -> Result<(), StoreError> {
        let mut chain = self.audit.write();
        continued(chain.newest(), &records)?;
        chain.kept.extend(records);
        Ok(())
    }

    async fn audit_after(&self, after: u64, limit: u32) -> Result<Vec<AuditRecord>, StoreError> {
        let chain = self.audit.read();
        let later = chain.kept.iter().filter(|record| record.number > after);
        Ok(later.take(limit as usize).cloned().collect())
    }

    async fn cut_audit(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut chain = self.audit.write();
        let mut cut = 0;
        while cut < u64::from(AUDIT_CUT_MAX) && chain.kept.len() > 1 {
            let Some(oldest) = chain.kept.pop_front_if(|oldest| oldest.at < before) else { break };
            chain.anchor = head_of(&oldest);
            cut += 1;
        }
        Ok(cut)
    }
}

/// What the draft says that it keeps no audit log with.
const NOT_KEPT: StoreError = StoreError::NotKept("audit log");

#[async_trait]
impl AuditLog for DraftStore {
    async fn audit_ends(&self) -> Result<(AuditHead, AuditHead), StoreError> {
        Err(NOT_KEPT)
    }

    async fn begin_audit_at(&self, _: AuditHead) -> Result<(), StoreError> {
        Err(NOT_KEPT)
    }

    async fn append_audit(&self, _: Vec<AuditRecord>) -> Result<(), StoreError> {
        Err(NOT_KEPT)
    }

    async fn audit_after(&self, _: u64, _: u32) -> Result<Vec<AuditRecord>, StoreError> {
        Err(NOT_KEPT)
    }

    async fn cut_audit(&self, _: Timestamp) -> Result<u64, StoreError> {
        Err(NOT_KEPT)
    }
}
