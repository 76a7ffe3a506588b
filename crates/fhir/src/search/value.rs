//! Values of search parameters: alternatives, escapes, tokens, dates.

use crate::date::{DAY_US, DateError, Moment, Precision};

use super::{DateMatch, Prefix, TokenMatch};

/// Splits at each `separator` that is not escaped with `\`; the parts keep their escapes.
pub(super) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if !escaped && c == separator {
            parts.push(&text[from..at]);
            from = at + c.len_utf8();
        }
        escaped = !escaped && c == '\\';
    }
    parts.push(&text[from..]);
    parts
}

/// Resolves `\,` `\|` `\$` and `\\` (R4 search.html#escaping); any other backslash is itself.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next) if c == '\\' && matches!(next, ',' | '|' | '$' | '\\') => {
                out.push(next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

/// Reads `code`, `system|code`, `system|` or `|code`; `None` for a lone `|`.
///
/// Only the first unescaped `|` separates, so that a value with a pipe in it is found even
/// by a client that forgot to escape it.
pub(super) fn token(text: &str) -> Option<TokenMatch> {
    let first = split(text, '|')[0];
    let code = |text: &str| {
        let code = unescape(text);
        Some(code.trim().to_owned()).filter(|code| !code.is_empty())
    };
    if first.len() == text.len() {
        return code(text).map(|code| TokenMatch { system: None, code: Some(code) });
    }
    let system = unescape(first).trim().to_owned();
    let code = code(&text[first.len() + 1..]);
    let system = Some(system).filter(|system| !system.is_empty());
    if system.is_none() && code.is_none() {
        return None;
    }
    Some(TokenMatch { system: Some(system), code })
}

/// Reads a date with an optional prefix.
pub(super) fn date(text: &str) -> Result<DateMatch, DateError> {
    let (prefix, rest) = match text.get(..2) {
        Some(start) if start.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            (prefix(start).ok_or(DateError::Shape)?, &text[2..])
        }
        _ => (Prefix::Eq, text),
    };
    let moment = Moment::parse(rest.trim())?;
    let (lo, hi) = moment.range_us;
    let reach = if prefix == Prefix::Ap { reach_us(moment.precision) } else { 0 };
    Ok(DateMatch { prefix, range: (lo - reach, hi + reach) })
}

fn prefix(text: &str) -> Option<Prefix> {
    Some(match text {
        "eq" => Prefix::Eq,
        "ne" => Prefix::Ne,
        "gt" => Prefix::Gt,
        "lt" => Prefix::Lt,
        "ge" => Prefix::Ge,
        "le" => Prefix::Le,
        "sa" => Prefix::Sa,
        "eb" => Prefix::Eb,
        "ap" => Prefix::Ap,
        _ => return None,
    })
}

/// Says how far `ap` reaches to either side.
///
/// R4 recommends a tenth of the gap between now and the date but lets systems choose. This
/// room has no clock, and an answer that changes from day to day surprises, so the reach
/// follows the precision: one year, three months, thirty days, one day.
fn reach_us(precision: Precision) -> i64 {
    let days = match precision {
        Precision::Year => 366,
        Precision::Month => 92,
        Precision::Day => 30,
        Precision::Minute | Precision::Second => 1,
    };
    days * DAY_US
}
