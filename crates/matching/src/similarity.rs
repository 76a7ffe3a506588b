//! Comparing two prepared texts: the names of rule files, and what each computes.
//!
//! The arithmetic of each family is in `similarity/`; whether a value agrees is in
//! [`mod@crate::score`]. Everything works on UTF-16 units, because the original ran on Java strings:
//! a character above U+FFFF counts as two. The values equal those of java-string-similarity
//! 1.2.1 (and, for `ratcliff-obershelp`, 2.0.0) to the last bit.

pub(crate) mod bound;
mod date;
mod edit;
mod grams;
mod jaro_winkler;
mod ratcliff;

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use smallvec::SmallVec;

/// UTF-16 units of a text; names fit without a heap allocation.
pub(crate) type Units = SmallVec<[u16; 64]>;

/// Encodes a prepared text for [`Algorithm::compare_units`].
pub(crate) fn units(text: &str) -> Units {
    text.encode_utf16().collect()
}

/// A similarity or a distance between two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// Edits: insert, delete, replace.
    Levenshtein,
    /// Levenshtein over the longer length, 0 to 1.
    NormalizedLevenshteinDistance,
    /// 1 less the normalised Levenshtein distance.
    NormalizedLevenshteinSimilarity,
    /// Edits and swaps, without restriction: `ca` to `abc` is 2.
    DamerauLevenshtein,
    /// Edits and swaps, no part edited twice: `ca` to `abc` is 3.
    OptimalStringAlignment,
    /// Units outside the longest common subsequence.
    LongestCommonSubsequence,
    /// 1 less the longest common subsequence over the longer length.
    MetricLcs,
    /// Longest-common-subsequence distance over the longer length, 0 to 2 (quirk 12).
    NormalizedLcsDistance,
    /// 1 less that, so −1 to 1 (quirk 12).
    NormalizedLcsSimilarity,
    /// Jaro-Winkler with 32-bit Jaro and an unlimited prefix (quirk 4).
    JaroWinklerSimilarity,
    /// 1 less that.
    JaroWinklerDistance,
    /// Kondrak's bigram distance.
    Ngram,
    /// Sum of differences of 3-gram counts; two texts under 3 units are 0 apart (quirk 11).
    Qgram,
    /// Cosine of 3-gram counts.
    CosineSimilarity,
    /// 1 less that.
    CosineDistance,
    /// Common over united 3-grams.
    JaccardSimilarity,
    /// 1 less that.
    JaccardDistance,
    /// Twice the common 3-grams over the sum of both.
    DiceSimilarity,
    /// 1 less that.
    DiceDistance,
    /// Dates with transposed digits or exchanged day and month.
    DateDamerau,
    /// Matched units of common substrings, longest first.
    RatcliffObershelp,
    /// Jaro-Winkler as Winkler (1990) has it, with a prefix of at most 4; native rules only.
    JaroWinkler,
}

impl Algorithm {
    /// Every algorithm of OpenCR's rule files, similarities and distances alike.
    pub const ALL: [Algorithm; 21] = [
        Algorithm::Levenshtein,
        Algorithm::NormalizedLevenshteinDistance,
        Algorithm::NormalizedLevenshteinSimilarity,
        Algorithm::DamerauLevenshtein,
        Algorithm::OptimalStringAlignment,
        Algorithm::LongestCommonSubsequence,
        Algorithm::MetricLcs,
        Algorithm::NormalizedLcsDistance,
        Algorithm::NormalizedLcsSimilarity,
        Algorithm::JaroWinklerSimilarity,
        Algorithm::JaroWinklerDistance,
        Algorithm::Ngram,
        Algorithm::Qgram,
        Algorithm::CosineSimilarity,
        Algorithm::CosineDistance,
        Algorithm::JaccardSimilarity,
        Algorithm::JaccardDistance,
        Algorithm::DiceSimilarity,
        Algorithm::DiceDistance,
        Algorithm::DateDamerau,
        Algorithm::RatcliffObershelp,
    ];

