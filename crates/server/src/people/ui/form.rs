//! [`Form`]: what a form of ours says. It is read only if a page of ours sent it.

use std::collections::HashMap;

use axum::extract::{FromRequest, Request};

use super::{fault::Fault, form_token, visit::Visit};
use crate::{
    App,
    people::{
        fields::{media_type, read},
        gate::is_of_our_page,
    },
    query,
};

/// Most values of one form; more are no form of ours.
const VALUES_MAX: usize = 1_000;

/// Names and values of a form. No `Debug`: there are passwords among them.
#[derive(Default)]
pub(super) struct Form(HashMap<String, Vec<String>>);

impl Form {
    /// The value of a field; an absent one is empty. Taken, since it may be a password.
    pub(super) fn take(&mut self, name: &str) -> String {
        self.take_all(name).into_iter().next().unwrap_or_default()
    }

    /// All values of a field, such as boxes that are ticked.
    pub(super) fn take_all(&mut self, name: &str) -> Vec<String> {
        self.0.remove(name).unwrap_or_default()
    }
}

impl FromRequest<App> for Form {
    type Rejection = Fault;

    async fn from_request(request: Request, app: &App) -> Result<Self, Fault> {
        let visit = request.extensions().get::<Visit>().cloned().ok_or(Fault::SignedOut)?;
        // Both: the header cannot be forged by a page of another site, and the token proves that
        // this browser was shown the form.
        if !is_of_our_page(request.headers()) {
            return Err(Fault::Form);
        }
        if media_type(&request) != "application/x-www-form-urlencoded" {
            return Err(Fault::Bad);
        }
        let body = read(request.into_body(), app).await?;
        let text = std::str::from_utf8(&body).map_err(|_| Fault::Bad)?;
        let pairs = query::decode(text).map_err(|_| Fault::Bad)?;
        if pairs.len() > VALUES_MAX {
            return Err(Fault::Bad);
        }
        let mut values: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in pairs {
            values.entry(name).or_default().push(value);
        }
        let mut form = Self(values);
        let token = form.take("form_token");
        if form_token::fits(&visit.secret.text, &token) { Ok(form) } else { Err(Fault::Form) }
    }
}
