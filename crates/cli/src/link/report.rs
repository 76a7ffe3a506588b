//! How the linking went, for people and for machines.

use std::fmt;

use pipeline::pairs::{Evaluation, Evaluations};
use serde_json::json;

/// The figures of one run.
pub(super) struct Report {
    pub(super) records: u64,
    pub(super) persons: u64,
    pub(super) auto_pairs: u64,
    pub(super) potential_pairs: u64,
    /// Records that have more potential or conflicting matches than are kept.
    pub(super) cut_records: u64,
    /// How many such matches these records have in all.
    pub(super) cut_candidates: u64,
    pub(super) evaluations: Option<Evaluations>,
    pub(super) seconds: f64,
    pub(super) peak_rss_bytes: Option<u64>,
}

impl Report {
    fn records_per_second(&self) -> f64 {
        // A run shorter than the clock's resolution has no rate worth showing.
        self.records as f64 / self.seconds.max(1e-6)
    }

    /// One JSON object; its keys are a promise to scripts.
    pub(super) fn to_json(&self) -> String {
        let auto = self.evaluations.map(|found| found.auto);
        let both = self.evaluations.map(|found| found.auto_and_potential);
        json!({
            "records": self.records,
            "persons": self.persons,
            "auto_pairs": self.auto_pairs,
            "potential_pairs": self.potential_pairs,
            "cut_records": self.cut_records,
            "cut_candidates": self.cut_candidates,
            "precision": auto.and_then(|found| found.precision),
            "recall": auto.and_then(|found| found.recall),
            "f1": auto.and_then(|found| found.f1),
            "potential_recall": both.and_then(|found| found.recall),
            "seconds": self.seconds,
            "records_per_second": self.records_per_second(),
            "peak_rss_bytes": self.peak_rss_bytes,
        })
        .to_string()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "records            {:>12}", self.records)?;
        writeln!(f, "persons            {:>12}", self.persons)?;
        writeln!(f, "linked pairs       {:>12}", self.auto_pairs)?;
        writeln!(f, "pairs to review    {:>12}", self.potential_pairs)?;
        if self.cut_records > 0 {
            writeln!(f, "records cut short  {:>12}", self.cut_records)?;
            writeln!(f, "their candidates   {:>12}", self.cut_candidates)?;
        }
        writeln!(f, "seconds            {:>12.2}", self.seconds)?;
        writeln!(f, "records per second {:>12.0}", self.records_per_second())?;
        if let Some(bytes) = self.peak_rss_bytes {
            writeln!(f, "peak memory, MB    {:>12.0}", bytes as f64 / 1e6)?;
        }
        if let Some(found) = &self.evaluations {
            writeln!(f)?;
            writeln!(f, "against the truth       linked   with review")?;
            let (auto, both) = (&found.auto, &found.auto_and_potential);
            writeln!(f, "true pairs        {:>12} {:>13}", auto.true_pairs, both.true_pairs)?;
            writeln!(
                f,
                "pairs proposed    {:>12} {:>13}",
                auto.predicted_pairs, both.predicted_pairs
            )?;
            writeln!(f, "of them right     {:>12} {:>13}", auto.correct_pairs, both.correct_pairs)?;
            row(f, "precision", auto, both, |found| found.precision)?;
            row(f, "recall", auto, both, |found| found.recall)?;
            row(f, "F1", auto, both, |found| found.f1)?;
        }
        Ok(())
    }
}

fn row(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    auto: &Evaluation,
    both: &Evaluation,
    value: impl Fn(&Evaluation) -> Option<f64>,
) -> fmt::Result {
    let text = |found| match value(found) {
        Some(ratio) => format!("{ratio:.4}"),
        None => "-".to_owned(),
    };
    writeln!(f, "{name:<17} {:>12} {:>13}", text(auto), text(both))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(evaluations: Option<Evaluations>) -> Report {
        Report {
            records: 4,
            persons: 3,
            auto_pairs: 1,
            potential_pairs: 1,
            cut_records: 2,
            cut_candidates: 7,
            evaluations,
            seconds: 2.0,
            peak_rss_bytes: Some(5),
        }
    }

    #[test]
    fn json_has_exactly_the_promised_keys() {
        let value: serde_json::Value = serde_json::from_str(&report(None).to_json()).unwrap();
        let keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = [
            "records",
            "persons",
            "auto_pairs",
            "potential_pairs",
            "cut_records",
            "cut_candidates",
            "precision",
            "recall",
            "f1",
            "potential_recall",
            "seconds",
            "records_per_second",
            "peak_rss_bytes",
        ];
        assert_eq!(keys, expected);
        assert!(value["precision"].is_null() && value["potential_recall"].is_null());
        assert_eq!(value["records_per_second"].as_f64(), Some(2.0));
    }

    #[test]
    fn ratios_are_shown_for_links_and_for_links_with_review() {
        let found = Evaluations {
            auto: Evaluation::of(2, 1, 1),
            auto_and_potential: Evaluation::of(2, 2, 2),
            potential_pairs: 1,
        };
        let text = report(Some(found)).to_string();
        assert!(text.contains("recall                  0.5000        1.0000"), "{text}");
        assert!(text.contains("records cut short             2\n"), "{text}");
        assert!(text.contains("their candidates              7\n"), "{text}");
    }
}
