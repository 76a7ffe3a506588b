//! OpenHIM core's API: two forms of authentication, bounded answers, no redirects.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sha2::{Digest, Sha512};
use thiserror::Error;
use ureq::Agent;

use crate::{
    config::{Authentication, OpenHim, named},
    http::{self, Trust},
    usage,
};

/// The longest that one request may take, from its first byte to the answer's last.
const REQUEST_MAX: Duration = Duration::from_secs(10);
/// The longest answer that is read; a mediator's configuration has a hundredth of it.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// What the password may be given in, if there is no file.
const PASSWORD: &str = "OPENCR_OPENHIM_PASSWORD";

/// Why the core did not do what it was asked for. No text of the core's is in it.
#[derive(Debug, Error)]
pub(super) enum CoreError {
    /// It was not reached, or broke off, or was too slow.
    #[error("OpenHIM is not reached ({0}): check openhim.url, openhim.ca and the network")]
    Unreachable(String),
    /// It does not take the user.
    #[error(
        "OpenHIM refuses the user with {0}: check openhim.username, its password and \
         openhim.authentication (version 8 and newer: \"basic\"), and both clocks"
    )]
    Unauthorized(u16),
    /// It answers with another status than it should.
    #[error("OpenHIM answers {path} with {status} and not {expected}")]
    Status { path: &'static str, status: u16, expected: u16 },
    /// It answers with something that is no JSON, or too long.
    #[error("OpenHIM's answer is not JSON of at most {ANSWER_BYTES_MAX} bytes")]
    Answer,
}

/// The core, and who we are there. No `Debug`: it holds a password.
pub(super) struct Core {
    agent: Agent,
    url: String,
    username: String,
    password: String,
    authentication: Authentication,
}

impl Core {
    /// Reads the password and the certificates.
    pub(super) fn of(told: &OpenHim) -> anyhow::Result<Self> {
        let trust = match told.trust_self_signed {
            true => Trust::Anybody,
            false => Trust::file("openhim.ca", named(&told.ca)),
        };
        let agent = http::agent(&trust, REQUEST_MAX)?;
        let url = told.url.trim_end_matches('/').to_owned();
        let password = password(told)?;
        let authentication = told.authentication;
        Ok(Self { agent, url, username: told.username.clone(), password, authentication })
    }

    /// Sends `body`; gives the answer if its status is the expected one, `null` if it is empty.
    pub(super) fn post(&self, path: &str, body: &Value, expected: u16) -> Result<Value, CoreError> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/json");
        let request = self
            .proof()?
            .into_iter()
            .fold(request, |request, (name, value)| request.header(name, value));
        let response = request.send(body.to_string()).map_err(unreachable)?;
        let status = response.status().as_u16();
        if matches!(status, 401 | 403) {
            return Err(CoreError::Unauthorized(status));
        }
        if status != expected {
            let is_beat = path.ends_with("/heartbeat");
            let path = if is_beat { "a heartbeat" } else { "the registration" };
            return Err(CoreError::Status { path, status, expected });
        }
        let text = read(response)?;
        // A registration is answered with words.
        if text.trim().is_empty() || expected == 201 {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|_| CoreError::Answer)
    }

    /// The headers that prove the user.
    fn proof(&self) -> Result<Vec<(&'static str, String)>, CoreError> {
        if self.authentication == Authentication::Basic {
            let pair = STANDARD.encode(format!("{}:{}", self.username, self.password));
            return Ok(vec![("authorization", format!("Basic {pair}"))]);
        }
        let user = utf8_percent_encode(&self.username, NON_ALPHANUMERIC);
        let url = format!("{}/authenticate/{user}", self.url);
        let response = self.agent.get(url).call().map_err(unreachable)?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(CoreError::Unauthorized(status));
        }
        let told: Value = serde_json::from_str(&read(response)?).map_err(|_| CoreError::Answer)?;
        let (Some(salt), Some(ts)) = (told["salt"].as_str(), told["ts"].as_str()) else {
            return Err(CoreError::Answer);
        };
        // The core's own time goes back: it takes what is ten seconds old, whatever our clock says.
        let token = token(&self.password, salt, ts);
        Ok(vec![
            ("auth-username", self.username.clone()),
            ("auth-ts", ts.to_owned()),
            ("auth-salt", salt.to_owned()),
            ("auth-token", token),
        ])
    }
}

/// What proves a user to OpenHIM before version 8 (contract 4.4).
pub(super) fn token(password: &str, salt: &str, ts: &str) -> String {
    let hex = |text: String| format!("{:x}", Sha512::digest(text));
    hex(format!("{}{salt}{ts}", hex(format!("{salt}{password}"))))
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<String, CoreError> {
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    let body = body.map_err(|error| match error {
        ureq::Error::BodyExceedsLimit(_) => CoreError::Answer,
        error => unreachable(error),
    })?;
    String::from_utf8(body).map_err(|_| CoreError::Answer)
}

fn unreachable(error: ureq::Error) -> CoreError {
    CoreError::Unreachable(http::why(&error))
}

fn password(told: &OpenHim) -> anyhow::Result<String> {
    let password = http::password("openhim.password_file", named(&told.password_file), PASSWORD)?;
    password.ok_or_else(|| {
        usage(format!(
            "openhim.enabled needs the password of openhim.username: put it into a file and name \
             that by openhim.password_file, or into the variable {PASSWORD}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_that_of_openhims_own_arithmetic() {
        // printf %s saltpassword | sha512sum, then printf %s "${it}salt2020-01-01" | sha512sum
        let expected = "35605d6cc1d687be46594912a858ae71d4f1dafc12209b1f1225266e0b677cd3\
                        f15b51c92be4cc27fc77517665d4905ea24aebb295b05cb6bbd3d9917ea43836";
        assert_eq!(token("password", "salt", "2020-01-01"), expected);
    }
}
