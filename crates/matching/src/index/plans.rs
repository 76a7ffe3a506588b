//! A plan: the choices of drivers that a search has for one rule and one kind of query.
//!
//! What must agree is the planner's; here it is put together for all groups of records, so that
//! a search only adds the lengths of real lists and takes the cheapest choice.

use super::planner::{FieldSet, Lacks, Outlook, QuerySide, Shape, Table, bits};
use crate::rules::Rule;

/// Table entries that making one plan may cost; a rule beyond scans.
const PLAN_WORK_MAX: usize = 1 << 23;

/// The choices for one rule.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// In which some candidate may pass; empty if none can.
    pub(super) live: Vec<usize>,
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
    pub(super) scanned: Vec<usize>,
}

impl Plan {
    /// Plans a rule for the groups there are.
    pub(super) fn new(rule: &Rule, shape: &Shape, query: QuerySide, groups: &[Lacks]) -> Plan {
        let patterns = 1 << shape.fields.len();
        if patterns * groups.len() > PLAN_WORK_MAX {
            let live = (0..groups.len()).collect();
            let scanned = (0..groups.len()).collect();
            let choices = vec![Choice { drivers: 0, scanned }];
            return Plan { live, is_gated: false, choices };
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
        let uncovered = |drivers: FieldSet| -> Vec<usize> {
            let left = tables.iter().filter(|(_, table)| !table.is_covered_by(drivers));
            left.map(|(group, _)| *group).collect()
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
        Plan { live: tables.into_iter().map(|(group, _)| group).collect(), is_gated, choices }
    }
}
