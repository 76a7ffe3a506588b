//! The shapes that each view of OpenCR's UI reads (contract 1.5 to 1.9, 2 and 5.4).

/// Answer of signing in.
pub(super) const SIGNED_IN: &[&str] =
    &["token: filled", "userID: filled", "username: filled", "role: filled"];

/// The count behind a badge of the menu.
pub(super) const COUNT: &[&str] = &["total: number"];

/// Identifier systems by key, for labels. `internalid` says which number is the Record ID.
pub(super) const SYSTEMS: &[&str] = &[
    "CRBaseURI: filled",
    "internalid uri: list",
    "internalid uri []: filled",
    "internalid displayName: filled",
    "* uri?: text|list",
    "* displayName?: text",
];

/// Systems that submit.
pub(super) const CLIENTS: &[&str] = &["[] id: filled", "[] displayName: filled"];

/// Columns and filters of the home page.
pub(super) const DISPLAY_PAGE: &[&str] = &[
    "resourceType: filled",
    "id: filled",
    "extension [] url: filled",
    "extension [] extension [] url: filled",
    "extension [] extension [] extension [] url: filled",
    "extension [] extension [] extension [] valueString?: text",
    "extension [] extension [] extension [] valueBoolean?: bool",
];

/// A page of the home page: rows need `identifier`, `link` and a client's tag.
pub(super) const HOME: &[&str] = &[
    "resourceType: filled",
    "type: filled",
    "total: number",
    "link [] relation: filled",
    "link [] url: filled",
    "entry [] fullUrl: filled",
    "entry [] search mode: filled",
    "entry [] resource resourceType: filled",
    "entry [] resource id: filled",
    "entry [] resource meta versionId: filled",
    "entry [] resource meta lastUpdated: filled",
    "entry [] resource meta tag [] system: filled",
    "entry [] resource meta tag [] code: filled",
    "entry [] resource meta tag [] display: text",
    "entry [] resource identifier [] system: filled",
    "entry [] resource identifier [] value: filled",
    "entry [] resource name [] given: list",
    "entry [] resource link [] other reference: filled",
    "entry [] resource link [] type: filled",
];

/// A search that found nobody.
pub(super) const NOBODY: &[&str] = &["resourceType: filled", "total: number", "entry: list"];

/// An expanded value set.
pub(super) const EXPANSION: &[&str] = &[
    "resourceType: filled",
    "expansion total: number",
    "expansion contains [] code: filled",
    "expansion contains [] display: filled",
];

/// Request 11: links and extensions of one record.
pub(super) const LINKS: &[&str] = &[
    "entry [] resource id: filled",
    "entry [] resource meta: object",
    "entry [] resource link [] other reference: filled",
];

/// The same of a record with broken matches.
pub(super) const BROKEN: &[&str] = &[
    "entry [] resource link [] other reference: filled",
    "entry [] resource extension [] url: filled",
    "entry [] resource extension [] valueReference reference: filled",
];

/// Request 12: the other sides of broken matches.
pub(super) const HOME_ENTRIES: &[&str] = &[
    "entry [] resource id: filled",
    "entry [] resource meta tag [] code: filled",
    "entry [] resource identifier [] value: filled",
    "entry [] resource name [] given: list",
    "entry [] resource link [] other reference: filled",
];

/// Request 13: Patients of the detail page. Every name has `given`.
pub(super) const DETAIL: &[&str] = &[
    "entry [] resource id: filled",
    "entry [] resource meta: object",
    "entry [] resource meta tag [] code: filled",
    "entry [] resource name [] given?: list",
];

/// The History tab.
pub(super) const HISTORY: &[&str] = &[
    "entry: list",
    "entry [] resource resourceType: filled",
    "entry [] resource recorded: filled",
    "entry [] resource outcome: filled",
    "entry [] resource outcomeDesc: text",
    "entry [] resource subtype: list",
    "entry [] resource subtype [] code: filled",
    "entry [] resource agent [] altId?: text",
    "entry [] resource agent [] network address?: text",
    "entry [] resource entity: list",
    "entry [] resource entity [] name: filled",
    "entry [] resource entity [] what reference: filled",
];

/// What the History tab decodes from the entity of a submission.
pub(super) const HISTORY_MATCH: &[&str] = &[
    "rule matchingType: filled",
    "rule fields: object",
    "rule potentialMatchThreshold: number",
    "rule autoMatchThreshold: number",
    "autoMatches: list",
    "potentialMatches: list",
    "conflictMatches: list",
];

/// A row of a worklist.
pub(super) const WORKLIST: &[&str] = &[
    "[] id: filled",
    "[] gender: text|null",
    "[] family: text",
    "[] given: text",
    "[] birthDate: text|null",
    "[] uid: filled",
    "[] source: filled",
    "[] source_id: filled",
    "[] reason: filled",
    "[] reasonCode: filled",
];

/// A row of the score matrix. Members `identifier_…` and `extension_…` come with the Patient.
pub(super) const MATRIX: &[&str] = &[
    "[] id: filled",
    "[] gender: text|null",
    "[] given: text",
    "[] family: text",
    "[] birthDate: text|null",
    "[] phone: text",
    "[] uid: filled",
    "[] ouid: filled",
    "[] source_id: filled",
    "[] source: filled",
    "[] scores: object",
    "[] scores *?: number",
    "[] identifier_http://clientregistry.org/openmrs?: text",
    "[] identifier_http://clientregistry.org/lims?: text",
    "[] identifier_http://clientregistry.org/nationalid?: text",
    "[] identifier_http://clientregistry.org/artnumber?: text",
];

/// Answer of an unbreak.
pub(super) const UNBROKEN: &[&str] = &[
    "resourceType: filled",
    "type: filled",
    "entry [] response status: filled",
    "entry [] response location: filled",
    "entry [] response etag: filled",
];

/// A row of the list of uploads.
pub(super) const UPLOADS: &[&str] =
    &["[] uuid: filled", "[] reportId: filled", "[] name: filled", "[] date: filled"];

/// A row of the user list.
pub(super) const USERS: &[&str] = &[
    "[] id: filled",
    "[] userName: filled",
    "[] firstName: text",
    "[] otherName: text",
    "[] surname: text",
    "[] role: filled",
    "[] status: filled",
];

/// An account that was added; hash and salt are no fields of it.
pub(super) const PERSON: &[&str] = &[
    "resourceType: filled",
    "id: filled",
    "name [] use?: filled",
    "name [] given []: text",
    "name [] family: filled",
    "extension [] url: filled",
    "extension [] extension [] url: filled",
    "extension [] extension [] valueString: text",
    "active?: bool",
];
