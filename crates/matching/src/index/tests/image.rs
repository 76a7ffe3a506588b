//! Images: what is read back is what was written, and nothing else is ever taken for one.

use proptest::prelude::*;

use super::lossless::{
    Change, DEFAULT, Person, RULE_SETS, apply, changes, check, features, person,
};
use crate::index::ROWS_CHUNK;
use crate::index::image::{Image, ImageError, MAGIC, STAMP_MAX};
use crate::index::sketch::Sketch;
use crate::index::*;
use crate::opencr;

fn empty(rules: &str) -> Index {
    Index::new(Arc::new(opencr::parse(rules).expect("rules")))
}

fn written(index: &Index) -> Vec<u8> {
    let mut bytes = Vec::new();
    index.snapshot().write_image(b"state 7", &mut bytes).expect("a vector takes everything");
    bytes
}

fn read(ruleset: &Arc<Ruleset>, bytes: &[u8]) -> Result<Index, ImageError> {
    let image = Image::open(Arc::clone(ruleset), bytes)?;
    assert_eq!(image.stamp(), b"state 7");
    image.load()
}

/// A small index with gaps, removed records and values of every kind.
fn small() -> Index {
    let mut index = empty(RULE_SETS[2]);
    let person = |number: usize| [number + 1, number % 7, number % 4, number % 5, 1, number % 12];
    let put = |number: u32| Change::Put(number, person(number as usize));
    let changes: Vec<Change> =
        (0..9).map(put).chain([Change::Remove(3), Change::Remove(8)]).collect();
    apply(&mut index, &changes);
    index
}

/// Says the same of both, and the same as a scan.
fn same(one: &Index, other: &Index, queries: &[Person]) -> Result<(), TestCaseError> {
    let (one, other) = (one.snapshot(), other.snapshot());
    prop_assert_eq!(one.len(), other.len());
    for number in (0..64).chain(4_088..4_104) {
        prop_assert!(one.features(number) == other.features(number), "record {}", number);
    }
    for query in queries {
        let limits = Limits { potential_max: 5 };
        check(&other, query, &limits, &[0, 1, 77])?;
        let query = features(one.ruleset(), query);
        let (expected, found) = (one.scan(&query, &limits), other.scan(&query, &limits));
        prop_assert_eq!(&expected.hits, &found.hits);
        prop_assert_eq!(expected.potential_total, found.potential_total);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 16,
        ..Default::default()
    })]

    #[test]
    fn what_is_read_back_finds_the_same_and_changes_alike(
        first in changes(120),
        second in changes(80),
        queries in prop::collection::vec(person(), 1..3),
    ) {
        for rules in RULE_SETS.into_iter().chain([DEFAULT]) {
            let mut index = empty(rules);
            apply(&mut index, &first);
            let mut loaded = read(&index.table.ruleset, &written(&index)).expect("it is whole");
            same(&index, &loaded, &queries)?;
            apply(&mut index, &second);
            apply(&mut loaded, &second);
            same(&index, &loaded, &queries)?;
            // Arrays that rows without values never touched are there after loading.
            let columns = loaded.snapshot().columns.len();
            let untouched = 2 * ROWS_CHUNK * (columns * size_of::<u32>() + size_of::<Sketch>());
            let most = index.snapshot().bytes() * 5 / 4 + untouched;
            prop_assert!(loaded.snapshot().bytes() <= most);
            let all: Vec<Change> =
                (0..64).chain(4_088..4_104).map(Change::Remove).collect();
            apply(&mut loaded, &all);
            prop_assert!(loaded.snapshot().columns.iter().all(|column| column.codes() == 1));
        }
    }
}

proptest! {
    // As many cases as are asked for by PROPTEST_CASES.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn fuzz_content_that_cannot_be_is_refused_or_harmless(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        second in changes(40),
        query in person(),
    ) {
        let index = small();
        let mut bytes = written(&index);
        for (place, byte) in places {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        seal(&mut bytes);
        let Ok(image) = Image::open(Arc::clone(&index.table.ruleset), &*bytes) else { return Ok(()) };
        if let Ok(mut loaded) = image.load() {
            loaded.snapshot().search(&features(loaded.table.ruleset.as_ref(), &query), &super::ALL);
            apply(&mut loaded, &second);
            loaded.snapshot().scan(&features(loaded.table.ruleset.as_ref(), &query), &super::ALL);
        }
    }
}

