//! Tables of the page: every drawing has one, for those who do not see it and for copying.

use std::fmt::Write as _;

use matching::evaluate::{Figures, Ratio};

use super::draw::escaped;

/// A table with a head; wide ones are scrolled by themselves, not with the page.
pub(super) fn table(caption: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table>\
         <caption>{0}</caption><thead><tr>",
        escaped(caption)
    );
    for cell in head {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(cell));
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let (open, close) =
                if at == 0 { ("<th scope=\"row\">", "</th>") } else { ("<td>", "</td>") };
            let _ = write!(out, "{open}{cell}{close}");
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    out
}

/// The head of tables of figures.
pub(super) const FIGURES: [&str; 7] =
    ["", "precision", "recall", "F1", "specificity", "wrong", "missed"];

/// A row of figures, each share with its interval.
pub(super) fn figures(name: &str, figures: &Figures) -> Vec<String> {
    vec![
        escaped(name),
        share(figures.precision, 4),
        share(figures.recall, 4),
        share(figures.f1, 4),
        // Nearly all pairs are of two people, so that four digits would say 1 always.
        share(figures.specificity, 8),
        figures.false_positives.to_string(),
        figures.false_negatives.to_string(),
    ]
}

fn share(ratio: Option<Ratio>, digits: usize) -> String {
    match ratio {
        Some(Ratio { value, low, high }) => {
            format!("{value:.digits$}<br><small>{low:.digits$} to {high:.digits$}</small>")
        }
        None => "none".to_owned(),
    }
}

/// A drawing's table, folded away.
pub(super) fn folded(table: &str) -> String {
    format!("<details><summary>The same as a table</summary>{table}</details>")
}
