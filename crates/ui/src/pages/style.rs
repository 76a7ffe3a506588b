//! The living style page: every component, with values that test it.

use askama::Template;

use crate::Frame;

/// The page that shows every component.
#[derive(Debug, Template)]
#[template(path = "style.html")]
pub struct Style<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    samples: &'static [Sample],
}

impl<'a> Style<'a> {
    /// The page.
    pub fn of(frame: &'a Frame) -> Self {
        Self { frame, samples: SAMPLES }
    }
}

/// One row of the table of agreement.
#[derive(Debug)]
struct Sample {
    field: &'static str,
    direction: &'static str,
    a: &'static str,
    b: &'static str,
    kind: &'static str,
    glyph: &'static str,
    text: &'static str,
}

const fn name(
    (a, b): (&'static str, &'static str),
    (kind, glyph, text): (&'static str, &'static str, &'static str),
) -> Sample {
    Sample { field: "name", direction: "auto", a, b, kind, glyph, text }
}

const SAMPLES: &[Sample] = &[
    name(("O'Brien", "O'Brien"), ("same", "=", "level-same")),
    name(("<script>alert(1)</script>", "script"), ("differs", "≠", "level-differs")),
    name(("አበበ", "አበባ"), ("similar", "≈", "level-similar")),
    name(("محمد", ""), ("missing", "○", "level-missing")),
    Sample {
        field: "phone",
        direction: "ltr",
        a: "555 300633",
        b: "555 300636",
        kind: "similar",
        glyph: "≈",
        text: "level-similar",
    },
];
