//! `postgres://…`: where the database is, and what this store adds to such a URL.
//!
//! Most of the URL is tokio-postgres' own. The password may stand in it, in the file that
//! `password_file` names, or in `PGPASSWORD`; it is never shown.

use std::{fs, path::PathBuf, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};

use crate::StoreError;

/// Connections of one process at the most, unless the URL says otherwise.
const POOL_MAX: usize = 16;

/// How an encrypted connection is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// Nothing is encrypted.
    Disable,
    /// Encrypted with whoever answers.
    Require,
    /// The server's certificate is of a CA that is trusted.
    VerifyCa,
    /// And names the host.
    VerifyFull,
}

/// What a URL says.
pub(super) struct Location {
    /// For the client library, with the session's settings.
    pub(super) config: Config,
    /// Without its password, for people.
    pub(super) shown: String,
    /// Where the tables are.
    pub(super) schema: String,
    /// Connections at the most.
    pub(super) pool_max: usize,
    /// How a connection is encrypted.
    pub(super) tls: Tls,
    /// The CA of the server's certificate.
    pub(super) root: Option<PathBuf>,
    /// A certificate of ours, and its key.
    pub(super) own: Option<(PathBuf, PathBuf)>,
    /// The longest that one statement may take.
    pub(super) statement_timeout: Duration,
    /// The longest that connecting may take.
    pub(super) connect_timeout: Duration,
}

/// The URL without what stands between `:` and `@`, and without its query.
fn without_secrets(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('?').next().unwrap_or(rest);
    let place = match rest.rsplit_once('@') {
        Some((user, place)) => format!("{}@{place}", user.split(':').next().unwrap_or(user)),
        None => rest.to_owned(),
    };
    format!("postgres://{place}")
}

/// The parts of the query that are this store's.
#[derive(Default)]
struct Own {
    rest: Vec<String>,
    schema: Option<String>,
    pool_max: Option<String>,
    statement_timeout: Option<String>,
    lock_timeout: Option<String>,
    password_file: Option<String>,
    sslmode: Option<String>,
    sslrootcert: Option<String>,
    sslcert: Option<String>,
    sslkey: Option<String>,
}

impl Own {
    fn of(query: &str) -> Result<Self, String> {
        let mut own = Self::default();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let slot = match key {
                "schema" => &mut own.schema,
                "pool_max" => &mut own.pool_max,
                "statement_timeout" => &mut own.statement_timeout,
                "lock_timeout" => &mut own.lock_timeout,
                "password_file" => &mut own.password_file,
                "sslmode" => &mut own.sslmode,
                "sslrootcert" => &mut own.sslrootcert,
                "sslcert" => &mut own.sslcert,
                "sslkey" => &mut own.sslkey,
                "options" => return Err("options are set by the registry itself".to_owned()),
                _ => {
                    own.rest.push(part.to_owned());
                    continue;
                }
            };
            let value = percent_encoding::percent_decode_str(value).decode_utf8();
            let value = value.map_err(|_| format!("{key} is not UTF-8"))?;
            *slot = Some(value.into_owned());
        }
        Ok(own)
    }
}

impl Location {
    /// Reads `url`; `password` is that of the environment.
    ///
    /// # Errors
    ///
    /// [`StoreError::Location`], which says what to write instead.
    pub(super) fn parse(url: &str, password: Option<String>) -> Result<Self, StoreError> {
        let shown = without_secrets(url);
        Self::read(url, password, shown.clone())
            .map_err(|reason| StoreError::Location { url: shown, reason })
    }

