//! The most that a row gets by its sketch alone.

use super::one::One;
use super::rung::Rung;
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
        let crossings = rung.crossings.iter();
        let lists = crossings
            .flat_map(|crossing| crossing.lists.iter().map(|list| (crossing.most as f32, list)));
        for (most, list) in lists {
            let texts = list.codes.iter().map(|code| columns[list.feature].text(*code));
            let bytes = texts.map(|text| usize::from(sketch::byte(text)));
            match place(list.feature) {
                Some(at) if at == own.at => {
                    bytes.for_each(|byte| own.most[byte] = own.most[byte].max(most));
                }
                // Whatever the own feature comes to, so much more at the most.
                Some(at) => {
                    let least = own.most.iter().copied().fold(f32::INFINITY, f32::min);
                    let mut more = [0.0; 256];
                    bytes.for_each(|byte| more[byte] = (most - least).max(0.0));
                    self.add(at, |byte| more[byte]);
                }
                None => own.most.iter_mut().for_each(|known| *known = known.max(most)),
            }
        }
    }

    /// Whether a row with this sketch may reach the floor, and more by `excess`.
    pub(super) fn passes(&self, sketch: Sketch, excess: f64) -> bool {
        let bytes = sketch.to_le_bytes();
        let tables = self.tables.iter();
        let most =
            tables.fold(self.beside, |sum, (at, table)| sum + table[usize::from(bytes[*at])]);
        f64::from(most) >= self.floor + excess
    }

    /// By how much the tables exceed what a ladder gives for a text.
    pub(super) fn excess(&self, ladder: usize, text: &str, bits: f64) -> f64 {
        let own = self.own[ladder].as_ref();
        own.map_or(0.0, |own| {
            (f64::from(own.most[usize::from(sketch::byte(text))]) - bits).max(0.0)
        })
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
    fn new((at, second): (usize, Option<usize>), rung: &Rung, one: &One<'_>) -> Own {
        let second = second.filter(|_| rung.all_hits().len() > FEW_HITS);
        let mut own = Own {
            at,
            most: Box::new([rung.rest() as f32; 256]),
            hits: [0; 4],
            second: second.map(|at| Second { at, hits: Box::new([0; 1024]) }),
        };
        own.most[0] = one.if_missing.bits as f32;
        if one.needs_other() {
            // Without what else is needed nothing is added.
            own.most.iter_mut().for_each(|most| *most = most.max(0.0));
        }
        for hit in rung.all_hits() {
            let text = one.column.text(hit.code);
            let byte = sketch::byte(text);
            if let Some(second) = &mut own.second {
                second.put(byte, sketch::second_byte(text));
            }
            own.hits[usize::from(byte / 64)] |= 1 << (byte % 64);
            let most = &mut own.most[usize::from(byte)];
            *most = most.max(hit.bits as f32);
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
