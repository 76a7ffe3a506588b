//! The index as bytes: written from a snapshot, and read back much sooner than it is built.
//!
//! An image holds what cannot be told from anything else: which number has a record, the code of
//! each record in each feature, and the value of each code. Lists of rows, groups, lookups by
//! value and signatures are derived while reading, so that they fit each other whatever the bytes
//! say. It is read for one rule set, the one it was written for.
//!
//! All numbers are little-endian.
//!
//! | part | bytes | holds |
//! |---|---|---|
//! | magic | 8 | `OCRIMAGE` |
//! | format | 4 | [`FORMAT`] |
//! | section 1, head | | hash of the rule set and the stamp, each its length in 4 bytes and its bytes; numbers (8), records (8), columns (4) |
//! | section 2, presence | | a bit for each number, lowest first: whether it has a record |
//! | for each feature: section 3, codes | | 4 bytes for each number; 0 is the missing value |
//! | then section 4, values | | see below |
//! | section 5, end | | nothing |
//!
//! A section is its name (4 bytes), the length of its content (8), the content, and the CRC-32
//! (IEEE 802.3) of all these (4). Nothing follows the last.
//!
//! The values of a text are the number of codes (4), the length of each text (4 each, 0 for a
//! code that no record has) and the texts. Those of other features are the number of codes and
//! for each code the number of its parts (4; 0 if unused), each part its length and its text: for
//! a phonetic value the text and its sound, which may be empty, for a filter its values.
//!
//! What is read is not trusted: sections grow as bytes arrive, whatever length they claim, and
//! anything that does not fit is an [`ImageError`]. Checksums find accidents; they do not prove
//! who wrote an image. One made on purpose can hold other values than the records have, so
//! whoever keeps images must keep them as safe as the records themselves. They hold what people
//! are called.
//!
//! Files, and how to tell whether an image is of the right store, are the caller's: see
//! [`Image::stamp`].

mod section;

use std::io::{self, Read, Write};
use std::sync::Arc;

use thiserror::Error;

use super::chunked::Chunked;
use super::column::{Codes, Column, MISSING};
use super::masks::Masks;
use super::planner::{FEATURES_MAX, Lacks};
use super::postings::NUMBERS_MAX;
use super::{Index, ROWS_CHUNK, Snapshot};
use crate::rules::Ruleset;

pub(super) use section::{Cursor, Flaw, Section, numbers};

/// The format that is written, and the only one that is read.
pub const FORMAT: u32 = 1;

/// What an image begins with.
pub const MAGIC: [u8; 8] = *b"OCRIMAGE";

/// The longest stamp, in bytes: it names a state and is no place for data.
pub const STAMP_MAX: usize = 1 << 12;

/// Names of sections.
mod name {
    pub(super) const HEAD: u32 = 1;
    pub(super) const PRESENCE: u32 = 2;
    pub(super) const CODES: u32 = 3;
    pub(super) const VALUES: u32 = 4;
    pub(super) const END: u32 = 5;
}

