//! Builds the tree of an expression, by precedence climbing over the tokens. Everything that
//! can be refused without a resource is refused here.

use regex::{Regex, RegexBuilder};

use super::ast::{Call, Expr, Kind, Member, Operator, Step, TYPE_BINDING};
use super::error::PathError;
use super::functions::{self, Function, Signature, Text, TypeFunction};
use super::item::Item;
use super::lexer::{Token, position, tokens};
use super::types::{TypeTest, declared_by, is_choice};
use super::{EXPRESSION_BYTES_MAX, NESTING_MAX, PATTERN_BYTES_MAX};

/// Words after a number that make it a quantity (FHIRPath 4.1.8).
const UNITS: &[&str] = &[
    "year",
    "years",
    "month",
    "months",
    "week",
    "weeks",
    "day",
    "days",
    "hour",
    "hours",
    "minute",
    "minutes",
    "second",
    "seconds",
    "millisecond",
    "milliseconds",
];

/// Parses a whole expression.
pub(super) fn parse(text: &str) -> Result<Expr, PathError> {
    if text.len() > EXPRESSION_BYTES_MAX {
        return Err(PathError::TooLong { found: text.len(), max: EXPRESSION_BYTES_MAX });
    }
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0 };
    let expression = parser.expression(0)?;
    match parser.peek() {
        Token::End => Ok(expression),
        _ => Err(parser.expected("an operator or the end")),
    }
}

