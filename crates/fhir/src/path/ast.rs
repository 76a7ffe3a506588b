//! A parsed expression. Built by `parser`, walked by `evaluate`.

use regex::Regex;

use super::functions::Function;
use super::item::Item;
use super::types::{DataType, TypeTest};

/// An expression with the height of its tree, which bounds every recursion over it.
#[derive(Debug)]
pub(super) struct Expr {
    pub(super) kind: Kind,
    pub(super) height: usize,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// `{}`.
    Empty,
    Literal(Item<'static>),
    /// `$this`, and what a path without a beginning starts from.
    This,
    /// `$index`.
    Index,
    /// `%resource` and `%context`: paths run on whole resources, so both are one thing.
    Resource,
    /// `head.step.step`; a list rather than a tree, so that long paths stay shallow.
    Chain {
        head: Box<Expr>,
        steps: Vec<Step>,
    },
    /// `-x` and `+x`.
    Sign {
        negative: bool,
        operand: Box<Expr>,
        position: usize,
    },
    Binary {
        operator: Operator,
        left: Box<Expr>,
        right: Box<Expr>,
        position: usize,
    },
}

#[derive(Debug)]
pub(super) enum Step {
    /// A capitalised name at the beginning: the resource itself if it is of that type.
    Root(Box<str>),
    Member(Member),
    /// `[expression]`.
    At {
        index: Expr,
        position: usize,
    },
    Call(Box<Call>),
}

/// `.name`.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: Box<str>,
    /// Whether `name` may be spelled with a type at its end in the resource.
    pub(super) is_choice: bool,
    /// The type at the end of the name.
    pub(super) declared: Option<DataType>,
    /// `_name`, if a later step asks for what stands beside a primitive.
    pub(super) extras: Option<Box<str>>,
}

/// `.function(arguments)`.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) function: Function,
    pub(super) name: &'static str,
    pub(super) position: usize,
    pub(super) arguments: Vec<Expr>,
    /// The argument of a type function.
    pub(super) type_test: Option<TypeTest>,
    /// The pattern, where it is a literal.
    pub(super) pattern: Option<Regex>,
}

/// FHIRPath 6; `is` and `as` become calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Multiply,
    Divide,
    Div,
    Mod,
    Add,
    Subtract,
    Concatenate,
    Union,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Equivalent,
    NotEquivalent,
    In,
    Contains,
    And,
    Or,
    Xor,
    Implies,
}

/// Every operator with its spelling and how tightly it binds (FHIRPath 6.8).
const OPERATORS: &[(Operator, &str, u8)] = &[
    (Operator::Multiply, "*", 10),
    (Operator::Divide, "/", 10),
    (Operator::Div, "div", 10),
    (Operator::Mod, "mod", 10),
    (Operator::Add, "+", 9),
    (Operator::Subtract, "-", 9),
    (Operator::Concatenate, "&", 9),
    (Operator::Union, "|", 7),
    (Operator::Less, "<", 6),
    (Operator::LessOrEqual, "<=", 6),
    (Operator::Greater, ">", 6),
    (Operator::GreaterOrEqual, ">=", 6),
    (Operator::Equal, "=", 5),
    (Operator::NotEqual, "!=", 5),
    (Operator::Equivalent, "~", 5),
    (Operator::NotEquivalent, "!~", 5),
    (Operator::In, "in", 4),
    (Operator::Contains, "contains", 4),
    (Operator::And, "and", 3),
    (Operator::Or, "or", 2),
    (Operator::Xor, "xor", 2),
    (Operator::Implies, "implies", 1),
];

/// How tightly `is` and `as` bind: between `+` and `|`.
pub(super) const TYPE_BINDING: u8 = 8;

impl Operator {
    /// The operator spelled so, with its binding.
    pub(super) fn find(spelling: &str) -> Option<(Operator, u8)> {
        let found = OPERATORS.iter().find(|(_, known, _)| *known == spelling)?;
        Some((found.0, found.2))
    }

    pub(super) fn spelling(self) -> &'static str {
        OPERATORS.iter().find(|(known, _, _)| *known == self).map_or("", |found| found.1)
    }
}

impl Expr {
    /// A leaf.
    pub(super) fn leaf(kind: Kind) -> Expr {
        Expr { kind, height: 1 }
    }

    /// Whether evaluating this looks beside primitives: at extensions, ids or whether there
    /// is a value at all.
    pub(super) fn looks_beside(&self) -> bool {
        match &self.kind {
            Kind::Empty | Kind::Literal(_) | Kind::This | Kind::Index | Kind::Resource => false,
            Kind::Chain { head, steps } => {
                head.looks_beside() || steps.iter().any(Step::looks_beside)
            }
            Kind::Sign { operand, .. } => operand.looks_beside(),
            Kind::Binary { left, right, .. } => left.looks_beside() || right.looks_beside(),
        }
    }

    /// Tells each member whether a step after it, up to the next member, looks beside primitives.
    /// Only then are `_name` members read, and values that have only an extension seen.
    pub(super) fn keep_extras(&mut self, mut is_wanted: bool) {
        match &mut self.kind {
            Kind::Chain { head, steps } => {
                for step in steps.iter_mut().rev() {
                    let looks_beside = step.looks_beside();
                    if let Step::Member(member) = step {
                        if is_wanted && member.extras.is_none() {
                            member.extras = Some(format!("_{}", member.name).into());
                        }
                        is_wanted = looks_beside;
                    } else {
                        is_wanted |= looks_beside;
                    }
                }
                if is_wanted {
                    head.keep_extras(true);
                }
            }
            Kind::Binary { operator: Operator::Union, left, right, .. } if is_wanted => {
                left.keep_extras(true);
                right.keep_extras(true);
            }
            _ => {}
        }
    }
}

impl Step {
    pub(super) fn looks_beside(&self) -> bool {
        match self {
            Step::Root(_) => false,
            Step::Member(member) => matches!(&*member.name, "extension" | "id"),
            Step::At { index, .. } => index.looks_beside(),
            Step::Call(call) => call.looks_beside(),
        }
    }
}

impl Call {
    fn looks_beside(&self) -> bool {
        use super::functions::Convert;
        match self.function {
            Function::Extension | Function::Convert(Convert::HasValue | Convert::GetValue) => true,
            Function::Each(_) => self.arguments.iter().any(Expr::looks_beside),
            _ => false,
        }
    }
}
