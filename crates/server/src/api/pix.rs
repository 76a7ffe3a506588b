//! `$ihe-pix`: under which other identifiers a person is known (IHE PIXm 3.0.4 ITI-83; contract
//! 3.13), as far as the caller's level goes (contract 7.3).
//!
//! Old forms are understood: any type in the path, and several target systems with commas between.

use std::collections::BTreeSet;

use axum::{extract::State, response::Response};
use fhir::{
    Resource,
    search::{Filter, TokenMatch, TokenParam},
};
use http::StatusCode;
use registry::{
    audit::Act,
    ids::Cruid,
    stored::{SourcePatient, StoredPatient},
};
use serde_json::{Value, json};
use store::Window;

use crate::{
    App, asked::Asked, body::FhirBody, caller::Caller, error::ApiError, query::Pairs, reply::Reply,
    settings::Access,
};

/// Source records that one identifier may lead to; more share a placeholder, not a person.
const FOUND_MAX: u64 = 100;

/// Linked records that one answer holds.
const LINKED_MAX: usize = 1_000;

/// `GET /fhir/{type}/$ihe-pix?sourceIdentifier=system|value[&targetSystem=uri]`
pub(crate) async fn by_url(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, ApiError> {
    let pairs = asked.query.clone();
    answer(&app, &caller, &asked, &pairs).await
}

/// The same with the parameters in a FHIR Parameters resource (R4 operations.html#executing).
pub(crate) async fn by_body(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
    body: FhirBody,
) -> Result<Response, ApiError> {
    let pairs = parameters(&body.resource)?;
    answer(&app, &caller, &asked, &pairs).await
}

/// The parameters of a body as pairs.
fn parameters(body: &Resource) -> Result<Pairs, ApiError> {
    if body.resource_type() != "Parameters" {
        return Err(ApiError::pix_input("the body must be a Parameters resource", "resourceType"));
    }
    let given = body.get("parameter").and_then(Value::as_array);
    let pair = |parameter: &Value| {
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let text = |member: &str| parameter.get(member).and_then(Value::as_str);
        let value = ["valueString", "valueUri", "valueCanonical", "valueCode"];
        let value = value.into_iter().find_map(text).map(str::to_owned);
        let identifier = parameter.get("valueIdentifier").map(|identifier| {
            let part = |member| identifier.get(member).and_then(Value::as_str).unwrap_or_default();
            format!("{}|{}", part("system"), part("value"))
        });
        (name, value.or(identifier).unwrap_or_default())
    };
    Ok(given.into_iter().flatten().map(pair).collect())
}

/// What is asked for.
struct Question {
    system: String,
    value: String,
    /// Empty for all.
    targets: BTreeSet<String>,
}

impl Question {
    /// # Errors
    ///
    /// 400 with every problem: no `sourceIdentifier`, several, one without system or value, and
    /// parameters that there are not.
    fn new(pairs: &[(String, String)]) -> Result<Self, ApiError> {
        let named = |wanted: &'static str| {
            let values = pairs.iter().filter(move |(name, _)| name == wanted);
            values.map(|(_, value)| value.trim())
        };
        let is_known = |name: &str| {
            matches!(name, "sourceIdentifier" | "targetSystem") || name.starts_with('_')
        };
        if !pairs.iter().all(|(name, _)| is_known(name)) {
            let text = "the parameters are sourceIdentifier (system|value) and targetSystem; \
                        there are no others";
            return Err(ApiError::pix_input(text, "http.query"));
        }
        let sources: Vec<&str> = named("sourceIdentifier").collect();
        let [source] = sources.as_slice() else {
            let text = "sourceIdentifier must be given once, as system|value";
            return Err(ApiError::pix_input(text, "http.sourceIdentifier"));
        };
        let parts = source
            .split_once('|')
            .filter(|(system, value)| !system.trim().is_empty() && !value.trim().is_empty());
        let Some((system, value)) = parts else {
            let text = "sourceIdentifier must be system|value, both not empty";
            return Err(ApiError::pix_input(text, "http.sourceIdentifier"));
        };
        let targets = named("targetSystem").flat_map(|value| value.split(','));
        let targets = targets.map(str::trim).filter(|target| !target.is_empty());
        Ok(Self {
            system: system.trim().to_owned(),
            value: value.trim().to_owned(),
            targets: targets.map(str::to_owned).collect(),
        })
    }

    fn wants(&self, system: &str) -> bool {
        self.targets.is_empty() || self.targets.contains(system)
    }
}

