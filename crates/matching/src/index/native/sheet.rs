//! The rows of each code of a column with their sketches, one behind the other.
//!
//! A search reads the sketches of all rows that have a code. Where nothing changes any more they can
//! lie in that order, so that the memory is read along instead of waited for at each row.

use crate::index::Snapshot;
use crate::index::column::Column;
use crate::index::sketch::Sketch;

/// Rows by code.
pub(super) struct Sheet {
    /// Where the rows of each code begin, and behind the last where they end.
    starts: Vec<u32>,
    /// Ascending within a code.
    rows: Vec<u32>,
    sketches: Vec<Sketch>,
}

impl Sheet {
    /// Of one column of a snapshot.
    pub(super) fn of(snapshot: &Snapshot, column: &Column) -> Sheet {
        let mut sheet = Sheet {
            starts: Vec::with_capacity(column.codes() + 1),
            rows: Vec::with_capacity(snapshot.len()),
            sketches: Vec::with_capacity(snapshot.len()),
        };
        for code in 0..column.codes() as u32 {
            sheet.starts.push(sheet.rows.len() as u32);
            column.rows_of(code).for_each(|row| {
                sheet.rows.push(row);
                sheet.sketches.push(snapshot.sketches.get(row as usize));
            });
        }
        sheet.starts.push(sheet.rows.len() as u32);
        sheet.rows.shrink_to_fit();
        sheet.sketches.shrink_to_fit();
        sheet
    }

    /// The rows of a code that are below a number, and their sketches.
    pub(super) fn below(&self, code: u32, below: u32) -> (&[u32], &[Sketch]) {
        let of_code = self.starts[code as usize] as usize..self.starts[code as usize + 1] as usize;
        let (rows, sketches) = (&self.rows[of_code.clone()], &self.sketches[of_code]);
        let end = rows.partition_point(|row| *row < below);
        (&rows[..end], &sketches[..end])
    }
}
