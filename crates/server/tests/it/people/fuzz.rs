//! Arbitrary tokens, cookies, forms and searches through the real router: nobody gets in who was
//! not let in, no answer is a fault of the server, and each refusal has its documented form.
//!
//! More cases: `PROPTEST_CASES=100000 cargo test -p server --test it people::fuzz`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

/// A plane, and the token of its administrator.
struct Attacked {
    plane: Plane,
    token: String,
}

/// Runs one property on one plane, so that what was stored meets what comes.
fn check<S: Strategy>(strategy: S, run: impl AsyncFn(&Attacked, S::Value)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let attacked = runtime.block_on(async {
        let plane = Plane::with(true, |told, _| told.admins_are_stewards = true).await;
        let token = plane.token(Role::Admin).await;
        Attacked { plane, token }
    });
    let mut runner = proptest::test_runner::TestRunner::default();
    let tested = runner.run(&strategy, |value| {
        runtime.block_on(async {
            run(&attacked, value).await;
            // One thread does all: what works behind the requests gets its turn here.
            tokio::task::yield_now().await;
        });
        Ok(())
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
}

/// Any answer: not a fault of the server, and if it refuses, it says why in a documented form.
fn is_documented(answer: &Answer) -> bool {
    if answer.status.is_server_error() {
        return false;
    }
    let says_why = answer.body["error"].as_str().is_some_and(|text| !text.is_empty())
        || answer.body["resourceType"] == "OperationOutcome";
    // OpenCR's own shapes: an empty object, or a text for people, written as JSON or not.
    let is_opencr = answer.body == json!({})
        || answer.body.is_string()
        || answer.header("content-type").starts_with("text/");
    !answer.status.is_client_error() || says_why || is_opencr || answer.body == refusal()
}

/// Where every signed-in person gets an answer, and nobody else.
const INSIDE: &str = "/ocrux/user/getUsers";

/// How a token is spoilt.
#[derive(Clone, Debug)]
enum Spoil {
    /// One byte is another.
    Byte(prop::sample::Index, u8),
    /// It ends early.
    Cut(prop::sample::Index),
    /// It goes on.
    More(String),
    /// Its header is another, over the same or changed claims, with some signature.
    Header(String, String, String),
    /// It is something else.
    Else(String),
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let algorithm = prop_oneof![
        Just("none".to_owned()),
        Just("None".to_owned()),
        Just("HS256".to_owned()),
        Just("HS512".to_owned()),
        Just("RS256".to_owned()),
        ".{0,6}",
    ];
    let header = (algorithm, "[-a-f0-9/.]{0,36}").prop_map(|(algorithm, key)| {
        json!({ "alg": algorithm, "typ": "JWT", "kid": key }).to_string()
    });
    let claims = prop_oneof![
        Just(String::new()),
        ("[-a-f0-9]{0,36}", any::<i64>(), any::<i64>()).prop_map(|(id, from, to)| {
            json!({ "id": id, "jti": id, "iat": from, "exp": to }).to_string()
        }),
        ".{0,30}",
    ];
    prop_oneof![
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Spoil::Byte(at, byte)),
        any::<prop::sample::Index>().prop_map(Spoil::Cut),
        "[-A-Za-z0-9._=]{1,8}".prop_map(Spoil::More),
        (prop_oneof![header, ".{0,40}"], claims, "[-A-Za-z0-9_]{0,43}")
            .prop_map(|(header, claims, signature)| Spoil::Header(header, claims, signature)),
        "[ -~]{0,80}".prop_map(Spoil::Else),
    ]
}

impl Spoil {
    fn apply(&self, token: &str) -> Vec<u8> {
        let mut bytes = token.as_bytes().to_vec();
        match self {
            Self::Byte(at, byte) => *at.get_mut(&mut bytes) = *byte,
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::More(text) => bytes.extend(text.bytes()),
            Self::Header(header, claims, signature) => {
                let own = token.split('.').nth(1).unwrap().to_owned();
                let claims = match claims.is_empty() {
                    true => own,
                    false => URL_SAFE_NO_PAD.encode(claims),
                };
                let header = URL_SAFE_NO_PAD.encode(header);
                return format!("{header}.{claims}.{signature}").into_bytes();
            }
            Self::Else(text) => return text.clone().into_bytes(),
        }
        bytes
    }
}

impl Call<'_> {
    /// A header of any bytes; `None` if no header can hold them.
    fn bytes(mut self, name: &'static str, value: &[u8]) -> Option<Self> {
        let value = http::HeaderValue::from_bytes(value).ok()?;
        self.request.headers_mut().append(name, value);
        Some(self)
    }

    fn body(mut self, kind: &str, body: Vec<u8>) -> Self {
        *self.request.body_mut() = Body::from(body);
        self.header("content-type", kind)
    }
}