    fn read(url: &str, password: Option<String>, shown: String) -> Result<Self, String> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let own = Own::of(query)?;
        let url = match own.rest.is_empty() {
            true => place.to_owned(),
            false => format!("{place}?{}", own.rest.join("&")),
        };
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            cause.unwrap_or_else(|| error.to_string())
        })?;
        let schema = own.schema.unwrap_or_else(|| "opencr".to_owned());
        if !is_name(&schema) {
            return Err("schema must be lower-case letters, digits and _, 40 at most".to_owned());
        }
        let pool_max = number("pool_max", own.pool_max, POOL_MAX as u64, 4..=1000)?;
        let statement = number("statement_timeout", own.statement_timeout, 30, 1..=3600)?;
        let lock = number("lock_timeout", own.lock_timeout, 10, 1..=3600)?;
        set_password(&mut config, own.password_file, password)?;
        let connect_timeout = set_connection(&mut config)?;
        let tls = tls(own.sslmode.as_deref(), &config, own.sslrootcert.is_some())?;
        let root = own.sslrootcert.map(PathBuf::from);
        if matches!(tls, Tls::VerifyCa | Tls::VerifyFull) && root.is_none() {
            return Err("name the CA of the server's certificate by sslrootcert=<file>, or say \
                        sslmode=disable where nobody else can listen"
                .to_owned());
        }
        let is_encrypted = tls != Tls::Disable;
        config.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
        let own_certificate = match (own.sslcert, own.sslkey) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            _ => return Err("sslcert and sslkey belong together".to_owned()),
        };
        // A node that hangs or is cut off must not keep the head locked for longer than others
        // wait for it. Ours say something all the time while they hold it; a turn has a limit of its own.
        config.options(format!(
            "-c search_path={schema} -c statement_timeout={statement}s -c lock_timeout={lock}s \
             -c idle_in_transaction_session_timeout={lock}s -c timezone=UTC -c jit=off \
             -c client_encoding=UTF8 -c standard_conforming_strings=on"
        ));
        Ok(Self {
            config,
            shown: format!("{shown} (schema {schema})"),
            schema,
            pool_max: usize::try_from(pool_max).unwrap_or(POOL_MAX),
            tls,
            root,
            own: own_certificate,
            statement_timeout: Duration::from_secs(statement),
            connect_timeout,
        })
    }
}

/// Names that need no quotes. PostgreSQL cuts off at 63; channels and locks add to it.
fn is_name(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    text.len() <= 40
        && text.starts_with(is_letter)
        && text.chars().all(|letter| is_letter(letter) || letter.is_ascii_digit())
        && !text.starts_with("pg_")
}

fn number(
    key: &str,
    value: Option<String>,
    default: u64,
    allowed: std::ops::RangeInclusive<u64>,
) -> Result<u64, String> {
    let number = value.map_or(Ok(default), |value| value.parse());
    number.ok().filter(|number| allowed.contains(number)).ok_or_else(|| {
        format!("{key} must be a number from {} to {}", allowed.start(), allowed.end())
    })
}

fn set_password(
    config: &mut Config,
    file: Option<String>,
    environment: Option<String>,
) -> Result<(), String> {
    if let Some(path) = file {
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("cannot read password_file {path}: {error}"))?;
        config.password(text.trim_end_matches(['\r', '\n']));
    } else if config.get_password().is_none()
        && let Some(password) = environment
    {
        config.password(password);
    }
    Ok(())
}

/// What every connection has, and how long opening one may take.
fn set_connection(config: &mut Config) -> Result<Duration, String> {
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        config.host("/var/run/postgresql");
    }
    if config.get_user().is_none() {
        return Err("name the role, as in postgres://opencr@host/opencr".to_owned());
    }
    if config.get_dbname().is_none() {
        return Err("name the database, as in postgres://opencr@host/opencr".to_owned());
    }
    if config.get_application_name().is_none() {
        config.application_name("opencr");
    }
    // With several hosts, as after a failover, the one that takes writes is meant.
    if config.get_hosts().len() > 1 {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    let timeout = config.get_connect_timeout().copied().unwrap_or(Duration::from_secs(10));
    config.connect_timeout(timeout);
    config.tcp_user_timeout(Duration::from_secs(15));
    config.keepalives(true).keepalives_idle(Duration::from_secs(15));
    config.keepalives_interval(Duration::from_secs(5)).keepalives_retries(3);
    Ok(timeout)
}

/// Whether the way to all hosts stays in this machine.
fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }) && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
}

fn is_socket(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)))
        && !config.get_hosts().is_empty()
}

