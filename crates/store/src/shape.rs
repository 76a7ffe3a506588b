//! What the tables of both databases have in common: the codes in columns, how they are joined, the
//! order of texts.

use registry::{
    commit::{CloseReason, Method},
    state::IssueKind,
};

use crate::StoreError;

/// `patient.kind` of source records.
pub(crate) const SOURCE: i64 = 0;
/// `patient.kind` of golden records.
pub(crate) const GOLDEN: i64 = 1;

/// `patient.state` of a live source record; the statements say 0.
pub(crate) const LIVE_SOURCE: i64 = 0;
/// `patient.state` of a withdrawn source record.
pub(crate) const WITHDRAWN_SOURCE: i64 = 1;
/// `patient.state` of a golden record that stands for a person.
pub(crate) const LIVE_GOLDEN: i64 = 2;
/// `patient.state` of a golden record with a successor.
pub(crate) const REPLACED_GOLDEN: i64 = 3;
/// `patient.state` of a golden record without one.
pub(crate) const RETIRED_GOLDEN: i64 = 4;

/// The columns and tables that make a source record.
pub(crate) const RECORD: (&str, &str) = (
    "p.id, p.number, s.system, s.value, s.client, p.version, p.updated_at, s.content, p.state, \
     g.id, s.basis, s.adjudicated",
    "patient p JOIN source_record s ON s.key = p.key JOIN patient g ON g.key = p.link",
);

/// The columns that make a golden record.
pub(crate) const GOLDEN_COLUMNS: &str =
    "p.id, p.number, p.version, p.updated_at, p.state, r.id, m.id";

/// What joins a golden record `p` to its successor and, one a row, to its members.
pub(crate) const GOLDEN_JOINS: &str = "LEFT JOIN patient r ON r.key = p.link \
     LEFT JOIN patient m ON m.link = p.key AND m.state = 0";

/// The columns and tables that make a version.
pub(crate) const VERSION: (&str, &str) = (
    "p.id, v.version, v.at, v.method, v.content, g.id, c.text",
    "patient p JOIN record_version v ON v.key = p.key \
     JOIN content c ON c.number = v.content_number JOIN patient g ON g.key = v.golden",
);

/// The error for a column that no release writes like that.
pub(crate) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("{what} cannot be read"))
}

/// The code of a method.
pub(crate) fn method_code(method: Method) -> i64 {
    match method {
        Method::Post => 0,
        Method::Put => 1,
        Method::Delete => 2,
    }
}

/// The method with that code.
pub(crate) fn method_of(code: i64) -> Result<Method, StoreError> {
    match code {
        0 => Ok(Method::Post),
        1 => Ok(Method::Put),
        2 => Ok(Method::Delete),
        _ => Err(damaged("the method of a version")),
    }
}

/// The code of an issue's kind.
pub(crate) fn kind_code(kind: IssueKind) -> i64 {
    match kind {
        IssueKind::Potential => 0,
        IssueKind::Conflict => 1,
        IssueKind::Auto => 2,
    }
}

/// The kind of an issue with that code.
pub(crate) fn kind_of(code: i64) -> Result<IssueKind, StoreError> {
    let kind = IssueKind::ALL.into_iter().find(|kind| kind_code(*kind) == code);
    kind.ok_or_else(|| damaged("the kind of an issue"))
}

/// The code of a reason to close an issue.
pub(crate) fn reason_code(reason: CloseReason) -> i64 {
    match reason {
        CloseReason::Superseded => 0,
        CloseReason::Withdrawn => 1,
        CloseReason::Decided => 2,
    }
}

/// The first text after all that begin with `start`, in the order of
/// code points, which is that of UTF-8 bytes; `None` if there is none.
pub(crate) fn after_prefix(start: &str) -> Option<String> {
    let mut end = start.to_owned();
    while let Some(last) = end.pop() {
        // Between U+D7FF and U+E000 there are no characters.
        let next = if last == '\u{d7ff}' { 0xe000 } else { u32::from(last) + 1 };
        if let Some(next) = char::from_u32(next) {
            end.push(next);
            return Some(end);
        }
    }
    None
}
