//! Things that the original gave away (contract 6.1), tried against this plane.

use serde_json::json;

use super::*;

#[tokio::test]
async fn s5_configuration_cannot_be_written() {
    let plane = Plane::start().await;
    let body = json!([{ "auth:secret": "mine" }, { "__proto__:x": 1 }]);
    for role in Role::ALL {
        let token = plane.token(role).await;
        for path in ["/ocrux/updateConfig", "/ocrux/config/updateConfig", "/updateConfig"] {
            let answer = plane.call("POST", path).token(&token).json(&body).send().await;
            assert_eq!(answer.status, 404, "{role:?} {path}");
        }
    }
}

#[tokio::test]
async fn s9_no_resource_is_written_or_read_past_the_table() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Supervisor).await;
    for path in ["/ocrux/fhir", "/ocrux/fhir/Patient", "/ocrux/fhir/Patient/x"] {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let body = json!({ "resourceType": "Patient" });
            let answer = plane.call(method, path).token(&token).json(&body).send().await;
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
    for path in
        ["/ocrux/fhir/SearchParameter", "/ocrux/fhir/Basic/patientreport", "/ocrux/fhir/Device"]
    {
        assert_eq!(plane.get(path, &token).await.status, 404, "{path}");
    }
    assert_eq!(plane.get("/ocrux/fhir/Person", &token).await.status, 403);
}

#[tokio::test]
async fn s11_password_in_the_url_is_in_no_answer() {
    let plane = Plane::start().await;
    for password in ["Secretissima1", PASSWORD] {
        let answer = plane.sign_in("admin", password).await;
        let headers = format!("{:?}", answer.headers);
        assert!(!answer.text.contains(password) && !headers.contains(password));
    }
}

#[tokio::test]
async fn s22_errors_are_short_json_without_paths() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Admin).await;
    let mut call = plane.call("POST", "/ocrux/user/addUser").token(&token);
    *call.request.body_mut() = Body::from("{");
    let answer = call.header("content-type", "application/json").send().await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert!(answer.text.len() < 200 && !answer.text.contains(".rs"), "{answer:?}");
}

#[tokio::test]
async fn every_answer_forbids_frames_and_guessing() {
    let plane = Plane::start().await;
    for path in ["/ocrux/user/getUsers", "/ocrux/fhir/Patient", "/healthz", "/nothing"] {
        let answer = plane.call("GET", path).send().await;
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("strict-transport-security"), "");
    }
}
