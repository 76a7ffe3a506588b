//! Managing accounts in OpenCR's shapes.

use serde_json::json;

use super::*;

const NEW: [(&str, &str); 6] = [
    ("firstName", "Ada"),
    ("otherName", "Grace Zoë"),
    ("password", "long enough 1"),
    ("userName", "ada"),
    ("role", "deduplication"),
    ("surname", "Made-Up"),
];

async fn rows(plane: &Plane, token: &str) -> Vec<Value> {
    let answer = plane.get("/ocrux/user/getUsers/", token).await;
    answer.body.as_array().unwrap_or_else(|| panic!("{answer:?}")).clone()
}

async fn row(plane: &Plane, token: &str, name: &str) -> Value {
    let rows = rows(plane, token).await;
    rows.into_iter().find(|row| row["userName"] == name).unwrap_or_default()
}

#[tokio::test]
async fn s20_account_is_added_listed_and_shown_without_its_hash() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Admin).await;
    let added = plane.call("POST", "/ocrux/user/addUser/").token(&token).form(&NEW).send().await;
    assert_eq!(added.status, 201);
    let id = added.body["id"].as_str().unwrap();
    assert_eq!(added.body["name"][0]["given"], json!(["Ada", "Grace", "Zoë"]));
    assert_eq!(added.body["name"][0]["family"], "Made-Up");
    assert_eq!(
        row(&plane, &token, "ada").await,
        json!({ "id": id, "userName": "ada", "firstName": "Ada", "otherName": "Grace Zoë",
                "surname": "Made-Up", "role": "deduplication", "status": "active" })
    );
    let person = plane.get(&format!("/ocrux/fhir/Person/{id}"), &token).await;
    assert_eq!(person.body, added.body);
    let persons = plane.get("/ocrux/fhir/Person", &token).await;
    assert_eq!(persons.body["total"], 8);
    let named = plane.get("/ocrux/fhir/Person?username:exact=ada", &token).await;
    assert_eq!(
        (&named.body["total"], &named.body["entry"][0]["resource"]),
        (&json!(1), &added.body)
    );
    for text in [&added.text, &person.text, &persons.text] {
        for secret in ["argon2", "password", "salt", "long enough"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    assert_eq!(plane.sign_in("ada", "long enough 1").await.body["userID"], id);
    assert_eq!(plane.get("/ocrux/fhir/Person/nobody", &token).await.status, 404);
}

#[tokio::test]
async fn account_that_cannot_be_is_refused() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Admin).await;
    let send = async |fields: &[(&str, &str)]| {
        plane.call("POST", "/ocrux/user/addUser/").token(&token).form(fields).send().await
    };
    let with = |name: &'static str, value: &'static str| {
        NEW.map(|(known, old)| (known, if known == name { value } else { old }))
    };
    for fields in [
        with("userName", ""),
        with("userName", "a b"),
        with("password", "short"),
        with("password", ""),
        with("role", "root"),
        with("role", ""),
        with("surname", "a\tb"),
    ] {
        let answer = send(&fields).await;
        assert_eq!(answer.status, 400, "{fields:?}");
        assert!(answer.body["error"].is_string());
    }
    let twice = [&NEW[..], &[("role", "admin")]].concat();
    assert_eq!(send(&twice).await.status, 400);
    let taken = send(&with("userName", "admin")).await;
    assert_eq!((taken.status.as_u16(), taken.text.as_str()), (400, ""));
    assert_eq!(rows(&plane, &token).await.len(), 7);
}

#[tokio::test]
async fn bodies_that_are_no_small_form_are_refused() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Admin).await;
    let send = async |kind: &str, body: String| {
        let mut call = plane.call("POST", "/ocrux/user/addUser").token(&token);
        *call.request.body_mut() = Body::from(body);
        call.header("content-type", kind).send().await.status.as_u16()
    };
    let form = "multipart/form-data; boundary=XX";
    assert_eq!(send("text/plain", "userName=x".into()).await, 400);
    assert_eq!(send("multipart/form-data", "x".into()).await, 400);
    assert_eq!(send(form, "--XX\r\nContent-Disp".into()).await, 400);
    assert_eq!(send("application/json", "{".into()).await, 400);
    assert_eq!(send("application/json", "[".repeat(1000)).await, 400);
    assert_eq!(send(form, "x".repeat(70_000)).await, 413);
    let part = |at| format!("--XX\r\nContent-Disposition: form-data; name=\"f{at}\"\r\n\r\nx\r\n");
    let many: String = (0..40).map(part).collect();
    assert_eq!(send(form, format!("{many}--XX--\r\n")).await, 400);
}

