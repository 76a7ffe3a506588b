//! Ratcliff-Obershelp: what is left in common when the longest common parts are cut out in turn.
//!
//! Source: Ratcliff & Metzener (1988), Dr. Dobb's Journal; ties as in java-string-similarity
//! 2.0.0, the OpenSearch plugin's version.

use smallvec::{SmallVec, smallvec};

/// 0 to 1; 1 for equal texts. Not symmetric, because of how ties are broken.
pub(super) fn similarity(a: &[u16], b: &[u16]) -> f64 {
    if a == b {
        return 1.0;
    }
    let mut matched = 0;
    // A work list instead of recursion: the depth is up to the record.
    let mut rest = vec![(a, b)];
    while let Some((a, b)) = rest.pop() {
        let Some(common) = longest_common(a, b) else { continue };
        matched += common.length;
        rest.push((&a[..common.at_a], &b[..common.at_b]));
        rest.push((&a[common.at_a + common.length..], &b[common.at_b + common.length..]));
    }
    2.0 * matched as f64 / (a.len() + b.len()) as f64
}

struct Common {
    length: usize,
    at_a: usize,
    at_b: usize,
}

/// The longest common substring; of several the one first in `a`, there at its first place in `b`.
fn longest_common(a: &[u16], b: &[u16]) -> Option<Common> {
    let mut best: Option<Common> = None;
    // Per place in b, the length of the common run that ends there and at the current place in a.
    let mut runs: SmallVec<[usize; 64]> = smallvec![0; b.len() + 1];
    for (i, x) in a.iter().enumerate() {
        for j in (0..b.len()).rev() {
            runs[j + 1] = if *x == b[j] { runs[j] + 1 } else { 0 };
        }
        for (j, &length) in runs[1..].iter().enumerate() {
            if length > best.as_ref().map_or(0, |common| common.length) {
                best = Some(Common { length, at_a: i + 1 - length, at_b: j + 1 - length });
            }
        }
    }
    best
}
