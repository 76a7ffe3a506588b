//! A plan: the choices of drivers that a search has for one rule and one kind of query.
//!
//! What must agree is the planner's; here it is put together for all groups of records, so that
//! a search only adds the lengths of real lists and takes the cheapest choice.

use super::planner::{FieldSet, Lacks, Outlook, QuerySide, Shape, Table, bits};
use crate::rules::Rule;

/// Table entries that making one plan may cost; a rule beyond scans.
const PLAN_WORK_MAX: usize = 1 << 23;

/// Groups that two bytes can name.
pub(super) const GROUPS_MAX: usize = u16::MAX as usize;

/// The choices for one rule.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Groups in which a candidate may pass, with what it must agree on; empty if none can.
    live: Vec<(usize, Table)>,
    /// Number of groups, live or not.
    groups: usize,
    /// Whether every live group has a gate that both sides have.
    pub(super) is_gated: bool,
    /// Choices of which none is better in every way.
    pub(super) choices: Vec<Choice>,
}

/// Fields whose lists of agreeing records are read, and groups that are read as a whole.
#[derive(Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) drivers: FieldSet,
    /// Groups of which a record may match that agrees on no driver.
    pub(super) scanned: Box<[u16]>,
}

impl Plan {
    /// Plans a rule for the groups there are; `None` if that would take too long.
    pub(super) fn new(
        rule: &Rule,
        shape: &Shape,
        query: QuerySide,
        groups: &[Lacks],
    ) -> Option<Plan> {
        let patterns = 1 << shape.fields.len();
        if patterns * groups.len() > PLAN_WORK_MAX || groups.len() >= GROUPS_MAX {
            return None;
        }
        let tables: Vec<(usize, Table)> = groups
            .iter()
            .enumerate()
            .filter_map(|(group, stored)| match Outlook::of(rule, shape, query, *stored) {
                Outlook::Never => None,
                Outlook::Some(table) => Some((group, table)),
            })
            .collect();
        let open = tables.iter().fold(0, |open, (_, table)| open | table.open);
        let uncovered = |drivers: FieldSet| -> Box<[u16]> {
            let left = tables.iter().filter(|(_, table)| !table.is_covered_by(drivers));
            // Fewer than `GROUPS_MAX`, as was asked above.
            left.map(|(group, _)| *group as u16).collect()
        };
        let mut choices = Vec::new();
        for drivers in (0..=open).filter(|set| set & !open == 0) {
            let scanned = uncovered(drivers);
            // A driver that spares no group is only work. Fewer drivers never cover more.
            let spares = |field: usize| {
                let without = drivers & !(1 << field);
                tables
                    .iter()
                    .any(|(_, table)| table.is_covered_by(drivers) && !table.is_covered_by(without))
            };
            if bits(drivers).all(spares) {
                choices.push(Choice { drivers, scanned });
            }
        }
        let is_gated = !tables.is_empty() && tables.iter().all(|(_, table)| table.is_gated);
        Some(Plan { live: tables, groups: groups.len(), is_gated, choices })
    }

    /// How much there is to keep, in table entries.
    pub(super) fn size(&self) -> usize {
        let tables: usize = self.live.iter().map(|(_, table)| table.size()).sum();
        self.groups + tables + self.choices.iter().map(|choice| choice.scanned.len()).sum::<usize>()
    }

    /// Whether no candidate can pass.
    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// By group, which of `drivers` a candidate must be on the list of at least one of.
    ///
    /// The dearest come first and are spared where the others do. Groups that are dead, or that
    /// the drivers do not spare, have none.
    pub(super) fn needs(&self, drivers: &[usize]) -> Vec<FieldSet> {
        let all = drivers.iter().fold(0, |set, field| set | 1 << field);
        let mut needs = vec![0; self.groups];
        for (group, table) in &self.live {
            if !table.is_covered_by(all) {
                continue;
            }
            let spared = |set: FieldSet, field: &usize| {
                let less = set & !(1 << field);
                if table.is_covered_by(less) { less } else { set }
            };
            needs[*group] = drivers.iter().fold(all, spared);
        }
        needs
    }

    /// By group, whether a candidate may pass at all.
    pub(super) fn live(&self) -> Vec<FieldSet> {
        let mut live = vec![0; self.groups];
        self.live.iter().for_each(|(group, _)| live[*group] = FieldSet::MAX);
        live
    }
}
