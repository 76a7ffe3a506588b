//! [`parse_search`]: decoded query parameters to a [`SearchRequest`].

mod filter;

use crate::outcome::{Issue, IssueType};

use super::param::PARAMETERS;
use super::value;
use super::{IncludeLink, SearchLimits, SearchRequest, SortField, SortKey, Summary};

/// Longest parameter name that is repeated in `ignored`, in characters.
const IGNORED_NAME_MAX: usize = 64;

/// Reads the parameters of a search of Patients.
///
/// `params` are percent-decoded, in the order of the query, without the server's own paging
/// parameters. A parameter without a value is as good as absent (R4 search.html#2.21.1.3.1);
/// one this server does not know goes to [`SearchRequest::ignored`], and the caller decides
/// by `Prefer: handling` whether to refuse it.
///
/// # Errors
///
/// All issues found: unknown modifiers and values that cannot be read (answer 400), and
/// breaches of `limits`. They name parameters, never values.
pub fn parse_search(
    params: &[(String, String)],
    limits: &SearchLimits,
) -> Result<SearchRequest, Vec<Issue>> {
    if params.len() > limits.params_max {
        let text = format!("a search may have at most {} parameters", limits.params_max);
        return Err(vec![Issue::error(IssueType::TooCostly, text)]);
    }
    let request = SearchRequest {
        filters: Vec::new(),
        sort: Vec::new(),
        count: limits.count_default.min(limits.count_max),
        summary: Summary::None,
        elements: None,
        includes: IncludeLink::No,
        applied: Vec::new(),
        ignored: Vec::new(),
    };
    let mut parser = Parser { request, limits };
    let mut issues = Vec::new();
    for (name, value) in params.iter().filter(|(_, value)| !value.trim().is_empty()) {
        match parser.take(name, value) {
            Ok(Taken::Applied) => parser.request.applied.push((name.clone(), value.clone())),
            Ok(Taken::Changed(value)) => parser.request.applied.push((name.clone(), value)),
            Ok(Taken::Ignored) => {
                parser.request.ignored.push(name.chars().take(IGNORED_NAME_MAX).collect());
            }
            Err(issue) => issues.push(issue),
        }
    }
    if issues.is_empty() { Ok(parser.request) } else { Err(issues) }
}

/// Says what became of a parameter.
enum Taken {
    Applied,
    /// Honoured with this value in place of the one asked for.
    Changed(String),
    Ignored,
}

struct Parser<'l> {
    request: SearchRequest,
    limits: &'l SearchLimits,
}

/// One parameter on its way: its name without modifier, the modifier, the raw value.
#[derive(Clone, Copy)]
struct Given<'a> {
    name: &'a str,
    modifier: Option<&'a str>,
    value: &'a str,
}

impl Given<'_> {
    fn refuse(&self, code: IssueType, text: &str) -> Issue {
        let name = self.name;
        Issue::error(code, format!("parameter {name}: {text}")).at(format!("http.{name}"))
    }

    fn bad_modifier(&self, allowed: &str) -> Issue {
        let text = format!("the modifier is not supported; supported: {allowed}");
        self.refuse(IssueType::NotSupported, &text)
    }

    fn no_modifier(&self) -> Result<(), Issue> {
        self.modifier.map_or(Ok(()), |_| Err(self.bad_modifier("none")))
    }

    fn flag(&self) -> Result<bool, Issue> {
        match self.value.trim() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.refuse(IssueType::Value, "allowed are true and false")),
        }
    }
}

