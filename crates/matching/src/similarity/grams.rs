//! Comparisons by runs of units: 3-gram profiles, and Kondrak's bigram distance.
//!
//! Sources: Ukkonen (1992) for q-grams; Kondrak (2005), "N-gram similarity and distance";
//! details (white space, short texts, 32-bit steps) as in java-string-similarity 1.2.1.

use smallvec::SmallVec;

/// Length of a gram in a profile.
const GRAM: usize = 3;
/// What Kondrak's distance puts before each text.
const PADDING: u16 = 0x0A;

/// Each 3-gram of a text and how often it occurs, in ascending order.
type Profile = SmallVec<[(u64, u32); 64]>;

fn is_space(unit: u16) -> bool {
    matches!(unit, 0x20 | 0x09..=0x0D)
}

/// Cuts a text into 3-grams, after making each run of ASCII white space one space.
fn profile(text: &[u16]) -> Profile {
    let mut collapsed: SmallVec<[u16; 64]> = SmallVec::new();
    let mut after_space = false;
    for &unit in text {
        let space = is_space(unit);
        if !(space && after_space) {
            collapsed.push(if space { 0x20 } else { unit });
        }
        after_space = space;
    }

    let mut grams: SmallVec<[u64; 64]> = collapsed
        .windows(GRAM)
        .map(|gram| gram.iter().fold(0, |packed, unit| packed << 16 | u64::from(*unit)))
        .collect();
    grams.sort_unstable();
    let mut profile = Profile::new();
    for gram in grams {
        match profile.last_mut() {
            Some((last, count)) if *last == gram => *count += 1,
            _ => profile.push((gram, 1)),
        }
    }
    profile
}

/// Pairs up two profiles: both counts of each gram of either, 0 where it does not occur.
fn for_each_pair(a: &Profile, b: &Profile, mut see: impl FnMut(u32, u32)) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let left = a.get(i).map_or(u64::MAX, |gram| gram.0);
        let right = b.get(j).map_or(u64::MAX, |gram| gram.0);
        let count = |profile: &Profile, at: usize, here: bool| if here { profile[at].1 } else { 0 };
        see(count(a, i, left <= right), count(b, j, right <= left));
        i += usize::from(left <= right);
        j += usize::from(right <= left);
    }
}

fn common(a: &Profile, b: &Profile) -> u32 {
    let mut common = 0;
    for_each_pair(a, b, |x, y| common += u32::from(x > 0 && y > 0));
    common
}

/// Sum of the differences of 3-gram counts.
pub(super) fn qgram_distance(a: &[u16], b: &[u16]) -> f64 {
    if a == b {
        return 0.0;
    }
    let mut sum = 0;
    for_each_pair(&profile(a), &profile(b), |x, y| sum += x.abs_diff(y));
    f64::from(sum)
}

/// Cosine of the 3-gram count vectors; 0 if either text is shorter than 3.
pub(super) fn cosine(a: &[u16], b: &[u16]) -> f64 {
    if a == b {
        return 1.0;
    }
    if a.len() < GRAM || b.len() < GRAM {
        return 0.0;
    }
    let (a, b) = (profile(a), profile(b));
    let mut dot = 0;
    for_each_pair(&a, &b, |x, y| dot += u64::from(x) * u64::from(y));
    dot as f64 / (norm(&a) * norm(&b))
}

fn norm(profile: &Profile) -> f64 {
    let squares: u64 = profile.iter().map(|(_, count)| u64::from(*count).pow(2)).sum();
    (squares as f64).sqrt()
}

/// Common 3-grams over all; NaN if neither text has one.
pub(super) fn jaccard(a: &[u16], b: &[u16]) -> f64 {
    if a == b {
        return 1.0;
    }
    let (a, b) = (profile(a), profile(b));
    let common = common(&a, &b);
    f64::from(common) / (a.len() as f64 + b.len() as f64 - f64::from(common))
}

/// Twice the common 3-grams over the sum of both; NaN if neither text has one.
pub(super) fn dice(a: &[u16], b: &[u16]) -> f64 {
    if a == b {
        return 1.0;
    }
    let (a, b) = (profile(a), profile(b));
    2.0 * f64::from(common(&a, &b)) / (a.len() + b.len()) as f64
}

/// Kondrak's distance over bigrams, in 32-bit arithmetic.
///
/// If either text has one unit, the original counts equal places instead, which makes the
/// result a similarity: `a` and `b` are 0 apart (quirk 11).
pub(super) fn kondrak_distance(a: &[u16], b: &[u16]) -> f64 {
    if a == b {
        return 0.0;
    }
    if a.is_empty() || b.is_empty() {
        return 1.0;
    }
    let longer = a.len().max(b.len()) as f32;
    if a.len() == 1 || b.len() == 1 {
        let equal = a.iter().zip(b).filter(|(x, y)| x == y).count();
        return f64::from(equal as f32 / longer);
    }

    let mut above: SmallVec<[f32; 64]> = (0..=a.len()).map(|i| i as f32).collect();
    for j in 0..b.len() {
        let mut row: SmallVec<[f32; 64]> = SmallVec::with_capacity(a.len() + 1);
        row.push((j + 1) as f32);
        for i in 0..a.len() {
            let replaced = above[i] + bigram_cost(bigram(a, i), bigram(b, j));
            row.push(java_min(java_min(row[i] + 1.0, above[i + 1] + 1.0), replaced));
        }
        above = row;
    }
    f64::from(above[a.len()] / longer)
}

/// The bigram that ends at `end`, counting the padding before the text.
fn bigram(text: &[u16], end: usize) -> [u16; 2] {
    [if end == 0 { PADDING } else { text[end - 1] }, text[end]]
}

fn bigram_cost(a: [u16; 2], b: [u16; 2]) -> f32 {
    let mut differing = 0.0_f32;
    let mut counted = 2.0_f32;
    for (x, y) in a.into_iter().zip(b) {
        if x != y {
            differing += 1.0;
        } else if x == PADDING {
            counted -= 1.0;
        }
    }
    differing / counted
}

/// `java.lang.Math.min`, which keeps NaN where `f32::min` drops it.
fn java_min(a: f32, b: f32) -> f32 {
    if a.is_nan() || b.is_nan() { f32::NAN } else { a.min(b) }
}
