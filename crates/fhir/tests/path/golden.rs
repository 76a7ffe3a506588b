//! What OpenCR itself takes from a patient (`golden/extraction.json`, OpenCR's `buildQuery`
//! with fhirpath.js 3.3.1). Differences by design are recognised by the case's content.

use fhir::path::FhirPath;
use serde_json::Value;

const EXTRACTION: &str = include_str!("../golden/extraction.json");

/// Why we answer otherwise; the numbers are those of the specification's quirks.
#[derive(Debug, PartialEq)]
enum ByDesign {
    /// 25: OpenCR made every object `[object Object]`.
    ComplexValue,
    /// 26: OpenCR's library failed on a null in a list.
    NullInList,
    /// 27: OpenCR found choice elements by their full name only.
    ChoiceElement,
}

fn by_design(case: &Value, resource: &Value) -> Option<ByDesign> {
    let path = case["fhirpath"].as_str().unwrap();
    let has_object =
        case["filter_terms"].as_array().is_some_and(|terms| terms.iter().any(Value::is_object));
    if has_object {
        return Some(ByDesign::ComplexValue);
    }
    let has_null = resource.to_string().contains(",null,");
    if has_null && case["value"]["error"].is_string() {
        return Some(ByDesign::NullInList);
    }
    let is_short =
        path == "multipleBirth" || (path.starts_with("extension") && path.ends_with(").value"));
    (is_short && case["value"] == "").then_some(ByDesign::ChoiceElement)
}

/// The filter terms OpenCR would make: one empty term for no value.
fn filter_terms(texts: &[String]) -> Vec<String> {
    if texts.is_empty() { vec![String::new()] } else { texts.to_vec() }
}

fn text_of(term: &Value) -> String {
    term.as_str().map_or_else(|| term.to_string(), str::to_owned)
}

#[test]
fn values_are_those_of_opencr() {
    let file: Value = serde_json::from_str(EXTRACTION).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let (mut compared, mut refused, mut different) = (0, 0, Vec::new());
    for case in cases {
        let expression = case["fhirpath"].as_str().unwrap();
        let resource = case["resource"].as_str().map_or(&case["resource"], |name| &file[name]);
        if let Some(reason) = by_design(case, resource) {
            let texts = FhirPath::parse(expression).unwrap().texts(resource).unwrap();
            different.push((reason, texts.join(" ")));
        } else if case["value"]["error"].is_string() {
            assert!(FhirPath::parse(expression).is_err(), "{expression}");
            refused += 1;
        } else {
            let texts = FhirPath::parse(expression).unwrap().texts(resource).unwrap();
            assert_eq!(texts.join(" "), case["value"].as_str().unwrap(), "{expression}");
            let terms: Vec<String> =
                case["filter_terms"].as_array().unwrap().iter().map(text_of).collect();
            assert_eq!(filter_terms(&texts), terms, "{expression}");
            compared += 1;
        }
    }
    let expected = [
        (ByDesign::ChoiceElement, "2"),
        (ByDesign::ComplexValue, ""),
        (ByDesign::ChoiceElement, "Luo"),
        (ByDesign::NullInList, "A B"),
    ];
    assert_eq!(different, expected.map(|(reason, text)| (reason, text.to_owned())));
    assert_eq!(compared + refused + different.len(), cases.len());
}
