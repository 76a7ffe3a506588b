//! Equality, equivalence and order of values (FHIRPath 6.1 and 6.2).

use std::cmp::Ordering;

use serde_json::Value;

use super::super::JSON_DEPTH_MAX;
use super::super::decimal::Decimal;
use super::super::item::{Item, Node};
use super::super::temporal::{Order, Temporal};
use super::{EvalError, Work};

/// An item as comparison sees it.
#[derive(Clone, Copy)]
enum View<'i> {
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    Text(&'i str),
    Temporal(Temporal),
    /// An object or array, a null, or a number with more digits than a decimal holds.
    Json(&'i Value),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Equal,
    Equivalent,
}

fn view<'i>(item: &'i Item<'_>) -> View<'i> {
    match item {
        Item::Node(node) if node.declared.is_some_and(|declared| declared.is_temporal()) => {
            let temporal = node.value.as_str().and_then(Temporal::parse);
            temporal.map_or_else(|| view_json(node), View::Temporal)
        }
        Item::Node(node) => view_json(node),
        Item::Boolean(value) => View::Boolean(*value),
        Item::Integer(value) => View::Integer(*value),
        Item::Decimal(value) => View::Decimal(*value),
        Item::Text(text) => View::Text(text),
        Item::Temporal(value) => View::Temporal(*value),
    }
}

fn view_json<'i>(node: &Node<'i>) -> View<'i> {
    match node.value {
        Value::Bool(value) => View::Boolean(*value),
        Value::String(text) => View::Text(text),
        Value::Number(number) => match (number.as_i64(), Decimal::parse(number.as_str())) {
            (Some(value), _) => View::Integer(value),
            (None, Some(value)) => View::Decimal(value),
            (None, None) => View::Json(node.value),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => View::Json(node.value),
    }
}

/// Two values of one type, after the conversions that FHIRPath makes by itself.
enum Pair<'i> {
    Boolean(bool, bool),
    Integer(i64, i64),
    Decimal(Decimal, Decimal),
    Text(&'i str, &'i str),
    Temporal(Temporal, Temporal),
    Json(&'i Value, &'i Value),
    Unlike,
}

fn pair<'i>(left: &'i Item<'_>, right: &'i Item<'_>) -> Pair<'i> {
    let read = |text, other, is_left| match Temporal::parse(text) {
        Some(value) if is_left => Pair::Temporal(value, other),
        Some(value) => Pair::Temporal(other, value),
        None => Pair::Unlike,
    };
    match (view(left), view(right)) {
        (View::Boolean(left), View::Boolean(right)) => Pair::Boolean(left, right),
        (View::Integer(left), View::Integer(right)) => Pair::Integer(left, right),
        (View::Integer(left), View::Decimal(right)) => Pair::Decimal(left.into(), right),
        (View::Decimal(left), View::Integer(right)) => Pair::Decimal(left, right.into()),
        (View::Decimal(left), View::Decimal(right)) => Pair::Decimal(left, right),
        (View::Text(left), View::Text(right)) => Pair::Text(left, right),
        (View::Temporal(left), View::Temporal(right)) => Pair::Temporal(left, right),
        (View::Temporal(left), View::Text(right)) => read(right, left, false),
        (View::Text(left), View::Temporal(right)) => read(left, right, true),
        (View::Json(left), View::Json(right)) => Pair::Json(left, right),
        _ => Pair::Unlike,
    }
}

