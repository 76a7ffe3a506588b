//! What is known of a ladder for one query before any record is looked at: the most that each
//! level can add, and which codes reach the better ones.

use smallvec::SmallVec;

use super::kept::Key;
use super::one::One;
use super::{Asked, Sides, find};
use crate::features::Features;
use crate::index::column::{Column, MISSING};
use crate::index::planner::{Lacks, has};
use crate::index::sketch;
use crate::model::{Level, Likeness, Test};

/// Levels of a ladder, as bits by position.
type Levels = u16;

/// One ladder of a rule for one query.
pub(super) struct Rung {
    /// Per level, the most that it can add.
    tops: SmallVec<[f64; 8]>,
    /// Per level, what finding its codes will take, in nanoseconds; `None` if they cannot be found.
    prices: SmallVec<[Option<usize>; 8]>,
    /// By which of the watched features a record lacks, as bits, the levels that it can reach.
    reachable: [Levels; 1 << WATCHED_MAX],
    /// What can be driven, less first; the first drives nothing.
    pub(super) cuts: SmallVec<[Cut; 6]>,
    /// Features without which nothing is added.
    needs: Lacks,
    /// Features whose lack makes a difference, the ladder's own first; 0 for none.
    watched: [Lacks; WATCHED_MAX],
    /// Levels that look at other features.
    across: Levels,
    is_plain: bool,
    /// Levels whose codes are found.
    found: Levels,
    /// Codes that reach a found level by themselves, ascending.
    hits: Vec<Hit>,
    /// Per found level, the rows that may reach it.
    rows: SmallVec<[usize; 8]>,
    /// The same as bits by code, where they are many.
    bits: Option<Vec<u64>>,
    /// Found levels that look at other features.
    pub(super) crossings: Vec<Crossing>,
}

/// Features of a ladder whose lack is looked at.
const WATCHED_MAX: usize = 2;

/// A code that reaches a level by itself.
#[derive(Clone, Copy)]
pub(super) struct Hit {
    pub(super) code: u32,
    rows: u32,
    /// What it adds, rounded up: many are kept.
    bits: f32,
    pub(super) level: u8,
    /// What sketches have of the value.
    pub(super) first: u8,
    pub(super) second: u8,
}

impl Hit {
    /// The most that it adds.
    pub(super) fn most(&self) -> f64 {
        f64::from(self.bits)
    }
}

/// The nearest number of 32 bits that is not less.
fn rounded_up(bits: f64) -> f32 {
    let near = bits as f32;
    if f64::from(near) < bits { near.next_up() } else { near }
}

/// A level that looks at other features: only rows with a code of one of its lists reach it.
pub(super) struct Crossing {
    pub(super) level: u8,
    /// The most that it adds.
    pub(super) most: f64,
    pub(super) lists: Vec<find::Listed>,
}

impl Crossing {
    /// Whether a row whose code of a feature this is may have a code of the lists.
    pub(super) fn may_have(&self, feature: usize, code: u32) -> bool {
        let mut lists = self.lists.iter();
        lists.any(|list| list.feature != feature || list.codes.binary_search(&code).is_ok())
    }
}

/// Levels that drive a search, and the most that a record that reaches none of them gets.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) levels: Levels,
    /// By which of the watched features the record lacks, as bits.
    rests: [f64; 1 << WATCHED_MAX],
}

impl Cut {
    /// The most that a record that lacks nothing gets beside the levels.
    pub(super) fn rest(self) -> f64 {
        self.rests[0]
    }

    pub(super) fn drives(self, level: u8) -> bool {
        self.levels >> level & 1 == 1
    }
}

/// Hits that are looked through one by one.
const FEW: usize = 6;