impl Parser<'_> {
    fn take(&mut self, name: &str, value: &str) -> Result<Taken, Issue> {
        let (name, modifier) = match name.split_once(':') {
            Some((name, modifier)) => (name, Some(modifier)),
            None => (name, None),
        };
        let given = Given { name, modifier, value };
        let known = PARAMETERS.iter().find(|parameter| parameter.name == name);
        if known.is_some() && value.len() > self.limits.value_bytes_max {
            return Err(given.refuse(IssueType::TooLong, "the value is too long"));
        }
        let Some(parameter) = known else { return self.take_result(given) };
        let values = self.alternatives(given)?;
        if let Some(filter) = filter::filter(parameter.kind, &values, given)? {
            self.request.filters.push(filter);
        }
        Ok(Taken::Applied)
    }

    /// Reads a parameter that shapes the result rather than filters it
    /// (R4 search.html#return).
    fn take_result(&mut self, given: Given<'_>) -> Result<Taken, Issue> {
        match given.name {
            "_count" => return self.take_count(given),
            "_sort" => {
                given.no_modifier()?;
                self.request.sort = self.sort(given)?;
            }
            "_summary" => {
                given.no_modifier()?;
                self.request.summary = summary(given)?;
            }
            "_elements" => {
                given.no_modifier()?;
                self.request.elements = Some(self.elements(given)?);
            }
            "_include" => return self.take_include(given),
            "_total" => {
                given.no_modifier()?;
                if !matches!(given.value.trim(), "none" | "estimate" | "accurate") {
                    let allowed = "allowed are none, estimate and accurate";
                    return Err(given.refuse(IssueType::Value, allowed));
                }
            }
            // Their values are content negotiation, which is the server's.
            "_format" | "_pretty" => {}
            _ => return Ok(Taken::Ignored),
        }
        Ok(Taken::Applied)
    }

    fn take_count(&mut self, given: Given<'_>) -> Result<Taken, Issue> {
        given.no_modifier()?;
        let text = given.value.trim();
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(given.refuse(IssueType::Value, "must be a whole number from 0"));
        }
        // Digits that do not fit are a large number all the same.
        let asked: usize = text.parse().unwrap_or(usize::MAX);
        self.request.count = asked.min(self.limits.count_max);
        if asked > self.limits.count_max {
            return Ok(Taken::Changed(self.limits.count_max.to_string()));
        }
        Ok(Taken::Applied)
    }

    fn sort(&self, given: Given<'_>) -> Result<Vec<SortKey>, Issue> {
        let key = |text: &str| {
            let text = text.trim();
            let (descending, name) = match text.strip_prefix('-') {
                Some(name) => (true, name),
                None => (false, text),
            };
            let field = match name {
                "_id" => SortField::Id,
                "_lastUpdated" => SortField::LastUpdated,
                "birthdate" => SortField::Birthdate,
                "family" => SortField::Family,
                "given" => SortField::Given,
                "gender" => SortField::Gender,
                _ => {
                    let allowed = "results can be ordered by _id, _lastUpdated, birthdate, \
                                   family, given and gender";
                    return Err(given.refuse(IssueType::NotSupported, allowed));
                }
            };
            Ok(SortKey { field, descending })
        };
        let mut keys: Vec<SortKey> = Vec::new();
        for text in self.alternatives(given)? {
            let next = key(text)?;
            // A field that is already a key cannot decide anything the second time.
            if !keys.iter().any(|known| known.field == next.field) {
                keys.push(next);
            }
        }
        Ok(keys)
    }

    fn elements(&self, given: Given<'_>) -> Result<Vec<String>, Issue> {
        let names = self.alternatives(given)?;
        let is_name = |name: &&str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        };
        let names: Vec<&str> = names.into_iter().map(str::trim).collect();
        if !names.iter().all(is_name) {
            return Err(given.refuse(IssueType::Value, "must be names of elements"));
        }
        let names = names.into_iter().map(|name| name.strip_prefix("Patient.").unwrap_or(name));
        Ok(names.map(str::to_owned).collect())
    }

    fn take_include(&mut self, given: Given<'_>) -> Result<Taken, Issue> {
        let asked = match given.modifier {
            None => IncludeLink::Once,
            Some("iterate" | "recurse") => IncludeLink::Iterate,
            Some(_) => return Err(given.bad_modifier("iterate, recurse")),
        };
        if !matches!(given.value.trim(), "Patient:link" | "Patient:link:Patient" | "*") {
            return Ok(Taken::Ignored);
        }
        if self.request.includes != IncludeLink::Iterate {
            self.request.includes = asked;
        }
        Ok(Taken::Applied)
    }

    /// Splits a value at its commas; empty alternatives are dropped.
    fn alternatives<'v>(&self, given: Given<'v>) -> Result<Vec<&'v str>, Issue> {
        let mut parts = value::split(given.value, ',');
        parts.retain(|part| !part.trim().is_empty());
        if parts.len() > self.limits.values_max {
            let text = format!("at most {} values are allowed", self.limits.values_max);
            return Err(given.refuse(IssueType::TooCostly, &text));
        }
        Ok(parts)
    }
}

fn summary(given: Given<'_>) -> Result<Summary, Issue> {
    match given.value.trim() {
        "true" => Ok(Summary::True),
        "false" => Ok(Summary::None),
        "text" => Ok(Summary::Text),
        "data" => Ok(Summary::Data),
        "count" => Ok(Summary::Count),
        _ => {
            let allowed = "allowed are true, false, text, data and count";
            Err(given.refuse(IssueType::Value, allowed))
        }
    }
}
