//! Tables: records of delimited, optionally quoted fields under a header (RFC 4180, lenient).
//!
//! Not the `csv` crate: a stray quote there swallows the rest of the file into one record.
//! Here a record has at most [`RECORD_LINES_MAX`] lines; beyond, its first line is a bad row
//! and reading goes on with the second.

use super::{
    COLUMNS_MAX, Column, HeaderError, Input, LINE_BYTES_MAX, Mapping, MissingIds, Options,
    RECORD_LINES_MAX, Row, RowProblem, RowsError, Target,
    lines::{Line, Lines},
    mapping,
    person::Template,
};

/// The delimiters that are told apart by counting them in the header.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The rows of a table as Patients.
pub(super) struct People {
    lines: Lines,
    delimiter: u8,
    header: Vec<u8>,
    columns: Vec<Column>,
    template: Template,
}

struct Record {
    number: u64,
    raw: Vec<u8>,
    fields: Result<Vec<String>, RowProblem>,
}

impl People {
    /// Reads the header.
    pub(super) fn new(
        input: Input,
        mapping: Option<&Mapping>,
        options: Options,
    ) -> Result<Self, RowsError> {
        let mut lines = Lines::new(input, LINE_BYTES_MAX);
        let (delimiter, header) = read_header(&mut lines)?;
        let names = header.fields.map_err(HeaderError::Unreadable)?;
        if names.len() > COLUMNS_MAX {
            return Err(HeaderError::TooMany(names.len()).into());
        }
        let columns = mapping::columns(names, mapping)?;
        let has_id = columns.iter().any(|column| column.target == Some(Target::Id));
        if !has_id && options.missing_ids == MissingIds::Refuse {
            return Err(HeaderError::NoId.into());
        }
        let date_order = mapping.and_then(|mapping| mapping.date_order);
        let template = Template::new(&columns, options.source, options.missing_ids, date_order);
        Ok(Self { lines, delimiter, header: header.raw, columns, template })
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Gives the next row, `None` at the end; blank lines are no rows.
    pub(super) fn next_row(&mut self) -> Result<Option<Row>, RowsError> {
        let Some(record) = next_record(&mut self.lines, self.delimiter)? else {
            return Ok(None);
        };
        let number = record.number;
        let expected = self.columns.len();
        let built = record.fields.and_then(|fields| {
            if fields.iter().all(|field| field.trim().is_empty()) {
                return Err(RowProblem::Nothing);
            }
            if fields.len() != expected {
                return Err(RowProblem::Fields { found: fields.len(), expected });
            }
            self.template.build(&fields, number)
        });
        let raw = record.raw;
        Ok(Some(match built {
            Ok(person) => Row {
                number,
                id: person.id,
                result: Ok(person.patient),
                raw,
                warnings: person.warnings,
            },
            Err(problem) => {
                Row { number, id: String::new(), result: Err(problem), raw, warnings: Vec::new() }
            }
        }))
    }
}

fn read_header(lines: &mut Lines) -> Result<(u8, Record), RowsError> {
    let Some(first) = next_full_line(lines)? else {
        return Err(RowsError::Empty);
    };
    let count = |delimiter: u8| first.bytes.iter().filter(|byte| **byte == delimiter).count();
    // The first of equals wins, so that a header of one column is read with commas.
    let delimiter =
        DELIMITERS.into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',');
    lines.put_back(vec![first]);
    match next_record(lines, delimiter)? {
        Some(header) => Ok((delimiter, header)),
        None => Err(RowsError::Empty),
    }
}

fn next_full_line(lines: &mut Lines) -> Result<Option<Line>, RowsError> {
    loop {
        let line = lines
            .next_line()
            .map_err(|source| RowsError::Read { line: lines.last_number(), source })?;
        match line {
            Some(line) if line.is_blank() => {}
            other => return Ok(other),
        }
    }
}