impl Rung {
    pub(super) fn new(asked: &Asked<'_>, sides: Sides<'_>) -> Rung {
        let mut rung = Rung {
            tops: SmallVec::new(),
            prices: SmallVec::new(),
            reachable: [0; 1 << WATCHED_MAX],
            cuts: SmallVec::new(),
            needs: 0,
            watched: [0; WATCHED_MAX],
            across: 0,
            is_plain: true,
            found: 0,
            hits: Vec::new(),
            rows: SmallVec::new(),
            bits: None,
            crossings: Vec::new(),
        };
        match asked {
            Asked::Always(bits) => rung.cuts.push(Cut { levels: 0, rests: [*bits; 4] }),
            Asked::One(one) => rung.fill(one, sides),
        }
        rung
    }

    fn fill(&mut self, one: &One<'_>, sides: Sides<'_>) {
        let ladder = one.ladder;
        self.needs = ladder.needs.iter().fold(0, |needs, feature| needs | 1 << feature);
        self.across = one.crosses.iter().fold(0, |across, cross| across | 1 << cross.at);
        self.is_plain = self.across == 0 && !one.needs_other();
        self.tops = ladder.levels.iter().map(|level| top(level, sides.query)).collect();
        let other = ladder.features().into_iter().find(|feature| *feature != one.feature);
        self.watched = [1 << one.feature, other.map_or(0, |feature| 1 << feature)];
        self.rows = SmallVec::from_elem(0, self.tops.len());
        let tests = || ladder.levels.iter().map(|level| &level.test);
        self.prices = tests().map(|test| find::price(test, sides)).collect();
        self.reachable = std::array::from_fn(|lacking| {
            let lacked = self.watched.iter().enumerate();
            let lacked = lacked.filter(|(at, _)| lacking >> at & 1 == 1);
            let lacks = lacked.fold(0, |lacks, (_, watched)| lacks | watched);
            let can_hold = |test: &Test| test.can_hold(&|feature| !has(lacks, feature));
            tests()
                .enumerate()
                .fold(0, |levels, (at, test)| levels | Levels::from(can_hold(test)) << at)
        });
        self.cut();
    }

    /// Lists the cuts: none, the best level, the best two, and so on while codes can be found.
    fn cut(&mut self) {
        let mut levels: Levels = 0;
        loop {
            let rests = std::array::from_fn(|lacking| self.rest_of(levels, lacking));
            self.cuts.push(Cut { levels, rests });
            let rest = rests[0];
            let best: SmallVec<[usize; 8]> = (0..self.tops.len())
                .filter(|level| levels >> level & 1 == 0 && self.tops[*level] >= rest)
                .collect();
            if best.is_empty() || best.iter().any(|level| self.prices[*level].is_none()) {
                return;
            }
            levels |= best.iter().fold(0, |levels, level| levels | 1 << level);
        }
    }

    /// The most that a record gets that reaches none of some levels and lacks some of the watched
    /// features, as bits.
    fn rest_of(&self, levels: Levels, lacking: usize) -> f64 {
        let open = self.reachable[lacking] & !levels;
        let tops = self.tops.iter().enumerate().filter(|(at, _)| open >> at & 1 == 1);
        let most = tops.map(|(_, top)| *top).fold(f64::NEG_INFINITY, f64::max);
        // None may hold.
        if most == f64::NEG_INFINITY { 0.0 } else { most }
    }

    /// The most that levels outside a set add, of those that look at the own feature alone.
    fn own_beside(&self, levels: Levels) -> f64 {
        let levels = levels | self.across;
        let tops = self.tops.iter().enumerate();
        tops.filter(|(level, _)| levels >> level & 1 == 0)
            .map(|(_, top)| *top)
            .fold(f64::NEG_INFINITY, f64::max)
    }

    /// The most that any record gets.
    pub(super) fn most(&self) -> f64 {
        self.tops.iter().copied().fold(self.cuts[0].rests[0].max(0.0), f64::max)
    }

    /// The most that a record with a value gets whose code is not among the hits, levels that look
    /// at other features left aside.
    pub(super) fn rest(&self) -> f64 {
        self.own_beside(self.found)
    }

