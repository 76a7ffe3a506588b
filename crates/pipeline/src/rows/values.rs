//! Dates and genders as people write them in tables, turned into FHIR's.

use fhir::date::PartialDate;
use serde::Deserialize;

/// Says in which order day and month stand in `03/04/1990`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
}

/// Gives `text` as a FHIR date: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
///
/// Understood are `YYYYMMDD`; year, month and day in this order with `-`, `/` or `.` between
/// them, the later parts optional; and day and month before the year if `order` says which is
/// which or only one reading is possible. A time after `T` or a space is dropped. `None` is
/// anything else, days that do not exist included.
pub(super) fn date(text: &str, order: Option<DateOrder>) -> Option<String> {
    let text = text.trim();
    // A space without a time behind it is a slip inside a date, and not its end.
    let day = match text.split_once(['T', ' ']) {
        Some((day, time)) if time.contains(':') => day,
        _ => text,
    };
    if day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit()) {
        return checked(&day[..4], &day[4..6], &day[6..]);
    }
    let parts: Vec<&str> = day.split(['-', '/', '.']).collect();
    if parts.iter().any(|part| part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    match parts[..] {
        [year] if year.len() == 4 => known(year.to_owned()),
        [year, month] if year.len() == 4 => known(format!("{year}-{month:0>2}")),
        [year, month, day] if year.len() == 4 => checked(year, month, day),
        [first, second, year] if year.len() == 4 => ordered(first, second, year, order),
        _ => None,
    }
}

fn ordered(first: &str, second: &str, year: &str, order: Option<DateOrder>) -> Option<String> {
    match order {
        Some(DateOrder::Dmy) => checked(year, second, first),
        Some(DateOrder::Mdy) => checked(year, first, second),
        None => match (checked(year, second, first), checked(year, first, second)) {
            (Some(dmy), Some(mdy)) if dmy != mdy => None,
            (dmy, mdy) => dmy.or(mdy),
        },
    }
}

fn checked(year: &str, month: &str, day: &str) -> Option<String> {
    known(format!("{year}-{month:0>2}-{day:0>2}"))
}

fn known(date: String) -> Option<String> {
    PartialDate::parse(&date).is_ok().then_some(date)
}

/// Gives FHIR's code for `text`, `None` if it is not one of the words or ISO 5218 numbers.
pub(super) fn gender(text: &str) -> Option<&'static str> {
    match text.trim().to_lowercase().as_str() {
        "m" | "male" | "man" | "1" | "masculin" | "masculino" | "homme" => Some("male"),
        "f" | "female" | "woman" | "2" | "féminin" | "feminin" | "femenino" | "feminino"
        | "femme" => Some("female"),
        "o" | "other" | "x" => Some("other"),
        "u" | "unk" | "unknown" | "0" | "9" => Some("unknown"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_every_usual_form_become_fhir_dates() {
        let cases = [
            ("19671207", Some("1967-12-07")),
            (" 1967-12-07 ", Some("1967-12-07")),
            ("1967/12/7", Some("1967-12-07")),
            ("1967.12.07", Some("1967-12-07")),
            ("1967-12-07T00:00:00Z", Some("1967-12-07")),
            ("1967-12-07 00:00:00", Some("1967-12-07")),
            ("1967", Some("1967")),
            ("1967-12", Some("1967-12")),
            ("1967-2", Some("1967-02")),
            ("25/12/1967", Some("1967-12-25")),
            ("12/25/1967", Some("1967-12-25")),
            ("5.5.1967", Some("1967-05-05")),
            ("03/04/1967", None),
            ("19670230", None),
            ("1967-13", None),
            ("196712", None),
            ("1967 1207", None),
            ("00000000", None),
            ("07/12/67", None),
            ("1967-12-", None),
            ("-", None),
            ("", None),
            ("yesterday", None),
            ("١٩٦٧", None),
        ];
        for (text, expected) in cases {
            assert_eq!(date(text, None).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_mapping_settles_day_and_month() {
        assert_eq!(date("03/04/1967", Some(DateOrder::Dmy)).as_deref(), Some("1967-04-03"));
        assert_eq!(date("03/04/1967", Some(DateOrder::Mdy)).as_deref(), Some("1967-03-04"));
        assert_eq!(date("25/12/1967", Some(DateOrder::Mdy)), None);
    }

    #[test]
    fn genders_are_read_in_words_letters_and_numbers() {
        let cases = [
            ("m", Some("male")),
            ("FEMALE", Some("female")),
            (" 1 ", Some("male")),
            ("2", Some("female")),
            ("O", Some("other")),
            ("u", Some("unknown")),
            ("z", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(gender(text), expected, "{text}");
        }
    }
}
