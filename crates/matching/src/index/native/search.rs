//! One search by a native rule: the rows that reach a driven level, each judged once.
//!
//! A row is judged as far as needed: while the most that is left cannot reach the threshold it
//! is let go. What passes adds up in the order of the ladders, as in a scan.

use smallvec::SmallVec;

use super::choose::{Chooser, Chosen, Group, VERIFY};
use super::rung::{Hit, Rung};
use super::sifter::{Sifter, Told};
use super::{Asked, Judge};
use crate::features::Features;
use crate::index::best::Best;
use crate::index::column::MISSING;
use crate::index::planner::{self, has};
use crate::index::plans::GROUPS_MAX;
use crate::index::{Cost, Snapshot};

/// Scanning one row by one ladder, in nanoseconds.
const SCAN: usize = 6;

/// What finding codes may take without another look at the alternatives, in nanoseconds.
const CHEAP: usize = 8_000;

/// Searches by the rule at `position`; `None` if all records are to be scanned instead.
///
/// `forced` decides the drivers, for tests: every choice gives the same hits.
pub(in crate::index) fn search(
    snapshot: &Snapshot,
    query: &Features,
    position: usize,
    forced: Option<usize>,
    best: &mut Best,
) -> Option<Cost> {
    let mut judge = Judge::new(snapshot, query, position);
    let floor = floor(judge.rule.potential_threshold?);
    let mut rungs: Vec<Rung> =
        judge.ladders.iter().map(|ladder| Rung::new(ladder, query)).collect();
    let groups = groups(&judge, &rungs, floor)?;
    if groups.is_empty() {
        return Some(Cost::default());
    }
    for (rung, ladder) in rungs.iter_mut().zip(&mut judge.ladders) {
        if let Asked::One(one) = ladder {
            rung.look_up(one);
        }
    }
    let chosen = choose(&mut judge, &mut rungs, &groups, floor, forced)?;
    let mut run = Run::new(judge, rungs, chosen, floor);
    run.drive(best);
    run.read_groups(best);
    run.cost.values_compared = run.judge.compared();
    Some(run.cost)
}

/// Below a threshold by more than the rounding of 32 bits and of any order of additions.
fn floor(threshold: f64) -> f64 {
    threshold - 1e-5 * (1.0 + threshold.abs())
}

/// Groups that may hold a match, large ones first; `None` if they are too many to be named.
fn groups(judge: &Judge<'_>, rungs: &[Rung], floor: f64) -> Option<Vec<Group>> {
    let masks = &judge.snapshot.masks;
    if masks.lacks().len() >= GROUPS_MAX {
        return None;
    }
    let query = planner::lacks(judge.query);
    let passes = |lacks: planner::Lacks| {
        let mut filters = judge.rule.filters.iter().map(|filter| filter.feature);
        filters.all(|feature| has(lacks, feature) == has(query, feature))
    };
    let most = |lacks| {
        rungs
            .iter()
            .map(|rung| rung.bound(0, lacks))
            .fold(judge.rule.base(), |sum, most| sum + most)
    };
    let all = masks.lacks().iter().enumerate();
    let mut groups: Vec<Group> = all
        .map(|(at, lacks)| Group { at, rows: masks.rows(at).len(), lacks: *lacks })
        .filter(|group| group.rows > 0 && passes(group.lacks) && most(group.lacks) >= floor)
        .collect();
    groups.sort_unstable_by_key(|group| (std::cmp::Reverse(group.rows), group.at));
    Some(groups)
}

