//! [`Tallies`]: the contract of the figures that are folded from events.

use async_trait::async_trait;
use registry::tally::{Tally, TallyHead, TallyKind, TallyStep};

use crate::StoreError;

/// Figures about the registry, made of its events and kept so that nobody has to count again.
///
/// They are no part of the registry's state: a copy of a registry begins without them and makes
/// them anew.
#[async_trait]
pub trait Tallies: Send + Sync {
    /// Up to where events are counted; revision 0 at the beginning.
    async fn tally_head(&self) -> Result<TallyHead, StoreError>;

    /// Counts of a kind from a period on, in order of periods and names.
    async fn tallies(&self, kind: TallyKind, since: &str) -> Result<Vec<Tally>, StoreError>;

    /// Adds counts, all or none; gives whether it did. It does not if somebody else counted what
    /// comes after `step.after`.
    async fn tally(&self, step: TallyStep) -> Result<bool, StoreError>;
}
