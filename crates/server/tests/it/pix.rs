//! `$ihe-pix` by IHE PIXm ITI-83 (standards CP-PIX-1 to 11), its old forms, and its levels.

use std::collections::BTreeSet;

use registry::{audit::Act, ids::ClientId};
use serde_json::{Value, json};
use server::{Access, ClientAccess};
use testkit::{Person, system_uri};

use crate::app::{Answer, TestApp, amina, other};

/// The same person known to `openmrs` (om1), `dhis2` (dh1) and, alone, somebody at `openmrs`.
struct Registry {
    app: TestApp,
    om: String,
    dh: String,
    cruid: String,
}

async fn registry(access: Access, target_systems: &[&str]) -> Registry {
    let targets: Vec<String> = target_systems.iter().map(|system| system_uri(system)).collect();
    let app = TestApp::with(|settings, _| {
        let rights = ClientAccess { access, target_systems: targets, ..ClientAccess::default() };
        settings.clients.agree(&ClientId::new("openmrs"), rights);
        settings.domains = vec!["http://example.org/known".to_owned()];
    })
    .await;
    let (om, cruid) = app.submit(amina("openmrs", "om1")).await;
    let dhis2: Value = amina("dhis2", "dh1").into();
    let answer = app.request("POST", "/fhir/Patient").client("dhis2").json(dhis2).send().await;
    assert_eq!(answer.cruid(), cruid);
    let lonely: Person = other("Okot", "Ladu", "om2");
    app.submit(lonely).await;
    Registry { app, om, dh: answer.record(), cruid }
}

impl Registry {
    async fn ask(&self, query: &str) -> Answer {
        self.app.get(&format!("/fhir/Patient/$ihe-pix?{query}")).await
    }

    async fn of(&self, source: &str, more: &str) -> Answer {
        let (system, value) = source.split_once('|').unwrap();
        self.ask(&format!("sourceIdentifier={}|{value}{more}", system_uri(system))).await
    }
}

/// The values of target identifiers, and the ids that are referred to.
fn told(answer: &Answer) -> (BTreeSet<String>, BTreeSet<String>) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["resourceType"], "Parameters");
    let all = answer.body["parameter"].as_array().cloned().unwrap_or_default();
    let of = |name: &str, pointer: &str| -> BTreeSet<String> {
        let named = all.iter().filter(|parameter| parameter["name"] == name);
        let text = named.map(|parameter| parameter.pointer(pointer).unwrap().as_str().unwrap());
        text.map(|text| text.trim_start_matches("Patient/").to_owned()).collect()
    };
    (of("targetIdentifier", "/valueIdentifier/value"), of("targetId", "/valueReference/reference"))
}

fn set<'t>(texts: impl IntoIterator<Item = &'t str>) -> BTreeSet<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// D35: `targetId` had no value, and the queried identifier came back. CP-PIX-1 and 2.
#[tokio::test]
async fn d35_target_ids_have_references_and_the_source_identifier_is_left_out() {
    let registry = registry(Access::Demographics, &[]).await;
    let (identifiers, references) = told(&registry.of("openmrs|om1", "").await);
    assert_eq!(identifiers, set(["dh1", "CM90001", "ART-77"]));
    assert_eq!(references, set([registry.om.as_str(), &registry.dh]));
    let replayed: Vec<String> = references.iter().map(|id| format!("Patient/{id}")).collect();
    let path = format!("/fhir/Patient?_id={}", replayed.join(","));
    assert_eq!(registry.app.get(&path).await.body["total"], 2, "as OpenMRS' module replays them");
}

#[tokio::test]
async fn levels_are_told_what_the_contract_says() {
    let (own, all) = (["CM90001", "ART-77"], ["dh1", "CM90001", "ART-77"]);
    for (access, targets, expected, sees_mine, sees_theirs) in [
        (Access::Submit, &[][..], set([]), false, false),
        (Access::Own, &[], set(own), true, false),
        (Access::Own, &["dhis2"], set(all), true, true),
        (Access::Identifiers, &[], set(all), true, true),
        (Access::Demographics, &[], set(all), true, true),
    ] {
        let registry = registry(access, targets).await;
        let (identifiers, references) = told(&registry.of("openmrs|om1", "").await);
        assert_eq!(identifiers, expected, "{access:?}");
        assert_eq!(references.contains(&registry.om), sees_mine, "{access:?}");
        assert_eq!(references.contains(&registry.dh), sees_theirs, "{access:?}");
        assert_eq!(references.contains(&registry.cruid), access != Access::Demographics);
    }
}

#[tokio::test]
async fn foreign_identifiers_do_not_tell_whether_they_exist_below_identifiers() {
    for access in [Access::Submit, Access::Own] {
        let registry = registry(access, &[]).await;
        let foreign = registry.of("dhis2|dh1", "").await;
        let unknown = registry.of("dhis2|nobody", "").await;
        assert_eq!((foreign.status.as_u16(), &foreign.text), (404, &unknown.text));
    }
    let registry = registry(Access::Identifiers, &[]).await;
    assert!(told(&registry.of("dhis2|dh1", "").await).0.contains("om1"));
}

