//! What people call a person among themselves: two words that follow from the CRUID, the same on every page and day.
//!
//! Thirty-six characters cannot be said over a telephone, and of CRUIDs made in one year the first four are alike. Two persons can
//! have one nickname (there are some ten thousand), so the last four characters stand beside it, and nothing is ever
//! looked for by it. Words name no people, and no animals that are an insult or an omen somewhere.

const FIRST: [&str; 96] = [
    "amber", "ample", "apricot", "ashen", "autumn", "azure", "beige", "blue", "bold", "brass",
    "bright", "brisk", "broad", "bronze", "calm", "carved", "cedar", "chalk", "cherry", "clear",
    "coastal", "cobalt", "cool", "copper", "coral", "cosy", "cotton", "cream", "crimson", "crisp",
    "dawn", "deep", "early", "eastern", "ebony", "emerald", "evening", "even", "fair", "fine",
    "flint", "fresh", "gentle", "gilded", "glad", "golden", "grand", "green", "hazel", "honey",
    "indigo", "ivory", "jade", "keen", "lilac", "linen", "lively", "lunar", "maple", "mellow",
    "mild", "misty", "modest", "morning", "neat", "noble", "northern", "ochre", "olive", "opal",
    "orange", "pearl", "plain", "polar", "proud", "purple", "quick", "quiet", "rapid", "royal",
    "ruby", "rustic", "sandy", "scarlet", "silent", "silver", "smooth", "solar", "southern",
    "steady", "still", "summer", "sunny", "teal", "violet", "warm",
];

const SECOND: [&str; 112] = [
    "acacia", "acorn", "almond", "anchor", "apple", "arch", "atlas", "aurora", "bamboo", "banner",
    "baobab", "basket", "bay", "beacon", "bell", "birch", "boat", "breeze", "bridge", "brook",
    "canyon", "canoe", "castle", "cliff", "cloud", "clover", "comet", "compass", "cove", "crane",
    "creek", "crystal", "delta", "drum", "dune", "eagle", "elm", "ember", "falcon", "feather",
    "fern", "field", "finch", "fjord", "flute", "forest", "fountain", "garden", "gate", "ginger",
    "glacier", "grove", "harbour", "harp", "harvest", "hill", "horizon", "island", "ivy",
    "jasmine", "juniper", "kite", "lagoon", "lake", "lantern", "laurel", "leaf", "lemon", "lily",
    "lotus", "mango", "marble", "market", "meadow", "meteor", "mill", "mint", "moon", "moss",
    "mountain", "oak", "oasis", "ocean", "orchard", "palm", "path", "pebble", "peak", "pine",
    "planet", "plum", "pond", "prairie", "quarry", "quartz", "rain", "reef", "ridge", "river",
    "robin", "rocket", "saffron", "sail", "sparrow", "spring", "star", "stone", "swallow", "tower",
    "valley", "willow", "window",
];

/// The nickname and the last four characters, such as `amber-falcon 3303`.
pub fn nickname(cruid: &str) -> String {
    let hash = mixed(fnv(cruid));
    let first = FIRST[(hash % FIRST.len() as u64) as usize];
    let second = SECOND[(hash / FIRST.len() as u64 % SECOND.len() as u64) as usize];
    let chars = cruid.chars().count();
    let end: String = cruid.chars().skip(chars.saturating_sub(4)).collect();
    format!("{first}-{second} {end}")
}

/// FNV-1a, 64 bits (draft-eastlake-fnv): what is drawn by it must never change.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The last step of splitmix64 (Steele, Lea, Flood 2014), since CRUIDs of one moment differ in a few bits.
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nickname_of_a_cruid_never_changes() {
        assert_eq!(nickname("01a20af6-8ded-763c-b39a-f641d67dbabc"), "green-star babc");
        assert_eq!(nickname("7c2dd7e1-2ee4-4c8b-8f5c-58c51f7a1953"), "autumn-banner 1953");
        assert_eq!(nickname("x"), "grand-acorn x");
    }

    #[test]
    fn words_are_plain_and_each_there_once() {
        let all: HashSet<&str> = FIRST.iter().chain(&SECOND).copied().collect();
        assert_eq!(all.len(), FIRST.len() + SECOND.len());
        for word in all {
            let is_plain = word.bytes().all(|byte| byte.is_ascii_lowercase());
            assert!(is_plain && (3..=8).contains(&word.len()), "{word}");
        }
    }

    #[test]
    fn persons_of_one_day_have_many_nicknames() {
        let of = |at: u32| nickname(&format!("01a20af6-8ded-763c-b39a-{at:012x}"));
        let words: HashSet<String> =
            (0..1_000).map(|at| of(at)[..of(at).len() - 5].to_owned()).collect();
        assert!(words.len() > 900, "{}", words.len());
    }
}
