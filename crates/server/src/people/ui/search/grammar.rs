//! What somebody means by what was typed: the one box and the fields become conditions.

use std::ops::Range;

use ui::pages::Terms;

/// Shortest beginning of a CRUID (ui.md 3.3).
const CRUID_CHARS_MIN: usize = 4;

/// Names in one search: each that is to be alike costs a walk through the index.
const NAMES_MAX: usize = 8;

/// A name that is looked for, in any part of names or in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Search parameter: `name`, `family` or `given`.
    pub(super) param: &'static str,
    /// As it was typed.
    pub(super) text: String,
}

/// A thing that was understood, and where it is written. No `Debug`: it holds what people are called.
pub(super) struct Read {
    /// The key of what it is.
    pub(super) key: &'static str,
    /// What is written.
    pub(super) text: String,
    /// The field of the form.
    pub(super) field: &'static str,
    /// The words of the field.
    pub(super) words: Range<usize>,
}

/// What was understood. No `Debug`: it holds what people are called.
#[derive(Default)]
pub(super) struct Meaning {
    /// Names.
    pub(super) names: Vec<Name>,
    /// Other conditions, as parameters of a FHIR search with escaped values.
    pub(super) pairs: Vec<(String, String)>,
    /// A phone or an identifier: nobody can tell which.
    pub(super) number: Option<String>,
    /// A CRUID or the id of a record.
    pub(super) id: Option<String>,
    /// How the CRUID begins; empty if nobody says so.
    pub(super) cruid_start: String,
    /// Each thing, to be shown and changed.
    pub(super) reading: Vec<Read>,
    /// The field and key of each thing that is wrong.
    pub(super) problems: Vec<(&'static str, &'static str)>,
}

impl Meaning {
    /// Understands a form.
    pub(super) fn of(terms: &Terms) -> Self {
        let mut meaning = Self::default();
        meaning.read_box(terms.of("q"));
        for (field, param, key) in
            [("family", "family", "family-name"), ("given", "given", "given-names")]
        {
            for (at, word) in terms.of(field).split_whitespace().enumerate() {
                meaning.read(key, word, (field, at..at + 1));
                meaning.names.push(Name { param, text: word.to_owned() });
            }
        }
        let birth = terms.of("birth").trim();
        if !birth.is_empty() {
            match birth_date(birth) {
                Some(date) => meaning.born(&date, ("birth", 0..usize::MAX)),
                None => meaning.problems.push(("birth", "search-birth-wrong")),
            }
        }
        for (field, param, key) in [
            ("phone", "phone", "phone"),
            ("identifier", "identifier", "search-identifier"),
            ("place", "address", "search-place"),
            ("sex", "gender", "sex"),
        ] {
            let value = terms.of(field).trim();
            if !value.is_empty() {
                meaning.read(key, value, (field, 0..usize::MAX));
                meaning.pairs.push((param.to_owned(), escaped(value)));
            }
        }
        meaning.read_cruid(terms.of("cruid").trim());
        for (field, key) in
            [("source", "search-source"), ("flag", "search-flag"), ("spelling", "search-spelling")]
        {
            if !terms.of(field).is_empty() {
                meaning.read(key, terms.of(field), (field, 0..usize::MAX));
            }
        }
        meaning.check(!terms.of("flag").is_empty());
        meaning
    }

