//! People from files: CSV tables and FHIR JSON, compressed or not, one row at a time.
//!
//! [`open`] looks at the content, not at the name: gzip by its magic bytes, then UTF-8 (with
//! or without a byte order mark), then JSON if it begins with `{` or `[`, else a table.
//! Whatever the form, each [`Row`] holds one FHIR R4 Patient or the reason why there is none,
//! so a bad row never ends a run. No file is held in memory: a table is read record by
//! record, NDJSON line by line, and a whole-file Bundle or array element by element.
//!
//! What is absent: deciding anything about people, and writing to a registry. No error or
//! warning repeats a value; they name the line and the column.

mod document;
mod json;
mod lines;
mod mapping;
mod person;
mod source;
mod synonyms;
mod table;
mod values;

#[cfg(test)]
mod tests;

use std::{
    io::{self, BufRead},
    path::{Path, PathBuf},
    sync::Arc,
};

use fhir::resource::{ParseError, Resource};

pub use mapping::{HeaderError, Mapping, MappingError, Target};
pub use values::DateOrder;

/// Longest line of a table, in bytes; a person needs a few hundred.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// Most lines that one quoted record of a table may span, so that a stray quote costs a row.
pub const RECORD_LINES_MAX: usize = 64;
/// Most columns of a table; hospital exports stay under 300.
pub const COLUMNS_MAX: usize = 1000;
/// Largest resource, and longest line of NDJSON, in bytes: what the server takes as a body.
pub const RESOURCE_BYTES_MAX: usize = 10 << 20;

/// Says how the rows get their identity.
#[derive(Clone, Debug)]
pub struct Options {
    /// The identifier system (a URI) that the file's own record ids belong to.
    pub source: Arc<str>,
    /// What happens to a row without an id.
    pub missing_ids: MissingIds,
}

/// Says what happens to a row without an id of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingIds {
    /// It is a bad row, and a table without an id column is refused: without an id, reading
    /// the file twice would register everybody twice.
    Refuse,
    /// Its id is `line-<number>`; good enough where nothing outlives the run.
    LineNumber,
}

/// One record of a file.
pub struct Row {
    /// The line in the (uncompressed) file where it begins; the first line is 1.
    pub number: u64,
    /// The record's own id (column, `Patient.id` or identifier); empty if there is none.
    pub id: String,
    /// The Patient, or why there is none.
    pub result: Result<Resource, RowProblem>,
    /// The record as it stood, without line end; a Patient inside a Bundle as compact JSON.
    pub raw: Vec<u8>,
    /// What was left out or added on the way to the Patient.
    pub warnings: Vec<RowWarning>,
}

/// Says why a row holds no Patient. Never repeats a value of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// The line or resource is beyond the limit.
    #[error("longer than {max} bytes: is a line end or a closing brace missing?")]
    TooLong {
        /// The limit, in bytes.
        max: usize,
    },
    /// The bytes are not UTF-8.
    #[error("not UTF-8 text: save the file as UTF-8")]
    NotUtf8,
    /// A quoted field never ends.
    #[error("a quoted field is opened and not closed within {RECORD_LINES_MAX} lines")]
    OpenQuote,
    /// The number of fields is not that of the header.
    #[error("{found} fields where the header has {expected}: quote fields holding the delimiter")]
    Fields {
        /// The fields of this row.
        found: usize,
        /// The columns of the header.
        expected: usize,
    },
    /// Every field is empty.
    #[error("every field is empty")]
    Nothing,
    /// The column of the record's id is empty.
    #[error("column '{column}', the record's id, is empty")]
    NoId {
        /// The column's name as in the header.
        column: String,
    },
    /// A FHIR Patient without id and without identifier.
    #[error("the Patient has neither an id nor an identifier of the source system")]
    NoIdentifier,
    /// Not a FHIR resource.
    #[error("{0}")]
    Json(#[from] ParseError),
    /// A resource of another type.
    #[error("the resource is not a Patient")]
    NotAPatient,
    /// An entry of a Bundle without a resource.
    #[error("the Bundle's entry has no resource")]
    NoResource,
    /// The whole-file Bundle or array is cut off or not JSON; nothing after it can be read.
    #[error("the JSON document ends early or is malformed here; nothing after this is read")]
    Document,
}

/// Says what a row lost or gained on the way to a Patient.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowWarning {
    /// The value is not a date, or one whose order of day and month is not known.
    DateLeftOut {
        /// The column's name.
        column: String,
    },
    /// The value is none of FHIR's administrative genders.
    GenderLeftOut {
        /// The column's name.
        column: String,
    },
    /// The Patient got an identifier of the source system, made from its id or line.
    IdentifierAdded,
}

impl std::fmt::Display for RowWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RowWarning::DateLeftOut { column } => {
                write!(f, "column '{column}': not a date that can be read, left out")
            }
            RowWarning::GenderLeftOut { column } => {
                write!(f, "column '{column}': not a known gender, left out")
            }
            RowWarning::IdentifierAdded => {
                f.write_str("the Patient got an identifier of the source system from its id")
            }
        }
    }
}

