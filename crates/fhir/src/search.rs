//! Searching Patients: the query of a request as data, what the store keeps per record to
//! answer it, and the meaning of both (R4 search.html, patient.html#search).
//!
//! [`parse_search`] turns decoded parameters into a [`SearchRequest`]; [`index_entries`]
//! turns a Patient into rows; [`matches()`] says whether rows and a filter agree. A store that
//! answers in SQL must agree with [`matches()`]. Paging, result rendering and the HTTP
//! `Prefer: handling=strict` header are the server's.

mod fold;
mod index;
mod meaning;
mod param;
mod parse;
mod value;

use std::fmt;

pub use fold::fold;
pub use index::{INDEX_TEXT_MAX, IndexEntry, IndexValue, clip, index_entries};
pub use meaning::{SearchFacts, matches};
pub use param::{DateParam, PARAMETERS, Param, ParamKind, Parameter, StringParam, TokenParam};
pub use parse::parse_search;

/// Bounds one search request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchLimits {
    /// Page size without `_count`.
    pub count_default: usize,
    /// Largest page; a larger `_count` is lowered to it, as R4 search.html#count permits.
    pub count_max: usize,
    /// Most parameters in one request; each may cost a join.
    pub params_max: usize,
    /// Most comma-separated values of one parameter; `_id` of a large golden record has many.
    pub values_max: usize,
    /// Longest value in bytes.
    pub value_bytes_max: usize,
}

impl SearchLimits {
    /// The limits the house ships.
    pub const STANDARD: SearchLimits = SearchLimits {
        count_default: 20,
        count_max: 1000,
        params_max: 64,
        values_max: 500,
        value_bytes_max: 32 * 1024,
    };
}

impl Default for SearchLimits {
    fn default() -> SearchLimits {
        SearchLimits::STANDARD
    }
}

/// Holds a search of Patients, parsed and checked.
#[derive(Clone, PartialEq)]
pub struct SearchRequest {
    /// All must hold; the values inside one are alternatives.
    pub filters: Vec<Filter>,
    /// Order of the result, most significant first; empty leaves it to the store.
    pub sort: Vec<SortKey>,
    /// Page size; 0 asks for the total only.
    pub count: usize,
    /// How much of each resource to return.
    pub summary: Summary,
    /// Names of the only elements to return, if `_elements` was given.
    pub elements: Option<Vec<String>>,
    /// Whether Patients linked from the found ones come along.
    pub includes: IncludeLink,
    /// Parameters honoured, in order, as the `self` link must repeat them.
    pub applied: Vec<(String, String)>,
    /// Names of parameters not honoured; `handling=strict` refuses if there are any.
    pub ignored: Vec<String>,
}

impl fmt::Debug for SearchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let applied: Vec<&str> = self.applied.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("SearchRequest")
            .field("filters", &self.filters)
            .field("sort", &self.sort)
            .field("count", &self.count)
            .field("applied", &applied)
            .finish_non_exhaustive()
    }
}

/// Says how much of each resource to return (R4 search.html#summary).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summary {
    /// Everything (`_summary=false`, or not given).
    None,
    /// The elements marked as summary.
    True,
    /// Narrative, id, meta and mandatory elements.
    Text,
    /// Everything but the narrative.
    Data,
    /// No resources, only how many.
    Count,
}

/// Says whether linked Patients are included (`_include=Patient:link`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncludeLink {
    /// Not asked for.
    No,
    /// The Patients that matches link to.
    Once,
    /// Also those that included Patients link to (`_include:iterate`, `:recurse` before R4).
    Iterate,
}

/// Orders a result by one field (R4 search.html#sort).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    /// What to compare.
    pub field: SortField,
    /// Whether the largest comes first (`-` before the name).
    pub descending: bool,
}

/// Names what results can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    /// `_id`
    Id,
    /// `_lastUpdated`
    LastUpdated,
    /// `birthdate`
    Birthdate,
    /// `family`
    Family,
    /// `given`
    Given,
    /// `gender`
    Gender,
}

impl SortField {
    /// Gives the index rows to order by; `None` for what a record itself knows.
    pub fn param(self) -> Option<Param> {
        match self {
            SortField::Id | SortField::LastUpdated => None,
            SortField::Birthdate => Some(Param::Birthdate),
            SortField::Family => Some(Param::Family),
            SortField::Given => Some(Param::Given),
            SortField::Gender => Some(Param::Gender),
        }
    }
}

