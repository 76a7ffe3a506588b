//! A form that decides something is carried out once, however often it is sent: after a double
//! click, an impatient Enter, or a line that broke before the answer came.
//!
//! Each such form carries a number (`once`). Where its first sending led is remembered for an
//! hour, and every other one is led there, too. What is begun is carried on when its sender goes
//! away, since whoever asks again must be told what came of it.

use std::{collections::HashMap, future::Future};

use axum::response::Response;
use parking_lot::Mutex;
use registry::ids::Timestamp;

use super::{Form, Visit, fault::Fault, reply};
use crate::{App, people::People};

/// For how long a form is remembered.
const KEPT_MICROS: i64 = 3_600 * 1_000_000;
/// Forms that are remembered: many more than stewards decide in an hour.
const FORMS_MAX: usize = 100_000;
/// Longest number of a form; ours have 36 bytes.
const NUMBER_BYTES_MAX: usize = 64;

/// What a form that was carried out leads to.
pub(super) enum Outcome {
    /// It is done: go there, and say this.
    Done(String, &'static str),
    /// It is not, and the page says why; it may be sent again.
    Again(Response),
}

/// The forms of the last hour, by session and number.
#[derive(Default)]
pub(in crate::people) struct Repeats(Mutex<HashMap<String, (Timestamp, State)>>);

#[derive(Clone)]
enum State {
    Running,
    Done(String, &'static str),
}

/// Carries out the work of a form, unless that was done.
///
/// # Errors
///
/// [`Fault::Twice`] while the same form is being worked on, [`Fault::Bad`] if it has no number, and
/// what the work fails with.
pub(super) async fn once<F>(
    app: &App,
    visit: &Visit,
    form: &mut Form,
    work: impl FnOnce(Form) -> F,
) -> Result<Response, Fault>
where
    F: Future<Output = Result<Outcome, Fault>> + Send + 'static,
{
    let number = form.take("once");
    if number.is_empty() || number.len() > NUMBER_BYTES_MAX {
        return Err(Fault::Bad);
    }
    let people = People::of(app).clone();
    let key = format!("{} {number}", visit.user()?.session().as_str());
    match people.shared.repeats.begin(&key, people.now())? {
        Some(State::Done(address, said)) => return Ok(reply::go_and_say(app, &address, said)),
        Some(State::Running) => return Err(Fault::Twice),
        None => {}
    }
    let begun = Begun { people: people.clone(), key: Some(key) };
    let work = work(std::mem::take(form));
    let span = tracing::Span::current();
    let worked = tokio::spawn(tracing::Instrument::instrument(
        async move {
            let mut begun = begun;
            let outcome = work.await;
            if let Ok(Outcome::Done(address, said)) = &outcome {
                begun.end(address, said);
            }
            outcome
        },
        span,
    ));
    match worked.await.map_err(|_| Fault::crashed())?? {
        Outcome::Done(address, said) => Ok(reply::go_and_say(app, &address, said)),
        Outcome::Again(page) => Ok(page),
    }
}

impl Repeats {
    /// Notes that a form is being worked on; gives what is known of it if it was sent before.
    fn begin(&self, key: &str, now: Timestamp) -> Result<Option<State>, Fault> {
        let mut forms = self.0.lock();
        if forms.len() >= FORMS_MAX {
            forms.retain(|_, (at, _)| now.0 - at.0 < KEPT_MICROS);
        }
        if forms.len() >= FORMS_MAX {
            return Err(Fault::Busy);
        }
        let known = forms.get(key).filter(|(at, _)| now.0 - at.0 < KEPT_MICROS);
        if let Some((_, state)) = known {
            return Ok(Some(state.clone()));
        }
        forms.insert(key.to_owned(), (now, State::Running));
        Ok(None)
    }
}

/// A form that is being worked on. If that fails, it may be sent again.
struct Begun {
    people: People,
    key: Option<String>,
}

impl Begun {
    fn end(&mut self, address: &str, said: &'static str) {
        if let Some(key) = self.key.take() {
            let done = (self.people.now(), State::Done(address.to_owned(), said));
            self.people.shared.repeats.0.lock().insert(key, done);
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.people.shared.repeats.0.lock().remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_is_begun_once_until_it_is_forgotten() {
        let repeats = Repeats::default();
        assert!(repeats.begin("s 1", Timestamp(0)).unwrap().is_none());
        assert!(matches!(repeats.begin("s 1", Timestamp(1)), Ok(Some(State::Running))));
        assert!(repeats.begin("s 2", Timestamp(1)).unwrap().is_none(), "another form");
        let done = State::Done("/ui/".to_owned(), "done-look");
        repeats.0.lock().insert("s 1".to_owned(), (Timestamp(2), done));
        assert!(matches!(repeats.begin("s 1", Timestamp(3)), Ok(Some(State::Done(..)))));
        assert!(repeats.begin("s 1", Timestamp(2 + KEPT_MICROS)).unwrap().is_none());
    }
}
