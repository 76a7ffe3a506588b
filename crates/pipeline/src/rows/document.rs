//! One big JSON text: a Bundle, an array of Patients, or a Patient over several lines.
//!
//! A scanner finds where the elements begin and end, and only one element is in memory at a
//! time, so that an export of a million Patients in one Bundle is no different from NDJSON.

use std::{collections::VecDeque, io};

use super::{Input, Options, RESOURCE_BYTES_MAX, Row, RowProblem, RowsError, json};

/// The rows of a document.
pub(super) struct DocumentPeople {
    bytes: Bytes,
    place: Place,
    options: Options,
    waiting: VecDeque<Row>,
}

/// Where the scanner stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Between top-level values.
    Top,
    /// Between the elements of a top-level array.
    Array,
    /// Between the entries of a Bundle.
    Entries,
    /// Nothing more is read.
    End,
}

/// Why the scanner stopped inside a value.
enum Stop {
    /// The file cannot be read.
    Io(io::Error),
    /// The text ends early or is not JSON.
    Malformed,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Io(error)
    }
}

impl DocumentPeople {
    pub(super) fn new(input: Input, options: Options) -> Self {
        let bytes = Bytes { input, line: 1 };
        Self { bytes, place: Place::Top, options, waiting: VecDeque::new() }
    }

    /// Gives the next row, `None` at the end. After a malformed spot there is one bad row
    /// more, because no later beginning of an element can be told from a string's content.
    pub(super) fn next_row(&mut self) -> Result<Option<Row>, RowsError> {
        while self.place != Place::End && self.waiting.is_empty() {
            match self.step() {
                Ok(()) => {}
                Err(Stop::Io(source)) => {
                    return Err(RowsError::Read { line: self.bytes.line, source });
                }
                Err(Stop::Malformed) => {
                    self.place = Place::End;
                    let row = json::bad(self.bytes.line, Vec::new(), RowProblem::Document);
                    self.waiting.push_back(row);
                }
            }
        }
        Ok(self.waiting.pop_front())
    }

    /// Reads up to the end of the next element or value.
    fn step(&mut self) -> Result<(), Stop> {
        let next = self.bytes.next_token()?;
        match (self.place, next) {
            (Place::Top, None) => self.place = Place::End,
            (Place::Top, Some(b'[')) => self.place = Place::Array,
            (Place::Top, Some(b'{')) => self.top_object()?,
            (Place::Array, Some(b']')) => self.place = Place::Top,
            (Place::Entries, Some(b']')) => {
                self.place = Place::Top;
                // What follows the entries of a Bundle says nothing about people.
                let mut rest = Element::new();
                while !rest.is_closed() {
                    rest.feed(self.bytes.next()?.ok_or(Stop::Malformed)?);
                    rest.bytes.clear();
                }
            }
            (Place::Array | Place::Entries, Some(b',')) => {}
            (Place::Array | Place::Entries, Some(b'{')) => self.element()?,
            (Place::Array | Place::Entries | Place::Top, _) => return Err(Stop::Malformed),
            (Place::End, _) => {}
        }
        Ok(())
    }

    /// Reads an object at the top up to its end, or up to the `[` of its `entry`.
    fn top_object(&mut self) -> Result<(), Stop> {
        let line = self.bytes.line;
        let mut element = Element::new();
        while !element.is_closed() {
            element.feed(self.bytes.next()?.ok_or(Stop::Malformed)?);
            if element.is_at_entries {
                self.place = Place::Entries;
                return Ok(());
            }
        }
        self.finish(element, line);
        Ok(())
    }

    fn element(&mut self) -> Result<(), Stop> {
        let line = self.bytes.line;
        let mut element = Element::new();
        while !element.is_closed() {
            element.feed(self.bytes.next()?.ok_or(Stop::Malformed)?);
        }
        self.finish(element, line);
        Ok(())
    }

    fn finish(&mut self, element: Element, line: u64) {
        if element.is_too_long {
            let problem = RowProblem::TooLong { max: RESOURCE_BYTES_MAX };
            self.waiting.push_back(json::bad(line, Vec::new(), problem));
            return;
        }
        if self.place != Place::Entries {
            let mut rows = json::rows_of(element.bytes, line, &self.options);
            // Several lines of text are one line of what is written out.
            for row in &mut rows {
                if let Ok(patient) = &row.result {
                    row.raw = patient.to_json().into_bytes();
                }
            }
            self.waiting = rows;
            return;
        }
        self.waiting.push_back(match serde_json::from_slice(&element.bytes) {
            Ok(entry) => json::entry_row(entry, line, &self.options),
            Err(_) => json::bad(line, Vec::new(), RowProblem::NoResource),
        });
    }
}

/// One object, from after its `{` to its `}`.
struct Element {
    bytes: Vec<u8>,
    is_too_long: bool,
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
    /// The last string on the first level, which may be a key; cut after a few bytes.
    key: Vec<u8>,
    is_after_colon: bool,
    /// True right after the `[` of a first-level member `entry`.
    is_at_entries: bool,
}

/// A key of interest is `entry`; a longer string is cut to be surely another.
const KEY_BYTES_MAX: usize = 8;

impl Element {
    fn new() -> Self {
        Self {
            bytes: vec![b'{'],
            is_too_long: false,
            depth: 1,
            is_in_string: false,
            is_escaped: false,
            key: Vec::new(),
            is_after_colon: false,
            is_at_entries: false,
        }
    }

    fn is_closed(&self) -> bool {
        self.depth == 0
    }

    fn feed(&mut self, byte: u8) {
        if self.bytes.len() >= RESOURCE_BYTES_MAX {
            self.is_too_long = true;
            self.bytes = Vec::new();
        }
        if !self.is_too_long {
            self.bytes.push(byte);
        }
        if self.is_in_string {
            return self.feed_string(byte);
        }
        self.is_at_entries = byte == b'['
            && self.depth == 1
            && self.is_after_colon
            && self.key.as_slice() == b"entry";
        match byte {
            b'"' => {
                self.is_in_string = true;
                self.key.clear();
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.is_after_colon = byte == b':';
        }
    }

    fn feed_string(&mut self, byte: u8) {
        if self.is_escaped {
            self.is_escaped = false;
        } else if byte == b'\\' {
            self.is_escaped = true;
        } else if byte == b'"' {
            self.is_in_string = false;
            return;
        }
        if self.key.len() < KEY_BYTES_MAX {
            self.key.push(byte);
        }
    }
}

/// Bytes with the number of the line they stand on.
struct Bytes {
    input: Input,
    line: u64,
}

impl Bytes {
    fn next(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok([]) => return Ok(None),
                Ok([byte, ..]) => {
                    let byte = *byte;
                    self.input.consume(1);
                    self.line += u64::from(byte == b'\n');
                    return Ok(Some(byte));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next byte that is not white space.
    fn next_token(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.next()? {
                Some(byte) if byte.is_ascii_whitespace() => {}
                other => return Ok(other),
            }
        }
    }
}
