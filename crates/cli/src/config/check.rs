//! What types cannot say: ranges, addresses, and combinations that would be unsafe.

use std::{collections::HashSet, net::IpAddr, path::Path};

use toml::{Table, Value};
use tracing_subscriber::EnvFilter;

use super::{Config, ConfigError, Origins};

/// The allowed range of each number, both ends included.
const RANGES: [(&str, &str, i64, i64); 23] = [
    ("server", "port", 0, 65_535),
    ("server", "body_max_bytes", 1024, 1 << 30),
    ("server", "bodies_max_bytes", 0, 1 << 32),
    ("server", "request_timeout_seconds", 1, 86_400),
    ("matching", "potential_max", 1, 100_000),
    ("matching", "image_every_seconds", 1, 604_800),
    ("linker", "queue_max", 1, 10_000_000),
    ("linker", "batch_max", 1, 100_000),
    ("linker", "stale_retries_max", 0, 1000),
    ("people", "session_minutes", 1, 1440),
    ("people", "attempts_max", 2, 1000),
    ("people", "lock_minutes", 1, 1440),
    ("people", "logins_per_minute", 1, 10_000),
    ("people", "password_chars_min", 8, 24),
    ("callers", "search_criteria_min", 0, 20),
    ("callers", "search_results_max", 1, 1_000_000),
    ("callers", "searches_per_minute", 1, 1_000_000),
    ("audit", "keep_days", 0, 36_500),
    ("openhim", "heartbeat_seconds", 1, 3600),
    ("openhim", "port", 0, 65_535),
    ("traces", "one_in", 1, 1_000_000),
    ("demo", "records", 1, 1_000_000),
    ("demo", "seed", 0, i64::MAX),
];

/// Turns the merged table into a [`Config`] whose values can be relied on.
pub(super) fn config(table: Table, origins: Origins) -> Result<Config, ConfigError> {
    let checks = Checks { origins: &origins };
    checks.ranges(&table)?;
    checks.texts(&table)?;
    let mut config: Config = Value::Table(table).try_into().map_err(|error: toml::de::Error| {
        let (place, key) = ("configuration".to_owned(), "a key".to_owned());
        ConfigError::Value { place, key, why: format!("is wrong: {}", error.message()) }
    })?;
    checks.server(&config)?;
    checks.tls(&config)?;
    checks.systems(&config)?;
    checks.callers(&config)?;
    checks.image(&config)?;
    checks.people(&config)?;
    checks.openhim(&config)?;
    if config.linker.batch_max > config.linker.queue_max {
        let why = "must not be larger than linker.queue_max: a batch is taken from the queue";
        return Err(checks.refuse("linker.batch_max", why));
    }
    checks.traces(&config)?;
    if EnvFilter::try_new(&config.log.level).is_err() {
        let why =
            "must be error, warn, info, debug, trace, or directives as in info,pipeline=debug";
        return Err(checks.refuse("log.level", why));
    }
    config.origins = origins;
    Ok(config)
}

struct Checks<'a> {
    origins: &'a Origins,
}

