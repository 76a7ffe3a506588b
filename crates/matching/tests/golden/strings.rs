//! `string_similarity.json`: every algorithm, bit for bit.

use matching::Algorithm;
use matching::normalize::comparable;

#[test]
fn every_algorithm_gives_the_original_bits() {
    let golden = crate::load("string_similarity.json");
    let (mut compared, mut without_value) = (0, 0);
    for (name, vectors) in golden.as_object().unwrap() {
        let algorithm: Algorithm = name.parse().unwrap();
        assert_eq!(algorithm.is_similarity(), vectors["kind"] == "similarity", "{name}");
        for case in vectors["cases"].as_array().unwrap() {
            let [left, right] = [0, 1].map(|side| case[side].as_str().unwrap());
            let [a, b] = [left, right].map(|text| comparable(text).unwrap_or_default());
            let value = algorithm.compare(&a, &b);
            // Errors are objects and NaN is a text; both are a miss here (quirks 9 and 10).
            let expected = case[2].as_f64();
            assert_eq!(
                value.map(f64::to_bits),
                expected.map(f64::to_bits),
                "{name}({left:?}, {right:?}): {value:?} instead of {expected:?}"
            );
            compared += 1;
            without_value += usize::from(expected.is_none());
        }
    }
    println!("string cases: {compared}, of which without a value: {without_value}");
    assert_eq!(golden.as_object().unwrap().len(), Algorithm::ALL.len());
    assert!(compared > 4000);
}
