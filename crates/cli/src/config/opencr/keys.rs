//! The table: OpenCR's keys of `config_*.json` (contract 4.2).

/// What a key of OpenCR's is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// A number of ours.
    Number(&'static str),
    /// Seconds there, minutes here.
    Seconds(&'static str),
    /// True or false.
    Switch(&'static str),
    /// A text.
    Text(&'static str),
    /// A list of texts.
    Texts(&'static str),
    /// The systems that submit.
    Clients,
    /// The URIs of an identifier system.
    Uri,
    /// What people read for them.
    Label,
    /// Nothing depends on it.
    Ignored(&'static str),
    /// Somebody has to see to it.
    ByHand(&'static str),
}

const STORE: &str = "the store is inside, or PostgreSQL (`store.url`); `opencr migrate data` takes over what is there";
const INDEX: &str = "the match index is inside";
const RELATIONSHIP: &str = "what is compared stands in the rules alone";
const PASSWORD: &str = "put it into a file and name that by `openhim.password_file`";

/// Every key; `*` stands for any one part. The first that fits counts.
const KEYS: &[(&[&str], Rule)] = &[
    (&["__comments"], Rule::Ignored("a comment")),
    (&["*", "__comments"], Rule::Ignored("a comment")),
    (&["app", "port"], Rule::Number("server.port")),
    (&["app", "installed"], Rule::Ignored("nothing needs to be loaded before the first start")),
    (
        &["auth", "secret"],
        Rule::Ignored("keys of tokens are made here, for each installation; people sign in again"),
    ),
    (&["auth", "tokenDuration"], Rule::Seconds("people.session_minutes")),
    (&["mediator", "register"], Rule::Switch("openhim.enabled")),
    (&["mediator", "api", "apiURL"], Rule::Text("openhim.url")),
    (&["mediator", "api", "username"], Rule::Text("openhim.username")),
    (&["mediator", "api", "password"], Rule::ByHand(PASSWORD)),
    (&["mediator", "api", "trustSelfSigned"], Rule::Switch("openhim.trust_self_signed")),
    (&["mediator", "api", "urn"], Rule::Text("openhim.urn")),
    (
        &["cronJobs", "*"],
        Rule::Ignored("nothing is left for later: every submission is decided once"),
    ),
    (&["fhirServer", "*"], Rule::Ignored(STORE)),
    (&["elastic", "*"], Rule::Ignored(INDEX)),
    (&["matching", "tool"], Rule::Ignored("there is one engine")),
    (
        &["matching", "autoMatchPatientWithHumanAdjudTag"],
        Rule::Switch("matching.rematch_adjudicated"),
    ),
    (
        &["matching", "resolvePotentialOfPotentials"],
        Rule::Ignored("asked for by request: potential-matches/{id}?recursive=true"),
    ),
    (&["codes", "goldenRecord"], Rule::Text("codes.golden_record")),
    (&["structureDefinition", "uri"], Rule::Ignored("accounts are not kept as resources")),
    (&["structureDefinition", "*"], Rule::Ignored(RELATIONSHIP)),
    (&["clients"], Rule::Clients),
    (&["systems", "CRBaseURI"], Rule::Text("systems.base_uri")),
    (&["systems", "internalid", "uri"], Rule::Texts("systems.internal_ids")),
    (
        &["systems", "internalid", "displayName"],
        Rule::Ignored("people read `Internal ID`, or the label of `people.identifier_labels`"),
    ),
    (&["systems", "brokenMatch", "uri"], Rule::Text("systems.broken_match_url")),
    (&["systems", "brokenMatch", "*"], Rule::Ignored("it is shown to nobody")),
    (&["systems", "*", "uri"], Rule::Uri),
    (&["systems", "*", "displayName"], Rule::Label),
    (&["sync", "*"], Rule::Ignored(INDEX)),
];

/// Finds what a key is, by its parts.
pub(super) fn rule<S: AsRef<str>>(path: &[S]) -> Option<Rule> {
    let fits = |pattern: &[&str]| {
        let same = |(pattern, part): (&&str, &S)| *pattern == "*" || *pattern == part.as_ref();
        pattern.len() == path.len() && pattern.iter().zip(path).all(same)
    };
    KEYS.iter().find(|(pattern, _)| fits(pattern)).map(|(_, rule)| *rule)
}

/// Whether keys of OpenCR's begin with this part.
pub(super) fn is_root(part: &str) -> bool {
    KEYS.iter().any(|(pattern, _)| pattern[0] == part)
}