/// Says why a file cannot be read at all, or not further.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The file cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Reading stopped; the rows before it were good.
    #[error("cannot read on after line {line}: is the file cut off?")]
    Read {
        /// The last line that was read.
        line: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is nothing in the file.
    #[error("the file is empty: a table needs a header line, NDJSON a Patient")]
    Empty,
    /// The content is something else.
    #[error("the file is {found}: save it as CSV in UTF-8 or as FHIR NDJSON")]
    Format {
        /// What it looks like.
        found: &'static str,
    },
    /// The header does not say what the columns are.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

/// Tells the form of a file, which is also the form in which its rows are written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table with this delimiter.
    Table {
        /// `,`, `;`, `|` or a tab.
        delimiter: u8,
    },
    /// FHIR JSON: NDJSON, Bundles or arrays.
    Json,
}

/// One column of a table and what it is taken for.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name as in the header.
    pub name: String,
    /// What it means; `None` if it is ignored.
    pub target: Option<Target>,
}

/// The rows of an open file, in file order.
///
/// The iterator ends after the first [`RowsError`].
pub struct Rows {
    reader: Reader,
    has_failed: bool,
}

enum Reader {
    Table(table::People),
    Lines(json::LinePeople),
    Document(document::DocumentPeople),
}

/// Opens a file of people.
///
/// `mapping` says what the columns of a table are; those it does not name are guessed, and
/// without it all are. It has no effect on FHIR JSON.
///
/// # Errors
///
/// [`RowsError`]: the file cannot be read, is of another kind, or its header is not
/// understood; the message says what to do.
pub fn open(path: &Path, mapping: Option<&Mapping>, options: Options) -> Result<Rows, RowsError> {
    let file = std::fs::File::open(path)
        .map_err(|source| RowsError::Open { path: path.to_owned(), source })?;
    from_reader(Box::new(file), mapping, options)
}

/// Reads people from any source of bytes; see [`open`].
///
/// # Errors
///
/// As [`open`].
pub fn from_reader(
    reader: Box<dyn io::Read + Send>,
    mapping: Option<&Mapping>,
    options: Options,
) -> Result<Rows, RowsError> {
    let read = |source| RowsError::Read { line: 0, source };
    let input = source::text(reader).map_err(read)?;
    let reader = match source::sniff(input).map_err(read)? {
        source::Sniffed::Empty => return Err(RowsError::Empty),
        source::Sniffed::Foreign(found) => return Err(RowsError::Format { found }),
        source::Sniffed::Lines(input) => Reader::Lines(json::LinePeople::new(input, options)),
        source::Sniffed::Document(input) => {
            Reader::Document(document::DocumentPeople::new(input, options))
        }
        source::Sniffed::Table(input) => {
            Reader::Table(table::People::new(input, mapping, options)?)
        }
    };
    Ok(Rows { reader, has_failed: false })
}

impl Rows {
    /// Tells the form of the file.
    pub fn format(&self) -> Format {
        match &self.reader {
            Reader::Table(people) => Format::Table { delimiter: people.delimiter() },
            Reader::Lines(_) | Reader::Document(_) => Format::Json,
        }
    }

    /// Lists the columns and what they are taken for; none for FHIR JSON.
    pub fn columns(&self) -> &[Column] {
        match &self.reader {
            Reader::Table(people) => people.columns(),
            Reader::Lines(_) | Reader::Document(_) => &[],
        }
    }

    /// Gives the header line as it stood, without line end; none for FHIR JSON.
    pub fn header(&self) -> Option<&[u8]> {
        match &self.reader {
            Reader::Table(people) => Some(people.header()),
            Reader::Lines(_) | Reader::Document(_) => None,
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Row, RowsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let next = match &mut self.reader {
            Reader::Table(people) => people.next_row(),
            Reader::Lines(people) => people.next_row(),
            Reader::Document(people) => people.next_row(),
        };
        self.has_failed = next.is_err();
        next.transpose()
    }
}

/// Writes a record out again with one more column (table) or first member (JSON).
///
/// The rest stays byte for byte as it was. `name` and `value` are ids of ours, which need
/// no quoting in either form. For a table's header, pass it as `raw` and the name as `value`.
pub fn with_column(format: Format, raw: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + name.len() + value.len() + 8);
    match format {
        Format::Table { delimiter } => {
            out.extend_from_slice(raw);
            out.push(delimiter);
            out.extend_from_slice(value.as_bytes());
        }
        Format::Json => {
            let text = raw.trim_ascii_start();
            let rest = text.strip_prefix(b"{").unwrap_or(text).trim_ascii_start();
            out.extend_from_slice(format!("{{\"{name}\":\"{value}\"").as_bytes());
            if rest.first() != Some(&b'}') {
                out.push(b',');
            }
            out.extend_from_slice(rest);
        }
    }
    out
}

/// What the readers share: a boxed, buffered source of UTF-8 text.
type Input = Box<dyn BufRead + Send>;
