//! One search by a native rule: the rows that reach a driven level, each judged once.
//!
//! A row is judged as far as needed: while the most that is left cannot reach the threshold it
//! is let go. What passes adds up in the order of the ladders, as in a scan.

use std::collections::HashSet;

use smallvec::SmallVec;

use super::choose::{Chooser, Chosen, Group, VERIFY};
use super::one::One;
use super::rung::{Hit, Rung};
use super::sifter::{Sifter, Told};
use super::{Asked, Judge, Sides};
use crate::index::Cost;
use crate::index::best::Best;
use crate::index::column::MISSING;
use crate::index::planner::{self, has};
use crate::index::plans::GROUPS_MAX;
use crate::index::sketch::Sketch;

/// Scanning one row by one ladder, in nanoseconds.
const SCAN: usize = 6;

/// What knowing a bit more of each row spares, in nanoseconds: the more bits, the fewer rows are
/// compared.
const SPARED: usize = 8;

/// What finding codes may take without another look at the alternatives, in nanoseconds.
const CHEAP: usize = 40_000;

/// Searches by the rule at `position`; `None` if all records are to be scanned instead.
///
/// `forced` decides the drivers, for tests: every choice gives the same hits.
pub(in crate::index) fn search(
    sides: Sides<'_>,
    position: usize,
    forced: Option<usize>,
    best: &mut Best,
) -> Option<Cost> {
    let mut judge = Judge::new(sides, position);
    let floor = floor(judge.rule.potential_threshold?);
    let mut rungs: Vec<Rung> =
        judge.ladders.iter().map(|ladder| Rung::new(ladder, judge.sides)).collect();
    let groups = groups(&judge, &rungs, floor)?;
    if groups.is_empty() {
        return Some(Cost::default());
    }
    for (rung, ladder) in rungs.iter_mut().zip(&mut judge.ladders) {
        if let Asked::One(one) = ladder {
            rung.look_up(one, judge.sides);
        }
    }
    let chosen = choose(&mut judge, &mut rungs, &groups, floor, forced)?;
    sharpen(&mut judge, &mut rungs, &chosen);
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
    let masks = &judge.sides.snapshot.masks;
    if masks.lacks().len() >= GROUPS_MAX {
        return None;
    }
    let query = planner::lacks(judge.sides.query);
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
    let sides = judge.sides;
    let len = sides.snapshot.len;
    let price = |rung: &Rung, ladder: &Asked<'_>| -> SmallVec<[usize; 6]> {
        let Asked::One(one) = ladder else { return SmallVec::from_elem(0, 1) };
        let price = |cut| rung.price(cut) + rung.rows(cut, one, sides) * VERIFY;
        (0..rung.cuts.len()).map(price).collect()
    };
    let ladders = rungs.iter().zip(&judge.ladders);
    let mut prices: Vec<SmallVec<[usize; 6]>> =
        ladders.map(|(rung, ladder)| price(rung, ladder)).collect();
    let live: SmallVec<[usize; 16]> =
        (0..rungs.len()).filter(|at| !matches!(judge.ladders[*at], Asked::Always(_))).collect();
    let fixed = (0..rungs.len()).filter(|at| !live.contains(at)).map(|at| rungs[at].bound(0, 0));
    let base = fixed.fold(judge.rule.base(), |sum, bits| sum + bits);
    loop {
        let chooser = Chooser { rungs, groups, base, floor, prices: &prices, live: &live };
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
        let to_find: SmallVec<[(usize, usize); 16]> = live
            .iter()
            .copied()
            .filter(|at| !rungs[*at].is_found(chosen.cuts[*at]))
            .map(|at| (rungs[at].price(chosen.cuts[at]), at))
            .collect();
        let Some(least) = to_find.iter().map(|(price, _)| *price).min() else {
            return Some(chosen);
        };
        // The cheap ones first: their real lengths may make another way the cheapest.
        for (_, at) in to_find.into_iter().filter(|(price, _)| *price <= least.max(CHEAP)) {
            if let Asked::One(one) = &mut judge.ladders[at] {
                rungs[at].find(chosen.cuts[at], one, sides);
            }
            prices[at] = price(&rungs[at], &judge.ladders[at]);
        }
    }
}

