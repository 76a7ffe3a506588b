//! `opencr migrate data`: takes over what an OpenCR had decided, with every id and CRUID.
//! `opencr migrate config`: takes over how it was configured.

mod config;
mod fetch;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use fhir::resource::Resource;
use pipeline::{
    Clock, Settings,
    adopt::{Adoption, adopt, adopt_flagged, refuse_foreign},
};
use registry::{
    account::Account,
    adopt::{Export, Plan},
    audit::ArchivedEvent,
    extract::Extractor,
    vocabulary::Vocabulary,
};
use serde_json::Value;
use server::people::account_of_person;
use store::{Accounts, Opened, Store, StoreError};

use self::fetch::Spool;
use crate::{ConfigFile, usage, verify, wiring};

/// Move from OpenCR to this registry.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Take over source records, golden records, links, broken matches and accounts.
    Data(Data),
    Config(config::Arguments),
}

/// Take over what OpenCR's FHIR store holds, as it stands there: nothing is matched anew.
///
/// The data folder has to be a new one, and its server stopped. Run again with the same source,
/// it continues where it was broken off. Exit code 1 if anything was left out or differs.
#[derive(clap::Args)]
struct Data {
    /// The base of the FHIR server, such as http://hapi:8080/fhir; or files of its resources: a
    /// Bundle, an array, or one resource a line.
    #[arg(long, value_name = "URL or FILE", required = true, num_args = 1..)]
    from: Vec<PathBuf>,
    #[command(flatten)]
    server: fetch::Server,
    /// The data folder; without it the configured one.
    #[arg(long, value_name = "DIR", conflicts_with = "store")]
    data: Option<PathBuf>,
    /// The store's URL, such as sqlite:./data/opencr.sqlite.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Does what was asked.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let asked = match arguments.command {
        Command::Data(asked) => asked,
        Command::Config(asked) => return config::run(&asked),
    };
    let config = asked.config.load(verify::store_overrides(&asked.data, &asked.store))?;
    wiring::log(&config);
    let url = config.store_url();
    if url == "memory:" {
        return Err(usage("a store in memory keeps nothing; name one by --data or --store"));
    }
    let vocabulary = wiring::vocabulary(&config);
    let extractor = Arc::new(wiring::extractor(&config, None)?);
    let settings = wiring::settings(&config);
    // All is read and understood before anything is written: half a file changes nothing.
    let mut found = Found::default();
    let spools = config.data.folder.join("migrate");
    // Before hours of fetching.
    wiring::runtime()?.block_on(refuse_used(&url))?;
    let is_url = |path: &PathBuf| path.to_str().and_then(url_of).is_some();
    let mut is_fetched = false;
    match asked.from.as_slice() {
        [one] if is_url(one) => {
            is_fetched = true;
            let base = one.to_str().and_then(url_of).unwrap_or_default();
            found.fetch(base, &asked.server, &spools, &vocabulary)?;
        }
        files if files.iter().any(is_url) => {
            return Err(usage("--from takes one server, or files, and not both"));
        }
        files => {
            for path in files {
                found.read(path, &vocabulary)?;
            }
        }
    }
    let is_sound = wiring::runtime()?.block_on(async {
        let opened = store::open_all(&url).await.context("cannot open the store")?;
        let told = found.write(&opened, &extractor, &settings).await;
        opened.store.close().await;
        told
    })?;
    // All of it is in the store now, or named in the report.
    if is_fetched {
        let why = "what was fetched is not needed any more and cannot be deleted";
        fetch::clear(&spools).with_context(|| format!("{why}: {}", spools.display()))?;
    }
    Ok(ExitCode::from(if is_sound { 0 } else { 1 }))
}

/// Refuses a store that something else has been written to.
async fn refuse_used(url: &str) -> anyhow::Result<()> {
    if !store::is_there(url).await.context("cannot look for the store")? {
        return Ok(());
    }
    let store = store::open(url).await.context("cannot open the store")?;
    let refused = refuse_foreign(&*store).await;
    store.close().await;
    Ok(refused?)
}

fn url_of(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(text)
}

/// What the files hold.
#[derive(Default)]
struct Found {
    patients: Export,
    persons: Vec<Value>,
    /// AuditEvents.
    history: u64,
    files: Vec<PathBuf>,
    spools: Vec<Spool>,
    /// Kinds that are not taken over; `None` for what cannot be counted.
    others: BTreeMap<String, Option<u64>>,
}

