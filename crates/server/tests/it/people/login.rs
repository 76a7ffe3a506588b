//! Signing in and out, and what keeps guessers away.

use registry::account::PasswordHash;
use serde_json::json;

use super::*;

#[tokio::test]
async fn sign_in_answers_as_opencr_does() {
    let plane = Plane::start().await;
    let answer = plane.sign_in("deduplication", PASSWORD).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["username"], "deduplication");
    assert_eq!(answer.body["role"], "deduplication");
    assert!(answer.body["userID"].as_str().is_some_and(|id| !id.is_empty()));
    assert_eq!(answer.body["token"].as_str().unwrap().split('.').count(), 3);
    assert_eq!(answer.header("set-cookie"), "");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn json_body_signs_in_and_sets_a_cookie_that_scripts_cannot_read() {
    let plane = Plane::start().await;
    let body = json!({ "username": "admin", "password": PASSWORD });
    let answer = plane.call("POST", "/ocrux/user/authenticate").json(&body).send().await;
    assert_eq!(answer.status, 200);
    let cookie = answer.header("set-cookie");
    let token = answer.body["token"].as_str().unwrap();
    assert!(cookie.starts_with(&format!("opencr_session={token};")), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=5400"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    let pair = format!("opencr_session={token}");
    let users = plane.call("GET", "/ocrux/user/getUsers/").header("cookie", &pair).send().await;
    assert_eq!(users.status, 200);
    let out = plane.call("POST", "/ocrux/user/logout").header("cookie", &pair).send().await;
    assert_eq!(out.status, 403);
    let out = plane.call("POST", "/ocrux/user/logout").header("cookie", &pair);
    let out = out.header("origin", "http://registry.test").send().await;
    assert_eq!(out.status, 200);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
}

#[tokio::test]
async fn cookie_is_secure_where_clients_come_by_https() {
    let plane = Plane::with(true, |_, server| {
        server.base_url = Some("https://registry.test".to_owned());
    })
    .await;
    let body = json!({ "username": "admin", "password": PASSWORD });
    let answer = plane.call("POST", "/ocrux/user/authenticate").json(&body).send().await;
    assert!(answer.header("set-cookie").ends_with("; Secure"));
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn s12_unknown_wrong_inactive_and_locked_are_answered_alike() {
    let plane = Plane::with(true, |people, _| people.attempts_max = 2).await;
    let asleep = plane.accounts.account_named("viewer").await.unwrap().unwrap();
    let change = registry::account::AccountChange {
        name: asleep.name.clone(),
        role: asleep.role,
        status: registry::account::AccountStatus::Inactive,
    };
    plane.accounts.change_account(&asleep.id, &change).await.unwrap();
    for _ in 0..3 {
        plane.sign_in("auditor", "wrong").await;
    }
    let mut answers = Vec::new();
    for (name, password) in [
        ("nobody", PASSWORD),
        ("admin", "wrong"),
        ("viewer", PASSWORD),
        ("auditor", PASSWORD),
        ("Admin", PASSWORD),
    ] {
        answers.push((name, plane.sign_in(name, password).await));
    }
    for (name, answer) in answers {
        assert_eq!((answer.status.as_u16(), &answer.body), (400, &refusal()), "{name}");
        assert_eq!(answer.header("set-cookie"), "");
    }
}

#[tokio::test]
async fn s25_sign_in_without_its_parts_is_refused_and_nothing_ends() {
    let plane = Plane::start().await;
    for query in [
        "",
        "?",
        "?username=admin",
        "?password=x",
        "?username=&password=",
        "?username=admin&password=",
        "?username[]=admin&password[]=x",
    ] {
        let path = format!("/ocrux/user/authenticate{query}");
        let answer = plane.call("POST", &path).send().await;
        assert_eq!((answer.status.as_u16(), answer.body), (400, refusal()), "{query}");
    }
    let path = "/ocrux/user/authenticate?username=%ff&password=x";
    assert_eq!(plane.call("POST", path).send().await.status, 400);
    for body in [json!([]), json!({ "username": 1, "password": "x" }), json!("x")] {
        let call = plane.call("POST", "/ocrux/user/authenticate").json(&body);
        assert_eq!(call.send().await.status, 400, "{body}");
    }
    let long = "x".repeat(2000);
    assert_eq!(plane.sign_in("admin", &long).await.status, 400);
    assert_eq!(plane.sign_in("admin", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn s14_guessing_locks_the_account_and_a_reset_unlocks_it() {
    let plane = Plane::with(true, |people, _| people.attempts_max = 3).await;
    for _ in 0..3 {
        assert_eq!(plane.sign_in("admin", "wrong").await.status, 400);
    }
    assert_eq!(plane.sign_in("admin", PASSWORD).await.status, 400);
    assert_eq!(plane.sign_in("viewer", PASSWORD).await.status, 200);
    let admin = plane.accounts.account_named("admin").await.unwrap().unwrap();
    plane.accounts.set_password(&admin.id, &admin.password, None).await.unwrap();
    assert_eq!(plane.sign_in("admin", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn right_passwords_in_between_keep_an_account_open() {
    let plane = Plane::with(true, |people, _| people.attempts_max = 3).await;
    for _ in 0..4 {
        plane.sign_in("admin", "wrong").await;
        plane.sign_in("admin", "wrong").await;
        assert_eq!(plane.sign_in("admin", PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn s14_address_that_tries_too_often_has_to_wait() {
    let plane = Plane::with(true, |people, _| people.logins_per_minute = 3).await;
    for _ in 0..3 {
        assert_eq!(plane.sign_in("nobody", "wrong").await.status, 400);
    }
    let answer = plane.sign_in("admin", PASSWORD).await;
    assert_eq!(answer.status, 429);
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds));
    let path = format!("/ocrux/user/authenticate?username=admin&password={PASSWORD}");
    let path = path.replace(' ', "+");
    let other = plane.call("POST", &path).from("192.0.2.8:1").send().await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn s13_account_of_opencr_signs_in_and_is_hashed_anew() {
    let plane = Plane::start().await;
    let salt = "000102030405060708090a0b0c0d0e0f";
    let hash = include_str!("../../../src/people/password/opencr_hash.txt").trim();
    let old = PasswordHash::of_opencr(salt, hash).unwrap();
    add(&*plane.accounts, "old", Role::Steward, old.clone()).await;
    assert_eq!(plane.sign_in("old", "made  up").await.status, 400);
    let kept = plane.accounts.account_named("old").await.unwrap().unwrap().password;
    assert_eq!(kept, old);
    let first = plane.sign_in("old", "made up").await;
    assert_eq!(first.status, 200);
    let kept = plane.accounts.account_named("old").await.unwrap().unwrap().password;
    assert!(kept.as_str().starts_with("$argon2id$"));
    assert_eq!(plane.sign_in("old", "made up").await.status, 200);
    let token = first.body["token"].as_str().unwrap();
    assert_eq!(plane.get("/ocrux/isTokenActive/", token).await.status, 200);
}

#[tokio::test]
async fn signing_out_ends_the_token_and_no_other() {
    let plane = Plane::start().await;
    let (one, two) = (plane.token(Role::Viewer).await, plane.token(Role::Viewer).await);
    let out = plane.call("POST", "/ocrux/user/logout/").token(&one).send().await;
    assert_eq!(out.status, 200);
    assert_eq!(plane.get("/ocrux/isTokenActive/", &one).await.status, 401);
    assert_eq!(plane.get("/ocrux/isTokenActive/", &two).await.status, 200);
    let again = plane.call("POST", "/ocrux/user/logout/").token(&one).send().await;
    assert_eq!(again.status, 401);
}

#[tokio::test]
async fn s6_first_administrator_is_made_once_with_the_token_that_was_shown() {
    let plane = Plane::with(false, |_, _| {}).await;
    let token = plane.setup.clone().unwrap();
    assert!(token.len() >= 32);
    // No default account gets in.
    assert_eq!(plane.sign_in("root@intrahealth.org", "intrahealth").await.status, 400);
    let body = |token: &str, password: &str| {
        json!({ "token": token, "username": "root", "password": password,
                "firstName": "Ada", "surname": "Made-Up" })
    };
    let send = async |body: &Value| plane.call("POST", "/ocrux/user/setup").json(body).send().await;
    for wrong in ["", "x", &token[1..]] {
        assert_eq!(send(&body(wrong, PASSWORD)).await.status, 403, "{wrong}");
    }
    assert_eq!(send(&body(&token, "short")).await.status, 400);
    let made = send(&body(&token, PASSWORD)).await;
    assert_eq!((made.status.as_u16(), made.body["resourceType"].as_str()), (201, Some("Person")));
    assert_eq!(send(&body(&token, PASSWORD)).await.status, 403);
    assert_eq!(plane.sign_in("root", PASSWORD).await.body["role"], "admin");
}

#[tokio::test]
async fn s7_registry_that_has_accounts_shows_no_token() {
    let plane = Plane::start().await;
    assert_eq!(plane.setup, None);
    let body = json!({ "token": "", "username": "root", "password": PASSWORD });
    let answer = plane.call("POST", "/ocrux/user/setup").json(&body).send().await;
    assert_eq!(answer.status, 403);
}
