//! Walks an expression over a resource: navigation, scopes and limits. Each family of
//! functions and operators has its file in `evaluate/`.

mod collection;
mod convert;
mod each;
mod equality;
mod operators;
mod text;

use std::slice;

use serde_json::{Map, Value};

use super::ast::{Call, Expr, Kind, Member, Step};
use super::error::EvalError;
use super::functions::Function;
use super::item::{Item, Items, Node};
use super::types::{DataType, is_resource_name};
use super::{TEXT_BYTES_MAX, WORK_MAX};

/// Evaluates an expression on a resource. A value that has only an extension may be among
/// the items.
pub(super) fn evaluate<'a>(root: &Expr, resource: &'a Value) -> Result<Items<'a>, EvalError> {
    let this = Item::Node(Node::plain(resource));
    let mut evaluator = Evaluator { resource, work: Work { left: WORK_MAX } };
    evaluator.eval(root, Scope { this: Some(&this), index: 0 })
}

struct Evaluator<'a> {
    resource: &'a Value,
    work: Work,
}

/// What `$this` and `$index` stand for.
#[derive(Clone, Copy)]
struct Scope<'s, 'a> {
    /// `None` only within `{}.iif(…)`.
    this: Option<&'s Item<'a>>,
    index: usize,
}

/// Where an operation stands, for errors.
#[derive(Clone, Copy)]
struct Place {
    operation: &'static str,
    position: usize,
}

/// The steps that an evaluation may still take.
struct Work {
    left: u32,
}

/// The items of an argument; a literal is not copied.
enum Operand<'s, 'a> {
    Literal(&'s Item<'a>),
    Made(Items<'a>),
}

impl<'a> Operand<'_, 'a> {
    fn items(&self) -> &[Item<'a>] {
        match self {
            Operand::Literal(item) => slice::from_ref(item),
            Operand::Made(items) => items,
        }
    }
}

impl Work {
    fn spend(&mut self, steps: usize) -> Result<(), EvalError> {
        let left = u32::try_from(steps).ok().and_then(|steps| self.left.checked_sub(steps));
        self.left = left.ok_or(EvalError::TooMuchWork { max: WORK_MAX })?;
        Ok(())
    }

    /// Accounts for reading or making a text.
    fn spend_text(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.spend(bytes / 64 + 1)
    }

    /// Accounts for a text that is about to be made.
    fn make_text(&mut self, bytes: usize) -> Result<(), EvalError> {
        check_length(bytes)?;
        self.spend_text(bytes)
    }
}

impl Place {
    fn of(call: &Call) -> Place {
        Place { operation: call.name, position: call.position }
    }

    fn wrong_type(self, expected: &'static str) -> EvalError {
        let Place { operation, position } = self;
        EvalError::WrongType { operation, position, expected }
    }

    /// The only item, if there is one that has a value (FHIRPath 4.5).
    fn one<'i, 'a>(self, items: &'i [Item<'a>]) -> Result<Option<&'i Item<'a>>, EvalError> {
        match items {
            [] => Ok(None),
            [item] => Ok(Some(item).filter(|item| !item.is_bare())),
            _ => {
                let Place { operation, position } = self;
                Err(EvalError::ExpectedOne { operation, position, found: items.len() })
            }
        }
    }

    /// The only item as a truth value; one that is no boolean is true (FHIRPath 4.5).
    fn truth(self, items: &[Item<'_>]) -> Result<Option<bool>, EvalError> {
        Ok(self.one(items)?.map(|item| item.as_boolean().unwrap_or(true)))
    }
}

