//! Per code of a feature, the rows that have it.
//!
//! Most identifiers belong to one row, so a code's four bytes hold that row itself, and point to
//! a list only where there are several. Copies share what neither has changed.

use super::ROWS_CHUNK;
use super::chunked::Chunked;
use super::rows::Rows;

/// Heads of a chunk.
const HEADS_CHUNK: usize = 2048;
/// Lists of a chunk: not many, because copying one counts the references of long lists.
const LISTS_CHUNK: usize = 64;
/// Marks a head that is the position of a list; without it, the row and one, or 0 for no row.
const IS_LIST: u32 = 1 << 31;

/// Numbers below this fit a head.
pub(super) const NUMBERS_MAX: usize = IS_LIST as usize - 1;

/// Rows by code.
#[derive(Clone)]
pub(super) struct Postings {
    heads: Chunked<u32, HEADS_CHUNK>,
    lists: Chunked<Option<Rows>, LISTS_CHUNK>,
    /// Positions of lists that are or were in use.
    lists_len: u32,
}

/// Positions of lists to be given again; the writer's.
#[derive(Debug, Clone, Default)]
pub(super) struct FreeLists(Vec<u32>);

/// The rows of one code.
#[derive(Clone, Copy)]
pub(super) enum RowsOf<'p> {
    None,
    One(u32),
    Many(&'p Rows),
}

impl RowsOf<'_> {
    pub(super) fn len(self) -> usize {
        match self {
            RowsOf::None => 0,
            RowsOf::One(_) => 1,
            RowsOf::Many(rows) => rows.len(),
        }
    }

    /// Calls `see` with every row, ascending.
    pub(super) fn for_each(self, mut see: impl FnMut(u32)) {
        match self {
            RowsOf::None => {}
            RowsOf::One(row) => see(row),
            RowsOf::Many(rows) => rows.for_each(see),
        }
    }

    /// The same of rows below a number.
    pub(super) fn for_each_below(self, below: u32, mut see: impl FnMut(u32)) {
        match self {
            RowsOf::One(row) if row < below => see(row),
            RowsOf::None | RowsOf::One(_) => {}
            RowsOf::Many(rows) => rows.for_each_below(below, see),
        }
    }
}

impl Postings {
    pub(super) fn new() -> Postings {
        Postings { heads: Chunked::new(), lists: Chunked::new(), lists_len: 0 }
    }

    /// The postings of `codes` codes, from the code of each row; `None` if a row has another.
    ///
    /// Rows are numbered below [`NUMBERS_MAX`], and code 0 has no postings.
    pub(super) fn of_rows(codes: usize, rows: &Chunked<u32, ROWS_CHUNK>) -> Option<Postings> {
        let coded = || (0..rows.chunks()).flat_map(|chunk| rows.chunk(chunk));
        let mut counts = vec![0_u32; codes];
        for code in coded() {
            *counts.get_mut(*code as usize)? += 1;
        }
        // What is counted becomes the place of the next row of a list.
        let (mut places, mut heads, mut ends) = (counts, vec![0; codes], Vec::new());
        let mut end = 0;
        for (head, place) in heads.iter_mut().zip(&mut places).skip(1) {
            if *place > 1 {
                *head = ends.len() as u32 | IS_LIST;
                end += std::mem::replace(place, end);
                ends.push(end as usize);
            }
        }
        let mut listed = vec![0; end as usize];
        for (row, code) in (0..).zip(coded()).filter(|(_, code)| **code != 0) {
            let head = &mut heads[*code as usize];
            if *head & IS_LIST == 0 {
                *head = row + 1;
                continue;
            }
            let place = &mut places[*code as usize];
            listed[*place as usize] = row;
            *place += 1;
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let lists = starts.zip(&ends).map(|(start, end)| Some(Rows::of(&listed[start..*end])));
        Some(Postings {
            lists: Chunked::of(lists),
            lists_len: ends.len() as u32,
            heads: Chunked::of(heads.into_iter()),
        })
    }

    pub(super) fn of(&self, code: u32) -> RowsOf<'_> {
        let head = self.heads.get(code as usize);
        match head {
            0 => RowsOf::None,
            _ if head & IS_LIST == 0 => RowsOf::One(head - 1),
            _ => {
                let list = self.lists.get_ref((head & !IS_LIST) as usize);
                list.and_then(Option::as_ref).map_or(RowsOf::None, RowsOf::Many)
            }
        }
    }

