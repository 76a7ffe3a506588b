//! The workbench: a tangle of records and persons, and where each record belongs.

use askama::Template;
use registry::account::Permission;

use super::{Preview, Problem, of, person::Named, queue::Holder, view::View};
use crate::Frame;

/// New persons that one decision can make.
pub const NEW_MAX: usize = 3;

/// A record on the bench. No `Debug` here and below: these are people.
pub struct Card {
    /// The record.
    pub record: Named,
    /// What it says.
    pub says: String,
    /// Where it is to go; empty for nowhere.
    pub to: String,
}

/// A person on the bench.
pub struct Column {
    /// The CRUID.
    pub cruid: String,
    /// The records.
    pub cards: Vec<Card>,
    /// Where all of them are to go; empty for nowhere.
    pub to: String,
}

/// Where records can go: what the form sends, and how it is called.
pub struct Place {
    /// The value.
    pub value: String,
    /// In words.
    pub text: String,
}

/// The bench of a record.
#[derive(Template)]
#[template(path = "workbench.html")]
pub struct Workbench<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// The part of the queue that was come from.
    pub view: View,
    /// The record that it is about.
    pub record: Named,
    /// The CRUIDs of persons who were put there, divided by commas.
    pub added: String,
    /// Its person first.
    pub columns: Vec<Column>,
    /// Whether there are more persons or records than are shown.
    pub is_cut: bool,
    /// Who else is working on it, so that it is only looked at.
    pub holder: Option<Holder>,
    /// Whether what waits about the record is settled by this.
    pub is_settled: bool,
    /// Why.
    pub reason: String,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
    /// What would become of it.
    pub preview: Option<Preview>,
}

impl Workbench<'_> {
    fn of(&self, field: &str) -> &str {
        of(&self.problems, field)
    }

    /// The query of its own address and of where more is found.
    fn query(&self) -> String {
        let add =
            if self.added.is_empty() { String::new() } else { format!("&add={}", self.added) };
        format!("{}{add}", self.view.query())
    }

    /// Where records of a person can go.
    fn places(&self, but: &str) -> Vec<Place> {
        let others = self.columns.iter().filter(|column| column.cruid != but);
        let persons = others.map(|column| Place {
            value: column.cruid.clone(),
            text: format!("{} {}", self.frame.say("matrix-person"), crate::nickname(&column.cruid)),
        });
        let new = (1..=NEW_MAX).map(|number| Place {
            value: format!("new-{number}"),
            text: self.frame.with("bench-new", "number", number),
        });
        persons.chain(new).collect()
    }

    /// What the form says, for the one that confirms it.
    fn said(&self) -> Vec<(String, String)> {
        let columns = self.columns.iter();
        let all = columns.clone().map(|one| (format!("all-{}", one.cruid), one.to.clone()));
        let cards = columns.flat_map(|column| &column.cards);
        let each = cards.map(|card| (format!("to-{}", card.record.id), card.to.clone()));
        all.chain(each).filter(|(_, to)| !to.is_empty()).collect()
    }

    fn may_decide(&self) -> bool {
        self.holder.is_none() && self.frame.may(Permission::MatchDecide)
    }
}
