//! The people plane, `/ocrux/**`: who signs in, what they may do, and what OpenCR's web UI asks
//! for (contract 1.2 to 1.9).
//!
//! A request passes one gate (`gate`), which knows the person by a token whose session the store
//! still has, and asks one table (`access`) whether the person's role allows the route. Point-of-
//! service systems never come this way, and people never come by `/fhir`.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use parking_lot::Mutex;
use pipeline::Clock;
use registry::{
    account::{Account, AccountName, AccountStatus, PasswordHash, Role},
    ids::{AccountId, SessionId, Timestamp},
};
use serde_json::Value;
use store::{Accounts, StoreError};
use uuid::Uuid;

use crate::{App, audit::Notes};

mod access;
mod accounts;
mod arrivals;
mod config;
mod crux;
mod csv;
mod error;
mod fhir;
mod fields;
mod gate;
mod import;
mod login;
mod matches;
mod password;
mod person;
mod routes;
mod setup;
mod terminology;
mod token;
mod ui;

pub(crate) use csv::ReportError;
pub use import::{NotAnAccount, account_of_person};
pub use password::{Password, PasswordCost, Passwords, fresh_password, is_long_enough};
pub(crate) use routes::add_to;
pub(crate) use ui::follow;

/// What a route of people needs, as it is told to programs: a permission, `signed in`, or nothing.
pub(crate) fn permission_in_words(method: &str, path: &str) -> Option<&'static str> {
    let entry =
        access::ACCESS.iter().find(|(known, address, _)| (*known, *address) == (method, path));
    match entry?.2 {
        access::Need::Nothing => None,
        access::Need::Person => Some("signed in"),
        access::Need::Permission(permission) => Some(permission.as_str()),
    }
}

/// All routes of people, by method and address.
#[cfg(test)]
pub(crate) fn routes_in_words() -> Vec<(&'static str, &'static str)> {
    let routes = routes::endpoints().into_iter().map(|(key, _)| key);
    routes.chain([("GET", "/crux/tmp/{name}")]).collect()
}

use arrivals::Arrivals;
use setup::Invitation;
use token::Keyring;

/// What the people plane is told at its start.
#[derive(Clone, Debug)]
pub struct PeopleSettings {
    /// How long a sign-in lasts.
    pub session: Duration,
    /// After how long tokens are signed with another key.
    pub key_age: Duration,
    /// After so many failures in a row an account is locked.
    pub attempts_max: u32,
    /// How long it then is.
    pub lock: Duration,
    /// How often one address may try to sign in within a minute.
    pub logins_per_minute: u32,
    /// A refused sign-in is answered no sooner than this, whatever the reason.
    pub refusal_after: Duration,
    /// What hashing a password costs.
    pub cost: PasswordCost,
    /// Characters of the shortest password that can be chosen.
    pub password_chars_min: usize,
    /// Whether administrators also have what stewards have, as with OpenCR.
    pub admins_are_stewards: bool,
    /// The object that `config/getURI` answers (contract 4.2, `systems`).
    pub systems: Value,
    /// The resource that gives the columns of OpenCR's home page (contract 2.8).
    pub display_page: Value,
    /// The folder of OpenCR's built UI, served at `/crux`.
    pub ui_folder: Option<PathBuf>,
    /// The stewards' room at `/ui`; `None` to leave it out.
    pub room: Option<RoomSettings>,
}

impl Default for PeopleSettings {
    fn default() -> Self {
        Self {
            // OpenCR's `auth.tokenDuration`.
            session: Duration::from_secs(5400),
            key_age: Duration::from_secs(30 * 24 * 3600),
            attempts_max: 10,
            lock: Duration::from_secs(15 * 60),
            logins_per_minute: 30,
            refusal_after: Duration::from_millis(300),
            cost: PasswordCost::STANDARD,
            password_chars_min: 12,
            admins_are_stewards: false,
            systems: Value::Object(serde_json::Map::new()),
            display_page: terminology::display_page(),
            ui_folder: None,
            room: Some(RoomSettings::default()),
        }
    }
}