/// Finds more codes than those that drive where many rows are to be looked at: what a row does not
/// have is then known from its sketch, and few rows are compared.
fn sharpen(judge: &mut Judge<'_>, rungs: &mut [Rung], chosen: &Chosen) {
    let sides = judge.sides;
    let rows = driven_rows(judge, rungs, chosen) + scanned_rows(judge, chosen);
    for (rung, ladder) in rungs.iter_mut().zip(&mut judge.ladders) {
        let Asked::One(one) = ladder else { continue };
        for cut in 1..rung.cuts.len() {
            if rung.is_found(cut) {
                continue;
            }
            let spared = rung.rest() - rung.cuts[cut].rest();
            if rung.price(cut) as f64 > spared * (rows * SPARED) as f64 {
                break;
            }
            rung.find(cut, one, sides);
        }
    }
}

/// Rows on the lists of all drivers.
fn driven_rows(judge: &Judge<'_>, rungs: &[Rung], chosen: &Chosen) -> usize {
    let ladders = rungs.iter().zip(&judge.ladders).zip(&chosen.cuts);
    let rows = ladders.map(|((rung, ladder), cut)| match ladder {
        Asked::One(one) => rung.rows(*cut, one, judge.sides),
        Asked::Always(_) => 0,
    });
    rows.sum()
}

/// Rows of groups that are read as a whole.
fn scanned_rows(judge: &Judge<'_>, chosen: &Chosen) -> usize {
    let masks = &judge.sides.snapshot.masks;
    chosen.scanned.iter().map(|group| masks.rows(*group).len()).sum()
}

/// Rows whose sketches are read one behind the other, so that the memory is not waited for each
/// time.
struct Batch {
    rows: [u32; BATCH],
    sketches: [Sketch; BATCH],
    len: usize,
}

/// Rows of a batch.
const BATCH: usize = 64;

impl Batch {
    fn new() -> Batch {
        Batch { rows: [0; BATCH], sketches: [0; BATCH], len: 0 }
    }

    fn push(&mut self, row: u32) {
        self.rows[self.len] = row;
        self.len += 1;
    }

    fn is_full(&self) -> bool {
        self.len == BATCH
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
    /// Those that only take away.
    last: SmallVec<[usize; 16]>,
    /// Rows from here on do not count.
    below: u32,
    /// Rows that passed: several drivers may lead to one.
    passed: HashSet<u32, foldhash::fast::RandomState>,
    cost: Cost,
}

/// What is known of a row before it is judged.
#[derive(Clone, Copy)]
struct Known {
    /// The ladder of which all is known because its level led to the row.
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
        let asked = |at: &usize| !matches!(judge.ladders[*at], Asked::Always(_));
        let (mut first, mut then): (SmallVec<[usize; 16]>, SmallVec<[usize; 16]>) =
            (0..rungs.len()).filter(asked).partition(|at| rungs[*at].has_found());
        let by_drop = |drop: f64| -(drop * 1e6) as i64;
        first.sort_by_key(|at| by_drop(rungs[*at].most() - rungs[*at].rest()));
        then.sort_by_key(|at| by_drop(rungs[*at].most() - rungs[*at].least()));
        // What only takes away takes from few.
        let (then, last) = then.into_iter().partition(|at| rungs[*at].most() > 0.0);
        // Most rows are let go before they are compared.
        let expected = driven_rows(&judge, &rungs, &chosen) / 8 + scanned_rows(&judge, &chosen);
        for ladder in &mut judge.ladders {
            if let Asked::One(one) = ladder {
                one.expect(expected);
            }
        }
        let (passed, cost) = (HashSet::default(), Cost::default());
        let below = judge.sides.member.map_or(u32::MAX, |member| member.number);
        Run {
            below,
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
            last,
            passed,
            cost,
        }
    }

