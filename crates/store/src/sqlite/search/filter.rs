//! One filter as SQL, in two forms: the keys that it finds, and a check of one patient.

use registry::search::{DateMatch, Filter, Param, Prefix, TextMode, TokenMatch};

use crate::{shape::after_prefix, sqlite::sql::Value};

/// A piece of SQL and its parameters, in the order of its question marks.
#[derive(Clone, Default)]
pub(super) struct Sql<'v> {
    /// The text.
    pub(super) text: String,
    /// The parameters.
    pub(super) values: Vec<Value<'v>>,
}

impl<'v> Sql<'v> {
    /// A piece without parameters.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// A piece with parameters.
    pub(super) fn with(
        text: impl Into<String>,
        values: impl IntoIterator<Item = Value<'v>>,
    ) -> Self {
        Self { text: text.into(), values: values.into_iter().collect() }
    }

    /// Adds text at the end.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a piece at the end.
    pub(super) fn append(&mut self, other: Sql<'v>) {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
    }

    /// The piece between two texts.
    pub(super) fn within(self, before: &str, after: &str) -> Self {
        Self { text: format!("{before}{}{after}", self.text), values: self.values }
    }
}

/// How well a filter gives the keys to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drive {
    /// It names patients.
    Ids,
    /// An index leads straight to what it finds.
    Quickly,
    /// All rows of a parameter must be read.
    Slowly,
    /// It finds patients by what they do not have, or without any row.
    Never,
}

/// Says how well `filter` drives.
pub(super) fn drive(filter: &Filter) -> Drive {
    let are_codes = |any: &[TokenMatch]| any.iter().all(|wanted| wanted.code.is_some());
    let quickly = |is_quick| if is_quick { Drive::Quickly } else { Drive::Slowly };
    match filter {
        Filter::Id(_) | Filter::Link(_) => Drive::Ids,
        Filter::Text { mode, .. } => quickly(*mode != TextMode::Contains),
        Filter::Token { negated: false, any, .. } | Filter::Tag { negated: false, any } => {
            quickly(are_codes(any))
        }
        Filter::Date { any, .. } => {
            quickly(any.iter().all(|wanted| matches!(wanted.prefix, Prefix::Eq | Prefix::Ap)))
        }
        Filter::Token { .. }
        | Filter::Tag { .. }
        | Filter::Missing { .. }
        | Filter::LastUpdated(_)
        | Filter::Nothing => Drive::Never,
    }
}

/// `SELECT` of the keys that `filter` finds, repetitions included; `None` if it never drives.
pub(super) fn keys(filter: &Filter) -> Option<Sql<'_>> {
    match filter {
        Filter::Id(ids) => Some(list("i.id", ids).within("SELECT i.key FROM patient i WHERE ", "")),
        Filter::Link(ids) => Some(linked(ids)),
        _ if drive(filter) == Drive::Never => None,
        _ => {
            let all = match alternatives(filter) {
                Some(all) => all,
                None => vec![rows(filter, "")?],
            };
            let mut sql = Sql::default();
            for (index, (table, rows)) in all.into_iter().enumerate() {
                let union = if index > 0 { " UNION ALL " } else { "" };
                sql.append(rows.within(&format!("{union}SELECT t.key FROM {table} t WHERE "), ""));
            }
            Some(sql)
        }
    }
}

/// Alternatives that are asked for one by one (SQLite joins 500 `SELECT`s at the most).
const ALTERNATIVES_MAX: usize = 400;

/// A filter's alternatives apart, where each leads straight to its rows: SQLite 3.51 reads all rows of
/// a parameter for a disjunction of ranges, a second for a million names. `None` if one condition serves.
fn alternatives(filter: &Filter) -> Option<Vec<(&'static str, Sql<'_>)>> {
    let is_quick = drive(filter) == Drive::Quickly;
    let are_many = |count: usize| is_quick && (2..=ALTERNATIVES_MAX).contains(&count);
    match filter {
        Filter::Text { param, mode: TextMode::Starts, any } if are_many(any.len()) => {
            let all = any.iter().map(|it| ("idx_text", of_params(param.params(), starts(it, ""))));
            Some(all.collect())
        }
        Filter::Token { param, any, .. } if are_many(any.len()) && has_systems(any) => {
            let all = any.iter().map(|it| ("idx_token", of_params(param.params(), token(it, ""))));
            Some(all.collect())
        }
        Filter::Tag { any, .. } if are_many(any.len()) && has_systems(any) => {
            Some(any.iter().map(|it| ("patient_tag", token(it, ""))).collect())
        }
        Filter::Date { param, any } if are_many(any.len()) => {
            let all = any.iter().map(|it| ("idx_date", of_params(param.params(), date(it, ""))));
            Some(all.collect())
        }
        _ => None,
    }
}