    /// The name used in rule files; case matters.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Levenshtein => "levenshtein",
            Algorithm::NormalizedLevenshteinDistance => "normalized-levenshtein-distance",
            Algorithm::NormalizedLevenshteinSimilarity => "normalized-levenshtein-similarity",
            Algorithm::DamerauLevenshtein => "damerau-levenshtein",
            Algorithm::OptimalStringAlignment => "optimal-string-alignment",
            Algorithm::LongestCommonSubsequence => "longest-common-subsequence",
            Algorithm::MetricLcs => "metric-lcs",
            Algorithm::NormalizedLcsDistance => "normalized-lcs-distance",
            Algorithm::NormalizedLcsSimilarity => "normalized-lcs-similarity",
            Algorithm::JaroWinklerSimilarity => "jaro-winkler-similarity",
            Algorithm::JaroWinklerDistance => "jaro-winkler-distance",
            Algorithm::Ngram => "ngram",
            Algorithm::Qgram => "qgram",
            Algorithm::CosineSimilarity => "cosine-similarity",
            Algorithm::CosineDistance => "cosine-distance",
            Algorithm::JaccardSimilarity => "jaccard-similarity",
            Algorithm::JaccardDistance => "jaccard-distance",
            Algorithm::DiceSimilarity => "dice-similarity",
            Algorithm::DiceDistance => "dice-distance",
            Algorithm::DateDamerau => "dateDamerau",
            Algorithm::RatcliffObershelp => "ratcliff-obershelp",
            Algorithm::JaroWinkler => "jaro-winkler",
        }
    }

    /// The algorithm of this name in a native rule file: OpenCR's, and the standard Jaro-Winkler.
    pub fn find_native(name: &str) -> Option<Algorithm> {
        let all = Algorithm::ALL.into_iter().chain([Algorithm::JaroWinkler]);
        all.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether a higher value means more alike; otherwise it is a distance.
    pub fn is_similarity(self) -> bool {
        match self {
            Algorithm::NormalizedLevenshteinSimilarity
            | Algorithm::NormalizedLcsSimilarity
            | Algorithm::JaroWinklerSimilarity
            | Algorithm::CosineSimilarity
            | Algorithm::JaccardSimilarity
            | Algorithm::DiceSimilarity
            | Algorithm::DateDamerau
            | Algorithm::RatcliffObershelp
            | Algorithm::JaroWinkler => true,
            Algorithm::Levenshtein
            | Algorithm::NormalizedLevenshteinDistance
            | Algorithm::DamerauLevenshtein
            | Algorithm::OptimalStringAlignment
            | Algorithm::LongestCommonSubsequence
            | Algorithm::MetricLcs
            | Algorithm::NormalizedLcsDistance
            | Algorithm::JaroWinklerDistance
            | Algorithm::Ngram
            | Algorithm::Qgram
            | Algorithm::CosineDistance
            | Algorithm::JaccardDistance
            | Algorithm::DiceDistance => false,
        }
    }

    /// Compares two prepared texts (see [`crate::normalize::comparable`]).
    ///
    /// `None` where the original failed or gave NaN: `dateDamerau` on different texts that are
    /// not both full dates, Jaccard and Dice on different texts under 3 units, normalised LCS
    /// on two empty texts. Such a pair counts as a miss (quirks 9 and 10).
    pub fn compare(self, left: &str, right: &str) -> Option<f64> {
        self.compare_units(&units(left), &units(right))
    }

    /// Whether a distance of at most `threshold` is one edit or none, so that
    /// [`Algorithm::is_within_one`] tells it without counting.
    pub(crate) fn is_one_edit(self, threshold: f64) -> bool {
        self.edits_max(threshold).is_some_and(|edits| edits <= 1)
    }

    /// The most edits, swaps of neighbours among them, that a distance of `threshold` stands for;
    /// `None` of an algorithm that does not count edits, or where no text is so near.
    pub(crate) fn edits_max(self, threshold: f64) -> Option<u32> {
        let is_edits = matches!(
            self,
            Algorithm::Levenshtein
                | Algorithm::DamerauLevenshtein
                | Algorithm::OptimalStringAlignment
        );
        (is_edits && threshold >= 0.0).then_some(threshold as u32)
    }

    /// Whether the distance is at most 1; of an algorithm that counts edits.
    pub(crate) fn is_within_one(self, left: &[u16], right: &[u16]) -> bool {
        edit::is_within_one(left, right, self != Algorithm::Levenshtein)
    }

    /// [`Algorithm::compare`] for texts that are encoded already.
    pub(crate) fn compare_units(self, left: &[u16], right: &[u16]) -> Option<f64> {
        let (a, b) = (left, right);
        let value = match self {
            Algorithm::Levenshtein => edit::levenshtein(a, b),
            Algorithm::NormalizedLevenshteinDistance => edit::normalized_levenshtein(a, b),
            Algorithm::NormalizedLevenshteinSimilarity => 1.0 - edit::normalized_levenshtein(a, b),
            Algorithm::DamerauLevenshtein => edit::damerau_levenshtein(a, b),
            Algorithm::OptimalStringAlignment => edit::optimal_string_alignment(a, b),
            Algorithm::LongestCommonSubsequence => edit::lcs_distance(a, b),
            Algorithm::MetricLcs => edit::metric_lcs(a, b),
            Algorithm::NormalizedLcsDistance => edit::normalized_lcs(a, b),
            Algorithm::NormalizedLcsSimilarity => 1.0 - edit::normalized_lcs(a, b),
            Algorithm::JaroWinklerSimilarity => jaro_winkler::similarity(a, b),
            Algorithm::JaroWinklerDistance => 1.0 - jaro_winkler::similarity(a, b),
            Algorithm::Ngram => grams::kondrak_distance(a, b),
            Algorithm::Qgram => grams::qgram_distance(a, b),
            Algorithm::CosineSimilarity => grams::cosine(a, b),
            Algorithm::CosineDistance => 1.0 - grams::cosine(a, b),
            Algorithm::JaccardSimilarity => grams::jaccard(a, b),
            Algorithm::JaccardDistance => 1.0 - grams::jaccard(a, b),
            Algorithm::DiceSimilarity => grams::dice(a, b),
            Algorithm::DiceDistance => 1.0 - grams::dice(a, b),
            Algorithm::DateDamerau => date::similarity(a, b)?,
            Algorithm::RatcliffObershelp => ratcliff::similarity(a, b),
            Algorithm::JaroWinkler => jaro_winkler::standard(a, b),
        };
        if value.is_nan() { None } else { Some(value) }
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown algorithm {0:?}")]
pub struct UnknownAlgorithm(pub String);

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Algorithm, UnknownAlgorithm> {
        Algorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}

#[cfg(test)]
mod tests;
