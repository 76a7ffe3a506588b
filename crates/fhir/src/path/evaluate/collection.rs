//! Functions on a collection as a whole (FHIRPath 5.1, 5.3, 5.4) and `not` (6.5).

use super::super::ast::Call;
use super::super::functions::Collection;
use super::{EvalError, Evaluator, Item, Items, Place, Scope, Work, equality, integer, single};

impl<'a> Evaluator<'a> {
    pub(super) fn collection(
        &mut self,
        function: Collection,
        call: &Call,
        scope: Scope<'_, 'a>,
        mut input: Items<'a>,
    ) -> Result<Items<'a>, EvalError> {
        let place = Place::of(call);
        match function {
            Collection::First => input.truncate(1),
            Collection::Last => input = input.pop().into_iter().collect(),
            Collection::Tail => skip(&mut input, 1),
            Collection::Skip => {
                let count = self.count_argument(call, scope)?;
                skip(&mut input, count.unwrap_or(usize::MAX));
            }
            Collection::Take => {
                let count = self.count_argument(call, scope)?;
                input.truncate(count.unwrap_or(0));
            }
            Collection::Single => {
                place.one(&input)?;
            }
            Collection::Empty => return Ok(single(Item::Boolean(input.is_empty()))),
            Collection::Count => {
                return Ok(i64::try_from(input.len()).map(Item::Integer).into_iter().collect());
            }
            Collection::Not => {
                let truth = place.truth(&input)?;
                return Ok(truth.map(|truth| Item::Boolean(!truth)).into_iter().collect());
            }
            Collection::Distinct => return distinct(input, &mut self.work),
            Collection::IsDistinct => {
                let count = input.len();
                let is_distinct = distinct(input, &mut self.work)?.len() == count;
                return Ok(single(Item::Boolean(is_distinct)));
            }
            Collection::Union
            | Collection::Combine
            | Collection::Intersect
            | Collection::Exclude => {
                let other = self.eval(&call.arguments[0], scope)?;
                return self.with_other(function, input, other);
            }
        }
        Ok(input)
    }

    fn with_other(
        &mut self,
        function: Collection,
        mut input: Items<'a>,
        other: Items<'a>,
    ) -> Result<Items<'a>, EvalError> {
        match function {
            Collection::Intersect => {
                let input = distinct(input, &mut self.work)?;
                keep(input, &other, true, &mut self.work)
            }
            Collection::Exclude => keep(input, &other, false, &mut self.work),
            Collection::Union => {
                input.extend(other);
                distinct(input, &mut self.work)
            }
            _ => {
                input.extend(other);
                Ok(input)
            }
        }
    }

    /// A number of items; a negative one counts as none (FHIRPath 5.3).
    fn count_argument(
        &mut self,
        call: &Call,
        scope: Scope<'_, 'a>,
    ) -> Result<Option<usize>, EvalError> {
        let count = self.operand(&call.arguments[0], scope)?;
        let count = integer(count.items(), Place::of(call))?;
        Ok(count.map(|count| usize::try_from(count).unwrap_or(0)))
    }
}

fn skip(items: &mut Items<'_>, count: usize) {
    items.drain(..count.min(items.len()));
}

/// The first of each set of equal items, in order.
pub(super) fn distinct<'a>(items: Items<'a>, work: &mut Work) -> Result<Items<'a>, EvalError> {
    let mut found = Items::new();
    for item in items {
        if !is_among(&item, &found, work)? {
            found.push(item);
        }
    }
    Ok(found)
}

/// The items that are among `other`, or those that are not.
fn keep<'a>(
    items: Items<'a>,
    other: &[Item<'a>],
    if_among: bool,
    work: &mut Work,
) -> Result<Items<'a>, EvalError> {
    let mut found = Items::new();
    for item in items {
        if is_among(&item, other, work)? == if_among {
            found.push(item);
        }
    }
    Ok(found)
}

/// Whether an item equals one of `others`; two dates of which that is unknown differ.
pub(super) fn is_among(
    item: &Item<'_>,
    others: &[Item<'_>],
    work: &mut Work,
) -> Result<bool, EvalError> {
    // What has no value equals nothing; its extensions may differ.
    let others = if item.is_bare() { &[] } else { others };
    for other in others {
        if equality::items_equal(item, other, work)? == Some(true) {
            return Ok(true);
        }
    }
    Ok(false)
}
