//! What is wrong with requests: a constructor for each, so that the texts stand in one place.

use fhir::{Issue, IssueType};
use http::StatusCode;
use registry::ids::ClientId;

use super::ApiError;

impl ApiError {
    fn one(status: StatusCode, issue: Issue) -> Self {
        Self::Request(status, vec![issue])
    }

    fn bad(code: IssueType, text: impl Into<String>) -> Self {
        Self::one(StatusCode::BAD_REQUEST, Issue::error(code, text))
    }

    /// 400 with every problem of what was sent.
    pub(crate) fn invalid(issues: Vec<Issue>) -> Self {
        Self::Request(StatusCode::BAD_REQUEST, issues)
    }

    /// 400: a body that is no JSON, or not what this address takes.
    pub(crate) fn other_shape(line: usize, column: usize) -> Self {
        let text = format!(
            "the body is not what this address takes, from line {line}, column {column} on: the \
             manual's chapter on adjudication shows the form"
        );
        Self::bad(IssueType::Structure, text)
    }

    /// 400: the query's escapes do not give text.
    pub(crate) fn query_not_utf8() -> Self {
        Self::bad(IssueType::Invalid, "the query is not UTF-8 once its escapes are resolved")
    }

    /// 400: an `If-Match` that is not one version.
    pub(crate) fn if_match() -> Self {
        let text = "If-Match must be the ETag of one version: W/\"1\"; lists of them and `*` are \
                    not supported: read the Patient and name the version that was read";
        Self::one(StatusCode::BAD_REQUEST, Issue::error(IssueType::Value, text).at("http.If-Match"))
    }

    /// 400: a header that the answer depends on cannot be understood.
    pub(crate) fn header(name: &str, expected: &str) -> Self {
        let issue = Issue::error(IssueType::Value, format!("{name} must be {expected}"));
        Self::one(StatusCode::BAD_REQUEST, issue.at(format!("http.{name}")))
    }

