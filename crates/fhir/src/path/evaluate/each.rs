//! Functions that evaluate their arguments with each item as `$this` (FHIRPath 5.1, 5.2) and
//! `iif` (5.5).

use super::super::ast::Call;
use super::super::functions::Each;
use super::{EvalError, Evaluator, Item, Items, Place, Scope, single};

impl<'a> Evaluator<'a> {
    pub(super) fn each(
        &mut self,
        function: Each,
        call: &Call,
        scope: Scope<'_, 'a>,
        input: Items<'a>,
    ) -> Result<Items<'a>, EvalError> {
        match function {
            Each::Where => self.select_where(call, input),
            Each::Select => {
                let mut found = Items::new();
                for (index, item) in input.iter().enumerate() {
                    let scope = Scope { this: Some(item), index };
                    found.extend(self.eval(&call.arguments[0], scope)?);
                }
                Ok(found)
            }
            Each::All => {
                let holds = self.count_where(call, &input, false)? == input.len();
                Ok(single(Item::Boolean(holds)))
            }
            Each::Exists if call.arguments.is_empty() => {
                Ok(single(Item::Boolean(!input.is_empty())))
            }
            Each::Exists => Ok(single(Item::Boolean(self.count_where(call, &input, true)? > 0))),
            Each::Iif => self.iif(call, scope, &input),
        }
    }

    fn select_where(&mut self, call: &Call, input: Items<'a>) -> Result<Items<'a>, EvalError> {
        let mut found = Items::new();
        for (index, item) in input.into_iter().enumerate() {
            let scope = Scope { this: Some(&item), index };
            if self.test(&call.arguments[0], scope, Place::of(call))? == Some(true) {
                found.push(item);
            }
        }
        Ok(found)
    }

    /// How many items meet the criterion, up to the first that does or does not.
    fn count_where(
        &mut self,
        call: &Call,
        input: &[Item<'a>],
        stop_at: bool,
    ) -> Result<usize, EvalError> {
        let mut count = 0;
        for (index, item) in input.iter().enumerate() {
            let scope = Scope { this: Some(item), index };
            let holds = self.test(&call.arguments[0], scope, Place::of(call))? == Some(true);
            count += usize::from(holds);
            if holds == stop_at {
                break;
            }
        }
        Ok(count)
    }

    /// Only the chosen branch is evaluated. `$index` stays that of the surroundings.
    fn iif(
        &mut self,
        call: &Call,
        scope: Scope<'_, 'a>,
        input: &[Item<'a>],
    ) -> Result<Items<'a>, EvalError> {
        let place = Place::of(call);
        let scope = Scope { this: place.one(input)?, index: scope.index };
        let criterion = self.operand(&call.arguments[0], scope)?;
        let holds = match place.one(criterion.items())? {
            None => false,
            Some(item) => item.as_boolean().ok_or_else(|| place.wrong_type("a boolean"))?,
        };
        match call.arguments.get(if holds { 1 } else { 2 }) {
            Some(branch) => self.eval(branch, scope),
            None => Ok(Items::new()),
        }
    }
}
