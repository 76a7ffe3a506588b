//! The stewards' room: who may open what, what forms need, and what surrounds each page.

use registry::{
    actor::Actor,
    audit::{Act, Ending},
};

use super::*;

mod decide;
mod find;
mod person;
mod queue;
mod search;

/// Roles that may see people.
const SEE: &[Role] = &[Role::Viewer, Role::Steward, Role::Supervisor, Role::DataManager];

/// Method, address, and the roles that get through; `None` is everybody, signed in or not.
const EXPECTED: &[(&str, &str, Option<&[Role]>)] = &[
    ("GET", "/ui", Some(&Role::ALL)),
    ("GET", "/ui/assets/app.css", None),
    ("GET", "/ui/login", None),
    ("POST", "/ui/login", None),
    ("GET", "/ui/setup", None),
    ("POST", "/ui/setup", None),
    ("POST", "/ui/look", None),
    ("GET", "/ui/account", Some(&Role::ALL)),
    ("POST", "/ui/account/password", Some(&Role::ALL)),
    ("GET", "/ui/search", Some(SEE)),
    ("POST", "/ui/search", Some(SEE)),
    ("POST", "/ui/search/suggest", Some(SEE)),
    ("GET", "/ui/search/r/none", Some(SEE)),
    ("GET", "/ui/compare", Some(SEE)),
    ("GET", "/ui/persons/nobody", Some(SEE)),
    ("GET", "/ui/persons/nobody/links", Some(SEE)),
    ("GET", "/ui/persons/nobody/history", Some(SEE)),
    ("GET", "/ui/persons/nobody/break", Some(DECIDE)),
    ("POST", "/ui/persons/nobody/break", Some(DECIDE)),
    ("GET", "/ui/persons/nobody/broken", Some(DECIDE)),
    ("POST", "/ui/persons/nobody/broken", Some(DECIDE)),
    ("GET", "/ui/persons/nobody/undo/1", Some(DECIDE)),
    ("POST", "/ui/persons/nobody/undo/1", Some(DECIDE)),
    ("GET", "/ui/queue", Some(WORK)),
    ("GET", "/ui/automatches", Some(WORK)),
    ("POST", "/ui/automatches", Some(&[Role::Supervisor])),
    ("GET", "/ui/queue/next", Some(DECIDE)),
    ("GET", "/ui/queue/done", Some(DECIDE)),
    ("GET", "/ui/queue/nothing", Some(LOOK)),
    ("GET", "/ui/queue/nothing/matrix", Some(LOOK)),
    ("GET", "/ui/queue/nothing/find", Some(DECIDE)),
    ("POST", "/ui/queue/nothing/find", Some(DECIDE)),
    ("GET", "/ui/queue/nothing/workbench", Some(LOOK)),
    ("POST", "/ui/queue/nothing/workbench", Some(DECIDE)),
    ("POST", "/ui/queue/nothing", Some(DECIDE)),
    ("GET", "/ui/records/nothing", Some(SEE)),
    ("GET", "/ui/records/nothing/versions", Some(SEE)),
    ("GET", "/ui/records/nothing/explanations/none", Some(SEE)),
    ("GET", "/ui/dev/components", Some(&Role::ALL)),
    ("POST", "/ui/logout", Some(&Role::ALL)),
];

/// Roles that see what waits; those of them that may not see people see no names.
const WORK: &[Role] =
    &[Role::Viewer, Role::Steward, Role::Supervisor, Role::RulesManager, Role::Auditor];

/// Roles that may look at a pair that waits.
const LOOK: &[Role] = &[Role::Viewer, Role::Steward, Role::Supervisor];

/// Roles that may decide about people.
const DECIDE: &[Role] = &[Role::Steward, Role::Supervisor];

