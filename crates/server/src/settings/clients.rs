//! [`Clients`]: the systems that may call, and what is agreed with each.

use std::{collections::HashMap, sync::Arc};

use registry::ids::ClientId;
use serde::{Deserialize, Serialize};

use crate::watched::Watched;

/// A system that may call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// What people read.
    pub name: String,
    /// Whether it is refused for the time being.
    pub is_disabled: bool,
    /// What it may see.
    pub access: Access,
    /// Identifier systems that it may assert; empty for any.
    pub systems: Vec<String>,
    /// Identifier systems of others that it may be told by `$ihe-pix`.
    pub target_systems: Vec<String>,
}

/// What a client may see (contract 7.3), from least to most.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Nothing: it submits, and is told the CRUID.
    Submit,
    /// What it submitted itself.
    #[default]
    Own,
    /// The same, and all identifiers of linked records.
    Identifiers,
    /// Everybody's demographics.
    Demographics,
}

/// Clients by id.
pub type ClientMap = HashMap<ClientId, Client>;

/// The systems that may call: those of the configuration, and over them those of a file that
/// is followed while the server runs. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    fixed: Arc<ClientMap>,
    file: Option<Arc<Watched<ClientMap>>>,
}

impl Clients {
    /// Clients that stay as they are while the process runs.
    pub fn new(fixed: ClientMap) -> Self {
        Self { fixed: Arc::new(fixed), file: None }
    }

    /// The same with a file whose entries go over those of equal id.
    pub fn with_file(self, file: Watched<ClientMap>) -> Self {
        Self { file: Some(Arc::new(file)), ..self }
    }

    /// The client called `id`, disabled or not, as last read.
    pub fn find(&self, id: &ClientId) -> Option<Client> {
        let file = self.file.as_ref().map(|file| file.current());
        file.and_then(|file| file.get(id).cloned()).or_else(|| self.fixed.get(id).cloned())
    }

    /// The display names of all.
    pub fn names(&self) -> HashMap<ClientId, String> {
        let file = self.file.as_ref().map(|file| file.current()).unwrap_or_default();
        let all = self.fixed.iter().chain(file.iter());
        all.map(|(id, client)| (id.clone(), client.name.clone())).collect()
    }

    /// Reads the file again if it changed.
    pub fn refresh(&self) {
        self.file.as_ref().inspect(|file| _ = file.refresh());
    }

    /// Reads the file again.
    pub fn reload(&self) {
        self.file.as_ref().inspect(|file| _ = file.reload());
    }
}

/// Clients of which only the display names are given; the rest is as by default.
impl FromIterator<(ClientId, String)> for Clients {
    fn from_iter<I: IntoIterator<Item = (ClientId, String)>>(names: I) -> Self {
        let named = |(id, name)| (id, Client { name, ..Client::default() });
        Self::new(names.into_iter().map(named).collect())
    }
}
