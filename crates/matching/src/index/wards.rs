//! Values by the letters that they have, so that one of many like a query is found among few.
//!
//! A ward holds the values that have some letter of the same groups of letters. What a query's
//! letters lack in a ward's groups, and what these have beside the query's, bounds the letters that
//! the query has in common with any value there, so most wards are passed over unread.

use std::sync::Arc;

use super::signature::{Sieve, Signature};
use super::spine::Spine;

/// Groups of letters; a ward for each set of them.
pub(super) const GROUPS: usize = 12;
const WARDS: usize = 1 << GROUPS;
/// The last ward, of values that cannot be ruled out.
const OTHERS: usize = WARDS;
/// Sets of the lower and of the upper half of the groups.
const HALF: usize = 1 << (GROUPS / 2);

/// Groups of classes of units. A common Latin letter has its own and rare ones share one, so that
/// each group is in about as many names as it is not; digits and other scripts fall where they fall.
/// The class of the blank counts for nothing: words may be repeated.
const GROUP_OF_CLASS: [u8; 32] = [
    11, 0, 8, 10, 8, 1, 11, 10, 9, 2, 11, 10, 3, 9, 4, 5, 10, 10, 6, 7, 8, 11, 11, 11, 11, 9, 7, 0,
    1, 2, 3, 4,
];

/// The wards of a column.
#[derive(Clone)]
pub(super) struct Wards {
    wards: Spine<Vec<Entry>>,
}

/// A value's signature and code.
#[derive(Debug, Clone, Copy)]
struct Entry {
    signature: Signature,
    code: u32,
}

/// Occurrences of each group of letters in a text.
struct Groups {
    counts: [u8; GROUPS],
    set: usize,
}

impl Groups {
    fn of(signature: &Signature) -> Groups {
        let mut groups = Groups { counts: [0; GROUPS], set: 0 };
        for (class, group) in GROUP_OF_CLASS.into_iter().enumerate().skip(1) {
            let count = signature.count(class);
            groups.counts[usize::from(group)] += count;
            groups.set |= usize::from(count > 0) << group;
        }
        groups
    }

    /// By set of half of the groups, from the group `from`, the occurrences of those it lacks.
    fn lost(&self, from: usize) -> [u8; HALF] {
        std::array::from_fn(|half| {
            let lacks = (0..GROUPS / 2).filter(|group| half >> group & 1 == 0);
            lacks.map(|group| self.counts[from + group]).sum()
        })
    }
}

fn ward_of(signature: &Signature) -> usize {
    if signature.is_unknown() { OTHERS } else { Groups::of(signature).set }
}

impl Wards {
    pub(super) fn new() -> Wards {
        let empty: Arc<Vec<Entry>> = Arc::default();
        Wards { wards: (0..=OTHERS).map(|_| Arc::clone(&empty)).collect() }
    }

    pub(super) fn insert(&mut self, code: u32, signature: Signature) {
        let ward = Arc::make_mut(self.wards.edit(ward_of(&signature)));
        if ward.len() == ward.capacity() {
            // Less room to spare than a vector would take.
            ward.reserve_exact(ward.len() / 8 + 2);
        }
        ward.push(Entry { signature, code });
    }

    pub(super) fn remove(&mut self, code: u32, signature: &Signature) {
        let ward = Arc::make_mut(self.wards.edit(ward_of(signature)));
        if let Some(at) = ward.iter().position(|entry| entry.code == code) {
            ward.swap_remove(at);
        }
    }

    /// Calls `see` with every code that a sieve lets pass.
    pub(super) fn sift(&self, sieve: &Sieve, mut see: impl FnMut(u32)) {
        let query = Groups::of(sieve.query());
        let length = sieve.query().len();
        let (low, high) = (query.lost(0), query.lost(GROUPS / 2));
        for (upper, lost) in high.into_iter().enumerate() {
            // Letters that no value with these groups has in common with the query.
            let extra = (upper & !(query.set >> (GROUPS / 2))).count_ones() as usize;
            if sieve.least(extra) > length.saturating_sub(lost) {
                continue;
            }
            for (lower, more) in low.into_iter().enumerate() {
                let lost = lost + more;
                let extra = extra + (lower & !query.set & (HALF - 1)).count_ones() as usize;
                if sieve.least(extra) > length.saturating_sub(lost) {
                    continue;
                }
                self.see(upper << (GROUPS / 2) | lower, |bag| sieve.passes(bag), &mut see);
            }
        }
        self.others(&mut see);
    }

