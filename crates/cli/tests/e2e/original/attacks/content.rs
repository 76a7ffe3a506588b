//! What submissions may not say, and what answers, logs and files may not hold (S16, S17, S20 to
//! S24).

use serde_json::json;

use super::{
    super::site::{PASSWORD, marie, submit},
    Target, assert_refused,
};

#[test]
fn s16_nobody_elses_record_is_overwritten() {
    let target = Target::new();
    let (record, cruid) = &target.record;
    for id in [record, cruid] {
        let mut patient = marie("lims", "new", "0700");
        patient["id"] = json!(id);
        assert_refused(id, &target.lims.put(&format!("/fhir/Patient/{id}"), &patient));
        assert_refused(id, &target.lims.post("/fhir/Patient", &patient));
    }
    // Nor by the number that identifies it.
    let taken = target.lims.post("/fhir/Patient", &marie("openmrs", "a1", "0700"));
    assert_refused("another's identity", &taken);
    let kept = target.openmrs.get(&format!("/fhir/Patient/{record}")).body;
    assert_eq!(kept["telecom"][0]["value"], "0772000001");
    assert_eq!(kept["meta"]["versionId"], "1");
}

#[test]
fn s17_facts_of_the_registry_are_not_submitted() {
    let target = Target::new();
    let base = "http://openclientregistry.org/fhir";
    let golden = "5c827da5-4858-4f3d-a50c-62ece001efea";
    let mut forged = marie("lims", "f1", "0772000009");
    forged["meta"] = json!({ "tag": [
        { "code": golden, "display": "Golden Record" },
        { "system": format!("{base}/clientid"), "code": "openmrs" },
        { "system": format!("{base}/humanAdjudication"), "code": "humanAdjudication" },
        { "system": format!("{base}/automatch"), "code": "autoMatches" },
    ] });
    forged["link"] = json!([{ "other": { "reference": "Patient/x" }, "type": "refer" }]);
    forged["extension"] = json!([{ "url": "http://clientregistry.org/brokenMatch",
        "valueReference": { "reference": format!("Patient/{}", target.record.0) } }]);
    let (id, cruid) = submit(&target.lims, &forged);
    let stored = target.jane.get(&format!("/ocrux/fhir/Patient/{id}")).body;
    let tags = stored["meta"]["tag"].as_array().expect("tags");
    let codes: Vec<&str> = tags.iter().filter_map(|tag| tag["code"].as_str()).collect();
    assert!(codes.contains(&"lims"), "{codes:?}");
    for code in [golden, "openmrs", "humanAdjudication", "autoMatches"] {
        assert!(!codes.contains(&code), "{codes:?}");
    }
    assert_eq!(stored["link"][0]["other"]["reference"], format!("Patient/{cruid}"));
    assert!(!stored.to_string().contains("brokenMatch"));
}

#[test]
fn s20_no_answer_holds_a_hash() {
    let target = Target::new();
    let fields = [("userName", "amos"), ("firstName", "A"), ("surname", "B"), ("role", "viewer")];
    let added = target
        .root
        .post_form("/ocrux/user/addUser", &[&fields[..], &[("password", PASSWORD)]].concat());
    assert_eq!(added.status, 201, "{added:?}");
    let id = added.body["id"].as_str().expect("an id").to_owned();
    let answers = [
        added,
        target.root.get("/ocrux/user/getUsers"),
        target.root.get("/ocrux/fhir/Person"),
        target.root.get(&format!("/ocrux/fhir/Person/{id}")),
    ];
    for answer in answers {
        assert!(answer.status < 300, "{answer:?}");
        for secret in ["argon2", "password", "salt", PASSWORD] {
            assert!(!answer.text.contains(secret), "{secret}: {answer:?}");
        }
    }
}

#[test]
fn s21_log_holds_nothing_of_people() {
    let target = Target::new();
    let site = target.site.restart_with_trace();
    let openmrs = site.system("openmrs");
    openmrs.post("/fhir/Patient", &marie("openmrs", "secret-number", "0772555555"));
    openmrs.get("/fhir/Patient?family=Kintu&birthdate=1980-02-03");
    openmrs.post("/fhir/Patient", &json!({ "resourceType": "Patient", "birthDate": "Kintu" }));
    site.person("jane").get("/ocrux/match/get-match-issues");
    let log = site.stop_and_read_log();
    assert!(log.contains("/fhir/Patient"), "{log}");
    for word in ["Kintu", "secret-number", "0772555555", "1980-02-03", "CF1", PASSWORD, "correct"] {
        assert!(!log.contains(word), "{word} is in {log}");
    }
}

#[test]
fn s22_errors_are_json_and_name_no_file() {
    let target = Target::new();
    let nobody = target.site.nobody();
    let json = Some("application/json");
    let answers = [
        nobody.get("/nothing"),
        nobody.get("/fhir/Patient"),
        target.openmrs.get("/fhir/Nothing/x/y/z"),
        target.openmrs.send("POST", "/fhir/Patient", json, "{".to_owned()),
        target.openmrs.send("POST", "/fhir/Patient", Some("text/plain"), "x".to_owned()),
        target.openmrs.send("DELETE", "/fhir/Patient/nobody", None, String::new()),
        target.openmrs.get("/fhir/Patient?birthdate=x"),
        target.root.send("POST", "/ocrux/user/addUser", json, "{".to_owned()),
        target.jane.send("POST", "/ocrux/match/break-match", json, "{".to_owned()),
        target.jane.get("/ocrux/nothing"),
    ];
    for answer in answers {
        assert!((400..500).contains(&answer.status), "{answer:?}");
        assert!(answer.body.is_object(), "{answer:?}");
        for trace in [".rs", "/src", "panicked", "<html", "    at "] {
            assert!(!answer.text.contains(trace), "{trace}: {answer:?}");
        }
    }
}

#[test]
fn s23_prefix_in_the_middle_opens_nothing() {
    let target = Target::new();
    for asker in [&target.site.nobody(), &target.openmrs, &target.jane] {
        for path in [
            "/focrux/hir/Patient",
            "/uocrux/ser/getUsers",
            "/fhir/ocrux/Patient",
            "/OCRUX/user/getUsers",
            "//ocrux/user/getUsers",
            "/x?ocrux/",
            "/crux/../ocrux/user/getUsers",
            "/ocrux/../user/getUsers",
            "/ocrux/ocrux/user/getUsers",
            "/ocrux%2fuser%2fgetUsers",
        ] {
            assert_refused(path, &asker.get(path));
        }
    }
}

#[test]
fn s24_nothing_of_the_configuration_is_written() {
    let Target { site, .. } = Target::new();
    let before = std::fs::read_to_string(site.file("opencr.toml")).expect("there");
    let folder = site.stop();
    let after = std::fs::read_to_string(folder.path().join("opencr.toml")).expect("there");
    assert_eq!(before, after);
    let list = |name: &str| {
        let entries = std::fs::read_dir(folder.path().join(name)).expect("a folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("readable").file_name().into_string().expect("text")
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    };
    let known = ["audit.key", "ca", "clients.lock", "clients.toml", "opencr.sqlite"];
    for name in list("data") {
        assert!(known.iter().any(|known| name.starts_with(known)), "{name}");
    }
}
