//! Lines with numbers and a bound on their length, with a way back for lines read too far.

use std::{collections::VecDeque, io};

use super::Input;

/// One line without its end.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    /// The bytes; empty if the line was too long.
    pub(super) bytes: Vec<u8>,
    /// True if the line was beyond the limit and its bytes were dropped.
    pub(super) is_too_long: bool,
}

impl Line {
    /// True if there is nothing but white space.
    pub(super) fn is_blank(&self) -> bool {
        !self.is_too_long && self.bytes.trim_ascii().is_empty()
    }
}

/// Reads lines that end with LF or CRLF.
pub(super) struct Lines {
    input: Input,
    number: u64,
    bytes_max: usize,
    back: VecDeque<Line>,
}

impl Lines {
    pub(super) fn new(input: Input, bytes_max: usize) -> Self {
        Self { input, number: 0, bytes_max, back: VecDeque::new() }
    }

    /// The number of the last line read from the file.
    pub(super) fn last_number(&self) -> u64 {
        self.number
    }

    /// Puts lines back, to be read again in this order before the rest.
    pub(super) fn put_back(&mut self, lines: Vec<Line>) {
        for line in lines.into_iter().rev() {
            self.back.push_front(line);
        }
    }

    /// Gives the next line, or `None` at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.back.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        let mut is_too_long = false;
        let mut has_started = false;
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                break;
            }
            has_started = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            // One more than the limit, for the CR of a CRLF.
            if bytes.len() + part.len() > self.bytes_max + 1 {
                is_too_long = true;
                bytes = Vec::new();
            }
            if !is_too_long {
                bytes.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !has_started {
            return Ok(None);
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        self.number += 1;
        Ok(Some(Line { number: self.number, bytes, is_too_long }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &'static str, max: usize) -> Vec<(u64, String, bool)> {
        let mut lines = Lines::new(Box::new(text.as_bytes()), max);
        std::iter::from_fn(|| lines.next_line().unwrap())
            .map(|line| (line.number, String::from_utf8(line.bytes).unwrap(), line.is_too_long))
            .collect()
    }

    #[test]
    fn both_line_ends_and_a_missing_one_are_read() {
        let found = lines("a\r\nb\n\nc", 10);
        let expected = [(1, "a"), (2, "b"), (3, ""), (4, "c")];
        assert_eq!(found, expected.map(|(n, text)| (n, text.to_owned(), false)));
    }

    #[test]
    fn a_line_beyond_the_limit_is_dropped_and_the_next_one_is_read() {
        let found = lines("abcdefgh\nxy\n", 3);
        assert_eq!(found, [(1, String::new(), true), (2, "xy".to_owned(), false)]);
    }

    #[test]
    fn lines_put_back_come_again_in_order() {
        let mut lines = Lines::new(Box::new("a\nb\nc".as_bytes()), 9);
        let taken: Vec<_> = (0..2).map(|_| lines.next_line().unwrap().unwrap()).collect();
        lines.put_back(taken);
        let numbers: Vec<_> =
            std::iter::from_fn(|| lines.next_line().unwrap()).map(|line| line.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
    }
}
