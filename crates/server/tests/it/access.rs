//! Who sees what (contract 7.3): each level with each operation, and that nothing tells whether
//! what a client may not see is there.

use registry::ids::ClientId;
use serde_json::json;
use server::{Access, AccessMode, ClientAccess, SearchBounds};

use crate::app::{Answer, GOLDEN_CODE, TestApp, amina, other};

/// A registry in which `lims` and `dhis2` see what `access` says, and `openmrs` everything.
async fn app(access: Access, mode: AccessMode) -> TestApp {
    TestApp::with(|settings, _| {
        settings.access_mode = mode;
        for client in ["lims", "dhis2"] {
            let rights = ClientAccess { access, ..ClientAccess::default() };
            settings.clients.agree(&ClientId::new(client), rights);
        }
    })
    .await
}

/// The people of these tests. `mine` is of `lims`, `theirs` of `dhis2`, both one person;
/// `stranger` is of `dhis2` alone.
struct People {
    app: TestApp,
    mine: String,
    theirs: String,
    cruid: String,
    stranger: String,
    strange_cruid: String,
}

async fn people(access: Access, mode: AccessMode) -> People {
    let app = app(access, mode).await;
    let post = async |client: &str, patient: testkit::Person| {
        let answer = app.request("POST", "/fhir/Patient").client(client).json(patient).send().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        (answer.record(), answer.cruid())
    };
    let (theirs, _) = post("dhis2", amina("dhis2", "d1")).await;
    let (mine, cruid) = post("lims", amina("lims", "l1")).await;
    let stranger = other("Okot", "Ladu", "o1").national_id("CM77").id("dhis2", "d2");
    let (stranger, strange_cruid) = post("dhis2", stranger).await;
    People { app, mine, theirs, cruid, stranger, strange_cruid }
}

impl People {
    async fn ask(&self, method: &str, path: &str) -> Answer {
        self.app.request(method, path).client("lims").send().await
    }

    /// The path of a cell, its places filled in.
    fn path(&self, path: &str) -> String {
        path.replace("{mine}", &self.mine)
            .replace("{theirs}", &self.theirs)
            .replace("{cruid}", &self.cruid)
            .replace("{stranger}", &self.stranger)
            .replace("{strange_cruid}", &self.strange_cruid)
    }
}

/// What an operation answers to each level: a status, and for Bundles the total.
type Cell = (u16, Option<u64>);
const REFUSED: Cell = (403, None);
const ABSENT: Cell = (404, None);
const GIVEN: Cell = (200, None);
const fn found(total: u64) -> Cell {
    (200, Some(total))
}

/// Operation, then the cells of submit, own, identifiers and demographics.
const MATRIX: [(&str, [Cell; 4]); 28] = [
    ("GET {mine}", [REFUSED, GIVEN, GIVEN, GIVEN]),
    ("GET {theirs}", [REFUSED, ABSENT, ABSENT, GIVEN]),
    ("GET {stranger}", [REFUSED, ABSENT, ABSENT, GIVEN]),
    ("GET {cruid}", [REFUSED, GIVEN, GIVEN, GIVEN]),
    ("GET {strange_cruid}", [REFUSED, ABSENT, ABSENT, GIVEN]),
    ("GET nobody", [REFUSED, ABSENT, ABSENT, ABSENT]),
    ("GET {mine}/_history", [REFUSED, found(1), found(1), found(1)]),
    ("GET {theirs}/_history", [REFUSED, ABSENT, ABSENT, ABSENT]),
    ("GET {cruid}/_history", [REFUSED, ABSENT, ABSENT, found(2)]),
    ("GET {mine}/_history/1", [REFUSED, GIVEN, GIVEN, GIVEN]),
    ("GET {theirs}/_history/1", [REFUSED, ABSENT, ABSENT, ABSENT]),
    ("GET {cruid}/_history/1", [REFUSED, ABSENT, ABSENT, GIVEN]),
    ("GET ?", [REFUSED, found(1), found(1), found(5)]),
    ("GET ?_summary=count", [REFUSED, found(1), found(1), found(5)]),
    ("GET ?_id={mine},{theirs},{stranger}", [REFUSED, found(1), found(1), found(3)]),
    ("GET ?_id={cruid}", [REFUSED, found(1), found(1), found(1)]),
    ("GET ?_id={strange_cruid}", [REFUSED, found(0), found(0), found(1)]),
    ("GET ?_id={cruid}&_lastUpdated=gt2000", [REFUSED, found(0), found(0), found(1)]),
    ("GET ?_id={cruid}&link={theirs}", [REFUSED, found(0), found(0), found(1)]),
    ("GET ?link={cruid}", [REFUSED, found(1), found(1), found(2)]),
    ("GET ?link={strange_cruid}", [REFUSED, found(0), found(0), found(1)]),
    ("GET ?link={theirs}", [REFUSED, found(0), found(0), found(1)]),
    ("GET ?family=Ladu", [REFUSED, found(0), found(0), found(1)]),
    ("GET ?family=Okello&gender:not=male", [REFUSED, found(1), found(1), found(2)]),
    ("GET ?identifier=CM77", [REFUSED, found(0), found(0), found(1)]),
    ("GET ?_tag:not=x&_sort=-_lastUpdated", [REFUSED, found(1), found(1), found(5)]),
    (
        "GET ?_tag=http://openclientregistry.org/fhir/clientid|dhis2",
        [REFUSED, found(0), found(0), found(2)],
    ),
    ("POST /_search", [REFUSED, found(1), found(1), found(5)]),
];

