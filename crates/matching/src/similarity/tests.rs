//! Laws of the algorithms; their values are pinned by `tests/golden.rs`.

use super::*;

#[test]
fn every_name_reads_back() {
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.name().parse(), Ok(algorithm));
    }
    assert!("jaro-winkler".parse::<Algorithm>().is_err());
    assert!("Levenshtein".parse::<Algorithm>().is_err());
}

#[test]
fn a_partial_date_is_a_miss_not_an_error() {
    // Quirk 9: it failed the search for everybody.
    assert_eq!(Algorithm::DateDamerau.compare("1988-03-14", "1988"), None);
    assert_eq!(Algorithm::DateDamerau.compare("1988-03-14", ""), None);
    assert_eq!(Algorithm::DateDamerau.compare("1988", "1988"), Some(1.0));
}

#[test]
fn nan_is_a_miss() {
    // Quirk 10.
    assert_eq!(Algorithm::JaccardSimilarity.compare("li", "wu"), None);
    assert_eq!(Algorithm::DiceDistance.compare("li", "wu"), None);
    assert_eq!(Algorithm::NormalizedLcsSimilarity.compare("", ""), None);
}

#[test]
fn short_texts_are_equal_to_qgram_and_ngram() {
    // Quirk 11, kept.
    assert_eq!(Algorithm::Qgram.compare("ab", "cd"), Some(0.0));
    assert_eq!(Algorithm::Ngram.compare("a", "b"), Some(0.0));
}

#[test]
fn normalized_lcs_runs_from_minus_one() {
    // Quirk 12, kept.
    assert_eq!(Algorithm::NormalizedLcsSimilarity.compare("aaaa", "bbbb"), Some(-1.0));
    assert_eq!(Algorithm::NormalizedLcsDistance.compare("aaaa", "bbbb"), Some(2.0));
}

#[test]
fn restricted_and_unrestricted_damerau_differ() {
    assert_eq!(Algorithm::DamerauLevenshtein.compare("ca", "abc"), Some(2.0));
    assert_eq!(Algorithm::OptimalStringAlignment.compare("ca", "abc"), Some(3.0));
}

#[test]
fn two_line_feeds_keep_java_nan_in_ngram() {
    // A bigram of two padding units divides by zero in the original.
    assert_eq!(Algorithm::Ngram.compare("a\n\nb", "c\n\nd"), None);
}
