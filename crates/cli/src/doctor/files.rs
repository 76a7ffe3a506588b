//! What the registry is told by files: configuration, rules, certificates.

use std::path::Path;

use pipeline::Clock;
use server::ServerSettings;

use super::Finding;
use crate::{config::Config, protection, wiring};

/// Days before its end at which a certificate is a warning.
const WARN_DAYS: i64 = 30;

const DAY_SECONDS: i64 = 24 * 60 * 60;

const SECOND_MICROS: i64 = 1_000_000;

/// It could be read, or nothing would be checked.
pub(super) fn configuration(path: Option<&Path>) -> Finding {
    let what = "configuration";
    match path {
        None => Finding::ok(what, "the defaults, and what the environment says"),
        Some(path) => Finding::ok(what, format!("{} over the defaults", path.display())),
    }
}

pub(super) fn rules(config: &Config) -> Finding {
    match wiring::extractor(config, None) {
        Err(error) => Finding::fail("rules", format!("{error:#}; see `opencr rules check`")),
        Ok(extractor) => {
            let rules = &config.matching.rules;
            let name = match rules.as_os_str().is_empty() {
                true => "those inside the binary".to_owned(),
                false => rules.display().to_string(),
            };
            let hash: String = extractor.ruleset().hash.to_string().chars().take(12).collect();
            Finding::ok("rules", format!("{name}, {hash}"))
        }
    }
}

/// TLS as the server would load it, and when its certificate ends.
pub(super) fn certificates(config: &Config) -> Vec<Finding> {
    let what = "certificates";
    let mut settings = ServerSettings::new(env!("CARGO_PKG_VERSION"));
    if let Err(error) = protection::apply(config, &mut settings) {
        return vec![Finding::fail(what, format!("{error:#}"))];
    }
    if !config.tls.is_on() {
        let text = "plain HTTP: for this machine, or behind a gateway that does TLS";
        return match config.server.address.is_loopback() {
            true => vec![Finding::ok(what, text)],
            false => vec![Finding::warn(what, format!("{text}; set tls.certificate"))],
        };
    }
    vec![ends(&config.tls.certificate)]
}

fn ends(path: &Path) -> Finding {
    let what = "certificates";
    let shown = path.display();
    let Some(end) = end_of(path) else {
        return Finding::fail(what, format!("{shown} cannot be read"));
    };
    let left = end - Clock::system().now().0 / SECOND_MICROS;
    match left / DAY_SECONDS {
        _ if left < 0 => Finding::fail(what, format!("{shown} is over: renew it")),
        days if days < WARN_DAYS => {
            Finding::warn(what, format!("{shown} ends in {days} days: renew it"))
        }
        days => Finding::ok(what, format!("{shown} ends in {days} days")),
    }
}

/// The last second of a certificate, of Unix time.
fn end_of(path: &Path) -> Option<i64> {
    let pem = std::fs::read(path).ok()?;
    let (_, block) = x509_parser::pem::parse_x509_pem(&pem).ok()?;
    let certificate = block.parse_x509().ok()?;
    Some(certificate.validity().not_after.timestamp())
}