    /// Calls `see` with every code that may have all letters of a text.
    pub(super) fn with_all(&self, text: &Signature, mut see: impl FnMut(u32)) {
        let set = Groups::of(text).set;
        for ward in (0..WARDS).filter(|ward| ward & set == set) {
            self.see(ward, |signature| signature.has_all(text), &mut see);
        }
        self.others(&mut see);
    }

    fn see(&self, ward: usize, passes: impl Fn(&Signature) -> bool, see: &mut impl FnMut(u32)) {
        let passing = self.wards[ward].iter().filter(|entry| passes(&entry.signature));
        passing.for_each(|entry| see(entry.code));
    }

    fn others(&self, see: &mut impl FnMut(u32)) {
        self.wards[OTHERS].iter().for_each(|entry| see(entry.code));
    }

    pub(super) fn bytes(&self) -> usize {
        let ward = |ward: &Arc<Vec<Entry>>| ward.capacity() * size_of::<Entry>();
        let each = size_of::<Vec<Entry>>() + 2 * size_of::<usize>();
        self.wards.bytes() + self.wards.iter().map(|entries| ward(entries) + each).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Likeness;
    use crate::similarity::{Algorithm, units};

    fn text() -> impl Strategy<Value = String> {
        let word =
            || prop_oneof!["[ab]{1,4}", "[a-f]{1,9}", "[a-z\u{e9}\u{1F600}]{1,12}", "[0-9]{1,9}"];
        (word(), prop::option::weighted(0.4, word()), 0..3u8).prop_map(|(one, other, kind)| match (
            other, kind,
        ) {
            (None, _) => one,
            (Some(other), 0) => format!("{one} {other} {one}"),
            (Some(_), 1) => format!("{one} {one}"),
            (Some(other), _) => format!("{one}\u{1f}{other}"),
        })
    }

    fn of(texts: &[String]) -> Wards {
        let mut wards = Wards::new();
        for (code, text) in (0..).zip(texts) {
            wards.insert(code, Signature::of_value(text));
        }
        wards
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            cases: 1_000,
            ..Default::default()
        })]

        #[test]
        fn nothing_alike_is_passed_over(
            query in text(),
            texts in prop::collection::vec(text(), 1..30),
            algorithm in prop::sample::select(
                [&Algorithm::ALL[..], &[Algorithm::JaroWinkler]].concat()
            ),
            threshold in prop::sample::select(vec![0.3, 0.6, 0.85, 0.88, 0.92, 1.0, 2.0, 4.0]),
        ) {
            let (wards, query) = (of(&texts), query.replace('\u{1f}', " "));
            let Some(sieve) = Sieve::new(algorithm, threshold, &units(&query)) else { return Ok(()) };
            let mut seen = Vec::new();
            wards.sift(&sieve, |code| seen.push(code));
            let likeness = Likeness::Similar { algorithm, threshold };
            for (code, text) in (0..).zip(&texts) {
                prop_assert!(seen.contains(&code) || !likeness.holds(&query, text), "{}", text);
            }
        }

        #[test]
        fn what_has_an_initial_is_found(
            query in text(),
            texts in prop::collection::vec(text(), 1..30),
        ) {
            let (wards, query) = (of(&texts), query.replace('\u{1f}', " "));
            let initial: String = query.chars().take(1).collect();
            let mut seen = Vec::new();
            wards.with_all(&Signature::of(&units(&initial)), |code| seen.push(code));
            for (code, text) in (0..).zip(&texts) {
                prop_assert!(seen.contains(&code) || !Likeness::Initial.holds(&initial, text), "{}", text);
            }
        }
    }

    #[test]
    fn few_are_read_for_many() {
        let letters = ["otieno", "mukasa", "achieng", "nalubega", "okello", "smith", "wanjiku"];
        let names = letters.iter().flat_map(|one| letters.map(|other| format!("{one}{other}")));
        let names: Vec<String> = names.collect();
        let sieve = Sieve::new(Algorithm::JaroWinkler, 0.92, &units(&names[5])).unwrap();
        let mut seen = Vec::new();
        of(&names).sift(&sieve, |code| seen.push(code));
        assert!(seen.contains(&5) && seen.len() < 4, "{seen:?}");
    }

    #[test]
    fn what_is_removed_is_not_found() {
        let texts = ["otieno".to_owned(), "oteino".to_owned()];
        let mut wards = of(&texts);
        let before = wards.clone();
        wards.remove(0, &Signature::of_value("otieno"));
        let found = |wards: &Wards| {
            let mut seen = Vec::new();
            let sieve = Sieve::new(Algorithm::JaroWinkler, 0.92, &units("otieno")).unwrap();
            wards.sift(&sieve, |code| seen.push(code));
            seen
        };
        assert_eq!((found(&before), found(&wards)), (vec![0, 1], vec![1]));
    }
}