fn has_systems(any: &[TokenMatch]) -> bool {
    any.iter().any(|wanted| wanted.system.is_some())
}

fn of_params<'f>(params: &[Param], values: Sql<'f>) -> Sql<'f> {
    values.within(&format!("{} AND ", among(params)), "")
}

/// The condition on `patient p`. If another filter drives, no index shall lead away from that.
pub(super) fn check(filter: &Filter, is_driven: bool) -> Sql<'_> {
    match filter {
        Filter::Id(ids) => list("p.id", ids),
        Filter::Link(ids) => linked(ids).within("p.key IN (", ")"),
        Filter::Nothing => Sql::new("0"),
        Filter::LastUpdated(any) => {
            let column = if is_driven { "+p.updated_at" } else { "p.updated_at" };
            any_of(any.iter().map(|wanted| updated(wanted, column)).collect())
        }
        Filter::Missing { params, missing } => {
            let any = ["idx_text", "idx_token", "idx_date"].map(|table| {
                let params = among(params);
                Sql::new(params).within(&exists(table), EXISTS_END).text
            });
            let not = if *missing { "NOT " } else { "" };
            Sql::new(format!("{not}({})", any.join(" OR ")))
        }
        Filter::Token { .. } | Filter::Tag { .. } | Filter::Text { .. } | Filter::Date { .. } => {
            let is_negated = matches!(
                filter,
                Filter::Token { negated: true, .. } | Filter::Tag { negated: true, .. }
            );
            let not = if is_negated { "NOT " } else { "" };
            let (table, rows) = rows(filter, "+").unwrap_or(("patient_tag", Sql::new("0")));
            rows.within(&format!("{not}{}", exists(table)), EXISTS_END)
        }
    }
}

/// The start of a check whether `table` has a row `t` of patient `p` for which what follows holds.
fn exists(table: &str) -> String {
    format!("EXISTS (SELECT 1 FROM {table} t WHERE t.key = p.key AND ")
}

/// The end of such a check. Without the limit SQLite 3.51 makes a join of it, which may then
/// drive in place of the chosen filter. Joined like that, 3.51.3 also gives a patient with two
/// fitting rows again after `OFFSET` has passed over it (the differential test finds it).
const EXISTS_END: &str = " LIMIT 1)";

/// The table that `filter` looks into and the condition on its rows `t`, negation aside.
///
/// `plus` stands before columns whose indexes shall not be used.
fn rows<'f>(filter: &'f Filter, plus: &str) -> Option<(&'static str, Sql<'f>)> {
    match filter {
        Filter::Text { param, mode, any } => {
            Some(("idx_text", of_params(param.params(), texts(*mode, any, plus))))
        }
        Filter::Token { param, any, .. } => {
            Some(("idx_token", of_params(param.params(), tokens(any, plus))))
        }
        Filter::Tag { any, .. } => Some(("patient_tag", tokens(any, plus))),
        Filter::Date { param, any } => {
            let any = any.iter().map(|wanted| date(wanted, plus)).collect();
            Some(("idx_date", of_params(param.params(), any_of(any))))
        }
        _ => None,
    }
}

/// The patients that link to one of `ids`: sources to their golden record, replaced golden
/// records to their successor, golden records to their members.
fn linked(ids: &[String]) -> Sql<'_> {
    let mut sql = list("g.id", ids)
        .within("SELECT s.key FROM patient g JOIN patient s ON s.link = g.key WHERE ", "");
    let members = list("m.id", ids);
    sql.append(
        members.within(" UNION ALL SELECT m.link FROM patient m WHERE +m.state = 0 AND ", ""),
    );
    sql
}

fn list<'v>(column: &str, any: &'v [String]) -> Sql<'v> {
    let marks = vec!["?"; any.len()].join(", ");
    Sql::with(format!("{column} IN ({marks})"), any.iter().map(|value| value.as_str().into()))
}

fn among(params: &[Param]) -> String {
    let codes: Vec<String> = params.iter().map(|param| param.to_code().to_string()).collect();
    format!("t.param IN ({})", codes.join(", "))
}