    /// 400: `handling=strict` and parameters that are not honoured (R4 search.html#strict).
    pub(crate) fn unknown_parameters(names: &[String]) -> Self {
        let issue = |name: &String| {
            let is_plain =
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte));
            let name = if is_plain { name } else { "(unprintable)" };
            let text = format!("the parameter {name} is not supported; `metadata` lists all");
            Issue::error(IssueType::NotSupported, text).at(format!("http.{name}"))
        };
        Self::Request(StatusCode::BAD_REQUEST, names.iter().map(issue).collect())
    }

    /// 400: a conditional interaction without a condition.
    pub(crate) fn no_criteria() -> Self {
        let text = "an id in the URL, or search parameters that say which Patient, are needed";
        Self::bad(IssueType::Required, text)
    }

    /// 400: a condition whose value, or one of its alternatives, is missing.
    pub(crate) fn empty_criterion() -> Self {
        let text = "each parameter of a condition needs a value, and none of the values between \
                    commas may be empty: an empty one would be no condition";
        Self::bad(IssueType::Required, text)
    }

    /// 413: a Bundle's reads have filled its answer.
    pub(crate) fn answer_too_long(bytes_max: usize) -> Self {
        let text = format!(
            "the reads of this Bundle already hold {bytes_max} bytes of stored content; send \
             this one by itself"
        );
        let issue = Issue::error(IssueType::TooCostly, text);
        Self::one(StatusCode::PAYLOAD_TOO_LARGE, issue)
    }

    /// 412: several Patients fit the condition (R4 http.html#cond-update).
    pub(crate) fn several_match(total: u64) -> Self {
        let text = format!("{total} Patients fit the condition; it must be true of one at most");
        let issue = Issue::error(IssueType::MultipleMatches, text);
        Self::one(StatusCode::PRECONDITION_FAILED, issue)
    }

    /// 412: `If-None-Match: *` and the Patient is there.
    pub(crate) fn exists() -> Self {
        let text = "the Patient exists, and `If-None-Match: *` asks that it does not";
        let issue = Issue::error(IssueType::Conflict, text).at("http.If-None-Match");
        Self::one(StatusCode::PRECONDITION_FAILED, issue)
    }

    /// 400: `$ihe-pix` is asked wrongly (standards CP-PIX-9).
    pub(crate) fn pix_input(text: &str, place: &str) -> Self {
        let issue = Issue::error(IssueType::Invalid, text).at(place);
        Self::one(StatusCode::BAD_REQUEST, issue)
    }

    /// 400: nobody gives identifiers of the asked system (PIXm ITI-83, case 4; its words).
    pub(crate) fn pix_unknown_domain() -> Self {
        let text = "sourceIdentifier Assigning Authority not found";
        Self::one(StatusCode::BAD_REQUEST, Issue::error(IssueType::CodeInvalid, text))
    }

    /// 404: the identifier is nobody's, as far as this client may know (ITI-83, case 3).
    pub(crate) fn pix_unknown_identifier() -> Self {
        let text = "sourceIdentifier Patient Identifier not found";
        Self::one(StatusCode::NOT_FOUND, Issue::error(IssueType::NotFound, text))
    }

    /// 403: nobody gives identifiers of an asked target system (ITI-83, case 5).
    pub(crate) fn pix_unknown_target() -> Self {
        let text = "targetSystem not found";
        Self::one(StatusCode::FORBIDDEN, Issue::error(IssueType::CodeInvalid, text))
    }

    /// 403: this client reads nothing; says which setting would let it.
    pub(crate) fn submits_only(client: &ClientId) -> Self {
        let text = format!(
            "this client may submit, not read or search. Its operator can allow it to read its \
             own records with `access = \"own\"` in the entry of `[[clients]]` with id = \
             \"{client}\""
        );
        Self::one(StatusCode::FORBIDDEN, Issue::error(IssueType::Forbidden, text))
    }

    /// 403: identifiers at these places are of systems that this client may not assert.
    pub(crate) fn foreign_systems(places: &[usize], allowed: &[String]) -> Self {
        let text = format!(
            "this client may submit identifiers of these systems only: {}. Leave the identifier \
             out; an operator can add its system to `systems` of the client",
            allowed.join(", ")
        );
        let issue = |place: &usize| {
            let place = format!("Patient.identifier[{place}].system");
            Issue::error(IssueType::Forbidden, text.clone()).at(place)
        };
        Self::Request(StatusCode::FORBIDDEN, places.iter().map(issue).collect())
    }

    /// 400: a search over all clients' records says too little of whom it looks for.
    pub(crate) fn too_few_criteria(criteria_min: usize) -> Self {
        let text = format!(
            "a search needs at least {criteria_min} criteria that describe the person (name, \
             birthdate, gender, address, telecom, …), or an identifier with its system, _id or link"
        );
        Self::bad(IssueType::TooCostly, text)
    }

    /// 404: there is no such Patient (or version).
    pub(crate) fn not_found() -> Self {
        let text = "there is no such Patient, or no such version of it";
        Self::one(StatusCode::NOT_FOUND, Issue::error(IssueType::NotFound, text))
    }

    /// 410: its source took the record back (R4 http.html#delete).
    pub(crate) fn deleted() -> Self {
        let text = "the source system took this Patient back; its history is still there";
        Self::one(StatusCode::GONE, Issue::error(IssueType::Deleted, text))
    }

    /// 400 for writes, 404 for the rest: the text where an id belongs cannot be one.
    pub(crate) fn not_an_id(status: StatusCode) -> Self {
        let text = "this cannot be an id: up to 64 letters, digits, dashes and dots";
        let code =
            if status == StatusCode::NOT_FOUND { IssueType::NotFound } else { IssueType::Value };
        Self::one(status, Issue::error(code, text))
    }

    /// 404: something of FHIR that this server does not do.
    pub(crate) fn not_supported(what: &str) -> Self {
        let text = format!(
            "{what} is not supported. Supported: GET metadata; POST and GET Patient, POST \
             Patient/_search; GET, PUT and DELETE Patient/[id]; PUT and DELETE Patient?[search]; \
             GET Patient/[id]/_history and below; GET and POST Patient/$ihe-pix; POST of a Bundle (batch, transaction)"
        );
        Self::one(StatusCode::NOT_FOUND, Issue::error(IssueType::NotSupported, text))
    }

    /// 404: no route.
    pub(crate) fn no_route() -> Self {
        let text = "there is nothing at this address; the FHIR API is at /fhir";
        Self::one(StatusCode::NOT_FOUND, Issue::error(IssueType::NotFound, text))
    }

    /// 403: the figures of the process are not for everybody.
    pub(crate) fn no_watcher() -> Self {
        let text = "the metrics are for the addresses in `metrics.allow` only, and a request \
                    from the registry's own machine must be sent to localhost, 127.0.0.1, [::1] \
                    or the host of `server.base_url`";
        Self::one(StatusCode::FORBIDDEN, Issue::error(IssueType::Forbidden, text))
    }

    /// 405: the route knows other methods, which `Allow` lists.
    pub(crate) fn wrong_method() -> Self {
        let text = "this method is not supported here; the header `Allow` lists those that are";
        let issue = Issue::error(IssueType::NotSupported, text);
        Self::one(StatusCode::METHOD_NOT_ALLOWED, issue)
    }

    /// 415: the body is in a form that is not read.
    pub(crate) fn unsupported_media(expected: &str) -> Self {
        let text = format!("the body must be {expected}, as its Content-Type must say");
        let issue = Issue::error(IssueType::NotSupported, text).at("http.Content-Type");
        Self::one(StatusCode::UNSUPPORTED_MEDIA_TYPE, issue)
    }

    /// 415: the body is compressed.
    pub(crate) fn encoded(encoding: &str) -> Self {
        let is_known =
            matches!(encoding, "gzip" | "x-gzip" | "deflate" | "br" | "zstd" | "compress");
        let encoding = if is_known { encoding } else { "(another)" };
        let text = format!(
            "bodies with the Content-Encoding {encoding} are not read; send the body as it is, \
             without that header"
        );
        let issue = Issue::error(IssueType::NotSupported, text).at("http.Content-Encoding");
        Self::one(StatusCode::UNSUPPORTED_MEDIA_TYPE, issue)
    }

    /// 404: an operation, named in the URL.
    pub(crate) fn no_operation(name: &str) -> Self {
        let is_plain = name.len() <= 64
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$-_".contains(&byte));
        let name = if is_plain { name } else { "(unprintable)" };
        Self::not_supported(&format!("the operation {name}"))
    }

    /// 406: the answer is wanted in a form that is not written.
    pub(crate) fn not_acceptable(parameter: &str) -> Self {
        let text = "answers are written as application/fhir+json (fhirVersion 4.0) only";
        let issue = Issue::error(IssueType::NotSupported, text).at(format!("http.{parameter}"));
        Self::one(StatusCode::NOT_ACCEPTABLE, issue)
    }

    /// 413: the body is longer than the limit.
    pub(crate) fn body_too_long(bytes_max: usize) -> Self {
        let text = format!("the body is longer than the limit of {bytes_max} bytes");
        let issue = Issue::error(IssueType::TooLong, text);
        Self::one(StatusCode::PAYLOAD_TOO_LARGE, issue)
    }

    /// 408: the body did not arrive in time.
    pub(crate) fn body_too_slow(seconds: u64) -> Self {
        let text = format!("the body did not arrive within {seconds} s");
        let issue = Issue::error(IssueType::Timeout, text);
        Self::one(StatusCode::REQUEST_TIMEOUT, issue)
    }

    /// 400: the connection broke while the body arrived.
    pub(crate) fn body_broken() -> Self {
        Self::bad(IssueType::Incomplete, "the body did not arrive whole")
    }

    /// 400: a page token that is none.
    pub(crate) fn page_token() -> Self {
        let issue = Issue::error(IssueType::Value, "_getpages is not a page link of this server");
        Self::one(StatusCode::BAD_REQUEST, issue.at("http._getpages"))
    }

    /// 410: a page token that this process cannot open (any more).
    pub(crate) fn page_expired() -> Self {
        let text = "this page link is not valid any more: links last until the server is \
                    restarted and belong to the client they were given to. Search again";
        let issue = Issue::error(IssueType::Expired, text).at("http._getpages");
        Self::one(StatusCode::GONE, issue)
    }

    /// 400: a page token is the only query of the base.
    pub(crate) fn page_needed() -> Self {
        let text = "searches of all types are not supported; search Patient, or follow a page \
                    link (_getpages)";
        Self::bad(IssueType::NotSupported, text)
    }

    /// 400: paging would need links that are too long.
    pub(crate) fn search_too_long() -> Self {
        let text = "the search is too long for links to its pages: name fewer values, or raise \
                    _count so that one page suffices";
        Self::bad(IssueType::TooLong, text)
    }

    /// 400: a Bundle without entries.
    pub(crate) fn empty_bundle() -> Self {
        let issue = Issue::error(IssueType::Required, "the Bundle has no entries");
        Self::one(StatusCode::BAD_REQUEST, issue.at("Bundle.entry"))
    }

    /// 400: a Bundle that is neither batch nor transaction.
    pub(crate) fn bundle_type() -> Self {
        let text = "a Bundle sent here must be of type batch or transaction";
        let issue = Issue::error(IssueType::Value, text);
        Self::one(StatusCode::BAD_REQUEST, issue.at("Bundle.type"))
    }

    /// 413: more reads in one Bundle than are served.
    pub(crate) fn too_many_reads(max: usize) -> Self {
        let text = format!("a Bundle may hold {max} reads and searches at the most");
        let issue = Issue::error(IssueType::TooCostly, text);
        Self::one(StatusCode::PAYLOAD_TOO_LARGE, issue.at("Bundle.entry"))
    }

    /// 400: an entry's request that cannot be carried out.
    pub(crate) fn entry(text: &str) -> Self {
        Self::bad(IssueType::NotSupported, text)
    }

    /// 400: an entry that lacks something.
    pub(crate) fn entry_lacks(text: &str) -> Self {
        Self::bad(IssueType::Required, text)
    }

    /// 400: two entries of one transaction are about the same record (R4
    /// http.html#trules).
    pub(crate) fn same_record_twice(first: usize) -> Self {
        let text = format!(
            "entry {first} is about the same record; a transaction may name each record once"
        );
        let issue = Issue::error(IssueType::Duplicate, text);
        Self::one(StatusCode::BAD_REQUEST, issue)
    }
}
