//! What an OpenCR store holds becomes a plan of what to take over, with every id and CRUID.
//!
//! Links are OpenCR's, not judged anew. What contradicts itself is left out and named, by ids.

use std::collections::{BTreeMap, BTreeSet};

use fhir::resource::{Resource, is_valid_id};
use serde_json::Value;

use crate::{
    adjudicate::Rematched,
    commit::{Change, TagKey},
    decide::{Decision, Outcome},
    event::Verb,
    ids::{ClientId, Cruid, GoldenNumber, RecordId, RecordNumber, Revision, SourceKey, Timestamp},
    record::{self, SourceRecord},
    state::{BasisKind, BrokenPair, GoldenStatus, IssueKind, LinkBasis},
    vocabulary::Vocabulary,
};

/// A source record to take over.
#[derive(Clone, Debug)]
pub struct Adopted {
    /// Its id in OpenCR, which it keeps.
    pub id: RecordId,
    /// Its content and identity.
    pub record: SourceRecord,
    /// The golden record that OpenCR linked it to.
    pub golden: Cruid,
    /// When OpenCR changed it last.
    pub at: Timestamp,
    /// A person has decided about it.
    pub is_adjudicated: bool,
}

/// A record that OpenCR wanted somebody to look at. It does not say because of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The record.
    pub record: RecordId,
    /// Why.
    pub kinds: BTreeSet<IssueKind>,
    /// When OpenCR changed the record last.
    pub at: Timestamp,
}

/// What to take over, in the order in which it can be written.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Source records, those changed first before the others.
    pub records: Vec<Adopted>,
    /// Golden records without members, each after the one that replaces it.
    pub emptied: Vec<(Cruid, Option<Cruid>, Timestamp)>,
    /// Pairs declared different.
    pub pairs: BTreeSet<BrokenPair>,
    /// Records flagged for review, those changed first before the others.
    pub flags: Vec<Flag>,
    /// What cannot be taken over as it is, and why; ids only.
    pub left_out: Vec<String>,
}

/// The Patients of an OpenCR store.
#[derive(Debug, Default)]
pub struct Export {
    sources: BTreeMap<String, Resource>,
    goldens: BTreeMap<String, Golden>,
    left_out: Vec<String>,
}

#[derive(Debug)]
struct Golden {
    at: Timestamp,
    members: BTreeSet<String>,
    replaced_by: Option<String>,
}

impl Export {
    /// Takes in one Patient, with its `meta` as OpenCR's store gives it.
    pub fn add(&mut self, patient: Resource, vocabulary: &Vocabulary) {
        let id = patient.id().filter(|id| is_valid_id(id)).map(str::to_owned);
        let Some(id) = id else {
            self.left_out.push("a Patient without an id that FHIR allows".to_owned());
            return;
        };
        if self.sources.contains_key(&id) || self.goldens.contains_key(&id) {
            self.left_out.push(format!("Patient/{id} appears twice; the first one counts"));
            return;
        }
        if has_tag(&patient, None, &vocabulary.golden_code) {
            let links = |kind: &str| links(&patient, kind).collect::<BTreeSet<_>>();
            let golden = Golden {
                at: last_updated(&patient),
                members: links("seealso"),
                replaced_by: links("replaced-by").pop_first(),
            };
            self.goldens.insert(id, golden);
        } else {
            self.sources.insert(id, patient);
        }
    }

    /// How many source records and golden records came in.
    pub fn counts(&self) -> (usize, usize) {
        (self.sources.len(), self.goldens.len())
    }

    /// Decides what of it can be taken over.
    pub fn plan(mut self, vocabulary: &Vocabulary) -> Plan {
        let mut plan = Plan { left_out: std::mem::take(&mut self.left_out), ..Plan::default() };
        let mut wanted = Vec::new();
        let mut identities: BTreeMap<SourceKey, RecordId> = BTreeMap::new();
        for (id, patient) in std::mem::take(&mut self.sources) {
            let broken: Vec<String> = broken(&patient, vocabulary).collect();
            match self.adopt(&id, patient, vocabulary, &mut plan.left_out) {
                Ok((adopted, kinds)) => match identities.get(&adopted.record.source) {
                    Some(other) => plan.left_out.push(format!(
                        "Patient/{id} has the identifier by which Patient/{other} is known already"
                    )),
                    None => {
                        identities.insert(adopted.record.source.clone(), adopted.id.clone());
                        wanted.extend(broken.into_iter().map(|other| (id.clone(), other)));
                        if !kinds.is_empty() {
                            let (record, at) = (adopted.id.clone(), adopted.at);
                            plan.flags.push(Flag { record, kinds, at });
                        }
                        plan.records.push(adopted);
                    }
                },
                Err(why) => plan.left_out.push(format!("Patient/{id} {why}")),
            }
        }
        plan.records.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        plan.flags.sort_by(|a, b| (a.at, &a.record).cmp(&(b.at, &b.record)));
        plan.keep_pairs(wanted);
        self.keep_emptied(&mut plan);
        plan
    }

