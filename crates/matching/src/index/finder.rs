//! From a hash to the codes that may have it: a hash table whose copies share what is unchanged.
//!
//! Linear hashing (Litwin 1980): the table grows and shrinks by one leaf at a time, so no insert
//! pays for all others. Leaves are small enough to be copied for one changed entry and large
//! enough that copying the list of leaves is cheap. Whether a code's value is the one that was
//! asked for is the caller's to check.

use std::sync::Arc;

use super::spine::Spine;

/// Entries of a leaf on average; a lookup reads all of them in sequence.
const LEAF_LOAD: usize = 64;

/// Entries by hash.
#[derive(Clone)]
pub(super) struct Finder {
    leaves: Spine<Leaf>,
    entries: usize,
}

/// Entries that have one address: half of the hash, and the code.
type Leaf = Vec<(u32, u32)>;

/// Adds an entry, with less room to spare than a vector would take.
fn push(leaf: &mut Leaf, entry: (u32, u32)) {
    if leaf.len() == leaf.capacity() {
        leaf.reserve_exact(leaf.len() / 8 + 2);
    }
    leaf.push(entry);
}

impl Finder {
    pub(super) fn new() -> Finder {
        Finder { leaves: [Arc::default()].into_iter().collect(), entries: 0 }
    }

    /// A table of codes by hash, as large as one to which they were added.
    pub(super) fn of(entries: &[(u64, u32)]) -> Finder {
        let leaves = entries.len().div_ceil(LEAF_LOAD).max(1);
        let mut counts = vec![0; leaves];
        for (hash, _) in entries {
            counts[address(tag(*hash), leaves)] += 1;
        }
        let mut filled: Vec<Leaf> = counts.into_iter().map(Leaf::with_capacity).collect();
        for (hash, code) in entries {
            filled[address(tag(*hash), leaves)].push((tag(*hash), *code));
        }
        Finder { leaves: filled.into_iter().map(Arc::new).collect(), entries: entries.len() }
    }

    /// Whether there is no entry.
    pub(super) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// The first code with this hash for which `is_it` holds.
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.all(hash).find(|code| is_it(*code))
    }

    /// Every code that may have this hash.
    pub(super) fn all(&self, hash: u64) -> impl Iterator<Item = u32> {
        let tag = tag(hash);
        let leaf = self.leaves[address(tag, self.leaves.len())].iter();
        leaf.filter(move |(known, _)| *known == tag).map(|(_, code)| *code)
    }

    pub(super) fn insert(&mut self, hash: u64, code: u32) {
        let leaves = &mut self.leaves;
        let at = address(tag(hash), leaves.len());
        push(Arc::make_mut(leaves.edit(at)), (tag(hash), code));
        self.entries += 1;
        if self.entries > leaves.len() * LEAF_LOAD {
            split(leaves);
        }
    }

    pub(super) fn remove(&mut self, hash: u64, code: u32) {
        let leaves = &mut self.leaves;
        let at = address(tag(hash), leaves.len());
        let leaf = Arc::make_mut(leaves.edit(at));
        let Some(entry) = leaf.iter().position(|(_, known)| *known == code) else { return };
        leaf.swap_remove(entry);
        self.entries -= 1;
        // Half-full leaves are left alone, so that a table does not grow and shrink in turns.
        if leaves.len() > 1 && self.entries < leaves.len() * LEAF_LOAD / 2 {
            merge(leaves);
        }
    }

    /// Bytes of all leaves.
    pub(super) fn bytes(&self) -> usize {
        let leaf = |leaf: &Arc<Leaf>| {
            leaf.capacity() * size_of::<(u32, u32)>() + size_of::<Leaf>() + 2 * size_of::<usize>()
        };
        self.leaves.iter().map(leaf).sum::<usize>() + self.leaves.bytes()
    }
}

fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// The leaf of a tag among `leaves`: those below the split have one more bit of address.
fn address(tag: u32, leaves: usize) -> usize {
    let upper = leaves.next_power_of_two();
    let at = tag as usize & (upper - 1);
    if at < leaves { at } else { at & (upper / 2 - 1) }
}

fn split(leaves: &mut Spine<Leaf>) {
    let after = leaves.len() + 1;
    let from = leaves.len() - after.next_power_of_two() / 2;
    let stays = |(tag, _): &(u32, u32)| address(*tag, after) == from;
    let (stay, go) = leaves[from].iter().partition(|entry| stays(entry));
    *leaves.edit(from) = Arc::new(stay);
    leaves.push(Arc::new(go));
}

fn merge(leaves: &mut Spine<Leaf>) {
    let before = leaves.len();
    let Some(last) = leaves.pop() else { return };
    let into = leaves.len() - before.next_power_of_two() / 2;
    let leaf = Arc::make_mut(leaves.edit(into));
    leaf.extend_from_slice(&last);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spreads numbers over all bits.
    fn hash(number: u64) -> u64 {
        number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    fn holds(finder: &Finder, number: u64) -> bool {
        finder.find(hash(number), |code| u64::from(code) == number).is_some()
    }

    #[test]
    fn what_was_put_in_is_found_while_the_table_grows_and_shrinks() {
        let mut finder = Finder::new();
        for number in 0..5_000 {
            finder.insert(hash(number), number as u32);
        }
        assert!(finder.leaves.len() > 20);
        assert!((0..5_000).all(|number| holds(&finder, number)));
        let before = finder.clone();
        let entries: Vec<(u64, u32)> =
            (0..5_000).map(|number| (hash(number), number as u32)).collect();
        let at_once = Finder::of(&entries);
        assert_eq!(at_once.leaves.len(), finder.leaves.len());
        assert!((0..5_000).all(|number| holds(&at_once, number)));
        for number in 100..5_000 {
            finder.remove(hash(number), number as u32);
            finder.remove(hash(number), number as u32);
        }
        assert!(finder.leaves.len() < 5);
        assert!((0..5_000).all(|number| holds(&finder, number) == (number < 100)));
        assert!((0..5_000).all(|number| holds(&before, number)));
    }

    #[test]
    fn equal_hashes_are_told_apart_by_the_caller() {
        let mut finder = Finder::new();
        for code in 1..1_000 {
            finder.insert(7, code);
        }
        assert_eq!(finder.find(7, |code| code == 900), Some(900));
        assert_eq!(finder.find(7, |code| code == 1_000), None);
    }
}
