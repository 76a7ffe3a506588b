//! A column as the content of an image's sections, and back (`index/image.rs` has the layout).
//!
//! Only codes by row and values by code are stored; all else follows from these.

use std::hash::BuildHasher;
use std::io;
use std::sync::Arc;

use rayon::prelude::*;

use super::{Codes, Column, MISSING, Values};
use crate::features::{Sound, Value};
use crate::index::chunked::Chunked;
use crate::index::finder::Finder;
use crate::index::image::{Cursor, Flaw, Section, numbers};
use crate::index::postings::{Postings, RowsOf};
use crate::index::signature::Signature;
use crate::index::texts::Texts;
use crate::rules::FeatureKind;

impl Column {
    /// Writes the codes of the first `rows` rows.
    pub(in crate::index) fn write_codes(&self, rows: usize, out: &mut Section) -> io::Result<()> {
        let mut left = rows;
        for chunk in (0..self.rows.chunks()).map(|chunk| self.rows.chunk(chunk)) {
            let some = left.min(chunk.len());
            out.numbers(&chunk[..some])?;
            left -= some;
        }
        (0..left).try_for_each(|_| out.number(MISSING))
    }

    /// Bytes that [`Column::write_values`] writes.
    pub(in crate::index) fn values_len(&self) -> u64 {
        let code_len = |code: u32| match &self.values {
            Values::Texts(texts) => texts.get(code as usize).len(),
            Values::Others { .. } => parts(self.other(code)).map(|part| 4 + part.len()).sum(),
        };
        let len = |code: u32| 4 + code_len(code) as u64;
        4 + (0..self.codes as u32).map(len).sum::<u64>()
    }

    /// Writes the values of all codes.
    pub(in crate::index) fn write_values(&self, out: &mut Section) -> io::Result<()> {
        let codes = || 0..self.codes as u32;
        out.number(self.codes as u32)?;
        match &self.values {
            Values::Texts(texts) => {
                codes().try_for_each(|code| out.number(texts.get(code as usize).len() as u32))?;
                codes().try_for_each(|code| out.put(texts.get(code as usize).as_bytes()))
            }
            Values::Others { .. } => codes().try_for_each(|code| {
                let value = self.other(code);
                out.number(parts(value).count() as u32)?;
                parts(value).try_for_each(|part| out.text(part.as_bytes()))
            }),
        }
    }

    /// Fills an empty column with what was written.
    pub(in crate::index) fn restore(
        mut self,
        kind: FeatureKind,
        codes: &[u8],
        values: &[u8],
    ) -> Result<(Column, Codes), Flaw> {
        let mut values = Cursor::new(values);
        self.codes = values.number()? as usize;
        // Each code has four bytes or more, so what follows is in proportion to what was read.
        if self.codes == 0 || self.codes > values.rest().len() / 4 {
            return Err(Flaw);
        }
        self.rows = Chunked::of(numbers(codes));
        self.postings = Postings::of_rows(self.codes, &self.rows).ok_or(Flaw)?;
        match &mut self.values {
            Values::Texts(texts) => {
                let lens: Vec<u32> = numbers(values.bytes(self.codes * 4)?).collect();
                *texts = Texts::of(&lens, values.rest()).ok_or(Flaw)?;
            }
            Values::Others { values: others, .. } => {
                let read: Result<Vec<_>, Flaw> =
                    (0..self.codes).map(|_| read_other(kind, &mut values)).collect();
                *others = Chunked::of(read?.into_iter());
            }
        }
        let is_read = matches!(self.values, Values::Texts(_)) || values.is_at_end();
        let has_rows = |code: u32| !matches!(self.rows_of(code), RowsOf::None);
        let fits = |code: u32| self.is_used(code) == has_rows(code);
        let is_trimmed = self.codes == 1 || has_rows(self.codes as u32 - 1);
        if !is_read || !is_trimmed || !(0..self.codes as u32).all(fits) {
            return Err(Flaw);
        }
        let free = (1..self.codes as u32).filter(|code| !self.is_used(*code)).collect();
        self.find_again();
        Ok((self, Codes { free, ..Codes::default() }))
    }

    /// Makes what is looked up by value and by letters.
    fn find_again(&mut self) {
        let codes = 1..self.codes as u32;
        let used = codes.clone().into_par_iter().filter(|code| self.is_used(*code));
        let entries: Vec<(u64, u32)> = used.map(|code| (self.hash(code), code)).collect();
        self.finder = Finder::of(&entries);
        let terms: Vec<(u64, u32)> = codes
            .clone()
            .filter_map(|code| Some((code, self.other(code)?)))
            .flat_map(|(code, value)| value.terms().map(move |term| (term, code)))
            .map(|(term, code)| (self.hasher.hash_one(term), code))
            .collect();
        if self.signatures.is_some() {
            let all = (0..self.codes as u32).into_par_iter();
            let all: Vec<Signature> =
                all.map(|code| Signature::of_value(self.text(code))).collect();
            self.signatures = Some(Chunked::of(all.into_iter()));
        }
        if let Values::Others { by_term, .. } = &mut self.values {
            *by_term = Finder::of(&terms);
        }
        for code in codes.filter(|code| self.is_used(*code)).collect::<Vec<_>>() {
            self.derive(code, true);
        }
    }
}

/// The texts that a value of a filter or phonetic field is made of.
fn parts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let (sound, tokens): (Option<&Sound>, &[String]) = match value {
        Some(Value::Sound(sound)) => (Some(sound), &[]),
        Some(Value::Set(tokens)) => (None, tokens),
        Some(Value::Text(_)) | None => (None, &[]),
    };
    let sound = sound.into_iter().flat_map(|sound| [sound.text.as_str(), &sound.code]);
    sound.chain(tokens.iter().map(String::as_str))
}

fn read_other(kind: FeatureKind, values: &mut Cursor) -> Result<Option<Value>, Flaw> {
    let count = values.number()?;
    if count == 0 {
        return Ok(None);
    }
    let mut text = || -> Result<String, Flaw> {
        let bytes = values.text()?;
        Ok(std::str::from_utf8(bytes).map_err(|_| Flaw)?.to_owned())
    };
    match kind {
        FeatureKind::Sound => {
            let sound = Sound { text: text()?, code: text()? };
            let is_sound = count == 2 && !sound.text.is_empty();
            is_sound.then(|| Some(Value::Sound(Arc::new(sound)))).ok_or(Flaw)
        }
        FeatureKind::Set => {
            // Each token has four bytes or more: a count that is a lie ends with the bytes.
            let tokens: Result<Vec<String>, Flaw> = (0..count).map(|_| text()).collect();
            let tokens = tokens?;
            let is_set = !tokens[0].is_empty() && tokens.is_sorted_by(|one, next| one < next);
            is_set.then(|| Some(Value::Set(tokens.into()))).ok_or(Flaw)
        }
        // Texts are packed, see `Texts::of`.
        FeatureKind::Text => Err(Flaw),
    }
}
