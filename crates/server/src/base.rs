//! [`Base`]: the URL that links in answers begin with.

use http::{HeaderMap, header::HOST};

use crate::settings::ServerSettings;

/// Longest `Host` that is repeated in links; DNS names end at 253 characters, ports at 6.
const HOST_BYTES_MAX: usize = 260;

/// The base URL of the FHIR API as the client sees it, without a slash at its end.
#[derive(Clone, Debug)]
pub(crate) struct Base(String);

impl Base {
    /// The configured URL; else one made of a well-formed `Host`; else the path alone.
    ///
    /// Headers of proxies are not believed: who runs behind one configures the URL.
    pub(crate) fn new(settings: &ServerSettings, headers: &HeaderMap) -> Self {
        if let Some(url) = &settings.base_url {
            return Self(format!("{}/fhir", url.trim_end_matches('/')));
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        match host.filter(|host| is_host(host)) {
            Some(host) => {
                let scheme = if settings.tls.is_some() { "https" } else { "http" };
                Self(format!("{scheme}://{host}/fhir"))
            }
            None => Self("/fhir".to_owned()),
        }
    }

    /// The base itself.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Where a Patient is.
    pub(crate) fn patient(&self, id: &str) -> String {
        format!("{}/Patient/{id}", self.0)
    }

    /// What follows the base in a URL of a Bundle entry, which may be written with or without.
    pub(crate) fn relative<'u>(&self, url: &'u str) -> &'u str {
        let rest = url.strip_prefix(&self.0).unwrap_or(url);
        rest.trim_start_matches('/')
    }
}

/// Whether `text` is a name or address with an optional port (RFC 3986 section 3.2).
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, port)) => match port.strip_prefix(':') {
            Some(port) => (address, Some(port)),
            None => return false,
        },
        None => match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        },
    };
    let is_address = text.starts_with('[');
    let fits = |byte: u8| match is_address {
        true => byte.is_ascii_hexdigit() || byte == b':' || byte == b'.',
        false => byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-',
    };
    text.len() <= HOST_BYTES_MAX
        && !name.is_empty()
        && name.bytes().all(fits)
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_a_name_or_an_address_with_a_port() {
        for good in ["localhost", "localhost:3000", "10.0.0.1:80", "[::1]:3000", "[::1]", "a-b.c"] {
            assert!(is_host(good), "{good}");
        }
        for bad in ["", ":80", "a/b", "a b", "a:x", "a:99999", "[::1", "[]", "[::1]x", "u@h", "a?b"]
        {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
