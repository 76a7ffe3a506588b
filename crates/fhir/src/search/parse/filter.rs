//! Turns the values of one filtering parameter into a [`Filter`].

use crate::date::DateError;
use crate::outcome::{Issue, IssueType};
use crate::patient::patient_id;

use super::super::index::{bool_code, clip, contact_forms, exact_form, folded_form};
use super::super::param::{Param, ParamKind, StringParam, TokenParam};
use super::super::{DateMatch, Filter, TextMode, TokenMatch, value};
use super::Given;

/// Makes the filter of a parameter; `None` if every record passes.
pub(super) fn filter(
    kind: ParamKind,
    values: &[&str],
    given: Given<'_>,
) -> Result<Option<Filter>, Issue> {
    let params = match kind {
        ParamKind::Text(param) => Some(param.params()),
        ParamKind::Token(param) => Some(param.params()),
        ParamKind::Date(param) => Some(param.params()),
        ParamKind::Id | ParamKind::LastUpdated | ParamKind::Tag | ParamKind::Link => None,
    };
    if let (Some("missing"), Some(params)) = (given.modifier, params) {
        return missing(params, given).map(Some);
    }
    if values.is_empty() {
        return Ok(None);
    }
    match kind {
        ParamKind::Id => {
            given.no_modifier()?;
            Ok(Some(ids(values, Filter::Id)))
        }
        ParamKind::Link => match given.modifier {
            None | Some("Patient") => Ok(Some(ids(values, Filter::Link))),
            Some(_) => Err(given.bad_modifier("Patient")),
        },
        ParamKind::LastUpdated => {
            given.no_modifier()?;
            dates(values, given).map(|any| Some(Filter::LastUpdated(any)))
        }
        ParamKind::Tag => {
            let negated = negation(given, "not")?;
            Ok(Some(Filter::Tag { negated, any: tokens(values, given)? }))
        }
        ParamKind::Text(param) => text(param, values, given).map(Some),
        ParamKind::Token(TokenParam::Active) => flag(TokenParam::Active, false, values, given),
        ParamKind::Token(TokenParam::Deceased) => flag(TokenParam::Deceased, true, values, given),
        ParamKind::Token(param) => token(param, values, given).map(Some),
        ParamKind::Date(param) => match given.modifier {
            None => dates(values, given).map(|any| Some(Filter::Date { param, any })),
            Some(_) => Err(given.bad_modifier("missing")),
        },
    }
}

fn missing(params: &'static [Param], given: Given<'_>) -> Result<Filter, Issue> {
    given.flag().map(|missing| Filter::Missing { params, missing })
}

fn negation(given: Given<'_>, allowed: &str) -> Result<bool, Issue> {
    match given.modifier {
        None => Ok(false),
        Some("not") => Ok(true),
        Some(_) => Err(given.bad_modifier(allowed)),
    }
}

/// Reads ids, bare or with `Patient/`; what cannot be an id is nobody's.
fn ids(values: &[&str], filter: fn(Vec<String>) -> Filter) -> Filter {
    let ids: Vec<String> =
        values.iter().filter_map(|value| patient_id(value.trim()).map(str::to_owned)).collect();
    if ids.is_empty() { Filter::Nothing } else { filter(ids) }
}

fn dates(values: &[&str], given: Given<'_>) -> Result<Vec<DateMatch>, Issue> {
    let refuse = |error: DateError| given.refuse(IssueType::Value, &error.to_string());
    values.iter().map(|text| value::date(text.trim()).map_err(refuse)).collect()
}

fn tokens(values: &[&str], given: Given<'_>) -> Result<Vec<TokenMatch>, Issue> {
    let lone = || given.refuse(IssueType::Value, "a token needs a system or a code");
    let read = |text: &&str| {
        let token = value::token(text).ok_or_else(lone)?;
        let system = token.system.map(|system| system.map(|system| clip(&system).to_owned()));
        Ok(TokenMatch { system, code: token.code.map(|code| clip(&code).to_owned()) })
    };
    values.iter().map(read).collect()
}

fn text(param: StringParam, values: &[&str], given: Given<'_>) -> Result<Filter, Issue> {
    let mode = match given.modifier {
        None => TextMode::Starts,
        Some("contains") => TextMode::Contains,
        Some("exact") => TextMode::Exact,
        Some(_) => return Err(given.bad_modifier("exact, contains, missing")),
    };
    let form = |value: &&str| match mode {
        TextMode::Exact => exact_form(&value::unescape(value)),
        TextMode::Starts | TextMode::Contains => folded_form(&value::unescape(value)),
    };
    let mut any: Vec<String> = values.iter().map(form).collect();
    // A value of nothing but marks folds to nothing, which every text begins with.
    any.retain(|wanted| !wanted.is_empty());
    if any.is_empty() {
        return Ok(Filter::Nothing);
    }
    Ok(Filter::Text { param, mode, any })
}

fn token(param: TokenParam, values: &[&str], given: Given<'_>) -> Result<Filter, Issue> {
    let negated = negation(given, "not, missing")?;
    let mut any = tokens(values, given)?;
    // Codes of a required binding are kept without the system that they imply.
    let implied = match param {
        TokenParam::Gender => Some("http://hl7.org/fhir/administrative-gender"),
        TokenParam::AddressUse => Some("http://hl7.org/fhir/address-use"),
        _ => None,
    };
    for wanted in &mut any {
        if implied.is_some() && wanted.system.as_ref().is_some_and(|s| s.as_deref() == implied) {
            wanted.system = None;
        }
    }
    if matches!(param, TokenParam::Telecom | TokenParam::Phone | TokenParam::Email) {
        any = any.into_iter().flat_map(contact_matches).collect();
    }
    Ok(Filter::Token { param, negated, any })
}

/// Looks for a contact point in every form it may have been kept in.
fn contact_matches(wanted: TokenMatch) -> Vec<TokenMatch> {
    let Some(code) = &wanted.code else { return vec![wanted] };
    let in_form = |form| TokenMatch { system: wanted.system.clone(), code: Some(form) };
    contact_forms(code).into_iter().map(in_form).collect()
}

/// Makes the filter of a boolean whose absence means something: a Patient is active unless
/// it says `false`, and alive unless it says `true` (`marked` is the value that is said).
fn flag(
    param: TokenParam,
    marked: bool,
    values: &[&str],
    given: Given<'_>,
) -> Result<Option<Filter>, Issue> {
    let negated = negation(given, "not, missing")?;
    let mut wants = [false; 2];
    for wanted in tokens(values, given)? {
        match wanted.code.as_deref() {
            Some("true") => wants[1] = true,
            Some("false") => wants[0] = true,
            _ => return Err(given.refuse(IssueType::Value, "allowed are true and false")),
        }
    }
    if wants[0] == wants[1] {
        return Ok(negated.then_some(Filter::Nothing));
    }
    let wants_marked = (wants[1] == marked) != negated;
    let any = vec![TokenMatch::code(bool_code(marked))];
    Ok(Some(Filter::Token { param, negated: !wants_marked, any }))
}
