//! Whether two stores hold the same registry, and what differs, by kind and name.

use std::{collections::BTreeMap, fmt};

use registry::{
    account::TokenKey,
    audit::ArchivedEvent,
    batch::Mentioned,
    event::EventBody,
    ids::{ContentHash, Revision},
    state::{GoldenState, RecordState},
    stored::PatientTags,
};
use store::{AuditLog, Opened, Reader, StoreError, Window};

use super::copy::all_accounts;

/// Rows read at once.
const PAGE_MAX: u32 = 1_000;

/// Versions of one record read at once; each may be as large as a request.
const VERSIONS_MAX: u64 = 20;

/// One thing that is not the same in both stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its kind, such as `record`.
    pub kind: &'static str,
    /// Which one, by our own name for it.
    pub name: String,
    /// In what it differs.
    pub what: &'static str,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.kind, self.name, self.what)
    }
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Things looked at, of all kinds.
    pub compared: u64,
    /// How many differ.
    pub total: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
    at_most: usize,
}

impl Comparison {
    /// Whether the stores are equal.
    pub fn is_equal(&self) -> bool {
        self.total == 0
    }

    fn note(&mut self, kind: &'static str, name: impl fmt::Display, what: &'static str) {
        self.total += 1;
        if self.differences.len() < self.at_most {
            self.differences.push(Difference { kind, name: name.to_string(), what });
        }
    }

    /// Compares two lists by a name; `what` tells in what two of the same name differ.
    fn lists<T: PartialEq, N: Ord + fmt::Display>(
        &mut self,
        kind: &'static str,
        (a, b): (Vec<T>, Vec<T>),
        name: impl Fn(&T) -> N,
    ) {
        let mut others: BTreeMap<N, T> = b.into_iter().map(|one| (name(&one), one)).collect();
        for one in a {
            self.compared += 1;
            match others.remove(&name(&one)) {
                None => self.note(kind, name(&one), "only in the first"),
                Some(other) if other == one => {}
                Some(_) => self.note(kind, name(&one), "differs"),
            }
        }
        for name in others.into_keys() {
            self.note(kind, name, "only in the second");
        }
    }
}

/// Compares everything but sessions and what is only made from the rest; tells `at_most`
/// differences, and `progress` hears a line now and then.
///
/// # Errors
///
/// [`StoreError`] if a store cannot be read.
pub async fn compare(
    a: &Opened,
    b: &Opened,
    at_most: usize,
    progress: &mut (dyn FnMut(&str) + Send),
) -> Result<Comparison, StoreError> {
    let mut found = Comparison { at_most, ..Comparison::default() };
    let readers: (&dyn Reader, &dyn Reader) = (&*a.store, &*b.store);
    progress("comparing events and explanations");
    events(readers, &mut found).await?;
    progress("comparing records and their versions");
    records(readers, &mut found).await?;
    progress("comparing golden records and their versions");
    goldens(readers, &mut found).await?;
    progress("comparing issues, pairs, the audit log and accounts");
    issues(readers, &mut found).await?;
    let pairs = (a.store.broken_pairs().await?, b.store.broken_pairs().await?);
    found.lists("pair", pairs, |pair| format!("{} {}", pair.low(), pair.high()));
    let heads = (a.store.head().await?, b.store.head().await?);
    if heads.0 != heads.1 {
        found.note("head", heads.0.revision, "differs");
    }
    audit((&*a.store, &*b.store), &mut found).await?;
    archive((&*a.store, &*b.store), &mut found).await?;
    let (of_a, _) = a.accounts.accounts(all_accounts()).await?;
    let (of_b, _) = b.accounts.accounts(all_accounts()).await?;
    found.lists("account", (of_a, of_b), |account| account.id.to_string());
    let keys = (a.accounts.token_keys().await?, b.accounts.token_keys().await?);
    found.lists("token key", keys, |key: &TokenKey| key.id.clone());
    Ok(found)
}

/// Two readers.
type Both<'r> = (&'r dyn Reader, &'r dyn Reader);

async fn events((a, b): Both<'_>, found: &mut Comparison) -> Result<(), StoreError> {
    let mut after = Revision(0);
    loop {
        let mut of_a = a.events_after(after, PAGE_MAX).await?;
        let mut of_b = b.events_after(after, PAGE_MAX).await?;
        let ends = (of_a.last().map(|it| it.revision), of_b.last().map(|it| it.revision));
        // A longer page goes as far as the shorter, unless that is the end of its list.
        let Some(last) = shorter(ends) else { return Ok(()) };
        of_a.retain(|event| event.revision <= last);
        of_b.retain(|event| event.revision <= last);
        after = last;
        let mut hashes: Vec<ContentHash> = Vec::new();
        for event in &of_a {
            let Ok(body) = serde_json::from_str::<EventBody>(&event.body) else {
                found.note("event", event.revision, "cannot be read");
                continue;
            };
            let mut mentioned = Mentioned::default();
            mentioned.add(&body.changes);
            hashes.extend(mentioned.explanations);
        }
        found.lists("event", (of_a, of_b), |event| event.revision);
        let texts = a.explanations(&hashes).await?.into_iter().zip(b.explanations(&hashes).await?);
        for (hash, (of_a, of_b)) in hashes.iter().zip(texts) {
            if of_a != of_b || of_a.is_none() {
                found.note("explanation", hash, "differs or is missing");
            }
        }
    }
}

