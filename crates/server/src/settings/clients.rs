//! [`Clients`]: the systems that may call, and what is agreed with each.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use registry::ids::ClientId;

use crate::{settings::ClientAccess, watched::Watched};

/// A system that may call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// What people read.
    pub name: String,
    /// Whether it is refused for the time being.
    pub is_disabled: bool,
    /// What it may see and assert.
    pub rights: ClientAccess,
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

    /// Agrees on rights with a client of the configuration; nothing happens if it is none.
    pub fn agree(&mut self, id: &ClientId, rights: ClientAccess) {
        if let Some(client) = Arc::make_mut(&mut self.fixed).get_mut(id) {
            client.rights = rights;
        }
    }

    /// The identifier systems that are agreed on with any of them.
    pub fn systems(&self) -> BTreeSet<String> {
        let file = self.file.as_ref().map(|file| file.current()).unwrap_or_default();
        let all = self.fixed.values().chain(file.values()).map(|client| &client.rights);
        all.flat_map(|rights| rights.systems.iter().chain(&rights.target_systems))
            .cloned()
            .collect()
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
