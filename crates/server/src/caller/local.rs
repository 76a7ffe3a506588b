//! Whether a request that comes from this machine was meant for this server.
//!
//! A web page can make a browser on this machine send requests here: by naming a host of its
//! own that resolves to 127.0.0.1 (DNS rebinding), or simply across origins. Only the address
//! vouches for a caller in development, so the names must be our own.

use std::net::IpAddr;

use http::{
    HeaderMap, HeaderValue, Uri,
    header::{HOST, ORIGIN},
    uri::Authority,
};

/// Whether every `Host` and `Origin` names this machine, or the host of `base_url`.
pub(super) fn is_meant_for_us(headers: &HeaderMap, base_url: Option<&str>) -> bool {
    let own = base_url.and_then(host_of_url);
    let is_ours =
        |host: Option<String>| host.is_some_and(|host| is_local(&host) || Some(host) == own);
    let host = |value: &HeaderValue| value.to_str().ok().and_then(host_of);
    let origin = |value: &HeaderValue| value.to_str().ok().and_then(host_of_url);
    headers.get_all(HOST).iter().all(|value| is_ours(host(value)))
        && headers.get_all(ORIGIN).iter().all(|value| is_ours(origin(value)))
}

fn is_local(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
    host == "localhost" || address.parse().is_ok_and(is_loopback)
}

/// The name or address in `host:port`, in lower case.
fn host_of(text: &str) -> Option<String> {
    let authority: Authority = text.trim().parse().ok().filter(|_| !text.contains('@'))?;
    Some(authority.host().to_ascii_lowercase())
}

/// The same in `scheme://host:port/…`; `null`, the origin of opaque pages, has none.
fn host_of_url(text: &str) -> Option<String> {
    let url: Uri = text.trim().parse().ok()?;
    url.scheme()?;
    host_of(url.authority()?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, origin: &str, expected: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in [(HOST, host), (ORIGIN, origin)] {
            if !value.is_empty() {
                headers.insert(name, value.parse().unwrap());
            }
        }
        let is_meant = is_meant_for_us(&headers, Some("https://mpi.example.org/x"));
        assert_eq!(is_meant, expected, "{host} {origin}");
    }

    #[test]
    fn this_machine_and_the_configured_name_are_ours() {
        for host in [
            "",
            "localhost",
            "LocalHost:3000",
            "127.0.0.1:80",
            "127.9.9.9",
            "[::1]:3000",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "mpi.example.org",
            "MPI.example.org:444",
        ] {
            check(host, "", true);
        }
        for origin in ["http://localhost:5173", "http://127.0.0.1", "https://mpi.example.org"] {
            check("localhost", origin, true);
        }
    }

    #[test]
    fn other_names_are_not() {
        for host in [
            "evil.example",
            "evil.example:3000",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil@localhost",
            "10.0.0.1",
            "a b",
            "localhost, evil.example",
        ] {
            check(host, "", false);
        }
        for origin in ["null", "http://evil.example", "https://localhost.evil.example", "localhost"]
        {
            check("localhost", origin, false);
        }
    }
}