    /// Judges the rows of every driver.
    fn drive(&mut self, best: &mut Best) {
        let snapshot = self.judge.sides.snapshot;
        let is_scanned: Vec<bool> = match self.chosen.scanned[..] {
            [] => Vec::new(),
            _ => {
                let mut flags = vec![false; snapshot.masks.lacks().len()];
                self.chosen.scanned.iter().for_each(|group| flags[*group] = true);
                flags
            }
        };
        for at in 0..self.rungs.len() {
            let Asked::One(one) = &self.judge.ladders[at] else { continue };
            let feature = one.feature;
            let hits: SmallVec<[Hit; 32]> =
                self.rungs[at].hits(self.chosen.cuts[at]).copied().collect();
            for hit in hits {
                if let Some(known) = self.known_of(at, &hit, feature) {
                    self.walk((feature, hit.code), known, &is_scanned, best);
                }
            }
            for (feature, code) in self.crossed(at) {
                let known = Known { driver: None, most: self.most, excess: 0.0 };
                self.walk((feature, code), known, &is_scanned, best);
            }
        }
    }

    /// What is known of the rows of a hit; `None` if none can pass.
    fn known_of(&self, at: usize, hit: &Hit, feature: usize) -> Option<Known> {
        let rung = &self.rungs[at];
        let most = |gets: f64| self.most - (self.mosts[at] - gets);
        if rung.is_plain() {
            let most = most(hit.most());
            let excess = self.sifter.excess(at, hit);
            return (most >= self.floor).then_some(Known { driver: Some(at), most, excess });
        }
        // A level that looks at other features may be reached before that of the hit, and without
        // one of these nothing may be added.
        let across = rung.crossings.iter().filter(|crossing| crossing.may_have(feature, hit.code));
        let gets = across
            .map(|crossing| crossing.most)
            .fold(hit.most().max(rung.open_across(hit.level)).max(0.0), f64::max);
        let known = Known { driver: None, most: self.most, excess: 0.0 };
        (most(gets) >= self.floor).then_some(known)
    }

    /// The codes that drive a ladder by levels that look at other features.
    fn crossed(&self, at: usize) -> Vec<(usize, u32)> {
        let crossings = self.rungs[at].crossings_of(self.chosen.cuts[at]);
        let lists = crossings.flat_map(|crossing| &crossing.lists);
        lists.flat_map(|list| list.codes.iter().map(|code| (list.feature, *code))).collect()
    }

    /// Judges the rows of a list.
    fn walk(
        &mut self,
        (feature, code): (usize, u32),
        known: Known,
        is_scanned: &[bool],
        best: &mut Best,
    ) {
        let Sides { snapshot, member, .. } = self.judge.sides;
        let sheet = member.and_then(|member| member.kept.sheet(feature, snapshot));
        if let Some(sheet) = sheet {
            let (rows, sketches) = sheet.below(code, self.below);
            self.cost.postings_read += rows.len() as u64;
            for (row, sketch) in rows.iter().zip(sketches) {
                self.look((*row, *sketch), known, is_scanned, best);
            }
            return;
        }
        let rows = snapshot.columns[feature].rows_of(code);
        let mut batch = Batch::new();
        rows.for_each_below(self.below, |row| {
            batch.push(row);
            if batch.is_full() {
                self.sift(&mut batch, known, is_scanned, best);
            }
        });
        self.sift(&mut batch, known, is_scanned, best);
    }

