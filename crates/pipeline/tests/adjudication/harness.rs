//! A registry in memory with the original's kind of rules, and facts of it that can be compared.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use fhir::resource::Resource;
use matching::rules::Ruleset;
use pipeline::{Clock, Operation, Pipeline, Settings, Work, review::Case, verify::verify};
use registry::{
    actor::Actor,
    adjudicate::{Adjudication, Grouping, Move, Resolve, Target},
    batch::Receipt,
    decide::Refusal,
    extract::Extractor,
    ids::{ClientId, Cruid, RecordId, Revision},
    state::{BrokenPair, GoldenStatus, IssueKind, LinkBasis, MatchIssue},
    verdict::Verdict,
    vocabulary::Vocabulary,
};
use serde_json::{Value, json};
use store::{Store, Window};

/// Four fields, a point each, and the one point that rules without filters have: all four agree
/// in an automatic match, two in a potential one.
const RULES: &str = r#"{"rules":[
  {"matchingType":"deterministic","potentialMatchThreshold":3,"autoMatchThreshold":5,
   "fields":{
     "given":{"algorithm":"exact","fhirpath":"name.given","espath":"given",
       "null_handling":"moderate"},
     "family":{"algorithm":"exact","fhirpath":"name.family","espath":"family",
       "null_handling":"moderate"},
     "birthdate":{"algorithm":"exact","fhirpath":"birthDate","espath":"birthDate",
       "null_handling":"moderate"},
     "phone":{"algorithm":"exact","fhirpath":"telecom.where(system='phone').value",
       "espath":"phone","null_handling":"moderate"}}}]}"#;

pub(crate) const SYSTEM: &str = "http://clientregistry.org/openmrs";

/// The shipped native rules.
const NATIVE: &str = include_str!("../../../../config/rules.toml");

fn extractor(ruleset: Ruleset) -> Extractor {
    Extractor::compile(Arc::new(ruleset)).expect("the paths are sound")
}

pub(crate) struct Registry {
    pub(crate) pipeline: Pipeline,
}

/// What an undo restores: everything but versions, times and CRUIDs that stand for nobody.
#[derive(Debug, PartialEq)]
pub(crate) struct Facts {
    links: BTreeMap<RecordId, (Cruid, LinkBasis, bool)>,
    persons: BTreeMap<Cruid, BTreeSet<RecordId>>,
    issues: Vec<MatchIssue>,
    pairs: BTreeSet<BrokenPair>,
}

/// A Patient: given name, family name, birth date and telephone.
pub(crate) fn patient(source: &str, of: [&str; 4]) -> Value {
    let [given, family, birth, phone] = of;
    let mut patient = json!({
        "resourceType": "Patient",
        "id": source,
        "identifier": [{"system": SYSTEM, "value": source}],
        "name": [{"use": "official", "given": [given], "family": family}],
    });
    if !birth.is_empty() {
        patient["birthDate"] = json!(birth);
    }
    if !phone.is_empty() {
        patient["telecom"] = json!([{"system": "phone", "value": phone}]);
    }
    patient
}

pub(crate) const AMINA: [&str; 4] = ["Amina", "Okello", "1990-01-01", "0722000111"];
/// Agrees with Amina in two fields.
pub(crate) const LIKE_AMINA: [&str; 4] = ["Amina", "Okello", "1985-06-07", "0733000222"];
pub(crate) const BRIAN: [&str; 4] = ["Brian", "Otieno", "1971-02-03", "0744000333"];

impl Registry {
    pub(crate) async fn new() -> Self {
        Self::on(store::open("memory:").await.expect("memory opens")).await
    }

    pub(crate) async fn native() -> Self {
        let ruleset = matching::native::parse(NATIVE).expect("the rules are sound");
        Self::with(store::open("memory:").await.expect("memory opens"), ruleset).await
    }

    pub(crate) async fn on(store: Arc<dyn Store>) -> Self {
        Self::with(store, matching::opencr::parse(RULES).expect("the rules are sound")).await
    }

    async fn with(store: Arc<dyn Store>, ruleset: Ruleset) -> Self {
        let time = AtomicI64::new(1_700_000_000_000_000);
        // Ids are new also where a registry goes on.
        let ids = AtomicU64::new(1 + store.head().await.expect("it reads").revision.0 * 1_000);
        let clock = Clock::new(
            move || time.fetch_add(1_000, Ordering::Relaxed),
            move || uuid::Uuid::from_u128(u128::from(ids.fetch_add(1, Ordering::Relaxed))),
        );
        let settings = Settings { clock, ..Settings::default() };
        let pipeline =
            Pipeline::start(store, extractor(ruleset), settings).await.expect("it starts");
        Self { pipeline }
    }

