//! [`Visit`]: who asks for a page, and how they want it.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::{HeaderMap, Method, header::ACCEPT_LANGUAGE, request::Parts};
use ui::{Frame, Language, Person, Texts, Theme};
use uuid::Uuid;

use super::{cookies, fault::Fault, form_token};
use crate::{
    App,
    audit::Notes,
    people::{People, User, access::allowed, arrivals::address},
};

/// What forms that were carried out say on the next page. No other key is taken from a cookie.
const SAID: [&str; 13] = [
    "done-aside",
    "done-back",
    "done-checked",
    "done-checked-left",
    "done-decided",
    "done-look",
    "done-paired",
    "done-password",
    "done-queue-empty",
    "done-set-up",
    "done-signed-out",
    "done-skipped",
    "done-taken",
];

/// Who asks for a page, and how they want it; put into each request by `guard`.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// The person; `None` before they sign in.
    pub(super) user: Option<User>,
    /// Whether the script asks for a part of a page.
    pub(super) is_part: bool,
    /// Where the request comes from.
    pub(super) address: Option<IpAddr>,
    /// What the audit log will hold of the request.
    pub(super) notes: Notes,
    /// What forms are tied to. A secret.
    pub(super) secret: Secret,
    /// The key of what was just done.
    pub(super) done: Option<&'static str>,
    look: Look,
    path: String,
}

/// What forms are tied to: the session's token, or a cookie of its own.
#[derive(Clone)]
pub(super) struct Secret {
    /// The text.
    pub(super) text: String,
    /// Whether the browser has yet to be given it.
    pub(super) is_fresh: bool,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Language, theme and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// The language.
    pub(super) language: Language,
    /// Light or dark.
    pub(super) theme: Theme,
    /// Whether single keys do anything.
    pub(super) has_keys: bool,
}

impl Look {
    /// What a browser is shown: what was chosen in it, else what it likes.
    fn of(headers: &HeaderMap) -> Self {
        let chosen = cookies::value(headers, cookies::LOOK).and_then(Self::parse);
        let liked = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let language = liked.and_then(Language::accepted).unwrap_or_default();
        chosen.unwrap_or(Self { language, theme: Theme::Auto, has_keys: true })
    }

    /// Writes it for a cookie.
    pub(super) fn to_text(self) -> String {
        let keys = if self.has_keys { "on" } else { "off" };
        format!("{}.{}.{keys}", self.language.tag(), self.theme.as_str())
    }

    /// Reads what [`Look::to_text`] wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let language = Language::of_tag(parts.next()?)?;
        let theme = Theme::parse(parts.next()?)?;
        Some(Self { language, theme, has_keys: parts.next()? == "on" })
    }
}

impl Visit {
    /// A visit of nobody yet.
    pub(super) fn of(app: &App, method: &Method, parts: &Parts) -> Self {
        let headers = &parts.headers;
        let is_part = headers.get("hx-request-type").is_some_and(|value| value == "partial");
        let told = cookies::value(headers, cookies::DONE);
        let done = SAID.into_iter().find(|key| told == Some(*key));
        Self {
            user: None,
            is_part,
            address: address(parts, app.settings()),
            notes: parts.extensions.get::<Notes>().cloned().unwrap_or_default(),
            secret: secret(headers),
            // Parts of pages have no place for it.
            done: done.filter(|_| !is_part && *method == Method::GET),
            look: Look::of(headers),
            path: parts.uri.path().to_owned(),
        }
    }

    /// The person, on routes that are for persons.
    pub(super) fn user(&self) -> Result<&User, Fault> {
        self.user.as_ref().ok_or(Fault::SignedOut)
    }

    /// What every page knows.
    pub(super) fn frame(&self, app: &App) -> Frame {
        let settings = People::of(app).settings();
        let person = self.user.as_ref().map(|user| Person {
            name: name_of(user),
            role: user.account.role,
            permissions: allowed(user.account.role, settings.admins_are_stewards),
        });
        Frame {
            texts: Texts::of(self.look.language),
            theme: self.look.theme,
            site: People::of(app).shared.site.clone(),
            person,
            form_token: form_token::make(&self.secret.text),
            path: self.path.clone(),
            done: self.done,
            once: Uuid::new_v4().to_string(),
            has_keys: self.look.has_keys,
        }
    }
}

/// What a person is called; the user name, if nothing else is known.
pub(super) fn name_of(user: &User) -> String {
    let name = &user.account.name;
    let parts = [&name.first, &name.other, &name.surname];
    let parts: Vec<&str> =
        parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { user.username().to_owned() } else { parts.join(" ") }
}

fn secret(headers: &HeaderMap) -> Secret {
    let known = [cookies::SESSION, cookies::VISIT].into_iter();
    let known = known.filter_map(|name| cookies::value(headers, name)).find(|it| !it.is_empty());
    Secret {
        text: known.map_or_else(form_token::fresh_secret, str::to_owned),
        is_fresh: known.is_none(),
    }
}

impl FromRequestParts<App> for Visit {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Fault> {
        parts.extensions.get::<Self>().cloned().ok_or(Fault::SignedOut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_survives_its_cookie_and_nothing_else_passes() {
        let look = Look { language: Language::French, theme: Theme::Dark, has_keys: false };
        assert_eq!(Look::parse(&look.to_text()), Some(look));
        for bad in ["", "fr", "fr.dark", "xx.dark.on", "fr.pink.on"] {
            assert_eq!(Look::parse(bad), None, "{bad}");
        }
    }
}
