//! Texts by code, packed: a text costs its bytes and four more.
//!
//! Copies share the chunks that neither has changed. A prepared text is never empty, so the empty
//! one stands for none.

use std::sync::Arc;

use super::spine::Spine;

/// Texts of a chunk, which is copied as a whole for a changed one.
const TEXTS_CHUNK: usize = 256;

/// The longest text that is read from outside; a prepared one has 512 characters at the most.
const TEXT_BYTES_MAX: u32 = 1 << 16;

/// A vector of texts.
#[derive(Clone, Default)]
pub(super) struct Texts {
    chunks: Spine<Chunk>,
}

#[derive(Clone, Default)]
struct Chunk {
    text: String,
    /// Where each text ends; the next begins there.
    ends: Vec<u32>,
}

impl Chunk {
    fn start(&self, at: usize) -> usize {
        if at == 0 { 0 } else { self.ends[at - 1] as usize }
    }

    fn get(&self, at: usize) -> &str {
        self.ends.get(at).map_or("", |end| &self.text[self.start(at)..*end as usize])
    }

    fn set(&mut self, at: usize, text: &str) {
        while self.ends.len() <= at {
            self.ends.push(self.text.len() as u32);
        }
        let (start, end) = (self.start(at), self.ends[at] as usize);
        self.text.replace_range(start..end, text);
        for end_after in &mut self.ends[at..] {
            // A chunk holds 256 texts of at most 1,024 characters.
            *end_after = (*end_after as usize + text.len() - (end - start)) as u32;
        }
        if at + 1 == TEXTS_CHUNK || self.text.capacity() > 2 * self.text.len() + 64 {
            self.text.shrink_to_fit();
            self.ends.shrink_to_fit();
        }
    }
}

impl Texts {
    /// The text at `at`; empty if there is none.
    pub(super) fn get(&self, at: usize) -> &str {
        self.chunks.get(at / TEXTS_CHUNK).map_or("", |chunk| chunk.get(at % TEXTS_CHUNK))
    }

    /// Sets a text, or takes it away by setting the empty one.
    pub(super) fn set(&mut self, at: usize, text: &str) {
        while self.chunks.len() <= at / TEXTS_CHUNK {
            self.chunks.push(Arc::default());
        }
        Arc::make_mut(self.chunks.edit(at / TEXTS_CHUNK)).set(at % TEXTS_CHUNK, text);
    }

    /// Gives back the chunks in which every text is at `len` or beyond.
    pub(super) fn shorten(&mut self, len: usize) {
        self.chunks.truncate(len.div_ceil(TEXTS_CHUNK));
    }

    /// The texts that lie one behind the other in `packed`; `None` if the lengths do not cut it
    /// into texts.
    pub(super) fn of(lens: &[u32], mut packed: &[u8]) -> Option<Texts> {
        let mut chunks = Spine::default();
        for lens in lens.chunks(TEXTS_CHUNK) {
            if lens.iter().any(|len| *len > TEXT_BYTES_MAX) {
                return None;
            }
            let ends: Vec<u32> = lens
                .iter()
                .scan(0, |end, len| {
                    *end += len;
                    Some(*end)
                })
                .collect();
            let text;
            (text, packed) = packed.split_at_checked(*ends.last()? as usize)?;
            let text = std::str::from_utf8(text).ok()?;
            if !ends.iter().all(|end| text.is_char_boundary(*end as usize)) {
                return None;
            }
            chunks.push(Arc::new(Chunk { text: text.to_owned(), ends }));
        }
        packed.is_empty().then_some(Texts { chunks })
    }

    pub(super) fn bytes(&self) -> usize {
        let chunk = |chunk: &Arc<Chunk>| {
            size_of::<Chunk>() + chunk.text.capacity() + chunk.ends.capacity() * size_of::<u32>()
        };
        self.chunks.iter().map(chunk).sum::<usize>() + self.chunks.bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn texts_are_what_was_set_last(
            changes in prop::collection::vec((0..600usize, "[a-é]{0,5}"), 0..80),
        ) {
            let (mut texts, mut list) = (Texts::default(), vec![String::new(); 600]);
            let (half, mut before) = (changes.len() / 2, None);
            for (step, (at, text)) in changes.iter().enumerate() {
                if step == half {
                    before = Some((texts.clone(), list.clone()));
                }
                texts.set(*at, text);
                list[*at].clone_from(text);
            }
            for (texts, list) in [Some((texts, list)), before].into_iter().flatten() {
                prop_assert!((0..600).all(|at| texts.get(at) == list[at]));
            }
        }
    }
}