    fn read(
        &mut self,
        key: &'static str,
        text: &str,
        (field, words): (&'static str, Range<usize>),
    ) {
        self.reading.push(Read { key, text: text.to_owned(), field, words });
    }

    /// One thing at the least, and no search for a letter alone.
    fn check(&mut self, has_flag: bool) {
        let is_narrow = !self.pairs.is_empty()
            || self.number.is_some()
            || self.id.is_some()
            || !self.cruid_start.is_empty()
            || has_flag;
        let is_short = |name: &Name| name.text.is_ascii() && name.text.chars().count() < 2;
        if !is_narrow && self.names.is_empty() && self.problems.is_empty() {
            self.problems.push(("q", "search-empty"));
        } else if !is_narrow && self.names.iter().all(is_short) && self.problems.is_empty() {
            self.problems.push(("q", "search-short"));
        } else if self.names.len() > NAMES_MAX {
            self.problems.push(("q", "search-wrong"));
        }
    }

    fn read_cruid(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let is_of_id = |it: char| it.is_ascii_alphanumeric() || "-.".contains(it);
        if text.chars().count() < CRUID_CHARS_MIN || !text.chars().all(is_of_id) {
            self.problems.push(("cruid", "search-cruid-wrong"));
            return;
        }
        self.read("cruid", text, ("cruid", 0..usize::MAX));
        if is_id(text) {
            self.id = Some(text.to_lowercase());
        } else {
            let is_hexadecimal = text.chars().all(|it| it.is_ascii_hexdigit() || it == '-');
            self.cruid_start = if is_hexadecimal { text.to_lowercase() } else { text.to_owned() };
        }
    }

    fn read_box(&mut self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let digits = words.concat();
        let is_of_number = |it: char| it.is_ascii_digit() || "+()-/.".contains(it);
        // "0772 300 001" is one phone, not three numbers.
        let are_parts = words.len() > 1 && words.iter().all(|word| birth_date(word).is_none());
        if are_parts && digits.chars().all(is_of_number) {
            return self.numbered(&digits, 0..words.len());
        }
        for (at, word) in words.into_iter().enumerate() {
            let place = at..at + 1;
            if is_id(word) {
                self.read("search-id", word, ("q", place));
                self.id = Some(word.to_lowercase());
            } else if let Some(date) = birth_date(word) {
                self.born(&date, ("q", place));
            } else if word.chars().any(|it| it.is_ascii_digit()) {
                self.numbered(word, place);
            } else {
                self.read("search-name", word, ("q", place));
                self.names.push(Name { param: "name", text: word.to_owned() });
            }
        }
    }

    fn numbered(&mut self, number: &str, words: Range<usize>) {
        self.read("search-number", number, ("q", words));
        self.number = Some(number.to_owned());
    }

    fn born(&mut self, date: &str, place: (&'static str, Range<usize>)) {
        self.read("birth-date", date, place);
        self.pairs.push(("birthdate".to_owned(), date.to_owned()));
    }
}

/// A year, month or day of a lifetime; days also as written in most countries, the day first.
fn birth_date(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let are_digits = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    if !are_digits {
        return None;
    }
    let (year, month, day) = match (lengths.as_slice(), parts.as_slice()) {
        ([4], [year]) => (*year, None, None),
        ([4, 2], [year, month]) if text.contains('-') => (*year, Some(*month), None),
        ([4, 2, 2], [year, month, day]) if text.contains('-') => (*year, Some(*month), Some(*day)),
        ([2, 2, 4], [day, month, year]) if !text.contains('-') => (*year, Some(*month), Some(*day)),
        _ => return None,
    };
    let is_lifetime = year.parse().is_ok_and(|year: u16| (1850..2200).contains(&year));
    let number = |text: Option<&str>| text.map_or(Some(1), |text| text.parse::<i8>().ok());
    jiff::civil::Date::new(year.parse().ok()?, number(month)?, number(day)?).ok()?;
    let parts = [Some(year), month, day];
    is_lifetime.then(|| parts.into_iter().flatten().collect::<Vec<_>>().join("-"))
}

/// Whether a word is an id that the registry gives.
fn is_id(word: &str) -> bool {
    uuid::Uuid::try_parse(word).is_ok() && word.contains('-')
}

/// A value as FHIR searches take it (R4 search.html#escaping).
pub(super) fn escaped(value: &str) -> String {
    let mut text = String::new();
    for it in value.chars() {
        if "\\,$|".contains(it) {
            text.push('\\');
        }
        text.push(it);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(q: &str) -> Meaning {
        Meaning::of(&Terms([("q", q.to_owned())].into()))
    }

    #[test]
    fn one_box_tells_names_dates_numbers_and_ids_apart() {
        let check = |q: &str, expected: &[(&str, &str)]| {
            let found = meaning(q).reading;
            let found: Vec<_> = found.iter().map(|it| (it.key, it.text.as_str())).collect();
            assert_eq!(found, expected, "{q}");
        };
        check("moyo 1987", &[("search-name", "moyo"), ("birth-date", "1987")]);
        check("1987-04", &[("birth-date", "1987-04")]);
        check("12/04/1987 O'Brien", &[("birth-date", "1987-04-12"), ("search-name", "O'Brien")]);
        check("0772 300 001", &[("search-number", "0772300001")]);
        check("+256772300001", &[("search-number", "+256772300001")]);
        check("NX100001", &[("search-number", "NX100001")]);
        check("1987-13", &[("search-number", "1987-13")]);
        check("አበበ <script>", &[("search-name", "አበበ"), ("search-name", "<script>")]);
        let id = "01a20888-1b13-76bb-9ee3-cfe5a614f4a6";
        check(id, &[("search-id", id)]);
    }

    #[test]
    fn what_would_find_everybody_is_refused() {
        assert_eq!(meaning("  ").problems, [("q", "search-empty")]);
        assert_eq!(meaning("m").problems, [("q", "search-short")]);
        assert!(meaning("m 1987").problems.is_empty() && meaning("李").problems.is_empty());
        assert_eq!(meaning("a b c d e f g h ij").problems, [("q", "search-wrong")]);
        let of = |field, value: &str| Meaning::of(&Terms([(field, value.to_owned())].into()));
        assert_eq!(of("birth", "soon").problems, [("birth", "search-birth-wrong")]);
        for wrong in ["01a", "01a2…f4a6", "01a2%"] {
            assert_eq!(of("cruid", wrong).problems, [("cruid", "search-cruid-wrong")]);
        }
        assert_eq!(of("source", "lab").problems, [("q", "search-empty")]);
        assert!(of("flag", "broken").problems.is_empty());
        assert_eq!(of("cruid", "01A2").cruid_start, "01a2");
    }

    #[test]
    fn letters_with_a_meaning_are_escaped() {
        assert_eq!(escaped("a,b|c$d\\e"), "a\\,b\\|c\\$d\\\\e");
    }
}
