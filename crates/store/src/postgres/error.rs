//! What PostgreSQL and the way to it can answer with, sorted by what a caller would do.
//!
//! The texts of the database quote values, so of its errors only codes and the names of tables,
//! columns and constraints are kept; its words only where they cannot be about data.

use std::{fmt, time::Duration};

use deadpool_postgres::{PoolError, TimeoutType};
use thiserror::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::StoreError;

/// An error of the database without what it quotes.
#[derive(Debug)]
pub(super) struct Told {
    code: String,
    words: Option<String>,
    places: Vec<(&'static str, String)>,
}

impl fmt::Display for Told {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PostgreSQL error {}", self.code)?;
        if let Some(words) = &self.words {
            write!(out, ": {words}")?;
        }
        for (what, name) in &self.places {
            write!(out, ", {what} {name}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Told {}

/// Classes whose messages name objects, roles, limits and states of the server, never values.
const PLAIN_CLASSES: [&str; 9] = ["08", "25", "28", "3D", "40", "53", "55", "57", "58"];

impl From<&DbError> for Told {
    fn from(error: &DbError) -> Self {
        let code = error.code().code().to_owned();
        let is_plain = PLAIN_CLASSES.iter().any(|class| code.starts_with(class))
            || *error.code() == SqlState::INSUFFICIENT_PRIVILEGE
            || *error.code() == SqlState::UNDEFINED_TABLE;
        let names = [
            ("table", error.table()),
            ("column", error.column()),
            ("constraint", error.constraint()),
        ];
        let named = |(what, name): (&'static str, Option<&str>)| Some((what, name?.to_owned()));
        Self {
            code,
            words: is_plain.then(|| error.message().to_owned()),
            places: names.into_iter().filter_map(named).collect(),
        }
    }
}

/// Whether it only says that a statement before it failed.
pub(super) fn is_aftermath(error: &StoreError) -> bool {
    let StoreError::Database(source) = error else { return false };
    source.downcast_ref::<Told>().is_some_and(|told| told.code == "25P02")
}

/// Why work was not done although the database did not fail.
#[derive(Debug, Error)]
pub(super) enum Broken {
    /// The connection, its words about itself.
    #[error("the connection to PostgreSQL failed: {0}")]
    Connection(String),
    /// All connections of the pool stayed in use.
    #[error("no connection to PostgreSQL came free; raise pool_max, or look for slow statements")]
    PoolExhausted,
    /// Nothing came back in time.
    #[error("PostgreSQL did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// A panic, whose words may hold a patient's data, or the end of the process's work.
    #[error("the work on the database broke off")]
    Ended,
    /// The store was closed before.
    #[error("the store is closed")]
    Closed,
    /// A row or parameter has another type than the release expects.
    #[error("a column or parameter has an unexpected type: {0}")]
    Type(String),
}

impl From<Broken> for StoreError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::PoolExhausted => Self::Busy(Box::new(broken)),
            Broken::Type(_) => Self::Damaged("a column has another type".to_owned()),
            other => Self::Unavailable(Box::new(other)),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(db) = error.as_db_error() {
            return of_database(db);
        }
        // The cause of such an error is the socket's, TLS' or ours; none has seen a value but
        // the conversion of rows, which names types.
        let mut words = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            words = format!("{words}: {inner}");
            cause = inner.source();
        }
        let is_conversion = words.starts_with("error deserializing")
            || words.starts_with("error serializing")
            || words.starts_with("invalid column");
        if is_conversion { Broken::Type(words).into() } else { Broken::Connection(words).into() }
    }
}

fn of_database(error: &DbError) -> StoreError {
    let told = Told::from(error);
    let code = error.code();
    let busy = [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    if busy.contains(code) {
        return StoreError::Busy(Box::new(told));
    }
    // 23: a constraint, which is the fault of whoever made the commit. XX001 and XX002: pages or
    // indexes that are not what was written. 08, 25006 (a replica), 53 (disk or memory full), 57P
    // (shutting down, starting) and 58 (the machine): the database is not there for now.
    match code.code() {
        "XX001" | "XX002" => StoreError::Damaged(told.to_string()),
        code if code.starts_with("23") => StoreError::Refused(told.to_string()),
        code if ["08", "53", "57P", "58", "25006"].iter().any(|class| code.starts_with(class)) => {
            StoreError::Unavailable(Box::new(told))
        }
        _ => StoreError::Database(Box::new(told)),
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(TimeoutType::Wait) => Broken::PoolExhausted.into(),
            PoolError::Closed => Broken::Closed.into(),
            PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle) => {
                Broken::Connection("no connection within the connect timeout".to_owned()).into()
            }
            PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => Broken::Ended.into(),
        }
    }
}
