//! What a population should be like.

/// A source system that submits made-up patients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// The client that submits, as the registry's configuration names it.
    pub client: String,
    /// The system of the identifier under which the client keeps its patients.
    pub identifier_system: String,
}

impl System {
    /// A client whose identifier system is `http://clientregistry.org/<client>`.
    pub fn sample(client: &str) -> Self {
        Self {
            client: client.to_owned(),
            identifier_system: format!("http://clientregistry.org/{client}"),
        }
    }
}

/// What to make. Shares lie between 0.0 and 1.0; anything outside counts as the nearer end.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Decides every draw: equal options give equal populations.
    pub seed: u64,
    /// How many records to make in all.
    pub records: usize,
    /// Who submits them; at least one. A person's records go round among them.
    pub systems: Vec<System>,
    /// Share of the records that describe a person who already has one.
    pub duplicate_share: f64,
    /// Share of those that repeat everything but the source's own identifier.
    pub identical_share: f64,
    /// Share of the people who have a national id.
    pub national_id_share: f64,
    /// Share of the people who have an ART number.
    pub art_number_share: f64,
    /// Share of the people who have a phone, their own or their household's.
    pub phone_share: f64,
    /// Most mistakes in one record; at least 1.
    pub mistakes_max: u32,
}

impl Options {
    /// A population of `records` from the three sample clients, with the usual amount of trouble.
    pub fn usual(seed: u64, records: usize) -> Self {
        Self {
            seed,
            records,
            systems: ["openmrs", "dhis2", "lims"].map(System::sample).to_vec(),
            duplicate_share: 0.35,
            identical_share: 0.15,
            national_id_share: 0.75,
            art_number_share: 0.5,
            phone_share: 0.85,
            mistakes_max: 4,
        }
    }

    /// What a newcomer is shown: 2,000 records, always the same.
    pub fn demo() -> Self {
        Self::usual(7, 2_000)
    }
}
