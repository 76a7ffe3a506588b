//! Calendar rules, ranges and refusals.

use proptest::prelude::*;

use super::*;

#[test]
fn partial_dates_cover_the_days_they_may_be() {
    for (text, first, end) in [
        ("1970", 0, 365),
        ("1970-02", 31, 59),
        ("1970-12", 334, 365),
        ("1970-01-01", 0, 1),
        ("1969-12-31", -1, 0),
        ("2000-02-29", 11_016, 11_017),
        ("9999-12-31", 2_932_896, 2_932_897),
    ] {
        let date = PartialDate::parse(text).unwrap();
        assert_eq!(date.range_days(), (first, end), "{text}");
        assert_eq!(date.to_string(), text);
    }
}

#[test]
fn dates_that_are_not_are_refused() {
    for text in [
        "",
        "90",
        "19900",
        "1990-",
        "1990-1",
        "1990-01-",
        "1990/01/01",
        "0000",
        "+199",
        "1990-01-011",
        " 1990",
        "１９９０",
        "1990-01-0a",
    ] {
        assert_eq!(PartialDate::parse(text), Err(DateError::Shape), "{text}");
    }
    for text in
        ["1990-00", "1990-13", "1990-02-29", "1900-02-29", "1990-04-31", "1990-01-00", "1990-01-32"]
    {
        assert_eq!(PartialDate::parse(text), Err(DateError::NoSuchDay), "{text}");
    }
}

#[test]
fn moments_cover_what_was_written() {
    let s = SECOND_US;
    for (text, range) in [
        ("1970-01-01T00:00:10Z", (10 * s, 11 * s)),
        ("1970-01-01T00:01", (60 * s, 120 * s)),
        ("1970-01-01T00:00:00.5Z", (500_000, 600_000)),
        ("1970-01-01T00:00:00.123456789Z", (123_456, 123_457)),
        ("1970-01-01T02:00:00+02:00", (0, s)),
        ("1970-01-01T02:00:00 02:00", (0, s)),
        ("1969-12-31T22:00:00-02:00", (0, s)),
        ("1970-01-01", (0, DAY_US)),
    ] {
        assert_eq!(Moment::parse(text).unwrap().range_us, range, "{text}");
    }
}

#[test]
fn elements_are_stricter_than_searches() {
    for good in
        ["1990", "1990-02", "1990-02-03", "1990-02-03T23:59:60Z", "2020-01-01T00:00:00+14:00"]
    {
        assert!(Moment::parse_date_time(good).is_ok(), "{good}");
    }
    for bad in [
        "1990-02-03T10:00Z",
        "1990-02-03T10:00:00",
        "1990-02-03T24:00:00Z",
        "1990-02T10:00:00Z",
        "1990-02-03T10:00:00 02:00",
        "1990-02-03T10:00:00+14:01",
        "1990-02-03T10:00:00z",
        "1990-02-03T10:00:00.Z",
        "1990-02-03T10:00:00Z ",
        "1990-02-03T10:00:61Z",
    ] {
        assert!(Moment::parse_date_time(bad).is_err(), "{bad}");
    }
    assert!(Moment::parse_instant("1990-02-03").is_err());
    assert!(Moment::parse_instant("1990-02-03T10:00:00.001Z").is_ok());
    assert!(
        is_time("10:00:00") && is_time("10:00:00.25") && !is_time("10:00") && !is_time("25:00:00")
    );
}

#[test]
fn debug_shows_no_date() {
    assert_eq!(format!("{:?}", PartialDate::parse("1990-02").unwrap()), "PartialDate(month)");
}

#[test]
fn instants_are_written_in_utc() {
    assert_eq!(instant_text(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(instant_text(-1), "1969-12-31T23:59:59.999Z");
    assert_eq!(instant_text(951_782_400_123_999), "2000-02-29T00:00:00.123Z");
    assert_eq!(instant_text(i64::MAX), "9999-12-31T23:59:59.999Z");
    assert_eq!(instant_text(i64::MIN), "0001-01-01T00:00:00.000Z");
}

proptest! {
    #[test]
    fn fuzz_texts_as_dates_are_answered(text in any::<String>()) {
        let _ = PartialDate::parse(&text);
        let _ = Moment::parse(&text);
        let _ = Moment::parse_date_time(&text);
        let _ = Moment::parse_instant(&text);
    }

    #[test]
    fn fuzz_almost_dates_are_answered(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.Z+ \\-]{0,20}é?") {
        let _ = Moment::parse_instant(&text);
    }

    #[test]
    fn instants_read_back(us in -62_135_596_800_000_000i64..253_402_300_800_000_000) {
        let read = Moment::parse_instant(&instant_text(us)).unwrap().range_us;
        prop_assert!(read.0 <= us && us < read.1);
    }
}