impl Found {
    fn read(&mut self, path: &Path, vocabulary: &Vocabulary) -> anyhow::Result<()> {
        let file = path.display();
        let resources = read_file(path)?;
        for resource in resources {
            self.add(resource, vocabulary).map_err(|why| usage(format!("{file}: {why}")))?;
        }
        self.files.push(path.to_owned());
        Ok(())
    }

    /// Fetches what a server holds, into `folder`, and reads it from there.
    fn fetch(
        &mut self,
        base: &str,
        server: &fetch::Server,
        folder: &Path,
        vocabulary: &Vocabulary,
    ) -> anyhow::Result<()> {
        let fetched = fetch::fetch(base, server, folder)?;
        for spool in &fetched.spools {
            let mut resources = spool.resources()?;
            while let Some(resource) = resources.next()? {
                self.add(resource, vocabulary).map_err(usage)?;
            }
        }
        self.spools = fetched.spools;
        let others = fetched.others.into_iter();
        self.others.extend(others.map(|(kind, count)| (kind.to_owned(), count)));
        Ok(())
    }

    fn add(&mut self, resource: Value, vocabulary: &Vocabulary) -> Result<(), String> {
        match resource["resourceType"].as_str() {
            Some("Patient") => {
                let id = resource["id"].as_str().unwrap_or("without an id").to_owned();
                let patient = Resource::from_value(resource);
                let patient = patient.map_err(|_| format!("Patient {id} in it is no resource"))?;
                self.patients.add(patient, vocabulary);
            }
            Some("Person") => self.persons.push(resource),
            // Kept out of memory: it is read once more when its turn comes.
            Some("AuditEvent") => self.history += 1,
            Some(other) => {
                let count = self.others.entry(other.to_owned()).or_insert(Some(0));
                *count = count.map(|count| count + 1);
            }
            None => return Err("something in it is no FHIR resource".to_owned()),
        }
        Ok(())
    }

    async fn write(
        mut self,
        opened: &Opened,
        extractor: &Arc<Extractor>,
        settings: &Settings,
    ) -> anyhow::Result<bool> {
        let vocabulary = &settings.vocabulary;
        let (sources, goldens) = self.patients.counts();
        println!(
            "Found {sources} source records, {goldens} golden records, {} accounts.",
            self.persons.len()
        );
        let mut plan = std::mem::take(&mut self.patients).plan(vocabulary);
        for (kind, count) in &self.others {
            plan.left_out.push(match count {
                Some(count) => format!("{count} of {kind}: this kind is not taken over"),
                None => format!("{kind}: the server does not tell how many it has of this kind"),
            });
        }
        let mut progress = |line: &str| eprintln!("{line}");
        let (store, ruleset) = (&*opened.store, extractor.ruleset().hash.to_string());
        let done = adopt(store, &plan, (&ruleset, vocabulary), &mut progress).await?;
        let means = (extractor, settings);
        let flags = adopt_flagged(store, &plan.flags, means, &mut progress).await?;
        plan.left_out.extend(flags.left_out);
        let kept = self.archive(store, &mut plan.left_out).await?;
        let accounts = take_accounts(&*opened.accounts, &self.persons, &mut plan).await?;
        tell(&plan, &done, [flags.opened, kept, accounts]);
        Ok(plan.left_out.is_empty() && done.differences.is_empty())
    }
}

/// AuditEvents that are written at once.
const HISTORY_CHUNK: usize = 200;

impl Found {
    /// Keeps the AuditEvents as they are; gives how many were not there yet.
    async fn archive(&self, store: &dyn Store, left_out: &mut Vec<String>) -> anyhow::Result<u64> {
        if self.history == 0 {
            return Ok(0);
        }
        eprintln!("keeping {} audit events", self.history);
        let mut keeper = Keeper { store, events: Vec::new(), added: 0, nameless: 0 };
        for spool in &self.spools {
            let mut resources = spool.resources()?;
            while let Some(resource) = resources.next()? {
                keeper.take(resource).await?;
            }
        }
        for path in &self.files {
            for resource in read_file(path)? {
                keeper.take(resource).await?;
            }
        }
        keeper.flush().await?;
        if keeper.nameless > 0 {
            left_out.push(format!("{} of AuditEvent: without an id", keeper.nameless));
        }
        Ok(keeper.added)
    }
}

