//! Properties of any expression and any resource: no panic, no overflow of the stack, and no
//! evaluation without end.

use fhir::path::FhirPath;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Expressions that between them use every function and operator.
const CORPUS: &[&str] = &[
    "name.where(use = 'official').given",
    "Patient.name.select(given.first() & ' ' & family).distinct()",
    "name.given[1].upper().substring(1, 2).startsWith('a')",
    "(name | value).skip(1).take(2).tail().last().exists()",
    "birthDate.extension('http://x').value.toString().length() > 3",
    "value.ofType(string).trim().split(',').join(';').toChars().count()",
    "name.all(given.exists(use = 'x')).not() or active and {} xor true implies false",
    "iif(value.is(Quantity), value, name.single().given.combine(value)).isDistinct()",
    "-value + 1.5 * 2 / 3 - 4 div 2 mod 3",
    "name.given.intersect(name.family).union(value).exclude('a').empty()",
    "value.matches('^[a-z]+$') | value.replaceMatches('(a)', '$1$1').replace('a', 'bb')",
    "value.toInteger() <= 3 or value.toDecimal() != 1 or value.toBoolean() ~ 'true'",
    "birthDate > @1990-01 or birthDate < @2000-01-01T10:00:00Z or birthDate !~ @T10:00",
    "name.given.where($this in ('a' | 'b') or $index = 0 or given contains 'a')",
    "value.hasValue() and value.getValue() as string = %resource.id + %context.`id`",
    "name.given.indexOf('a') >= 0 or name.given.contains('b') or name.given.endsWith('c')",
    "name.given.select($this.lower())  /* comment */ // end",
];

/// JSON with the member names that the corpus asks for.
fn resources() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c,é]{0,6}".prop_map(Value::from),
        "[0-9]{4}(-[0-9]{2}){0,2}(T[0-9]{2}:[0-9]{2})?".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "name",
        "given",
        "family",
        "use",
        "value",
        "valueString",
        "valueQuantity",
        "birthDate",
        "_birthDate",
        "_given",
        "_value",
        "extension",
        "url",
        "id",
        "active",
        "resourceType",
    ]);
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6).prop_map(|members| {
                Value::Object(
                    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                )
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fuzz_paths_as_text_never_panic(text in "\\PC{0,80}") {
        let _ = FhirPath::parse(&text);
    }

    #[test]
    fn fuzz_mutated_paths_never_panic(
        base in prop::sample::select(CORPUS),
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[\\PC]{0,3}", 0..4_usize), 1..5),
        resource in resources(),
    ) {
        let mut letters: Vec<char> = base.chars().collect();
        for (at, insert, remove) in edits {
            let from = at.index(letters.len() + 1);
            let to = (from + remove).min(letters.len());
            letters.splice(from..to, insert.chars());
        }
        let text: String = letters.into_iter().collect();
        if let Ok(path) = FhirPath::parse(&text) {
            prop_assert_eq!(path.expression(), &text);
            let _ = path.texts(&resource);
        }
    }

    #[test]
    fn fuzz_evaluation_never_panics(resource in resources()) {
        for expression in CORPUS {
            let _ = FhirPath::parse(expression).unwrap().texts(&resource);
        }
    }

    #[test]
    fn texts_are_the_texts_of_the_items(resource in resources()) {
        for expression in CORPUS {
            let path = FhirPath::parse(expression).unwrap();
            let items = path.evaluate(&resource);
            let texts = items.map(|items| {
                items.iter().filter_map(|item| item.text().map(Into::into)).collect::<Vec<String>>()
            });
            prop_assert_eq!(path.texts(&resource), texts);
        }
    }
}

#[test]
fn deep_json_neither_overflows_nor_hangs() {
    let deep = || {
        (0..20_000).fold(json!("end"), |inner, _| {
            Value::Object(Map::from_iter([("name".to_owned(), inner)]))
        })
    };
    let mut pair = json!({"given": []});
    pair["given"].as_array_mut().unwrap().extend([deep(), deep()]);
    assert!(FhirPath::parse("given.isDistinct()").unwrap().texts(&pair).is_err());
    assert!(FhirPath::parse("given ~ given").unwrap().texts(&pair).is_err());
    assert_eq!(
        FhirPath::parse("given.name.name.exists()").unwrap().texts(&pair).unwrap(),
        ["true"]
    );
    // serde_json's own destructor recurses, and would overflow the stack.
    std::mem::forget(pair);
}
