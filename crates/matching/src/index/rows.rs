//! A sorted set of numbers: the rows that have a value, or that lack the same features.
//!
//! Copies share what neither has changed. A few numbers are kept in place, more are one list; a
//! large set is cut into blocks of 65,536 numbers, of which sixteen bits each are kept (as in Roaring bitmaps, Lemire
//! et al. 2016, with lists only), so that adding a number copies a block at most.

use std::sync::Arc;

/// Numbers that are kept in place: most identifiers that several records have are in so many.
const FEW_MAX: usize = 4;
/// Numbers of a set that is still one list, and is copied as a whole.
const SHORT_MAX: usize = 4096;
/// Bits of a number that tell its place in a block.
const LOW_BITS: u32 = 16;

/// A set of row numbers.
#[derive(Clone)]
pub(super) enum Rows {
    /// The first `len` of these, ascending.
    Few { len: u8, rows: [u32; FEW_MAX] },
    /// All of them, ascending.
    Short(Arc<Vec<u32>>),
    /// In blocks, ascending.
    Long { blocks: Arc<Vec<Arc<Block>>>, len: usize },
}

/// The members that share their upper bits; never empty.
#[derive(Clone)]
pub(super) struct Block {
    high: u32,
    lows: Vec<u16>,
}

impl Default for Rows {
    fn default() -> Rows {
        Rows::Few { len: 0, rows: [0; FEW_MAX] }
    }
}

fn cut(row: u32) -> (u32, u16) {
    (row >> LOW_BITS, row as u16)
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        match self {
            Rows::Few { len, .. } => usize::from(*len),
            Rows::Short(rows) => rows.len(),
            Rows::Long { len, .. } => *len,
        }
    }

    /// Calls `see` with every member, ascending.
    pub(super) fn for_each(&self, mut see: impl FnMut(u32)) {
        match self {
            Rows::Few { len, rows } => rows[..usize::from(*len)].iter().for_each(|row| see(*row)),
            Rows::Short(rows) => rows.iter().for_each(|row| see(*row)),
            Rows::Long { blocks, .. } => {
                for block in blocks.iter() {
                    let base = block.high << LOW_BITS;
                    block.lows.iter().for_each(|low| see(base | u32::from(*low)));
                }
            }
        }
    }

    /// Calls `see` with every member below a number, ascending.
    pub(super) fn for_each_below(&self, below: u32, mut see: impl FnMut(u32)) {
        let short = |rows: &[u32]| rows.partition_point(|row| *row < below);
        match self {
            Rows::Few { len, rows } => {
                let rows = &rows[..usize::from(*len)];
                rows[..short(rows)].iter().for_each(|row| see(*row));
            }
            Rows::Short(rows) => rows[..short(rows)].iter().for_each(|row| see(*row)),
            Rows::Long { blocks, .. } => {
                let (high, low) = cut(below);
                for block in blocks.iter().take_while(|block| block.high <= high) {
                    let base = block.high << LOW_BITS;
                    let lows = match block.high < high {
                        true => &block.lows[..],
                        false => &block.lows[..block.lows.partition_point(|known| *known < low)],
                    };
                    lows.iter().for_each(|low| see(base | u32::from(*low)));
                }
            }
        }
    }

    /// The set of `rows`, which ascend.
    pub(super) fn of(rows: &[u32]) -> Rows {
        if rows.len() > SHORT_MAX {
            return long(rows);
        }
        if rows.len() > FEW_MAX {
            return Rows::Short(Arc::new(rows.to_vec()));
        }
        let mut few = [0; FEW_MAX];
        few[..rows.len()].copy_from_slice(rows);
        Rows::Few { len: rows.len() as u8, rows: few }
    }

    /// Adds a row; nothing happens if it is there.
    pub(super) fn insert(&mut self, row: u32) {
        match self {
            Rows::Few { len, rows } => {
                let held = usize::from(*len);
                let Err(at) = place(&rows[..held], &row) else { return };
                if held == FEW_MAX {
                    let mut rows = rows.to_vec();
                    rows.insert(at, row);
                    *self = Rows::Short(Arc::new(rows));
                    return;
                }
                rows.copy_within(at..held, at + 1);
                rows[at] = row;
                *len += 1;
            }
            Rows::Short(rows) => {
                if let Err(at) = place(rows, &row) {
                    Arc::make_mut(rows).insert(at, row);
                }
                if rows.len() > SHORT_MAX {
                    *self = long(rows);
                }
            }
            Rows::Long { blocks, len } => {
                let (high, low) = cut(row);
                let blocks = Arc::make_mut(blocks);
                match blocks.binary_search_by_key(&high, |block| block.high) {
                    Err(at) => blocks.insert(at, Arc::new(Block { high, lows: vec![low] })),
                    Ok(at) => {
                        let Err(within) = place(&blocks[at].lows, &low) else { return };
                        Arc::make_mut(&mut blocks[at]).lows.insert(within, low);
                    }
                }
                *len += 1;
            }
        }
    }

    /// Takes a row out; nothing happens if it is not there.
    pub(super) fn remove(&mut self, row: u32) {
        match self {
            Rows::Few { len, rows } => {
                let held = usize::from(*len);
                let Ok(at) = place(&rows[..held], &row) else { return };
                rows.copy_within(at + 1..held, at);
                *len -= 1;
            }
            Rows::Short(rows) => {
                let Ok(at) = place(rows, &row) else { return };
                let rows = Arc::make_mut(rows);
                rows.remove(at);
                give_back(rows);
                // Half of what fits, so that they do not move in and out in turns.
                if rows.len() <= FEW_MAX / 2 {
                    let mut few = Rows::default();
                    rows.iter().for_each(|row| few.insert(*row));
                    *self = few;
                }
            }
            Rows::Long { blocks, len } => {
                let (high, low) = cut(row);
                let blocks = Arc::make_mut(blocks);
                let Ok(at) = blocks.binary_search_by_key(&high, |block| block.high) else { return };
                let Ok(within) = place(&blocks[at].lows, &low) else { return };
                let lows = &mut Arc::make_mut(&mut blocks[at]).lows;
                lows.remove(within);
                give_back(lows);
                if lows.is_empty() {
                    blocks.remove(at);
                }
                *len -= 1;
                // Half the size at which it was cut, so that it is not cut and joined in turns.
                if *len < SHORT_MAX / 2 {
                    let mut rows = Vec::with_capacity(*len);
                    self.for_each(|row| rows.push(row));
                    *self = Rows::Short(Arc::new(rows));
                }
            }
        }
    }

    /// Bytes behind this value.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Rows::Few { .. } => 0,
            Rows::Short(rows) => size_of::<Vec<u32>>() + rows.capacity() * size_of::<u32>(),
            Rows::Long { blocks, .. } => blocks
                .iter()
                .map(|block| size_of::<Block>() + block.lows.capacity() * size_of::<u16>())
                .sum(),
        }
    }
}