#[tokio::test]
async fn cp_pix_3_nothing_else_is_parameters_without_a_parameter() {
    let registry = registry(Access::Demographics, &[]).await;
    let lims = system_uri("lims");
    for answer in [
        registry.of("openmrs|om2", "").await,
        registry.of("openmrs|om1", &format!("&targetSystem={lims}")).await,
        registry.of("openmrs|om1", "&targetSystem=http://example.org/known").await,
    ] {
        assert_eq!(answer.body, json!({"resourceType": "Parameters"}));
    }
}

#[tokio::test]
async fn target_systems_are_kept_to_repeated_or_with_commas() {
    let registry = registry(Access::Demographics, &[]).await;
    let (dhis2, lims) = (system_uri("dhis2"), system_uri("lims"));
    for more in [
        format!("&targetSystem={dhis2}"),
        format!("&targetSystem={dhis2},{lims}"),
        format!("&targetSystem={dhis2}&targetSystem={lims}&_format=json&_pretty=true"),
    ] {
        let (identifiers, references) = told(&registry.of("openmrs|om1", &more).await);
        assert_eq!((identifiers, references), (set(["dh1"]), set([registry.dh.as_str()])));
    }
}

#[tokio::test]
async fn cp_pix_errors_have_the_status_code_and_words_of_the_page() {
    let registry = registry(Access::Demographics, &[]).await;
    let om = system_uri("openmrs");
    let (missing, strange) = ("sourceIdentifier Patient Identifier not found", "http://x.org/y");
    for (query, status, code, words) in [
        (format!("sourceIdentifier={om}|nobody"), 404, "not-found", missing),
        ("sourceIdentifier=http://example.org/known|1".to_owned(), 404, "not-found", missing),
        (
            format!("sourceIdentifier={strange}|1"),
            400,
            "code-invalid",
            "sourceIdentifier Assigning Authority not found",
        ),
        (
            format!("sourceIdentifier={om}|om1&targetSystem={strange}"),
            403,
            "code-invalid",
            "targetSystem not found",
        ),
        (String::new(), 400, "invalid", "must be given once"),
        (format!("sourceIdentifier={om}|om1&sourceIdentifier={om}|om2"), 400, "invalid", "once"),
        (format!("sourceIdentifier={om}"), 400, "invalid", "system|value"),
        (format!("sourceIdentifier={om}|"), 400, "invalid", "not empty"),
        ("sourceIdentifier=|om1".to_owned(), 400, "invalid", "not empty"),
        (format!("sourceIdentifier={om}|om1&family=x"), 400, "invalid", "no others"),
        (format!("sourceIdentifier={om}|om1&_format=xml"), 406, "not-supported", ""),
    ] {
        let answer = registry.ask(&query).await;
        assert_eq!((answer.refusal().0, answer.refusal().1), (status, code), "{query}");
        let issue = &answer.body["issue"][0];
        assert!(issue["diagnostics"].as_str().unwrap().contains(words), "{answer:?}");
        assert_eq!(issue["details"]["text"], issue["diagnostics"]);
    }
}

#[tokio::test]
async fn cp_pix_7_withdrawn_records_are_not_found() {
    let registry = registry(Access::Demographics, &[]).await;
    registry.app.delete(&format!("/fhir/Patient/{}", registry.om)).await;
    assert_eq!(registry.of("openmrs|om1", "").await.refusal().0, 404);
}

#[tokio::test]
async fn any_type_in_the_path_and_a_posted_body_are_the_same_question() {
    let registry = registry(Access::Demographics, &[]).await;
    let expected = told(&registry.of("openmrs|om1", "").await);
    let old = format!("/fhir/Person/$ihe-pix?sourceIdentifier={}|om1", system_uri("openmrs"));
    assert_eq!(told(&registry.app.get(&old).await), expected);
    let source = format!("{}|om1", system_uri("openmrs"));
    let identifier = json!({"system": system_uri("openmrs"), "value": "om1"});
    for value in [("valueString", json!(source)), ("valueIdentifier", identifier)] {
        let body = json!({"resourceType": "Parameters", "parameter": [
            {"name": "sourceIdentifier", value.0: value.1}]});
        assert_eq!(told(&registry.app.post("/fhir/Patient/$ihe-pix", body).await), expected);
    }
    let patient: Value = other("Okot", "Ladu", "om2").into();
    assert_eq!(registry.app.post("/fhir/Patient/$ihe-pix", patient).await.refusal().0, 400);
    let wrong = registry.app.delete("/fhir/Patient/$ihe-pix").await;
    assert_eq!(wrong.status, 405);
    let entries = registry.app.audit().await;
    let entry = entries.iter().find(|entry| entry.detail.as_deref() == Some("$ihe-pix")).unwrap();
    assert_eq!(entry.act, Act::Operation);
    assert!(!entry.terms.is_empty() && !entry.what.is_empty());
}
