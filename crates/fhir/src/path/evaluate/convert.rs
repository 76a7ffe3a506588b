//! Conversions (FHIRPath 5.5), FHIR's `hasValue` and `getValue`, and the type functions (6.3).

use std::borrow::Cow;
use std::cmp::Ordering;

use super::super::ast::Call;
use super::super::decimal::Decimal;
use super::super::functions::{Convert, TypeFunction};
use super::{EvalError, Item, Items, Place, single};

/// Converts the only item; what cannot be converted gives nothing.
pub(super) fn convert<'a>(
    function: Convert,
    place: Place,
    input: Items<'a>,
) -> Result<Items<'a>, EvalError> {
    let has_value =
        |items: &[Item<'_>]| matches!(items, [item] if !item.is_bare() && !item.is_complex());
    match function {
        Convert::HasValue => return Ok(single(Item::Boolean(has_value(&input)))),
        Convert::GetValue => {
            return Ok(if has_value(&input) { input } else { Items::new() });
        }
        Convert::ToString | Convert::ToInteger | Convert::ToDecimal | Convert::ToBoolean => {}
    }
    let Some(item) = place.one(&input)? else { return Ok(Items::new()) };
    let converted = match function {
        Convert::ToInteger => to_integer(item).map(Item::Integer),
        Convert::ToDecimal => to_decimal(item).map(Item::Decimal),
        Convert::ToBoolean => to_boolean(item).map(Item::Boolean),
        _ => return Ok(to_text(input)),
    };
    Ok(converted.into_iter().collect())
}

/// A decimal of the expression keeps the digits it was written with; a number of the
/// resource is written as OpenCR wrote it.
fn to_text(mut input: Items<'_>) -> Items<'_> {
    let text = match input.pop() {
        Some(Item::Decimal(value)) => Some(Cow::Owned(value.to_string())),
        Some(Item::Text(text)) => Some(text),
        Some(Item::Node(node)) if node.json().is_string() => {
            node.json().as_str().map(Cow::Borrowed)
        }
        Some(item) => item.text().map(|text| Cow::Owned(text.into_owned())),
        None => None,
    };
    text.map(Item::Text).into_iter().collect()
}

fn to_integer(item: &Item<'_>) -> Option<i64> {
    if let Some(text) = item.as_text() {
        return text.parse().ok();
    }
    item.as_integer().or_else(|| item.as_boolean().map(i64::from))
}

fn to_decimal(item: &Item<'_>) -> Option<Decimal> {
    if let Some(text) = item.as_text() {
        // JSON allows an exponent, FHIRPath does not.
        return Decimal::parse(text).filter(|_| !text.contains(['e', 'E']));
    }
    item.as_decimal().or_else(|| item.as_boolean().map(|value| Decimal::from(i64::from(value))))
}

fn to_boolean(item: &Item<'_>) -> Option<bool> {
    if let Some(text) = item.as_text() {
        return match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" | "1.0" => Some(true),
            "false" | "f" | "no" | "n" | "0" | "0.0" => Some(false),
            _ => None,
        };
    }
    let is = |number: Decimal, value| number.compare(Decimal::from(value)) == Ordering::Equal;
    item.as_boolean().or_else(|| match item.as_decimal()? {
        number if is(number, 1) => Some(true),
        number if is(number, 0) => Some(false),
        _ => None,
    })
}

/// `ofType`, `as` and `is`, written as functions or operators.
pub(super) fn type_function<'a>(
    function: TypeFunction,
    call: &Call,
    mut input: Items<'a>,
) -> Result<Items<'a>, EvalError> {
    let Some(test) = &call.type_test else { return Ok(Items::new()) };
    match function {
        TypeFunction::OfType => {
            input.retain(|item| test.accepts(item));
            Ok(input)
        }
        TypeFunction::As => {
            Place::of(call).one(&input)?;
            input.retain(|item| test.accepts(item));
            Ok(input)
        }
        TypeFunction::Is => {
            let is = Place::of(call).one(&input)?.map(|item| test.accepts(item));
            Ok(is.map(Item::Boolean).into_iter().collect())
        }
    }
}