/// Why bytes are no image that can be used. Whatever it is, the index has to be built anew.
#[derive(Debug, Error)]
pub enum ImageError {
    /// The bytes cannot be read.
    #[error("it cannot be read")]
    Read(#[source] io::Error),
    /// It begins with something else.
    #[error("it is no index image")]
    NotAnImage,
    /// It was written by another release.
    #[error("it has format {0}, not {FORMAT}")]
    OtherFormat(u32),
    /// It was written for other rules.
    #[error("it was made for other rules")]
    OtherRules,
    /// It ends early, a checksum is wrong, or what it says cannot be.
    #[error("its {0} is damaged")]
    Damaged(&'static str),
}

/// An image of which the head was read and fits.
#[derive(Debug)]
pub struct Image<R> {
    ruleset: Arc<Ruleset>,
    stamp: Vec<u8>,
    numbers: usize,
    len: usize,
    input: R,
}

/// What the head says beside the rule set and the stamp.
struct Sizes {
    numbers: usize,
    len: usize,
    columns: usize,
}

impl Snapshot {
    /// Writes an image of this snapshot that carries `stamp`.
    ///
    /// Takes long for large indexes, and nobody waits for it: the writer goes on publishing. An
    /// index with a number from 2³¹ − 1 on can be written but not read back.
    ///
    /// # Errors
    ///
    /// What `out` fails with; [`io::ErrorKind::InvalidInput`] for a stamp above [`STAMP_MAX`].
    pub fn write_image(&self, stamp: &[u8], out: &mut impl Write) -> io::Result<()> {
        if stamp.len() > STAMP_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the stamp is too long"));
        }
        let numbers = self.numbers();
        out.write_all(&MAGIC)?;
        out.write_all(&FORMAT.to_le_bytes())?;
        let hash = self.ruleset.hash.to_string();
        let head_len = 4 + hash.len() + 4 + stamp.len() + 8 + 8 + 4;
        let mut head = Section::new(out, name::HEAD, head_len as u64)?;
        head.text(hash.as_bytes())?;
        head.text(stamp)?;
        head.put(&(numbers as u64).to_le_bytes())?;
        head.put(&(self.len as u64).to_le_bytes())?;
        head.number(self.columns.len() as u32)?;
        head.end()?;
        self.write_presence(numbers, out)?;
        for column in &self.columns {
            let mut codes = Section::new(out, name::CODES, numbers as u64 * 4)?;
            column.write_codes(numbers, &mut codes)?;
            codes.end()?;
            let mut values = Section::new(out, name::VALUES, column.values_len())?;
            column.write_values(&mut values)?;
            values.end()?;
        }
        Section::new(out, name::END, 0)?.end()?;
        out.flush()
    }

    /// One more than the highest number that has a record.
    fn numbers(&self) -> usize {
        let last = (0..self.present.chunks()).rev().find_map(|chunk| {
            let within = self.present.chunk(chunk).iter().rposition(|is_present| *is_present)?;
            Some(chunk * ROWS_CHUNK + within)
        });
        last.map_or(0, |last| last + 1)
    }

    fn write_presence(&self, numbers: usize, out: &mut impl Write) -> io::Result<()> {
        let mut presence = Section::new(out, name::PRESENCE, numbers.div_ceil(8) as u64)?;
        for first in (0..numbers).step_by(8) {
            let bits = (0..8).filter(|bit| self.present.get(first + bit));
            presence.put(&[bits.fold(0, |byte, bit| byte | 1 << bit)])?;
        }
        presence.end()
    }
}

impl<R: Read> Image<R> {
    /// Reads the head of an image and checks that it is for `ruleset`.
    ///
    /// `input` is read in large pieces and in very small ones, so it should be buffered.
    ///
    /// # Errors
    ///
    /// [`ImageError`] if it cannot be used.
    pub fn open(ruleset: Arc<Ruleset>, mut input: R) -> Result<Image<R>, ImageError> {
        let mut start = [0; 12];
        section::fill(&mut input, &mut start, "beginning")?;
        let (magic, format) = start.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(ImageError::NotAnImage);
        }
        let format = format.iter().rev().fold(0, |format, byte| format << 8 | u32::from(*byte));
        if format != FORMAT {
            return Err(ImageError::OtherFormat(format));
        }
        let head = section::read(&mut input, name::HEAD, "head")?;
        let (hash, stamp, sizes) = read_head(&head).map_err(|Flaw| ImageError::Damaged("head"))?;
        if hash != ruleset.hash.to_string().as_bytes() {
            return Err(ImageError::OtherRules);
        }
        if sizes.columns != ruleset.features.len() || sizes.numbers > NUMBERS_MAX {
            return Err(ImageError::Damaged("head"));
        }
        let Sizes { numbers, len, .. } = sizes;
        Ok(Image { ruleset, stamp: stamp.to_vec(), numbers, len, input })
    }

    /// What whoever wrote the image needs to recognise it.
    pub fn stamp(&self) -> &[u8] {
        &self.stamp
    }

    /// Reads the rest. The index is the one that was written, and changes as that one would.
    ///
    /// # Errors
    ///
    /// [`ImageError::Read`] and [`ImageError::Damaged`].
    pub fn load(mut self) -> Result<Index, ImageError> {
        let bits = section::read(&mut self.input, name::PRESENCE, "presence")?;
        let present = self.presence(&bits).map_err(|Flaw| ImageError::Damaged("presence"))?;
        let mut index = Index::new(Arc::clone(&self.ruleset));
        let columns = self.columns(std::mem::take(&mut index.table.columns))?;
        let end = section::read(&mut self.input, name::END, "end")?;
        let more = self.input.read(&mut [0]).map_err(ImageError::Read)?;
        if !end.is_empty() || more > 0 {
            return Err(ImageError::Damaged("end"));
        }
        (index.table.columns, index.codes) = columns.into_iter().unzip();
        index.table.masks = masks(&index.table.columns, &present)
            .map_err(|Flaw| ImageError::Damaged("presence"))?;
        let Snapshot { columns, sketches, .. } = &mut index.table;
        for row in (0..self.numbers).filter(|row| present.get(*row)) {
            sketches.put_texts(row, |feature| columns[feature].text(columns[feature].code_at(row)));
        }
        (index.table.present, index.table.len) = (present, self.len);
        Ok(index)
    }

