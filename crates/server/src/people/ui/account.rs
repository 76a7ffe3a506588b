//! One's own account.

use axum::{extract::State, response::Response};
use http::StatusCode;
use ui::pages::{Account, Problem};

use super::{
    Fault, Form, Visit,
    once::{Outcome, once},
    reply,
    visit::name_of,
};
use crate::{
    App,
    people::{
        People,
        access::allowed,
        accounts::replace_password,
        password::{Password, is_long_enough},
    },
};

/// `GET /ui/account`.
pub(super) async fn page(State(app): State<App>, visit: Visit) -> Result<Response, Fault> {
    show(&app, &visit, Vec::new(), StatusCode::OK)
}

/// `POST /ui/account/password`: `current`, `new`, `again`. The other sessions end.
pub(super) async fn change_password(
    State(app): State<App>,
    visit: Visit,
    mut form: Form,
) -> Result<Response, Fault> {
    let (there, who) = (app.clone(), visit.clone());
    once(&app, &visit, &mut form, |form| async move { change(&there, &who, form).await }).await
}

async fn change(app: &App, visit: &Visit, mut form: Form) -> Result<Outcome, Fault> {
    let people = People::of(app);
    let frame = visit.frame(app);
    let again = |field, text| {
        let problems = vec![Problem { field, text }];
        show(app, visit, problems, StatusCode::UNPROCESSABLE_ENTITY).map(Outcome::Again)
    };
    let (current, next, repeated) = (form.take("current"), form.take("new"), form.take("again"));
    if next != repeated {
        return again("again", frame.say("new-password-differs"));
    }
    let chars_min = people.settings().password_chars_min;
    let next = Password::new(next).filter(|password| is_long_enough(password, chars_min));
    let Some(next) = next else {
        return again("new", frame.with("password-short", "count", chars_min));
    };
    let is_right = match Password::new(current) {
        Some(current) => replace_password(people, visit.user()?, &current, &next).await?,
        None => false,
    };
    if !is_right {
        return again("current", frame.say("current-password-wrong"));
    }
    Ok(Outcome::Done("/ui/account".to_owned(), "done-password"))
}

fn show(
    app: &App,
    visit: &Visit,
    problems: Vec<Problem>,
    status: StatusCode,
) -> Result<Response, Fault> {
    let user = visit.user()?;
    let settings = People::of(app).settings();
    let account = &user.account;
    let page = Account {
        frame: &visit.frame(app),
        name: &name_of(user),
        username: &account.username,
        created_at: jiff::Timestamp::from_microsecond(account.created_at.0).unwrap_or_default(),
        permissions: allowed(account.role, settings.admins_are_stewards),
        chars_min: settings.password_chars_min,
        problems,
    };
    Ok(reply::page_with(status, &page))
}
