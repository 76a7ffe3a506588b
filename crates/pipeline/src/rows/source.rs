//! From bytes of unknown kind to text of a known one: gzip, byte order mark, CSV or JSON.

use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::{Input, RESOURCE_BYTES_MAX};

/// Read at once; the system's own read-ahead makes more pointless.
const BUFFER_BYTES: usize = 64 << 10;
/// How far the first line is looked for before JSON is taken for one document.
const SNIFF_BYTES_MAX: usize = RESOURCE_BYTES_MAX;

/// What the content turned out to be.
pub(super) enum Sniffed {
    /// Nothing, or white space only.
    Empty,
    /// Something that is neither; named for the error.
    Foreign(&'static str),
    /// A table with a header.
    Table(Input),
    /// JSON, a value a line.
    Lines(Input),
    /// JSON, values that span lines.
    Document(Input),
}

/// Unpacks gzip (by its magic bytes, several members allowed) and buffers.
pub(super) fn text(mut reader: Box<dyn Read + Send>) -> io::Result<Input> {
    let start = read_up_to(&mut reader, 2)?;
    let is_gzip = start == [0x1f, 0x8b];
    let whole = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(start).chain(reader));
    if is_gzip {
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(whole))));
    }
    Ok(Box::new(whole))
}

/// Tells what the text is, having dropped a byte order mark.
pub(super) fn sniff(mut input: Input) -> io::Result<Sniffed> {
    let mut start = read_up_to(&mut input, 4096)?;
    if let Some(found) = foreign(&start) {
        return Ok(Sniffed::Foreign(found));
    }
    if start.starts_with(b"\xef\xbb\xbf") {
        start.drain(..3);
    }
    let Some(first) = start.iter().copied().find(|byte| !byte.is_ascii_whitespace()) else {
        // Blank for 4 kB: what follows is not a file anybody made on purpose.
        return Ok(Sniffed::Empty);
    };
    match first {
        b'[' => Ok(Sniffed::Document(chain(start, input))),
        b'{' => sniff_json(start, input),
        _ => Ok(Sniffed::Table(chain(start, input))),
    }
}

fn foreign(start: &[u8]) -> Option<&'static str> {
    if start.starts_with(b"PK\x03\x04") {
        return Some("a zip archive or an Excel workbook");
    }
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return Some("text in UTF-16");
    }
    start.contains(&0).then_some("not text")
}

/// Tells NDJSON from a document over several lines by its first two lines.
///
/// A first line that is a whole JSON value means NDJSON; so does a broken first line if the
/// second one begins an object at once, as a pretty-printed document never does.
fn sniff_json(mut start: Vec<u8>, mut input: Input) -> io::Result<Sniffed> {
    let mut is_at_end = false;
    while !is_at_end && start.len() < SNIFF_BYTES_MAX && second_line(&start).is_none() {
        let more = read_up_to(&mut input, start.len())?;
        is_at_end = more.is_empty();
        start.extend_from_slice(&more);
    }
    let first = start.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or(&start);
    let is_lines = serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok()
        || match second_line(&start) {
            Some(line) => line.starts_with(b"{"),
            None => is_at_end,
        };
    let input = chain(start, input);
    Ok(if is_lines { Sniffed::Lines(input) } else { Sniffed::Document(input) })
}

/// The start of the second line that is not blank, if it is there.
fn second_line(start: &[u8]) -> Option<&[u8]> {
    let end = start.trim_ascii_start().iter().position(|byte| *byte == b'\n')?;
    let mut rest = start.trim_ascii_start().get(end + 1..)?;
    // Indentation matters, blank lines do not.
    while let [b'\n' | b'\r', tail @ ..] = rest {
        rest = tail;
    }
    (!rest.is_empty()).then_some(rest)
}

fn chain(start: Vec<u8>, input: Input) -> Input {
    Box::new(Cursor::new(start).chain(input))
}

fn read_up_to(reader: &mut impl Read, bytes: usize) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    reader.by_ref().take(bytes as u64).read_to_end(&mut start)?;
    Ok(start)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn kind(bytes: &[u8]) -> &'static str {
        let input = text(Box::new(Cursor::new(bytes.to_vec()))).unwrap();
        match sniff(input).unwrap() {
            Sniffed::Empty => "empty",
            Sniffed::Foreign(found) => found,
            Sniffed::Table(_) => "table",
            Sniffed::Lines(_) => "lines",
            Sniffed::Document(_) => "document",
        }
    }

    #[test]
    fn content_decides_what_a_file_is() {
        let cases: [(&[u8], &str); 14] = [
            (b"", "empty"),
            (b" \n\t ", "empty"),
            (b"\xef\xbb\xbf", "empty"),
            (b"rec_id,given\n1,a\n", "table"),
            (b"\xef\xbb\xbfrec_id,given\n", "table"),
            (b"{\"a\":1}\n{\"a\":2}\n", "lines"),
            (b"\xef\xbb\xbf{\"a\":1}", "lines"),
            (b"{\"a\":\n{\"a\":2}\n", "lines"),
            (b"{\"a\":", "lines"),
            (b"{\n  \"a\": 1\n}", "document"),
            (b"[{\"a\":1}]", "document"),
            (b"PK\x03\x04rest", "a zip archive or an Excel workbook"),
            (b"\xff\xfea\0", "text in UTF-16"),
            (b"a\0b", "not text"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(kind(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn gzip_is_unpacked_by_its_magic_bytes() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(b"{\"a\":1}\n").unwrap();
        assert_eq!(kind(&packer.finish().unwrap()), "lines");
    }

    #[test]
    fn a_long_first_line_is_still_a_line() {
        let line = format!("{{\"a\":\"{}\"}}\n{{\"a\":2}}\n", "x".repeat(100_000));
        assert_eq!(kind(line.as_bytes()), "lines");
    }
}
