//! File sizes: small files are where newcomers find things.

use crate::demand;
use crate::tree::{File, Offence, files};

/// More lines than this and a file has two subjects. Tests are lists and may be long.
const LINES_MAX: usize = 600;

fn too_long(files: &[File]) -> Vec<Offence> {
    let sources = files.iter().filter(|file| file.is_rust() && !file.is_test());
    sources
        .filter(|file| file.text.lines().count() > LINES_MAX)
        .map(|file| {
            let lines = file.text.lines().count();
            file.offence(lines, format!("{lines} lines, at most {LINES_MAX} are allowed"))
        })
        .collect()
}

/// The median number of lines and the 90th percentile.
fn usual_lines(files: &[File]) -> (usize, usize) {
    let sources = files.iter().filter(|file| file.is_rust() && !file.is_test());
    let mut lines: Vec<usize> = sources.map(|file| file.text.lines().count()).collect();
    lines.sort_unstable();
    let at = |percent: usize| lines.get(lines.len() * percent / 100).copied().unwrap_or(0);
    (at(50), at(90))
}

#[test]
fn files_are_short() {
    let files = files();
    let (median, p90) = usual_lines(&files);
    println!("lines of a source file: median {median}, 90th percentile {p90}");
    demand(
        &format!("files over {LINES_MAX} lines (median {median}, 90th percentile {p90})"),
        &too_long(&files),
    );
}

#[test]
fn a_long_file_is_found_unless_it_is_a_test() {
    let text = "x\n".repeat(LINES_MAX + 1);
    let at = |path: &str| too_long(&[File::sample(path, &text)]).len();
    assert_eq!(at("crates/fhir/src/path.rs"), 1);
    assert_eq!(at("crates/fhir/src/path/tests.rs"), 0);
    assert_eq!(at("crates/fhir/tests/it/main.rs"), 0);
}

#[test]
fn the_median_is_the_middle_one() {
    let files = [1, 2, 30].map(|lines| File::sample("a.rs", &"x\n".repeat(lines)));
    assert_eq!(usual_lines(&files), (2, 30));
}
