//! Rust source taken apart into code, comments and text literals.
//!
//! Enough of the language to look for words where they mean something: a banned word in a
//! comment is prose, in a literal it is data, in code it is an offence.

/// What a piece of source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Code,
    Comment,
    /// What stands between the quotes, escapes as written.
    Literal,
}

/// A piece of source and the line on which it begins, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
    pub(crate) text: &'a str,
}

/// The pieces of `source`, in order.
pub(crate) fn pieces(source: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut line = 1;
    let mut code_start = 0;
    let mut at = 0;
    while at < source.len() {
        let Some((kind, opening, text_len, closing)) = special(source, at) else {
            at += source[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        add(&mut pieces, Kind::Code, &mut line, &source[code_start..at]);
        line += newlines(&source[at..at + opening]);
        let text_start = at + opening;
        add(&mut pieces, kind, &mut line, &source[text_start..text_start + text_len]);
        at = text_start + text_len + closing;
        code_start = at;
    }
    add(&mut pieces, Kind::Code, &mut line, &source[code_start..]);
    pieces
}

fn add<'a>(pieces: &mut Vec<Piece<'a>>, kind: Kind, line: &mut usize, text: &'a str) {
    if !text.is_empty() {
        pieces.push(Piece { kind, line: *line, text });
        *line += newlines(text);
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// The comment or literal that begins at `at`: its kind and the lengths of its opening mark, its
/// text and its closing mark.
fn special(source: &str, at: usize) -> Option<(Kind, usize, usize, usize)> {
    let rest = &source[at..];
    if let Some(text) = rest.strip_prefix("//") {
        return Some((Kind::Comment, 2, text.find('\n').unwrap_or(text.len()), 0));
    }
    if let Some(text) = rest.strip_prefix("/*") {
        let text_len = block_comment_len(text);
        return Some((Kind::Comment, 2, text_len, 2.min(text.len() - text_len)));
    }
    if let Some(text) = rest.strip_prefix('"') {
        let text_len = quoted_len(text, '"');
        return Some((Kind::Literal, 1, text_len, 1.min(text.len() - text_len)));
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    raw_literal(source, at)
}

fn block_comment_len(text: &str) -> usize {
    let mut depth = 1_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("*/") {
            depth -= 1;
            if depth == 0 {
                return at;
            }
            at += 2;
        } else if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn quoted_len(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        if !is_escaped && letter == quote {
            return at;
        }
        is_escaped = !is_escaped && letter == '\\';
    }
    text.len()
}

/// A character literal; a lifetime is code.
fn character(rest: &str) -> Option<(Kind, usize, usize, usize)> {
    let mut letters = rest[1..].chars();
    let first = letters.next()?;
    let is_literal = first == '\\' || letters.next() == Some('\'');
    is_literal.then(|| (Kind::Literal, 1, quoted_len(&rest[1..], '\''), 1))
}

fn raw_literal(source: &str, at: usize) -> Option<(Kind, usize, usize, usize)> {
    let rest = source[at..].strip_prefix('r')?;
    let is_word_going_on = source[..at]
        .chars()
        .next_back()
        .is_some_and(|before| before != 'b' && (before.is_alphanumeric() || before == '_'));
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if is_word_going_on || !rest[hashes..].starts_with('"') {
        return None;
    }
    let closing = format!("\"{}", &rest[..hashes]);
    let text = &rest[hashes + 1..];
    let text_len = text.find(&closing).unwrap_or(text.len());
    Some((Kind::Literal, hashes + 2, text_len, closing.len().min(text.len() - text_len)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, kind: Kind, expected: &[&str]) {
        let found: Vec<&str> =
            pieces(source).iter().filter(|p| p.kind == kind).map(|p| p.text).collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn literals_are_found() {
        check(r#"let a = "x\"y"; b"z""#, Kind::Literal, &[r#"x\"y"#, "z"]);
        check("r#\"raw \" text\"# ; br\"b\"", Kind::Literal, &["raw \" text", "b"]);
        check(r"let quote = '\''; let c = 'c';", Kind::Literal, &[r"\'", "c"]);
        check("let quote = '\"'; fn f<'a>(x: &'a str) {}", Kind::Literal, &["\""]);
    }

    #[test]
    fn comments_are_found() {
        check("a // b \"c\"\nd /* e /* f */ g */ h", Kind::Comment, &[" b \"c\"", " e /* f */ g "]);
    }

    #[test]
    fn code_is_what_is_left() {
        check("a /* b */ c \"d\" e", Kind::Code, &["a ", " c ", " e"]);
        check("r#type", Kind::Code, &["r#type"]);
    }

    #[test]
    fn lines_are_counted() {
        let lines: Vec<usize> = pieces("a\n// b\n\"c\nd\"\n// e").iter().map(|p| p.line).collect();
        assert_eq!(lines, [1, 2, 2, 3, 4, 5]);
    }
}