impl Checks<'_> {
    fn refuse(&self, key: &str, why: impl Into<String>) -> ConfigError {
        let place = self.origins.get(key).map_or("default", String::as_str).to_owned();
        ConfigError::Value { place, key: key.to_owned(), why: why.into() }
    }

    fn ranges(&self, table: &Table) -> Result<(), ConfigError> {
        for (section, name, min, max) in RANGES {
            let value = table.get(section).and_then(|section| section.get(name));
            let number = value.and_then(Value::as_integer);
            if !number.is_some_and(|number| (min..=max).contains(&number)) {
                let why = format!("must be from {min} to {max}");
                return Err(self.refuse(&format!("{section}.{name}"), why));
            }
        }
        Ok(())
    }

    /// Checks texts that become other types, so that the message can name the key.
    fn texts(&self, table: &Table) -> Result<(), ConfigError> {
        let text = |section: &str, name: &str| {
            table.get(section).and_then(|section| section.get(name)).and_then(Value::as_str)
        };
        if text("server", "address").and_then(|text| text.parse::<IpAddr>().ok()).is_none() {
            let why = "must be an IP address such as 127.0.0.1, ::1 or 0.0.0.0 (no name, no port)";
            return Err(self.refuse("server.address", why));
        }
        let is_address = |item: &Value| {
            item.as_str().is_some_and(|text| text.parse::<server::Network>().is_ok())
        };
        for (section, name) in [("callers", "trusted_gateways"), ("metrics", "allow")] {
            let list = table.get(section).and_then(|section| section.get(name));
            if !list.and_then(Value::as_array).is_some_and(|list| list.iter().all(is_address)) {
                let why = "must hold IP addresses and networks only, such as ::1 or 10.0.0.0/8";
                return Err(self.refuse(&format!("{section}.{name}"), why));
            }
        }
        if !matches!(text("callers", "access_mode"), Some("enforce" | "log-only")) {
            let why = "must be \"enforce\" or \"log-only\"";
            return Err(self.refuse("callers.access_mode", why));
        }
        let levels = ["submit", "own", "identifiers", "demographics"];
        let clients = table.get("clients").and_then(Value::as_array);
        let named = clients.into_iter().flatten().filter_map(|client| client.get("access"));
        if !named.into_iter().all(|name| name.as_str().is_some_and(|name| levels.contains(&name))) {
            let why = "must each have an access of submit, own, identifiers or demographics";
            return Err(self.refuse("clients", why));
        }
        if !matches!(text("openhim", "authentication"), Some("basic" | "token")) {
            let why = "must be \"basic\" or \"token\"";
            return Err(self.refuse("openhim.authentication", why));
        }
        if !matches!(text("log", "format"), Some("text" | "json")) {
            return Err(self.refuse("log.format", "must be \"text\" or \"json\""));
        }
        Ok(())
    }

    fn traces(&self, config: &Config) -> Result<(), ConfigError> {
        let told = &config.traces;
        let is_url = ["https://", "http://"].iter().any(|scheme| told.url.starts_with(scheme));
        if !told.url.is_empty() && (!is_url || told.url.contains(['@', ' '])) {
            let why = "must be a URL such as http://localhost:4318/v1/traces, without a user";
            return Err(self.refuse("traces.url", why));
        }
        Ok(())
    }

    fn openhim(&self, config: &Config) -> Result<(), ConfigError> {
        let told = &config.openhim;
        let rest =
            ["https://", "http://"].into_iter().find_map(|scheme| told.url.strip_prefix(scheme));
        let authority = rest.unwrap_or_default().split(['/', '?', '#']).next().unwrap_or_default();
        if authority.is_empty() || authority.contains(['@', ' ']) {
            let why = "must be a URL such as https://openhim.example.org:8080, without a user";
            return Err(self.refuse("openhim.url", why));
        }
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let is_near = host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback());
        let is_in_clear = told.url.starts_with("http://") && !is_near;
        if is_in_clear && told.authentication == super::Authentication::Basic {
            let why = "must be https://, or anybody on the way reads the password";
            return Err(self.refuse("openhim.url", why));
        }
        let name = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_whitespace());
        let is_path = told.username.contains(['/', '?', '#', ':', '%']);
        if !name(&told.username) || is_path {
            return Err(self.refuse("openhim.username", "must be a user's name or e-mail address"));
        }
        if !told.urn.is_empty()
            && (!told.urn.starts_with("urn:") || told.urn.contains(['/', '?', ' ']))
        {
            return Err(self.refuse("openhim.urn", "must begin with urn:, or be empty"));
        }
        if !name(&told.host) {
            return Err(self.refuse("openhim.host", "must be a host's name or address"));
        }
        Ok(())
    }

    fn server(&self, config: &Config) -> Result<(), ConfigError> {
        let server = &config.server;
        if !server.address.is_loopback() {
            if !server.allow_insecure_remote && !config.tls.is_on() {
                let why = "would serve other machines without encryption. Either set \
                    tls.certificate and tls.key (`opencr ca server-cert` makes them), or listen on \
                    127.0.0.1 and put a proxy that does TLS in front, or set \
                    server.allow_insecure_remote = true if such a proxy or a closed network \
                    already protects it";
                return Err(self.refuse("server.address", why));
            }
            if config.callers.development {
                let why = "must be false where server.address is not loopback: it would let \
                    everybody who can reach the server submit and read as the development client";
                return Err(self.refuse("callers.development", why));
            }
        }
        let url = &server.base_url;
        let is_http = url.starts_with("http://") || url.starts_with("https://");
        if !url.is_empty() && (!is_http || url.ends_with('/') || url.contains(char::is_whitespace))
        {
            let why = "must be empty, or begin http:// or https:// and not end with a slash";
            return Err(self.refuse("server.base_url", why));
        }
        if config.data.folder.as_os_str().is_empty() {
            return Err(self.refuse("data.folder", "must name a folder, such as ./data"));
        }
        Ok(())
    }

    /// Files that need each other.
    fn tls(&self, config: &Config) -> Result<(), ConfigError> {
        let tls = &config.tls;
        let is_given = |path: &Path| !path.as_os_str().is_empty();
        let gateways = &config.callers.gateway_certificates;
        let wrong = if tls.is_on() != is_given(&tls.key) {
            Some(("tls.key", "and tls.certificate must both be given, or neither"))
        } else if is_given(&tls.client_ca) && !tls.is_on() {
            Some(("tls.client_ca", "needs tls.certificate: certificates are shown over TLS only"))
        } else if is_given(&tls.revoked) && !is_given(&tls.client_ca) {
            Some(("tls.revoked", "needs tls.client_ca, the CA that revokes"))
        } else if !gateways.is_empty() && !is_given(&tls.client_ca) {
            let why = "needs tls.client_ca, which verifies the gateways' certificates";
            Some(("callers.gateway_certificates", why))
        } else if !matches!(tls.min_version.as_str(), "1.2" | "1.3") {
            Some(("tls.min_version", "must be \"1.2\" or \"1.3\": older versions are not safe"))
        } else {
            None
        };
        wrong.map_or(Ok(()), |(key, why)| Err(self.refuse(key, why)))
    }

    fn systems(&self, config: &Config) -> Result<(), ConfigError> {
        let systems = &config.systems;
        let is_uri = |text: &str| {
            !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '|')
        };
        if systems.internal_ids.is_empty() {
            let why = "must name at least one identifier system: without, no Patient is accepted";
            return Err(self.refuse("systems.internal_ids", why));
        }
        if !systems.internal_ids.iter().all(|uri| is_uri(uri)) {
            let why = "must hold URIs: not empty, without spaces and without '|'";
            return Err(self.refuse("systems.internal_ids", why));
        }
        if !systems.domains.iter().all(|uri| is_uri(uri)) {
            let why = "must hold URIs: not empty, without spaces and without '|'";
            return Err(self.refuse("systems.domains", why));
        }
        let distinct: HashSet<_> = systems.internal_ids.iter().collect();
        if distinct.len() != systems.internal_ids.len() {
            return Err(self.refuse("systems.internal_ids", "must not name a system twice"));
        }
        let others = [
            ("systems.base_uri", &systems.base_uri),
            ("systems.broken_match_url", &systems.broken_match_url),
            ("codes.golden_record", &config.codes.golden_record),
        ];
        match others.into_iter().find(|(_, text)| !is_uri(text)) {
            Some((key, _)) => Err(self.refuse(key, "must not be empty and hold no spaces")),
            None => Ok(()),
        }
    }

    /// The image must not take the place of a file that belongs to the store.
    fn image(&self, config: &Config) -> Result<(), ConfigError> {
        let url = config.store_url();
        let (Some(database), Some(image)) = (url.strip_prefix("sqlite:"), config.image_path(&url))
        else {
            return Ok(());
        };
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let (database, image) = (absolute(Path::new(database)), absolute(&image));
        let beside = |path: &Path| path.to_string_lossy().into_owned();
        let rest = beside(&image).strip_prefix(&beside(&database)).map(str::to_owned);
        // A folder of that beginning is none of the store's files.
        if rest.is_some_and(|rest| rest != ".index" && !rest.contains(std::path::is_separator)) {
            let why = "must not begin with the name of the store's file, whose lock and log are \
                beside it; \"auto\" adds \".index\" to that name";
            return Err(self.refuse("matching.image", why));
        }
        Ok(())
    }

    fn people(&self, config: &Config) -> Result<(), ConfigError> {
        let is_label = |text: &String| {
            text.split_once(' ')
                .is_some_and(|(uri, label)| !uri.is_empty() && !label.trim().is_empty())
        };
        if !config.people.identifier_labels.iter().all(is_label) {
            let why = "must hold texts of a URI, a blank and a label, such as \
                \"http://example.org/nin National ID\"";
            return Err(self.refuse("people.identifier_labels", why));
        }
        let folder = &config.people.ui_folder;
        if !folder.as_os_str().is_empty() && !folder.join("index.html").is_file() {
            let why = "must be empty or a folder with an index.html, OpenCR's server/gui";
            return Err(self.refuse("people.ui_folder", why));
        }
        Ok(())
    }

    fn callers(&self, config: &Config) -> Result<(), ConfigError> {
        let ids: HashSet<_> = config.clients.iter().map(|client| client.id.as_str()).collect();
        if ids.len() != config.clients.len() {
            return Err(self.refuse("clients", "must not hold an id twice"));
        }
        if config.clients.iter().any(|client| client.id.trim().is_empty()) {
            return Err(self.refuse("clients", "must each have an id that is not empty"));
        }
        let callers = &config.callers;
        if callers.development && !ids.contains(callers.development_client.as_str()) {
            let mut known: Vec<_> = ids.into_iter().collect();
            known.sort_unstable();
            let why = format!("must be one of the clients: {}", known.join(", "));
            return Err(self.refuse("callers.development_client", why));
        }
        Ok(())
    }
}
