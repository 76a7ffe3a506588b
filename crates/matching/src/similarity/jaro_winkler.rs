//! Jaro-Winkler as java-string-similarity 1.2.1 computes it (quirk 4).
//!
//! It differs from Winkler (1990): Jaro is in 32-bit arithmetic, the common prefix counts
//! without a limit of 4, and its factor is the smaller of 0.1 and one over the longer length.

use smallvec::{SmallVec, smallvec};

/// Jaro values above this are raised by the common prefix.
pub(super) const BOOST_ABOVE: f64 = 0.7;
/// Largest effect of one more common leading unit.
pub(super) const PREFIX_FACTOR_MAX: f64 = 0.1;

/// 0 to 1; 1 for equal texts.
pub(super) fn similarity(a: &[u16], b: &[u16]) -> f64 {
    if a == b {
        return 1.0;
    }
    let (short, long) = if a.len() > b.len() { (b, a) } else { (a, b) };
    let (matched, transpositions) = matches(short, long);
    if matched == 0 {
        return 0.0;
    }

    let common = matched as f32;
    let ordered = (common - transpositions as f32) / common;
    let jaro = (common / a.len() as f32 + common / b.len() as f32 + ordered) / 3.0_f32;
    let jaro = f64::from(jaro);
    if jaro <= BOOST_ABOVE {
        return jaro;
    }
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    jaro + PREFIX_FACTOR_MAX.min(1.0 / long.len() as f64) * prefix as f64 * (1.0 - jaro)
}

/// Leading units that raise a standard Jaro-Winkler value (Winkler 1990).
pub(super) const STANDARD_PREFIX_MAX: usize = 4;

/// Winkler (1990) in 64 bits, raised above a Jaro value of 0.7 as rapidfuzz and DuckDB do.
pub(super) fn standard(a: &[u16], b: &[u16]) -> f64 {
    if a == b {
        return 1.0;
    }
    let (short, long) = if a.len() > b.len() { (b, a) } else { (a, b) };
    let (matched, transpositions) = matches(short, long);
    if matched == 0 {
        return 0.0;
    }
    let common = matched as f64;
    let ordered = (common - transpositions as f64) / common;
    let jaro = (common / short.len() as f64 + common / long.len() as f64 + ordered) / 3.0;
    if jaro <= BOOST_ABOVE {
        return jaro;
    }
    let alike = short.iter().zip(long).take(STANDARD_PREFIX_MAX).take_while(|(x, y)| x == y);
    jaro + PREFIX_FACTOR_MAX * alike.count() as f64 * (1.0 - jaro)
}

/// Pairs of equal units near each other, and half the places where their orders differ.
fn matches(short: &[u16], long: &[u16]) -> (usize, usize) {
    let window = (long.len() / 2).saturating_sub(1);
    let mut taken: SmallVec<[bool; 64]> = smallvec![false; long.len()];
    let mut in_short_order: SmallVec<[u16; 64]> = SmallVec::new();

    for (i, unit) in short.iter().enumerate() {
        let end = (i + window + 1).min(long.len());
        let free = (i.saturating_sub(window)..end).find(|&j| !taken[j] && long[j] == *unit);
        if let Some(j) = free {
            taken[j] = true;
            in_short_order.push(*unit);
        }
    }

    let in_long_order = long.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(unit, _)| unit);
    let displaced = in_short_order.iter().zip(in_long_order).filter(|(x, y)| x != y).count();
    (in_short_order.len(), displaced / 2)
}
