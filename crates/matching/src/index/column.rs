//! One feature of all records: distinct values, a code per record, and the way back.
//!
//! [`Column`] is what a snapshot holds; [`Codes`] is what only the writer needs. Code 0 is the
//! missing value, which has no postings.

mod stored;

use std::collections::BTreeSet;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use super::ROWS_CHUNK;
use super::calendar::Calendar;
use super::chunked::Chunked;
use super::derived::{Derived, Sounds, Wanted};
use super::digits::Digits;
use super::finder::Finder;
use super::postings::{FreeLists, Postings, RowsOf};
use super::signature::{Sieve, Signature};
use super::texts::Texts;
use super::wards::Wards;
use super::words::Words;
use crate::features::Value;
use crate::model::{self, Encoder};
use crate::rules::FeatureKind;
use crate::similarity::{Algorithm, Units};

/// Code of a missing value.
pub(super) const MISSING: u32 = 0;

/// Values of a chunk: smaller than of rows, because copying one counts references.
const VALUES_CHUNK: usize = 512;
/// Signatures of a chunk.
const SIGNATURES_CHUNK: usize = 512;

/// Free codes that are left alone: the arrays they keep are small.
const FREE_MIN: usize = 512;
/// Values that get another code when one is forgotten: arrays shrink as fast as they empty, and
/// no removal pays for all the others.
const MOVES_MAX: usize = 2;
/// Rows that are rewritten for a value that gets another code.
const MOVED_ROWS_MAX: usize = 256;

/// Codes by row, values and rows by code, and codes by value.
#[derive(Clone)]
pub(super) struct Column {
    rows: Chunked<u32, ROWS_CHUNK>,
    /// The same, where no row will change any more.
    beside: Option<Beside>,
    values: Values,
    /// Codes that are in use or below one that is, the missing one included.
    codes: usize,
    finder: Finder,
    hasher: foldhash::fast::RandomState,
    postings: Postings,
    /// Only where some rule compares by more than equality.
    signatures: Option<Chunked<Signature, SIGNATURES_CHUNK>>,
    /// What native rules look values up by.
    derived: Derived,
}

/// The codes of all columns, row by row.
#[derive(Clone)]
struct Beside {
    codes: Arc<[u32]>,
    width: usize,
    at: usize,
}

/// Distinct values by code.
#[derive(Clone)]
enum Values {
    /// Of a feature that is compared as text.
    Texts(Texts),
    /// Of a filter or of a phonetic field, with the codes by what values may share.
    Others { values: Chunked<Option<Value>, VALUES_CHUNK>, by_term: Finder },
}

impl Column {
    pub(super) fn new(kind: FeatureKind, has_signatures: bool, wanted: &Wanted) -> Column {
        let values = match kind {
            FeatureKind::Text => Values::Texts(Texts::default()),
            FeatureKind::Sound | FeatureKind::Set => {
                Values::Others { values: Chunked::new(), by_term: Finder::new() }
            }
        };
        Column {
            rows: Chunked::new(),
            beside: None,
            values,
            codes: 1,
            finder: Finder::new(),
            hasher: foldhash::fast::RandomState::default(),
            postings: Postings::new(),
            signatures: has_signatures.then(Chunked::new),
            derived: Derived::new(wanted),
        }
    }

    /// The codes whose values include a prepared one.
    pub(super) fn codes_with(&self, value: &str) -> impl Iterator<Item = u32> {
        let hash = self.hasher.hash_one(value);
        let is_it = |code: &u32| model::values(self.text(*code)).any(|other| other == value);
        // Those that have several are listed by each, those that have it alone are found.
        let alone = self.finder.find(hash, |code| self.text(code) == value);
        let several: Vec<u32> = self.derived.with(hash).filter(is_it).collect();
        alone.into_iter().chain(several)
    }

    /// Whether some values hold several.
    pub(super) fn has_several(&self) -> bool {
        self.derived.has_several()
    }

    /// The codes that may have a value with this end.
    pub(super) fn codes_ending(&self, end: &str, characters: usize) -> Vec<u32> {
        self.derived.ending(self.hasher.hash_one(end), characters)
    }

    /// Values by their letters, if they are kept so.
    pub(super) fn wards(&self) -> Option<&Wards> {
        self.derived.wards()
    }

