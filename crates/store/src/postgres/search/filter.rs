//! One filter as a condition on `patient p`.
//!
//! Indexes hold the first [`INDEXED`] characters of a text, so a condition names both the
//! beginning, which the index answers, and the whole.

use std::collections::BTreeMap;

use registry::search::{DateMatch, Filter, Param, Prefix, TextMode, TokenMatch};

use crate::{
    postgres::sql::{Value, held},
    shape::after_prefix,
};

/// The characters of a text that an index holds; the migrations say so, too.
const INDEXED: usize = 200;

/// The parameters of a condition that is being put together.
#[derive(Default)]
pub(super) struct Condition {
    /// In the order of their numbers.
    pub(super) values: Vec<Value>,
}

impl Condition {
    /// Adds a parameter and gives what the statement calls it.
    pub(super) fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn text(&mut self, text: &str) -> String {
        self.bind(Value::Text(held(text).into_owned()))
    }

    fn texts<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) -> String {
        self.bind(Value::Texts(texts.into_iter().map(|text| held(text).into_owned()).collect()))
    }

    /// The condition that a patient fits `filter`.
    pub(super) fn check(&mut self, filter: &Filter) -> String {
        match filter {
            Filter::Id(ids) => {
                let ids = self.texts(ids.iter().map(String::as_str));
                format!("p.id = ANY({ids})")
            }
            Filter::Link(ids) => self.linked(ids),
            Filter::Nothing => "FALSE".to_owned(),
            Filter::LastUpdated(any) => any_of(any.iter().map(Self::updated)),
            Filter::Missing { params, missing } => {
                let any = ["idx_text", "idx_token", "idx_date"].map(|table| {
                    let among = among(params);
                    format!("EXISTS (SELECT 1 FROM {table} t WHERE t.key = p.key AND {among})")
                });
                let not = if *missing { "NOT " } else { "" };
                format!("{not}({})", any.join(" OR "))
            }
            Filter::Text { param, mode, any } => {
                let rows = self.words(*mode, any);
                found("idx_text", &format!("{} AND {rows}", among(param.params())), false)
            }
            Filter::Token { param, negated, any } => {
                let rows = self.tokens(any);
                found("idx_token", &format!("{} AND {rows}", among(param.params())), *negated)
            }
            Filter::Tag { negated, any } => found("patient_tag", &self.tokens(any), *negated),
            Filter::Date { param, any } => {
                let rows = any_of(any.iter().map(Self::date));
                found("idx_date", &format!("{} AND {rows}", among(param.params())), false)
            }
        }
    }

    /// The patients that link to one of `ids`: sources to their golden record, replaced golden
    /// records to their successor, golden records to their members.
    fn linked(&mut self, ids: &[String]) -> String {
        let ids = self.texts(ids.iter().map(String::as_str));
        format!(
            "p.key IN (SELECT s.key FROM patient g JOIN patient s ON s.link = g.key \
                 WHERE g.id = ANY({ids}) \
             UNION ALL SELECT m.link FROM patient m WHERE m.state = 0 AND m.id = ANY({ids}))"
        )
    }

    fn words(&mut self, mode: TextMode, any: &[String]) -> String {
        match mode {
            TextMode::Exact => self.one_of("t.exact", any.iter().map(String::as_str)),
            // Not LIKE: its wildcards would have to be escaped.
            TextMode::Contains => any_of(any.iter().map(|part| {
                let part = self.text(part);
                format!("strpos(t.folded, {part}) > 0")
            })),
            TextMode::Starts => any_of(any.iter().map(|start| self.starts(start))),
        }
    }

    /// All texts from `start` on up to the first that does not begin with it. What is cut off at
    /// the same length keeps that order, but for ties.
    fn starts(&mut self, start: &str) -> String {
        let start = held(start).into_owned();
        let end = after_prefix(&start);
        let cut = self.bind(Value::Text(beginning(&start)));
        let whole = self.bind(Value::Text(start));
        let mut text = format!("left(t.folded, {INDEXED}) >= {cut} AND t.folded >= {whole}");
        if let Some(end) = end {
            let cut = self.bind(Value::Text(beginning(&end)));
            let whole = self.bind(Value::Text(end));
            text += &format!(" AND left(t.folded, {INDEXED}) <= {cut} AND t.folded < {whole}");
        }
        text
    }

    fn one_of<'t>(&mut self, column: &str, any: impl Iterator<Item = &'t str>) -> String {
        let whole: Vec<String> = any.map(|text| held(text).into_owned()).collect();
        let cut = whole.iter().map(|text| beginning(text)).collect();
        let cut = self.bind(Value::Texts(cut));
        let whole = self.bind(Value::Texts(whole));
        format!("left({column}, {INDEXED}) = ANY({cut}) AND {column} = ANY({whole})")
    }

    /// Codes of one system together: one list serves many better than a long disjunction.
    fn tokens(&mut self, any: &[TokenMatch]) -> String {
        let mut by_system: BTreeMap<&Option<Option<String>>, Vec<&str>> = BTreeMap::new();
        let mut conditions = Vec::new();
        for wanted in any {
            match &wanted.code {
                Some(code) => by_system.entry(&wanted.system).or_default().push(code),
                None => conditions.push(self.of_system(&wanted.system, "TRUE".to_owned())),
            }
        }
        for (system, codes) in by_system {
            let codes = self.one_of("t.code", codes.into_iter());
            conditions.push(self.of_system(system, codes));
        }
        any_of(conditions.into_iter())
    }

    fn of_system(&mut self, system: &Option<Option<String>>, codes: String) -> String {
        match system {
            None => codes,
            Some(None) => format!("{codes} AND t.system IS NULL"),
            Some(Some(system)) => {
                let system = self.text(system);
                format!("{codes} AND t.system = {system}")
            }
        }
    }

    /// [`DateMatch::accepts`]. Rows have `lo < hi`, which the second bound of `lo` rests on; it
    /// keeps the index from running on to the newest date.
    fn date(wanted: &DateMatch) -> String {
        let (start, end) = wanted.range;
        // Numbers of ours, written out: an unused parameter would have no type.
        let within = format!("t.lo >= {start} AND t.lo < {end} AND t.hi <= {end}");
        match wanted.prefix {
            Prefix::Eq => within,
            Prefix::Ne => format!("NOT ({within})"),
            Prefix::Gt => format!("t.hi > {end}"),
            Prefix::Lt => format!("t.lo < {start}"),
            Prefix::Ge => format!("t.hi > {end} OR ({within})"),
            Prefix::Le => format!("t.lo < {start} OR ({within})"),
            Prefix::Sa => format!("t.lo >= {end}"),
            Prefix::Eb => format!("t.lo < {start} AND t.hi <= {start}"),
            Prefix::Ap => format!("t.lo < {end} AND t.hi > {start}"),
        }
    }

    /// [`DateMatch::accepts`] of the one microsecond of the last change.
    fn updated(wanted: &DateMatch) -> String {
        let (start, end) = wanted.range;
        let at = "p.updated_at";
        match wanted.prefix {
            Prefix::Eq | Prefix::Ap => format!("{at} >= {start} AND {at} < {end}"),
            Prefix::Ne => format!("NOT ({at} >= {start} AND {at} < {end})"),
            Prefix::Gt | Prefix::Sa => format!("{at} >= {end}"),
            Prefix::Lt | Prefix::Eb => format!("{at} < {start}"),
            Prefix::Ge => format!("{at} >= {}", start.min(end)),
            Prefix::Le => format!("{at} < {}", end.max(start)),
        }
    }
}

/// The condition that `table` has a row `t` of patient `p` for which `rows` holds, or has none.
fn found(table: &str, rows: &str, is_negated: bool) -> String {
    if is_negated {
        return format!("NOT EXISTS (SELECT 1 FROM {table} t WHERE t.key = p.key AND {rows})");
    }
    format!("p.key IN (SELECT t.key FROM {table} t WHERE {rows})")
}

fn among(params: &[Param]) -> String {
    let codes: Vec<String> = params.iter().map(|param| param.to_code().to_string()).collect();
    format!("t.param IN ({})", codes.join(", "))
}

fn any_of(conditions: impl Iterator<Item = String>) -> String {
    let any: Vec<String> = conditions.map(|one| format!("({one})")).collect();
    if any.is_empty() { "FALSE".to_owned() } else { format!("({})", any.join(" OR ")) }
}

fn beginning(text: &str) -> String {
    text.chars().take(INDEXED).collect()
}
