//! `opencr migrate config`: OpenCR's files in the form of ours, and what became of each key.

mod read;
mod relationship;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use toml::{Table, Value};

use crate::{
    ca::files::replace,
    config::{
        Config,
        opencr::{Fate, Told, Translation},
    },
    usage,
};
use read::{Files, Found};

/// What the written files are called.
const CONFIG: &str = "opencr.toml";
const RULES: &str = "decisionRules.json";
const PAGE: &str = "PatientDisplay.json";

/// Turn OpenCR's configuration files into those of this registry, and tell of every key.
///
/// Files are known by what is in them: config_*.json, decisionRules.json, PatientRelationship.json,
/// PatientDisplay.json. Secrets are neither shown nor written. Nothing is written if anything in a
/// file cannot be understood.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// OpenCR's files, at most one of each kind.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The folder for opencr.toml and what it refers to; made if it is not there.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Write over files that are there.
    #[arg(long)]
    force: bool,
    /// Only tell what would be written.
    #[arg(long)]
    dry_run: bool,
}

/// Reads all, tells of all, and then writes all.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let files = Files::read(&arguments.files)?;
    let folder = std::path::absolute(&arguments.out).context("cannot find the current folder")?;
    let mut written: Vec<(PathBuf, String)> = Vec::new();
    let mut table = Table::new();
    if let Some(config) = &files.config {
        table = translate(config)?;
        name_callers(&mut table);
    }
    for (found, name, section, key) in
        [(&files.rules, RULES, "matching", "rules"), (&files.page, PAGE, "people", "display_page")]
    {
        let Some(found) = found else { continue };
        let path = folder.join(name);
        println!("{}: kept as it is; {section}.{key} names it.\n", found.name());
        let place = Value::String(path.display().to_string());
        let below = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        below.as_table_mut().context("a section is a table")?.insert(key.to_owned(), place);
        written.push((path, found.text.clone()));
    }
    if let Some(found) = &files.relationship {
        relationship::tell(found, files.rules.as_ref())?;
    }
    let path = folder.join(CONFIG);
    let text = format!(
        "# From OpenCR's configuration. `opencr config` prints what is in force.\n\n{table}"
    );
    // What the registry would refuse at its start is refused here.
    Config::of_text(&path, &text).map_err(|error| {
        usage(format!("this would not be a configuration that can be used: {error}"))
    })?;
    written.push((path, text));
    write(&written, &folder, arguments)?;
    remind(&files, arguments.dry_run);
    Ok(ExitCode::SUCCESS)
}

/// Translates the keys, and tells of each.
fn translate(config: &Found) -> anyhow::Result<Table> {
    let object = config.value.as_object().context("a file of this kind is an object")?;
    let translation = Translation::of(object);
    println!("{}:", config.name());
    let width = translation.told.iter().map(|told| told.key.len()).max().unwrap_or_default();
    let mut wrong = Vec::new();
    for Told { key, fate } in &translation.told {
        let (word, what) = match fate {
            Fate::Taken(ours, value) => ("TAKEN", format!("{ours} = {value}")),
            Fate::Ignored(why) => ("IGNORED", (*why).to_owned()),
            Fate::ByHand(what) => ("BY HAND", (*what).to_owned()),
            Fate::Unknown => ("UNKNOWN", "OpenCR has no such key; ignored".to_owned()),
            Fate::Refused(expected) => {
                wrong.push(format!("{key} must be {expected}"));
                ("WRONG", format!("it must be {expected}"))
            }
        };
        println!("  {word:<8} {key:<width$}  {what}");
    }
    println!();
    if wrong.is_empty() {
        return Ok(translation.table);
    }
    Err(usage(format!("{}: {}; nothing is written", config.name(), wrong.join("; "))))
}

/// Takes nobody for a client who does not say who it is, and lets no sample client in.
fn name_callers(table: &mut Table) {
    let callers = Table::from_iter([("development".to_owned(), Value::Boolean(false))]);
    table.insert("callers".to_owned(), Value::Table(callers));
    table.entry("clients").or_insert_with(|| Value::Array(Vec::new()));
}

fn write(
    written: &[(PathBuf, String)],
    folder: &Path,
    arguments: &Arguments,
) -> anyhow::Result<()> {
    for (path, text) in written {
        let is_same = std::fs::read_to_string(path).is_ok_and(|there| there == *text);
        if !is_same && !arguments.force && path.symlink_metadata().is_ok() {
            return Err(usage(format!(
                "{} is there already: name another folder by --out, or write over it with --force; \
                 nothing is written",
                path.display()
            )));
        }
    }
    if arguments.dry_run {
        let (_, text) = written.last().context("there is always a configuration")?;
        println!("{CONFIG} would be:\n\n{text}");
        return Ok(());
    }
    std::fs::create_dir_all(folder)
        .map_err(|error| usage(format!("cannot make {}: {error}", folder.display())))?;
    // The configuration last: it names the others.
    for (path, text) in written {
        replace(path, text.as_bytes())?;
        println!("Wrote {}.", path.display());
    }
    Ok(())
}

/// What no file of OpenCR's says and everybody who moves has to decide.
fn remind(files: &Files, is_dry: bool) {
    if files.config.is_some() {
        println!(
            "\nOnly the clients of [[clients]] and of `opencr client add` may call; in OpenCR, everybody \
             with a certificate.\nThey see their own records only, unless `access` says more; there each saw \
             everything.\nWho searches for others' patients needs access = \"demographics\" in \
             [[clients]], or callers.access_mode = \"log-only\" for the time being.\n\
             TLS: name the certificate and its key in [tls], and the CA of clients' certificates \
             (OpenCR trusted its own\nserver certificate; here that is refused). `opencr ca init` \
             makes one."
        );
    }
    if !is_dry {
        println!("\nNext: opencr rules check --config {CONFIG}, then opencr migrate data.");
    }
}