/// `left = right` for collections; `None` where it cannot be known.
pub(super) fn equal(
    left: &[Item<'_>],
    right: &[Item<'_>],
    work: &mut Work,
) -> Result<Option<bool>, EvalError> {
    if left.is_empty() || right.is_empty() {
        return Ok(None);
    }
    if left.len() != right.len() {
        return Ok(Some(false));
    }
    let mut result = Some(true);
    for (left, right) in left.iter().zip(right) {
        match items_equal(left, right, work)? {
            Some(false) => return Ok(Some(false)),
            None => result = None,
            Some(true) => {}
        }
    }
    Ok(result)
}

/// `left = right` for single items.
pub(super) fn items_equal(
    left: &Item<'_>,
    right: &Item<'_>,
    work: &mut Work,
) -> Result<Option<bool>, EvalError> {
    work.spend(1)?;
    Ok(match pair(left, right) {
        Pair::Boolean(left, right) => Some(left == right),
        Pair::Integer(left, right) => Some(left == right),
        Pair::Decimal(left, right) => Some(left.compare(right) == Ordering::Equal),
        Pair::Text(left, right) => {
            work.spend(left.len().min(right.len()) / 64)?;
            Some(left == right)
        }
        Pair::Temporal(left, right) => match left.compare(right) {
            Order::Known(ordering) => Some(ordering == Ordering::Equal),
            Order::Unknown => None,
            Order::Unrelated => Some(false),
        },
        Pair::Json(left, right) => Some(json_equal(left, right, Mode::Equal, 0, work)?),
        Pair::Unlike => Some(false),
    })
}

/// `left ~ right` for collections: the order of items does not count.
pub(super) fn equivalent(
    left: &[Item<'_>],
    right: &[Item<'_>],
    work: &mut Work,
) -> Result<bool, EvalError> {
    matched(left, right, work, items_equivalent)
}

fn items_equivalent(left: &Item<'_>, right: &Item<'_>, work: &mut Work) -> Result<bool, EvalError> {
    work.spend(1)?;
    Ok(match pair(left, right) {
        Pair::Boolean(left, right) => left == right,
        Pair::Integer(left, right) => left == right,
        Pair::Decimal(left, right) => left.equivalent(right),
        Pair::Text(left, right) => texts_equivalent(left, right, work)?,
        Pair::Temporal(left, right) => left.compare(right) == Order::Known(Ordering::Equal),
        Pair::Json(left, right) => json_equal(left, right, Mode::Equivalent, 0, work)?,
        Pair::Unlike => false,
    })
}

/// How two single items are ordered: `Err(())` if their types have no order between them,
/// `None` where it cannot be known.
pub(super) fn order(left: &Item<'_>, right: &Item<'_>) -> Result<Option<Ordering>, ()> {
    match pair(left, right) {
        Pair::Integer(left, right) => Ok(Some(left.cmp(&right))),
        Pair::Decimal(left, right) => Ok(Some(left.compare(right))),
        Pair::Text(left, right) => Ok(Some(left.cmp(right))),
        Pair::Temporal(left, right) => match left.compare(right) {
            Order::Known(ordering) => Ok(Some(ordering)),
            Order::Unknown => Ok(None),
            Order::Unrelated => Err(()),
        },
        Pair::Boolean(..) | Pair::Json(..) | Pair::Unlike => Err(()),
    }
}

/// Whether each of `left` has a partner of its own in `right` (first come, first served).
fn matched<T>(
    left: &[T],
    right: &[T],
    work: &mut Work,
    mut is_same: impl FnMut(&T, &T, &mut Work) -> Result<bool, EvalError>,
) -> Result<bool, EvalError> {
    if left.len() != right.len() {
        return Ok(false);
    }
    let mut free: Vec<&T> = right.iter().collect();
    for item in left {
        let mut partner = None;
        for (index, other) in free.iter().enumerate() {
            if is_same(item, other, work)? {
                partner = Some(index);
                break;
            }
        }
        let Some(partner) = partner else { return Ok(false) };
        free.remove(partner);
    }
    Ok(true)
}

/// Case and runs of white space do not count (FHIRPath 6.1.2).
fn texts_equivalent(left: &str, right: &str, work: &mut Work) -> Result<bool, EvalError> {
    work.spend((left.len() + right.len()) / 8)?;
    fn letters(text: &str) -> impl Iterator<Item = char> {
        let mut words = text.split_whitespace().peekable();
        let spaced = std::iter::from_fn(move || {
            let word = words.next()?;
            Some(word.chars().chain(words.peek().map(|_| ' ')))
        });
        spaced.flatten().flat_map(char::to_lowercase)
    }
    Ok(letters(left).eq(letters(right)))
}

fn json_equal(
    left: &Value,
    right: &Value,
    mode: Mode,
    depth: usize,
    work: &mut Work,
) -> Result<bool, EvalError> {
    work.spend(1)?;
    if depth > JSON_DEPTH_MAX {
        return Err(EvalError::TooDeep { max: JSON_DEPTH_MAX });
    }
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (name, value) in left {
                let Some(other) = right.get(name) else { return Ok(false) };
                if !json_equal(value, other, mode, depth + 1, work)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Array(left), Value::Array(right)) if mode == Mode::Equivalent => {
            matched(left, right, work, |left, right, work| {
                json_equal(left, right, mode, depth + 1, work)
            })
        }
        (Value::Array(left), Value::Array(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right) {
                if !json_equal(left, right, mode, depth + 1, work)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Null, Value::Null) => Ok(true),
        _ => leaves_equal(left, right, mode, work),
    }
}

/// Compares primitives within objects; a number too long for a decimal by its digits.
fn leaves_equal(
    left: &Value,
    right: &Value,
    mode: Mode,
    work: &mut Work,
) -> Result<bool, EvalError> {
    let (left_item, right_item) = (Item::Node(Node::plain(left)), Item::Node(Node::plain(right)));
    if let (View::Json(left), View::Json(right)) = (view(&left_item), view(&right_item)) {
        return Ok(left.is_number() && left == right);
    }
    match mode {
        Mode::Equal => Ok(items_equal(&left_item, &right_item, work)? == Some(true)),
        Mode::Equivalent => items_equivalent(&left_item, &right_item, work),
    }
}