/// Where `item` is, or where it belongs. Most rows are added at the end.
fn place<T: Ord>(items: &[T], item: &T) -> Result<usize, usize> {
    match items.last() {
        Some(last) if last < item => Err(items.len()),
        _ => items.binary_search(item),
    }
}

/// Lets go of room that is three times what is used.
fn give_back<T>(items: &mut Vec<T>) {
    if items.capacity() > 4 * items.len().max(4) {
        items.shrink_to(2 * items.len());
    }
}

fn long(rows: &[u32]) -> Rows {
    let same_block = |a: &u32, b: &u32| cut(*a).0 == cut(*b).0;
    let blocks = rows.chunk_by(same_block).map(|rows| {
        let lows = rows.iter().map(|row| cut(*row).1).collect();
        Arc::new(Block { high: cut(rows[0]).0, lows })
    });
    Rows::Long { blocks: Arc::new(blocks.collect()), len: rows.len() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn list(rows: &Rows) -> Vec<u32> {
        let mut list = Vec::new();
        rows.for_each(|row| list.push(row));
        assert_eq!(list.len(), rows.len());
        list
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn a_set_holds_what_a_tree_holds(
            stride in prop::sample::select(vec![1u32, 70, 65_536]),
            at_first in prop::sample::select(vec![0u32, 4_090, 4_097, 6_000]),
            changes in prop::collection::vec((any::<bool>(), 0..8_000u32), 0..60),
            emptied in any::<bool>(),
        ) {
            let (mut rows, mut tree) = (Rows::default(), BTreeSet::new());
            for row in 0..at_first {
                rows.insert(row * stride);
                tree.insert(row * stride);
            }
            let (before, expected) = (rows.clone(), tree.clone());
            for (insert, row) in changes {
                if insert {
                    rows.insert(row * stride);
                    tree.insert(row * stride);
                } else {
                    rows.remove(row * stride);
                    tree.remove(&(row * stride));
                }
            }
            if emptied {
                for row in 10..at_first {
                    rows.remove(row * stride);
                    tree.remove(&(row * stride));
                }
            }
            let left: Vec<u32> = tree.into_iter().collect();
            prop_assert_eq!(list(&Rows::of(&left)), left.clone());
            prop_assert_eq!(list(&rows), left);
            prop_assert_eq!(list(&before), expected.into_iter().collect::<Vec<_>>());
        }
    }
}
