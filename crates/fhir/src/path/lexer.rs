//! Cuts an expression into tokens (FHIRPath grammar, `fhirpath.g4`). What the tokens mean
//! together is the parser's business.

use super::decimal::Decimal;
use super::error::PathError;
use super::item::Item;
use super::temporal::Temporal;

#[derive(Clone, Debug)]
pub(super) enum Token {
    /// A name or keyword.
    Word(String),
    /// A name in backticks, never a keyword.
    Quoted(String),
    Literal(Item<'static>),
    /// `$this`, without the dollar.
    Special(String),
    /// `%resource`, without the percent sign.
    Variable(String),
    Symbol(&'static str),
    End,
}

/// Two-character symbols come first, since `<` begins `<=`.
const SYMBOLS: &[&str] = &[
    "<=", ">=", "!=", "!~", "(", ")", "[", "]", "{", "}", ".", ",", "+", "-", "*", "/", "&", "|",
    "=", "~", "<", ">",
];

/// All tokens with the byte each begins at; the last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, PathError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks()?;
        let at = lexer.at;
        let token = lexer.token()?;
        let is_last = matches!(token, Token::End);
        tokens.push((token, at));
        if is_last {
            return Ok(tokens);
        }
    }
}

/// The character, counted from 1, that begins at byte `at`.
pub(super) fn position(text: &str, at: usize) -> usize {
    text.get(..at).map_or(0, |before| before.chars().count()) + 1
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn error(&self, at: usize, expected: &'static str) -> PathError {
        PathError::Syntax { position: position(self.text, at), expected }
    }

    /// Skips white space and comments.
    fn skip_blanks(&mut self) -> Result<(), PathError> {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            self.at += blanks;
            if self.rest().starts_with("//") {
                self.at += self.rest().find(['\n', '\r']).unwrap_or(self.rest().len());
            } else if self.rest().starts_with("/*") {
                let end = self.rest().find("*/");
                self.at += end.ok_or_else(|| self.error(self.at, "the end of a comment"))? + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Token, PathError> {
        let Some(first) = self.rest().chars().next() else { return Ok(Token::End) };
        match first {
            'A'..='Z' | 'a'..='z' | '_' => Ok(Token::Word(self.word().to_owned())),
            '0'..='9' => self.number(),
            '\'' => Ok(Token::Literal(Item::Text(self.quoted('\'')?.into()))),
            '`' => Ok(Token::Quoted(self.quoted('`')?)),
            '@' => self.temporal(),
            '$' => {
                self.at += 1;
                Ok(Token::Special(self.word().to_owned()))
            }
            '%' => {
                self.at += 1;
                match self.rest().chars().next() {
                    Some(quote @ ('`' | '\'')) => Ok(Token::Variable(self.quoted(quote)?)),
                    _ => Ok(Token::Variable(self.word().to_owned())),
                }
            }
            _ => self.symbol(),
        }
    }

    fn symbol(&mut self) -> Result<Token, PathError> {
        let found = SYMBOLS.iter().find(|symbol| self.rest().starts_with(**symbol));
        let symbol = found.ok_or_else(|| self.error(self.at, "a name, value or operator"))?;
        self.at += symbol.len();
        Ok(Token::Symbol(symbol))
    }

    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let length = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn number(&mut self) -> Result<Token, PathError> {
        let rest = self.rest();
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(rest);
        // `1.toString()` is a call on 1, so a point belongs to a number only before a digit.
        let fraction = rest[whole..].strip_prefix('.').map_or(0, digits);
        let length = if fraction == 0 { whole } else { whole + 1 + fraction };
        let literal = &rest[..length];
        let item = match fraction {
            0 => literal.parse().ok().map(Item::Integer),
            _ => Decimal::parse(literal).map(Item::Decimal),
        };
        let item = item.ok_or_else(|| self.error(self.at, "a number with fewer digits"))?;
        self.at += length;
        Ok(Token::Literal(item))
    }

    fn temporal(&mut self) -> Result<Token, PathError> {
        let text = &self.rest()[1..];
        let found = match text.strip_prefix('T') {
            Some(time) => Temporal::scan_time(time).map(|(value, length)| (value, length + 1)),
            None => Temporal::scan_date(text),
        };
        let (value, length) = found.ok_or_else(|| self.error(self.at, "a date or time"))?;
        self.at += 1 + length;
        Ok(Token::Literal(Item::Temporal(value)))
    }

    /// Reads up to the closing quote and replaces the escapes.
    fn quoted(&mut self, quote: char) -> Result<String, PathError> {
        let start = self.at;
        self.at += quote.len_utf8();
        let mut text = String::new();
        loop {
            let next = self.rest().chars().next();
            let next = next.ok_or_else(|| self.error(start, "a closing quote"))?;
            match next {
                _ if next == quote => {
                    self.at += quote.len_utf8();
                    return Ok(text);
                }
                '\\' => text.push(self.escape()?),
                _ => {
                    self.at += next.len_utf8();
                    text.push(next);
                }
            }
        }
    }

    /// Reads an escape (FHIRPath 4.1.2). An unknown one is refused, because `'\d'` for
    /// `'\\d'` would otherwise quietly look for the letter d.
    fn escape(&mut self) -> Result<char, PathError> {
        let start = self.at;
        let refused = || self.error(start, "an escape such as \\\\, \\' or \\u0041");
        let letter = self.rest().chars().nth(1).ok_or_else(refused)?;
        let found = match letter {
            '\'' | '"' | '`' | '\\' | '/' => Some((letter, 2)),
            'f' => Some(('\u{c}', 2)),
            'n' => Some(('\n', 2)),
            'r' => Some(('\r', 2)),
            't' => Some(('\t', 2)),
            'u' => unicode_escape(self.rest()),
            _ => None,
        };
        let (letter, length) = found.ok_or_else(refused)?;
        self.at += length;
        Ok(letter)
    }
}

/// The character written `\uXXXX`, or as a pair of those above U+FFFF, and its length.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let unit = |from: usize| {
        let digits = text.get(from..from + 6)?.strip_prefix("\\u")?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    };
    let first = unit(0)?;
    if let Some(letter) = char::from_u32(u32::from(first)) {
        return Some((letter, 6));
    }
    let mut decoded = char::decode_utf16([first, unit(6)?]);
    decoded.next()?.ok().map(|letter| (letter, 12))
}