async fn answer(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    pairs: &[(String, String)],
) -> Result<Response, ApiError> {
    caller.notes().is_a(Act::Operation, "$ihe-pix");
    let question = Question::new(pairs)?;
    caller.notes().looked_for(pairs);
    let found = find(app, caller, &question).await?;
    let known = known_systems(app);
    if found.is_empty() && !known.contains(question.system.as_str()) {
        return Err(ApiError::pix_unknown_domain());
    }
    if found.is_empty() {
        return Err(ApiError::pix_unknown_identifier());
    }
    let goldens: BTreeSet<&Cruid> = found.iter().map(|source| &source.state.golden).collect();
    let linked = linked(app, &goldens).await?;
    let answers = Answers::new(caller, &question, &goldens, &linked)?;
    let is_strange = |target: &String| {
        !known.contains(target.as_str()) && !answers.systems.contains(target.as_str())
    };
    if question.targets.iter().any(is_strange) {
        return Err(ApiError::pix_unknown_target());
    }
    let ids = answers.references.iter().map(String::as_str);
    caller.notes().about(ids);
    Ok(Reply::new(StatusCode::OK).with(answers.into_parameters()).into_response(asked.is_pretty))
}

/// The domains that the configuration names. Which others there are is not told, since it would
/// tell what others have submitted.
fn known_systems(app: &App) -> BTreeSet<String> {
    let internal = &app.pipeline().settings().vocabulary.internal_systems;
    let domains = app.settings().domains.iter().cloned().chain(app.settings().clients.systems());
    internal.iter().map(ToString::to_string).chain(domains).collect()
}

/// The source records with the identifier; below `identifiers` the caller's own only.
async fn find(
    app: &App,
    caller: &Caller,
    question: &Question,
) -> Result<Vec<SourcePatient>, ApiError> {
    let system = Some(Some(question.system.clone()));
    let any = vec![TokenMatch { system, code: Some(question.value.clone()) }];
    let mut filters = vec![Filter::Token { param: TokenParam::Identifier, negated: false, any }];
    if caller.sight().level() < Access::Identifiers {
        filters = caller.sight().own_only(app, filters);
    }
    let window = Window { offset: 0, limit: FOUND_MAX };
    let found = app.reader().search(&filters, &[], window).await?;
    Ok(sources(app.reader().patients(&found.ids).await?))
}

/// The live source records of these golden records, the oldest golden record's first.
async fn linked(app: &App, goldens: &BTreeSet<&Cruid>) -> Result<Vec<SourcePatient>, ApiError> {
    let ids: Vec<Cruid> = goldens.iter().map(|id| (*id).clone()).collect();
    let states = app.reader().goldens(&ids).await?;
    let members = states.iter().flat_map(|golden| &golden.members).take(LINKED_MAX);
    let members: Vec<String> = members.map(ToString::to_string).collect();
    Ok(sources(app.reader().patients(&members).await?))
}

fn sources(patients: Vec<StoredPatient>) -> Vec<SourcePatient> {
    let source = |stored| match stored {
        StoredPatient::Source(source) if !source.state.is_withdrawn => Some(source),
        StoredPatient::Source(_) | StoredPatient::Golden(_) => None,
    };
    patients.into_iter().filter_map(source).collect()
}

