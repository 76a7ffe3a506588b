//! Functions on texts (FHIRPath 5.6). Lengths and positions count Unicode characters.

use std::borrow::Cow;
use std::ops::Range;

use regex::Regex;

use super::super::ast::Call;
use super::super::functions::Text;
use super::super::parser::pattern_of;
use super::{EvalError, Evaluator, Item, Items, Place, Scope, check_length, integer, single};

/// What compiling a pattern counts as; it takes about as long as this many other steps.
const PATTERN_WORK: usize = 2_000;

impl<'a> Evaluator<'a> {
    pub(super) fn text(
        &mut self,
        function: Text,
        call: &Call,
        scope: Scope<'_, 'a>,
        mut input: Items<'a>,
    ) -> Result<Items<'a>, EvalError> {
        let place = Place::of(call);
        if function == Text::Join {
            return self.join(call, scope, &input);
        }
        text(&input, place)?;
        let Some(text) = input.pop().and_then(Item::into_text) else { return Ok(Items::new()) };
        self.work.spend_text(text.len())?;
        let made = match function {
            Text::Upper => Some(Item::Text(text.to_uppercase().into())),
            Text::Lower => Some(Item::Text(text.to_lowercase().into())),
            Text::Trim => {
                let start = text.len() - text.trim_start().len();
                let length = text.trim().len();
                Some(Item::Text(slice(text, start..start + length)))
            }
            Text::Length => i64::try_from(text.chars().count()).ok().map(Item::Integer),
            Text::ToChars => return self.pieces(&text, ""),
            Text::Substring => self.substring(call, scope, text)?.map(Item::Text),
            Text::Matches => {
                let found = self.with_pattern(call, scope, &text, |regex| regex.is_match(&text))?;
                found.map(Item::Boolean)
            }
            Text::Replace => self.replace(call, scope, &text)?.map(Item::Text),
            Text::ReplaceMatches => self.replace_matches(call, scope, &text)?.map(Item::Text),
            Text::StartsWith
            | Text::EndsWith
            | Text::Contains
            | Text::IndexOf
            | Text::Split
            | Text::Join => return self.search(function, call, scope, &text),
        };
        Ok(made.into_iter().collect())
    }

    /// The functions that look for another text.
    fn search(
        &mut self,
        function: Text,
        call: &Call,
        scope: Scope<'_, 'a>,
        subject: &str,
    ) -> Result<Items<'a>, EvalError> {
        let wanted = self.operand(&call.arguments[0], scope)?;
        let Some(wanted) = text(wanted.items(), Place::of(call))? else { return Ok(Items::new()) };
        self.work.spend_text(wanted.len())?;
        let found = match function {
            Text::StartsWith => Item::Boolean(subject.starts_with(wanted)),
            Text::EndsWith => Item::Boolean(subject.ends_with(wanted)),
            Text::Contains => Item::Boolean(subject.contains(wanted)),
            Text::IndexOf => {
                let before = subject.find(wanted).map(|at| subject[..at].chars().count());
                Item::Integer(before.map_or(Ok(-1), i64::try_from).unwrap_or(-1))
            }
            _ => return self.pieces(subject, wanted),
        };
        Ok(single(found))
    }

    /// The texts between separators; an empty separator stands between all characters.
    fn pieces(&mut self, subject: &str, separator: &str) -> Result<Items<'a>, EvalError> {
        let mut pieces = Items::new();
        let mut add = |piece: &str| {
            self.work.spend_text(piece.len())?;
            pieces.push(Item::Text(Cow::Owned(piece.to_owned())));
            Ok(())
        };
        if separator.is_empty() {
            subject.chars().try_for_each(|letter| add(letter.encode_utf8(&mut [0; 4])))?;
        } else {
            subject.split(separator).try_for_each(add)?;
        }
        Ok(pieces)
    }

    fn join(
        &mut self,
        call: &Call,
        scope: Scope<'_, 'a>,
        input: &[Item<'a>],
    ) -> Result<Items<'a>, EvalError> {
        let place = Place::of(call);
        let separator = match call.arguments.first() {
            Some(argument) => Some(self.operand(argument, scope)?),
            None => None,
        };
        let separator = match &separator {
            Some(separator) => text(separator.items(), place)?.unwrap_or(""),
            None => "",
        };
        let mut joined = String::new();
        for (index, item) in input.iter().filter(|item| !item.is_bare()).enumerate() {
            let text = item.text().ok_or_else(|| place.wrong_type("texts"))?;
            joined.push_str(if index == 0 { "" } else { separator });
            joined.push_str(&text);
            self.work.spend_text(separator.len() + text.len())?;
            check_length(joined.len())?;
        }
        Ok(if input.is_empty() { Items::new() } else { single(Item::Text(joined.into())) })
    }

    fn substring(
        &mut self,
        call: &Call,
        scope: Scope<'_, 'a>,
        subject: Cow<'a, str>,
    ) -> Result<Option<Cow<'a, str>>, EvalError> {
        let place = Place::of(call);
        let start = self.operand(&call.arguments[0], scope)?;
        let start = integer(start.items(), place)?.and_then(|start| usize::try_from(start).ok());
        let length = match call.arguments.get(1) {
            None => None,
            Some(length) => integer(self.operand(length, scope)?.items(), place)?,
        };
        let Some((from, _)) = start.and_then(|start| subject.char_indices().nth(start)) else {
            return Ok(None);
        };
        let to = match length.map(|length| usize::try_from(length).unwrap_or(0)) {
            None => subject.len(),
            Some(length) => {
                let end = subject[from..].char_indices().nth(length);
                end.map_or(subject.len(), |(end, _)| from + end)
            }
        };
        Ok(Some(slice(subject, from..to)))
    }

    fn replace(
        &mut self,
        call: &Call,
        scope: Scope<'_, 'a>,
        subject: &str,
    ) -> Result<Option<Cow<'a, str>>, EvalError> {
        let place = Place::of(call);
        let wanted = self.operand(&call.arguments[0], scope)?;
        let substitute = self.operand(&call.arguments[1], scope)?;
        let wanted = text(wanted.items(), place)?;
        let (Some(wanted), Some(substitute)) = (wanted, text(substitute.items(), place)?) else {
            return Ok(None);
        };
        let count = subject.matches(wanted).count();
        self.work
            .make_text(subject.len().saturating_add(count.saturating_mul(substitute.len())))?;
        Ok(Some(subject.replace(wanted, substitute).into()))
    }

    /// Runs `use_pattern` with the pattern in the first argument, `None` if that is empty.
    fn with_pattern<T>(
        &mut self,
        call: &Call,
        scope: Scope<'_, 'a>,
        subject: &str,
        use_pattern: impl FnOnce(&Regex) -> T,
    ) -> Result<Option<T>, EvalError> {
        // Slow patterns take far longer for each byte than reading it does.
        self.work.spend(subject.len())?;
        if let Some(regex) = &call.pattern {
            return Ok(Some(use_pattern(regex)));
        }
        let place @ Place { operation, position } = Place::of(call);
        let pattern = self.operand(&call.arguments[0], scope)?;
        let Some(pattern) = text(pattern.items(), place)? else { return Ok(None) };
        self.work.spend(PATTERN_WORK)?;
        let regex = pattern_of(pattern).map_err(|_| EvalError::Pattern { operation, position })?;
        Ok(Some(use_pattern(&regex)))
    }

    fn replace_matches(
        &mut self,
        call: &Call,
        scope: Scope<'_, 'a>,
        subject: &str,
    ) -> Result<Option<Cow<'a, str>>, EvalError> {
        let substitute = self.operand(&call.arguments[1], scope)?;
        let Some(substitute) = text(substitute.items(), Place::of(call))? else {
            return Ok(None);
        };
        let regex = self.with_pattern(call, scope, subject, Regex::clone)?;
        let Some(regex) = regex else { return Ok(None) };
        if regex.as_str().is_empty() {
            return Ok(Some(Cow::Owned(subject.to_owned())));
        }
        let mut made = String::new();
        let mut copied = 0;
        for captures in regex.captures_iter(subject) {
            let Some(whole) = captures.get(0) else { continue };
            // Each search may read all that is left, so many matches can be quadratic.
            self.work.spend((subject.len() - whole.start()) / 16 + 1)?;
            made.push_str(&subject[copied..whole.start()]);
            expand(substitute, &captures, &mut made)?;
            self.work.spend_text(whole.len() + substitute.len())?;
            copied = whole.end();
        }
        made.push_str(&subject[copied..]);
        Ok(Some(Cow::Owned(made)))
    }
}

