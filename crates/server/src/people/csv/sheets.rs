//! The workbook with OpenCR's four sheets (contract 3.16), written row by row.
//!
//! The long sheets keep no row in memory. What patients' data looks like never matters to a
//! spreadsheet program: every text is a text, and one that begins like a formula is marked so
//! that it stays a text when it is edited.

use std::io::{Seek, Write};

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::cells::{Cells, HEADINGS};

/// Rows that a sheet can have, the headings included.
const ROWS_MAX: u32 = 1_048_576;

/// Characters that a cell can have.
const CHARS_MAX: usize = 32_767;

/// One line of the report.
pub(super) enum Line {
    /// An imported Patient, and with how many it is linked and may be one person.
    Imported { cells: Box<Cells>, matches: usize, potentials: usize },
    /// An imported Patient and another that it is linked with, or may be one person with.
    Pair { is_potential: bool, pair: Box<Pair> },
}

/// Two Patients and what the rules make of them.
pub(super) struct Pair {
    pub(super) imported: Cells,
    /// None if no rule compares them.
    pub(super) threshold: Option<f64>,
    pub(super) score: Option<f64>,
    pub(super) other: Cells,
}

/// What the summary tells.
#[derive(Default)]
struct Totals {
    imported: u64,
    matches: u64,
    potentials: u64,
    with_matches: u64,
    with_potentials: u64,
    left_out: u64,
}

/// A report being written.
pub(super) struct Report {
    workbook: Workbook,
    /// The next row of each long sheet.
    rows: [u32; 3],
    totals: Totals,
    heading: Format,
    suspicious: Format,
}

/// The long sheets, by their position behind the summary.
const MATCHES: usize = 0;
const POTENTIALS: usize = 1;
const IMPORTED: usize = 2;

impl Report {
    /// A report without lines.
    pub(super) fn new() -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        workbook.add_worksheet().set_name("Summary")?;
        for name in ["Matches", "Potential Matches", "Imported Patients"] {
            workbook.add_worksheet_with_constant_memory()?.set_name(name)?;
        }
        let heading = Format::new().set_bold();
        let suspicious = Format::new().set_quote_prefix();
        let totals = Totals::default();
        let mut report = Self { workbook, rows: [0; 3], totals, heading, suspicious };
        for sheet in [MATCHES, POTENTIALS] {
            let headings = HEADINGS.iter().chain(&["threshold", "score"]).chain(&HEADINGS);
            report.headings(sheet, headings.copied())?;
        }
        let sums = ["Sum of matches", "Sum of potential matches"];
        report.headings(IMPORTED, HEADINGS.iter().chain(&sums).copied())?;
        Ok(report)
    }

    fn headings(
        &mut self,
        sheet: usize,
        headings: impl Iterator<Item = &'static str>,
    ) -> Result<(), XlsxError> {
        let page = self.workbook.worksheet_from_index(sheet + 1)?;
        for (column, heading) in (0..).zip(headings) {
            page.write_string_with_format(0, column, heading, &self.heading)?;
        }
        self.rows[sheet] = 1;
        Ok(())
    }

    /// Adds a line; one that no longer fits is counted.
    pub(super) fn add(&mut self, line: &Line) -> Result<(), XlsxError> {
        match line {
            Line::Imported { cells, matches, potentials } => {
                self.totals.imported += 1;
                self.totals.with_matches += u64::from(*matches > 0);
                self.totals.with_potentials += u64::from(*potentials > 0);
                let Some((page, row, suspicious)) = self.next(IMPORTED)? else { return Ok(()) };
                let column = write_cells(page, row, 0, cells, suspicious)?;
                page.write_number(row, column, *matches as f64)?;
                page.write_number(row, column + 1, *potentials as f64)?;
            }
            Line::Pair { is_potential, pair } => {
                let sheet = if *is_potential { POTENTIALS } else { MATCHES };
                let total = if *is_potential {
                    &mut self.totals.potentials
                } else {
                    &mut self.totals.matches
                };
                *total += 1;
                let Some((page, row, suspicious)) = self.next(sheet)? else { return Ok(()) };
                let column = write_cells(page, row, 0, &pair.imported, suspicious)?;
                for (column, number) in (column..).zip([pair.threshold, pair.score]) {
                    if let Some(number) = number {
                        page.write_number(row, column, number)?;
                    }
                }
                write_cells(page, row, column + 2, &pair.other, suspicious)?;
            }
        }
        Ok(())
    }

    /// The sheet and its next row; none if it is full.
    fn next(&mut self, sheet: usize) -> Result<Option<(&mut Worksheet, u32, &Format)>, XlsxError> {
        let row = self.rows[sheet];
        if row >= ROWS_MAX {
            self.totals.left_out += 1;
            return Ok(None);
        }
        self.rows[sheet] += 1;
        let page = self.workbook.worksheet_from_index(sheet + 1)?;
        Ok(Some((page, row, &self.suspicious)))
    }

    /// Writes the summary and the file; `not_read` Patients of the upload are not in it.
    pub(super) fn save(
        mut self,
        not_read: u64,
        file: impl Write + Seek + Send,
    ) -> Result<(), XlsxError> {
        let Totals { imported, matches, potentials, with_matches, with_potentials, left_out } =
            self.totals;
        let page = self.workbook.worksheet_from_index(0)?;
        page.merge_range(0, 0, 0, 4, "Import Summary", &self.heading)?;
        let tables = [
            (3, "Total matches", "Total potential matches", matches, potentials),
            (
                6,
                "Total patients with matches",
                "Total patients with potential matches",
                with_matches,
                with_potentials,
            ),
        ];
        page.write_string(1, 0, "Total Imported")?;
        page.write_number(1, 1, (imported + not_read) as f64)?;
        for (row, one, other, of_one, of_other) in tables {
            for (column, heading, number) in [(0, one, of_one), (1, other, of_other)] {
                page.write_string_with_format(row, column, heading, &self.heading)?;
                page.write_number(row + 1, column, number as f64)?;
            }
        }
        if not_read > 0 {
            page.write_string(9, 0, "Patients left out, since the report would be too long")?;
            page.write_number(9, 1, not_read as f64)?;
        }
        if left_out > 0 {
            page.write_string(10, 0, "Rows left out, since the sheets are full")?;
            page.write_number(10, 1, left_out as f64)?;
        }
        self.workbook.save_to_writer(file)
    }
}

/// Writes the cells of a Patient and gives the column behind them.
fn write_cells(
    page: &mut Worksheet,
    row: u32,
    first: u16,
    cells: &Cells,
    suspicious: &Format,
) -> Result<u16, XlsxError> {
    let mut column = first;
    for cell in cells {
        let cell = clip(cell);
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '|']) {
            page.write_string_with_format(row, column, cell, suspicious)?;
        } else if !cell.is_empty() {
            page.write_string(row, column, cell)?;
        }
        column += 1;
    }
    Ok(column)
}

fn clip(text: &str) -> &str {
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
