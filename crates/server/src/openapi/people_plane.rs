//! What people ask for, by OpenCR's UI or ours.

use serde_json::{Value, json};

use super::{
    operation::{FHIR, JSON, Operation, list, shape},
    systems::search,
};

const MULTIPART: &str = "multipart/form-data";
const TEXT: (&str, &str) = ("text/plain", "string");

/// All of `/ocrux`, and the links of reports.
pub(super) fn operations() -> Vec<Operation> {
    [users(), labels(), resources(), lists(), decisions(), reports()]
        .into_iter()
        .flatten()
        .collect()
}

fn plain() -> (&'static str, Value) {
    (TEXT.0, json!({ "type": TEXT.1 }))
}

fn users() -> Vec<Operation> {
    let object = || (JSON, shape("Object"));
    let form = |path, summary, name: &str| {
        Operation::of_people("POST", path, summary).takes(&[JSON, MULTIPART], &shape(name))
    };
    vec![
        Operation::of_people("POST", "/ocrux/user/authenticate", "Sign in")
            .takes(&[JSON], &shape("Credentials"))
            .answers(200, "A token; a cookie, too", (JSON, shape("SignedIn")))
            .answers(
                400,
                "Refused, whatever the reason",
                (
                    JSON,
                    json!({
                        "anyOf": [shape("SignedIn"), shape("Error")],
                    }),
                ),
            ),
        form("/ocrux/user/setup", "Make the first administrator", "Setup").answers(
            201,
            "The account",
            object(),
        ),
        Operation::of_people("POST", "/ocrux/user/logout", "Sign out").answers(
            200,
            "The token is worth nothing any more",
            (JSON, json!({ "const": true })),
        ),
        form("/ocrux/user/changepassword", "Change the own password", "PasswordChange")
            .ends(200, "Changed; other sessions are over")
            .may_fail_by(plain()),
        form("/ocrux/user/addUser", "Add an account", "NewAccount").answers(
            201,
            "The account",
            object(),
        ),
        form("/ocrux/user/editUser", "Change an account", "AccountChange").answers(
            200,
            "The account",
            object(),
        ),
        Operation::of_people("GET", "/ocrux/user/getUsers", "All accounts").answers(
            200,
            "The accounts",
            (JSON, list("Object")),
        ),
        Operation::of_people("*", "/ocrux/isTokenActive", "Whether the token is good").answers(
            200,
            "It is",
            (JSON, json!({ "const": true })),
        ),
    ]
}

fn labels() -> Vec<Operation> {
    let object = || (JSON, shape("Object"));
    let labels = |path| {
        Operation::of_people("GET", path, "Labels of identifier systems").answers(
            200,
            "By key",
            object(),
        )
    };
    let clients = |path| {
        Operation::of_people("GET", path, "Submitting systems").answers(
            200,
            "Their ids and names",
            (JSON, list("Object")),
        )
    };
    vec![
        labels("/ocrux/config/getURI"),
        labels("/ocrux/getURI"),
        clients("/ocrux/config/getClients"),
        clients("/ocrux/getClients"),
    ]
}

fn resources() -> Vec<Operation> {
    let resource = || (FHIR, shape("Resource"));
    let read = |path, summary| {
        Operation::of_people("GET", path, summary).answers(200, "The resource", resource())
    };
    vec![
        read("/ocrux/fhir/metadata", "The CapabilityStatement"),
        read("/ocrux/fhir/Basic/patientdisplaypage", "Columns and filters of the home page"),
        read("/ocrux/fhir/ValueSet/{id}", "A value set"),
        read("/ocrux/fhir/ValueSet/{id}/$expand", "A value set, expanded"),
        read("/ocrux/fhir/CodeSystem/$lookup", "What a code means")
            .needs("system", "The code system")
            .needs("code", "The code"),
        read("/ocrux/fhir/Person", "Accounts").query("username:exact", "Only this one"),
        read("/ocrux/fhir/Person/{id}", "An account"),
        read("/ocrux/fhir/AuditEvent", "The history of a Patient")
            .needs("entity", "The Patient's id")
            .query("entity-name", "Kinds of entities, with commas between"),
        read("/ocrux/fhir", "A further page of a search")
            .needs("_getpages", "The token in the link of the page before")
            .query("_count", "Entries of a page"),
        search(read("/ocrux/fhir/Patient", "Search Patients")),
        read("/ocrux/fhir/Patient/{id}", "A Patient or golden record"),
    ]
}