    fn presence(&self, bits: &[u8]) -> Result<Chunked<bool, ROWS_CHUNK>, Flaw> {
        if bits.len() != self.numbers.div_ceil(8) {
            return Err(Flaw);
        }
        let is_present = |number: usize| bits[number / 8] >> (number % 8) & 1 == 1;
        let len = (0..bits.len() * 8).filter(|number| is_present(*number)).count();
        let ends_with_a_record = self.numbers == 0 || is_present(self.numbers - 1);
        let ends_there = !(self.numbers..bits.len() * 8).any(is_present);
        if len != self.len || !ends_with_a_record || !ends_there {
            return Err(Flaw);
        }
        Ok(Chunked::of((0..self.numbers).map(is_present)))
    }

    /// Reads a column in place of each empty one.
    fn columns(&mut self, empty: Vec<Column>) -> Result<Vec<(Column, Codes)>, ImageError> {
        let mut read: Vec<Option<Result<(Column, Codes), Flaw>>> =
            empty.iter().map(|_| None).collect();
        // A column is decoded while the next is read.
        rayon::in_place_scope(|scope| -> Result<(), ImageError> {
            let features = self.ruleset.features.iter();
            for ((read, column), feature) in read.iter_mut().zip(empty).zip(features) {
                let codes = section::read(&mut self.input, name::CODES, "list of codes")?;
                let values = section::read(&mut self.input, name::VALUES, "list of values")?;
                if codes.len() != self.numbers * 4 {
                    return Err(ImageError::Damaged("list of codes"));
                }
                let kind = feature.kind;
                scope.spawn(move |_| *read = Some(column.restore(kind, &codes, &values)));
            }
            Ok(())
        })?;
        // Each was spawned, and the scope has waited for it.
        let columns: Result<_, Flaw> =
            read.into_iter().map(|read| read.unwrap_or(Err(Flaw))).collect();
        columns.map_err(|Flaw| ImageError::Damaged("list of values"))
    }
}

/// What the head holds: the hash of the rule set, the stamp, and sizes.
fn read_head(head: &[u8]) -> Result<(&[u8], &[u8], Sizes), Flaw> {
    let mut head = Cursor::new(head);
    let (hash, stamp) = (head.text()?, head.text()?);
    let (numbers, len) = (head.size()?, head.size()?);
    let columns = head.number()? as usize;
    match head.is_at_end() && stamp.len() <= STAMP_MAX {
        true => Ok((hash, stamp, Sizes { numbers, len, columns })),
        false => Err(Flaw),
    }
}

/// Groups the rows by what they lack; where there is no record there must be no value.
fn masks(columns: &[Column], present: &Chunked<bool, ROWS_CHUNK>) -> Result<Masks, Flaw> {
    let is_stray = |chunk: usize| {
        let present = present.chunk(chunk);
        columns.iter().any(|column| {
            let mut rows = present.iter().zip(column.chunk(chunk));
            rows.any(|(is_present, code)| !is_present && *code != MISSING)
        })
    };
    if (0..present.chunks()).any(is_stray) {
        return Err(Flaw);
    }
    let lacks = (0..present.chunks()).flat_map(|chunk| {
        let present = present.chunk(chunk);
        let mut lacks: Vec<Lacks> = vec![0; present.len()];
        for (feature, column) in columns.iter().take(FEATURES_MAX).enumerate() {
            for (lacks, code) in lacks.iter_mut().zip(column.chunk(chunk)) {
                *lacks |= Lacks::from(*code == MISSING) << feature;
            }
        }
        present.iter().zip(lacks).map(|(is_present, lacks)| is_present.then_some(lacks))
    });
    Ok(Masks::of(lacks))
}
