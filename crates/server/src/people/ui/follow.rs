//! One trip instead of two: who sends a form with the header `OpenCR-Follow` is answered with the page that the
//! redirect would lead to, and its address as `Content-Location` (RFC 9110, 8.7).
//!
//! On a line with half a second of latency the second trip is half of what a steward waits for. The page is asked for
//! inside the server as the browser would: with its cookies, by every layer, with its own line in the log and the audit
//! log. So nothing is done here that a browser could not do itself.

use axum::{Router, body::Body, extract::Request, response::Response};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN,
        SET_COOKIE,
    },
    request::Parts,
};
use tower::{ServiceExt as _, service_fn};

use super::{cookies, reply};

/// Asks for the page instead of where it is; the value says nothing.
const FOLLOW: HeaderName = HeaderName::from_static("opencr-follow");

/// Puts it before all routes.
pub(crate) fn follow(routes: Router) -> Router {
    let service = service_fn(move |request: Request| {
        let routes = routes.clone();
        async move {
            if is_asked_for(&request) {
                answer(routes, request).await
            } else {
                routes.oneshot(request).await
            }
        }
    });
    Router::new().fallback_service(service)
}

fn is_asked_for(request: &Request) -> bool {
    request.method() == Method::POST
        && request.headers().contains_key(FOLLOW)
        && request.uri().path().starts_with("/ui/")
}

async fn answer(routes: Router, request: Request) -> Result<Response, std::convert::Infallible> {
    let (parts, body) = request.into_parts();
    let again = parts.clone();
    let first = routes.clone().oneshot(Request::from_parts(parts, body)).await?;
    let Some(page) = leads_to(&first).and_then(|address| asking_for(address, again, &first)) else {
        return Ok(first);
    };
    let address = page.uri().to_string();
    let mut second = routes.oneshot(page).await?;
    let headers = second.headers_mut();
    // What the page sets comes later and counts.
    let own: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    for cookie in first.headers().get_all(SET_COOKIE).iter().cloned().chain(own) {
        headers.append(SET_COOKIE, cookie);
    }
    if second.status().is_success()
        && let Ok(address) = HeaderValue::from_str(&address)
    {
        second.headers_mut().insert(CONTENT_LOCATION, address);
    }
    Ok(second)
}

/// The page of the room that an answer leads to, if it leads to one.
fn leads_to(answer: &Response) -> Option<&str> {
    let address = answer.headers().get(LOCATION)?.to_str().ok()?;
    let is_own = reply::own_address(address) == address;
    (answer.status() == StatusCode::SEE_OTHER && is_own).then_some(address)
}

/// The request that a browser would send next.
fn asking_for(address: &str, sent: Parts, answer: &Response) -> Option<Request> {
    let mut request = Request::builder().uri(address).body(Body::empty()).ok()?;
    *request.extensions_mut() = sent.extensions;
    let mut headers = sent.headers;
    for of_the_form in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, ORIGIN, FOLLOW] {
        headers.remove(of_the_form);
    }
    if let Some(cookie) = with_new_cookies(&headers, answer.headers()) {
        headers.insert(COOKIE, cookie);
    }
    *request.headers_mut() = headers;
    Some(request)
}

/// The cookies that a browser has after an answer.
fn with_new_cookies(sent: &HeaderMap, answered: &HeaderMap) -> Option<HeaderValue> {
    let set = answered.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let set = set.filter_map(|cookie| cookie.split(';').next()?.trim().split_once('='));
    let set: Vec<(&str, &str)> = set.collect();
    let kept = cookies::all(sent).filter(|(name, _)| set.iter().all(|(known, _)| known != name));
    let all: Vec<String> =
        kept.chain(set.iter().copied()).map(|(name, value)| format!("{name}={value}")).collect();
    HeaderValue::from_str(&all.join("; ")).ok()
}

#[cfg(test)]
mod tests {
    use axum::{
        extract::Path,
        response::IntoResponse,
        routing::{get, post},
    };
    use http_body_util::BodyExt as _;

    use super::*;

    async fn asked(path: &str, does_follow: bool) -> (u16, HeaderMap, String) {
        let to = |address: &'static str| {
            let cookies = [(SET_COOKIE, "said=done; Path=/ui"), (SET_COOKIE, "new=1")];
            post(move || async move {
                let mut answer = (StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response();
                for (name, value) in cookies {
                    answer.headers_mut().append(name, HeaderValue::from_static(value));
                }
                answer
            })
        };
        let shown = get(async |Path(id): Path<String>, headers: HeaderMap| {
            let cookie = headers[COOKIE].to_str().unwrap().to_owned();
            assert!(!headers.contains_key(CONTENT_TYPE) && !headers.contains_key(ORIGIN));
            ([(SET_COOKIE, "said=; Max-Age=0")], format!("page {id}: {cookie}"))
        });
        let routes = Router::new()
            .route("/ui/do/{it}", to("/ui/page/7?a=b"))
            .route("/ui/leave/{it}", to("https://evil.test/ui/page/7"))
            .route("/ui/lost/{it}", to("/ui/nothing"))
            .route("/do/{it}", to("/ui/page/7"))
            .route("/ui/page/{id}", shown);
        let mut request = Request::post(path)
            .header(COOKIE, "said=old; session=s")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ORIGIN, "http://here.test");
        if does_follow {
            request = request.header(FOLLOW, "1");
        }
        let answer =
            follow(routes).oneshot(request.body(Body::from("a=b")).unwrap()).await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        (status, headers, String::from_utf8(text.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn form_is_answered_with_the_page_that_it_leads_to() {
        let (status, headers, text) = asked("/ui/do/this", true).await;
        assert_eq!((status, text.as_str()), (200, "page 7: session=s; said=done; new=1"));
        assert_eq!(headers[CONTENT_LOCATION], "/ui/page/7?a=b");
        let set: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(set, ["said=done; Path=/ui", "new=1", "said=; Max-Age=0"]);
    }

    #[tokio::test]
    async fn nothing_else_is_followed() {
        for (path, does_follow) in
            [("/ui/do/this", false), ("/do/this", true), ("/ui/leave/this", true)]
        {
            let (status, headers, _) = asked(path, does_follow).await;
            assert_eq!(status, 303, "{path}");
            assert!(!headers.contains_key(CONTENT_LOCATION), "{path}");
        }
        let (status, headers, _) = asked("/ui/lost/this", true).await;
        assert_eq!((status, headers.contains_key(CONTENT_LOCATION)), (404, false));
    }
}
