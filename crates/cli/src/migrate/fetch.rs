//! An OpenCR's FHIR store read over HTTP: page by page into files of the data folder, so that a
//! cut connection costs a page and not the whole.
//!
//! Resources come in the order of their `lastUpdated`; a later run asks for what is as new as the
//! newest it has, and newer. In the end there must be as many as the store counts.

mod client;
mod spool;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{backup::pace::Pace, usage};
use client::Client;
pub(super) use spool::Spool;

/// What is fetched.
const KINDS: [&str; 3] = ["Patient", "Person", "AuditEvent"];
/// What is only counted, so that the report can tell of it.
const COUNTED: [&str; 2] = ["DocumentReference", "Provenance"];
/// Resources of one page.
const PAGE: usize = 200;

/// Where an OpenCR's store is reached, and as whom.
#[derive(clap::Args)]
pub(super) struct Server {
    /// The user of the FHIR server, if it asks for one (HTTP Basic).
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The file of that user's password; without it the variable OPENCR_MIGRATE_PASSWORD.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The CA of the FHIR server's certificate, in PEM, if browsers do not know it.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// What has come in, and how much of other kinds there is.
pub(super) struct Fetched {
    /// One file a kind.
    pub(super) spools: Vec<Spool>,
    /// Kinds that are not taken over, and how many of each; `None` where the server does not tell.
    pub(super) others: Vec<(&'static str, Option<u64>)>,
}

/// Fetches everything from the server at `base` into `folder`, or what an earlier run left over.
pub(super) fn fetch(base: &str, server: &Server, folder: &Path) -> anyhow::Result<Fetched> {
    let client = Client::of(base, server)?;
    let mut spools = Vec::new();
    for kind in KINDS {
        let total = client.count(kind)?;
        let mut spool = Spool::open(folder, client.base(), kind)?;
        let is_resumed = !spool.is_empty();
        if is_resumed {
            eprintln!("{} of {total} {kind} are here from an earlier run", spool.len());
        }
        read_pages(&client, &mut spool, kind, total)?;
        if is_resumed {
            // What was deleted there since is in no page of what is new.
            let gone = spool.keep_only(&ids(&client, kind)?);
            if gone > 0 {
                eprintln!("{gone} of {kind} have been deleted there since the earlier run");
            }
        }
        let (got, total) = (spool.len(), client.count(kind)?);
        if got != total {
            return Err(usage(format!(
                "the server counts {total} of {kind} and gave {got}: stop what writes to it, delete \
                 {} and run this again",
                folder.display()
            )));
        }
        eprintln!("{got} of {kind} fetched");
        spools.push(spool);
    }
    let mut others = Vec::new();
    for kind in COUNTED {
        match client.count_if_known(kind) {
            Ok(None | Some(0)) => {}
            Ok(count) => others.push((kind, count)),
            Err(error) => {
                eprintln!("{kind} cannot be counted: {error}");
                others.push((kind, None));
            }
        }
    }
    Ok(Fetched { spools, others })
}

/// Deletes what was fetched, and nothing else that somebody may have put there.
pub(super) fn clear(folder: &Path) -> std::io::Result<()> {
    for kind in KINDS {
        spool::delete(folder, kind)?;
    }
    spool::delete_folder(folder)
}

/// The ids of all resources of a kind.
fn ids(client: &Client, kind: &str) -> anyhow::Result<HashSet<String>> {
    let mut ids = HashSet::new();
    let first = format!("{}/{kind}?_count={PAGE}&_elements=id&_sort=_lastUpdated", client.base());
    pages(client, first, kind, &mut |resources| {
        let found = resources.iter().filter_map(|resource| resource["id"].as_str());
        ids.extend(found.map(str::to_owned));
        Ok(())
    })?;
    Ok(ids)
}

fn read_pages(client: &Client, spool: &mut Spool, kind: &str, total: u64) -> anyhow::Result<()> {
    let since = spool.newest().map(|newest| format!("&_lastUpdated=ge{newest}"));
    let since = since.unwrap_or_default().replace('+', "%2B");
    let first = format!("{}/{kind}?_count={PAGE}&_sort=_lastUpdated{since}", client.base());
    let mut pace = Pace::new(match kind {
        "Patient" => "Patients fetched",
        _ => "others fetched",
    });
    pages(client, first, kind, &mut |resources| {
        spool.add(&resources)?;
        pace.tell(spool.len(), total);
        Ok(())
    })
}

/// Hands on the resources of a kind page by page, from the page at `first` on.
fn pages(
    client: &Client,
    first: String,
    kind: &str,
    take: &mut dyn FnMut(Vec<Value>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut next = Some(first);
    let mut pages = HashSet::new();
    while let Some(url) = next {
        let mut page = client.get(&url)?;
        let links = page["link"].as_array().cloned().unwrap_or_default();
        let following = links.iter().find(|link| link["relation"] == "next");
        next = following.and_then(|link| link["url"].as_str()).map(|url| client.own(url));
        if !pages.insert(url) {
            return Err(usage("the server's pages lead in a circle: its next links are at fault"));
        }
        let entries = page["entry"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let resources =
            entries.into_iter().filter_map(|mut entry| Some(entry.get_mut("resource")?.take()));
        take(resources.filter(|resource| resource["resourceType"] == kind).collect())?;
    }
    Ok(())
}