/// What the caller is told.
struct Answers {
    identifiers: Vec<(String, String)>,
    /// Ids of Patients.
    references: Vec<String>,
    /// The systems of all identifiers that the caller may be told, wanted or not.
    systems: BTreeSet<String>,
}

impl Answers {
    fn new(
        caller: &Caller,
        question: &Question,
        goldens: &BTreeSet<&Cruid>,
        linked: &[SourcePatient],
    ) -> Result<Self, ApiError> {
        let level = caller.sight().level();
        let mut answers =
            Self { identifiers: Vec::new(), references: Vec::new(), systems: BTreeSet::new() };
        let mut asked = Vec::new();
        for source in linked.iter().filter(|_| level != Access::Submit) {
            let id = source.state.id.to_string();
            let is_open = level >= Access::Identifiers || source.state.client == *caller.client();
            let (all, is_asked) = others(question, identifiers(&source.content)?);
            let is_told =
                |system: &String| is_open || caller.rights().target_systems.contains(system);
            let told: Vec<_> = all.into_iter().filter(|(system, _)| is_told(system)).collect();
            answers.systems.extend(told.iter().map(|(system, _)| system.clone()));
            let wanted = told.into_iter().filter(|(system, _)| question.wants(system));
            let before = answers.identifiers.len();
            answers.identifiers.extend(wanted);
            let gives = answers.identifiers.len() > before;
            // Who asks for some systems is told of records in those only (CP-PIX-3).
            match gives || (is_open && question.targets.is_empty()) {
                true if is_asked && !gives => asked.push(id),
                true => answers.references.push(id),
                false => {}
            }
        }
        // A record that leads to nothing else is no cross-reference (CP-PIX-3).
        if !answers.references.is_empty() {
            answers.references.extend(asked);
        }
        if level != Access::Demographics && question.targets.is_empty() {
            answers.references.extend(goldens.iter().map(|golden| golden.to_string()));
        }
        let mut seen = BTreeSet::new();
        answers.identifiers.retain(|identifier| seen.insert(identifier.clone()));
        Ok(answers)
    }

    fn into_parameters(self) -> Resource {
        let identifiers = self.identifiers.into_iter().map(|(system, value)| {
            let identifier = json!({"system": system, "value": value});
            json!({"name": "targetIdentifier", "valueIdentifier": identifier})
        });
        let references = self.references.into_iter().map(|id| {
            let reference = json!({"reference": format!("Patient/{id}")});
            json!({"name": "targetId", "valueReference": reference})
        });
        let all: Vec<Value> = identifiers.chain(references).collect();
        let mut parameters = serde_json::Map::new();
        parameters.insert("resourceType".to_owned(), json!("Parameters"));
        if !all.is_empty() {
            parameters.insert("parameter".to_owned(), Value::Array(all));
        }
        Resource::from_value(Value::Object(parameters)).expect("Parameters are a resource")
    }
}

/// The identifiers without the one asked about, and whether that was among them (CP-PIX-2).
fn others(
    question: &Question,
    mut identifiers: Vec<(String, String)>,
) -> (Vec<(String, String)>, bool) {
    let before = identifiers.len();
    identifiers.retain(|(system, value)| (system, value) != (&question.system, &question.value));
    let is_asked = identifiers.len() < before;
    (identifiers, is_asked)
}

/// System and value of a stored Patient's identifiers that have both.
fn identifiers(content: &str) -> Result<Vec<(String, String)>, ApiError> {
    #[derive(serde::Deserialize)]
    struct Content {
        #[serde(default)]
        identifier: Vec<Identifier>,
    }
    #[derive(serde::Deserialize)]
    struct Identifier {
        system: Option<String>,
        value: Option<String>,
    }
    let content: Content = serde_json::from_str(content)
        .map_err(|_| store::StoreError::Damaged("a content is not a Patient".to_owned()))?;
    let pair = |identifier: Identifier| Some((identifier.system?, identifier.value?));
    Ok(content.identifier.into_iter().filter_map(pair).collect())
}
