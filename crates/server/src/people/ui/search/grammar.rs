//! What somebody means by what was typed: the one box and the fields become conditions.

use ui::pages::Terms;

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
    /// Key and value of each thing, to be shown.
    pub(super) reading: Vec<(&'static str, String)>,
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
            for word in terms.of(field).split_whitespace() {
                meaning.reading.push((key, word.to_owned()));
                meaning.names.push(Name { param, text: word.to_owned() });
            }
        }
        let birth = terms.of("birth").trim();
        if !birth.is_empty() {
            match birth_date(birth) {
                Some(date) => meaning.born(&date),
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
                meaning.reading.push((key, value.to_owned()));
                meaning.pairs.push((param.to_owned(), escaped(value)));
            }
        }
        meaning.check();
        meaning
    }

    /// One thing at the least, and no search for a letter alone.
    fn check(&mut self) {
        let is_narrow = !self.pairs.is_empty() || self.number.is_some() || self.id.is_some();
        let is_short = |name: &Name| name.text.is_ascii() && name.text.chars().count() < 2;
        if !is_narrow && self.names.is_empty() && self.problems.is_empty() {
            self.problems.push(("q", "search-empty"));
        } else if !is_narrow && self.names.iter().all(is_short) && self.problems.is_empty() {
            self.problems.push(("q", "search-short"));
        } else if self.names.len() > NAMES_MAX {
            self.problems.push(("q", "search-wrong"));
        }
    }

    fn read_box(&mut self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let digits = words.concat();
        let is_of_number = |it: char| it.is_ascii_digit() || "+()-/.".contains(it);
        // "0772 300 001" is one phone, not three numbers.
        let are_parts = words.len() > 1 && words.iter().all(|word| birth_date(word).is_none());
        if are_parts && digits.chars().all(is_of_number) {
            return self.numbered(&digits);
        }
        for word in words {
            if is_id(word) {
                self.reading.push(("search-id", word.to_owned()));
                self.id = Some(word.to_lowercase());
            } else if let Some(date) = birth_date(word) {
                self.born(&date);
            } else if word.chars().any(|it| it.is_ascii_digit()) {
                self.numbered(word);
            } else {
                self.reading.push(("search-name", word.to_owned()));
                self.names.push(Name { param: "name", text: word.to_owned() });
            }
        }
    }

    fn numbered(&mut self, number: &str) {
        self.reading.push(("search-number", number.to_owned()));
        self.number = Some(number.to_owned());
    }

    fn born(&mut self, date: &str) {
        self.reading.push(("birth-date", date.to_owned()));
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
            let found: Vec<_> = found.iter().map(|(key, text)| (*key, text.as_str())).collect();
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
        let wrong = Terms([("birth", "soon".to_owned())].into());
        assert_eq!(Meaning::of(&wrong).problems, [("birth", "search-birth-wrong")]);
    }

    #[test]
    fn letters_with_a_meaning_are_escaped() {
        assert_eq!(escaped("a,b|c$d\\e"), "a\\,b\\|c\\$d\\\\e");
    }
}