/// The disjunction, as a tree: SQLite refuses expressions deeper than 1000.
fn any_of(mut conditions: Vec<Sql<'_>>) -> Sql<'_> {
    match conditions.len() {
        0 => Sql::new("0"),
        1 => conditions.remove(0).within("(", ")"),
        length => {
            let right = any_of(conditions.split_off(length / 2));
            let mut left = any_of(conditions);
            left.push(" OR ");
            left.append(right);
            left.within("(", ")")
        }
    }
}

fn texts<'f>(mode: TextMode, any: &'f [String], plus: &str) -> Sql<'f> {
    match mode {
        TextMode::Exact => list(&format!("{plus}t.exact"), any),
        // Not LIKE: its wildcards would have to be escaped, and it stops at a NUL.
        TextMode::Contains => any_of(
            any.iter()
                .map(|part| Sql::with("instr(t.folded, ?) > 0", [part.as_str().into()]))
                .collect(),
        ),
        TextMode::Starts => any_of(any.iter().map(|start| starts(start, plus)).collect()),
    }
}

/// All texts from `start` on up to the first that does not begin with it, in the order of code
/// points, which is that of UTF-8 bytes.
fn starts<'f>(start: &'f str, plus: &str) -> Sql<'f> {
    let mut sql = Sql::with(format!("{plus}t.folded >= ?"), [start.into()]);
    if let Some(end) = after_prefix(start) {
        sql.append(Sql::with(format!(" AND {plus}t.folded < ?"), [end.into()]));
    }
    sql
}

fn tokens<'f>(any: &'f [TokenMatch], plus: &str) -> Sql<'f> {
    let bare_codes: Option<Vec<Value<'f>>> = any
        .iter()
        .map(|wanted| wanted.code.as_deref().filter(|_| wanted.system.is_none()).map(Value::from))
        .collect();
    match bare_codes {
        // One list serves many codes better than a long disjunction.
        Some(codes) if !codes.is_empty() => {
            let marks = vec!["?"; codes.len()].join(", ");
            Sql::with(format!("{plus}t.code IN ({marks})"), codes)
        }
        _ => any_of(any.iter().map(|wanted| token(wanted, plus)).collect()),
    }
}

fn token<'f>(wanted: &'f TokenMatch, plus: &str) -> Sql<'f> {
    let mut sql = match &wanted.code {
        None => Sql::new("1"),
        Some(code) => Sql::with(format!("{plus}t.code = ?"), [code.as_str().into()]),
    };
    match &wanted.system {
        None => {}
        Some(None) => sql.push(&format!(" AND {plus}t.system IS NULL")),
        Some(Some(system)) => {
            sql.append(Sql::with(format!(" AND {plus}t.system = ?"), [system.as_str().into()]));
        }
    }
    sql
}

/// [`DateMatch::accepts`]. Rows have `lo < hi`, which the second bound of `lo` rests on; it
/// keeps the index from running on to the newest date.
fn date<'f>(wanted: &DateMatch, plus: &str) -> Sql<'f> {
    let (start, end) = wanted.range;
    let within = format!("{plus}t.lo >= ? AND {plus}t.lo < ? AND t.hi <= ?");
    let (text, values) = match wanted.prefix {
        Prefix::Eq => (within, vec![start, end, end]),
        Prefix::Ne => (format!("NOT ({within})"), vec![start, end, end]),
        Prefix::Gt => ("t.hi > ?".to_owned(), vec![end]),
        Prefix::Lt => (format!("{plus}t.lo < ?"), vec![start]),
        Prefix::Ge => (format!("t.hi > ? OR ({within})"), vec![end, start, end, end]),
        Prefix::Le => (format!("{plus}t.lo < ? OR ({within})"), vec![start, start, end, end]),
        Prefix::Sa => (format!("{plus}t.lo >= ?"), vec![end]),
        Prefix::Eb => (format!("{plus}t.lo < ? AND t.hi <= ?"), vec![start, start]),
        Prefix::Ap => (format!("{plus}t.lo < ? AND t.hi > ?"), vec![end, start]),
    };
    Sql::with(text, values.into_iter().map(Value::Int))
}

/// [`DateMatch::accepts`] of the one microsecond of the last change.
fn updated<'f>(wanted: &DateMatch, at: &str) -> Sql<'f> {
    let (start, end) = wanted.range;
    let (text, values) = match wanted.prefix {
        Prefix::Eq | Prefix::Ap => (format!("{at} >= ? AND {at} < ?"), vec![start, end]),
        Prefix::Ne => (format!("NOT ({at} >= ? AND {at} < ?)"), vec![start, end]),
        Prefix::Gt | Prefix::Sa => (format!("{at} >= ?"), vec![end]),
        Prefix::Lt | Prefix::Eb => (format!("{at} < ?"), vec![start]),
        Prefix::Ge => (format!("{at} >= ?"), vec![start.min(end)]),
        Prefix::Le => (format!("{at} < ?"), vec![end.max(start)]),
    };
    Sql::with(text, values.into_iter().map(Value::Int))
}
