//! Making the first administrator.

use axum::{extract::State, response::Response};
use http::StatusCode;
use registry::account::{AccountName, is_name, is_username};
use ui::pages::{Problem, Setup};

use super::{Fault, Form, Visit, reply};
use crate::{
    App,
    people::{
        People,
        password::{Password, is_long_enough},
        setup::{Made, first_admin, is_invited},
    },
};

/// What the form says, but for its secrets.
#[derive(Default)]
struct Said {
    username: String,
    first_name: String,
    surname: String,
}

/// `GET /ui/setup`: the form, while there is no account.
pub(super) async fn page(State(app): State<App>, visit: Visit) -> Response {
    if People::of(&app).shared.invitation.lock().is_none() {
        return reply::go("/ui/login");
    }
    form_again(&app, &visit, (&Said::default(), Vec::new()), StatusCode::OK)
}

/// `POST /ui/setup`: `token`, `first_name`, `surname`, `username`, `password`. Works once.
pub(super) async fn set_up(
    State(app): State<App>,
    visit: Visit,
    mut form: Form,
) -> Result<Response, Fault> {
    let people = People::of(&app);
    people.shared.arrivals.admit(visit.address).map_err(Fault::Often)?;
    let (token, password) = (form.take("token"), Password::new(form.take("password")));
    let said = Said {
        username: form.take("username"),
        first_name: form.take("first_name").trim().to_owned(),
        surname: form.take("surname").trim().to_owned(),
    };
    let frame = visit.frame(&app);
    let chars_min = people.settings().password_chars_min;
    let mut problems = Vec::new();
    // First of all, so that nobody without it learns anything.
    if !is_invited(people, &token) {
        problems.push(Problem::of(&frame, "token", "set-up-token-wrong"));
        return Ok(form_again(&app, &visit, (&said, problems), StatusCode::FORBIDDEN));
    }
    for (field, name) in [("first_name", &said.first_name), ("surname", &said.surname)] {
        if !is_name(name) {
            problems.push(Problem::of(&frame, field, "name-bad"));
        }
    }
    if !is_username(&said.username) {
        problems.push(Problem::of(&frame, "username", "user-name-bad"));
    }
    let password = password.filter(|password| is_long_enough(password, chars_min));
    let Some(password) = password.filter(|_| problems.is_empty()) else {
        if problems.is_empty() {
            let text = frame.with("password-short", "count", chars_min);
            problems.push(Problem { field: "password", text });
        }
        return Ok(form_again(&app, &visit, (&said, problems), StatusCode::UNPROCESSABLE_ENTITY));
    };
    let name = AccountName { first: said.first_name, other: String::new(), surname: said.surname };
    match first_admin(people, said.username, name, password).await? {
        Made::First(_) => Ok(reply::go_and_say(&app, "/ui/login", "done-set-up")),
        Made::TooLate => Err(Fault::Changed),
    }
}

fn form_again(
    app: &App,
    visit: &Visit,
    (said, problems): (&Said, Vec<Problem>),
    status: StatusCode,
) -> Response {
    let page = Setup {
        frame: &visit.frame(app),
        username: &said.username,
        first_name: &said.first_name,
        surname: &said.surname,
        chars_min: People::of(app).settings().password_chars_min,
        problems,
    };
    reply::page_with(status, &page)
}