    pub(crate) async fn submit(&self, source: &str, of: [&str; 4]) -> Receipt {
        self.submit_patient(patient(source, of)).await
    }

    pub(crate) async fn submit_patient(&self, patient: Value) -> Receipt {
        let resource = Resource::from_value(patient).expect("a resource");
        let client = ClientId::new("openmrs");
        let submission = self.pipeline.decode(resource, &client, None).expect("a sound Patient");
        self.carry_out(Operation::Submit(Box::new(submission)))
            .await
            .expect("not refused")
            .remove(0)
    }

    pub(crate) async fn carry_out(&self, operation: Operation) -> Result<Vec<Receipt>, Refusal> {
        let actor = Actor::Client(ClientId::new("openmrs"));
        let work = Work { operations: vec![operation], actor, is_atomic: false, once: None };
        self.pipeline.submit(work).await.expect("the registry answers").remove(0)
    }

    pub(crate) async fn case(&self, case: Case) -> Result<Verdict, Refusal> {
        self.pipeline.adjudicate(case).await.expect("the registry answers")
    }

    pub(crate) async fn judge(&self, adjudication: Adjudication) -> Result<Verdict, Refusal> {
        self.case(Case::new(adjudication, steward())).await
    }

    pub(crate) async fn undo(&self, event: Revision) -> Result<Verdict, Refusal> {
        self.judge(Adjudication::Undo { event }).await
    }

    pub(crate) async fn home(&self, id: &str) -> Cruid {
        let states = self.pipeline.reader().records(&[RecordId::new(id)]).await.expect("it reads");
        states[0].golden.clone()
    }

    pub(crate) async fn status(&self, golden: &Cruid) -> GoldenStatus {
        let goldens = self.pipeline.reader().goldens(std::slice::from_ref(golden)).await;
        goldens.expect("it reads").remove(0).status
    }

    /// Open issues as `subject kind candidate`, sorted.
    pub(crate) async fn issues(&self) -> Vec<String> {
        let window = Window { offset: 0, limit: 1_000 };
        let issues = self.pipeline.reader().open_issues(window).await.expect("it reads");
        let told = |issue: &MatchIssue| {
            format!("{} {:?} {}", issue.subject, issue.kind, issue.evidence.candidate)
        };
        let mut issues: Vec<String> = issues.iter().map(told).collect();
        issues.sort();
        issues
    }

    pub(crate) async fn facts(&self) -> Facts {
        let reader = self.pipeline.reader();
        let records = reader.records_after(None, 10_000).await.expect("it reads");
        let links = records.into_iter().filter(|(state, _)| !state.is_withdrawn);
        let links =
            links.map(|(state, _)| (state.id, (state.golden, state.basis, state.is_adjudicated)));
        let goldens = reader.goldens_after(None, 10_000).await.expect("it reads");
        let live = goldens.into_iter().filter(|state| state.status == GoldenStatus::Live);
        let window = Window { offset: 0, limit: 10_000 };
        Facts {
            links: links.collect(),
            persons: live.map(|state| (state.id, state.members)).collect(),
            issues: reader.open_issues(window).await.expect("it reads"),
            pairs: reader.broken_pairs().await.expect("it reads").into_iter().collect(),
        }
    }

    /// The chain replays to the tables, and every promise is kept.
    pub(crate) async fn check(&self) {
        let reader = &**self.pipeline.reader();
        let report = verify(reader, &Vocabulary::default(), &mut |_| {}).await.expect("it reads");
        assert_eq!(report.findings, Vec::<String>::new());
    }
}

pub(crate) fn steward() -> Actor {
    Actor::User("steward".to_owned())
}

pub(crate) fn pair(a: &str, b: &str) -> BrokenPair {
    BrokenPair::new(RecordId::new(a), RecordId::new(b))
}

pub(crate) fn breaking(ids: &[&str], grouping: Grouping) -> Adjudication {
    let records = ids.iter().map(|id| RecordId::new(*id)).collect();
    Adjudication::Break { records, grouping }
}

pub(crate) fn same(a: &str, b: &str) -> Adjudication {
    Adjudication::MarkSame { pair: pair(a, b), withdraw_broken: false }
}

pub(crate) fn resolving(id: &str, moves: Vec<(&str, Target)>) -> Resolve {
    let moves: Vec<Move> = moves
        .into_iter()
        .map(|(record, to)| Move { record: RecordId::new(record), from: None, to })
        .collect();
    Resolve {
        resolving: RecordId::new(id),
        flag: Some(IssueKind::Potential),
        remove_flag: moves.is_empty(),
        moves,
        withdraw_broken: false,
    }
}