const LEVELS: [Access; 4] =
    [Access::Submit, Access::Own, Access::Identifiers, Access::Demographics];

fn cell(answer: &Answer) -> Cell {
    (answer.status.as_u16(), answer.body["total"].as_u64())
}

#[tokio::test]
async fn each_level_sees_what_the_matrix_says() {
    let mut cells = 0;
    for (level, access) in LEVELS.into_iter().enumerate() {
        let people = people(access, AccessMode::Enforce).await;
        for (operation, expected) in MATRIX {
            let (method, rest) = operation.split_once(' ').unwrap();
            let rest = people.path(rest);
            let slash = if rest.starts_with(['?', '/']) { "" } else { "/" };
            let path = format!("/fhir/Patient{slash}{rest}");
            let answer = match method {
                "POST" => {
                    let call = people.app.request("POST", &path).client("lims");
                    call.body("application/x-www-form-urlencoded", "").send().await
                }
                _ => people.ask(method, &path).await,
            };
            assert_eq!(cell(&answer), expected[level], "{access:?}: {operation}: {answer:?}");
            cells += 1;
        }
    }
    assert_eq!(cells, 112);
}

#[tokio::test]
async fn bundle_entries_are_answered_as_their_requests_are() {
    let mut cells = 0;
    for (level, access) in LEVELS.into_iter().enumerate() {
        let people = people(access, AccessMode::Enforce).await;
        let gets: Vec<_> =
            MATRIX.iter().filter(|(operation, _)| operation.starts_with("GET")).collect();
        let entries: Vec<_> = gets
            .iter()
            .map(|(operation, _)| {
                let rest = people.path(&operation[4..]);
                let slash = if rest.starts_with('?') { "" } else { "/" };
                json!({"request": {"method": "GET", "url": format!("Patient{slash}{rest}")}})
            })
            .collect();
        let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": entries});
        let call = people.app.request("POST", "/fhir").client("lims");
        let answer = call.json(bundle).send().await;
        for ((operation, expected), entry) in
            gets.iter().zip(answer.body["entry"].as_array().unwrap())
        {
            let status = entry["response"]["status"].as_str().unwrap();
            let got = (status[..3].parse().unwrap(), entry["resource"]["total"].as_u64());
            assert_eq!(got, expected[level], "{access:?}: {operation}");
            cells += 1;
        }
    }
    assert_eq!(cells, 108);
}

#[tokio::test]
async fn golden_record_is_reduced_to_id_tag_and_own_links() {
    let people = people(Access::Own, AccessMode::Enforce).await;
    let path = format!("/fhir/Patient/{}", people.cruid);
    let answer = people.ask("GET", &path).await;
    assert_eq!(
        answer.body,
        json!({
            "resourceType": "Patient", "id": people.cruid,
            "meta": {"tag": [{"code": GOLDEN_CODE, "display": "Golden Record"}]},
            "link": [{"other": {"reference": format!("Patient/{}", people.mine)}, "type": "seealso"}],
        })
    );
    assert_eq!((answer.header("etag"), answer.header("last-modified")), (None, None));
    let known = people.app.request("GET", &path).client("lims").header("if-none-match", "W/\"2\"");
    assert_eq!(known.send().await.status, 200, "its version cannot be tried out");

    let included = format!("/fhir/Patient?_id={}&_include:iterate=Patient:link", people.mine);
    let included = people.ask("GET", &included).await;
    assert_eq!(included.ids(), [people.mine.as_str(), people.cruid.as_str()]);
    assert!(included.body["entry"][1]["resource"]["meta"].get("versionId").is_none());
    let text = &included.text;
    assert!(!text.contains(&people.theirs), "{text}");
}

