//! What is known of a ladder for one query before any record is looked at: the most that each
//! level can add, and which codes reach the better ones.

use smallvec::SmallVec;

use super::Asked;
use super::find;
use super::one::One;
use crate::features::Features;
use crate::index::column::Column;
use crate::index::planner::Lacks;
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
    /// The feature without which a ladder that needs nothing adds `if_missing`.
    feature: Lacks,
    if_missing: f64,
    /// Levels whose codes are found.
    found: Levels,
    /// Codes that reach a found level, ascending.
    hits: Vec<Hit>,
    /// The same as bits by code, where they are many.
    bits: Option<Vec<u64>>,
}

/// A code that reaches a level.
#[derive(Clone, Copy)]
pub(super) struct Hit {
    pub(super) code: u32,
    pub(super) level: u8,
    pub(super) bits: f64,
    rows: usize,
}

/// Levels that drive a search, and the most that a record that reaches none of them gets.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) levels: Levels,
    pub(super) rest: f64,
}

impl Cut {
    pub(super) fn drives(self, level: u8) -> bool {
        self.levels >> level & 1 == 1
    }
}

/// Hits that are looked through one by one.
const FEW: usize = 6;

impl Rung {
    pub(super) fn new(asked: &Asked<'_>, query: &Features) -> Rung {
        let mut rung = Rung {
            tops: SmallVec::new(),
            cuts: SmallVec::new(),
            needs: 0,
            feature: 0,
            if_missing: 0.0,
            found: 0,
            hits: Vec::new(),
            bits: None,
        };
        let (ladder, one) = match asked {
            Asked::Nothing => {
                rung.cuts.push(Cut { levels: 0, rest: 0.0 });
                return rung;
            }
            Asked::One(one) => (one.ladder, Some(one)),
            Asked::Many(many) => (many.ladder, None),
        };
        rung.needs = ladder.needs.iter().fold(0, |needs, feature| needs | 1 << feature);
        rung.tops = ladder.levels.iter().map(|level| top(level, query)).collect();
        rung.cuts.push(Cut { levels: 0, rest: rung.most_beside(0) });
        if let Some(one) = one {
            rung.feature = 1 << one.feature;
            rung.if_missing = one.if_missing;
            rung.cut(one);
        }
        rung
    }

    /// Lists the cuts: the best level, the best two, and so on while their codes can be found.
    fn cut(&mut self, one: &One<'_>) {
        let Some(query) = &one.query else { return };
        let mut levels: Levels = 0;
        loop {
            let rest = self.most_beside(levels);
            let best: SmallVec<[usize; 8]> = (0..self.tops.len())
                .filter(|level| levels >> level & 1 == 0 && self.tops[*level] >= rest)
                .collect();
            let can_be_found = best.iter().all(|level| {
                find::price(&one.ladder.levels[*level].test, one.column, query.text).is_some()
            });
            if best.is_empty() || !can_be_found {
                return;
            }
            levels |= best.iter().fold(0, |levels, level| levels | 1 << level);
            self.cuts.push(Cut { levels, rest: self.most_beside(levels) });
        }
    }

    /// The most that levels outside a set can add.
    fn most_beside(&self, levels: Levels) -> f64 {
        let tops = self.tops.iter().enumerate();
        tops.filter(|(level, _)| levels >> level & 1 == 0)
            .map(|(_, top)| *top)
            .fold(f64::NEG_INFINITY, f64::max)
    }

    /// The most that any record gets.
    pub(super) fn most(&self) -> f64 {
        self.cuts[0].rest.max(self.if_missing).max(0.0)
    }

    /// The most that a record with a value gets whose code is not among the hits.
    pub(super) fn rest(&self) -> f64 {
        if self.found == 0 { self.cuts[0].rest } else { self.most_beside(self.found) }
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
        if lacks & self.feature != 0 { self.if_missing } else { self.cuts[cut].rest }
    }

    pub(super) fn has_found(&self) -> bool {
        self.found != 0
    }

    /// Whether the codes of a cut are found.
    pub(super) fn is_found(&self, cut: usize) -> bool {
        self.cuts[cut].levels & !self.found == 0
    }

    /// Looks up what takes next to nothing.
    pub(super) fn look_up(&mut self, one: &mut One<'_>) {
        for cut in 1..self.cuts.len() {
            let equal = |level: usize| {
                let test = &one.ladder.levels[level].test;
                matches!(test, Test::On { likeness: Likeness::Equal, .. })
            };
            let levels = self.cuts[cut].levels;
            if !(0..self.tops.len()).all(|level| levels >> level & 1 == 0 || equal(level)) {
                return;
            }
            self.find(cut, one);
        }
    }

    /// Finds all codes of a cut.
    pub(super) fn find(&mut self, cut: usize, one: &mut One<'_>) {
        let wanted = self.cuts[cut].levels & !self.found;
        let (column, ladder) = (one.column, one.ladder);
        let Some(text) = one.query.as_ref().map(|query| query.text) else { return };
        let mut codes: Vec<u32> = Vec::new();
        for level in (0..self.tops.len()).filter(|level| wanted >> level & 1 == 1) {
            codes.extend(find::codes(&ladder.levels[level].test, column, text));
        }
        codes.sort_unstable();
        codes.dedup();
        one.expect(codes.len());
        for code in codes {
            let outcome = one.outcome(code);
            // An earlier level that is not asked for may be what the code reaches.
            if wanted >> outcome.level & 1 == 1 {
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

    /// Rows that reach a level of a cut; an estimate where its codes are not found.
    pub(super) fn rows(&self, cut: usize, one: &One<'_>, len: usize) -> usize {
        if self.is_found(cut) {
            return self.hits(cut).map(|hit| hit.rows).sum();
        }
        let levels = self.cuts[cut].levels & !self.found;
        let unknown = (0..self.tops.len()).filter(|level| levels >> level & 1 == 1);
        let share: f64 = unknown.map(|level| one.ladder.levels[level].u).sum();
        self.hits(cut).map(|hit| hit.rows).sum::<usize>() + (share * len as f64) as usize
    }

    /// What finding the codes of a cut will take, in nanoseconds.
    pub(super) fn price(&self, cut: usize, one: &One<'_>) -> usize {
        let levels = self.cuts[cut].levels & !self.found;
        let Some(text) = one.query.as_ref().map(|query| query.text) else { return 0 };
        let unknown = (0..self.tops.len()).filter(|level| levels >> level & 1 == 1);
        unknown
            .filter_map(|level| find::price(&one.ladder.levels[level].test, one.column, text))
            .sum()
    }
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
