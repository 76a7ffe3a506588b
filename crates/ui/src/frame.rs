//! [`Frame`]: what every page knows beside what it shows.

use std::sync::Arc;

use fluent_bundle::FluentValue;
use jiff::{Timestamp, civil::Date};
use registry::account::{Permission, Role};

use crate::{Item, Language, Texts, assets, navigation::ITEMS};

/// What the installation is.
#[derive(Clone, Debug)]
pub struct Site {
    /// What people call it.
    pub name: String,
    /// Whether its people are made up, which every page then says loudly.
    pub is_test: bool,
    /// A text that people read before they sign in; empty for none.
    pub notice: String,
    /// The software's version.
    pub version: String,
    /// Whether the languages for tests can be chosen.
    pub has_pseudo: bool,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system is.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// Its word in forms and in the stylesheet.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The key of its name.
    pub fn text(self) -> &'static str {
        match self {
            Self::Auto => "theme-auto",
            Self::Light => "theme-light",
            Self::Dark => "theme-dark",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == word)
    }
}

/// Who looks at a page.
#[derive(Clone, Debug)]
pub struct Person {
    /// What the person is called.
    pub name: String,
    /// What the person does here.
    pub role: Role,
    /// What the person may do.
    pub permissions: Vec<Permission>,
}

impl Person {
    /// The key of the role's name.
    pub fn role_text(&self) -> &'static str {
        match self.role {
            Role::Viewer => "role-viewer",
            Role::Steward => "role-steward",
            Role::Supervisor => "role-supervisor",
            Role::DataManager => "role-data-manager",
            Role::RulesManager => "role-rules-manager",
            Role::Auditor => "role-auditor",
            Role::Admin => "role-admin",
        }
    }
}

/// What every page knows beside what it shows.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What is said.
    pub texts: Texts,
    /// Light or dark.
    pub theme: Theme,
    /// The installation.
    pub site: Arc<Site>,
    /// Who looks; `None` before they sign in.
    pub person: Option<Person>,
    /// What proves that a form is of this page.
    pub form_token: String,
    /// The address of the page, without its query.
    pub path: String,
    /// The key of what was just done, to be said once.
    pub done: Option<&'static str>,
    /// What a form that decides something carries, so that sent twice it counts once.
    pub once: String,
    /// Whether single keys do anything.
    pub has_keys: bool,
}

impl Frame {
    /// The text with this key.
    pub fn say(&self, key: &str) -> String {
        self.texts.say(key)
    }

    /// The same with a value in it.
    pub fn with<'v>(&self, key: &str, name: &str, value: impl Into<FluentValue<'v>>) -> String {
        self.texts.with(key, &[(name, value.into())])
    }

    /// A count as people write it.
    pub fn number(&self, count: &u64) -> String {
        self.texts.number(*count)
    }

    /// A moment as people write it.
    pub fn moment(&self, at: &Timestamp) -> String {
        self.texts.moment(*at)
    }

    /// A day as people write it.
    pub fn day(&self, day: &Date) -> String {
        self.texts.day(*day)
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.texts.language()
    }

    /// Languages to choose from.
    pub fn languages(&self) -> Vec<Language> {
        let all = Language::ALL.into_iter();
        all.filter(|language| self.site.has_pseudo || !language.is_pseudo()).collect()
    }

    /// Themes to choose from.
    pub fn themes(&self) -> [Theme; 3] {
        Theme::ALL
    }

    /// The pages in the bar that the person may open.
    pub fn pages(&self) -> Vec<Item> {
        let Some(person) = &self.person else { return Vec::new() };
        let may = |item: &&Item| item.permission.is_none_or(|it| person.permissions.contains(&it));
        ITEMS.iter().filter(may).copied().collect()
    }

    /// Whether the person has a permission, so that what it needs can be shown.
    pub fn may(&self, permission: Permission) -> bool {
        self.person.as_ref().is_some_and(|person| person.permissions.contains(&permission))
    }

    /// The address of a style, a script or the icon.
    pub fn asset(&self, plain_name: &str) -> String {
        format!("/ui/assets/{}", assets::name_of(plain_name))
    }
}
