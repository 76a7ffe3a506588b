//! The most that a row gets by its sketch alone.

use smallvec::SmallVec;

use super::one::One;
use super::rung::{Hit, Rung};
use super::{Asked, Judge};
use crate::index::column::Column;
use crate::index::sketch::{self, Sketch};

/// Above the rounding errors of a few sums in 32 bits, which keep the tables small.
const SLACK: f64 = 1e-3;

/// The most that ladders add, by byte.
type Table = [f32; 256];

/// What one ladder adds, by the byte of its feature.
struct Own {
    /// Position in a sketch.
    at: usize,
    most: Box<Table>,
    /// Bytes that some hit has, as bits.
    hits: [u64; 4],
    second: Option<Second>,
    /// Bytes that a level may have that looks at other features, as bits.
    crossed: [u64; 4],
    /// The most that a row with a value gets that is neither.
    rest: f32,
}

/// What two bytes tell.
struct Second {
    /// Position of the second byte in a sketch.
    at: usize,
    /// Pairs of bytes that some hit has, as bits; the first byte is the higher.
    hits: Box<[u64; 1024]>,
}

/// So few hits are told apart by one byte.
const FEW_HITS: usize = 8;

/// What a sketch tells of one ladder.
pub(super) enum Told {
    /// The value is missing.
    Missing,
    /// The code is not among the hits.
    NoHit,
    /// It may be.
    Open,
}

/// Tables of bits by byte.
pub(super) struct Sifter {
    /// By position in a sketch, the most that all ladders on the feature add.
    tables: Vec<(usize, Table)>,
    /// Per ladder, the most that it adds; none where its feature has no byte.
    own: Vec<Option<Own>>,
    /// Ladders of which two bytes tell.
    again: SmallVec<[usize; 8]>,
    /// Prior, and the most that ladders add whose feature has no byte.
    beside: f32,
    floor: f64,
}

impl Sifter {
    /// What lets sketches pass that may reach `floor`.
    pub(super) fn new(judge: &Judge<'_>, rungs: &[Rung], floor: f64) -> Sifter {
        let (features, columns) =
            (judge.sides.snapshot.sketches.features(), &judge.sides.snapshot.columns);
        let mut sifter = Sifter {
            tables: Vec::with_capacity(features.len()),
            own: Vec::with_capacity(rungs.len()),
            again: SmallVec::new(),
            beside: judge.rule.base() as f32,
            floor: floor - SLACK * (1.0 + floor.abs()),
        };
        let place = |feature: usize| features.iter().position(|known| *known == feature);
        for (rung, ladder) in rungs.iter().zip(&judge.ladders) {
            let own = match ladder {
                Asked::One(one) => place(one.feature).map(|at| {
                    let second = judge.sides.snapshot.sketches.second(one.feature);
                    Own::new((at, second), rung, one)
                }),
                Asked::Always(_) => None,
            };
            let Some(mut own) = own else {
                sifter.beside += rung.most() as f32;
                sifter.own.push(None);
                continue;
            };
            sifter.cross(&mut own, rung, columns, place);
            // What nobody has adds the same to every row.
            match &judge.ladders[sifter.own.len()] {
                Asked::One(one) if one.column.codes() == 1 => sifter.beside += own.most[0],
                _ => sifter.add(own.at, |byte| own.most[byte]),
            }
            if own.second.is_some() {
                sifter.again.push(sifter.own.len());
            }
            sifter.own.push(Some(own));
        }
        sifter
    }

    fn add(&mut self, at: usize, bits: impl Fn(usize) -> f32) {
        let known = self.tables.iter().position(|(known, _)| *known == at);
        let known = known.unwrap_or_else(|| {
            self.tables.push((at, [0.0; 256]));
            self.tables.len() - 1
        });
        let table = &mut self.tables[known].1;
        table.iter_mut().enumerate().for_each(|(byte, sum)| *sum += bits(byte));
    }

