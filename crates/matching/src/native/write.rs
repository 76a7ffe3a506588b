//! A native file as text: one spelling for one content, made to be read and compared by line.

use std::fmt::Write as _;

use serde::Serialize;

use super::entries::{
    ComparisonEntry, FeatureEntry, FrequencyEntry, LevelEntry, PassEntry, RuleFile, ThresholdEntry,
};
use crate::model::Doubt;
use crate::rules::{Gather, Several};

/// Writes a file; reading the text gives the same entries again.
pub fn to_toml(file: &RuleFile) -> String {
    let mut out = format!("format = {}\n", text(&file.format));
    let heads =
        [("name", &file.name), ("description", &file.description), ("trained", &file.trained)];
    for (key, value) in heads.iter().filter(|(_, value)| !value.is_empty()) {
        line(&mut out, key, &text(value));
    }
    if let Some(training) = &file.training {
        out.push_str("\n[training]\nblocks = [\n");
        for block in &training.blocks {
            line(&mut out, "", &format!("  {},", list(block)));
        }
        out.push_str("]\n");
    }
    for (name, entry) in &file.features {
        line(&mut out, "", &format!("\n[features.{}]", key(name)));
        feature(&mut out, entry);
    }
    for (name, entry) in &file.aliases {
        line(&mut out, "", &format!("\n[aliases.{}]", key(name)));
        if let Some(file) = &entry.file {
            line(&mut out, "file", &text(file));
        }
        if entry.groups.is_empty() {
            continue;
        }
        out.push_str("groups = [\n");
        for group in &entry.groups {
            line(&mut out, "", &format!("  {},", list(group)));
        }
        out.push_str("]\n");
    }
    for entry in &file.pass {
        pass(&mut out, entry);
    }
    for entry in &file.golden.guard {
        line(&mut out, "", "\n[[golden.guard]]");
        guard(&mut out, [&entry.name, &entry.reason], &entry.when, entry.gives);
    }
    // Last, because they are long and nobody reads them.
    for (name, entry) in &file.frequencies {
        line(&mut out, "", &format!("\n[frequencies.{}]", key(name)));
        frequencies(&mut out, name, entry);
    }
    out
}

fn line(out: &mut String, name: &str, value: &str) {
    // Writing to a text cannot fail.
    let _ = match name {
        "" => writeln!(out, "{value}"),
        name => writeln!(out, "{name} = {value}"),
    };
}

fn feature(out: &mut String, entry: &FeatureEntry) {
    line(out, "paths", &list(&entry.paths));
    match entry.gather {
        Gather::First => {}
        Gather::All => line(out, "gather", "\"all\""),
    }
    line(out, "normaliser", &inline(&entry.normaliser));
    if let Some(country) = &entry.country {
        line(out, "country", &text(country));
    }
    match entry.several {
        Several::Join => {}
        Several::First => line(out, "several", "\"first\""),
        Several::Each => line(out, "several", "\"each\""),
    }
    if !entry.standard_skip {
        line(out, "standard_skip", "false");
    }
    if !entry.skip.is_empty() {
        line(out, "skip", &list(&entry.skip));
    }
    if let Some(check) = &entry.check {
        line(out, "check", &inline(check));
    }
}

fn frequencies(out: &mut String, name: &str, entry: &FrequencyEntry) {
    line(out, "floor", &number(entry.floor));
    line(out, "rest", &number(entry.rest));
    if entry.shares.is_empty() {
        return;
    }
    line(out, "", &format!("\n[frequencies.{}.shares]", key(name)));
    for (value, share) in &entry.shares {
        line(out, &key(value), &number(*share));
    }
}

fn pass(out: &mut String, entry: &PassEntry) {
    line(out, "", "\n[[pass]]");
    line(out, "name", &text(&entry.name));
    line(out, "prior", &number(entry.prior));
    line(out, "potential", &threshold(entry.potential));
    line(out, "auto", &threshold(entry.auto));
    if !entry.filters.is_empty() {
        line(out, "filters", &list(&entry.filters));
    }
    for comparison in &entry.comparison {
        self::comparison(out, comparison);
    }
    for entry in &entry.guard {
        line(out, "", "\n[[pass.guard]]");
        guard(out, [&entry.name, &entry.reason], &entry.when, entry.gives);
    }
}

fn guard(out: &mut String, [name, reason]: [&str; 2], when: &impl Serialize, gives: Doubt) {
    line(out, "name", &text(name));
    line(out, "reason", &text(reason));
    line(out, "when", &inline(when));
    match gives {
        Doubt::Potential => {}
        Doubt::Conflict => line(out, "gives", "\"conflict\""),
    }
}

fn threshold(entry: ThresholdEntry) -> String {
    match entry {
        ThresholdEntry::Bits(bits) => format!("{{ bits = {} }}", number(bits)),
        ThresholdEntry::Probability(p) => format!("{{ probability = {} }}", number(p)),
    }
}

fn comparison(out: &mut String, entry: &ComparisonEntry) {
    line(out, "", "\n[[pass.comparison]]");
    line(out, "name", &text(&entry.name));
    if let Some(needs) = &entry.needs {
        line(out, "needs", &list(needs));
    }
    if entry.corrects {
        line(out, "corrects", "true");
    }
    if entry.levels.is_empty() {
        line(out, "levels", "[]");
        return;
    }
    line(out, "levels", "[");
    for entry in &entry.levels {
        line(out, "", &format!("  {},", level(entry)));
    }
    out.push_str("]\n");
}

fn level(entry: &LevelEntry) -> String {
    let mut parts = vec![format!("label = {}", text(&entry.label))];
    if let Some(test) = &entry.test {
        parts.push(format!("test = {}", inline(test)));
    }
    parts.push(format!("m = {}", number(entry.m)));
    parts.push(format!("u = {}", number(entry.u)));
    if let Some(name) = &entry.frequencies {
        parts.push(format!("frequencies = {}", text(name)));
    }
    if entry.fixed {
        parts.push("fixed = true".to_owned());
    }
    format!("{{ {} }}", parts.join(", "))
}

fn list(values: &[String]) -> String {
    inline(&values)
}

fn text(value: &str) -> String {
    inline(&value)
}

fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { text(name) }
}

/// The shortest number that reads back the same.
fn number(value: f64) -> String {
    if value.is_nan() { "nan".to_owned() } else { format!("{value:?}") }
}

/// Any plain value on one line.
fn inline(value: &impl Serialize) -> String {
    let value = toml::Value::try_from(value).expect("entries are plain data with text keys");
    written(&value)
}

fn written(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => quoted(text),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(value) => number(*value),
        toml::Value::Boolean(value) => value.to_string(),
        toml::Value::Datetime(value) => value.to_string(),
        toml::Value::Array(values) => {
            format!("[{}]", values.iter().map(written).collect::<Vec<_>>().join(", "))
        }
        toml::Value::Table(table) => {
            let parts: Vec<String> = table
                .iter()
                .map(|(name, value)| format!("{} = {}", key(name), written(value)))
                .collect();
            format!("{{ {} }}", parts.join(", "))
        }
    }
}

/// A basic string: quotes, backslashes and control characters escaped, all else as it is.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
