//! The configuration: the embedded defaults, a file over them, the environment over both.
//!
//! `config/default.toml` is the schema: a key that is not there does not exist, and its
//! default's type is the type of the key. Whatever is wrong is an error that says where the
//! value came from, what is allowed, and for a misspelt key which one was probably meant.

mod check;
mod environment;
mod merge;
pub(crate) mod opencr;
mod openhim;
mod people;
mod ui;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use server::{Access, AccessMode};
use thiserror::Error;

pub(crate) use openhim::{Authentication, OpenHim};
pub(crate) use people::People;
use ui::Ui;

/// Every key with its default, as shipped.
pub(crate) const DEFAULT: &str = include_str!("../../../config/default.toml");
/// OpenCR's default rules, used where `matching.rules` is empty.
pub(crate) const DEFAULT_RULES: &str = include_str!("../../../config/decisionRules.json");
/// The native rules that training begins with if none are named.
pub(crate) const NATIVE_RULES: &str = include_str!("../../../config/rules.toml");

/// What is in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The HTTP server.
    pub(crate) server: Server,
    /// Encryption and certificates.
    pub(crate) tls: Tls,
    /// The store.
    pub(crate) store: Store,
    /// The data folder.
    pub(crate) data: Data,
    /// Matching.
    pub(crate) matching: Matching,
    /// Bounds of the write side.
    pub(crate) linker: Linker,
    /// Identifier systems and URIs.
    pub(crate) systems: Systems,
    /// Codes.
    pub(crate) codes: Codes,
    /// How callers are known.
    pub(crate) callers: Callers,
    /// Being a mediator of an OpenHIM.
    pub(crate) openhim: OpenHim,
    /// People who sign in.
    pub(crate) people: People,
    /// The stewards' room.
    pub(crate) ui: Ui,
    /// The audit log.
    pub(crate) audit: Audit,
    /// Figures for Prometheus.
    pub(crate) metrics: Metrics,
    /// Logging.
    pub(crate) log: Log,
    /// Traces for an OpenTelemetry collector.
    pub(crate) traces: Traces,
    /// The made-up population.
    pub(crate) demo: Demo,
    /// The submitting systems.
    pub(crate) clients: Vec<Client>,
    /// Where the values that are not defaults came from, by key.
    #[serde(skip)]
    origins: Origins,
    /// What the operator should know, such as environment variables that are ignored.
    #[serde(skip)]
    pub(crate) warnings: Vec<String>,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    /// The address listened on.
    pub(crate) address: IpAddr,
    /// The port; 0 for a free one.
    pub(crate) port: u16,
    /// Whether other machines are served without encryption.
    pub(crate) allow_insecure_remote: bool,
    /// The largest request body.
    pub(crate) body_max_bytes: usize,
    /// What all large bodies of the moment may have together; 0 for a share of the memory.
    pub(crate) bodies_max_bytes: usize,
    /// The public URL; empty to take it from the request.
    pub(crate) base_url: String,
    /// The longest that a request may take.
    pub(crate) request_timeout_seconds: u64,
}

/// `[tls]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    /// The server's certificate; empty for plain HTTP.
    pub(crate) certificate: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
    /// The CA of clients; empty for none.
    pub(crate) client_ca: PathBuf,
    /// Its list of revoked certificates; empty for none.
    pub(crate) revoked: PathBuf,
    /// The oldest version spoken.
    pub(crate) min_version: String,
}

impl Tls {
    /// Whether the listener speaks TLS.
    pub(crate) fn is_on(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }
}

/// `[store]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    /// The store's URL; empty for SQLite in the data folder.
    pub(crate) url: String,
}

/// `[data]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Data {
    /// The folder.
    pub(crate) folder: PathBuf,
}

/// `[matching]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Matching {
    /// The rule file; empty for the embedded rules.
    pub(crate) rules: PathBuf,
    /// Potential matches kept per record and rule.
    pub(crate) potential_max: usize,
    /// Whether rules may move adjudicated records.
    pub(crate) rematch_adjudicated: bool,
    /// The file of the index: `auto`, empty for none, or a path.
    pub(crate) image: PathBuf,
    /// Seconds between two images.
    pub(crate) image_every_seconds: u64,
}