/// A browser with its cookies.
struct Browser<'a> {
    plane: &'a Plane,
    cookies: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    fn of(plane: &'a Plane) -> Self {
        Self { plane, cookies: Vec::new() }
    }

    /// One that has signed in.
    async fn signed_in(plane: &'a Plane, role: Role) -> Self {
        let mut browser = Self::of(plane);
        let fields = [("username", role.as_str()), ("password", PASSWORD), ("to", "")];
        let answer = browser.send("/ui/login", "/ui/login", &fields).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, "/ui/"),
            "{answer:?}"
        );
        browser
    }

    fn call(&self, method: &str, path: &str) -> Call<'a> {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = self.plane.call(method, path);
        if cookies.is_empty() { call } else { call.header("cookie", &cookies.join("; ")) }
    }

    async fn get(&mut self, path: &str) -> Answer {
        let answer = self.call("GET", path).send().await;
        self.keep(&answer);
        answer
    }

    /// Sends the form of a page to `path`.
    async fn send(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(page).await;
        let token = hidden(&page.text, "form_token");
        let fields = [&[("form_token", token.as_str())], fields].concat();
        let call = self.call("POST", path).header("origin", "http://registry.test");
        let answer = call.fields(&fields).send().await;
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("; Path=/ui; ") && cookie.contains("; HttpOnly; SameSite=Lax"));
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