    /// Adds what levels give that look at other features.
    fn cross(
        &mut self,
        own: &mut Own,
        rung: &Rung,
        columns: &[Column],
        place: impl Fn(usize) -> Option<usize>,
    ) {
        let open = rung.open_across(u8::MAX) as f32;
        own.most.iter_mut().for_each(|most| *most = most.max(open));
        own.rest = own.rest.max(open);
        let crossings = rung.crossings.iter();
        let lists = crossings
            .flat_map(|crossing| crossing.lists.iter().map(|list| (crossing.most as f32, list)));
        for (most, list) in lists {
            let texts = list.codes.iter().map(|code| columns[list.feature].text(*code));
            let bytes = texts.map(|text| usize::from(sketch::byte(text)));
            match place(list.feature) {
                Some(at) if at == own.at => {
                    bytes.for_each(|byte| {
                        own.most[byte] = own.most[byte].max(most);
                        own.crossed[byte / 64] |= 1 << (byte % 64);
                    });
                }
                // Whatever the own feature comes to, so much more at the most.
                Some(at) => {
                    let least = own.most.iter().copied().fold(f32::INFINITY, f32::min);
                    let mut more = [0.0; 256];
                    bytes.for_each(|byte| more[byte] = (most - least).max(0.0));
                    self.add(at, |byte| more[byte]);
                }
                None => {
                    own.most.iter_mut().for_each(|known| *known = known.max(most));
                    own.rest = own.rest.max(most);
                }
            }
        }
    }

    /// Whether a row with this sketch may reach the floor, and more by `excess`.
    pub(super) fn passes(&self, sketch: Sketch, excess: f64) -> bool {
        let bytes = sketch.to_le_bytes();
        let tables = self.tables.iter();
        let mut most =
            tables.fold(self.beside, |sum, (at, table)| sum + table[usize::from(bytes[*at])]);
        let least = self.floor + excess;
        if f64::from(most) < least {
            return false;
        }
        for own in self.again.iter().filter_map(|ladder| self.own[*ladder].as_ref()) {
            most -= own.too_much(&bytes);
        }
        f64::from(most) >= least
    }

    /// By how much the tables exceed what a ladder gives for a hit.
    pub(super) fn excess(&self, ladder: usize, hit: &Hit) -> f64 {
        let own = self.own[ladder].as_ref();
        own.map_or(0.0, |own| (f64::from(own.most[usize::from(hit.first)]) - hit.most()).max(0.0))
    }

    /// What a sketch tells of a ladder without a look at the row's code.
    pub(super) fn told(&self, ladder: usize, sketch: Sketch) -> Told {
        let Some(own) = &self.own[ladder] else { return Told::Open };
        let bytes = sketch.to_le_bytes();
        let byte = bytes[own.at];
        let is_hit = || own.second.as_ref().is_none_or(|second| second.has(byte, bytes[second.at]));
        match own.hits[usize::from(byte / 64)] >> (byte % 64) & 1 {
            _ if byte == 0 => Told::Missing,
            1 if is_hit() => Told::Open,
            _ => Told::NoHit,
        }
    }
}

impl Own {
    /// By how much the first byte of a row promises more than both together.
    fn too_much(&self, bytes: &[u8; size_of::<Sketch>()]) -> f32 {
        let byte = bytes[self.at];
        let is_in = |bits: &[u64; 4]| bits[usize::from(byte / 64)] >> (byte % 64) & 1 == 1;
        match &self.second {
            Some(second) if is_in(&self.hits) && !is_in(&self.crossed) => {
                match second.has(byte, bytes[second.at]) {
                    true => 0.0,
                    false => (self.most[usize::from(byte)] - self.rest).max(0.0),
                }
            }
            _ => 0.0,
        }
    }

    fn new((at, second): (usize, Option<usize>), rung: &Rung, one: &One<'_>) -> Own {
        let second = second.filter(|_| rung.all_hits().len() > FEW_HITS);
        let mut own = Own {
            at,
            most: Box::new([rung.rest() as f32; 256]),
            hits: [0; 4],
            second: second.map(|at| Second { at, hits: Box::new([0; 1024]) }),
            crossed: [0; 4],
            rest: rung.rest() as f32,
        };
        own.most[0] = one.if_missing.bits as f32;
        if one.needs_other() {
            // Without what else is needed nothing is added.
            own.most.iter_mut().for_each(|most| *most = most.max(0.0));
            own.rest = own.rest.max(0.0);
        }
        for hit in rung.all_hits() {
            let byte = hit.first;
            if let Some(second) = &mut own.second {
                second.put(byte, hit.second);
            }
            own.hits[usize::from(byte / 64)] |= 1 << (byte % 64);
            let most = &mut own.most[usize::from(byte)];
            *most = most.max(hit.most() as f32);
        }
        own
    }
}

impl Second {
    fn put(&mut self, first: u8, second: u8) {
        self.hits[usize::from(first) * 4 + usize::from(second / 64)] |= 1 << (second % 64);
    }

    fn has(&self, first: u8, second: u8) -> bool {
        self.hits[usize::from(first) * 4 + usize::from(second / 64)] >> (second % 64) & 1 == 1
    }
}
