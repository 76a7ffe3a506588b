//! Checks a whole store: event chain, replay against tables, every promise, every content.
//!
//! `opencr verify` is this function with a face. Nothing is mended here, only found.

use std::collections::BTreeSet;

use registry::{
    event::Head,
    ids::ContentHash,
    render,
    standing::{Moment, Standing},
    state::{MatchIssue, RecordState},
    verify::{Comparison, broken_promises},
    vocabulary::Vocabulary,
};
use store::{Reader, StoreError, Window};

/// Rows read at once.
const PAGE_MAX: u32 = 2_000;

/// Versions of one record read at once; each may be as large as a request.
const VERSIONS_MAX: u64 = 20;

/// Findings told at the most: with more of them, the first ones tell enough.
const FINDINGS_MAX: usize = 1_000;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Events read.
    pub events: u64,
    /// Source records read, withdrawn ones included.
    pub records: u64,
    /// Golden records read, of whatever status.
    pub goldens: u64,
    /// Open issues read.
    pub issues: u64,
    /// What is wrong, in words and without patients' data; empty if all is well.
    pub findings: Vec<String>,
}

impl Report {
    /// Whether nothing was found wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// Checks everything in the store; `progress` hears a line now and then.
///
/// # Errors
///
/// [`StoreError`] if the store cannot be read at all; what can be read and is wrong is in the
/// report.
pub async fn verify(
    reader: &dyn Reader,
    vocabulary: &Vocabulary,
    progress: &mut (dyn FnMut(&str) + Send),
) -> Result<Report, StoreError> {
    let mut report = Report::default();
    progress("checking the database's own structure");
    report.findings.extend(reader.check_structure().await?);
    progress("following the event chain");
    let Some(replayed) = replay(reader, &mut report).await? else { return Ok(report) };
    progress("reading records, golden records and issues");
    let compared = read_all(reader, vocabulary, replayed, &mut report).await?;
    progress("comparing the tables with the events, and checking every promise");
    let (differences, stored) = compared.end();
    for finding in differences.into_iter().chain(broken_promises(&stored)) {
        report.find(finding);
    }
    progress("checking that every decision has its explanation");
    check_explanations(reader, &stored, &mut report).await?;
    Ok(report)
}

/// The state that the events say, or `None` if the chain is broken.
async fn replay(reader: &dyn Reader, report: &mut Report) -> Result<Option<Standing>, StoreError> {
    let stored_head = reader.head().await?;
    let mut head = Head::start();
    let mut state = Standing::default();
    loop {
        let page = reader.events_after(head.revision, PAGE_MAX).await?;
        if page.is_empty() {
            break;
        }
        for event in &page {
            match head.follow(event) {
                Ok(body) => state.apply(Moment::from(&body), &body.changes),
                Err(error) => {
                    report.find(format!("event chain: {error}"));
                    return Ok(None);
                }
            }
            report.events += 1;
        }
    }
    if head != stored_head {
        report.find(format!(
            "the store says that it is at revision {}, the events end at {}",
            stored_head.revision, head.revision
        ));
    }
    Ok(Some(state))
}

async fn read_all(
    reader: &dyn Reader,
    vocabulary: &Vocabulary,
    replayed: Standing,
    report: &mut Report,
) -> Result<Comparison, StoreError> {
    let mut compared = Comparison::new(replayed);
    read_issues(reader, &mut compared, report).await?;
    compared.pairs(reader.broken_pairs().await?);
    read_goldens(reader, &mut compared, report).await?;
    let mut after = None;
    loop {
        let page = reader.records_after(after, PAGE_MAX).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.number);
        report.records += page.len() as u64;
        for (record, content) in &page {
            check_content(reader, record, content, report).await?;
        }
        check_tags(reader, &page, compared.state(), vocabulary, report).await?;
        page.into_iter().for_each(|(record, _)| compared.record(record));
    }
    Ok(compared)
}

async fn read_issues(
    reader: &dyn Reader,
    compared: &mut Comparison,
    report: &mut Report,
) -> Result<(), StoreError> {
    loop {
        let window = Window { offset: report.issues, limit: u64::from(PAGE_MAX) };
        let page = reader.open_issues(window).await?;
        if page.is_empty() {
            return Ok(());
        }
        report.issues += page.len() as u64;
        page.into_iter().for_each(|issue| compared.issue(issue));
    }
}

async fn read_goldens(
    reader: &dyn Reader,
    compared: &mut Comparison,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = reader.goldens_after(after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.number.0);
        report.goldens += page.len() as u64;
        for golden in page {
            let window = Window { offset: 0, limit: 1 };
            let (newest, versions) = reader.golden_history(&golden.id, window).await?;
            if versions != u64::from(golden.version) || newest.first() != Some(&golden) {
                report.find(format!("the versions of golden {} are not complete", golden.id));
            }
            compared.golden(golden);
        }
    }
}

/// Checks every version of a record: none is missing, and none was altered.
async fn check_content(
    reader: &dyn Reader,
    record: &RecordState,
    content: &str,
    report: &mut Report,
) -> Result<(), StoreError> {
    if ContentHash::of(content) != record.content {
        report.find(format!("the content of record {} was altered", record.id));
    }
    let mut expected = record.version;
    let mut offset = 0;
    while expected > 0 {
        let window = Window { offset, limit: VERSIONS_MAX };
        let (versions, total) = reader.record_history(&record.id, window).await?;
        if total != u64::from(record.version) || versions.is_empty() {
            report.find(format!("the versions of record {} are not complete", record.id));
            return Ok(());
        }
        offset += versions.len() as u64;
        for stored in versions {
            let is_sound = stored.version.version == expected
                && stored.version.content == ContentHash::of(&stored.content);
            if !is_sound {
                report.find(format!("version {expected} of record {} was altered", record.id));
            }
            expected = expected.saturating_sub(1);
        }
    }
    Ok(())
}

async fn check_tags(
    reader: &dyn Reader,
    page: &[(RecordState, String)],
    state: &Standing,
    vocabulary: &Vocabulary,
    report: &mut Report,
) -> Result<(), StoreError> {
    let ids: Vec<String> = page.iter().map(|(record, _)| record.id.to_string()).collect();
    let stored: std::collections::HashMap<_, _> =
        reader.tags_of(&ids).await?.into_iter().map(|tags| (tags.id, tags.tags)).collect();
    for (record, _) in page {
        let kinds = render::issue_kinds(&record.id, state.issues_of(&record.id));
        let expected = render::tags(record, &kinds, vocabulary);
        if stored.get(record.id.as_str()) != Some(&expected) {
            report.find(format!("searches see other tags of record {} than it has", record.id));
        }
    }
    Ok(())
}

async fn check_explanations(
    reader: &dyn Reader,
    state: &Standing,
    report: &mut Report,
) -> Result<(), StoreError> {
    let of_links = state.records().filter_map(|record| record.basis.evidence.as_ref());
    let of_issues = state.issues().map(|issue: &MatchIssue| &issue.evidence);
    let hashes: BTreeSet<&ContentHash> =
        of_links.chain(of_issues).map(|evidence| &evidence.explanation).collect();
    for hash in hashes {
        match reader.explanation(hash).await? {
            None => report.find(format!("explanation {hash} is missing")),
            Some(text) if ContentHash::of(&text) != *hash => {
                report.find(format!("explanation {hash} was altered"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
