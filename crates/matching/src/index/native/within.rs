//! Codes of values that have words in common with a query's: few lists hold all of them.

use smallvec::SmallVec;

use crate::index::column::Column;
use crate::index::postings::RowsOf;
use crate::model::Likeness;

/// Reading and comparing one value of a list, in nanoseconds.
const LISTED: usize = 80;
/// Looking up one word.
const LOOK_UP: usize = 300;

/// What holds all values with which a likeness of words can hold.
pub(super) struct Within<'s> {
    column: &'s Column,
    /// Whole values.
    alone: SmallVec<[&'s str; 4]>,
    lists: SmallVec<[RowsOf<'s>; 4]>,
}

impl<'s> Within<'s> {
    /// `None` of another likeness, and where words are not kept.
    pub(super) fn new(likeness: &'s Likeness, column: &'s Column, query: &'s str) -> Option<Self> {
        let mut words: SmallVec<[&str; 4]> = query.split(' ').collect();
        let said = words.len();
        words.sort_unstable();
        words.dedup();
        let mut within = Within { column, alone: SmallVec::new(), lists: SmallVec::new() };
        match likeness {
            Likeness::Contains => {
                within.add(&words)?;
                within.alone.extend(words.iter().copied());
                if words.len() > 1 {
                    // What is within the query and has two of its words is on two lists, or says
                    // one of them twice.
                    within.lists.pop();
                    within.lists.push(column.codes_repeating());
                }
            }
            Likeness::Overlap { at_least } => {
                // A word that the query says twice counts twice.
                let least = if said > words.len() { 1 } else { *at_least };
                within.add(&words)?;
                // Whoever has so many words is on one of the shorter lists.
                within.lists.truncate((words.len() + 1).saturating_sub(least));
                if least == 1 {
                    within.alone.extend(words.iter().copied());
                }
            }
            Likeness::Alias(table) => {
                // The names themselves, or the first words of longer ones.
                let names = [Some(query), query.split(' ').next()].into_iter().flatten();
                let aliases: SmallVec<[&str; 8]> =
                    names.flat_map(|name| table.aliases(name)).collect();
                within.add(&aliases)?;
                within.alone.extend(aliases.iter().copied());
            }
            _ => return None,
        }
        Some(within)
    }

    /// Adds the lists of some words, short ones first.
    fn add(&mut self, words: &[&str]) -> Option<()> {
        for word in words {
            self.lists.push(self.column.codes_with_word(word)?);
        }
        self.lists.sort_by_key(|list| list.len());
        Some(())
    }

    pub(super) fn price(&self) -> usize {
        let listed: usize = self.lists.iter().map(|list| list.len()).sum();
        (self.lists.len() + self.alone.len()) * LOOK_UP + listed * LISTED
    }

    pub(super) fn codes(&self) -> Vec<u32> {
        let mut codes: Vec<u32> =
            self.alone.iter().flat_map(|value| self.column.codes_with(value)).collect();
        self.lists.iter().for_each(|list| list.for_each(|code| codes.push(code)));
        codes
    }
}