/// `[linker]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Linker {
    /// Submissions that may wait.
    pub(crate) queue_max: usize,
    /// Submissions per commit.
    pub(crate) batch_max: usize,
    /// Repeats of a stale batch.
    pub(crate) stale_retries_max: usize,
}

/// `[systems]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Systems {
    /// Identifier systems of source records.
    pub(crate) internal_ids: Vec<String>,
    /// Other identifier systems that are known.
    pub(crate) domains: Vec<String>,
    /// The beginning of tag systems.
    pub(crate) base_uri: String,
    /// The extension of broken matches.
    pub(crate) broken_match_url: String,
}

/// `[codes]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Codes {
    /// The tag of golden records.
    pub(crate) golden_record: String,
}

/// `[callers]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Callers {
    /// Whether a nameless request on loopback is taken for `development_client`.
    pub(crate) development: bool,
    /// That client.
    pub(crate) development_client: String,
    /// Whether access levels are kept to.
    pub(crate) access_mode: AccessMode,
    /// Least criteria of a search over all records.
    pub(crate) search_criteria_min: usize,
    /// Most results of one.
    pub(crate) search_results_max: usize,
    /// Searches of a client in a minute.
    pub(crate) searches_per_minute: u32,
    /// Who may say for whom it speaks: addresses and networks.
    pub(crate) trusted_gateways: Vec<String>,
    /// The same by names of certificates.
    pub(crate) gateway_certificates: Vec<String>,
    /// The file of clients: `auto`, empty for none, or a path.
    pub(crate) clients_file: PathBuf,
}

/// `[[clients]]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    /// The id.
    pub(crate) id: String,
    /// The display name.
    pub(crate) name: String,
    /// Whether it is refused for the time being.
    #[serde(default)]
    pub(crate) disabled: bool,
    /// How much it sees.
    #[serde(default)]
    pub(crate) access: Access,
    /// Identifier systems that it may submit; empty for any.
    #[serde(default)]
    pub(crate) systems: Vec<String>,
    /// Systems of others' identifiers that `$ihe-pix` gives it at `own`.
    #[serde(default)]
    pub(crate) target_systems: Vec<String>,
}

/// `[audit]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Audit {
    /// Whether search terms are written as keyed hashes.
    pub(crate) hash_terms: bool,
    /// Days that entries are kept; 0 for ever.
    pub(crate) keep_days: u64,
}

/// `[metrics]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metrics {
    /// Whether there is `/metrics`.
    pub(crate) enabled: bool,
    /// Who may read it: addresses and networks.
    pub(crate) allow: Vec<String>,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    /// The form of log lines.
    pub(crate) format: LogFormat,
    /// The level, or filter directives.
    pub(crate) level: String,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// `[traces]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Traces {
    /// Where spans are sent; empty: nowhere.
    pub(crate) url: String,
    /// The CA of the collector's certificate; empty: those that browsers know.
    pub(crate) ca: String,
    /// Of how many traces one is sent.
    pub(crate) one_in: u32,
}

/// `[demo]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Demo {
    /// How many records.
    pub(crate) records: usize,
    /// The seed.
    pub(crate) seed: u64,
}

/// Where values came from: key and `<file> line <n>` or the environment variable.
type Origins = BTreeMap<String, String>;

/// Says what is wrong with the configuration, where, and what to do.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not valid TOML: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser says, with the line.
        message: String,
    },
    /// There is no such key.
    #[error("{place}: there is no key '{key}'{hint}")]
    UnknownKey {
        /// File and line, or environment variable.
        place: String,
        /// The key.
        key: String,
        /// The nearest known key, or where to find them.
        hint: String,
    },
    /// The value has another type.
    #[error("{place}: {key} must be {expected}, not {found}")]
    WrongType {
        /// File and line, or environment variable.
        place: String,
        /// The key.
        key: String,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The value is of the right type, but not allowed.
    #[error("{place}: {key} {why}")]
    Value {
        /// File and line, environment variable, or `default`.
        place: String,
        /// The key.
        key: String,
        /// What it must be.
        why: String,
    },
}

