//! [`Asked`]: which part of the queue an address asks for, and what that is to the store.

use http::Uri;
use registry::{
    ids::{ClientId, Timestamp},
    state::IssueKind,
};
use store::QueueFilter;
use ui::pages::{Filters, Held, Order, Tab, View};

use super::super::{Fault, Form, Visit};
use crate::{
    App,
    people::People,
    query::{self, Pairs},
};

/// Longest id of a system that can be asked for.
const SOURCE_CHARS_MAX: usize = 200;
/// Most days that something may have waited: ten years.
const DAYS_MAX: i64 = 3_650;
/// Digits of the largest score, before the point.
const SCORE_DIGITS_MAX: usize = 6;
const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// The field of a form and the key of what is wrong with it.
pub(super) type Wrong = (&'static str, &'static str);

/// Which part of the queue an address asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::people::ui) struct Asked {
    /// As it is shown.
    pub(super) view: View,
    /// What of it makes no sense.
    pub(super) wrong: Vec<Wrong>,
    score_from: Option<i64>,
    score_to: Option<i64>,
    days: Option<i64>,
}

impl Asked {
    /// Reads the query of an address; filters that make no sense are an error of the whole.
    pub(super) fn of(uri: &Uri) -> Result<(Self, Pairs), Fault> {
        let (asked, pairs) = Self::told(uri)?;
        if asked.wrong.is_empty() { Ok((asked, pairs)) } else { Err(Fault::Bad) }
    }

    /// The same, with what is wrong for who typed it.
    pub(super) fn told(uri: &Uri) -> Result<(Self, Pairs), Fault> {
        let pairs = query::decode(uri.query().unwrap_or_default()).map_err(|_| Fault::Bad)?;
        let tab = query::value(&pairs, "kind").map_or(Tab::All, Tab::parse);
        Ok((Self::read(tab, &pairs)?, pairs))
    }

    /// What a form of an item has of it.
    pub(super) fn of_form(form: &mut Form) -> Result<Self, Fault> {
        let tab = Tab::parse(&form.take("kind"));
        let pairs = query::decode(&form.take("filters")).map_err(|_| Fault::Bad)?;
        let asked = Self::read(tab, &pairs)?;
        if asked.wrong.is_empty() { Ok(asked) } else { Err(Fault::Bad) }
    }

    fn read(tab: Tab, pairs: &Pairs) -> Result<Self, Fault> {
        let text = |name| query::value(pairs, name).unwrap_or_default().trim().to_owned();
        let filters = Filters {
            source: text("source"),
            score_from: text("score-from"),
            score_to: text("score-to"),
            days: text("days"),
            held: Held::parse(&text("held")).ok_or(Fault::Bad)?,
            order: Order::parse(&text("order")).ok_or(Fault::Bad)?,
        };
        if filters.source.chars().count() > SOURCE_CHARS_MAX {
            return Err(Fault::Bad);
        }
        let mut wrong = Vec::new();
        let mut number = |field, text: &str, key, read: fn(&str) -> Option<i64>| {
            let number = Some(text).filter(|text| !text.is_empty()).map(read);
            if number == Some(None) {
                wrong.push((field, key));
            }
            number.flatten()
        };
        let score_from = number("score-from", &filters.score_from, "queue-score-wrong", tenths);
        let score_to = number("score-to", &filters.score_to, "queue-score-wrong", tenths);
        let days = number("days", &filters.days, "queue-days-wrong", days);
        if score_from.zip(score_to).is_some_and(|(from, to)| from > to) {
            wrong.push(("score-from", "queue-score-order"));
        }
        let more = if wrong.is_empty() { written(&filters) } else { String::new() };
        Ok(Self { view: View { tab, filters, more }, wrong, score_from, score_to, days })
    }

    /// What it is to the store, as things stand.
    pub(super) fn filter(
        &self,
        app: &App,
        visit: &Visit,
        kinds: &[IssueKind],
    ) -> Result<QueueFilter, Fault> {
        let people = People::of(app);
        let (leases, now) = (&people.shared.leases, people.now());
        let filters = &self.view.filters;
        let mut filter = QueueFilter {
            client: Some(&filters.source)
                .filter(|source| !source.is_empty())
                .map(|source| ClientId::new(source.as_str())),
            score_from: self.score_from,
            score_to: self.score_to,
            opened_by: self.days.map(|days| Timestamp(now.0.saturating_sub(days * DAY_MICROS))),
            is_by_score: filters.order == Order::Score,
            ..QueueFilter::of(kinds)
        };
        match filters.held {
            Held::All => {}
            Held::Mine => filter.among = Some(leases.held_by(visit.user()?.session(), now)),
            Held::Nobody => filter.but = leases.all_held(now),
        }
        Ok(filter)
    }
}

