//! Searching Patients (R4 http.html#search; IHE PDQm ITI-78): by URL, by form, and page by page.
//!
//! Which parameters there are and what they mean is `fhir::search`; which Patients fit is the
//! store's answer. Here the answer is put together.

use axum::{extract::State, response::Response};
use fhir::{
    Resource,
    bundle::{SearchEntry, SearchMode, Searchset},
    search::{IncludeLink, SearchRequest, Summary, parse_search},
};
use http::StatusCode;
use registry::{
    render,
    stored::{SourcePatient, StoredPatient},
};
use store::Window;

use crate::{
    App, access,
    api::{history, id_of},
    asked::{Asked, media},
    base::Base,
    body::{FormBody, off_thread},
    budget::{self, Budget, bytes_of},
    caller::Caller,
    error::ApiError,
    page::{Links, List, PAGE_PARAMETER, Page, Place, own_link},
    query::{self, Pairs},
    reply::Reply,
};

mod bounds;
mod include;
mod shape;

pub(crate) use shape::Shape;

/// `GET /fhir/Patient?…`.
pub(crate) async fn by_url(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, ApiError> {
    let request = understand(&app, &asked.query, asked.is_strict)?;
    let search = Search { request, offset: 0, base: &asked.base, caller: &caller };
    let bundle = search.run(&app, &mut Budget::of(&app)).await?;
    Ok(Reply::new(StatusCode::OK).with(bundle).into_response(asked.is_pretty))
}

/// `POST /fhir/Patient/_search`: the parameters of the form follow those of the URL.
pub(crate) async fn by_form(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
    FormBody(form): FormBody,
) -> Result<Response, ApiError> {
    if let Some(format) = query::value(&form, "_format") {
        media::check_accept(&http::HeaderMap::new(), Some(format))?;
    }
    let is_pretty = asked.is_pretty || query::value(&form, "_pretty") == Some("true");
    let pairs: Pairs = asked.query.iter().cloned().chain(form).collect();
    let request = understand(&app, &pairs, asked.is_strict)?;
    let search = Search { request, offset: 0, base: &asked.base, caller: &caller };
    let bundle = search.run(&app, &mut Budget::of(&app)).await?;
    Ok(Reply::new(StatusCode::OK).with(bundle).into_response(is_pretty))
}

/// `GET /fhir?_getpages=…&_count=…`: a further page of a search or history.
pub(crate) async fn turn_page(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, ApiError> {
    let token = query::value(&asked.query, PAGE_PARAMETER).ok_or_else(ApiError::page_needed)?;
    let Page { list, offset } = app.page_key().open(token, caller.client())?;
    let count = query::value(&asked.query, "_count");
    let mut budget = Budget::of(&app);
    let bundle = match list {
        List::Search(mut pairs) => {
            if let Some(count) = count {
                pairs.retain(|(name, _)| name != "_count");
                pairs.push(("_count".to_owned(), count.to_owned()));
            }
            let request = understand(&app, &pairs, false)?;
            let search = Search { request, offset, base: &asked.base, caller: &caller };
            search.run(&app, &mut budget).await?
        }
        List::History(id, per_page) => {
            let count = match count {
                Some(_) => history::count(&app, count)?,
                None => per_page,
            };
            let list = history::Listing { id: &id, offset, count };
            let target = history::Target { caller: &caller, base: &asked.base };
            history::listing(&app, target, list, &mut budget).await?
        }
    };
    Ok(Reply::new(StatusCode::OK).with(bundle).into_response(asked.is_pretty))
}

/// Reads the parameters of a search.
///
/// # Errors
///
/// 400 for values that cannot be read and, if `is_strict`, for unknown parameters.
pub(crate) fn understand(
    app: &App,
    pairs: &[(String, String)],
    is_strict: bool,
) -> Result<SearchRequest, ApiError> {
    let request = parse_search(pairs, &app.settings().search).map_err(ApiError::invalid)?;
    if is_strict && !request.ignored.is_empty() {
        return Err(ApiError::unknown_parameters(&request.ignored));
    }
    Ok(request)
}

/// A search on its way.
pub(crate) struct Search<'a> {
    pub(crate) request: SearchRequest,
    pub(crate) offset: u64,
    pub(crate) base: &'a Base,
    pub(crate) caller: &'a Caller,
}

impl Search<'_> {
    /// Carries it out and gives the Bundle, which ends early when the budget does.
    ///
    /// # Errors
    ///
    /// 503 if the store does not answer; 400 if links to further pages would be too long.
    pub(crate) async fn run(self, app: &App, budget: &mut Budget) -> Result<Resource, ApiError> {
        let count = match self.request.summary {
            Summary::Count => 0,
            _ => self.request.count,
        };
        self.caller.notes().looked_for(&self.request.applied);
        let window = Window { offset: self.offset, limit: count as u64 };
        let sight = self.caller.sight();
        sight.check_reads()?;
        let results_max = bounds::check(app, self.caller, &self.request)?;
        let filters = sight.narrow(app, &self.request).await?;
        let window = bounds::within(window, results_max);
        let found = app.reader().search(&filters, &self.request.sort, window).await?;
        let (matches, settled) = budget::patients(app, &found.ids, budget, 1).await?;
        let matches = sight.visible(app, matches).await?;
        let total = found.total.min(results_max);
        let place = Place { offset: self.offset, count, settled, total };
        let links = self.links(app).around(place)?;
        let entries = self.entries(app, live(matches), budget).await?;
        let searchset =
            Searchset { total: Some(found.total), links, entries, ..Default::default() };
        Ok(searchset.into_resource())
    }

    /// Checks that its pages could be linked, whatever it finds.
    ///
    /// # Errors
    ///
    /// 400 if links to further pages would be too long.
    pub(crate) fn check(&self, app: &App) -> Result<(), ApiError> {
        self.links(app).check()
    }

    fn links<'a>(&'a self, app: &'a App) -> Links<'a> {
        Links {
            key: app.page_key(),
            base: self.base,
            client: self.caller.client(),
            list: List::Search(self.request.applied.clone()),
            own: own_link(self.base, "Patient", &self.request.applied),
        }
    }

    async fn entries(
        &self,
        app: &App,
        matches: Vec<StoredPatient>,
        budget: &mut Budget,
    ) -> Result<Vec<SearchEntry>, ApiError> {
        if matches.is_empty() {
            return Ok(Vec::new());
        }
        let levels = match self.request.includes {
            IncludeLink::No => 0,
            IncludeLink::Once => 1,
            IncludeLink::Iterate => 2,
        };
        let included = include::linked(app, self.caller, &matches, levels, budget).await?;
        let warning = included.warning();
        self.caller.notes().about(matches.iter().chain(&included.patients).map(id_of));
        let bytes = matches.iter().chain(&included.patients).map(bytes_of).sum();
        let modes = [(matches, SearchMode::Match), (included.patients, SearchMode::Include)];
        let (app, base, shape) = (app.clone(), self.base.clone(), Shape::of(&self.request));
        let is_whole = self.caller.sight().is_whole();
        let render = move || -> Result<Vec<SearchEntry>, ApiError> {
            let patients = modes
                .iter()
                .flat_map(|(patients, mode)| patients.iter().map(|stored| (stored, *mode)));
            let vocabulary = &app.pipeline().settings().vocabulary;
            let entry = |(stored, mode)| {
                let mut resource = render::patient(stored, vocabulary)?;
                if !is_whole && matches!(stored, StoredPatient::Golden(_)) {
                    access::reduce(&mut resource);
                }
                shape.cut(&mut resource);
                Ok(SearchEntry::new(base.patient(id_of(stored)), resource, mode))
            };
            patients.map(entry).collect()
        };
        let mut entries = off_thread(bytes, render).await?;
        entries.extend(warning.map(|outcome| SearchEntry::outcome(&outcome)));
        Ok(entries)
    }
}

/// Leaves out what was withdrawn between the search and the read.
fn live(mut patients: Vec<StoredPatient>) -> Vec<StoredPatient> {
    patients.retain(|stored| match stored {
        StoredPatient::Source(SourcePatient { state, .. }) => !state.is_withdrawn,
        StoredPatient::Golden(_) => true,
    });
    patients
}