impl<'a> Evaluator<'a> {
    fn eval(&mut self, expression: &Expr, scope: Scope<'_, 'a>) -> Result<Items<'a>, EvalError> {
        self.work.spend(1)?;
        match &expression.kind {
            Kind::Empty => Ok(Items::new()),
            Kind::Literal(item) => Ok(single(item.clone())),
            Kind::This => Ok(scope.this.cloned().into_iter().collect()),
            Kind::Index => Ok(i64::try_from(scope.index).map(Item::Integer).into_iter().collect()),
            Kind::Resource => Ok(single(Item::Node(Node::plain(self.resource)))),
            Kind::Chain { head, steps } => self.chain(head, steps, scope),
            Kind::Sign { negative, operand, position } => {
                let operand = self.eval(operand, scope)?;
                let operation = if *negative { "-" } else { "+" };
                operators::sign(*negative, &operand, Place { operation, position: *position })
            }
            Kind::Binary { operator, left, right, position } => {
                let place = Place { operation: operator.spelling(), position: *position };
                self.binary(*operator, [left, right], scope, place)
            }
        }
    }

    /// Evaluates an argument or operand.
    fn operand<'s>(
        &mut self,
        expression: &'s Expr,
        scope: Scope<'_, 'a>,
    ) -> Result<Operand<'s, 'a>, EvalError> {
        match &expression.kind {
            Kind::Literal(item) => Ok(Operand::Literal(item)),
            _ => Ok(Operand::Made(self.eval(expression, scope)?)),
        }
    }

    /// Evaluates an expression for its truth, `None` for the empty collection.
    fn test(
        &mut self,
        expression: &Expr,
        scope: Scope<'_, 'a>,
        place: Place,
    ) -> Result<Option<bool>, EvalError> {
        if let Kind::Binary { operator, left, right, position } = &expression.kind
            && operator.is_boolean()
        {
            self.work.spend(1)?;
            let place = Place { operation: operator.spelling(), position: *position };
            return self.boolean(*operator, [left, right], scope, place);
        }
        place.truth(self.operand(expression, scope)?.items())
    }

    fn chain(
        &mut self,
        head: &Expr,
        steps: &[Step],
        scope: Scope<'_, 'a>,
    ) -> Result<Items<'a>, EvalError> {
        let (mut items, rest) = match (&head.kind, scope.this, steps) {
            // The usual beginning takes the first step from `$this` without copying it.
            (Kind::This, Some(this), [first @ (Step::Member(_) | Step::Root(_)), rest @ ..]) => {
                (self.step(first, scope, slice::from_ref(this))?, rest)
            }
            _ => (self.eval(head, scope)?, steps),
        };
        for step in rest {
            items = match step {
                Step::Call(call) => self.call(call, scope, items)?,
                Step::Root(_) | Step::Member(_) | Step::At { .. } => {
                    self.step(step, scope, &items)?
                }
            };
        }
        Ok(items)
    }

    fn step(
        &mut self,
        step: &Step,
        scope: Scope<'_, 'a>,
        input: &[Item<'a>],
    ) -> Result<Items<'a>, EvalError> {
        let mut found = Items::new();
        match step {
            Step::Root(name) => {
                self.work.spend(input.len())?;
                found.extend(input.iter().filter(|item| is_resource(item, name)).cloned());
            }
            Step::Member(member) => {
                for item in input {
                    self.member(member, item, &mut found)?;
                }
            }
            Step::At { index, position } => {
                let place = Place { operation: "[]", position: *position };
                let index = self.operand(index, scope)?;
                if let Some(index) = integer(index.items(), place)? {
                    let index = usize::try_from(index).ok();
                    found.extend(index.and_then(|index| input.get(index)).cloned());
                }
            }
            Step::Call(call) => return self.call(call, scope, Items::from(input)),
        }
        Ok(found)
    }

    /// Follows `.name` (FHIRPath 3.2). Lists are flattened, and null is nothing.
    fn member(
        &mut self,
        member: &Member,
        item: &Item<'a>,
        found: &mut Items<'a>,
    ) -> Result<(), EvalError> {
        self.work.spend(1)?;
        let Some(members) = item.node().and_then(|node| node.members()) else { return Ok(()) };
        let value = members.get(&*member.name);
        let extras = member.extras.as_ref().and_then(|name| members.get(&**name));
        if value.is_some() || extras.is_some() {
            return self.spread(value, extras, member.declared, found);
        }
        if member.is_choice { self.choice(member, members, found) } else { Ok(()) }
    }

    /// Finds `valueString` for `value`
    /// (<https://hl7.org/fhir/R4/formats.html#choice>).
    fn choice(
        &mut self,
        member: &Member,
        members: &'a Map<String, Value>,
        found: &mut Items<'a>,
    ) -> Result<(), EvalError> {
        self.work.spend(members.len())?;
        let declared = |name: &str| name.strip_prefix(&*member.name).and_then(DataType::of_suffix);
        for (name, value) in members {
            if let Some(data_type) = declared(name) {
                let extras = member.extras.as_ref().and_then(|_| members.get(&format!("_{name}")));
                self.spread(Some(value), extras, Some(data_type), found)?;
            } else if member.extras.is_some()
                && let Some(plain) = name.strip_prefix('_')
                && let Some(data_type) = declared(plain)
                && !members.contains_key(plain)
            {
                self.spread(None, Some(value), Some(data_type), found)?;
            }
        }
        Ok(())
    }

    /// Adds a member's values, each with what stands beside it
    /// (<https://hl7.org/fhir/R4/json.html#primitive>).
    fn spread(
        &mut self,
        value: Option<&'a Value>,
        extras: Option<&'a Value>,
        declared: Option<DataType>,
        found: &mut Items<'a>,
    ) -> Result<(), EvalError> {
        let values = list(value);
        let extras = list(extras);
        let count = values.len().max(extras.len());
        self.work.spend(count)?;
        for index in 0..count {
            let value = values.get(index).filter(|value| !value.is_null());
            let extras = extras.get(index).filter(|extras| extras.is_object());
            match (value, extras) {
                (Some(value), _) => {
                    found.push(Item::Node(Node { value, extras, declared }));
                }
                (None, Some(extras)) => found.push(Item::Node(Node::bare(extras, declared))),
                (None, None) => {}
            }
        }
        Ok(())
    }

    fn call(
        &mut self,
        call: &Call,
        scope: Scope<'_, 'a>,
        input: Items<'a>,
    ) -> Result<Items<'a>, EvalError> {
        self.work.spend(1)?;
        match call.function {
            Function::Each(function) => self.each(function, call, scope, input),
            Function::Collection(function) => self.collection(function, call, scope, input),
            Function::Text(function) => self.text(function, call, scope, input),
            Function::Convert(function) => convert::convert(function, Place::of(call), input),
            Function::Type(function) => convert::type_function(function, call, input),
            Function::Extension => self.extension(call, scope, &input),
        }
    }

    /// `extension(url)` is `extension.where(url = …)`
    /// (<https://hl7.org/fhir/R4/fhirpath.html#functions>).
    fn extension(
        &mut self,
        call: &Call,
        scope: Scope<'_, 'a>,
        input: &[Item<'a>],
    ) -> Result<Items<'a>, EvalError> {
        let url = self.operand(&call.arguments[0], scope)?;
        let mut found = Items::new();
        let Some(url) = text::text(url.items(), Place::of(call))? else { return Ok(found) };
        for node in input.iter().filter_map(Item::node) {
            let extensions = list(node.members().and_then(|members| members.get("extension")));
            self.work.spend(extensions.len() + 1)?;
            let wanted = |each: &&Value| each.get("url").and_then(Value::as_str) == Some(url);
            let matching = extensions.iter().filter(wanted);
            found.extend(matching.map(|each| Item::Node(Node::plain(each))));
        }
        Ok(found)
    }
}

fn check_length(bytes: usize) -> Result<(), EvalError> {
    if bytes > TEXT_BYTES_MAX {
        return Err(EvalError::TextTooLong { max: TEXT_BYTES_MAX });
    }
    Ok(())
}

fn single(item: Item<'_>) -> Items<'_> {
    let mut items = Items::new();
    items.push(item);
    items
}

/// The values of a member: none, one or a list.
fn list(value: Option<&Value>) -> &[Value] {
    match value {
        None => &[],
        Some(Value::Array(values)) => values,
        Some(value) => slice::from_ref(value),
    }
}

fn is_resource(item: &Item<'_>, name: &str) -> bool {
    let resource_type = item.node().and_then(|node| node.json().get("resourceType")?.as_str());
    resource_type.is_some_and(|resource_type| is_resource_name(name, resource_type))
}

/// The only item as a whole number.
fn integer(items: &[Item<'_>], place: Place) -> Result<Option<i64>, EvalError> {
    let Some(item) = place.one(items)? else { return Ok(None) };
    item.as_integer().map(Some).ok_or_else(|| place.wrong_type("a whole number"))
}
