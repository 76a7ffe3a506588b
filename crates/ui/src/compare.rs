//! [`Comparison`]: what several records say in each field, side by side, and where they differ.

use std::collections::BTreeMap;

use crate::marks::{Mark, marks, plain};

/// What a group of fields is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Names.
    Names,
    /// Birth, sex and death.
    Birth,
    /// Identifiers.
    Identifiers,
    /// Phones and mail.
    Contact,
    /// Addresses.
    Address,
    /// Relatives.
    Relations,
    /// Extensions.
    Extensions,
    /// Everything else.
    Other,
}

impl Group {
    /// The key of its name.
    pub fn text(self) -> &'static str {
        match self {
            Self::Names => "group-names",
            Self::Birth => "group-birth",
            Self::Identifiers => "group-identifiers",
            Self::Contact => "group-contact",
            Self::Address => "group-address",
            Self::Relations => "group-relations",
            Self::Extensions => "group-extensions",
            Self::Other => "group-other",
        }
    }
}

/// What a field is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// The key of a text; `place` keeps fields in the order of people's reading.
    Key {
        /// Its place in the group.
        place: u8,
        /// The key.
        key: &'static str,
    },
    /// A name that is data, such as that of an identifier's system.
    Given(String),
}

/// A field that a record may have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// What it is about.
    pub group: Group,
    /// What it is called.
    pub label: Label,
    /// Whether it is written from left to right in every language, as numbers and dates are.
    pub is_ltr: bool,
}

/// What one record says: values by field. No `Debug` anywhere: these are people.
pub type Facts = BTreeMap<Field, Vec<String>>;

/// How the records agree in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// All records say it, and the same.
    Same,
    /// So many of so many that say it agree.
    Some(u64, u64),
    /// No two agree.
    Differ,
    /// Those that say it agree, but so many are silent.
    Missing(u64),
    /// There is one record only.
    Alone,
}

/// One field of all records.
pub struct Row {
    /// The field.
    pub field: Field,
    /// Whether it begins a group.
    pub begins: bool,
    /// For each record its values, in stretches; empty for a record that is silent.
    pub cells: Vec<Vec<Vec<Mark>>>,
    /// How they agree.
    pub agreement: Agreement,
}

/// Records side by side.
pub struct Comparison {
    /// Fields that any of them has.
    pub rows: Vec<Row>,
}

impl Comparison {
    /// Compares records, field by field, with the one at `base`, or in each field with what most of
    /// them say.
    pub fn of(records: &[Facts], base: Option<usize>, only_differences: bool) -> Self {
        let mut fields: Vec<&Field> = records.iter().flat_map(BTreeMap::keys).collect();
        fields.sort();
        fields.dedup();
        let mut rows: Vec<Row> =
            fields.into_iter().map(|field| row(field, records, base)).collect();
        if only_differences {
            rows.retain(|row| row.agreement != Agreement::Same);
        }
        let mut before = None;
        for row in &mut rows {
            row.begins = before.replace(row.field.group) != Some(row.field.group);
        }
        Self { rows }
    }

    /// Of two versions of one record keeps the fields that changed, also those that only one has or
    /// in which a value was added.
    pub fn keep_changes(&mut self) {
        self.rows.retain(|row| {
            let mut texts = row.cells.iter().map(|values| {
                let text = |marks: &Vec<Mark>| marks.iter().map(|it| it.text.as_str()).collect();
                values.iter().map(text).collect::<Vec<String>>()
            });
            texts.next() != texts.next()
        });
    }
}

fn row(field: &Field, records: &[Facts], base: Option<usize>) -> Row {
    let none = Vec::new();
    let all: Vec<&Vec<String>> =
        records.iter().map(|facts| facts.get(field).unwrap_or(&none)).collect();
    let against = base.map_or_else(|| most_frequent(&all), |at| all[at]);
    let against = if against.is_empty() { most_frequent(&all) } else { against };
    let cells = all.iter().map(|values| cell(values, against)).collect();
    Row { field: field.clone(), begins: false, cells, agreement: agreement(&all, against) }
}