/// Holds one condition. `Debug` shows which, never the values: they describe people.
#[derive(Clone, PartialEq)]
pub enum Filter {
    /// The id is one of these bare ids.
    Id(Vec<String>),
    /// A text is like one of these.
    Text {
        /// Which texts; see [`StringParam::params`].
        param: StringParam,
        /// How they must be alike.
        mode: TextMode,
        /// Folded with [`fold`], unless the mode is exact; clipped with [`clip`].
        any: Vec<String>,
    },
    /// A code or identifier is (or, if `negated`, none is) one of these.
    Token {
        /// Which tokens; see [`TokenParam::params`].
        param: TokenParam,
        /// Whether the record must have none of them (`:not`). A record without any token
        /// of the parameter then passes (R4 search.html#token).
        negated: bool,
        /// The alternatives.
        any: Vec<TokenMatch>,
    },
    /// A date stands in one of these relations.
    Date {
        /// Which dates; see [`DateParam::params`].
        param: DateParam,
        /// The alternatives.
        any: Vec<DateMatch>,
    },
    /// There is no (or, if `missing` is false, some) index row of any of these parameters.
    Missing {
        /// The rows looked for.
        params: &'static [Param],
        /// Whether they must be absent.
        missing: bool,
    },
    /// The record carries one of these tags (or, if `negated`, none of them).
    Tag {
        /// Whether the record must have none of them (`_tag:not`).
        negated: bool,
        /// The alternatives.
        any: Vec<TokenMatch>,
    },
    /// The record links to one of these bare ids.
    Link(Vec<String>),
    /// The last change stands in one of these relations.
    LastUpdated(Vec<DateMatch>),
    /// No record passes, for example `_id` with nothing that can be an id.
    Nothing,
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filter::Id(any) => write!(f, "Id({})", any.len()),
            Filter::Text { param, mode, any } => write!(f, "{param:?}:{mode:?}({})", any.len()),
            Filter::Token { param, negated, any } => {
                write!(f, "{param:?}{}({})", if *negated { ":not" } else { "" }, any.len())
            }
            Filter::Date { param, any } => write!(f, "{param:?}{any:?}"),
            Filter::Missing { params, missing } => write!(f, "{params:?}:missing={missing}"),
            Filter::Tag { negated, any } => {
                write!(f, "Tag{}({})", if *negated { ":not" } else { "" }, any.len())
            }
            Filter::Link(any) => write!(f, "Link({})", any.len()),
            Filter::LastUpdated(any) => write!(f, "LastUpdated{any:?}"),
            Filter::Nothing => write!(f, "Nothing"),
        }
    }
}

/// Says how a text must be like the value (R4 search.html#string).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextMode {
    /// The folded text begins with it (no modifier).
    Starts,
    /// The folded text contains it (`:contains`).
    Contains,
    /// The text is it, case and accents included (`:exact`).
    Exact,
}

/// Matches a system and a code (R4 search.html#token).
#[derive(Clone, PartialEq, Eq)]
pub struct TokenMatch {
    /// `None`: any system. `Some(None)`: no system (`|code`). `Some(Some(s))`: this one.
    pub system: Option<Option<String>>,
    /// `None`: any code (`system|`).
    pub code: Option<String>,
}

impl TokenMatch {
    /// Matches the code in any system.
    pub fn code(code: impl Into<String>) -> TokenMatch {
        TokenMatch { system: None, code: Some(code.into()) }
    }

    /// Tells whether a token is meant.
    pub fn accepts(&self, system: Option<&str>, code: &str) -> bool {
        let system_fits = self.system.as_ref().is_none_or(|wanted| wanted.as_deref() == system);
        system_fits && self.code.as_ref().is_none_or(|wanted| wanted == code)
    }
}

impl fmt::Debug for TokenMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenMatch")
    }
}

/// Says how a date must relate to the value (R4 search.html#prefix).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// `eq`, or nothing: lies within.
    Eq,
    /// `ne`: does not lie within.
    Ne,
    /// `gt`: reaches beyond the end.
    Gt,
    /// `lt`: begins before the start.
    Lt,
    /// `ge`: `gt` or `eq`.
    Ge,
    /// `le`: `lt` or `eq`.
    Le,
    /// `sa`: begins after the end.
    Sa,
    /// `eb`: ends before the start.
    Eb,
    /// `ap`: overlaps; the range is already widened.
    Ap,
}

/// Compares a stretch of time with a value. `Debug` shows the prefix only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DateMatch {
    /// The relation.
    pub prefix: Prefix,
    /// The value in microseconds since 1970-01-01T00:00:00Z, half open.
    pub range: (i64, i64),
}

impl DateMatch {
    /// Tells whether the stretch from `lo` up to, not including, `hi` stands in the relation.
    ///
    /// R4 search.html#prefix: ranges of value and target are compared, so that the partial
    /// date `1990` of a record is `gt1990-06` and `lt1990-06` at the same time.
    pub fn accepts(&self, lo: i64, hi: i64) -> bool {
        let (start, end) = self.range;
        let within = start <= lo && hi <= end;
        match self.prefix {
            Prefix::Eq => within,
            Prefix::Ne => !within,
            Prefix::Gt => hi > end,
            Prefix::Lt => lo < start,
            Prefix::Ge => hi > end || within,
            Prefix::Le => lo < start || within,
            Prefix::Sa => lo >= end,
            Prefix::Eb => hi <= start,
            Prefix::Ap => lo < end && start < hi,
        }
    }
}

impl fmt::Debug for DateMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.prefix)
    }
}

#[cfg(test)]
mod tests;
