//! Rows grouped by which features they lack, and the plans that were made for these groups.
//!
//! Within a group every missing value is a constant of a rule, whatever its null handling. New
//! groups are rare; plans are kept until one appears and are shared by all snapshots until then.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::ROWS_CHUNK;
use super::chunked::Chunked;
use super::planner::{Lacks, QuerySide};
use super::plans::Plan;
use super::rows::Rows;

/// Entries of plans that are kept, a byte or two each: a bound on memory, for rule sets with very
/// many combinations.
const KEPT_MAX: usize = 1 << 25;

/// All groups.
#[derive(Clone)]
pub(super) struct Masks {
    known: Arc<Known>,
    /// Per group.
    rows: Arc<Vec<Rows>>,
    /// Per row that a record is at, its group: what a search looks at first, and small enough to
    /// stay in a processor's cache.
    groups: Chunked<u16, ROWS_CHUNK>,
}

/// By rule and what it depends on in the query; `None` where planning would take too long.
type Plans = HashMap<(usize, QuerySide), Option<Arc<Plan>>, foldhash::fast::RandomState>;

/// Plans and the sum of their sizes.
#[derive(Default)]
struct Kept {
    plans: Plans,
    size: usize,
}

/// The groups there are, and what follows from them and the rules alone.
#[derive(Default)]
struct Known {
    lacks: Vec<Lacks>,
    positions: HashMap<Lacks, usize, foldhash::fast::RandomState>,
    kept: RwLock<Kept>,
}

// Rows are many, and which of them lack what is no use to a reader.
impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masks").field("groups", &self.rows.len()).finish_non_exhaustive()
    }
}

impl Masks {
    pub(super) fn new() -> Masks {
        Masks { known: Arc::default(), rows: Arc::default(), groups: Chunked::new() }
    }

    /// The groups of what the record of each row lacks; a row without a record has `None`.
    pub(super) fn of(records: impl Iterator<Item = Option<Lacks>>) -> Masks {
        let (mut known, mut rows) = (Known::default(), Vec::<Vec<u32>>::new());
        let grouped = (0..).zip(records).map(|(row, lacks)| {
            let Some(lacks) = lacks else { return 0 };
            let group = *known.positions.entry(lacks).or_insert_with(|| {
                known.lacks.push(lacks);
                rows.push(Vec::new());
                rows.len() - 1
            });
            rows[group].push(row);
            name(group)
        });
        let groups = Chunked::of(grouped);
        let rows = rows.iter().map(|rows| Rows::of(rows)).collect();
        Masks { known: Arc::new(known), rows: Arc::new(rows), groups }
    }

    /// What the records of each group lack.
    pub(super) fn lacks(&self) -> &[Lacks] {
        &self.known.lacks
    }

    /// The rows of one group.
    pub(super) fn rows(&self, group: usize) -> &Rows {
        &self.rows[group]
    }

    /// The group of a row that has a record; only up to `GROUPS_MAX` groups are told apart.
    pub(super) fn group_of(&self, row: u32) -> usize {
        usize::from(self.groups.get(row as usize))
    }

    pub(super) fn insert(&mut self, lacks: Lacks, row: u32) {
        let group = self.known.positions.get(&lacks).copied().unwrap_or_else(|| {
            let mut known = Known {
                lacks: self.known.lacks.clone(),
                positions: self.known.positions.clone(),
                kept: RwLock::default(),
            };
            known.lacks.push(lacks);
            known.positions.insert(lacks, known.lacks.len() - 1);
            self.known = Arc::new(known);
            Arc::make_mut(&mut self.rows).push(Rows::default());
            self.rows.len() - 1
        });
        Arc::make_mut(&mut self.rows)[group].insert(row);
        self.groups.set(row as usize, name(group));
    }

    pub(super) fn remove(&mut self, lacks: Lacks, row: u32) {
        if let Some(group) = self.known.positions.get(&lacks) {
            Arc::make_mut(&mut self.rows)[*group].remove(row);
        }
    }

    /// The plan of a rule for a query, made by `make` the first time.
    pub(super) fn plan(
        &self,
        rule: usize,
        query: QuerySide,
        make: impl FnOnce() -> Option<Plan>,
    ) -> Option<Arc<Plan>> {
        // A plan that was being put in when a reader panicked is there or not, never in part.
        let kept = self.known.kept.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = kept.plans.get(&(rule, query)) {
            return plan.clone();
        }
        drop(kept);
        let plan = make().map(Arc::new);
        let mut kept = self.known.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.size > KEPT_MAX {
            // Those that are asked for come back.
            *kept = Kept::default();
        }
        kept.size += plan.as_ref().map_or(1, |plan| plan.size());
        kept.plans.insert((rule, query), plan.clone());
        plan
    }

    pub(super) fn bytes(&self) -> usize {
        let rows = self.rows.iter().map(|rows| rows.bytes() + size_of::<Rows>());
        rows.sum::<usize>() + self.groups.bytes()
    }
}

/// Two bytes for a group. Beyond what they can name no rule is planned, and no search asks.
fn name(group: usize) -> u16 {
    u16::try_from(group).unwrap_or(u16::MAX)
}
