//! Which levels a search is driven by: the cheapest ones without which no record can pass.
//!
//! A record that reaches no driven level gets at most the sum of what the ladders give beside
//! these levels. Sums of floating-point numbers never fall when an addend rises, and what is
//! demanded lies below the threshold by more than the rounding of any order of additions; so a
//! group of records for which this most does not reach it holds no match beside the drivers. For
//! a group that cannot be spared at a fair price all records are read. This is MaxScore (Turtle &
//! Flood 1995) with levels and with what records lack.
//!
//! Prices decide nothing but time.

use smallvec::SmallVec;

use super::rung::Rung;
use crate::index::planner::Lacks;

/// Reading one row of a list and, if its sketch lets it pass, judging it, in nanoseconds.
pub(super) const VERIFY: usize = 40;

/// The groups of records and the ladders of a rule for one query.
pub(super) struct Chooser<'a> {
    pub(super) rungs: &'a [Rung],
    /// Per group that may hold a match, its position, its rows and what these lack; large first.
    pub(super) groups: &'a [Group],
    /// What the sum begins with.
    pub(super) base: f64,
    /// No sum below it passes.
    pub(super) floor: f64,
    /// Per ladder and cut, finding and reading its rows, in nanoseconds.
    pub(super) prices: &'a [SmallVec<[usize; 6]>],
    /// Ladders that can add anything to some record; the others do not in any.
    pub(super) live: &'a [usize],
}

/// Records that lack the same features.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub(super) at: usize,
    pub(super) rows: usize,
    pub(super) lacks: Lacks,
}

/// How to search.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chosen {
    /// Per ladder, the cut that is driven.
    pub(super) cuts: SmallVec<[usize; 16]>,
    /// Groups that are read as a whole, by position.
    pub(super) scanned: Vec<usize>,
    /// What it takes, in nanoseconds.
    pub(super) price: usize,
}

impl Chooser<'_> {
    /// The most that a record of a group gets beside the drivers.
    pub(super) fn most(&self, cuts: &[usize], lacks: Lacks) -> f64 {
        let bounds = self.live.iter().map(|at| self.rungs[*at].bound(cuts[*at], lacks));
        bounds.fold(self.base, |sum, bound| sum + bound)
    }

    fn is_spared(&self, cuts: &[usize], group: &Group) -> bool {
        self.most(cuts, group.lacks) < self.floor
    }

    /// The drivers that greed finds, and the groups that they do not spare.
    pub(super) fn choose(&self) -> Chosen {
        let mut cuts: SmallVec<[usize; 16]> = self.rungs.iter().map(|_| 0).collect();
        let mut scanned = Vec::new();
        for group in self.groups {
            if self.is_spared(&cuts, group) {
                continue;
            }
            let price = group.rows * VERIFY;
            match self.spare(&cuts, group) {
                Some(more) if self.price(&more) - self.price(&cuts) <= price => cuts = more,
                _ => scanned.push(group),
            }
        }
        self.thin(&mut cuts, &scanned);
        self.conclude(cuts)
    }

    /// What follows from the drivers.
    pub(super) fn conclude(&self, cuts: SmallVec<[usize; 16]>) -> Chosen {
        let groups = self.groups.iter().filter(|group| !self.is_spared(&cuts, group));
        let (mut scanned, mut price) = (Vec::new(), self.price(&cuts));
        for group in groups {
            scanned.push(group.at);
            price += group.rows * VERIFY;
        }
        Chosen { cuts, scanned, price }
    }

    fn price(&self, cuts: &[usize]) -> usize {
        self.live.iter().map(|at| self.prices[*at][cuts[*at]]).sum()
    }

    /// More drivers, which spare a group.
    fn spare(&self, cuts: &[usize], group: &Group) -> Option<SmallVec<[usize; 16]>> {
        let mut more: SmallVec<[usize; 16]> = cuts.iter().copied().collect();
        let mut best: Option<(usize, SmallVec<[usize; 16]>)> = None;
        loop {
            let excess = self.most(&more, group.lacks) - self.floor;
            if excess < 0.0 {
                break;
            }
            let mut next: Option<(f64, usize, usize)> = None;
            let price = self.price(&more);
            for at in self.live.iter().copied() {
                let rung = &self.rungs[at];
                let bound = rung.bound(more[at], group.lacks);
                for cut in more[at] + 1..rung.cuts.len() {
                    let gain = bound - rung.bound(cut, group.lacks);
                    if gain <= 0.0 {
                        continue;
                    }
                    let added = self.prices[at][cut].saturating_sub(self.prices[at][more[at]]);
                    // The one that is enough alone may be the cheapest in the end.
                    if gain > excess {
                        let price = price - self.prices[at][more[at]] + self.prices[at][cut];
                        if best.as_ref().is_none_or(|(known, _)| price < *known) {
                            let mut alone = more.clone();
                            alone[at] = cut;
                            best = Some((price, alone));
                        }
                    }
                    // What exceeds the excess is no use.
                    let per_bit = (added + 1) as f64 / gain.min(excess.max(0.01));
                    if next.is_none_or(|(known, ..)| per_bit < known) {
                        next = Some((per_bit, at, cut));
                    }
                }
            }
            let Some((_, at, cut)) = next else { break };
            more[at] = cut;
        }
        if self.is_spared(&more, group) {
            let price = self.price(&more);
            if best.as_ref().is_none_or(|(known, _)| price < *known) {
                best = Some((price, more));
            }
        }
        best.map(|(_, cuts)| cuts)
    }

    /// Leaves out drivers that spare nothing, dear ones first.
    fn thin(&self, cuts: &mut [usize], scanned: &[&Group]) {
        let is_scanned = |group: &&Group| scanned.iter().any(|known| known.at == group.at);
        let spared: SmallVec<[&Group; 16]> =
            self.groups.iter().filter(|group| !is_scanned(group)).collect();
        let mut order: SmallVec<[usize; 16]> = (0..cuts.len()).filter(|at| cuts[*at] > 0).collect();
        order.sort_by_key(|at| std::cmp::Reverse(self.prices[*at][cuts[*at]]));
        for at in order {
            while cuts[at] > 0 {
                cuts[at] -= 1;
                if !spared.iter().all(|group| self.is_spared(cuts, group)) {
                    cuts[at] += 1;
                    break;
                }
            }
        }
    }
}