    /// The most that a level before `level` adds that looks at other features and is not found.
    pub(super) fn open_across(&self, level: u8) -> f64 {
        let open = self.across & !self.found;
        let before = (0..self.tops.len().min(usize::from(level))).filter(|at| open >> at & 1 == 1);
        before.map(|at| self.tops[at]).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The most that a row adds by found levels that look at other features.
    pub(super) fn most_across(&self, row: usize, columns: &[Column]) -> f64 {
        let may_reach = |crossing: &&Crossing| {
            crossing.lists.iter().any(|list| {
                let code = columns[list.feature].code_at(row);
                code != MISSING && list.codes.binary_search(&code).is_ok()
            })
        };
        let reached = self.crossings.iter().filter(may_reach);
        reached.map(|crossing| crossing.most).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The least that a record with a value can get.
    pub(super) fn least(&self) -> f64 {
        self.tops.iter().copied().fold(0.0, f64::min)
    }

    /// The most that a record gets that lacks some features and reaches no level of a cut.
    pub(super) fn bound(&self, cut: usize, lacks: Lacks) -> f64 {
        if lacks & self.needs != 0 {
            return 0.0;
        }
        let lacking = self.watched.map(|watched| usize::from(lacks & watched != 0));
        self.cuts[cut].rests[lacking[0] | lacking[1] << 1]
    }

    pub(super) fn has_found(&self) -> bool {
        self.found != 0
    }

    /// Whether other features make no difference.
    pub(super) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Whether the codes of a cut are found.
    pub(super) fn is_found(&self, cut: usize) -> bool {
        self.cuts[cut].levels & !self.found == 0
    }

    /// Looks up what takes next to nothing.
    pub(super) fn look_up(&mut self, one: &mut One<'_>, sides: Sides<'_>) {
        for cut in 1..self.cuts.len() {
            let equal = |level: usize| {
                let test = &one.ladder.levels[level].test;
                matches!(test, Test::On { likeness: Likeness::Equal, .. })
            };
            let levels = self.cuts[cut].levels;
            if !(0..self.tops.len()).all(|level| levels >> level & 1 == 0 || equal(level)) {
                return;
            }
            self.find(cut, one, sides);
        }
    }

    /// Finds all codes of a cut.
    pub(super) fn find(&mut self, cut: usize, one: &mut One<'_>, sides: Sides<'_>) {
        // Cut by cut, so that what is remembered does not depend on what was found before.
        for cut in 1..=cut {
            let wanted = self.cuts[cut].levels & !self.found;
            if wanted != 0 {
                self.find_more(wanted, one, sides);
            }
        }
        self.hits.sort_unstable_by_key(|hit| hit.code);
        self.mark(one.column);
    }

    /// Finds the codes of some levels.
    fn find_more(&mut self, wanted: Levels, one: &mut One<'_>, sides: Sides<'_>) {
        for level in (0..self.tops.len()).filter(|level| (wanted & self.across) >> level & 1 == 1) {
            let lists = find::codes(&one.ladder.levels[level].test, sides, true);
            let most = self.tops[level];
            self.rows[level] = lists.iter().map(|list| rows_of(list, sides)).sum();
            self.crossings.push(Crossing { level: level as u8, most, lists });
        }
        let own = wanted & !self.across;
        let before = self.hits.len();
        match sides.shared(one.feature) {
            _ if own == 0 => {}
            Some((kept, code)) => {
                let asked = std::ptr::from_ref(one.ladder).addr();
                let key = Key { asked, part: u32::from(own), code };
                self.hits.extend_from_slice(&kept.hits(key, || own_hits(own, one, sides)));
            }
            None => self.hits.extend(own_hits(own, one, sides)),
        }
        for hit in &self.hits[before..] {
            self.rows[usize::from(hit.level)] += hit.rows as usize;
        }
        self.found |= wanted;
    }

    fn mark(&mut self, column: &Column) {
        if self.hits.len() <= FEW {
            return;
        }
        let mut bits = vec![0; column.codes().div_ceil(64)];
        self.hits.iter().for_each(|hit| bits[hit.code as usize / 64] |= 1 << (hit.code % 64));
        self.bits = Some(bits);
    }

    /// The hit of a code.
    pub(super) fn hit(&self, code: u32) -> Option<&Hit> {
        match &self.bits {
            None => self.hits.iter().find(|hit| hit.code == code),
            Some(bits) if bits[code as usize / 64] >> (code % 64) & 1 == 0 => None,
            Some(_) => {
                let at = self.hits.binary_search_by_key(&code, |hit| hit.code).ok()?;
                Some(&self.hits[at])
            }
        }
    }

    /// The hits of every found level.
    pub(super) fn all_hits(&self) -> &[Hit] {
        &self.hits
    }

    /// The hits of a cut.
    pub(super) fn hits(&self, cut: usize) -> impl Iterator<Item = &Hit> {
        let cut = self.cuts[cut];
        self.hits.iter().filter(move |hit| cut.drives(hit.level))
    }

    /// The crossings of a cut.
    pub(super) fn crossings_of(&self, cut: usize) -> impl Iterator<Item = &Crossing> {
        let cut = self.cuts[cut];
        self.crossings.iter().filter(move |crossing| cut.drives(crossing.level))
    }

    /// Rows that reach a level of a cut; an estimate where its codes are not found.
    pub(super) fn rows(&self, cut: usize, one: &One<'_>, sides: Sides<'_>) -> usize {
        let known = self.cuts[cut].levels & self.found;
        let known = (0..self.tops.len()).filter(|level| known >> level & 1 == 1);
        let known: usize = known.map(|level| self.rows[level]).sum();
        let levels = self.cuts[cut].levels & !self.found;
        let unknown = (0..self.tops.len()).filter(|level| levels >> level & 1 == 1);
        let share: f64 = unknown.map(|level| one.ladder.levels[level].u).sum();
        known + (share * sides.snapshot.len as f64) as usize
    }

    /// What finding the codes of a cut will take, in nanoseconds.
    pub(super) fn price(&self, cut: usize) -> usize {
        let levels = self.cuts[cut].levels & !self.found;
        let unknown = (0..self.tops.len()).filter(|level| levels >> level & 1 == 1);
        unknown.filter_map(|level| self.prices[level]).sum()
    }
}

/// The codes that reach one of some levels, which look at the own feature alone.
fn own_hits(levels: Levels, one: &mut One<'_>, sides: Sides<'_>) -> Vec<Hit> {
    let wanted = (0..one.ladder.levels.len()).filter(|level| levels >> level & 1 == 1);
    let tests = wanted.map(|level| &one.ladder.levels[level].test);
    let mut codes: Vec<u32> = Vec::new();
    for list in tests.flat_map(|test| find::codes(test, sides, false)) {
        codes.extend_from_slice(&list.codes);
    }
    codes.sort_unstable();
    codes.dedup();
    one.expect_codes(codes.len());
    let hit = |code: u32| {
        let outcome = one.outcome(code);
        // An earlier level that is not asked for may be what the code reaches.
        let is_wanted = outcome.level < Levels::BITS as u8 && levels >> outcome.level & 1 == 1;
        is_wanted.then(|| {
            let (column, text) = (one.column, one.column.text(code));
            let (first, second) = (sketch::byte(text), sketch::second_byte(text));
            let rows = column.rows_of(code).len() as u32;
            Hit { code, rows, bits: rounded_up(outcome.bits), level: outcome.level, first, second }
        })
    };
    codes.into_iter().filter_map(hit).collect()
}

/// The rows of a list.
fn rows_of(list: &find::Listed, sides: Sides<'_>) -> usize {
    let column = &sides.snapshot.columns[list.feature];
    list.codes.iter().map(|code| column.rows_of(*code).len()).sum()
}

/// The most that a level adds for a query.
fn top(level: &Level, query: &Features) -> f64 {
    let Some(table) = &level.term_frequency else { return level.bits };
    let has_common = matches!(
        &level.test,
        Test::On { feature, likeness: Likeness::Equal } if *feature == table.feature
    );
    let own = if has_common { f64::NEG_INFINITY } else { level.bits };
    let shares = query.values_of(table.feature).map(|value| table.share(value));
    shares.map(|share| level.bits_with(Some(share))).fold(own, f64::max)
}