    /// The codes of values that have a word beside others, if they are kept so.
    pub(super) fn codes_with_word(&self, word: &str) -> Option<RowsOf<'_>> {
        Some(self.derived.words()?.with(word, self.hasher.hash_one(word)))
    }

    /// The codes of values that say one word several times and nothing else.
    pub(super) fn codes_repeating(&self) -> RowsOf<'_> {
        self.derived.words().map_or(RowsOf::None, Words::repeated)
    }

    /// Values by year, month and day, if they are kept so.
    pub(super) fn dates(&self) -> Option<&Calendar> {
        self.derived.dates()
    }

    /// The date of a code, if it is one full date and dates are kept.
    pub(super) fn digits(&self, code: u32) -> Option<Digits> {
        self.derived.digits(code)
    }

    /// What a query's text asks of signatures; `None` if nothing can be ruled out.
    pub(super) fn sieve(
        &self,
        algorithm: Algorithm,
        threshold: f64,
        text: &Units,
    ) -> Option<Sieve> {
        self.derived.sieve(algorithm, threshold, text)
    }

    /// The phonetic codes of all values, if they are kept.
    pub(super) fn sounds(&self, encoder: Encoder) -> Option<&Sounds> {
        self.derived.sounds(encoder)
    }

    /// The codes that may have a sound, or several values; `None` if sounds are not kept.
    pub(super) fn codes_sounding(&self, encoder: Encoder, sound: u32) -> Option<Vec<u32>> {
        self.derived.sounding(encoder, sound).map(Iterator::collect)
    }

    /// Whether a value of this rolling hash may exist.
    pub(super) fn may_have(&self, rolling: u64) -> bool {
        self.derived.may_have(rolling)
    }

    /// How many characters [`Column::alphabet`] has.
    pub(super) fn alphabet_len(&self) -> Option<usize> {
        self.derived.alphabet_len()
    }

    /// The characters of all values, if there are few enough to try each; some may be gone.
    pub(super) fn alphabet(&self) -> Option<Vec<char>> {
        self.derived.alphabet()
    }

    /// The signature of a code's text, if one is kept.
    pub(super) fn signature(&self, code: u32) -> Option<&Signature> {
        self.signatures.as_ref()?.get_ref(code as usize)
    }

    /// Whether values are sifted by signatures.
    pub(super) fn has_signatures(&self) -> bool {
        self.signatures.is_some()
    }

    /// One more than the highest code.
    pub(super) fn codes(&self) -> usize {
        self.codes
    }

    /// The code of a row.
    pub(super) fn code_at(&self, row: usize) -> u32 {
        match &self.beside {
            None => self.rows.get(row),
            Some(beside) => beside.codes[row * beside.width + beside.at],
        }
    }

    /// Lets rows be read where the codes of all columns lie side by side: whoever looks at one
    /// of them soon looks at others.
    pub(super) fn put_beside(columns: &mut [Column], rows: usize) {
        let columns: Vec<&mut Column> =
            columns.iter_mut().filter(|column| column.codes > 1).collect();
        let width = columns.len();
        let mut codes = vec![MISSING; rows * width];
        for (at, column) in columns.iter().enumerate() {
            let of_rows = (0..column.rows.chunks()).flat_map(|chunk| column.rows.chunk(chunk));
            for (row, code) in of_rows.enumerate().take(rows) {
                codes[row * width + at] = *code;
            }
        }
        let codes: Arc<[u32]> = codes.into();
        for (at, column) in columns.into_iter().enumerate() {
            column.beside = Some(Beside { codes: Arc::clone(&codes), width, at });
        }
    }

    /// The text of a code; empty for the missing one and for a filter.
    pub(super) fn text(&self, code: u32) -> &str {
        match &self.values {
            Values::Texts(texts) => texts.get(code as usize),
            Values::Others { .. } => self.other(code).and_then(Value::text).unwrap_or(""),
        }
    }

    fn other(&self, code: u32) -> Option<&Value> {
        match &self.values {
            Values::Texts(_) => None,
            Values::Others { values, .. } => values.get_ref(code as usize).and_then(Option::as_ref),
        }
    }

    /// Whether a filter or phonetic field with the query's value lets a code pass.
    pub(super) fn agrees(&self, query: Option<&Value>, code: u32) -> bool {
        Value::agree(query, self.other(code))
    }

    /// The codes that a filter or phonetic field with the query's value lets pass, ascending.
    pub(super) fn codes_like(&self, query: &Value) -> Vec<u32> {
        let Values::Others { by_term, .. } = &self.values else { return Vec::new() };
        let mut codes: Vec<u32> =
            query.terms().flat_map(|term| by_term.all(self.hasher.hash_one(term))).collect();
        codes.sort_unstable();
        codes.dedup();
        // Others have the same hash only.
        codes.retain(|code| self.agrees(Some(query), *code));
        codes
    }

    /// Whether some record has the code.
    pub(super) fn is_used(&self, code: u32) -> bool {
        match &self.values {
            Values::Texts(texts) => !texts.get(code as usize).is_empty(),
            Values::Others { .. } => self.other(code).is_some(),
        }
    }

    /// The value of a row; `None` if missing.
    pub(super) fn value_at(&self, row: usize) -> Option<Value> {
        let code = self.code_at(row);
        match &self.values {
            Values::Texts(texts) => {
                Some(texts.get(code as usize)).filter(|text| !text.is_empty()).map(Value::of_text)
            }
            Values::Others { .. } => self.other(code).cloned(),
        }
    }

    fn has(&self, code: u32, value: &Value) -> bool {
        match (&self.values, value) {
            (Values::Texts(texts), Value::Text(text)) => texts.get(code as usize) == &**text,
            _ => self.other(code) == Some(value),
        }
    }

    fn hash(&self, code: u32) -> u64 {
        match &self.values {
            Values::Texts(texts) => self.hasher.hash_one(texts.get(code as usize)),
            Values::Others { .. } => self.hasher.hash_one(self.other(code)),
        }
    }

    fn hash_of(&self, value: &Value) -> u64 {
        match value {
            Value::Text(text) => self.hasher.hash_one(&**text),
            Value::Sound(_) | Value::Set(_) => self.hasher.hash_one(Some(value)),
        }
    }

    /// The code of a value that some record has.
    pub(super) fn find(&self, value: &Value) -> Option<u32> {
        self.finder.find(self.hash_of(value), |code| self.has(code, value))
    }

    /// The rows of a code; none for the missing one.
    pub(super) fn rows_of(&self, code: u32) -> RowsOf<'_> {
        self.postings.of(code)
    }

    /// The codes of one chunk of rows.
    pub(super) fn chunk(&self, chunk: usize) -> &[u32] {
        self.rows.chunk(chunk)
    }

    /// Calls `see` with every code whose signature passes, or with every code in use if no
    /// signatures are kept.
    pub(super) fn sift(&self, passes: impl Fn(&Signature) -> bool, mut see: impl FnMut(u32)) {
        let Some(signatures) = &self.signatures else {
            let in_use = (1..self.codes as u32).filter(|code| self.is_used(*code));
            return in_use.for_each(see);
        };
        for chunk in 0..signatures.chunks() {
            for (at, signature) in signatures.chunk(chunk).iter().enumerate() {
                if passes(signature) {
                    see((chunk * SIGNATURES_CHUNK + at) as u32);
                }
            }
        }
    }

    /// Bytes of everything here, allocations counted without what the allocator adds.
    pub(super) fn bytes(&self) -> usize {
        let values = match &self.values {
            Values::Texts(texts) => texts.bytes(),
            Values::Others { values, by_term } => {
                let each = (0..values.chunks()).flat_map(|chunk| values.chunk(chunk)).flatten();
                values.bytes() + by_term.bytes() + each.map(Value::bytes).sum::<usize>()
            }
        };
        let signatures = self.signatures.as_ref().map_or(0, Chunked::bytes);
        self.rows.bytes()
            + values
            + self.finder.bytes()
            + self.postings.bytes()
            + signatures
            + self.derived.bytes()
    }

    fn put_value(&mut self, code: u32, value: Option<&Value>) {
        match &mut self.values {
            Values::Texts(texts) => {
                texts.set(code as usize, value.and_then(Value::text).unwrap_or(""));
            }
            Values::Others { values, by_term } => {
                let before = std::mem::replace(values.edit(code as usize), value.cloned());
                for term in before.iter().flat_map(Value::terms) {
                    by_term.remove(self.hasher.hash_one(term), code);
                }
                for term in value.into_iter().flat_map(Value::terms) {
                    by_term.insert(self.hasher.hash_one(term), code);
                }
            }
        }
        if let Some(signatures) = &mut self.signatures {
            let signature = Signature::of_value(value.and_then(Value::text).unwrap_or(""));
            signatures.set(code as usize, signature);
        }
    }

    /// Lists a code by what is derived from its text, or takes it from these lists.
    fn derive(&mut self, code: u32, is_there: bool) {
        if self.derived.is_wanted() {
            let Values::Texts(texts) = &self.values else { return };
            let hash = |part: &str| self.hasher.hash_one(part);
            self.derived.put(code, texts.get(code as usize), is_there, hash);
        }
    }

    /// Gives the value of `from` the code `to`, which nothing has.
    fn recode(&mut self, from: u32, to: u32) {
        let hash = self.hash(from);
        let value = match &self.values {
            Values::Texts(texts) => Some(Value::of_text(texts.get(from as usize))),
            Values::Others { .. } => self.other(from).cloned(),
        };
        self.finder.remove(hash, from);
        self.finder.insert(hash, to);
        self.derive(from, false);
        self.put_value(to, value.as_ref());
        self.derive(to, true);
        self.put_value(from, None);
        let rows = &mut self.rows;
        self.postings.of(from).for_each(|row| rows.set(row as usize, to));
        self.postings.recode(from, to);
    }

    /// Gives back the arrays behind the highest code.
    fn shorten(&mut self) {
        match &mut self.values {
            Values::Texts(texts) => texts.shorten(self.codes),
            Values::Others { values, .. } => values.shorten(self.codes),
        }
        self.postings.shorten(self.codes);
        if let Some(signatures) = &mut self.signatures {
            signatures.shorten(self.codes);
        }
        self.derived.shorten(self.codes);
    }
}

