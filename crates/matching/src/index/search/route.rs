//! Choosing the cheapest of the ways that a plan leaves open.
//!
//! Prices decide nothing but time: every way leads to the same hits.

use std::cmp::Reverse;

use smallvec::SmallVec;

use super::{Judge, Search};
use crate::index::clause::Clause;
use crate::index::planner::{FieldSet, bits};
use crate::index::plans::Plan;

/// The rows to score: those of the drivers, and whole groups.
pub(super) struct Route {
    /// Clauses, those with most rows first.
    pub(super) drivers: SmallVec<[usize; 8]>,
    /// Their fields in the plan; any for a gate.
    pub(super) fields: SmallVec<[usize; 8]>,
    /// By group, the drivers of which a match is on one, as fields of the plan.
    pub(super) needs: Vec<FieldSet>,
    /// The choice of the plan of which groups are scanned; none for a gate, which spares all.
    pub(super) choice: Option<usize>,
}

/// Rough costs in nanoseconds; only their proportions matter, and only for the choice of a route.
mod cost {
    /// Scoring one row that a list led to.
    pub(super) const VERIFY: usize = 120;
    /// Scoring one row of a scan of all.
    pub(super) const SCAN: usize = 40;
    /// Ruling a value out by its signature.
    pub(super) const SIFT: usize = 5;
    /// Comparing a value.
    pub(super) const COMPARE: usize = 120;
    /// One in so many rows agrees on a field that is not yet looked up.
    pub(super) const RARITY: usize = 100;
}

impl Search<'_> {
    /// The cheapest way; `None` if that is a scan of all records.
    pub(super) fn route(&mut self, plan: &Plan, judge: &Judge<'_>) -> Option<Route> {
        loop {
            let mut ways = self.ways(plan, judge);
            let price = |(scanned, route): &(usize, Route)| {
                scanned + route.drivers.iter().map(|driver| self.price(*driver)).sum::<usize>()
            };
            let route = match self.forced {
                Some(at) => ways.swap_remove(at % ways.len()).1,
                None => {
                    let way = ways.into_iter().min_by_key(price)?;
                    if price(&way) > self.scan_price(judge) {
                        return None;
                    }
                    way.1
                }
            };
            let unknown = |driver: &&usize| self.clauses[**driver].rows().is_none();
            let Some(next) = route.drivers.iter().find(unknown) else {
                return Some(self.ordered(route));
            };
            // Its real length may make another way the cheapest.
            self.clauses[*next].know_all();
        }
    }

    /// Every way, with the price of its scanned groups.
    fn ways(&self, plan: &Plan, judge: &Judge<'_>) -> SmallVec<[(usize, Route); 16]> {
        let by_choice = plan.choices.iter().enumerate().map(|(at, choice)| {
            let fields: SmallVec<[usize; 8]> = bits(choice.drivers).collect();
            let drivers = fields.iter().map(|field| judge.fields[*field].clause).collect();
            let rows = |group: &u16| self.snapshot.masks.rows(usize::from(*group)).len();
            let price = choice.scanned.iter().map(rows).sum::<usize>() * cost::VERIFY;
            (price, Route { drivers, fields, needs: Vec::new(), choice: Some(at) })
        });
        let gates = judge.gates.iter().filter(|gate| !self.clauses[**gate].is_missing());
        let by_gate = gates.filter(|_| plan.is_gated).map(|gate| {
            let (drivers, fields) = ([*gate].into_iter().collect(), [0].into_iter().collect());
            (0, Route { drivers, fields, needs: Vec::new(), choice: None })
        });
        by_choice.chain(by_gate).collect()
    }

    /// Puts the drivers with most rows first.
    fn ordered(&self, mut route: Route) -> Route {
        let mut pairs: SmallVec<[(usize, usize); 8]> =
            route.drivers.iter().copied().zip(route.fields.iter().copied()).collect();
        pairs.sort_by_key(|(driver, _)| Reverse(self.clauses[*driver].rows()));
        (route.drivers, route.fields) = pairs.into_iter().unzip();
        route
    }

    /// What it takes to score all rows that agree with a clause.
    fn price(&self, clause: usize) -> usize {
        let clause = &self.clauses[clause];
        let len = self.snapshot.len;
        match clause.rows() {
            Some(rows) => rows * cost::VERIFY,
            None if clause.is_bounded() => {
                clause.unknown_codes() * cost::SIFT + len / cost::RARITY * cost::VERIFY
            }
            None => {
                let codes = clause.unknown_codes();
                codes * cost::COMPARE + len / cost::RARITY * cost::VERIFY
            }
        }
    }

    fn scan_price(&self, judge: &Judge<'_>) -> usize {
        let clauses = judge.fields.iter().map(|field| &self.clauses[field.clause]);
        let codes: usize = clauses.map(Clause::unknown_codes).sum();
        self.snapshot.len * cost::SCAN + codes * cost::COMPARE
    }
}
