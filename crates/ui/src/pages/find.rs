//! Finding another record that one may be the same person as: by the rules in force, or by looking.

use askama::Template;

use super::{Problem, of, person::Named, view::View};
use crate::Frame;

/// A record to compare with. No `Debug` here and below: these are people.
pub struct Rival {
    /// The record.
    pub record: Named,
    /// What it says of its person.
    pub says: String,
    /// Its person.
    pub cruid: String,
    /// The score as people read it; empty if the rules do not find it.
    pub score: String,
    /// Whether it is of the same person already.
    pub is_mine: bool,
}

/// Who was found by looking.
pub struct FoundBy {
    /// The records of this page.
    pub rivals: Vec<Rival>,
    /// How many persons there are in all.
    pub total: u64,
    /// Whether some of it is left out.
    pub is_cut: bool,
    /// The number of the search, and where the pages before and after begin.
    pub token: String,
    /// Persons before this page.
    pub before: Option<usize>,
    /// Persons up to the end of this page.
    pub after: Option<usize>,
}

/// Where another candidate is found.
#[derive(Template)]
#[template(path = "find.html")]
pub struct Find<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// The part of the queue that was come from.
    pub view: View,
    /// The record.
    pub record: Named,
    /// What it says.
    pub says: String,
    /// The lowest score that is shown, as it was typed.
    pub down: String,
    /// The CRUIDs of persons who are on the workbench already, divided by commas.
    pub added: String,
    /// What the rules find, best first.
    pub rivals: Vec<Rival>,
    /// Whether there are more.
    pub is_cut: bool,
    /// Whether who looks may look for people.
    pub may_look: bool,
    /// What is in the box.
    pub q: String,
    /// Whether the search that the address names is not kept any more.
    pub has_ended: bool,
    /// Who was found by looking; `None` before.
    pub found: Option<FoundBy>,
    /// What is wrong with the forms.
    pub problems: Vec<Problem>,
}

impl Find<'_> {
    fn of(&self, field: &str) -> &str {
        of(&self.problems, field)
    }

    /// Where the record stands beside another one.
    fn beside(&self, other: &str) -> String {
        format!("/ui/queue/{}?{}&other={other}", self.record.id, self.view.query())
    }

    /// Where the person of a record is put on the workbench.
    fn bench(&self, cruid: &str) -> String {
        let (id, query) = (&self.record.id, self.view.query());
        let known = self.added.split(',').filter(|it| !it.is_empty() && *it != cruid);
        let add = known.chain([cruid]).collect::<Vec<_>>().join(",");
        format!("/ui/queue/{id}/workbench?{query}&add={add}")
    }

    fn page_of(&self, token: &str, from: &usize) -> String {
        let (id, query, add) = (&self.record.id, self.view.query(), &self.added);
        format!("/ui/queue/{id}/find?{query}&found={token}&from={from}&add={add}")
    }
}