    pub(super) fn insert(&mut self, free: &mut FreeLists, code: u32, row: u32) {
        let head = self.heads.edit(code as usize);
        if *head == 0 && row < IS_LIST - 1 {
            *head = row + 1;
            return;
        }
        if *head & IS_LIST != 0 {
            let list = self.lists.edit((*head & !IS_LIST) as usize);
            list.get_or_insert_default().insert(row);
            return;
        }
        let mut rows = Rows::default();
        if *head > 0 {
            rows.insert(*head - 1);
        }
        rows.insert(row);
        let position = free.0.pop().unwrap_or_else(|| {
            self.lists_len += 1;
            self.lists_len - 1
        });
        self.lists.set(position as usize, Some(rows));
        *head = position | IS_LIST;
    }

    /// Takes a row out, and tells whether it was the code's last.
    pub(super) fn remove(&mut self, free: &mut FreeLists, code: u32, row: u32) -> bool {
        let head = self.heads.edit(code as usize);
        if *head & IS_LIST == 0 {
            *head = 0;
            return true;
        }
        let position = *head & !IS_LIST;
        let list = self.lists.edit(position as usize);
        let rows = list.get_or_insert_default();
        rows.remove(row);
        let mut left = Vec::new();
        if rows.len() <= 1 {
            rows.for_each(|row| left.push(row));
        }
        match left[..] {
            [] if rows.len() > 1 => return false,
            [] => *head = 0,
            [row] if row < IS_LIST - 1 => *head = row + 1,
            _ => return false,
        }
        *list = None;
        free.0.push(position);
        *head == 0
    }

    /// Gives the rows of `from` to `to`, which has none.
    pub(super) fn recode(&mut self, from: u32, to: u32) {
        let head = std::mem::take(self.heads.edit(from as usize));
        self.heads.set(to as usize, head);
    }

    /// Gives back the chunks of codes from `codes` on.
    pub(super) fn shorten(&mut self, codes: usize) {
        self.heads.shorten(codes);
    }

    pub(super) fn bytes(&self) -> usize {
        let lists = (0..self.lists.chunks()).flat_map(|chunk| self.lists.chunk(chunk));
        self.heads.bytes() + self.lists.bytes() + lists.flatten().map(Rows::bytes).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(postings: &Postings, code: u32) -> Vec<u32> {
        let mut list = Vec::new();
        postings.of(code).for_each(|row| list.push(row));
        assert_eq!(list.len(), postings.of(code).len());
        list
    }

    #[test]
    fn rows_come_and_go_and_the_last_is_told() {
        let (mut postings, mut free) = (Postings::new(), FreeLists::default());
        for row in [9, 4, 7] {
            postings.insert(&mut free, 3, row);
        }
        let before = postings.clone();
        let told: Vec<bool> = [4, 9, 7].map(|row| postings.remove(&mut free, 3, row)).to_vec();
        assert_eq!(told, [false, false, true]);
        assert_eq!((list(&before, 3), list(&postings, 3)), (vec![4, 7, 9], vec![]));
        assert!(list(&postings, 3_000_000).is_empty());
    }

    #[test]
    fn a_row_that_does_not_fit_a_head_is_in_a_list() {
        let (mut postings, mut free) = (Postings::new(), FreeLists::default());
        postings.insert(&mut free, 1, u32::MAX);
        assert_eq!(list(&postings, 1), [u32::MAX]);
        postings.insert(&mut free, 1, 5);
        assert!(!postings.remove(&mut free, 1, 5));
        assert!(postings.remove(&mut free, 1, u32::MAX));
    }

    #[test]
    fn lists_are_given_again() {
        let (mut postings, mut free) = (Postings::new(), FreeLists::default());
        for code in 1..1_000 {
            postings.insert(&mut free, code, 1);
            postings.insert(&mut free, code, 2);
            postings.remove(&mut free, code, 1);
        }
        assert_eq!(postings.lists_len, 1);
    }
}
