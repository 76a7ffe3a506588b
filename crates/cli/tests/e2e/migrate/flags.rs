//! Flags for review come over as match issues: OpenCR's worklists stay as they were.

use std::collections::BTreeMap;

use super::*;

fn tag(patient: &mut Value, system: &str, code: &str) {
    let tags = patient["meta"]["tag"].as_array_mut().expect("tags");
    tags.push(json!({"system": format!("{BASE}/{system}"), "code": code}));
}

/// Gives records what they share: five of six fields are a doubt, six are one person.
fn share(all: &mut [Value], records: &[usize], what: usize) {
    for number in records {
        let patient = &mut all[*number];
        patient["telecom"] = json!([{"system": "phone", "value": format!("0700{}", records[0])}]);
        if what > 1 {
            let own = patient["identifier"][0].clone();
            let id = |name: &str| {
                let system = format!("http://clientregistry.org/{name}");
                json!({"system": system, "value": format!("{name}-{}", records[0])})
            };
            patient["identifier"] = json!([own, id("nationalid"), id("artnumber")]);
        }
    }
}

/// The store of the other tests, with flags of each kind.
fn flagged() -> Vec<Value> {
    let mut all = resources();
    // A doubt between two persons, on both sides.
    share(&mut all, &[20, 25], 1);
    tag(&mut all[20], "matchIssues", "potentialMatches");
    tag(&mut all[25], "matchIssues", "potentialMatches");
    // Matched by the rules, for review.
    share(&mut all, &[22, 23], 2);
    tag(&mut all[23], "automatch", "autoMatches");
    // The same, though of two persons.
    share(&mut all, &[26, 28], 2);
    tag(&mut all[28], "matchIssues", "conflictMatches");
    all
}

/// What a worklist of the old UI says: record and reason.
fn worklist(server: &Server, token: &str, name: &str) -> BTreeMap<String, String> {
    let list = ask(server, token, &format!("/ocrux/match/{name}"));
    let rows = list.as_array().expect("a list").iter();
    let text = |row: &Value, name: &str| row[name].as_str().expect("a text").to_owned();
    rows.map(|row| (text(row, "id"), text(row, "reasonCode"))).collect()
}

#[test]
fn flags_come_over_as_issues_with_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = write(folder.path(), "all.ndjson", &lines(&flagged()));
    let done = migrate(&data, &file);
    let told = text(&done.stdout);
    assert!(done.status.success(), "{told}{}", text(&done.stderr));
    assert!(told.contains("3 match issues"), "{told}");
    assert_eq!(verify(&data), Ok(()));
    let again = text(&migrate(&data, &file).stdout);
    assert!(again.contains("0 match issues") && again.contains("0 things left out"), "{again}");

    let server = Server::start(&data);
    let token =
        sign_in(&server, "jane", "made%20up").1["token"].as_str().expect("a token").to_owned();
    let expected = [("p20", "potentialMatches"), ("p28", "conflictMatches")];
    let expected = expected.map(|(id, code)| (id.to_owned(), code.to_owned()));
    assert_eq!(worklist(&server, &token, "get-match-issues"), BTreeMap::from(expected));
    let expected = BTreeMap::from([("p23".to_owned(), "autoMatches".to_owned())]);
    assert_eq!(worklist(&server, &token, "get-new-auto-matches"), expected);
    let counted = ask(&server, &token, "/ocrux/match/count-match-issues");
    assert_eq!(counted["total"], 2);
    // What the page of the flag shows.
    let rows = ask(&server, &token, "/ocrux/match/potential-matches/p20");
    let ids: BTreeSet<&str> =
        rows.as_array().expect("rows").iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids, BTreeSet::from(["p20", "p25"]));
    assert_eq!((&rows[0]["uid"], rows[0]["scores"]["n25"].as_f64()), (&json!("g10"), Some(4.0)));
    server.stop();
}

#[test]
fn flags_that_the_rules_see_otherwise_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut all = flagged();
    share(&mut all, &[6, 29], 1);
    tag(&mut all[29], "matchIssues", "conflictMatches");
    tag(&mut all[18], "matchIssues", "potentialMatches");
    tag(&mut all[17], "automatch", "autoMatches");
    let done = migrate(&data, &write(folder.path(), "all.ndjson", &lines(&all)));
    let told = text(&done.stdout);
    assert_eq!(done.status.code(), Some(1), "{told}");
    for expected in [
        "the flag conflictMatches of Patient/p29: by the rules here it is potentialMatches",
        "the flag potentialMatches of Patient/p18: the rules here find no record that it is about",
        "the flag autoMatches of Patient/p17: the rules here find no record that it is about",
        "4 match issues",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert_eq!(verify(&data), Ok(()));
}
