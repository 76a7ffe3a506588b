//! Finding records by the registry's own index: exact by the store's search, alike by the names that
//! the index knows.

use ::fhir::search::{clip, fold};
use registry::{
    ids::{Cruid, RecordId},
    likeness::{Likeness, Wanted},
    search::{Filter, Param, StringParam, TextMode},
    state::IssueKind,
};
use store::{FoundPersons, Sought};
use ui::pages::Terms;

use super::{
    super::Fault,
    grammar::{Meaning, Name, escaped},
};
use crate::{App, api::search::understand};

/// Records that are looked at; who fits more is to be described better.
pub(super) const RECORDS_MAX: u32 = 1_000;
/// Names with one first letter that are held against what was typed.
const WORDS_MAX: u32 = 20_000;
/// Names that are looked for instead of one that was typed, the most alike.
const ALIKE_MAX: usize = 40;

/// Who was found; `limit` records are looked at.
pub(super) async fn persons(
    app: &App,
    terms: &Terms,
    meaning: &Meaning,
    limit: u32,
) -> Result<FoundPersons, Fault> {
    let mut pairs = meaning.pairs.clone();
    pairs.extend(filters(app, terms));
    let mut filters = Vec::new();
    for name in &meaning.names {
        match terms.of("spelling") {
            "exact" => pairs.push((format!("{}:exact", name.param), escaped(&name.text))),
            "alike" => filters.push(alike(app, name).await?),
            _ => pairs.push((name.param.to_owned(), escaped(&name.text))),
        }
    }
    let is_broken = terms.of("flag") == "broken";
    if let Some(id) = &meaning.id {
        let persons = of_id(app, id).await?;
        let others = [!meaning.cruid_start.is_empty(), is_broken, meaning.number.is_some()];
        if pairs.is_empty() && filters.is_empty() && !others.contains(&true) {
            return Ok(FoundPersons { persons, is_cut: false });
        }
        filters.push(Filter::Link(persons.iter().map(ToString::to_string).collect()));
    }
    let mut all = FoundPersons::default();
    for number in numbers(meaning) {
        let pairs: Vec<_> = pairs.iter().cloned().chain(number).collect();
        let mut sought = Sought {
            filters: understand(app, &pairs, true)?.filters,
            cruid_start: meaning.cruid_start.clone(),
            is_broken,
        };
        sought.filters.extend(filters.iter().cloned());
        let found = app.reader().persons(&sought, limit).await?;
        all.is_cut |= found.is_cut;
        let new = found.persons.into_iter().filter(|cruid| !all.persons.contains(cruid));
        let new: Vec<Cruid> = new.collect();
        all.persons.extend(new);
    }
    Ok(all)
}

/// A number is looked for among phones, and among identifiers; without one there is one search.
fn numbers(meaning: &Meaning) -> Vec<Option<(String, String)>> {
    let Some(number) = &meaning.number else { return vec![None] };
    let pair = |name: &str, value: String| Some((name.to_owned(), value));
    vec![pair("phone", escaped(number)), pair("identifier", escaped(number))]
}

/// Conditions that say nothing of a person.
fn filters(app: &App, terms: &Terms) -> Vec<(String, String)> {
    let vocabulary = &app.pipeline().settings().vocabulary;
    let tag = |system: &str, code: &str| ("_tag".to_owned(), format!("{system}|{}", escaped(code)));
    let issue = |kind| {
        let (system, code, _) = vocabulary.issue_tag(kind);
        tag(&system, code)
    };
    let mut pairs = Vec::new();
    if !terms.of("source").is_empty() {
        pairs.push(tag(&vocabulary.client_system(), terms.of("source")));
    }
    match terms.of("flag") {
        "potential" => pairs.push(issue(IssueKind::Potential)),
        "conflict" => pairs.push(issue(IssueKind::Conflict)),
        "auto" => pairs.push(issue(IssueKind::Auto)),
        "human" => pairs.push(tag(&vocabulary.adjudication_system(), "humanAdjudication")),
        _ => {}
    }
    pairs
}

/// Names that are like one: what was typed, and those that the index knows with its first letter.
async fn alike(app: &App, name: &Name) -> Result<Filter, Fault> {
    let wanted = fold(&name.text);
    let (param, kinds): (_, &[Param]) = match name.param {
        "family" => (StringParam::Family, &[Param::Family]),
        "given" => (StringParam::Given, &[Param::Given]),
        _ => (StringParam::Name, &[Param::Family, Param::Given]),
    };
    let start: String = wanted.chars().take(1).collect();
    let measure = Wanted::new(wanted.as_str());
    let mut close: Vec<(f64, String)> = Vec::new();
    for kind in kinds {
        for word in app.reader().words(*kind, &start, WORDS_MAX).await? {
            let closeness = match measure.likeness(&word) {
                Some(Likeness::Sounds) => 0.95,
                Some(Likeness::Similar(similarity)) => similarity,
                // What begins so is found as it was typed.
                Some(Likeness::Same | Likeness::Begins) | None => continue,
            };
            close.push((closeness, word));
        }
    }
    close.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    close.dedup_by(|a, b| a.1 == b.1);
    let words = close.into_iter().take(ALIKE_MAX).map(|(_, word)| word);
    let any = std::iter::once(clip(&wanted).to_owned()).chain(words).collect();
    Ok(Filter::Text { param, mode: TextMode::Starts, any })
}

/// The person with this CRUID, in use or not, or with this record.
async fn of_id(app: &App, id: &str) -> Result<Vec<Cruid>, Fault> {
    let golden = app.reader().goldens(&[Cruid::new(id)]).await?;
    let records = app.reader().records(&[RecordId::new(id)]).await?;
    let of_record = records.into_iter().map(|state| state.golden);
    Ok(golden.into_iter().map(|golden| golden.id).chain(of_record).collect())
}