    /// Judges all rows of the groups that no driver spares.
    fn read_groups(&mut self, best: &mut Best) {
        let snapshot = self.judge.sides.snapshot;
        for group in std::mem::take(&mut self.chosen.scanned) {
            let rows = snapshot.masks.rows(group);
            self.cost.records_scanned += rows.len() as u64;
            let known = Known { driver: None, most: self.most, excess: 0.0 };
            let mut batch = Batch::new();
            rows.for_each_below(self.below, |row| {
                batch.push(row);
                if batch.is_full() {
                    self.sift(&mut batch, known, &[], best);
                }
            });
            self.sift(&mut batch, known, &[], best);
        }
    }

    /// Judges the rows of a batch of which the sketches leave it open that they pass.
    fn sift(&mut self, batch: &mut Batch, known: Known, is_scanned: &[bool], best: &mut Best) {
        let sketches = &self.judge.sides.snapshot.sketches;
        let rows = std::mem::take(&mut batch.len);
        self.cost.postings_read += rows as u64;
        let batch = &mut *batch;
        for (sketch, row) in batch.sketches.iter_mut().zip(&batch.rows[..rows]) {
            *sketch = sketches.get(*row as usize);
        }
        for at in 0..rows {
            self.look((batch.rows[at], batch.sketches[at]), known, is_scanned, best);
        }
    }

    /// Judges a row if its sketch leaves it open that it passes.
    fn look(
        &mut self,
        (row, sketch): (u32, Sketch),
        known: Known,
        scanned: &[bool],
        best: &mut Best,
    ) {
        if self.sifter.passes(sketch, known.excess) && !self.is_in(scanned, row) {
            self.cost.records_verified += 1;
            self.verify(row, sketch, known, best);
        }
    }

    /// Whether a row is in one of the groups that are read as a whole.
    fn is_in(&self, scanned: &[bool], row: u32) -> bool {
        !scanned.is_empty() && scanned[self.judge.sides.snapshot.masks.group_of(row)]
    }

    /// The most that a row gets of a ladder of which codes are found, and whether it is exact.
    fn found(&self, at: usize, one: &One<'_>, row: usize, sketch: Sketch) -> (f64, bool) {
        let rung = &self.rungs[at];
        if one.lacks_other(row) {
            return (0.0, true);
        }
        let code = match self.sifter.told(at, sketch) {
            Told::Missing => Some(MISSING),
            Told::NoHit => None,
            Told::Open => Some(one.column.code_at(row)),
        };
        let (own, level) = match code {
            Some(MISSING) => (one.if_missing.bits, Some(one.if_missing.level)),
            code => match code.and_then(|code| rung.hit(code)) {
                Some(hit) => (hit.most(), Some(hit.level)),
                None => (self.rests[at], None),
            },
        };
        if rung.is_plain() {
            return (own, level.is_some());
        }
        let open = rung.open_across(level.unwrap_or(u8::MAX));
        let across = rung.most_across(row, &self.judge.sides.snapshot.columns).max(open);
        (own.max(across), level.is_some() && across == f64::NEG_INFINITY)
    }

    /// Judges a row as far as needed, and offers it if it passes.
    fn verify(&mut self, row: u32, sketch: Sketch, known: Known, best: &mut Best) {
        let number = row;
        let row = row as usize;
        let mut most = known.most;
        // Ladders of which codes are found, where the row's is not among them.
        let mut open: SmallVec<[(usize, f64); 16]> = SmallVec::new();
        for at in self.first.iter().filter(|at| Some(**at) != known.driver) {
            let Asked::One(one) = &self.judge.ladders[*at] else { continue };
            let (gets, is_exact) = self.found(*at, one, row, sketch);
            if !is_exact {
                open.push((*at, gets));
            }
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
        for (at, gets) in open {
            most -= gets - self.judge.ladders[at].bits(row);
            if most < self.floor {
                return;
            }
        }
        for at in &self.last {
            most += self.judge.ladders[*at].bits(row);
            if most < self.floor {
                return;
            }
        }
        // Few come so far.
        if self.passed.insert(number) {
            let sum = self.judge.sum(row);
            self.judge.offer(row, sum, best);
        }
    }
}