fn next_record(lines: &mut Lines, delimiter: u8) -> Result<Option<Record>, RowsError> {
    let Some(first) = next_full_line(lines)? else {
        return Ok(None);
    };
    let number = first.number;
    if first.is_too_long {
        let fields = Err(RowProblem::TooLong { max: LINE_BYTES_MAX });
        return Ok(Some(Record { number, raw: Vec::new(), fields }));
    }
    let mut scanner = Scanner::new(delimiter);
    scanner.feed(&first.bytes);
    let mut more: Vec<Line> = Vec::new();
    while scanner.is_quoted() {
        let next = if more.len() + 1 < RECORD_LINES_MAX {
            lines
                .next_line()
                .map_err(|source| RowsError::Read { line: lines.last_number(), source })?
        } else {
            None
        };
        let Some(line) = next.filter(|line| !line.is_too_long) else {
            lines.put_back(more);
            return Ok(Some(Record {
                number,
                raw: first.bytes,
                fields: Err(RowProblem::OpenQuote),
            }));
        };
        scanner.feed(b"\n");
        scanner.feed(&line.bytes);
        more.push(line);
    }
    let mut raw = first.bytes;
    for line in more {
        raw.push(b'\n');
        raw.extend_from_slice(&line.bytes);
    }
    let fields = scanner.finish();
    Ok(Some(Record { number, raw, fields }))
}

/// Splits a record into fields, a piece of it at a time.
struct Scanner {
    delimiter: u8,
    state: State,
    field: Vec<u8>,
    fields: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before the first byte of a field.
    Start,
    /// In a field without quotes, or after the closing quote.
    Bare,
    /// Between quotes.
    Quoted,
    /// After a quote between quotes: the closing one, or the first half of a doubled one.
    Quote,
}

impl Scanner {
    fn new(delimiter: u8) -> Self {
        Self { delimiter, state: State::Start, field: Vec::new(), fields: Vec::new() }
    }

    fn is_quoted(&self) -> bool {
        self.state == State::Quoted
    }

    fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.state = match (self.state, byte) {
                (State::Start, b'"') => State::Quoted,
                (State::Quoted, b'"') => State::Quote,
                (State::Quoted, _) => self.keep(byte, State::Quoted),
                (State::Quote, b'"') => self.keep(byte, State::Quoted),
                (State::Start | State::Bare | State::Quote, _) if byte == self.delimiter => {
                    self.fields.push(std::mem::take(&mut self.field));
                    State::Start
                }
                (State::Start | State::Bare | State::Quote, _) => self.keep(byte, State::Bare),
            };
        }
    }

    fn keep(&mut self, byte: u8, state: State) -> State {
        self.field.push(byte);
        state
    }

    fn finish(mut self) -> Result<Vec<String>, RowProblem> {
        self.fields.push(self.field);
        let texts = self.fields.into_iter().map(String::from_utf8);
        texts.collect::<Result<_, _>>().map_err(|_| RowProblem::NotUtf8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Vec<(u64, Result<Vec<String>, RowProblem>)> {
        let mut lines = Lines::new(Box::new(std::io::Cursor::new(text.to_owned())), 1000);
        std::iter::from_fn(|| next_record(&mut lines, b',').unwrap())
            .map(|record| (record.number, record.fields))
            .collect()
    }

    fn fields(text: &str) -> Vec<String> {
        records(text).remove(0).1.unwrap()
    }

    #[test]
    fn fields_are_split_as_rfc_4180_says() {
        assert_eq!(fields("a,b,"), ["a", "b", ""]);
        assert_eq!(fields(r#""a,b","c ""d""",e"f"#), ["a,b", "c \"d\"", "e\"f"]);
        assert_eq!(fields(r#""a"b,c"#), ["ab", "c"]);
        assert_eq!(fields("\"a\nb\",c"), ["a\nb", "c"]);
    }

    #[test]
    fn a_record_has_the_number_of_its_first_line() {
        let found: Vec<u64> =
            records("h\n\"a\nb\"\n\nc\r\nd").into_iter().map(|(number, _)| number).collect();
        assert_eq!(found, [1, 2, 5, 6]);
    }

    #[test]
    fn a_stray_quote_costs_one_row() {
        let rest = "x,y\n".repeat(100);
        let found = records(&format!("a,\"b\n{rest}"));
        assert_eq!(found[0].1, Err(RowProblem::OpenQuote));
        assert_eq!(found.len(), 101);
        assert!(found[1..].iter().all(|(_, fields)| fields.is_ok()));
    }
}