#[test]
fn fuzz_tokens() {
    check((spoil(), any::<bool>()), async |attacked, (spoil, is_cookie)| {
        let token = spoil.apply(&attacked.token);
        let (name, prefix) = match is_cookie {
            true => ("cookie", &b"opencr_session="[..]),
            false => ("authorization", &b"Bearer "[..]),
        };
        let value = [prefix, &token].concat();
        let Some(call) = attacked.plane.call("GET", INSIDE).bytes(name, &value) else { return };
        let answer = call.send().await;
        // Spaces around a header's or a cookie's value do not belong to it.
        let is_own = token.trim_ascii() == attacked.token.as_bytes();
        let expected = if is_own { 200 } else { 401 };
        assert!(is_own || is_documented(&answer), "{answer:?}");
        assert_eq!(answer.status.as_u16(), expected, "{spoil:?}: {answer:?}");
    });
    // What the property rests on: the token itself gets in.
    check(Just(()), async |attacked, ()| {
        assert_eq!(attacked.plane.get(INSIDE, &attacked.token).await.status, 200);
    });
}

#[test]
fn fuzz_cookies() {
    let name = prop_oneof![
        Just("opencr_session".to_owned()),
        "(opencr_session|token|Opencr_Session|__Host-opencr_session|opencr_look)",
        "[!-~]{0,12}",
    ];
    let value = prop_oneof![
        Just(None),
        "[ -~]{0,40}".prop_map(|text| Some(text.into_bytes())),
        prop::collection::vec(any::<u8>(), 0..30).prop_map(Some),
    ];
    let mark = prop::sample::select(vec!["=", " = ", "", "==", "=\""]);
    let cookie = (name, mark, value);
    let line = prop::collection::vec(cookie, 0..4);
    let path = prop::sample::select(vec![INSIDE, "/ui", "/ui/login", "/ui/account", "/ui/look"]);
    let method = prop::sample::select(vec!["GET", "POST", "HEAD"]);
    let request = (method, path, prop::collection::vec(line, 1..3));
    check(request, async |attacked, (method, path, lines)| {
        let mut call = attacked.plane.call(method, path);
        let mut has_own = false;
        for cookies in lines {
            let mut line = Vec::new();
            for (name, mark, value) in cookies {
                // The administrator's own token, under whatever name comes.
                let value = value.unwrap_or_else(|| {
                    has_own |= name.contains("opencr_session");
                    attacked.token.clone().into_bytes()
                });
                line.extend_from_slice(&[name.as_bytes(), mark.as_bytes(), &value, b"; "].concat());
            }
            call = match call.bytes("cookie", &line) {
                Some(call) => call,
                None => return,
            };
        }
        let answer = call.send().await;
        assert!(!answer.status.is_server_error(), "{method} {path}: {answer:?}");
        if path == INSIDE && !has_own {
            assert!(answer.status.is_client_error(), "{method} {path}: {answer:?}");
        }
        // A page of no known origin changes nothing, whatever cookies it brings.
        assert!(method != "POST" || !answer.status.is_success(), "{path}: {answer:?}");
    });
}

