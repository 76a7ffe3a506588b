//! The file of clients (`callers.clients_file`): read, checked, and written whole.

use std::{collections::HashSet, io, path::Path};

use registry::ids::ClientId;
use serde::{Deserialize, Serialize};
use server::{Client as Known, ClientAccess, ClientMap};
use thiserror::Error;

use crate::{ca::files, config::Client};

/// Longest id: a certificate's common name holds no more (RFC 5280, ub-common-name).
const ID_BYTES_MAX: usize = 64;

/// Why the file cannot be used.
#[derive(Debug, Error)]
pub(crate) enum ClientsError {
    /// It cannot be read.
    #[error("cannot be read")]
    Read(#[from] io::Error),
    /// It is not TOML, or holds other keys.
    #[error("is not as it should be: {0}")]
    Syntax(String),
    /// It names a client twice.
    #[error("names the client {0} twice")]
    Twice(String),
    /// An id that no certificate and no header could carry.
    #[error("holds the id {0:?}: an id has 1 to 64 letters, digits, '-', '_' or '.'")]
    Id(String),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    clients: Vec<Client>,
}

/// Reads the clients of the file at `path`; a file that is not there holds none.
pub(crate) fn read(path: &Path) -> Result<Vec<Client>, ClientsError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let file: File =
        toml::from_str(&text).map_err(|error| ClientsError::Syntax(error.to_string()))?;
    let mut seen = HashSet::new();
    for client in &file.clients {
        if !is_id(&client.id) {
            return Err(ClientsError::Id(client.id.clone()));
        }
        if !seen.insert(client.id.as_str()) {
            return Err(ClientsError::Twice(client.id.clone()));
        }
    }
    Ok(file.clients)
}

/// Changes the clients of the file at `path`, while nobody else does.
pub(crate) fn change<T>(
    path: &Path,
    change: impl FnOnce(&mut Vec<Client>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    if let Some(folder) = path.parent() {
        files::make_folder(folder)?;
    }
    let _lock = files::lock(&path.with_extension("lock"))?;
    let mut clients = read(path).map_err(|error| {
        anyhow::Error::new(error).context(format!("the file of clients {}", path.display()))
    })?;
    let done = change(&mut clients)?;
    let text = toml::to_string_pretty(&File { clients })?;
    let head = "# Clients, kept by `opencr client`; a running server follows this file.\n\n";
    files::replace(path, format!("{head}{text}").as_bytes())?;
    Ok(done)
}

/// Clients as the server wants them.
pub(crate) fn map(clients: Vec<Client>) -> ClientMap {
    let known = |client: Client| {
        let known = Known {
            name: client.name,
            is_disabled: client.disabled,
            rights: ClientAccess {
                access: client.access,
                systems: client.systems,
                target_systems: client.target_systems,
            },
        };
        (ClientId::new(client.id), known)
    };
    clients.into_iter().map(known).collect()
}

/// Whether `text` can be an id, a common name and a part of a file's name.
pub(crate) fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=ID_BYTES_MAX).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<usize, &str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clients.toml");
        std::fs::write(&path, text).unwrap();
        match (read(&path), expected) {
            (Ok(clients), Ok(count)) => assert_eq!(clients.len(), count, "{text}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn file_is_checked_as_a_whole() {
        check("", Ok(0));
        check("[[clients]]\nid = 'a'\nname = 'A'\n", Ok(1));
        check("[[clients]]\nid = 'a'\nname = 'A'\nacces = 'own'\n", Err("unknown field"));
        check("[[clients]]\nid = 'a'\nname = 'A'\naccess = 'all'\n", Err("unknown variant"));
        check("[[clients]]\nid = '../a'\nname = 'A'\n", Err("1 to 64 letters"));
        let one = "[[clients]]\nid = 'a'\nname = 'A'\n";
        check(&one.repeat(2), Err("twice"));
    }
}