struct Parser<'t> {
    text: &'t str,
    /// Never empty: the last token is [`Token::End`].
    tokens: Vec<(Token, usize)>,
    at: usize,
    /// How many calls of [`Parser::expression`] and [`Parser::signed`] are open.
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn position(&self) -> usize {
        position(self.text, self.tokens[self.at].1)
    }

    fn advance(&mut self) -> Token {
        let token = self.tokens[self.at].0.clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn take(&mut self, symbol: &'static str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(found) if *found == symbol);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), PathError> {
        if self.take(symbol) { Ok(()) } else { Err(self.expected(symbol)) }
    }

    fn expected(&self, expected: &'static str) -> PathError {
        PathError::Syntax { position: self.position(), expected }
    }

    fn enter(&mut self) -> Result<(), PathError> {
        self.depth += 1;
        self.check_height(self.depth)
    }

    fn check_height(&self, height: usize) -> Result<(), PathError> {
        if height > NESTING_MAX {
            return Err(PathError::TooDeep { position: self.position(), max: NESTING_MAX });
        }
        Ok(())
    }

    /// Reads operators that bind at least as tightly as `binding_min`.
    fn expression(&mut self, binding_min: u8) -> Result<Expr, PathError> {
        self.enter()?;
        let mut left = self.signed()?;
        loop {
            let position = self.position();
            if let Some(function) = self.type_operator(binding_min) {
                self.advance();
                let step = self.type_call(function, position)?;
                left = self.chain(left, step)?;
            } else if let Some((operator, binding)) = self.operator(binding_min) {
                self.advance();
                let right = self.expression(binding + 1)?;
                let height = left.height.max(right.height) + 1;
                self.check_height(height)?;
                let (left_side, right) = (Box::new(left), Box::new(right));
                let kind = Kind::Binary { operator, left: left_side, right, position };
                left = Expr { kind, height };
            } else {
                self.depth -= 1;
                return Ok(left);
            }
        }
    }

    fn operator(&self, binding_min: u8) -> Option<(Operator, u8)> {
        let spelling = match self.peek() {
            Token::Word(word) => word.as_str(),
            Token::Symbol(symbol) => symbol,
            _ => return None,
        };
        Operator::find(spelling).filter(|(_, binding)| *binding >= binding_min)
    }

    fn type_operator(&self, binding_min: u8) -> Option<TypeFunction> {
        match self.peek() {
            _ if TYPE_BINDING < binding_min => None,
            Token::Word(word) if word == "is" => Some(TypeFunction::Is),
            Token::Word(word) if word == "as" => Some(TypeFunction::As),
            _ => None,
        }
    }

    /// A term with its signs, which bind less tightly than its steps: `-1.abs()` is `-(…)`.
    fn signed(&mut self) -> Result<Expr, PathError> {
        let position = self.position();
        let negative = self.take("-");
        if !negative && !self.take("+") {
            return self.term();
        }
        self.enter()?;
        let operand = Box::new(self.signed()?);
        self.depth -= 1;
        let height = operand.height + 1;
        self.check_height(height)?;
        Ok(Expr { kind: Kind::Sign { negative, operand, position }, height })
    }

    /// A beginning and the steps after it.
    fn term(&mut self) -> Result<Expr, PathError> {
        let mut term = self.beginning()?;
        loop {
            let position = self.position();
            if self.take(".") {
                let step = self.invocation(false)?;
                term = self.chain(term, step)?;
            } else if self.take("[") {
                let index = self.expression(0)?;
                self.expect("]")?;
                term = self.chain(term, Step::At { index, position })?;
            } else {
                return Ok(term);
            }
        }
    }

    fn beginning(&mut self) -> Result<Expr, PathError> {
        if self.take("(") {
            let inner = self.expression(0)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.take("{") {
            self.expect("}")?;
            return Ok(Expr::leaf(Kind::Empty));
        }
        let position = self.position();
        match self.peek().clone() {
            Token::Literal(item) => {
                self.advance();
                self.refuse_quantity(&item, position)?;
                Ok(Expr::leaf(Kind::Literal(item)))
            }
            Token::Word(word) if word == "true" || word == "false" => {
                self.advance();
                Ok(Expr::leaf(Kind::Literal(Item::Boolean(word == "true"))))
            }
            Token::Word(_) | Token::Quoted(_) => {
                let step = self.invocation(true)?;
                self.chain(Expr::leaf(Kind::This), step)
            }
            Token::Special(name) => {
                self.advance();
                match name.as_str() {
                    "this" => Ok(Expr::leaf(Kind::This)),
                    "index" => Ok(Expr::leaf(Kind::Index)),
                    "total" => Err(PathError::Unsupported { construct: "$total", position }),
                    _ => Err(PathError::Syntax { position, expected: "$this or $index" }),
                }
            }
            Token::Variable(name) => {
                self.advance();
                if matches!(name.as_str(), "resource" | "context") {
                    return Ok(Expr::leaf(Kind::Resource));
                }
                let construct = "a variable other than %resource and %context";
                Err(PathError::Unsupported { construct, position })
            }
            Token::Symbol(_) | Token::End => Err(self.expected("a value or a name")),
        }
    }

    fn refuse_quantity(&self, item: &Item<'_>, position: usize) -> Result<(), PathError> {
        let is_number = matches!(item, Item::Integer(_) | Item::Decimal(_));
        let has_unit = match self.peek() {
            Token::Literal(Item::Text(_)) => true,
            Token::Word(word) => UNITS.contains(&word.as_str()),
            _ => false,
        };
        if is_number && has_unit {
            return Err(PathError::Unsupported { construct: "a quantity", position });
        }
        Ok(())
    }

    /// A name or a call. A capitalised name where a path begins is a type.
    fn invocation(&mut self, is_beginning: bool) -> Result<Step, PathError> {
        let position = self.position();
        let (name, is_quoted) = match self.peek().clone() {
            Token::Word(name) => (name, false),
            Token::Quoted(name) => (name, true),
            _ => return Err(self.expected("a name")),
        };
        self.advance();
        if !is_quoted && self.take("(") {
            return self.call(name, position);
        }
        if is_beginning && name.starts_with(|first: char| first.is_ascii_uppercase()) {
            return Ok(Step::Root(name.into()));
        }
        let (is_choice, declared) = (is_choice(&name), declared_by(&name));
        Ok(Step::Member(Member { name: name.into(), is_choice, declared, extras: None }))
    }

    fn call(&mut self, name: String, position: usize) -> Result<Step, PathError> {
        if functions::needs_clock(&name) {
            return Err(PathError::NeedsClock { name, position });
        }
        let Some(signature) = functions::find(&name) else {
            let nearest = functions::nearest(&name);
            return Err(PathError::UnknownFunction { name, position, nearest });
        };
        if let Function::Type(function) = signature.function {
            if matches!(self.peek(), Token::Symbol(")")) {
                return Err(arity(signature, position, 0));
            }
            let step = self.type_call(function, position)?;
            if self.take(",") {
                return Err(arity(signature, position, 2));
            }
            self.expect(")")?;
            return Ok(step);
        }
        let arguments = self.arguments()?;
        if !(signature.arguments_min..=signature.arguments_max).contains(&arguments.len()) {
            return Err(arity(signature, position, arguments.len()));
        }
        let pattern = literal_pattern(signature.function, &arguments, position)?;
        let Signature { function, name, .. } = *signature;
        let call = Call { function, name, position, arguments, type_test: None, pattern };
        Ok(Step::Call(Box::new(call)))
    }

    /// Arguments up to and with the closing parenthesis.
    fn arguments(&mut self) -> Result<Vec<Expr>, PathError> {
        let mut arguments = Vec::new();
        if self.take(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression(0)?);
            if self.take(")") {
                return Ok(arguments);
            }
            self.expect(",")?;
        }
    }

    fn type_call(&mut self, function: TypeFunction, position: usize) -> Result<Step, PathError> {
        let name = match function {
            TypeFunction::OfType => "ofType",
            TypeFunction::As => "as",
            TypeFunction::Is => "is",
        };
        let function = Function::Type(function);
        let type_test = Some(self.type_specifier()?);
        let arguments = Vec::new();
        let call = Call { function, name, position, arguments, type_test, pattern: None };
        Ok(Step::Call(Box::new(call)))
    }

    /// `Patient`, `FHIR.Patient` or `System.Boolean` (FHIRPath 6.3).
    fn type_specifier(&mut self) -> Result<TypeTest, PathError> {
        let position = self.position();
        let first = self.type_name()?;
        let is_qualified = matches!(first.as_str(), "FHIR" | "System") && self.take(".");
        if !is_qualified {
            let found = TypeTest::find(None, &first);
            return found.ok_or(PathError::UnknownType { name: first, position });
        }
        let second = self.type_name()?;
        let found = TypeTest::find(Some(&first), &second);
        let name = format!("{first}.{second}");
        found.ok_or(PathError::UnknownType { name, position })
    }

    fn type_name(&mut self) -> Result<String, PathError> {
        match self.advance() {
            Token::Word(name) | Token::Quoted(name) => Ok(name),
            _ => Err(self.expected("a type name")),
        }
    }

    /// Appends a step; `a.b.c` becomes one list, however it is parenthesised.
    fn chain(&self, head: Expr, step: Step) -> Result<Expr, PathError> {
        let step_height = match &step {
            Step::Root(_) | Step::Member(_) => 0,
            Step::At { index, .. } => index.height,
            Step::Call(call) => call.arguments.iter().map(|each| each.height).max().unwrap_or(0),
        };
        let height = head.height.max(step_height + 1);
        let mut chain = match head.kind {
            Kind::Chain { head, mut steps } => {
                steps.push(step);
                Expr { kind: Kind::Chain { head, steps }, height }
            }
            _ => {
                let height = height + 1;
                Expr { kind: Kind::Chain { head: Box::new(head), steps: vec![step] }, height }
            }
        };
        self.check_height(chain.height)?;
        chain.keep_extras(false);
        Ok(chain)
    }
}

fn arity(signature: &Signature, position: usize, found: usize) -> PathError {
    let Signature { name, arguments_min: min, arguments_max: max, .. } = *signature;
    PathError::Arity { name, position, min, max, found }
}

fn literal_pattern(
    function: Function,
    arguments: &[Expr],
    position: usize,
) -> Result<Option<Regex>, PathError> {
    if !matches!(function, Function::Text(Text::Matches | Text::ReplaceMatches)) {
        return Ok(None);
    }
    match arguments.first().map(|argument| &argument.kind) {
        Some(Kind::Literal(Item::Text(pattern))) => {
            pattern_of(pattern).map(Some).map_err(|source| PathError::Pattern { position, source })
        }
        _ => Ok(None),
    }
}

/// Compiles a pattern; a point also matches a line break (FHIRPath 5.6.9).
pub(super) fn pattern_of(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .dot_matches_new_line(true)
        .size_limit(PATTERN_BYTES_MAX)
        .dfa_size_limit(PATTERN_BYTES_MAX)
        .build()
}
