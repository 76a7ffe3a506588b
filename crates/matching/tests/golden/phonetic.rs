//! `phonetic.json`: commons-codec's codes, and the terms that Elasticsearch indexed.

use matching::{FeatureKind, FeatureSpec, Features, phonetic};
use serde_json::Value;

fn names() -> Vec<Value> {
    crate::load("phonetic.json")["names"].as_array().unwrap().clone()
}

#[test]
fn codes_equal_commons_codec() {
    for entry in names() {
        let name = entry["name"].as_str().unwrap();
        let text = matching::normalize::token(name);
        let golden = &entry["commons_codec"];
        assert_eq!(golden["metaphone"], phonetic::metaphone(&text), "{name}");
        assert_eq!(golden["metaphone_unlimited"], phonetic::metaphone_unlimited(&text), "{name}");
        // An error is an object, which is no text.
        assert_eq!(golden["soundex"].as_str(), phonetic::soundex(&text).as_deref(), "{name}");
        let codes = phonetic::double_metaphone(&text);
        let [primary, alternate] = [0, 1].map(|i| golden["double_metaphone"][i].as_str());
        assert_eq!(primary, codes.as_ref().map(|codes| codes.0.as_str()), "{name}");
        assert_eq!(alternate, codes.as_ref().map(|codes| codes.1.as_str()), "{name}");
    }
}

#[test]
fn a_sound_has_the_terms_of_the_index() {
    let specs = [FeatureSpec::new("name", "name", FeatureKind::Sound)];
    for entry in names() {
        let name = entry["name"].as_str().unwrap();
        let features = Features::from_values(&specs, |_| vec![name.to_owned()]);
        // The empty text is one empty term there and a missing value here; both meet only
        // their like.
        let mut terms: Vec<&str> = features.code(0).into_iter().collect();
        terms.push(features.text(0).unwrap_or(""));
        terms.dedup();
        assert_eq!(entry["es_tokens"], serde_json::json!(terms), "{name}");
    }
}