/// Makes the checksums of all sections right, as far as their lengths lead.
fn seal(bytes: &mut [u8]) {
    let mut at = MAGIC.len() + 4;
    while let Some(head) = bytes.get(at..at + 12) {
        let len = u64::from_le_bytes(head[4..].try_into().expect("eight bytes"));
        let Some(end) = usize::try_from(len).ok().and_then(|len| len.checked_add(at + 12)) else {
            return;
        };
        let Some(content) = bytes.get(at..end) else { return };
        let sum = crc32fast::hash(content).to_le_bytes();
        let Some(place) = bytes.get_mut(end..end + 4) else { return };
        place.copy_from_slice(&sum);
        at = end + 4;
    }
}

#[test]
fn sealing_changes_nothing_in_an_image_that_is_whole() {
    let bytes = written(&small());
    let mut sealed = bytes.clone();
    seal(&mut sealed);
    assert!(sealed == bytes);
}

#[test]
fn an_image_that_ends_early_or_goes_on_is_refused() {
    let index = small();
    let mut bytes = written(&index);
    for len in 0..bytes.len() {
        assert!(read(&index.table.ruleset, &bytes[..len]).is_err(), "{len} bytes");
    }
    bytes.push(0);
    assert!(read(&index.table.ruleset, &bytes).is_err());
}

#[test]
fn a_changed_byte_is_noticed_wherever_it_is() {
    let index = small();
    let mut bytes = written(&index);
    for at in 0..bytes.len() {
        for bit in [1, 0x80] {
            bytes[at] ^= bit;
            let image = Image::open(Arc::clone(&index.table.ruleset), &*bytes);
            assert!(image.and_then(Image::load).is_err(), "byte {at}");
            bytes[at] ^= bit;
        }
    }
    assert!(read(&index.table.ruleset, &bytes).is_ok());
}

#[test]
fn an_image_of_other_rules_or_another_format_is_told() {
    let index = small();
    let mut bytes = written(&index);
    let other = empty(RULE_SETS[0]);
    let refused = Image::open(Arc::clone(&other.table.ruleset), &*bytes).expect_err("other rules");
    assert!(matches!(refused, ImageError::OtherRules));
    bytes[MAGIC.len()] += 1;
    let refused = Image::open(Arc::clone(&index.table.ruleset), &*bytes).expect_err("a format");
    assert_eq!(refused.to_string(), "it has format 2, not 1");
    let refused = Image::open(Arc::clone(&index.table.ruleset), &b"SQLite format 3\0"[..]);
    assert!(matches!(refused, Err(ImageError::NotAnImage)));
}

#[test]
fn an_empty_index_is_read_back_and_a_stamp_has_a_limit() {
    let index = empty(DEFAULT);
    let loaded = read(&index.table.ruleset, &written(&index)).expect("it is whole");
    assert!(loaded.snapshot().is_empty());
    let stamp = vec![0; STAMP_MAX + 1];
    assert!(index.snapshot().write_image(&stamp, &mut Vec::new()).is_err());
}

#[test]
fn memory_is_given_back_after_removals_from_a_loaded_index() {
    let mut index = super::index();
    for number in 0..5_000 {
        super::put(&mut index, number, &super::name(number, 0));
    }
    // Free codes and lists must come back as such.
    for number in 0..1_000 {
        index.remove(number);
    }
    let mut loaded = read(&index.table.ruleset, &written(&index)).expect("it is whole");
    let full = loaded.snapshot().bytes();
    assert!(full <= index.snapshot().bytes());
    for number in (1_000..5_000).filter(|number| number % 100 != 7) {
        loaded.remove(number);
        index.remove(number);
    }
    let (kept, expected) = (loaded.snapshot().bytes(), index.snapshot().bytes());
    assert!(kept <= expected + expected / 20, "{kept} and {expected} of {full}");
}