/// Whether two records agree: any value of the one is one of the other.
fn agree(a: &[String], b: &[String]) -> bool {
    a.iter().any(|value| b.contains(value))
}

/// What most of those that say something say; the first of those, if it is undecided.
fn most_frequent<'v>(all: &[&'v Vec<String>]) -> &'v [String] {
    let said = all.iter().filter(|values| !values.is_empty());
    let supporters = |values: &[String]| all.iter().filter(|other| agree(values, other)).count();
    let mut best: (usize, &[String]) = (0, &[]);
    for values in said {
        let count = supporters(values);
        if count > best.0 {
            best = (count, values);
        }
    }
    best.1
}

fn agreement(all: &[&Vec<String>], against: &[String]) -> Agreement {
    let said: Vec<_> = all.iter().filter(|values| !values.is_empty()).collect();
    let same = said.iter().filter(|values| agree(values, against)).count();
    if all.len() < 2 {
        Agreement::Alone
    } else if same == all.len() {
        Agreement::Same
    } else if same == said.len() {
        Agreement::Missing((all.len() - said.len()) as u64)
    } else if same > 1 {
        Agreement::Some(same as u64, said.len() as u64)
    } else {
        Agreement::Differ
    }
}

fn cell(values: &[String], against: &[String]) -> Vec<Vec<Mark>> {
    let shown = values.iter().enumerate().map(|(at, value)| {
        if against.contains(value) {
            return plain(value);
        }
        let other = against.get(at).or(against.first());
        marks(value, other.map_or("", String::as_str))
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family() -> Field {
        let label = Label::Key { place: 0, key: "family-name" };
        Field { group: Group::Names, label, is_ltr: false }
    }

    fn check(values: &[&[&str]], base: Option<usize>, expected: Agreement) -> Comparison {
        let records: Vec<Facts> = values
            .iter()
            .map(|values| {
                let values: Vec<String> = values.iter().map(|it| (*it).to_owned()).collect();
                if values.is_empty() { Facts::new() } else { Facts::from([(family(), values)]) }
            })
            .collect();
        let compared = Comparison::of(&records, base, false);
        assert_eq!(compared.rows[0].agreement, expected, "{values:?}");
        compared
    }

    #[test]
    fn agreement_counts_those_that_say_something() {
        check(&[&["Moyo"], &["Moyo"]], None, Agreement::Same);
        check(&[&["Moyo"], &["Mayo"], &["Moyo"]], None, Agreement::Some(2, 3));
        check(&[&["Moyo"], &["Mayo"]], None, Agreement::Differ);
        check(&[&["Moyo"], &[], &["Moyo"]], None, Agreement::Missing(1));
        check(&[&["Moyo"]], None, Agreement::Alone);
        check(&[&["Moyo", "Dube"], &["Dube"]], None, Agreement::Same);
    }

    #[test]
    fn marks_are_against_what_most_say_or_the_record_chosen() {
        let is_marked = |row: &Row, at: usize| row.cells[at][0].iter().any(|mark| mark.differs);
        let most = check(&[&["Mayo"], &["Moyo"], &["Moyo"]], None, Agreement::Some(2, 3));
        assert_eq!([0, 1, 2].map(|at| is_marked(&most.rows[0], at)), [true, false, false]);
        let first = check(&[&["Mayo"], &["Moyo"], &["Moyo"]], Some(0), Agreement::Differ);
        assert_eq!([0, 1, 2].map(|at| is_marked(&first.rows[0], at)), [false, true, true]);
    }

    #[test]
    fn what_all_say_is_left_out_of_differences() {
        let facts = Facts::from([(family(), vec!["Moyo".to_owned()])]);
        assert!(Comparison::of(&[facts.clone(), facts], None, true).rows.is_empty());
    }
}