/// The only item as a text.
pub(super) fn text<'i>(items: &'i [Item<'_>], place: Place) -> Result<Option<&'i str>, EvalError> {
    let Some(item) = place.one(items)? else { return Ok(None) };
    item.as_text().map(Some).ok_or_else(|| place.wrong_type("a text"))
}

/// A piece of a text, still borrowed if the text is.
fn slice(text: Cow<'_, str>, range: Range<usize>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[range]),
        Cow::Owned(text) => Cow::Owned(text[range].to_owned()),
    }
}

/// Puts the groups into a substitution: `$1`, `${1}`, `${name}`; `$$` is a dollar sign. Not
/// `regex`'s own rule, by which `$1a` would be a group named `1a`.
fn expand(
    substitute: &str,
    captures: &regex::Captures<'_>,
    made: &mut String,
) -> Result<(), EvalError> {
    let mut rest = substitute;
    while let Some((before, after)) = rest.split_once('$') {
        made.push_str(before);
        check_length(made.len())?;
        let digits = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let group = |name: &str| match name.parse() {
            Ok(number) => captures.get(number),
            Err(_) => captures.name(name),
        };
        if let Some(after) = after.strip_prefix('$') {
            made.push('$');
            rest = after;
        } else if digits > 0 {
            made.push_str(group(&after[..digits]).map_or("", |found| found.as_str()));
            rest = &after[digits..];
        } else if let Some((name, after)) =
            after.strip_prefix('{').and_then(|after| after.split_once('}'))
        {
            made.push_str(group(name).map_or("", |found| found.as_str()));
            rest = after;
        } else {
            made.push('$');
            rest = after;
        }
    }
    made.push_str(rest);
    check_length(made.len())
}