/// AuditEvents on their way into the store.
struct Keeper<'s> {
    store: &'s dyn Store,
    events: Vec<ArchivedEvent>,
    added: u64,
    nameless: u64,
}

impl Keeper<'_> {
    async fn take(&mut self, resource: Value) -> Result<(), StoreError> {
        if resource["resourceType"] != "AuditEvent" {
            return Ok(());
        }
        match ArchivedEvent::of(resource) {
            Some(event) => self.events.push(event),
            None => self.nameless += 1,
        }
        if self.events.len() < HISTORY_CHUNK {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        self.added += self.store.archive(std::mem::take(&mut self.events)).await?;
        Ok(())
    }
}

/// Adds the accounts of `persons` that are not there yet, and gives how many.
async fn take_accounts(
    accounts: &dyn Accounts,
    persons: &[Value],
    plan: &mut Plan,
) -> anyhow::Result<u64> {
    let now = Clock::system().now();
    let mut added = 0;
    for person in persons {
        let left_out = match account_of_person(person, now) {
            Ok(account) if accounts.add_account(&account).await? => {
                added += 1;
                None
            }
            Ok(account) if is_there(accounts, &account).await? => None,
            Ok(_) => Some("its id or user name is taken by another account".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        let id = person["id"].as_str().unwrap_or("without an id");
        plan.left_out.extend(left_out.map(|why| format!("the account of Person/{id}: {why}")));
    }
    Ok(added)
}

async fn is_there(accounts: &dyn Accounts, wanted: &Account) -> anyhow::Result<bool> {
    let found = accounts.account_named(&wanted.username).await?;
    Ok(found.is_some_and(|account| account.id == wanted.id))
}

fn tell(plan: &Plan, done: &Adoption, [issues, kept, accounts]: [u64; 3]) {
    for line in &plan.left_out {
        println!("LEFT OUT: {line}");
    }
    for line in &done.differences {
        println!("DIFFERS: {line}");
    }
    println!(
        "Written now: {} source records, {} golden records without members, {} pairs declared \
         different, {issues} match issues, {kept} audit events, {accounts} accounts.",
        done.records, done.emptied, done.pairs
    );
    let (records, pairs) = (plan.records.len(), plan.pairs.len());
    println!(
        "Compared {records} records with their links, {} golden records without members and \
         {pairs} pairs: {} differences; {} things left out.",
        plan.emptied.len(),
        done.differences.len(),
        plan.left_out.len()
    );
}

fn read_file(path: &Path) -> anyhow::Result<Vec<Value>> {
    let file = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| usage(format!("cannot read {file}: {error}")))?;
    resources(text.trim_start_matches('\u{feff}')).map_err(|why| usage(format!("{file}: {why}")))
}

/// The resources of a Bundle, of an array, or of lines.
fn resources(text: &str) -> Result<Vec<Value>, String> {
    let Ok(whole) = serde_json::from_str::<Value>(text) else {
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        return lines
            .map(|(number, line)| {
                serde_json::from_str(line).map_err(|_| {
                    format!(
                        "line {number} is not JSON, nor is the whole file; if its end is missing, \
                         export it again"
                    )
                })
            })
            .collect();
    };
    match whole {
        Value::Array(resources) => Ok(resources),
        Value::Object(_) if whole["resourceType"] == "Bundle" => bundled(whole),
        Value::Object(_) => Ok(vec![whole]),
        _ => Err("neither a resource nor a list of them".to_owned()),
    }
}

fn bundled(mut bundle: Value) -> Result<Vec<Value>, String> {
    let links = bundle["link"].as_array().cloned().unwrap_or_default();
    let is_page = links.iter().any(|link| link["relation"] == "next");
    let entries = bundle["entry"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let total = bundle["total"].as_number().and_then(serde_json::Number::as_u64);
    if is_page && total.is_none_or(|total| total > entries.len() as u64) {
        return Err("a page of a search and not the whole of it: fetch all that its next links \
                    lead to, and put the resources into one file, one a line"
            .to_owned());
    }
    let resources = entries.into_iter();
    Ok(resources.filter_map(|mut entry| Some(entry.get_mut("resource")?.take())).collect())
}
