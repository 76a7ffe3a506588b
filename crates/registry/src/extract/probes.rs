//! Made-up Patients by which it is recognised that values are extracted as they were.
//!
//! They hold what extraction and preparation treat in some way of their own. Nobody matches them.

use serde_json::{Value, json};

/// Texts that are prepared in different ways, if at all.
const TEXTS: [&str; 8] = [
    "Äße  Ñandú Œuvre",
    "\u{a0}Amina\tÁGNES\u{301} ",
    "İstanbul ΣΊΣΥΦΟΣ ﬀ",
    "Иван 李小龍 محمد አበበ",
    "Knight Schwarz Thomas Xavier Pfister",
    "1990-02-30",
    "0772 000-111",
    "",
];

/// The probes for rules with these paths.
///
/// Texts in quotes in the paths (a system, a use, the URL of an extension) are met by a Patient
/// each, so that it is not only what is missing that is extracted.
pub(super) fn patients<'p>(paths: impl Iterator<Item = &'p str>) -> Vec<Value> {
    let quoted = paths.flat_map(|path| path.split('\'').skip(1).step_by(2));
    let mut words: Vec<&str> = quoted.collect();
    words.push("official");
    words.sort_unstable();
    words.dedup();
    let mut probes: Vec<Value> = words.into_iter().flat_map(of_word).collect();
    probes.push(json!({"resourceType": "Patient"}));
    probes
}

/// Many values of each element, and one of each.
fn of_word(word: &str) -> [Value; 2] {
    let long = "Zoë Łęcka ".repeat(60);
    // Behind the last character that is compared, and just before.
    let edge: String = long.chars().take(512).collect();
    let texts: Vec<&str> = TEXTS.into_iter().chain([long.as_str(), edge.as_str()]).collect();
    [patient(word, &texts, "1990-02"), patient(word, &TEXTS[..1], "1990-02-11")]
}

fn patient(word: &str, texts: &[&str], born: &str) -> Value {
    let each =
        |made: &dyn Fn(&str) -> Value| Value::Array(texts.iter().map(|text| made(text)).collect());
    let code =
        json!({"coding": [{"system": word, "code": word, "display": texts[0]}], "text": texts[0]});
    json!({
        "resourceType": "Patient",
        "id": word,
        "active": true,
        "gender": "female",
        "birthDate": born,
        "deceasedDateTime": "2020-01-31T23:59:59+03:00",
        "multipleBirthInteger": 2,
        "maritalStatus": code,
        "communication": [{"language": code, "preferred": true}],
        "identifier": each(&|text| json!({"use": word, "system": word, "type": code, "value": text})),
        "telecom": each(&|text| json!({"use": word, "system": word, "value": text})),
        "name": each(&|text| json!({"use": word, "text": text, "family": text, "given": [text, word],
            "prefix": [text], "suffix": [text]})),
        "address": each(&|text| json!({"use": word, "type": word, "text": text, "line": [text, word],
            "city": text, "district": text, "state": text, "postalCode": text, "country": text})),
        "contact": each(&|text| json!({"relationship": [code], "name": {"use": word, "family": text,
            "given": [text]}, "telecom": [{"system": word, "value": text}]})),
        "extension": each(&|text| json!({"url": word, "valueString": text})),
        "managingOrganization": {"reference": word, "display": texts[0]},
    })
}
