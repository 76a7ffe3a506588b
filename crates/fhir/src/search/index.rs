//! [`index_entries`]: what the store keeps beside a Patient to answer searches.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::date::Moment;
use crate::patient::{AddressRef, ContactPointRef, HumanNameRef, MOTHERS_MAIDEN_NAME, PatientRef};
use crate::resource::Resource;

use super::fold::fold;
use super::param::Param;

/// Longest text in an index row, in characters.
///
/// A database index entry has a bound (PostgreSQL: about 2700 bytes; 256 characters are at
/// most 1024). Rows and search values are clipped alike, so two longer texts that differ
/// only after this point are found together.
pub const INDEX_TEXT_MAX: usize = 256;

/// Shortest run of digits that counts as a phone number.
const PHONE_DIGITS_MIN: usize = 4;

/// Holds one index row of a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexEntry {
    /// The kind of row.
    pub param: Param,
    /// What is found by it.
    pub value: IndexValue,
}

/// Holds the value of an index row. `Debug` shows the kind only: it is patient data.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IndexValue {
    /// A text.
    Text {
        /// Folded and clipped, for plain and `:contains` searches.
        folded: String,
        /// In Unicode form C and clipped, for `:exact` searches.
        exact: String,
    },
    /// A code or identifier, clipped.
    Token {
        /// Its namespace, if any.
        system: Option<String>,
        /// The code.
        code: String,
    },
    /// A stretch of time in microseconds since 1970-01-01T00:00:00Z, half open.
    Date {
        /// The first microsecond.
        lo: i64,
        /// The one after the last.
        hi: i64,
    },
}

impl fmt::Debug for IndexValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IndexValue::Text { .. } => "Text",
            IndexValue::Token { .. } => "Token",
            IndexValue::Date { .. } => "Date",
        })
    }
}

/// Lists the index rows of a Patient, sorted and without repetition.
///
/// Values with the wrong shape have no row. Anything but a Patient has none.
pub fn index_entries(patient: &Resource) -> Vec<IndexEntry> {
    if patient.resource_type() != "Patient" {
        return Vec::new();
    }
    let patient = PatientRef(patient.value());
    let mut rows = Rows(Vec::new());
    for identifier in patient.identifiers() {
        if let Some(value) = identifier.value {
            rows.token(Param::Identifier, identifier.system, value);
        }
    }
    patient.names().for_each(|name| rows.name(name));
    patient.addresses().for_each(|address| rows.address(address));
    patient.telecoms().for_each(|telecom| rows.telecom(telecom));
    for maiden in patient.extensions_at(MOTHERS_MAIDEN_NAME) {
        rows.text(Param::MothersMaidenName, maiden.value_text());
    }
    if let Some(gender) = patient.gender() {
        rows.token(Param::Gender, None, gender);
    }
    if let Some(active) = patient.active() {
        rows.token(Param::Active, None, bool_code(active));
    }
    if let Some(deceased) = patient.deceased() {
        rows.token(Param::Deceased, None, bool_code(deceased));
    }
    rows.date(Param::Birthdate, patient.birth_date_text());
    rows.date(Param::DeathDate, patient.deceased_date_time());
    rows.0.sort_unstable();
    rows.0.dedup();
    rows.0
}

/// Cuts text to [`INDEX_TEXT_MAX`] characters.
pub fn clip(text: &str) -> &str {
    let end = text.char_indices().nth(INDEX_TEXT_MAX).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// Makes the form of a text that `:exact` compares.
pub(super) fn exact_form(text: &str) -> String {
    let composed: String = text.nfc().collect();
    clip(&composed).to_owned()
}

/// Makes the form of a text that other string searches compare.
pub(super) fn folded_form(text: &str) -> String {
    clip(&fold(text)).to_owned()
}

pub(super) fn bool_code(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Lists the forms under which a contact point is kept and looked for: as written, without
/// the scheme of `tel:` and `mailto:`, mail addresses in lower case, phone numbers as their
/// digits only. So `0722000111` finds `0722 000 111` and `tel:0722-000-111`.
///
/// R4 search.html#token leaves special handling of contact points to the server. A number
/// with and one without its country code stay different: the country is not known here.
pub(super) fn contact_forms(value: &str) -> Vec<String> {
    let value = value.trim();
    let scheme_end = if has_prefix(value, "tel:") {
        4
    } else if has_prefix(value, "mailto:") {
        7
    } else {
        0
    };
    let bare = value[scheme_end..].trim();
    let mut forms = vec![clip(value).to_owned(), clip(bare).to_owned()];
    if bare.contains('@') {
        forms.push(clip(&bare.to_lowercase()).to_owned());
    }
    let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
    let is_phone = |c: char| c.is_ascii_digit() || " +-()./\u{a0}".contains(c);
    if digits.len() >= PHONE_DIGITS_MIN && bare.chars().all(is_phone) {
        forms.push(clip(&digits).to_owned());
    }
    forms.retain(|form| !form.is_empty());
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

struct Rows(Vec<IndexEntry>);

impl Rows {
    fn text(&mut self, param: Param, text: Option<&str>) {
        let Some(text) = text else { return };
        let folded = folded_form(text);
        // A text of nothing but marks folds to nothing and would be found by everything.
        if !folded.is_empty() {
            let value = IndexValue::Text { folded, exact: exact_form(text) };
            self.0.push(IndexEntry { param, value });
        }
    }

    fn token(&mut self, param: Param, system: Option<&str>, code: &str) {
        let system = system.map(|system| clip(system.trim()).to_owned());
        let value = IndexValue::Token { system, code: clip(code.trim()).to_owned() };
        self.0.push(IndexEntry { param, value });
    }

    fn date(&mut self, param: Param, text: Option<&str>) {
        if let Some(Ok(moment)) = text.map(Moment::parse) {
            let (lo, hi) = moment.range_us;
            self.0.push(IndexEntry { param, value: IndexValue::Date { lo, hi } });
        }
    }

    fn name(&mut self, name: HumanNameRef<'_>) {
        self.text(Param::Family, name.family());
        name.given().for_each(|given| self.text(Param::Given, Some(given)));
        let parts = name.prefix().chain(name.suffix()).chain(name.text());
        parts.for_each(|part| self.text(Param::NamePart, Some(part)));
    }

    fn address(&mut self, address: AddressRef<'_>) {
        let parts = address.lines().chain(address.district()).chain(address.text());
        parts.for_each(|part| self.text(Param::AddressPart, Some(part)));
        self.text(Param::AddressCity, address.city());
        self.text(Param::AddressState, address.state());
        self.text(Param::AddressPostalCode, address.postal_code());
        self.text(Param::AddressCountry, address.country());
        if let Some(use_code) = address.use_code() {
            self.token(Param::AddressUse, None, use_code);
        }
    }

    fn telecom(&mut self, telecom: ContactPointRef<'_>) {
        let Some(value) = telecom.value() else { return };
        let param = match telecom.system() {
            Some("phone") => Param::Phone,
            Some("email") => Param::Email,
            _ => Param::Telecom,
        };
        for form in contact_forms(value) {
            self.token(param, telecom.system(), &form);
        }
    }
}