#[tokio::test]
async fn account_is_edited_and_its_sessions_end_with_its_rights() {
    let plane = Plane::start().await;
    let admin = plane.token(Role::Admin).await;
    let viewer = plane.token(Role::Viewer).await;
    let id = row(&plane, &admin, "viewer").await["id"].as_str().unwrap().to_owned();
    let send = async |role: &str, status: &str| {
        let fields = [
            ("firstName", "Eva"),
            ("otherName", ""),
            ("surname", "New"),
            ("role", role),
            ("status", status),
            ("id", &id),
        ];
        plane.call("POST", "/ocrux/user/editUser/").token(&admin).form(&fields).send().await
    };
    let edited = send("viewer", "active").await;
    assert_eq!((edited.status.as_u16(), edited.text.as_str()), (200, "User Changed"));
    assert_eq!(row(&plane, &admin, "viewer").await["firstName"], "Eva");
    assert_eq!(plane.get("/ocrux/isTokenActive/", &viewer).await.status, 200);
    assert_eq!(send("viewer", "inactive").await.status, 200);
    assert_eq!(plane.get("/ocrux/isTokenActive/", &viewer).await.status, 401);
    assert_eq!(plane.sign_in("viewer", PASSWORD).await.status, 400);
    assert_eq!(send("viewer", "gone").await.status, 400);
    assert_eq!(send("king", "active").await.status, 400);
}

#[tokio::test]
async fn nobody_changes_the_own_rights_or_an_unknown_account() {
    let plane = Plane::start().await;
    let admin = plane.token(Role::Admin).await;
    let id = row(&plane, &admin, "admin").await["id"].as_str().unwrap().to_owned();
    let send = async |id: &str, role: &str, status: &str| {
        let fields = [("role", role), ("status", status), ("id", id), ("firstName", "A")];
        let call = plane.call("POST", "/ocrux/user/editUser/").token(&admin).form(&fields);
        call.send().await.status.as_u16()
    };
    assert_eq!(send(&id, "viewer", "active").await, 403);
    assert_eq!(send(&id, "admin", "inactive").await, 403);
    assert_eq!(send(&id, "admin", "active").await, 200);
    assert_eq!(send("nobody", "viewer", "active").await, 400);
    assert_eq!(send("", "viewer", "active").await, 400);
}

#[tokio::test]
async fn s14_changed_password_ends_the_other_sessions() {
    let plane = Plane::start().await;
    let (here, there) = (plane.token(Role::Viewer).await, plane.token(Role::Viewer).await);
    let send = async |username: &str, password: &str, new: &str| {
        let fields = [("password", password), ("username", username), ("newpassword", new)];
        plane.call("POST", "/ocrux/user/changepassword/").token(&here).form(&fields).send().await
    };
    let wrong = send("viewer", "wrong", "another long one").await;
    assert_eq!((wrong.status.as_u16(), wrong.text.as_str()), (400, "\"Password mismatch\""));
    let short = send("viewer", PASSWORD, "short").await;
    assert_eq!(short.status, 400);
    assert_eq!(short.text, "a password needs at least 12 characters");
    assert_eq!(send("admin", PASSWORD, "another long one").await.status, 403);
    let done = send("viewer", PASSWORD, "another long one").await;
    assert_eq!((done.status.as_u16(), done.text.as_str()), (200, "Password Changed"));
    assert_eq!(plane.get("/ocrux/isTokenActive/", &here).await.status, 200);
    assert_eq!(plane.get("/ocrux/isTokenActive/", &there).await.status, 401);
    assert_eq!(plane.sign_in("viewer", PASSWORD).await.status, 400);
    assert_eq!(plane.sign_in("viewer", "another long one").await.status, 200);
}

#[tokio::test]
async fn a14_all_accounts_are_listed() {
    let plane = Plane::start().await;
    let hash = plane.accounts.account_named("admin").await.unwrap().unwrap().password;
    for number in 0..60 {
        add(&*plane.accounts, &format!("u{number:02}"), Role::Viewer, hash.clone()).await;
    }
    let token = plane.token(Role::Admin).await;
    assert_eq!(rows(&plane, &token).await.len(), 67);
}