/// Forms with a mistake here and there, and bytes that are none.
fn form() -> impl Strategy<Value = Vec<u8>> {
    let name = "(userName|username|password|newpassword|firstName|surname|role|status|id|.{0,6})";
    let value = prop_oneof![".{0,20}", "(admin|viewer|inactive|correct horse)"];
    let head = prop_oneof![
        Just("Content-Disposition: form-data; name=".to_owned()),
        Just("content-disposition:form-data;name=".to_owned()),
        "(Content-Disposition|Content-Type|[A-Za-z-]{0,8}): [ -~]{0,20}; name=",
    ];
    let end =
        prop::sample::select(vec!["\r\n\r\n", "\n\n", "\r\n", "; filename=\"x\"\r\n\r\n", ""]);
    let quote = prop::sample::select(vec!["\"", "", "'"]);
    let part = (head, name, value, end, quote).prop_map(|(head, name, value, end, quote)| {
        format!("--XX\r\n{head}{quote}{name}{quote}{end}{value}\r\n")
    });
    let close = prop::sample::select(vec!["--XX--\r\n", "--XX--", "--XX", "--X", ""]);
    let parts = prop::collection::vec(part, 0..5);
    let form = (parts, close).prop_map(|(parts, close)| (parts.concat() + close).into_bytes());
    let bytes = prop::collection::vec(any::<u8>(), 0..80);
    prop_oneof![4 => form, 2 => account(), 1 => bytes]
}

/// The form of an account, with at most one field left out, given twice or cut off.
fn account() -> impl Strategy<Value = Vec<u8>> {
    let fault = prop_oneof![3 => Just(None), 1 => (0..15_usize).prop_map(Some)];
    (".{0,3}[a-z0-9]{3,9}", fault).prop_map(|(name, fault)| {
        let fields = [
            ("userName", name.as_str()),
            ("password", "a horse with correct batteries"),
            ("firstName", "Made"),
            ("surname", "Up"),
            ("role", "viewer"),
        ];
        let mut parts = Vec::new();
        for (at, (name, value)) in fields.into_iter().enumerate() {
            let head = "Content-Disposition: form-data; name=";
            let part = format!("--XX\r\n{head}\"{name}\"\r\n\r\n{value}\r\n");
            match fault {
                Some(fault) if fault == at => {}
                Some(fault) if fault == at + 5 => parts.extend([part.clone(), part]),
                Some(fault) if fault == at + 10 => parts.push(part[..part.len() / 2].to_owned()),
                _ => parts.push(part),
            }
        }
        (parts.concat() + "--XX--\r\n").into_bytes()
    })
}

#[test]
fn fuzz_multipart() {
    let kind = prop_oneof![
        4 => Just("multipart/form-data; boundary=XX".to_owned()),
        1 => "multipart/form-data(; ?boundary=[!-~]{0,6})?",
        1 => "multipart/[a-z-]{0,9}; boundary=\"XX\"",
    ];
    let path = prop::sample::select(vec![
        "/ocrux/user/addUser",
        "/ocrux/user/editUser",
        "/ocrux/user/changepassword",
    ]);
    check((path, kind, form()), async |attacked, (path, kind, form)| {
        let call = attacked.plane.call("POST", path).token(&attacked.token);
        let before = users(attacked).await;
        let answer = call.body(&kind, form).send().await;
        assert!(is_documented(&answer), "{path}: {answer:?}");
        // An account is there if and only if it was said so.
        let more = usize::from(path.ends_with("addUser") && answer.status == 201);
        assert_eq!(users(attacked).await, before + more, "{path}: {answer:?}");
    });
}

async fn users(attacked: &Attacked) -> usize {
    let (_, count) =
        attacked.plane.accounts.accounts(store::Window { offset: 0, limit: 0 }).await.unwrap();
    usize::try_from(count).unwrap()
}