// Values are people's data, so only their number is told.
impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Column").field("codes", &self.codes).finish_non_exhaustive()
    }
}

/// What no row uses and can be given again.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// Codes below [`Column::codes`]; the lowest is given first, so that arrays can end early.
    free: BTreeSet<u32>,
    free_lists: FreeLists,
}

impl Codes {
    /// Gives a row a value, or takes it away, and forgets the old value if it was the last.
    pub(super) fn assign(&mut self, column: &mut Column, row: u32, value: Option<&Value>) {
        let before = column.code_at(row as usize);
        let is_same = match value {
            None => before == MISSING,
            Some(value) => before != MISSING && column.has(before, value),
        };
        if is_same {
            return;
        }
        let after = value.map_or(MISSING, |value| self.code(column, value));
        column.rows.set(row as usize, after);
        if after != MISSING {
            column.postings.insert(&mut self.free_lists, after, row);
        }
        if before != MISSING && column.postings.remove(&mut self.free_lists, before, row) {
            self.release(column, before);
        }
    }

    fn code(&mut self, column: &mut Column, value: &Value) -> u32 {
        if let Some(code) = column.find(value) {
            return code;
        }
        let code = self.free.pop_first().unwrap_or_else(|| {
            column.codes += 1;
            // Each code is used by a row, and rows are numbered in 32 bits.
            u32::try_from(column.codes - 1).expect("fewer values than rows")
        });
        column.finder.insert(column.hash_of(value), code);
        column.put_value(code, Some(value));
        column.derive(code, true);
        code
    }

    fn release(&mut self, column: &mut Column, code: u32) {
        column.finder.remove(column.hash(code), code);
        column.derive(code, false);
        column.put_value(code, None);
        self.free.insert(code);
        self.trim(column);
        for _ in 0..MOVES_MAX {
            if self.free.len() < FREE_MIN || self.free.len() * 2 < column.codes {
                break;
            }
            self.move_last(column);
        }
        column.shorten();
    }

    /// Ends the codes at the last that is used.
    fn trim(&mut self, column: &mut Column) {
        while column.codes > 1 && self.free.remove(&(column.codes as u32 - 1)) {
            column.codes -= 1;
        }
    }

    /// Gives the last value the lowest free code, so that the codes can end earlier.
    fn move_last(&mut self, column: &mut Column) {
        let last = column.codes as u32 - 1;
        if column.rows_of(last).len() > MOVED_ROWS_MAX {
            return;
        }
        let Some(code) = self.free.pop_first() else { return };
        column.recode(last, code);
        self.free.insert(last);
        self.trim(column);
    }
}
