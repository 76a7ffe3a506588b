//! The best value that two texts can have of which only lengths and common units are known.
//!
//! A search rules out most of a dictionary with this before it compares texts. An algorithm
//! without such a bound has none here, and its dictionary is compared in full.

use super::Algorithm;
use super::jaro_winkler::{BOOST_ABOVE, PREFIX_FACTOR_MAX, STANDARD_PREFIX_MAX};

/// What is known of two different texts without reading them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overlap {
    /// Units of the query.
    pub(crate) query: usize,
    /// Units of the candidate.
    pub(crate) candidate: usize,
    /// At most so many units are in both, counted as often as they occur in both.
    pub(crate) common: usize,
    /// Whether the first units may be the same.
    pub(crate) may_start_alike: bool,
}

impl Overlap {
    fn longer(self) -> f64 {
        self.query.max(self.candidate) as f64
    }

    /// Insertions, deletions and replacements change the common units by one each, and swaps do
    /// not (the bag distance of Bartolini, Ciaccia & Patella 2002).
    fn edits(self) -> f64 {
        self.longer() - self.common as f64
    }

    fn outside_subsequence(self) -> f64 {
        (self.query + self.candidate) as f64 - 2.0 * self.common as f64
    }

    /// Jaro-Winkler if every common unit is matched, in order, and the prefix is as long as can be.
    fn jaro_winkler(self) -> f64 {
        if self.common == 0 {
            return 0.0;
        }
        let common = self.common as f32;
        let parts = common / self.query as f32 + common / self.candidate as f32 + 1.0;
        let jaro = f64::from(parts / 3.0_f32);
        if jaro <= BOOST_ABOVE || !self.may_start_alike {
            return jaro;
        }
        let boost = PREFIX_FACTOR_MAX.min(1.0 / self.longer()) * self.common as f64;
        jaro + boost.min(1.0) * (1.0 - jaro)
    }
}

impl Overlap {
    /// The same with a prefix of at most 4, each unit of which counts alike.
    fn standard_jaro_winkler(self) -> f64 {
        if self.common == 0 {
            return 0.0;
        }
        let common = self.common as f64;
        let jaro = (common / self.query as f64 + common / self.candidate as f64 + 1.0) / 3.0;
        if jaro <= BOOST_ABOVE || !self.may_start_alike {
            return jaro;
        }
        let prefix = self.common.min(STANDARD_PREFIX_MAX) as f64;
        jaro + PREFIX_FACTOR_MAX * prefix * (1.0 - jaro)
    }
}

/// Above the rounding errors of a value that is at most 1, or of a ratio of lengths.
const SLACK: f64 = 1e-6;

impl Algorithm {
    /// Whether [`Algorithm::may_reach`] rules anything out.
    pub(crate) fn is_bounded(self) -> bool {
        best(self, Overlap { query: 1, candidate: 1, common: 0, may_start_alike: true }).is_some()
    }

    /// Whether two texts that overlap no more than this may meet the threshold.
    ///
    /// Neither text is empty. Never `false` for a pair that does.
    pub(crate) fn may_reach(self, threshold: f64, overlap: Overlap) -> bool {
        match best(self, overlap) {
            None => true,
            Some(best) if self.is_similarity() => best >= threshold - SLACK,
            Some(best) => best <= threshold + SLACK,
        }
    }
}

fn best(algorithm: Algorithm, overlap: Overlap) -> Option<f64> {
    let longer = overlap.longer();
    Some(match algorithm {
        Algorithm::Levenshtein
        | Algorithm::DamerauLevenshtein
        | Algorithm::OptimalStringAlignment => overlap.edits(),
        Algorithm::NormalizedLevenshteinDistance => overlap.edits() / longer,
        Algorithm::NormalizedLevenshteinSimilarity => 1.0 - overlap.edits() / longer,
        Algorithm::LongestCommonSubsequence => overlap.outside_subsequence(),
        Algorithm::MetricLcs => 1.0 - overlap.common as f64 / longer,
        Algorithm::NormalizedLcsDistance => overlap.outside_subsequence() / longer,
        Algorithm::NormalizedLcsSimilarity => 1.0 - overlap.outside_subsequence() / longer,
        Algorithm::JaroWinklerSimilarity => overlap.jaro_winkler(),
        Algorithm::JaroWinklerDistance => 1.0 - overlap.jaro_winkler(),
        Algorithm::RatcliffObershelp => {
            2.0 * overlap.common as f64 / (overlap.query + overlap.candidate) as f64
        }
        Algorithm::JaroWinkler => overlap.standard_jaro_winkler(),
        Algorithm::Ngram
        | Algorithm::Qgram
        | Algorithm::CosineSimilarity
        | Algorithm::CosineDistance
        | Algorithm::JaccardSimilarity
        | Algorithm::JaccardDistance
        | Algorithm::DiceSimilarity
        | Algorithm::DiceDistance
        | Algorithm::DateDamerau => return None,
    })
}
