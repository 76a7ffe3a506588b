//! What stewards have decided about pairs, as the store keeps it.
//!
//! Different are the pairs that are declared so. One person are a record that a person linked and
//! those whom its golden record then held: they have not been linked anew since.

use std::collections::{BTreeSet, HashMap};

use matching::train::Labels;
use registry::{
    ids::{Cruid, RecordId},
    state::{BasisKind, RecordState},
};
use store::{Reader, StoreError};

/// Golden records that are read at once.
const PAGE_GOLDENS: usize = 500;

/// Reads the judgements about records that were read; `decided` are the golden records to which
/// a person has linked a record.
pub(super) async fn read(
    reader: &dyn Reader,
    numbers: &HashMap<String, u32>,
    decided: &BTreeSet<Cruid>,
) -> Result<Labels, StoreError> {
    let numbered = |one: &RecordId, other: &RecordId| {
        let number = |id: &RecordId| numbers.get(id.as_str()).copied();
        number(one).zip(number(other))
    };
    let mut judgements = Vec::new();
    for pair in reader.broken_pairs().await? {
        // A record that is withdrawn was not read, and its pairs are counted as such.
        judgements.push((numbered(pair.low(), pair.high()), false));
    }
    let decided: Vec<Cruid> = decided.iter().cloned().collect();
    for page in decided.chunks(PAGE_GOLDENS) {
        for golden in reader.goldens(page).await? {
            let members: Vec<RecordId> = golden.members.iter().cloned().collect();
            let members = reader.records(&members).await?;
            let pairs = linked_by_a_person(&members);
            judgements.extend(pairs.map(|(one, other)| (numbered(&one.id, &other.id), true)));
        }
    }
    Ok(Labels::of(judgements))
}

/// Pairs of members of which a person linked one while the other was there, or came with it.
fn linked_by_a_person(
    members: &[RecordState],
) -> impl Iterator<Item = (&RecordState, &RecordState)> {
    members.iter().flat_map(move |one| {
        let is_decided = one.basis.kind == BasisKind::Adjudicated;
        let others = members.iter().filter(move |other| {
            is_decided && other.id != one.id && other.basis.revision <= one.basis.revision
        });
        others.map(move |other| (one, other))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fhir::resource::Resource;
    use pipeline::{Operation, Pipeline, Settings, Work, review::Case};
    use registry::{
        actor::Actor,
        adjudicate::{Adjudication, Grouping},
        batch::Receipt,
        extract::Extractor,
        ids::ClientId,
        state::BrokenPair,
    };
    use serde_json::json;
    use store::{MemoryStore, Store};

    use super::*;
    use crate::cohort;

    struct Registry {
        store: Arc<dyn Store>,
        pipeline: Pipeline,
        extractor: Extractor,
    }

    impl Registry {
        async fn start() -> Registry {
            let rules = matching::native::parse(crate::config::NATIVE_RULES).unwrap();
            let extractor = Extractor::compile(Arc::new(rules)).unwrap();
            let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
            let (kept, of) = (Arc::clone(&store), extractor.clone());
            let pipeline = Pipeline::start(kept, of, Settings::default()).await.unwrap();
            Registry { store, pipeline, extractor }
        }

        async fn carry_out(&self, operation: Operation) -> Vec<Receipt> {
            let actor = Actor::Job("test".into());
            let work = Work { operations: vec![operation], actor, is_atomic: true, once: None };
            self.pipeline.submit(work).await.unwrap().remove(0).unwrap()
        }

        async fn judge(&self, adjudication: Adjudication) {
            let case = Case::new(adjudication, Actor::Job("test".into()));
            self.pipeline.adjudicate(case).await.unwrap().unwrap();
        }

        /// Submits the same person under another number.
        async fn submit(&self, number: u32) -> RecordId {
            let patient = json!({
                "resourceType": "Patient",
                "identifier": [{"system": "http://clientregistry.org/openmrs",
                                "value": number.to_string()}],
                "name": [{"given": ["Amina"], "family": "Okello"}],
                "birthDate": "1990-02-03",
                "gender": "female",
                "telecom": [{"system": "phone", "value": "0772123456"}],
            });
            let patient = Resource::from_value(patient).unwrap();
            let client = ClientId::new("openmrs");
            let submission = self.pipeline.decode(patient, &client, None).unwrap();
            let receipts = self.carry_out(Operation::Submit(Box::new(submission))).await;
            receipts[0].record.clone()
        }

        /// The labels, as ids in the order of submission.
        async fn labels(&self) -> Labels {
            let (mut numbers, mut decided) = (HashMap::new(), BTreeSet::new());
            cohort::of_store(&*self.store, &self.extractor, &mut |member| {
                numbers.insert(member.id, numbers.len() as u32);
                decided.extend(member.decided);
            })
            .await
            .unwrap();
            read(&*self.store, &numbers, &decided).await.unwrap()
        }
    }

    #[tokio::test]
    async fn records_broken_out_together_are_one_person_and_another() {
        let registry = Registry::start().await;
        let mut ids = Vec::new();
        for number in 0..4 {
            ids.push(registry.submit(number).await);
        }
        assert!(registry.labels().await.same().is_empty());
        let records = [ids[2].clone(), ids[3].clone()].into();
        registry.judge(Adjudication::Break { records, grouping: Grouping::Together }).await;
        let labels = registry.labels().await;
        assert_eq!(labels.same(), [(3, 2)]);
        assert_eq!(labels.different(), [(2, 0), (2, 1), (3, 0), (3, 1)]);
        assert_eq!((labels.contradictory(), labels.unknown()), (0, 0));
    }

    #[tokio::test]
    async fn what_was_taken_back_or_withdrawn_is_no_label() {
        let registry = Registry::start().await;
        let mut ids = Vec::new();
        for number in 0..3 {
            ids.push(registry.submit(number).await);
        }
        let records = [ids[2].clone()].into();
        registry.judge(Adjudication::Break { records, grouping: Grouping::Together }).await;
        let pairs = vec![BrokenPair::new(ids[2].clone(), ids[1].clone())];
        registry.judge(Adjudication::Unbreak { pairs }).await;
        assert_eq!(registry.labels().await.different(), [(2, 0)]);
        let record = ids[0].clone();
        registry.carry_out(Operation::Withdraw { record, if_match: None }).await;
        let labels = registry.labels().await;
        assert_eq!((labels.different().len(), labels.unknown()), (0, 1));
    }
}
