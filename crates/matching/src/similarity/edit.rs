//! Edit distances and the longest common subsequence.
//!
//! Sources: Levenshtein (1966); Damerau (1964), unrestricted in the form of Lowrance & Wagner
//! (1975), JACM 22(2); the restricted form as optimal string alignment; definitions and
//! normalisation as in java-string-similarity 1.2.1.

use smallvec::{SmallVec, smallvec};

/// One row of a distance table.
type Row = SmallVec<[u32; 64]>;

fn first_row(width: usize) -> Row {
    (0..=width as u32).collect()
}

fn longer(a: &[u16], b: &[u16]) -> f64 {
    a.len().max(b.len()) as f64
}

/// Insertions, deletions and replacements that turn one into the other.
pub(super) fn levenshtein(a: &[u16], b: &[u16]) -> f64 {
    let (a, b) = without_common_ends(a, b);
    let mut row = first_row(b.len());
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i as u32 + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + u32::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    f64::from(row[b.len()])
}

/// Drops what both begin and end with; no edit distance here depends on it.
fn without_common_ends<'t>(a: &'t [u16], b: &'t [u16]) -> (&'t [u16], &'t [u16]) {
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (&a[..a.len() - end], &b[..b.len() - end])
}

/// Whether one edit at the most turns one into the other; a swap of neighbours is one if `swaps`.
pub(super) fn is_within_one(a: &[u16], b: &[u16], swaps: bool) -> bool {
    match without_common_ends(a, b) {
        ([] | [_], [] | [_]) => true,
        ([a, b], [c, d]) => swaps && a == d && b == c,
        _ => false,
    }
}

/// Levenshtein over the longer length; 0 for two empty texts.
pub(super) fn normalized_levenshtein(a: &[u16], b: &[u16]) -> f64 {
    if a == b {
        return 0.0;
    }
    levenshtein(a, b) / longer(a, b)
}

/// Edits and swaps of neighbours, no part edited twice.
pub(super) fn optimal_string_alignment(a: &[u16], b: &[u16]) -> f64 {
    let (a, b) = without_common_ends(a, b);
    let mut before = first_row(b.len());
    let mut above = first_row(b.len());
    for i in 1..=a.len() {
        let mut row: Row = smallvec![i as u32];
        for j in 1..=b.len() {
            let replaced = above[j - 1] + u32::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(row[j - 1] + 1).min(above[j] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    f64::from(above[b.len()])
}

/// Edits and swaps of neighbours, where edits between the swapped pair are allowed.
pub(super) fn damerau_levenshtein(a: &[u16], b: &[u16]) -> f64 {
    let (a, b) = without_common_ends(a, b);
    let width = b.len() + 1;
    let mut table: SmallVec<[u32; 256]> = smallvec![0; (a.len() + 1) * width];
    for (j, cell) in table[..width].iter_mut().enumerate() {
        *cell = j as u32;
    }
    // Per column, the last row so far in which a's unit was the column's unit. A table by column
    // does the work of the classic table by letter without hashing.
    let mut last_row: Row = smallvec![0; b.len()];
    for i in 1..=a.len() {
        table[i * width] = i as u32;
        let mut last_column = 0;
        for j in 1..=b.len() {
            let same = a[i - 1] == b[j - 1];
            let above = (i - 1) * width + j;
            let replaced = table[above - 1] + u32::from(!same);
            let mut least = replaced.min(table[above] + 1).min(table[i * width + j - 1] + 1);
            let swap_row = last_row[j - 1] as usize;
            if swap_row > 0 && last_column > 0 {
                let between = (i - swap_row - 1) + (j - last_column - 1);
                let before = table[(swap_row - 1) * width + last_column - 1];
                least = least.min(before + between as u32 + 1);
            }
            if same {
                last_column = j;
            }
            table[i * width + j] = least;
        }
        for (row, unit) in last_row.iter_mut().zip(b) {
            if *unit == a[i - 1] {
                *row = i as u32;
            }
        }
    }
    f64::from(table[a.len() * width + b.len()])
}

/// Length of the longest common subsequence.
fn lcs_length(a: &[u16], b: &[u16]) -> u32 {
    let mut row: Row = smallvec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

/// Units of both texts outside their longest common subsequence.
pub(super) fn lcs_distance(a: &[u16], b: &[u16]) -> f64 {
    if a == b {
        return 0.0;
    }
    (a.len() + b.len()) as f64 - 2.0 * f64::from(lcs_length(a, b))
}

/// 1 less the common subsequence over the longer length.
pub(super) fn metric_lcs(a: &[u16], b: &[u16]) -> f64 {
    if a == b {
        return 0.0;
    }
    1.0 - f64::from(lcs_length(a, b)) / longer(a, b)
}

/// The subsequence distance over the longer length; NaN for two empty texts, which are not
/// short-cut here in the original.
pub(super) fn normalized_lcs(a: &[u16], b: &[u16]) -> f64 {
    lcs_distance(a, b) / longer(a, b)
}
