//! The gate: its answers, and every route against every role.

use registry::account::{AccountChange, AccountStatus};

use super::*;

#[tokio::test]
async fn gate_answers_exactly_as_opencr_does() {
    let plane = Plane::start().await;
    let missing = ("{\"error\":\"Token is missing\"}", "Bearer realm=\"Token is required\"");
    let expired = ("{\"error\":\"Token expired\"}", "Bearer realm=\"Token expired\"");
    for (header, expected) in [
        (None, missing),
        (Some("Bearer"), missing),
        (Some("Bearer a b"), missing),
        (Some("Bearer abc"), expired),
        (Some("Basic YTpi"), expired),
    ] {
        for path in
            ["/ocrux/match/count-match-issues", "/ocrux/isTokenActive/", "/ocrux", "/ocrux/x"]
        {
            let call = plane.call("GET", path);
            let call = match header {
                Some(header) => call.header("authorization", header),
                None => call,
            };
            let answer = call.send().await;
            assert_eq!(answer.status, 401, "{path} {header:?}");
            assert_eq!((answer.text.as_str(), answer.header("www-authenticate")), expected);
            assert_eq!(answer.header("access-control-allow-origin"), "*");
        }
    }
}

#[tokio::test]
async fn live_token_is_active_whatever_the_method_and_scheme() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Viewer).await;
    for method in ["GET", "POST", "PUT"] {
        let call = plane.call(method, "/ocrux/isTokenActive/");
        let answer = call.header("authorization", &format!("Token {token}")).send().await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "true"), "{method}");
    }
}

#[tokio::test]
async fn s1_options_and_failed_sign_ins_open_nothing() {
    let plane = Plane::start().await;
    let options = plane.call("OPTIONS", "/ocrux/user/getUsers").send().await;
    assert_eq!((options.status.as_u16(), options.text.as_str()), (204, ""));
    plane.sign_in("admin", "wrong").await;
    let token = plane.token(Role::Admin).await;
    assert_eq!(plane.get("/ocrux/user/getUsers", &token).await.status, 200);
    for path in ["/ocrux/user/getUsers", "/ocrux/fhir/Patient", "/fhir/Patient", "/fhir/Person"] {
        let status = plane.call("GET", path).send().await.status.as_u16();
        assert!(status == 401 || status == 404, "{path} {status}");
    }
}

#[tokio::test]
async fn s3_systems_and_people_do_not_pass_each_others_doors() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Admin).await;
    // A trusted gateway's client is nobody here.
    for path in ["/ocrux/user/getUsers", "/ocrux/fhir/Patient"] {
        let call = plane.call("GET", path).from("10.0.0.1:1");
        let answer = call.header("x-openhim-clientid", "openmrs").send().await;
        assert_eq!(answer.status, 401, "{path}");
    }
    // A person's token is nothing there, and the routes without prefix do not exist.
    assert_eq!(plane.get("/fhir/Patient", &token).await.status, 401);
    for path in ["/user/getUsers", "/config/getURI", "/updateConfig", "/match/get-match-issues"] {
        assert_eq!(plane.get(path, &token).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn s23_prefix_counts_only_where_it_stands() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Admin).await;
    for path in ["/focrux/hir/Patient", "/x/ocrux/fhir/Patient", "/OCRUX/fhir/Patient"] {
        assert_eq!(plane.get(path, &token).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn s4_every_role_gets_what_it_may_and_nothing_else() {
    let plane = Plane::start().await;
    let own = "/ocrux/config/getURI";
    let patients = "/ocrux/fhir/Patient";
    let users = "/ocrux/user/getUsers";
    for role in Role::ALL {
        let token = plane.token(role).await;
        let sees_patients =
            matches!(role, Role::Viewer | Role::Steward | Role::Supervisor | Role::DataManager);
        for (path, expected) in
            [(own, true), (patients, sees_patients), (users, role == Role::Admin)]
        {
            let answer = plane.get(path, &token).await;
            let status = if expected { 200 } else { 403 };
            assert_eq!(answer.status, status, "{role:?} {path}");
            if !expected {
                assert!(answer.text.contains("needs the permission"), "{answer:?}");
            }
        }
        let added = plane.call("POST", "/ocrux/user/addUser/").token(&token).send().await;
        let expected = if role == Role::Admin { 400 } else { 403 };
        assert_eq!(added.status, expected, "{role:?}");
    }
}

#[tokio::test]
async fn administrators_see_patients_only_where_it_is_switched_on() {
    let plane = Plane::with(true, |people, _| people.admins_are_stewards = true).await;
    let token = plane.token(Role::Admin).await;
    assert_eq!(plane.get("/ocrux/fhir/Patient", &token).await.status, 200);
}

#[tokio::test]
async fn s14_token_ends_with_the_account_and_with_the_role() {
    let plane = Plane::start().await;
    for (role, changed) in [
        (Role::Viewer, (Role::Viewer, AccountStatus::Inactive)),
        (Role::Auditor, (Role::Viewer, AccountStatus::Active)),
    ] {
        let token = plane.token(role).await;
        let account = plane.accounts.account_named(role.as_str()).await.unwrap().unwrap();
        let (role, status) = changed;
        let change = AccountChange { name: account.name, role, status };
        plane.accounts.change_account(&account.id, &change).await.unwrap();
        assert_eq!(plane.get("/ocrux/isTokenActive/", &token).await.status, 401);
    }
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_told_to_who_is_in() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Admin).await;
    for path in ["/ocrux", "/ocrux/", "/ocrux/nothing", "/ocrux/updateConfig", "/ocrux/user"] {
        assert_eq!(plane.get(path, &token).await.status, 404, "{path}");
    }
    let wrong = plane.call("DELETE", "/ocrux/user/getUsers").token(&token).send().await;
    assert_eq!((wrong.status.as_u16(), wrong.header("allow")), (405, "GET"));
    let wrong = plane.call("DELETE", "/ocrux/fhir/Patient/x").token(&token).send().await;
    assert_eq!(wrong.status, 405);
}

#[tokio::test]
async fn app_without_a_plane_has_none_of_its_routes() {
    let app = crate::app::TestApp::start().await;
    for path in ["/ocrux/user/getUsers", "/crux/", "/ocrux/isTokenActive/"] {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
}