#[tokio::test]
async fn s16_records_of_others_cannot_be_written_by_id_or_identity() {
    for access in LEVELS {
        let people = people(access, AccessMode::Enforce).await;
        let put = async |id: &str, patient: testkit::Person| {
            let call = people.app.request("PUT", &format!("/fhir/Patient/{id}")).client("lims");
            call.json(patient).send().await
        };
        let mut texts = Vec::new();
        for answer in [
            put(&people.theirs, amina("lims", "l1")).await,
            put(&people.theirs, amina("dhis2", "d1")).await,
            put(&people.cruid, amina("lims", "l9")).await,
            put("fresh", amina("dhis2", "d1")).await,
            people
                .app
                .request("POST", "/fhir/Patient")
                .client("lims")
                .json(amina("dhis2", "d1"))
                .send()
                .await,
        ] {
            assert_eq!(answer.refusal(), (403, "forbidden", "Patient.id"), "{access:?}");
            assert!(answer.header("location").is_none() && answer.header("etag").is_none());
            texts.push(answer.text);
        }
        texts.dedup();
        assert_eq!(texts.len(), 1, "all in the same words");
        let delete = async |id: &str| {
            let answer = people.ask("DELETE", &format!("/fhir/Patient/{id}")).await;
            (answer.status.as_u16(), answer.text.replace(id, "-"))
        };
        let unknown = delete("nobody").await;
        assert_eq!(unknown.0, 404);
        assert_eq!(delete(&people.theirs).await, unknown);
        assert_eq!(delete(&people.cruid).await, unknown);
        let untouched = people.app.get(&format!("/fhir/Patient/{}", people.theirs)).await;
        assert_eq!(untouched.header("etag"), Some("W/\"1\""));
    }
}

#[tokio::test]
async fn conditions_of_writes_see_own_records_only() {
    let people = people(Access::Demographics, AccessMode::Enforce).await;
    let criteria = "identifier=CM77";
    let call = people.app.request("POST", "/fhir/Patient").client("lims");
    let call =
        call.header("if-none-exist", criteria).json(other("New", "One", "x").id("lims", "l7"));
    let answer = call.send().await;
    assert_eq!(answer.status, 201, "a foreign record does not count: {answer:?}");
    let gone = people.ask("DELETE", &format!("/fhir/Patient?{criteria}")).await;
    assert_eq!(gone.status, 204, "as if nobody fitted");
    assert_eq!(people.app.get(&format!("/fhir/Patient/{}", people.stranger)).await.status, 200);
    let stale = people.app.request("PUT", "/fhir/Patient/any").client("lims");
    let stale = stale.header("if-match", "W/\"1\"").json(amina("dhis2", "d1")).send().await;
    let unknown = people.app.request("PUT", "/fhir/Patient/any").client("lims");
    let unknown = unknown.header("if-match", "W/\"1\"").json(amina("lims", "l5")).send().await;
    assert_eq!((stale.status.as_u16(), &stale.text), (412, &unknown.text));
}

#[tokio::test]
async fn withdrawal_does_not_tell_whether_others_know_the_person() {
    let people = people(Access::Own, AccessMode::Enforce).await;
    let answer = people.ask("DELETE", &format!("/fhir/Patient/{}", people.mine)).await;
    assert_eq!((answer.status.as_u16(), answer.header("locationcruid")), (204, None));
    let again = people.ask("GET", &format!("/fhir/Patient/{}", people.cruid)).await;
    assert_eq!(again.status, 404, "no own record leads to it any more");
}

#[tokio::test]
async fn submission_is_answered_at_every_level_and_names_the_cruid() {
    for access in LEVELS {
        let people = people(access, AccessMode::Enforce).await;
        let path = format!("/fhir/Patient/{}", people.mine);
        let call = people.app.request("PUT", &path).client("lims");
        let answer = call.json(amina("lims", "l1").with("active", json!(true))).send().await;
        assert_eq!((answer.status.as_u16(), answer.cruid()), (200, people.cruid.clone()));
        assert_eq!(answer.body["id"], people.mine.as_str());
    }
}

#[tokio::test]
async fn refusal_of_a_search_names_the_setting_that_would_allow_it() {
    let people = people(Access::Submit, AccessMode::Enforce).await;
    let answer = people.ask("GET", "/fhir/Patient?family=Okello").await;
    let text = answer.body["issue"][0]["diagnostics"].as_str().unwrap();
    assert!(text.contains("access = \"own\"") && text.contains("id = \"lims\""), "{text}");
}