fn tls(mode: Option<&str>, config: &Config, has_root: bool) -> Result<Tls, String> {
    match mode {
        // Sockets of this machine are not encrypted; libpq passes over it, too.
        _ if is_socket(config) => Ok(Tls::Disable),
        // Who names a CA wants it asked, here too.
        None if is_local(config) && !has_root => Ok(Tls::Disable),
        None | Some("verify-full") => Ok(Tls::VerifyFull),
        Some("verify-ca") => Ok(Tls::VerifyCa),
        Some("require") => Ok(Tls::Require),
        Some("disable") => Ok(Tls::Disable),
        Some("allow" | "prefer") => Err("sslmode allow and prefer let anybody on the way switch \
                                         encryption off; write verify-full or disable"
            .to_owned()),
        Some(_) => Err("sslmode must be verify-full, verify-ca, require or disable".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Location, String> {
        Location::parse(url, None).map_err(|error| error.to_string())
    }

    #[test]
    fn secrets_are_never_shown() {
        for url in [
            "postgres://anna:s3cret@db/x?sslmode=disable",
            "postgres://anna:s3cret@db/x?sslmode=maybe",
            "postgres://anna:s3cret@db/x?pool_max=s3cret",
            "postgres://anna:s3cret@db/x?nonsense=s3cret",
            "postgres://anna@db/x?sslmode=disable&password=s3cret",
            "postgres://anna:s3c@s3cret@db/x?connect_timeout=s3cret",
        ] {
            let told = read(url).map_or_else(|error| error, |location| location.shown);
            assert!(!told.contains("s3c"), "{told}");
            assert!(told.contains("anna@"), "{told}");
        }
    }

    #[test]
    fn strangers_on_the_way_are_not_trusted() {
        let mode = |url: &str| read(url).map(|location| location.tls);
        assert!(mode("postgres://a@db.example/x").unwrap_err().contains("sslrootcert"));
        assert!(mode("postgres://a@db/x?sslmode=prefer").unwrap_err().contains("verify-full"));
        let full = "postgres://a@db/x?sslrootcert=/ca.pem";
        assert_eq!(mode(full), Ok(Tls::VerifyFull));
        assert_eq!(mode(&format!("{full}&sslmode=verify-ca")), Ok(Tls::VerifyCa));
        assert_eq!(mode("postgres://a@db/x?sslmode=require"), Ok(Tls::Require));
        assert_eq!(mode("postgres://a@localhost/x"), Ok(Tls::Disable));
        let near = "postgres://a@localhost/x?sslrootcert=/ca.pem";
        assert_eq!(mode(near), Ok(Tls::VerifyFull));
        assert_eq!(mode("postgres://a@/x?host=/run/pg"), Ok(Tls::Disable));
        assert!(mode("postgres://a@localhost,db/x").unwrap_err().contains("sslrootcert"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (url, said) in [
            ("postgres://db/x?sslmode=disable", "name the role"),
            ("postgres://a@db?sslmode=disable", "name the database"),
            ("postgres://a@localhost/x?schema=A", "schema must be"),
            ("postgres://a@localhost/x?schema=x;drop", "schema must be"),
            ("postgres://a@localhost/x?pool_max=0", "from 4 to 1000"),
            ("postgres://a@localhost/x?lock_timeout=soon", "lock_timeout must be"),
            ("postgres://a@localhost/x?options=-cx", "options"),
            ("postgres://a@localhost/x?sslcert=/a", "belong together"),
            ("postgres://a@localhost/x?password_file=/nowhere", "/nowhere"),
        ] {
            let error = read(url).err().expect(url);
            assert!(error.contains(said), "{url}: {error}");
        }
    }

    #[test]
    fn password_is_of_the_url_its_file_or_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        fs::write(&file, "of the file\n").unwrap();
        let in_file = format!("postgres://a:url@localhost/x?password_file={}", file.display());
        for (url, expected) in [
            (in_file.as_str(), "of the file"),
            ("postgres://a:url@localhost/x", "url"),
            ("postgres://a@localhost/x", "environment"),
        ] {
            let location = Location::parse(url, Some("environment".to_owned())).unwrap();
            assert_eq!(location.config.get_password(), Some(expected.as_bytes()), "{url}");
        }
    }
}