    fn adopt(
        &self,
        id: &str,
        mut patient: Resource,
        vocabulary: &Vocabulary,
        left_out: &mut Vec<String>,
    ) -> Result<(Adopted, BTreeSet<IssueKind>), String> {
        let linked: BTreeSet<String> = links(&patient, "refer").collect();
        let mut known = linked.iter().filter(|golden| self.goldens.contains_key(*golden));
        let golden = match (known.next(), known.next(), linked.first()) {
            (Some(golden), None, _) => golden,
            (Some(_), Some(_), _) => {
                return Err(format!("is linked to {} golden records", linked.len()));
            }
            (None, _, Some(missing)) => {
                return Err(format!("is linked to Patient/{missing}, no golden record here"));
            }
            (None, _, None) => return Err("is linked to no golden record".to_owned()),
        };
        if !self.goldens[golden].members.contains(id) {
            left_out.push(format!(
                "Patient/{golden} did not link back to Patient/{id}; the record's own link is kept"
            ));
        }
        let flags = flags(&patient, vocabulary);
        let client = client(&patient, vocabulary).ok_or("names no client that submitted it")?;
        let at = last_updated(&patient);
        let (system, code) = (vocabulary.adjudication_system(), "humanAdjudication");
        let is_adjudicated = has_tag(&patient, Some(&system), code);
        // OpenCR's own tags need not be right: it writes an empty `display` without a name.
        record::strip(&mut patient, vocabulary);
        let record =
            SourceRecord::decode(patient, None, &client, vocabulary).map_err(|issues| {
                let places = issues.into_iter().flat_map(|issue| issue.expression);
                format!("cannot be taken: see {}", places.collect::<Vec<_>>().join(", "))
            })?;
        let (id, golden) = (RecordId::new(id), Cruid::new(golden.as_str()));
        Ok((Adopted { id, record, golden, at, is_adjudicated }, flags))
    }

    /// Golden records without members: replaced, each after its successor, or retired.
    fn keep_emptied(&self, plan: &mut Plan) {
        let mut kept: BTreeSet<String> =
            plan.records.iter().map(|adopted| adopted.golden.to_string()).collect();
        let mut rest: BTreeMap<&String, &Golden> =
            self.goldens.iter().filter(|(id, _)| !kept.contains(*id)).collect();
        loop {
            let next = rest.iter().find(|(_, golden)| match &golden.replaced_by {
                Some(other) => kept.contains(other),
                None => true,
            });
            // What is left then follows a golden record that is missing, or goes in a circle.
            let Some(id) = next.or_else(|| rest.iter().next()).map(|(id, _)| *id) else { break };
            let golden = rest[id];
            rest.remove(id);
            let by = golden.replaced_by.as_ref().filter(|other| kept.contains(*other));
            if by.is_none() {
                plan.left_out.push(format!("Patient/{id} leads to no record; it is kept, retired"));
            }
            kept.insert(id.clone());
            let by = by.map(|other| Cruid::new(other.as_str()));
            plan.emptied.push((Cruid::new(id.as_str()), by, golden.at));
        }
    }
}

impl Plan {
    fn keep_pairs(&mut self, wanted: Vec<(String, String)>) {
        let homes: BTreeMap<&str, &Cruid> =
            self.records.iter().map(|adopted| (adopted.id.as_str(), &adopted.golden)).collect();
        for (a, b) in wanted {
            let why = match (homes.get(a.as_str()), homes.get(b.as_str())) {
                (Some(home), Some(other)) if home != other => {
                    let pair = BrokenPair::new(RecordId::new(a), RecordId::new(b));
                    self.pairs.insert(pair);
                    continue;
                }
                (Some(_), Some(_)) => "both are linked to one golden record",
                _ => "the other record is not here",
            };
            self.left_out.push(format!("the broken match of Patient/{a} and Patient/{b}: {why}"));
        }
    }
}

/// Creates a record, and its golden record if `golden` gives a number for it.
pub fn adopt_record(
    adopted: &Adopted,
    number: RecordNumber,
    golden: Option<GoldenNumber>,
    revision: Revision,
) -> Decision {
    let home = adopted.golden.clone();
    let kind = match (adopted.is_adjudicated, golden) {
        (true, _) => BasisKind::Adjudicated,
        (false, Some(_)) => BasisKind::Alone,
        (false, None) => BasisKind::Auto,
    };
    let mut changes: Vec<Change> = Vec::new();
    changes.extend(golden.map(|number| Change::CreateGolden { golden: home.clone(), number }));
    changes.push(Change::CreateRecord {
        record: adopted.id.clone(),
        number,
        source: adopted.record.source.clone(),
        client: adopted.record.client.clone(),
        content: adopted.record.content.hash.clone(),
        golden: home,
        basis: LinkBasis { kind, revision, evidence: None },
    });
    if adopted.is_adjudicated {
        changes.push(Change::Adjudicate { record: adopted.id.clone() });
    }
    let decision = adopt_changes(changes);
    Decision {
        content: Some(adopted.record.content.clone()),
        subjects: vec![adopted.id.clone()],
        ..decision
    }
}