#[tokio::test]
async fn page_links_keep_to_the_level() {
    let people = people(Access::Own, AccessMode::Enforce).await;
    for number in 0..3 {
        let call = people.app.request("POST", "/fhir/Patient").client("lims");
        call.json(other("Made", "Up", "z").id("lims", &format!("p{number}"))).send().await;
    }
    let mut ids = Vec::new();
    let mut next = Some("/fhir/Patient?_count=1".to_owned());
    while let Some(path) = next {
        let page = people.ask("GET", &path).await;
        assert_eq!(page.body["total"], page.body["total"].as_u64().unwrap());
        ids.extend(page.ids());
        next = page.link("next");
    }
    assert!(ids.len() >= 2 && ids.contains(&people.mine), "{ids:?}");
    assert!(!ids.contains(&people.theirs) && !ids.contains(&people.stranger));
}

#[tokio::test]
async fn identifiers_of_other_systems_are_refused_at_submission() {
    let app = TestApp::with(|settings, _| {
        let systems = vec![testkit::system_uri("lims"), testkit::system_uri("nationalid")];
        let rights = ClientAccess { systems, ..ClientAccess::default() };
        settings.clients.agree(&ClientId::new("lims"), rights);
    })
    .await;
    let post = |patient: testkit::Person| {
        app.request("POST", "/fhir/Patient").client("lims").json(patient).send()
    };
    let own = testkit::person("Amina").id("lims", "1");
    assert_eq!(post(own.clone()).await.status, 201);
    let foreign = post(own.clone().id("openmrs", "7")).await;
    assert_eq!(foreign.refusal(), (403, "forbidden", "Patient.identifier[1].system"));
    let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": [
        {"resource": own.id("openmrs", "7").patient(), "request": {"method": "POST", "url": "Patient"}}]});
    let answer = app.request("POST", "/fhir").client("lims").json(bundle).send().await;
    assert_eq!(answer.body["entry"][0]["response"]["status"], "403 Forbidden");
}

#[tokio::test]
async fn demographics_need_criteria_and_have_bounds() {
    let app = TestApp::with(|settings, _| {
        settings.search_bounds = SearchBounds { criteria_min: 2, results_max: 2, per_minute: 4 };
    })
    .await;
    for number in 0..3 {
        app.submit(other("Made", "Up", &number.to_string())).await;
    }
    for few in
        ["", "?family=Up", "?_tag:not=x&gender:not=male", "?identifier=0", "?_lastUpdated=gt2000"]
    {
        let answer = app.get(&format!("/fhir/Patient{few}")).await;
        assert_eq!(answer.refusal(), (400, "too-costly", ""), "{few}");
    }
    let found = app.get("/fhir/Patient?family=Up&given=Made&_count=50").await;
    assert_eq!((found.ids().len(), found.link("next")), (2, None), "{found:?}");
    let mut last = 0;
    for _ in 0..6 {
        last = app.get("/fhir/Patient?family=Up&given=Made").await.status.as_u16();
    }
    assert_eq!(last, 429);
    let refused = app.get("/fhir/Patient?family=Up&given=Made").await;
    assert_eq!(refused.refusal().1, "throttled");
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test]
async fn log_only_serves_everything_but_writes() {
    for access in LEVELS {
        let people = people(access, AccessMode::LogOnly).await;
        for path in ["{theirs}", "{cruid}/_history", "{theirs}/_history/1"] {
            let answer = people.ask("GET", &format!("/fhir/Patient/{}", people.path(path))).await;
            assert_eq!(answer.status, 200, "{access:?} {path}");
        }
        assert_eq!(people.ask("GET", "/fhir/Patient").await.body["total"], 5);
        let put = people.app.request("PUT", &format!("/fhir/Patient/{}", people.theirs));
        let put = put.client("lims").json(amina("dhis2", "d1")).send().await;
        assert_eq!(put.status, 403);
    }
}

/// Contract 6.1 S3: the routes of the other plane are not on this one.
#[tokio::test]
async fn s3_administration_is_not_on_this_plane() {
    let people = people(Access::Demographics, AccessMode::Enforce).await;
    for path in [
        "/fhir/AuditEvent",
        "/fhir/Person",
        "/fhir/Basic/patientdisplaypage",
        "/fhir/DocumentReference",
        "/match/matches",
        "/match/get-match-issues",
        "/csv/getCSVUpload",
        "/user/getUsers",
        "/config/getURI",
        "/updateConfig",
        "/focrux/hir/Patient",
    ] {
        assert_eq!(people.ask("GET", path).await.status, 404, "{path}");
    }
}