fn lists() -> Vec<Operation> {
    let rows = || (JSON, list("Object"));
    let count = |path, summary| {
        Operation::of_people("GET", path, summary).answers(200, "How many", (JSON, shape("Total")))
    };
    let listed =
        |path, summary| Operation::of_people("GET", path, summary).answers(200, "The rows", rows());
    let matrix = |path| {
        listed(path, "A Patient with all that it matches, and the scores")
            .query("recursive", "true: also what these match")
    };
    vec![
        count("/ocrux/match/count-match-issues", "How many records await a decision"),
        count("/ocrux/match/count-new-auto-matches", "How many automatic matches await a look"),
        listed("/ocrux/match/get-match-issues", "Records that await a decision"),
        listed("/ocrux/match/get-new-auto-matches", "Automatic matches that await a look"),
        matrix("/ocrux/match/potential-matches/{id}"),
        matrix("/ocrux/potential-matches/{id}"),
        Operation::of_people(
            "POST",
            "/ocrux/match/matches",
            "What a Patient matches, stored or not",
        )
        .query("recursive", "true: also what these match")
        .takes(&[FHIR, JSON], &shape("Patient"))
        .answers(200, "By kind of match", (JSON, shape("Object"))),
    ]
}

fn decisions() -> Vec<Operation> {
    let trial = |operation: Operation| {
        operation
            .query("dry_run", "true: only tell what would become of it")
            .query("reason", "Why, in the person's words")
    };
    let verdict = || (JSON, shape("Object"));
    let breaks = |path| {
        trial(Operation::of_people("POST", path, "Declare records to be other people"))
            .query("grouping", "together (default) or apart")
            .takes(&[JSON], &shape("References"))
            // With a trial it is a verdict.
            .answers(200, "Broken", ("*/*", json!({})))
    };
    let unbreaks = |path| {
        trial(Operation::of_people("POST", path, "Withdraw such declarations"))
            .takes(&[JSON], &shape("Pairs"))
            .answers(200, "What would become of it", verdict())
            .answers(201, "How the records were matched again", verdict())
    };
    let judge = |path, summary, name: &str| {
        trial(Operation::of_people("POST", path, summary)).takes(&[JSON], &shape(name)).answers(
            200,
            "What became of it",
            verdict(),
        )
    };
    vec![
        breaks("/ocrux/match/break-match"),
        breaks("/ocrux/breakMatch"),
        unbreaks("/ocrux/match/unbreak-match"),
        unbreaks("/ocrux/unBreakMatch"),
        trial(Operation::of_people("POST", "/ocrux/match/resolve-match-issue", "Move and unflag"))
            .takes(&[JSON], &shape("Resolution"))
            .ends(200, "Done")
            .ends(202, "There was nothing to do"),
        judge("/ocrux/match/mark-different", "Declare a pair different", "Judgement"),
        judge("/ocrux/match/mark-same", "Declare a pair to be one person", "Judgement"),
        judge("/ocrux/match/undo", "Take a decision back", "Undo"),
    ]
}

fn reports() -> Vec<Operation> {
    let file = || {
        let media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        (media, json!({ "type": "string", "contentMediaType": media }))
    };
    vec![
        Operation::of_people("GET", "/ocrux/csv/getCSVUpload", "Uploads, newest first").answers(
            200,
            "The uploads",
            (JSON, list("Object")),
        ),
        Operation::of_people("GET", "/ocrux/csv/getCSVReport/{id}", "A link to a report").answers(
            200,
            "The link, for once",
            ("text/html", plain().1),
        ),
        Operation::of_people("GET", "/ocrux/csv/report/{id}", "A report").answers(
            200,
            "The workbook",
            file(),
        ),
        Operation::of_people("GET", "/crux/tmp/{name}", "The report of a link").answers(
            200,
            "The workbook",
            file(),
        ),
    ]
}
