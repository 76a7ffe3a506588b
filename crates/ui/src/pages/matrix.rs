//! Everybody with everybody: a record, those that it matches, and what the rules make of each two of them.

use askama::Template;

use super::{person::Named, view::View};
use crate::Frame;

/// What is known of two records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// Certain enough to link by itself.
    Auto,
    /// Certain enough to look at.
    Review,
    /// Too little to look at.
    Below,
}

/// Where a row and a column meet.
pub enum Meeting {
    /// A record with itself.
    Self_,
    /// People said that they are different.
    Different,
    /// The rules found nothing, or did not compare them.
    Nothing,
    /// A score, as people read it.
    Scored(Band, String),
}

impl Meeting {
    /// The class of its cell.
    fn class(&self) -> &'static str {
        match self {
            Self::Self_ => "self",
            Self::Different => "different",
            Self::Nothing => "nothing",
            Self::Scored(Band::Auto, _) => "auto",
            Self::Scored(Band::Review, _) => "review",
            Self::Scored(Band::Below, _) => "below",
        }
    }

    /// A sign that does without colour.
    fn sign(&self) -> &'static str {
        match self {
            Self::Self_ => "",
            Self::Different => "⊘",
            Self::Nothing => "–",
            Self::Scored(Band::Auto, _) => "●",
            Self::Scored(Band::Review, _) => "◐",
            Self::Scored(Band::Below, _) => "·",
        }
    }

    /// The key of what it means.
    fn text(&self) -> &'static str {
        match self {
            Self::Self_ => "matrix-self",
            Self::Different => "matrix-different",
            Self::Nothing => "matrix-nothing",
            Self::Scored(Band::Auto, _) => "matrix-auto",
            Self::Scored(Band::Review, _) => "matrix-review",
            Self::Scored(Band::Below, _) => "matrix-below",
        }
    }

    fn score(&self) -> &str {
        match self {
            Self::Scored(_, score) => score,
            _ => "",
        }
    }
}

/// One record, and what it has with each. No `Debug`: this is a person.
pub struct Met {
    /// The record.
    pub record: Named,
    /// What it says of its person.
    pub says: String,
    /// Its person.
    pub cruid: String,
    /// In the order of the rows.
    pub meetings: Vec<Meeting>,
}

/// Records of one person after each other, each with all.
#[derive(Template)]
#[template(path = "matrix.html")]
pub struct Matrix<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// The part of the queue that was come from.
    pub view: View,
    /// The record that it is about.
    pub record: Named,
    /// All of them, one person's together.
    pub rows: Vec<Met>,
    /// Whether there are more.
    pub is_cut: bool,
}

impl Matrix<'_> {
    /// The place of a row, as columns are called.
    fn number(&self, at: usize) -> String {
        self.frame.number(&((at + 1) as u64))
    }

    /// Whether another person begins here.
    fn begins(&self, at: usize) -> bool {
        at == 0 || self.rows[at - 1].cruid != self.rows[at].cruid
    }

    /// Every sign with what it means, for the key.
    fn signs(&self) -> [Meeting; 5] {
        let of = |band| Meeting::Scored(band, String::new());
        [of(Band::Auto), of(Band::Review), of(Band::Below), Meeting::Different, Meeting::Nothing]
    }
}