/// The filters as a query.
fn written(filters: &Filters) -> String {
    let pairs = [
        ("source", &*filters.source),
        ("score-from", &filters.score_from),
        ("score-to", &filters.score_to),
        ("days", &filters.days),
        ("held", filters.held.as_str()),
        ("order", filters.order.as_str()),
    ];
    let said = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    let said: Pairs = said.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    query::encode(&said)
}

/// A score in tenths: a whole number, or one with one digit after the point; below zero with a
/// minus.
pub(super) fn tenths(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, tenth) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = (1..=SCORE_DIGITS_MAX).contains(&whole.len()) && tenth.len() == 1;
    if !fits || !is_digits(whole) || !is_digits(tenth) {
        return None;
    }
    let (whole, tenth): (i64, i64) = (whole.parse().ok()?, tenth.parse().ok()?);
    Some(sign * (whole * 10 + tenth))
}

/// Whole days, one at least.
fn days(text: &str) -> Option<i64> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let days: i64 = text.parse().ok().filter(|_| is_digits)?;
    (1..=DAYS_MAX).contains(&days).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(query: &str) -> Asked {
        let uri: Uri = format!("/ui/queue?{query}").parse().expect("an address");
        Asked::told(&uri).unwrap_or_else(|_| panic!("{query}")).0
    }

    #[test]
    fn scores_are_whole_numbers_and_tenths_and_nothing_else() {
        let good = [("0", 0), ("12", 120), ("12.5", 125), ("-3", -30), ("\u{2212}0.7", -7)];
        for (text, expected) in good.into_iter().chain([("999999.9", 9_999_999)]) {
            assert_eq!(tenths(text), Some(expected), "{text}");
        }
        for bad in ["", "-", ".", ".5", "12.", "12,5", "12.55", "1e3", "+1", "--1", "1 2", "NaN"] {
            assert_eq!(tenths(bad), None, "{bad}");
        }
        assert_eq!(tenths("1000000"), None);
    }

    #[test]
    fn days_are_whole_and_not_more_than_ten_years() {
        assert_eq!((days("1"), days("3650")), (Some(1), Some(3650)));
        for bad in ["", "0", "-1", "+1", "1.5", "3651", "99999999999999999999", "x"] {
            assert_eq!(days(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_asked_for_survives_its_address() {
        let query = "kind=conflict&source=a%26b%20c&score-from=-1.5&score-to=20&days=3&held=mine&order=score";
        let asked = told(query);
        assert_eq!(asked.view.query(), query);
        assert_eq!((asked.score_from, asked.score_to, asked.days), (Some(-15), Some(200), Some(3)));
        assert_eq!(told("source=&score-from=&days=+&held=").view, View::of(Tab::All));
    }

    #[test]
    fn what_makes_no_sense_is_told_and_kept() {
        let asked = told("score-from=x&score-to=1.23&days=0");
        let fields: Vec<_> = asked.wrong.iter().map(|(field, _)| *field).collect();
        assert_eq!(fields, ["score-from", "score-to", "days"]);
        assert_eq!((asked.view.filters.days.as_str(), asked.view.more.as_str()), ("0", ""));
        let crossed = told("score-from=2&score-to=1.9").wrong;
        assert_eq!(crossed, [("score-from", "queue-score-order")]);
        assert_eq!(told("score-from=2&score-to=2").wrong, []);
        for bad in ["held=ann", "order=name", &format!("source={}", "x".repeat(201)), "source=%ff"]
        {
            let uri: Uri = format!("/ui/queue?{bad}").parse().expect("an address");
            assert!(Asked::told(&uri).is_err(), "{bad}");
        }
        let uri: Uri = "/ui/queue/next?days=0".parse().expect("an address");
        assert!(Asked::of(&uri).is_err());
    }
}
