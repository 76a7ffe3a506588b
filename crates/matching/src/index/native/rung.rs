//! What is known of a ladder for one query before any record is looked at: the most that each
//! level can add, and which codes reach the better ones.

use smallvec::SmallVec;

use super::one::One;
use super::{Asked, Sides, find};
use crate::features::Features;
use crate::index::column::{Column, MISSING};
use crate::index::planner::{Lacks, has};
use crate::model::{Level, Likeness, Test};

/// Levels of a ladder, as bits by position.
type Levels = u16;

/// One ladder of a rule for one query.
pub(super) struct Rung {
    /// Per level, the most that it can add.
    tops: SmallVec<[f64; 8]>,
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
    pub(super) level: u8,
    pub(super) bits: f64,
    rows: usize,
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
            cuts: SmallVec::new(),
            needs: 0,
            watched: [0; WATCHED_MAX],
            across: 0,
            is_plain: true,
            found: 0,
            hits: Vec::new(),
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
        self.cut(one, sides);
    }

    /// Lists the cuts: none, the best level, the best two, and so on while codes can be found.
    fn cut(&mut self, one: &One<'_>, sides: Sides<'_>) {
        let mut levels: Levels = 0;
        loop {
            let rests = std::array::from_fn(|lacking| self.rest_of(one, levels, lacking));
            self.cuts.push(Cut { levels, rests });
            let rest = rests[0];
            let best: SmallVec<[usize; 8]> = (0..self.tops.len())
                .filter(|level| levels >> level & 1 == 0 && self.tops[*level] >= rest)
                .collect();
            let can_be_found =
                |level: &usize| find::price(&one.ladder.levels[*level].test, sides).is_some();
            if best.is_empty() || !best.iter().all(can_be_found) {
                return;
            }
            levels |= best.iter().fold(0, |levels, level| levels | 1 << level);
        }
    }

    /// The most that a record gets that reaches none of some levels and lacks some of the watched
    /// features, as bits.
    fn rest_of(&self, one: &One<'_>, levels: Levels, lacking: usize) -> f64 {
        let lacked = self.watched.iter().enumerate();
        let lacks = lacked
            .filter(|(at, _)| lacking >> at & 1 == 1)
            .fold(0, |lacks, (_, watched)| lacks | watched);
        let mut most = f64::NEG_INFINITY;
        for (at, level) in one.ladder.levels.iter().enumerate() {
            if levels >> at & 1 == 0 && level.test.can_hold(&|feature| !has(lacks, feature)) {
                most = most.max(self.tops[at]);
            }
        }
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
        let wanted = self.cuts[cut].levels & !self.found;
        let (column, ladder) = (one.column, one.ladder);
        let mut codes: Vec<u32> = Vec::new();
        for level in (0..self.tops.len()).filter(|level| wanted >> level & 1 == 1) {
            let is_across = self.across >> level & 1 == 1;
            let lists = find::codes(&ladder.levels[level].test, sides, is_across);
            if is_across {
                let most = self.tops[level];
                self.crossings.push(Crossing { level: level as u8, most, lists });
            } else {
                lists.into_iter().for_each(|list| codes.extend(list.codes));
            }
        }
        codes.sort_unstable();
        codes.dedup();
        one.expect_codes(codes.len());
        for code in codes {
            let outcome = one.outcome(code);
            // An earlier level that is not asked for may be what the code reaches.
            if outcome.level < Levels::BITS as u8 && wanted >> outcome.level & 1 == 1 {
                let rows = column.rows_of(code).len();
                self.hits.push(Hit { code, level: outcome.level, bits: outcome.bits, rows });
            }
        }
        self.hits.sort_unstable_by_key(|hit| hit.code);
        self.found |= wanted;
        self.mark(column);
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
        let known = self.hits(cut).map(|hit| hit.rows).sum::<usize>();
        let lists = self.crossings_of(cut).flat_map(|crossing| &crossing.lists);
        let crossed = lists.map(|list| rows_of(list, sides)).sum::<usize>();
        let levels = self.cuts[cut].levels & !self.found;
        let unknown = (0..self.tops.len()).filter(|level| levels >> level & 1 == 1);
        let share: f64 = unknown.map(|level| one.ladder.levels[level].u).sum();
        known + crossed + (share * sides.snapshot.len as f64) as usize
    }

    /// What finding the codes of a cut will take, in nanoseconds.
    pub(super) fn price(&self, cut: usize, one: &One<'_>, sides: Sides<'_>) -> usize {
        let levels = self.cuts[cut].levels & !self.found;
        let unknown = (0..self.tops.len()).filter(|level| levels >> level & 1 == 1);
        let prices = unknown.filter_map(|level| find::price(&one.ladder.levels[level].test, sides));
        prices.sum()
    }
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