#[test]
fn fuzz_forms_of_pages() {
    let field = "(username|password|to|form_token|token|language|theme|[a-z]{0,6})";
    let value = "([ -~]{0,30}|%[0-9a-f]{2}|//evil.test|/\\\\evil.test|https:evil.test|admin)";
    let pair = (field, value).prop_map(|(name, value)| format!("{name}={value}"));
    let body = prop_oneof![
        prop::collection::vec(pair, 0..6).prop_map(|pairs| pairs.join("&").into_bytes()),
        prop::collection::vec(any::<u8>(), 0..60),
    ];
    let path = prop::sample::select(vec![
        "/ui/login",
        "/ui/setup",
        "/ui/look",
        "/ui/logout",
        "/ui/account/password",
    ]);
    check((path, any::<bool>(), body), async |attacked, (path, is_own_page, body)| {
        let origin = if is_own_page { "http://registry.test" } else { "http://evil.test" };
        let call = attacked.plane.call("POST", path).header("origin", origin);
        let answer = call.body("application/x-www-form-urlencoded", body).send().await;
        assert!(!answer.status.is_server_error(), "{path}: {answer:?}");
        // Nobody is sent to another site, and nobody is signed in.
        let to = answer.header("location");
        assert!(to.is_empty() || to.starts_with('/') && !to.starts_with("//"), "{path}: {to}");
        let sets = answer.headers.get_all("set-cookie");
        let mut cookies = sets.iter().filter_map(|cookie| cookie.to_str().ok());
        assert!(!cookies.any(|cookie| cookie.starts_with("opencr_session=ey")), "{path}");
    });
}

#[test]
fn fuzz_searches() {
    let path = prop::sample::select(vec![
        "/ocrux/fhir/Patient",
        "/ocrux/fhir/AuditEvent",
        "/ocrux/fhir/Person",
        "/ocrux/fhir",
        "/ocrux/fhir/ValueSet/x/$expand",
        "/ocrux/fhir/CodeSystem/$lookup",
        "/ocrux/match/get-match-issues",
        "/ocrux/match/get-new-auto-matches",
        "/ocrux/match/count-match-issues",
        "/ocrux/match/potential-matches/x",
        "/ocrux/csv/getCSVUpload",
        "/ocrux/csv/report/x",
    ]);
    let name = prop_oneof![
        "(_id|_count|_offset|_getpages|_getpagesoffset|_sort|_tag|_tag:not|_include|_revinclude|\
         _lastUpdated|_summary|_elements|entity|entity-name|date|agent|identifier|link|name|given|\
         family|birthdate|gender|phone|page|limit|offset|code|system|recursive|username)(:[a-z]{1,8})?",
        "[-A-Za-z0-9._%]{0,8}",
    ];
    let value = prop_oneof![
        "[-A-Za-z0-9._~%$'()*+,;:@/?!]{0,12}",
        "(-?[0-9]{1,25}|[0-9]{4}-[0-9]{2}(-[0-9]{2})?|(ge|lt|eq|zz)[0-9]{4})",
        "[a-z:/.%]{0,12}%7C[a-z0-9]{0,6}",
    ];
    let pair = (name, value).prop_map(|(name, value)| format!("{name}={value}"));
    let query = prop::collection::vec(pair, 0..6).prop_map(|pairs| pairs.join("&"));
    check((path, query), async |attacked, (path, query)| {
        let target = format!("{path}?{query}");
        if target.parse::<http::Uri>().is_err() {
            return;
        }
        let answer = attacked.plane.get(&target, &attacked.token).await;
        assert!(is_documented(&answer), "{target}: {answer:?}");
        let is_fhir = path.starts_with("/ocrux/fhir") && answer.status.is_client_error();
        let is_outcome = answer.body["resourceType"] == "OperationOutcome";
        assert!(!is_fhir || is_outcome, "{target}: {answer:?}");
    });
}
