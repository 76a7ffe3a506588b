//! What people do is taken down, with who they are and whom they looked at.

use registry::{
    actor::Actor,
    audit::{Act, Ending},
};
use serde_json::json;

use super::*;
use crate::app::other;

#[tokio::test]
async fn what_people_do_is_in_the_audit_log_and_demographics_are_not() {
    let plane = Plane::start().await;
    let patient = Value::from(other("Ada", "Made-Up", "1"));
    let call = plane.call("POST", "/fhir/Patient").json(&patient);
    let call = call.header("x-openhim-clientid", "openmrs").from("10.0.0.1:1");
    let id = call.send().await.body["id"].as_str().unwrap().to_owned();
    assert_eq!(plane.sign_in(Role::Steward.as_str(), "wrong").await.status, 400);
    let token = plane.token(Role::Steward).await;
    for path in ["Patient?family=Made-Up", &format!("Patient/{id}"), "Basic/patientdisplaypage"] {
        assert_eq!(plane.get(&format!("/ocrux/fhir/{path}"), &token).await.status, 200, "{path}");
    }
    plane.get("/ocrux/match/count-match-issues", &token).await;
    plane.get(&format!("/ocrux/match/potential-matches/{id}"), &token).await;
    let refused = plane.call("POST", "/ocrux/match/break-match").token(&token);
    refused.json(&json!([format!("Patient/{id}")])).send().await;
    plane.get("/ocrux/user/getUsers", &token).await;
    plane.call("POST", "/ocrux/user/logout").token(&token).send().await;

    let entries = plane.audit().await;
    use Act::{Create, Login, Logout, Operation, Read, Search};
    let acts: Vec<Act> = entries.iter().map(|entry| entry.act).collect();
    let expected = [Create, Login, Login, Search, Read, Operation, Operation, Search, Logout];
    assert_eq!(acts, expected);
    assert_eq!((entries[1].ending, &entries[1].who.actor), (Ending::Failed, &None));
    let steward = Some(Actor::User(Role::Steward.as_str().to_owned()));
    assert_eq!(entries[2].who.proof.as_deref(), Some("password"));
    for entry in &entries[2..] {
        assert_eq!(entry.who.actor, steward, "{entry:?}");
    }
    // The search, the read, the matrix and the refused break name the Patient.
    for entry in &entries[3..7] {
        assert_eq!(entry.what[0].what, format!("Patient/{id}"), "{entry:?}");
    }
    assert_eq!((entries[6].ending, entries[7].ending), (Ending::Failed, Ending::Refused));
    let all = format!("{entries:?}");
    assert!(!all.contains("Made-Up") && !all.contains("wrong"), "{all}");
}