/// The value of the first hidden field of this name.
fn hidden(html: &str, name: &str) -> String {
    let begin = format!("name=\"{name}\" value=\"");
    let rest = html.split(&begin).nth(1).unwrap_or_else(|| panic!("no {name} in {html}"));
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn s4_matrix_of_the_room_is_as_written_here() {
    let plane = Plane::start().await;
    for (method, path, roles) in EXPECTED {
        let nobody = plane.call(method, path).send().await;
        // Where there are accounts, the page to make the first leads to the one to sign in on.
        let leads_there =
            *path != "/ui/setup" && nobody.header("location").starts_with("/ui/login");
        let is_sent_away = nobody.status == 401 || leads_there;
        assert_eq!(is_sent_away, roles.is_some(), "nobody {method} {path} {nobody:?}");
    }
    for role in Role::ALL {
        let browser = Browser::signed_in(&plane, role).await;
        for (method, path, roles) in EXPECTED {
            for slash in ["", "/"] {
                let answer = browser.call(method, &format!("{path}{slash}")).send().await;
                let is_in = roles.is_none_or(|roles| roles.contains(&role));
                let is_refused = matches!(answer.status.as_u16(), 401 | 405)
                    || answer.text.contains("What is missing is the permission");
                assert_eq!(!is_refused, is_in, "{role:?} {method} {path}{slash} {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn pages_have_headers_that_keep_everything_else_out() {
    let plane = Plane::start().await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    for path in ["/ui/", "/ui/account", "/ui/nothing"] {
        let page = browser.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"));
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    }
    let page = browser.get("/ui/account").await.text;
    for name in ["app.", "htmx.", "icon."] {
        let rest = page.split(&format!("/ui/assets/{name}")).nth(1).expect("a link to it");
        let path = format!("/ui/assets/{name}{}", rest.split('"').next().unwrap());
        let asset = plane.call("GET", &path).send().await;
        assert_eq!(asset.status, 200, "{path}");
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(asset.header("set-cookie"), "");
        let small = plane.call("GET", &path).header("accept-encoding", "gzip");
        let response = plane.router.clone().oneshot(small.request).await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip");
    }
    assert_eq!(plane.call("GET", "/ui/assets/app.css").send().await.status, 404);
    assert_eq!(plane.call("GET", "/ui/assets/..%2fapp.css").send().await.status, 404);
}

#[tokio::test]
async fn form_is_taken_from_our_own_page_only() {
    let plane = Plane::start().await;
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    let page = browser.get("/ui/account").await;
    let token = hidden(&page.text, "form_token");
    let mut other = Browser::signed_in(&plane, Role::Viewer).await;
    let foreign = hidden(&other.get("/ui/account").await.text, "form_token");
    let send = async |origin: &[(&'static str, &str)], token: &str| {
        let fields = [("form_token", token), ("language", "fr"), ("theme", "dark")];
        let mut call = browser.call("POST", "/ui/look");
        for (name, value) in origin {
            call = call.header(name, value);
        }
        call.fields(&fields).send().await
    };
    let ours = [("origin", "http://registry.test")];
    assert_eq!(send(&ours, &token).await.status, 303);
    assert_eq!(send(&[("sec-fetch-site", "same-origin")], &token).await.status, 303);
    for origin in [
        &[][..],
        &[("origin", "http://evil.test")],
        &[("origin", "null")],
        &[("origin", "http://registry.test"), ("sec-fetch-site", "cross-site")],
    ] {
        let answer = send(origin, &token).await;
        assert_eq!(answer.status, 403, "{origin:?}");
        assert!(
            answer.text.contains("This form is too old") && answer.header("set-cookie").is_empty()
        );
    }
    for bad in ["", "AAAA", foreign.as_str()] {
        assert_eq!(send(&ours, bad).await.status, 403, "{bad}");
    }
    let call = browser.call("POST", "/ui/look").header("origin", "http://registry.test");
    let multipart = call.form(&[("form_token", &token), ("language", "fr"), ("theme", "dark")]);
    assert_eq!(multipart.send().await.status, 400);
    let call = browser.call("POST", "/ui/look").header("origin", "http://registry.test");
    let large = call.fields(&[("form_token", &token), ("language", &"x".repeat(40_000))]);
    assert_eq!(large.send().await.status, 400);
}

#[tokio::test]
async fn token_of_the_api_opens_no_page_and_a_session_that_ended_none_either() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Steward).await;
    let answer = plane.get("/ui/account?tab=1", &token).await;
    let expected = "/ui/login?to=%2Fui%2Faccount%3Ftab%3D1";
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, expected));
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let cookies = browser.cookies.clone();
    assert_eq!(browser.send("/ui/", "/ui/logout", &[]).await.status, 303);
    assert!(browser.cookies.iter().all(|(name, _)| name != "opencr_ui"), "the cookie is gone");
    browser.cookies = cookies;
    assert_eq!(browser.get("/ui/").await.header("location"), "/ui/login");
    let part = browser.call("GET", "/ui/").header("hx-request-type", "partial").send().await;
    assert_eq!((part.status.as_u16(), part.header("hx-redirect")), (401, "/ui/login"));
}

#[tokio::test]
async fn part_of_a_page_is_what_the_page_has() {
    let plane = Plane::start().await;
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    let page = browser.get("/ui/").await;
    let part = browser.call("GET", "/ui/").header("hx-request-type", "partial").send().await;
    // What follows is the time.
    let counts = part.text.trim().split("<p class=\"muted\">").next().unwrap();
    assert!(counts.starts_with("<section id=\"work\"") && page.text.contains(counts), "{part:?}");
    assert_eq!(page.header("vary").to_lowercase().matches("hx-request-type").count(), 1);
    let mut admin = Browser::signed_in(&plane, Role::Admin).await;
    let page = admin.get("/ui/").await;
    assert!(page.text.contains("Your role has no work") && !page.text.contains("potential"));
}

#[tokio::test]
async fn password_is_changed_once_however_often_the_form_is_sent() {
    let plane = Plane::start().await;
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    let page = browser.get("/ui/account").await;
    let once = hidden(&page.text, "once");
    let next = "a quite long one";
    let send = [("once", once.as_str()), ("current", PASSWORD), ("new", next), ("again", next)];
    for _ in 0..2 {
        let answer = browser.send("/ui/account", "/ui/account/password", &send).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/ui/account"));
    }
    let fresh = [("once", "another"), ("current", PASSWORD), ("new", next), ("again", next)];
    let answer = browser.send("/ui/account", "/ui/account/password", &fresh).await;
    assert_eq!(answer.status, 422, "the password is not the old one any more");
    let without = browser.send("/ui/account", "/ui/account/password", &send[1..]).await;
    assert_eq!(without.status, 400);
}

#[tokio::test]
async fn what_people_do_in_the_room_is_in_the_audit_log() {
    let plane = Plane::start().await;
    let mut browser = Browser::of(&plane);
    let wrong = [("username", "viewer"), ("password", "wrong one"), ("to", "")];
    let refused = browser.send("/ui/login", "/ui/login", &wrong).await;
    assert_eq!(refused.status, 401);
    assert!(refused.text.contains("The user name or the password is wrong"));
    assert!(!refused.text.contains("wrong one"), "the password is not sent back");
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    browser.get("/ui/").await;
    browser.send("/ui/account", "/ui/account/password", &[("once", "1"), ("new", "x")]).await;
    browser.send("/ui/account", "/ui/logout", &[]).await;
    let entries = plane.audit().await;
    let acts: Vec<_> = entries.iter().map(|entry| (entry.act, entry.ending)).collect();
    assert_eq!(
        acts,
        [
            (Act::Login, Ending::Refused),
            (Act::Login, Ending::Done),
            (Act::Configure, Ending::Failed),
            (Act::Logout, Ending::Done),
        ]
    );
    assert_eq!(entries[0].who.actor, None);
    let viewer = Some(Actor::User("viewer".to_owned()));
    assert!(entries[1..].iter().all(|entry| entry.who.actor == viewer), "{entries:?}");
}

#[tokio::test]
async fn page_speaks_the_language_that_the_browser_likes() {
    let plane = Plane::start().await;
    let page = plane.call("GET", "/ui/login").header("accept-language", "fr-CA,en;q=0.5");
    let page = page.send().await;
    assert!(
        page.text.contains("<html lang=\"fr\" dir=\"ltr\"") && page.text.contains("Se connecter")
    );
    // Languages for tests are there in development only.
    let call = plane.call("GET", "/ui/dev/components");
    assert_eq!(call.send().await.status, 303);
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    assert_eq!(browser.get("/ui/dev/components").await.status, 404);
    let pseudo = [("language", "ar-XB"), ("theme", "auto"), ("to", "/ui/")];
    assert_eq!(browser.send("/ui/", "/ui/look", &pseudo).await.status, 400);
    let away = [("language", "pt"), ("theme", "auto"), ("to", "//evil.test/")];
    assert_eq!(browser.send("/ui/", "/ui/look", &away).await.header("location"), "/ui/");
    assert!(browser.get("/ui/").await.text.contains("<html lang=\"pt\""));
}

#[tokio::test]
async fn choice_of_language_follows_its_account_into_another_browser() {
    let plane = Plane::start().await;
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    let french = [("language", "fr"), ("theme", "dark"), ("to", "/ui/")];
    assert_eq!(browser.send("/ui/", "/ui/look", &french).await.status, 303);
    let mut elsewhere = Browser::signed_in(&plane, Role::Viewer).await;
    let page = elsewhere.get("/ui/").await;
    let begin = "<html lang=\"fr\" dir=\"ltr\" data-theme=\"dark\" data-keys=\"off\">";
    assert!(page.text.contains(begin), "{page:?}");
    let mut other = Browser::signed_in(&plane, Role::Steward).await;
    assert!(other.get("/ui/").await.text.contains("<html lang=\"en\""));
    // Who is not signed in chooses for the browser alone.
    let mut nobody = Browser::of(&plane);
    assert_eq!(nobody.send("/ui/login", "/ui/look", &french).await.status, 303);
    assert!(nobody.get("/ui/login").await.text.contains("<html lang=\"fr\""));
}

#[tokio::test]
async fn room_can_be_left_out() {
    let plane = Plane::with(true, |people, _| people.room = None).await;
    for path in ["/ui", "/ui/login", "/ui/assets/app.css", "/"] {
        assert_eq!(plane.call("GET", path).send().await.status, 404, "{path}");
    }
    let with = Plane::start().await;
    assert_eq!(with.call("GET", "/").send().await.header("location"), "/ui/");
}