impl Config {
    /// Puts together the defaults, `file`, OpenCR's own variables in `env` such as `app__port`, and
    /// those that begin `OPENCR__`; what comes later goes over what came before.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: the process must not start; the message tells the operator what to do.
    pub(crate) fn load(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let schema = merge::schema();
        let mut effective = schema.clone();
        let mut origins = Origins::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
            merge::file(&schema, path, &text, &mut effective, &mut origins)?;
        }
        let env: Vec<(String, String)> = env.collect();
        let warnings = opencr::apply(&env, &mut effective, &mut origins)?;
        environment::apply(&schema, env.into_iter(), &mut effective, &mut origins)?;
        let mut config = check::config(effective, origins)?;
        config.warnings = warnings;
        Ok(config)
    }

    /// Checks `text` as the file at `path`, over the defaults alone.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], as [`Config::load`].
    pub(crate) fn of_text(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let schema = merge::schema();
        let (mut effective, mut origins) = (schema.clone(), Origins::new());
        merge::file(&schema, path, text, &mut effective, &mut origins)?;
        check::config(effective, origins)
    }

    /// Writes what is in force as TOML, passwords in URLs hidden.
    ///
    /// The comments at its head say where values that are not defaults came from.
    pub(crate) fn describe(&self) -> String {
        let mut shown = self.clone();
        shown.store.url = without_password(&shown.store.url);
        let mut text = String::from("# The configuration in force.\n");
        for (key, origin) in &self.origins {
            text.push_str(&format!("# {key}: from {origin}\n"));
        }
        let body = toml::to_string_pretty(&shown).expect("a Config has no maps with odd keys");
        text.push('\n');
        text.push_str(&body);
        text
    }

    /// Gives the store's URL, made from the data folder if none is configured.
    pub(crate) fn store_url(&self) -> String {
        if self.store.url.is_empty() {
            return format!("sqlite:{}", self.data.folder.join("opencr.sqlite").display());
        }
        self.store.url.clone()
    }

    /// Gives the file of clients, if there is to be one.
    pub(crate) fn clients_path(&self) -> Option<PathBuf> {
        match self.callers.clients_file.to_str() {
            Some("") => None,
            Some("auto") => Some(self.data.folder.join("clients.toml")),
            _ => Some(self.callers.clients_file.clone()),
        }
    }

    /// Gives the file that the index of the store at `url` is kept in, if it is kept.
    pub(crate) fn image_path(&self, url: &str) -> Option<PathBuf> {
        let beside: PathBuf = match url.strip_prefix("sqlite:") {
            Some(database) => format!("{database}.index").into(),
            None if url.starts_with("postgres") => self.data.folder.join("opencr.index"),
            None => return None,
        };
        match self.matching.image.to_str() {
            Some("") => None,
            Some("auto") => Some(beside),
            _ => Some(self.matching.image.clone()),
        }
    }

    /// Gives the text of the rules in force and where they are from.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Read`]: `matching.rules` names a file that cannot be read.
    pub(crate) fn rules(&self) -> Result<(String, String), ConfigError> {
        let path = &self.matching.rules;
        if path.as_os_str().is_empty() {
            return Ok((DEFAULT_RULES.to_owned(), "the rules inside the binary".to_owned()));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.clone(), source })?;
        Ok((text, path.display().to_string()))
    }
}

/// The file that a key names, if it names one.
pub(crate) fn named(path: &Path) -> Option<&Path> {
    (!path.as_os_str().is_empty()).then_some(path)
}

/// Hides what stands between `:` and `@` in a URL's authority, and a password in its query.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    let place = match place.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => {
            let name = user.split(':').next().unwrap_or(user);
            format!("{name}:***@{host}")
        }
        _ => place.to_owned(),
    };
    let hide = |part: &str| match part.split_once('=') {
        Some((key, _)) if key.eq_ignore_ascii_case("password") => format!("{key}=***"),
        _ => part.to_owned(),
    };
    let query = query.map(|query| query.split('&').map(hide).collect::<Vec<_>>().join("&"));
    format!("{scheme}://{place}{}", query.map_or(String::new(), |query| format!("?{query}")))
}
