//! Operators (FHIRPath 6): truth, comparison, arithmetic and union.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::super::ast::{Expr, Operator};
use super::super::decimal::Decimal;
use super::collection::{distinct, is_among};
use super::{EvalError, Evaluator, Item, Items, Place, Scope, equality, single};

impl Operator {
    /// Whether the result is a truth value.
    pub(super) fn is_boolean(self) -> bool {
        !self.is_arithmetic() && self != Operator::Union
    }

    fn is_arithmetic(self) -> bool {
        matches!(
            self,
            Operator::Multiply
                | Operator::Divide
                | Operator::Div
                | Operator::Mod
                | Operator::Add
                | Operator::Subtract
                | Operator::Concatenate
        )
    }
}

impl<'a> Evaluator<'a> {
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        sides: [&Expr; 2],
        scope: Scope<'_, 'a>,
        place: Place,
    ) -> Result<Items<'a>, EvalError> {
        if operator.is_boolean() {
            let truth = self.boolean(operator, sides, scope, place)?;
            return Ok(truth.map(Item::Boolean).into_iter().collect());
        }
        if operator == Operator::Union {
            let mut items = self.eval(sides[0], scope)?;
            items.extend(self.eval(sides[1], scope)?);
            return distinct(items, &mut self.work);
        }
        let left = self.operand(sides[0], scope)?;
        let right = self.operand(sides[1], scope)?;
        let (left, right) = (place.one(left.items())?, place.one(right.items())?);
        if operator == Operator::Concatenate {
            return self.concatenate([left, right], place).map(single);
        }
        let (Some(left), Some(right)) = (left, right) else { return Ok(Items::new()) };
        if operator == Operator::Add
            && let (Some(_), Some(_)) = (left.as_text(), right.as_text())
        {
            return self.concatenate([Some(left), Some(right)], place).map(single);
        }
        Ok(arithmetic(operator, left, right, place)?.into_iter().collect())
    }

    /// Applies an operator whose result is a truth value; `None` is the empty collection.
    pub(super) fn boolean(
        &mut self,
        operator: Operator,
        sides: [&Expr; 2],
        scope: Scope<'_, 'a>,
        place: Place,
    ) -> Result<Option<bool>, EvalError> {
        if let Operator::And | Operator::Or | Operator::Xor | Operator::Implies = operator {
            return self.logic(operator, sides, scope, place);
        }
        let left = self.operand(sides[0], scope)?;
        let right = self.operand(sides[1], scope)?;
        let (left, right) = (left.items(), right.items());
        let work = &mut self.work;
        match operator {
            Operator::Equal => equality::equal(left, right, work),
            Operator::NotEqual => Ok(equality::equal(left, right, work)?.map(|equal| !equal)),
            Operator::Equivalent => equality::equivalent(left, right, work).map(Some),
            Operator::NotEquivalent => Ok(Some(!equality::equivalent(left, right, work)?)),
            Operator::In => {
                let item = place.one(left)?;
                item.map(|item| is_among(item, right, work)).transpose()
            }
            Operator::Contains => {
                let item = place.one(right)?;
                item.map(|item| is_among(item, left, work)).transpose()
            }
            _ => {
                let (left, right) = (place.one(left)?, place.one(right)?);
                let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
                let expected = "two numbers, two texts or two dates";
                let order = equality::order(left, right);
                let order = order.map_err(|()| place.wrong_type(expected))?;
                Ok(order.map(|order| holds(operator, order)))
            }
        }
    }

    /// Three-valued logic (FHIRPath 6.5); the right side is evaluated only if it matters.
    fn logic(
        &mut self,
        operator: Operator,
        sides: [&Expr; 2],
        scope: Scope<'_, 'a>,
        place: Place,
    ) -> Result<Option<bool>, EvalError> {
        let left = self.test(sides[0], scope, place)?;
        match (operator, left) {
            (Operator::And | Operator::Implies, Some(false)) | (Operator::Or, Some(true)) => {
                return Ok(Some(operator != Operator::And));
            }
            (Operator::Xor, None) => return Ok(None),
            _ => {}
        }
        let right = self.test(sides[1], scope, place)?;
        Ok(match operator {
            Operator::And if right == Some(false) => Some(false),
            Operator::Or | Operator::Implies if right == Some(true) => Some(true),
            Operator::Implies if left.is_none() => None,
            Operator::And | Operator::Or if left.is_none() => None,
            Operator::Xor => right.map(|right| left != Some(right)),
            _ => right,
        })
    }

    /// `&` takes a missing side as the empty text, and any primitive by its text.
    fn concatenate(
        &mut self,
        sides: [Option<&Item<'a>>; 2],
        place: Place,
    ) -> Result<Item<'a>, EvalError> {
        let text = |item: Option<&Item<'a>>| match item {
            None => Ok(String::new()),
            Some(item) => {
                let text = item.text().map(Cow::into_owned);
                text.ok_or_else(|| place.wrong_type("texts"))
            }
        };
        let (mut left, right) = (text(sides[0])?, text(sides[1])?);
        self.work.make_text(left.len() + right.len())?;
        left.push_str(&right);
        Ok(Item::Text(Cow::Owned(left)))
    }
}

fn holds(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// Arithmetic on two numbers; overflow and division by zero give nothing (FHIRPath 6.6).
fn arithmetic<'a>(
    operator: Operator,
    left: &Item<'_>,
    right: &Item<'_>,
    place: Place,
) -> Result<Option<Item<'a>>, EvalError> {
    if let (Some(left), Some(right)) = (left.as_integer(), right.as_integer()) {
        let result = match operator {
            Operator::Multiply => left.checked_mul(right),
            Operator::Div => left.checked_div(right),
            Operator::Mod => left.checked_rem(right),
            Operator::Add => left.checked_add(right),
            Operator::Subtract => left.checked_sub(right),
            _ => {
                let quotient = Decimal::from(left).over(Decimal::from(right));
                return Ok(quotient.map(Item::Decimal));
            }
        };
        return Ok(result.map(Item::Integer));
    }
    let expected = if operator == Operator::Add { "two numbers or two texts" } else { "numbers" };
    let (Some(left), Some(right)) = (left.as_decimal(), right.as_decimal()) else {
        return Err(place.wrong_type(expected));
    };
    let result = match operator {
        Operator::Multiply => left.times(right),
        Operator::Div => return Ok(left.whole_quotient(right).map(Item::Integer)),
        Operator::Mod => left.remainder(right),
        Operator::Add => left.plus(right),
        Operator::Subtract => left.minus(right),
        _ => left.over(right),
    };
    Ok(result.map(Item::Decimal))
}

/// `-x` and `+x`.
pub(super) fn sign<'a>(
    negative: bool,
    operand: &[Item<'a>],
    place: Place,
) -> Result<Items<'a>, EvalError> {
    let Some(item) = place.one(operand)? else { return Ok(Items::new()) };
    let signed = match (item.as_integer(), item.as_decimal()) {
        (Some(value), _) if negative => value.checked_neg().map(Item::Integer),
        (None, Some(value)) if negative => value.negated().map(Item::Decimal),
        (None, None) => return Err(place.wrong_type("a number")),
        _ => Some(item.clone()),
    };
    Ok(signed.into_iter().collect())
}
