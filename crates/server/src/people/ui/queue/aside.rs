//! What is done with an item of the queue without a verdict: left for later, given back, taken over, put
//! aside until more is known or for a supervisor, and taken back from there.

use axum::response::Response;
use registry::{
    account::Permission,
    aside::{Aside, AsideKind},
    ids::{RecordId, Timestamp},
};
use ui::pages::{AsideTold, Tab, View};

use super::{
    super::{Fault, Form, Visit, person::checked, person::read, reply},
    asked::Asked,
    find_next,
    leases::claim,
    pair, pair_address, queue_address,
};
use crate::{App, people::People};

const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// Days that an item may wait for its source.
const DAYS: [i64; 3] = [1, 7, 30];

/// Carries out the word of a form that is no verdict.
pub(super) async fn carry_out(
    app: &App,
    visit: &Visit,
    (item, asked): (&str, &Asked),
    word: &str,
    form: &mut Form,
) -> Result<Response, Fault> {
    let record = RecordId::new(checked(item)?);
    let people = People::of(app);
    let (user, now) = (visit.user()?, people.now());
    let leases = &people.shared.leases;
    let may = |permission| match visit.frame(app).may(permission) {
        true => Ok(()),
        false => Err(Fault::Forbidden(permission)),
    };
    match word {
        "skip" => {
            leases.skip(&record, user.session(), now);
            leave(app, visit, (&record, asked), "done-skipped").await
        }
        "release" => {
            leases.release(&record, user.session());
            Ok(reply::go(&queue_address(&asked.view)))
        }
        "take-over" => {
            may(Permission::MatchSupervise)?;
            leases.take_over(&record, &claim(user.session(), user.username(), now));
            Ok(reply::go_and_say(app, &pair_address(&record, &asked.view), "done-taken"))
        }
        "wait" | "escalate" if asked.view.tab != Tab::Automatic => {
            put(app, visit, (&record, asked), word, form).await
        }
        "back" => {
            let aside = app.pipeline().queue().aside_of(&record, now).await?;
            if aside.is_some_and(|aside| aside.kind == AsideKind::Escalated) {
                may(Permission::MatchSupervise)?;
            }
            visit.notes.about(std::iter::once(record.as_str()));
            app.pipeline().queue().take_back(&record).await?;
            Ok(reply::go_and_say(app, &pair_address(&record, &View::of(Tab::All)), "done-back"))
        }
        _ => Err(Fault::Bad),
    }
}

/// Puts an item aside, unless somebody else is working on it.
async fn put(
    app: &App,
    visit: &Visit,
    (record, asked): (&RecordId, &Asked),
    word: &str,
    form: &mut Form,
) -> Result<Response, Fault> {
    let people = People::of(app);
    let (user, now) = (visit.user()?, people.now());
    let note = form.take("reason").trim().to_owned();
    let days: i64 = form.take("days").parse().unwrap_or(0);
    let holder = people.shared.leases.holder(record, now);
    let problem = match note.chars().count() {
        _ if holder.is_some_and(|held| held.name != user.username()) => Some("pair-lost"),
        0 if word == "escalate" => Some("pair-escalate-note"),
        length if length > pair::REASON_CHARS_MAX => Some("pair-reason-long"),
        _ => None,
    };
    if let Some(key) = problem {
        return pair::again(app, visit, (record, asked), (&note, key)).await;
    }
    let (kind, until) = match word {
        "escalate" => (AsideKind::Escalated, None),
        _ if !DAYS.contains(&days) => return Err(Fault::Bad),
        _ => (AsideKind::Waiting, Some(Timestamp(now.0 + days * DAY_MICROS))),
    };
    let known = app.reader().records(std::slice::from_ref(record)).await?;
    known.first().ok_or(Fault::Missing)?;
    let since = app.reader().head().await?.revision;
    let (record, by) = (record.clone(), user.username().to_owned());
    visit.notes.about(std::iter::once(record.as_str()));
    let aside = Aside { record: record.clone(), kind, since, at: now, until, by, note };
    app.pipeline().queue().put_aside(aside).await?;
    people.shared.leases.release(&record, user.session());
    leave(app, visit, (&record, asked), "done-aside").await
}

/// Goes on with the next item.
async fn leave(
    app: &App,
    visit: &Visit,
    (record, asked): (&RecordId, &Asked),
    said: &str,
) -> Result<Response, Fault> {
    let next = find_next(app, visit, asked).await?.filter(|next| next != record);
    let view = &asked.view;
    let address = next.map_or_else(|| queue_address(view), |next| pair_address(&next, view));
    Ok(reply::go_and_say(app, &address, said))
}

/// How a record is put aside, for its page.
pub(super) async fn told(
    app: &App,
    visit: &Visit,
    record: &RecordId,
) -> Result<Option<AsideTold>, Fault> {
    let now = People::of(app).now();
    let Some(aside) = app.pipeline().queue().aside_of(record, now).await? else {
        return Ok(None);
    };
    let frame = visit.frame(app);
    let needed = match aside.kind {
        AsideKind::Waiting => Permission::MatchDecide,
        AsideKind::Escalated => Permission::MatchSupervise,
    };
    Ok(Some(AsideTold {
        is_escalated: aside.kind == AsideKind::Escalated,
        by: aside.by,
        at: read::moment(aside.at),
        until: aside.until.map(read::moment),
        note: aside.note,
        may_take_back: frame.may(needed),
    }))
}
