//! One operation, put together.

use serde_json::{Map, Value, json};

use super::permission;

pub(super) const FHIR: &str = "application/fhir+json";
pub(super) const JSON: &str = "application/json";

/// What is asked and answered at one address by one method.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    value: Map<String, Value>,
    parameters: Vec<Value>,
    responses: Map<String, Value>,
}

/// A reference to a shape of `shapes`.
pub(super) fn shape(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A list of such.
pub(super) fn list(name: &str) -> Value {
    json!({ "type": "array", "items": shape(name) })
}

impl Operation {
    fn new(tag: &str, method: &'static str, path: &'static str, summary: &str) -> Self {
        let mut value = Map::new();
        value.insert("tags".to_owned(), json!([tag]));
        value.insert("summary".to_owned(), json!(summary));
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameter = |name| {
            let kind = match name {
                "kind" => json!({ "type": "string", "pattern": "^[A-Za-z]{1,64}$" }),
                "version" => {
                    json!({ "type": "integer", "minimum": 1, "maximum": 4_294_967_295_u64 })
                }
                _ => json!({ "type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$" }),
            };
            json!({ "name": name, "in": "path", "required": true, "schema": kind })
        };
        let parameters = names.map(parameter).collect();
        Self { method, path, value, parameters, responses: Map::new() }
    }

    /// An operation of the FHIR API.
    pub(super) fn of_systems(method: &'static str, path: &'static str, summary: &str) -> Self {
        let mut one = Self::new("systems", method, path, summary);
        one.value.insert("security".to_owned(), json!([{ "certificate": [] }, { "gateway": [] }]));
        one.fails(&[(FHIR, "OperationOutcome")])
    }

    /// An operation for whoever runs the process.
    pub(super) fn of_operators(path: &'static str, summary: &str) -> Self {
        let mut one = Self::new("operation", "GET", path, summary);
        one.value.insert("security".to_owned(), json!([]));
        one.fails(&[(FHIR, "OperationOutcome")])
    }

    /// An operation for people, with what the table of permissions says of it.
    pub(super) fn of_people(method: &'static str, path: &'static str, summary: &str) -> Self {
        let mut one = Self::new("people", method, path, summary);
        let needed = permission(method, path);
        let security = if needed.is_some() { json!([{ "token": [] }]) } else { json!([]) };
        one.value.insert("security".to_owned(), security);
        if let Some(needed) = needed {
            one.value.insert("x-opencr-permission".to_owned(), json!(needed));
        }
        one.fails(&[(JSON, "Error"), (FHIR, "OperationOutcome")])
    }

    /// What errors look like.
    fn fails(mut self, shapes: &[(&str, &str)]) -> Self {
        let contents = shapes
            .iter()
            .map(|(media, name)| ((*media).to_owned(), json!({ "schema": shape(name) })));
        let content: Map<String, Value> = contents.collect();
        for status in ["4XX", "5XX"] {
            let description = "What is wrong, and what to do";
            let response = json!({ "description": description, "content": content.clone() });
            self.responses.insert(status.to_owned(), response);
        }
        self
    }

    /// One more form of what the request is at fault for.
    pub(super) fn may_fail_by(mut self, (media, schema): (&str, Value)) -> Self {
        if let Some(response) = self.responses.get_mut("4XX") {
            response["content"][media] = json!({ "schema": schema });
        }
        self
    }

    /// A parameter of the query.
    pub(super) fn query(mut self, name: &str, description: &str) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "query", "description": description, "schema": { "type": "string" },
        }));
        self
    }

    /// A parameter of the query that must be there.
    pub(super) fn needs(mut self, name: &str, description: &str) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "query", "description": description, "required": true,
            "schema": { "type": "string", "minLength": 1 },
        }));
        self
    }

    /// A header that may be sent.
    pub(super) fn header(mut self, name: &str, description: &str) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "header", "description": description, "schema": { "type": "string" },
        }));
        self
    }

    /// The body, in one of several media types.
    pub(super) fn takes(mut self, media: &[&str], schema: &Value) -> Self {
        let content: Map<String, Value> =
            media.iter().map(|media| ((*media).to_owned(), json!({ "schema": schema }))).collect();
        let body = json!({ "required": true, "content": content });
        self.value.insert("requestBody".to_owned(), body);
        self
    }

    /// An answer with a body.
    pub(super) fn answers(
        mut self,
        status: u16,
        description: &str,
        (media, schema): (&str, Value),
    ) -> Self {
        let content = json!({ media: { "schema": schema } });
        let response = json!({ "description": description, "content": content });
        self.responses.insert(status.to_string(), response);
        self
    }

    /// An answer without one.
    pub(super) fn ends(mut self, status: u16, description: &str) -> Self {
        self.responses.insert(status.to_string(), json!({ "description": description }));
        self
    }

    /// A name for programs: the method and the words of the path.
    pub(super) fn id(&self) -> String {
        let words = self.path.split(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let method = if self.method == "*" { "get" } else { self.method };
        format!("{}_{}", method.to_ascii_lowercase(), words.join("_"))
    }

    pub(super) fn into_value(mut self) -> Value {
        let id = self.id();
        self.value.insert("operationId".to_owned(), json!(id));
        if !self.parameters.is_empty() {
            self.value.insert("parameters".to_owned(), Value::Array(self.parameters));
        }
        self.value.insert("responses".to_owned(), Value::Object(self.responses));
        Value::Object(self.value)
    }
}