/// Decides on the drivers and finds their codes; `None` if a scan of all records is cheaper.
fn choose(
    judge: &mut Judge<'_>,
    rungs: &mut [Rung],
    groups: &[Group],
    floor: f64,
    forced: Option<usize>,
) -> Option<Chosen> {
    let len = judge.snapshot.len;
    loop {
        let prices: Vec<SmallVec<[usize; 6]>> = rungs
            .iter()
            .zip(&judge.ladders)
            .map(|(rung, ladder)| {
                let Asked::One(one) = ladder else { return SmallVec::from_elem(0, 1) };
                let price = |cut| rung.price(cut, one) + rung.rows(cut, one, len) * VERIFY;
                (0..rung.cuts.len()).map(price).collect()
            })
            .collect();
        let base = judge.rule.base();
        let chooser = Chooser { rungs, groups, base, floor, prices: &prices };
        let chosen = match forced {
            None => chooser.choose(),
            Some(way) => {
                let cuts = rungs.iter().enumerate();
                chooser.conclude(
                    cuts.map(|(at, rung)| way.rotate_right(at as u32 * 3) % rung.cuts.len())
                        .collect(),
                )
            }
        };
        if forced.is_none() && chosen.price > len * judge.ladders.len() * SCAN {
            return None;
        }
        let to_find: SmallVec<[(usize, usize); 16]> = (0..rungs.len())
            .filter(|at| !rungs[*at].is_found(chosen.cuts[*at]))
            .filter_map(|at| match &judge.ladders[at] {
                Asked::One(one) => Some((rungs[at].price(chosen.cuts[at], one), at)),
                Asked::Nothing | Asked::Many(_) => None,
            })
            .collect();
        let Some(least) = to_find.iter().map(|(price, _)| *price).min() else {
            return Some(chosen);
        };
        // The cheap ones first: their real lengths may make another way the cheapest.
        for (_, at) in to_find.into_iter().filter(|(price, _)| *price <= least.max(CHEAP)) {
            if let Asked::One(one) = &mut judge.ladders[at] {
                rungs[at].find(chosen.cuts[at], one);
            }
        }
    }
}

/// A search whose drivers are known.
struct Run<'s> {
    judge: Judge<'s>,
    rungs: Vec<Rung>,
    chosen: Chosen,
    floor: f64,
    /// The most that any row gets.
    most: f64,
    sifter: Sifter,
    /// Per ladder, the most that any row gets of it.
    mosts: SmallVec<[f64; 16]>,
    /// Per ladder, the most where the code is not among those that were found.
    rests: SmallVec<[f64; 16]>,
    /// Ladders of which codes are found, those first that tell most.
    first: SmallVec<[usize; 16]>,
    /// All others that add anything, in the order in which they are compared.
    then: SmallVec<[usize; 16]>,
    cost: Cost,
}

/// What is known of a row before it is judged.
#[derive(Clone, Copy)]
struct Known {
    /// The ladder whose level led to it.
    driver: Option<usize>,
    /// The most that it gets.
    most: f64,
    /// What its sketch promises too much.
    excess: f64,
}