/// What the stewards' room is told.
#[derive(Clone, Debug)]
pub struct RoomSettings {
    /// What people call the installation.
    pub name: String,
    /// Whether its people are made up, which every page then says loudly.
    pub is_test: bool,
    /// What people read before they sign in; empty for nothing.
    pub notice: String,
    /// Whether there are the page of components and the languages for tests.
    pub is_in_development: bool,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            name: "Client Registry".to_owned(),
            is_test: false,
            notice: String::new(),
            is_in_development: false,
        }
    }
}

/// Everything that the people plane keeps; cheap to clone.
#[derive(Clone)]
pub struct People {
    shared: Arc<Shared>,
}

struct Shared {
    accounts: Arc<dyn Accounts>,
    settings: PeopleSettings,
    clock: Clock,
    keys: Keyring,
    passwords: Passwords,
    arrivals: Arrivals,
    invitation: Mutex<Option<Invitation>>,
    tickets: csv::Tickets,
    site: Arc<::ui::Site>,
    repeats: ui::Repeats,
    searches: ui::Searches,
    recent: ui::Recent,
    leases: ui::Leases,
}

impl People {
    /// Reads or makes the keys of tokens. If there is no account, gives the one-time token with
    /// which the first administrator can be made, to be shown to whoever runs the process.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be used.
    pub async fn start(
        accounts: Arc<dyn Accounts>,
        settings: PeopleSettings,
        clock: Clock,
    ) -> Result<(Self, Option<String>), StoreError> {
        let keys = Keyring::start(accounts.clone(), clock.clone(), &settings).await?;
        let (_, total) = accounts.accounts(store::Window { offset: 0, limit: 0 }).await?;
        let (invitation, shown) = match total {
            0 => {
                let (invitation, shown) = Invitation::fresh();
                (Some(invitation), Some(shown))
            }
            _ => (None, None),
        };
        let passwords = Passwords::new(settings.cost);
        let arrivals = Arrivals::new(settings.logins_per_minute);
        let invitation = Mutex::new(invitation);
        let tickets = csv::Tickets::default();
        let site = Arc::new(site(&settings));
        let repeats = ui::Repeats::default();
        let searches = ui::Searches::default();
        let recent = ui::Recent::default();
        let leases = ui::Leases::default();
        let shared = Shared {
            accounts,
            settings,
            clock,
            keys,
            passwords,
            arrivals,
            invitation,
            tickets,
            site,
            repeats,
            searches,
            recent,
            leases,
        };
        Ok((Self { shared: Arc::new(shared) }, shown))
    }

    fn accounts(&self) -> &dyn Accounts {
        &*self.shared.accounts
    }

    fn settings(&self) -> &PeopleSettings {
        &self.shared.settings
    }

    fn passwords(&self) -> &Passwords {
        &self.shared.passwords
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// The plane of an app whose routes exist only because it has one.
    fn of(app: &App) -> &Self {
        app.people().expect("these routes are added only with a people plane")
    }
}

fn site(settings: &PeopleSettings) -> ::ui::Site {
    let room = settings.room.clone().unwrap_or_default();
    ::ui::Site {
        name: room.name,
        is_test: room.is_test,
        notice: room.notice,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        has_pseudo: room.is_in_development,
    }
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("People")
    }
}

/// The person who sends a request, as the gate has established.
#[derive(Clone, Debug)]
pub(crate) struct User {
    account: Arc<Account>,
    session: SessionId,
    notes: Notes,
}

impl User {
    /// What the audit log will hold of this request.
    pub(crate) fn notes(&self) -> &Notes {
        &self.notes
    }

    /// The account's id.
    pub(crate) fn id(&self) -> &AccountId {
        &self.account.id
    }

    /// What the person signs in with; who is accountable for what the request does.
    pub(crate) fn username(&self) -> &str {
        &self.account.username
    }

    /// The session of the request.
    pub(crate) fn session(&self) -> &SessionId {
        &self.session
    }
}

/// What a new account is made of.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// What the person will sign in with.
    pub username: String,
    /// What the person is called.
    pub name: AccountName,
    /// What the person may do.
    pub role: Role,
}

impl NewAccount {
    /// Makes the account, active from `now` on.
    pub fn with(self, password: PasswordHash, now: Timestamp) -> Account {
        let Self { username, name, role } = self;
        Account {
            id: AccountId::new(Uuid::new_v4().to_string()),
            username,
            name,
            role,
            status: AccountStatus::Active,
            created_at: now,
            password,
        }
    }
}