/// How far two pages can be compared: to the end of the one that ends first.
fn shorter<T: Ord>(ends: (Option<T>, Option<T>)) -> Option<T> {
    match ends {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

async fn records((a, b): Both<'_>, found: &mut Comparison) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let mut of_a = a.records_after(after, PAGE_MAX).await?;
        let mut of_b = b.records_after(after, PAGE_MAX).await?;
        let end = |page: &[(RecordState, String)]| page.last().map(|(state, _)| state.number);
        let Some(last) = shorter((end(&of_a), end(&of_b))) else { return Ok(()) };
        of_a.retain(|(state, _)| state.number <= last);
        of_b.retain(|(state, _)| state.number <= last);
        after = Some(last);
        let ids: Vec<String> = of_a.iter().map(|(state, _)| state.id.to_string()).collect();
        for (state, _) in &of_a {
            versions((a, b), state, found).await?;
        }
        found.lists("record", (of_a, of_b), |(state, _)| state.id.clone());
        tags((a, b), &ids, found).await?;
    }
}

async fn versions(
    (a, b): Both<'_>,
    state: &RecordState,
    found: &mut Comparison,
) -> Result<(), StoreError> {
    let mut offset = 0;
    loop {
        let window = Window { offset, limit: VERSIONS_MAX };
        let (of_a, total) = a.record_history(&state.id, window).await?;
        let (of_b, _) = b.record_history(&state.id, window).await?;
        if of_a != of_b {
            found.note("versions of record", &state.id, "differ");
            return Ok(());
        }
        offset += VERSIONS_MAX;
        found.compared += of_a.len() as u64;
        if offset >= total {
            return Ok(());
        }
    }
}

async fn tags((a, b): Both<'_>, ids: &[String], found: &mut Comparison) -> Result<(), StoreError> {
    let both = (a.tags_of(ids).await?, b.tags_of(ids).await?);
    found.lists("tags of", both, |tags: &PatientTags| tags.id.clone());
    Ok(())
}

async fn goldens((a, b): Both<'_>, found: &mut Comparison) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let mut of_a = a.goldens_after(after, PAGE_MAX).await?;
        let mut of_b = b.goldens_after(after, PAGE_MAX).await?;
        let end = |page: &[GoldenState]| page.last().map(|state| state.number);
        let Some(last) = shorter((end(&of_a), end(&of_b))) else { return Ok(()) };
        of_a.retain(|state| state.number <= last);
        of_b.retain(|state| state.number <= last);
        after = Some(last.0);
        let ids: Vec<String> = of_a.iter().map(|state| state.id.to_string()).collect();
        for state in &of_a {
            // One as changed by hundreds of events has hundreds of small versions.
            let all = Window { offset: 0, limit: u64::from(state.version) };
            let both =
                (a.golden_history(&state.id, all).await?, b.golden_history(&state.id, all).await?);
            if both.0 != both.1 {
                found.note("versions of golden record", &state.id, "differ");
            }
        }
        found.lists("golden record", (of_a, of_b), |state| state.id.clone());
        tags((a, b), &ids, found).await?;
    }
}

async fn issues((a, b): Both<'_>, found: &mut Comparison) -> Result<(), StoreError> {
    let mut offset = 0;
    loop {
        let window = Window { offset, limit: u64::from(PAGE_MAX) };
        let both = (a.open_issues(window).await?, b.open_issues(window).await?);
        if both.0.is_empty() && both.1.is_empty() {
            return Ok(());
        }
        offset += window.limit;
        found.lists("issue", both, |issue| issue.id.clone());
    }
}

async fn audit(
    (a, b): (&dyn AuditLog, &dyn AuditLog),
    found: &mut Comparison,
) -> Result<(), StoreError> {
    let ends = (a.audit_ends().await?, b.audit_ends().await?);
    if ends.0 != ends.1 {
        found.note("audit log", ends.0.1.number, "begins or ends elsewhere");
    }
    let mut after = 0;
    loop {
        let mut of_a = a.audit_after(after, PAGE_MAX).await?;
        let mut of_b = b.audit_after(after, PAGE_MAX).await?;
        let ends = (of_a.last().map(|it| it.number), of_b.last().map(|it| it.number));
        let Some(last) = shorter(ends) else { return Ok(()) };
        of_a.retain(|record| record.number <= last);
        of_b.retain(|record| record.number <= last);
        after = last;
        found.lists("audit entry", (of_a, of_b), |record| record.number);
    }
}

async fn archive(
    (a, b): (&dyn Reader, &dyn Reader),
    found: &mut Comparison,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        // As both are in the order of ids, the first page that differs tells.
        let of_a = a.archived_after(&after, PAGE_MAX).await?;
        let of_b = b.archived_after(&after, PAGE_MAX).await?;
        if of_a != of_b {
            let from = if after.is_empty() { "the first".to_owned() } else { after };
            found.note("archived events", from, "and what follows differ");
            return Ok(());
        }
        let Some(last) = of_a.last() else { return Ok(()) };
        let event = serde_json::from_str(last).ok().and_then(ArchivedEvent::of);
        let event = event.ok_or_else(|| StoreError::Damaged("an archived event".to_owned()))?;
        after = event.id;
    }
}
