//! What the server says that it serves, it serves.

use super::*;

#[tokio::test]
async fn every_described_operation_is_there() {
    let plane = Plane::start().await;
    let document = plane.call("GET", "/openapi.json").send().await;
    assert_eq!(
        (document.status, document.header("content-type")),
        (StatusCode::OK, "application/json")
    );
    let paths = document.body["paths"].as_object().unwrap();
    assert!(paths.len() > 40, "{}", paths.len());
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            let url =
                path.replace("{id}", "x").replace("{kind}", "Patient").replace("{version}", "1");
            let url = url.replace("{name}", "x");
            let call = plane.call(&method.to_uppercase(), &url).from("10.0.0.1:1");
            let answer = call.header("x-openhim-clientid", "openmrs").send().await;
            assert_ne!(answer.status, 405, "{method} {path}");
            assert!(!answer.text.contains("not one of this server"), "{method} {path}: {answer:?}");
            let is_for_people = operation.get("x-opencr-permission").is_some();
            assert_eq!(answer.status == 401, is_for_people, "{method} {path}: {answer:?}");
        }
    }
}