impl<'s> Run<'s> {
    fn new(mut judge: Judge<'s>, rungs: Vec<Rung>, chosen: Chosen, floor: f64) -> Run<'s> {
        let mosts: SmallVec<[f64; 16]> = rungs.iter().map(Rung::most).collect();
        let sifter = Sifter::new(&judge, &rungs, floor);
        let rests = rungs.iter().map(Rung::rest).collect();
        let most = mosts.iter().fold(judge.rule.base(), |sum, most| sum + most);
        let asked = |at: &usize| !matches!(judge.ladders[*at], Asked::Nothing);
        let (mut first, mut then): (SmallVec<[usize; 16]>, SmallVec<[usize; 16]>) =
            (0..rungs.len()).filter(asked).partition(|at| rungs[*at].has_found());
        let by_drop = |drop: f64| -(drop * 1e6) as i64;
        first.sort_by_key(|at| by_drop(rungs[*at].most() - rungs[*at].rest()));
        then.sort_by_key(|at| {
            let is_many = matches!(judge.ladders[*at], Asked::Many(_));
            (is_many, by_drop(rungs[*at].most() - rungs[*at].least()))
        });
        let driven = (0..rungs.len())
            .flat_map(|at| rungs[at].hits(chosen.cuts[at]).map(move |hit| (at, hit.code)));
        let rows: usize = driven
            .map(|(at, code)| match &judge.ladders[at] {
                Asked::One(one) => one.column.rows_of(code).len(),
                Asked::Nothing | Asked::Many(_) => 0,
            })
            .sum();
        let groups = &judge.snapshot.masks;
        let scanned: usize = chosen.scanned.iter().map(|group| groups.rows(*group).len()).sum();
        for ladder in &mut judge.ladders {
            if let Asked::One(one) = ladder {
                // Most rows are let go before they are compared.
                one.expect(rows / 8 + scanned);
            }
        }
        Run {
            judge,
            rungs,
            chosen,
            floor,
            most,
            sifter,
            mosts,
            rests,
            first,
            then,
            cost: Cost::default(),
        }
    }

    /// Judges the rows of every driver.
    fn drive(&mut self, best: &mut Best) {
        let is_scanned: Vec<bool> = match self.chosen.scanned[..] {
            [] => Vec::new(),
            _ => {
                let mut flags = vec![false; self.judge.snapshot.masks.lacks().len()];
                self.chosen.scanned.iter().for_each(|group| flags[*group] = true);
                flags
            }
        };
        for at in 0..self.rungs.len() {
            let Asked::One(one) = &self.judge.ladders[at] else { continue };
            let column = one.column;
            let hits: Vec<Hit> = self.rungs[at].hits(self.chosen.cuts[at]).copied().collect();
            for hit in hits {
                let most = self.most - (self.mosts[at] - hit.bits);
                if most < self.floor {
                    continue;
                }
                let rows = column.rows_of(hit.code);
                self.cost.postings_read += rows.len() as u64;
                let excess = self.sifter.excess(at, column.text(hit.code), hit.bits);
                let known = Known { driver: Some(at), most, excess };
                rows.for_each(|row| {
                    if self.may_pass(row, known) && !self.is_in(&is_scanned, row) {
                        self.cost.records_verified += 1;
                        self.verify(row, known, best);
                    }
                });
            }
        }
    }

    /// Judges all rows of the groups that no driver spares.
    fn read_groups(&mut self, best: &mut Best) {
        let snapshot = self.judge.snapshot;
        for group in std::mem::take(&mut self.chosen.scanned) {
            let rows = snapshot.masks.rows(group);
            self.cost.records_scanned += rows.len() as u64;
            let known = Known { driver: None, most: self.most, excess: 0.0 };
            rows.for_each(|row| {
                if self.may_pass(row, known) {
                    self.verify(row, known, best);
                }
            });
        }
    }

    /// Whether a row's sketch leaves it open that it passes.
    fn may_pass(&self, row: u32, known: Known) -> bool {
        self.sifter.passes(self.judge.snapshot.sketches.get(row as usize), known.excess)
    }

    /// Whether a row is in one of the groups that are read as a whole.
    fn is_in(&self, scanned: &[bool], row: u32) -> bool {
        !scanned.is_empty() && scanned[self.judge.snapshot.masks.group_of(row)]
    }

    /// Whether a driver before the one at `at` has led to the row already.
    fn was_seen(&self, row: usize, at: usize) -> bool {
        (0..at).any(|earlier| {
            let cut = self.chosen.cuts[earlier];
            let (Asked::One(one), true) = (&self.judge.ladders[earlier], cut > 0) else {
                return false;
            };
            let rung = &self.rungs[earlier];
            let hit = rung.hit(one.column.code_at(row));
            hit.is_some_and(|hit| rung.cuts[cut].drives(hit.level))
        })
    }

    /// Judges a row as far as needed, and offers it if it passes.
    fn verify(&mut self, row: u32, known: Known, best: &mut Best) {
        let row = row as usize;
        let sketch = self.judge.snapshot.sketches.get(row);
        let mut most = known.most;
        // Ladders whose codes are found, the row's not among them.
        let mut open = 0_u64;
        for at in self.first.iter().filter(|at| Some(**at) != known.driver) {
            let Asked::One(one) = &self.judge.ladders[*at] else { continue };
            let rung = &self.rungs[*at];
            let code = match self.sifter.told(*at, sketch) {
                Told::Missing => Some(MISSING),
                Told::NoHit => None,
                Told::Open => Some(one.column.code_at(row)),
            };
            let gets = match code {
                Some(MISSING) => one.if_missing,
                code => match code.and_then(|code| rung.hit(code)) {
                    Some(hit) => hit.bits,
                    None => {
                        open |= 1 << *at;
                        self.rests[*at]
                    }
                },
            };
            most -= self.mosts[*at] - gets;
            if most < self.floor {
                return;
            }
        }
        if !self.judge.is_open(row) {
            return;
        }
        for at in &self.then {
            most -= self.mosts[*at] - self.judge.ladders[*at].bits(row);
            if most < self.floor {
                return;
            }
        }
        while open != 0 {
            let at = open.trailing_zeros() as usize;
            open &= open - 1;
            most -= self.rests[at] - self.judge.ladders[at].bits(row);
            if most < self.floor {
                return;
            }
        }
        // Few come so far, so this is asked last.
        if known.driver.is_some_and(|at| self.was_seen(row, at)) {
            return;
        }
        let sum = self.judge.sum(row);
        self.judge.offer(row, sum, best);
    }
}