/// Creates a golden record that stands for nobody any more.
pub fn adopt_emptied(
    golden: &Cruid,
    replaced_by: Option<&Cruid>,
    number: GoldenNumber,
) -> Decision {
    let (golden, replaced_by) = (golden.clone(), replaced_by.cloned());
    adopt_changes(vec![
        Change::CreateGolden { golden: golden.clone(), number },
        Change::RetireGolden { golden, replaced_by },
    ])
}

/// Declares a pair different, as a person did in OpenCR.
pub fn adopt_pair(pair: &BrokenPair) -> Decision {
    adopt_changes(vec![Change::BreakPair { pair: pair.clone() }])
}

/// Opens the issues that flags of `record` became.
pub fn adopt_flags(record: &RecordId, opened: Rematched) -> Decision {
    let decision = adopt_changes(opened.changes);
    Decision { explanations: opened.explanations, subjects: vec![record.clone()], ..decision }
}

/// The status of a golden record without members.
pub fn emptied_status(replaced_by: Option<&Cruid>) -> GoldenStatus {
    replaced_by.map_or(GoldenStatus::Retired, |other| GoldenStatus::Replaced(other.clone()))
}

fn adopt_changes(changes: Vec<Change>) -> Decision {
    Decision {
        verb: Verb::Adopt,
        changes,
        content: None,
        explanations: Vec::new(),
        subjects: Vec::new(),
        outcome: Outcome::Created,
        candidates_total: None,
    }
}

fn items<'a>(patient: &'a Resource, pointer: &str) -> impl Iterator<Item = &'a Value> {
    patient.value().pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn tag_keys(patient: &Resource) -> impl Iterator<Item = TagKey> {
    items(patient, "/meta/tag").filter_map(|tag| {
        let text = |member: &str| tag.get(member).and_then(Value::as_str).map(str::to_owned);
        Some(TagKey { system: text("system"), code: text("code")? })
    })
}

fn has_tag(patient: &Resource, system: Option<&str>, code: &str) -> bool {
    tag_keys(patient)
        .any(|tag| tag.code == code && (system.is_none() || tag.system.as_deref() == system))
}

fn flags(patient: &Resource, vocabulary: &Vocabulary) -> BTreeSet<IssueKind> {
    let kinds = IssueKind::ALL.into_iter();
    let is_there = |kind: &IssueKind| {
        let (system, code, _) = vocabulary.issue_tag(*kind);
        has_tag(patient, Some(&system), code)
    };
    kinds.filter(is_there).collect()
}

fn client(patient: &Resource, vocabulary: &Vocabulary) -> Option<ClientId> {
    let system = vocabulary.client_system();
    let tag = tag_keys(patient).find(|tag| tag.system.as_deref() == Some(&system));
    tag.map(|tag| ClientId::new(tag.code))
}

fn links(patient: &Resource, kind: &str) -> impl Iterator<Item = String> {
    items(patient, "/link").filter_map(move |link| {
        let is_right = link.get("type").and_then(Value::as_str) == Some(kind);
        is_right.then(|| id_of(link.pointer("/other/reference")?)).flatten()
    })
}

fn broken(patient: &Resource, vocabulary: &Vocabulary) -> impl Iterator<Item = String> {
    items(patient, "/extension").filter_map(|extension| {
        let url = extension.get("url").and_then(Value::as_str);
        let is_right = url == Some(&vocabulary.broken_match_url);
        is_right.then(|| id_of(extension.pointer("/valueReference/reference")?)).flatten()
    })
}

/// The id in a reference to a Patient, whether relative, absolute or to a version.
fn id_of(reference: &Value) -> Option<String> {
    let text = reference.as_str()?;
    let id = text.rsplit_once("Patient/").map_or(text, |(_, id)| id);
    Some(id.split('/').next().unwrap_or(id).to_owned())
}

/// When a store changed it last; the beginning of time if it does not say.
fn last_updated(patient: &Resource) -> Timestamp {
    let text = patient.value().pointer("/meta/lastUpdated").and_then(Value::as_str);
    let moment = text.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    Timestamp(moment.map_or(0, jiff::Timestamp::as_microsecond))
}
