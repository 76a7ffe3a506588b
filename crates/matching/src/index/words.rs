//! Codes by the words of values that have several, so that values with words in common are found
//! without reading others.

use std::fmt;
use std::sync::Arc;

use super::finder::Finder;
use super::postings::{FreeLists, Postings, RowsOf};
use super::texts::Texts;
use crate::model::values;

/// Numbers words and lists the codes of each.
#[derive(Clone)]
pub(super) struct Words {
    /// By number.
    words: Texts,
    finder: Finder,
    codes: Postings,
    free: Arc<Free>,
}

/// What can be given again; the writer's, who shares it with the readers of copies.
#[derive(Debug, Clone, Default)]
struct Free {
    lists: FreeLists,
    numbers: Vec<u32>,
    next: u32,
}

/// Stands for values that say one word several times and nothing else.
const REPEATED: u32 = 1;

// Words are people's data, so only their number is told.
impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").field("words", &self.free.next).finish_non_exhaustive()
    }
}

impl Words {
    pub(super) fn new() -> Words {
        Words {
            words: Texts::default(),
            finder: Finder::new(),
            codes: Postings::new(),
            free: Arc::new(Free { next: REPEATED + 1, ..Free::default() }),
        }
    }

    /// Lists a code by the words of its text, or takes it from their lists.
    pub(super) fn put(
        &mut self,
        code: u32,
        text: &str,
        is_there: bool,
        hash: impl Fn(&str) -> u64,
    ) {
        let several = || values(text).filter(|value| value.contains(' '));
        let mut words: Vec<&str> = several().flat_map(|value| value.split(' ')).collect();
        words.sort_unstable();
        words.dedup();
        for word in words {
            self.change(self.number(word, hash(word)), (word, hash(word)), code, is_there);
        }
        let says_one = |value: &str| {
            let mut words = value.split(' ');
            let first = words.next();
            words.all(|word| Some(word) == first)
        };
        if several().any(says_one) {
            self.change(Some(REPEATED), ("", 0), code, is_there);
        }
    }

    fn change(
        &mut self,
        number: Option<u32>,
        (word, hash): (&str, u64),
        code: u32,
        is_there: bool,
    ) {
        let free = Arc::make_mut(&mut self.free);
        match (number, is_there) {
            (Some(number), true) => self.codes.insert(&mut free.lists, number, code),
            (None, true) => {
                let number = free.numbers.pop().unwrap_or_else(|| {
                    free.next += 1;
                    free.next - 1
                });
                self.words.set(number as usize, word);
                self.finder.insert(hash, number);
                self.codes.insert(&mut free.lists, number, code);
            }
            (Some(number), false) => {
                let is_last = self.codes.remove(&mut free.lists, number, code);
                if is_last && number != REPEATED {
                    self.finder.remove(hash, number);
                    self.words.set(number as usize, "");
                    free.numbers.push(number);
                }
            }
            (None, false) => {}
        }
    }

    fn number(&self, word: &str, hash: u64) -> Option<u32> {
        self.finder.find(hash, |number| self.words.get(number as usize) == word)
    }

    /// The codes of values that have a word of this hash beside others, or several times.
    pub(super) fn with(&self, word: &str, hash: u64) -> RowsOf<'_> {
        self.number(word, hash).map_or(RowsOf::None, |number| self.codes.of(number))
    }

    /// The codes of values that say one word several times and nothing else.
    pub(super) fn repeated(&self) -> RowsOf<'_> {
        self.codes.of(REPEATED)
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.bytes() + self.finder.bytes() + self.codes.bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = String> {
        prop::collection::vec("[ab]( [abc]){0,3}", 1..3).prop_map(|values| values.join("\u{1f}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn every_word_lists_who_has_it(texts in prop::collection::vec(text(), 1..20)) {
            let hasher = foldhash::fast::FixedState::default();
            let hash = |word: &str| hasher.hash_one(word);
            let mut words = Words::new();
            for (code, text) in (1..).zip(&texts) {
                words.put(code, text, true, hash);
            }
            // Half of them go again, and the copy does not see it.
            let before = words.clone();
            for (code, text) in (1..).zip(&texts).filter(|(code, _)| code % 2 == 0) {
                words.put(code, text, false, hash);
            }
            for (words, step) in [(&before, 1), (&words, 2)] {
                for word in ["a", "b", "c", "d"] {
                    let mut listed = Vec::new();
                    words.with(word, hash(word)).for_each(|code| listed.push(code));
                    let is_in = |text: &str| {
                        values(text)
                            .any(|value| value.contains(' ') && value.split(' ').any(|w| w == word))
                    };
                    let expected: Vec<u32> = (1..).zip(&texts)
                        .step_by(step).filter(|(_, text)| is_in(text)).map(|(code, _)| code).collect();
                    prop_assert_eq!(listed, expected);
                }
            }
            for (code, text) in (1..).zip(&texts).filter(|(code, _)| code % 2 == 1) {
                words.put(code, text, false, hash);
            }
            prop_assert_eq!(words.repeated().len(), 0);
            prop_assert!(["a", "b", "c"].iter().all(|word| words.number(word, hash(word)).is_none()));
        }
    }
}
