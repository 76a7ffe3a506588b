//! Records and golden records in rows by number, and the way from a name to its row.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use registry::{
    ids::{
        ClientId, ContentHash, Cruid, GoldenNumber, RecordId, RecordNumber, Revision, SourceKey,
        Timestamp,
    },
    state::{BasisKind, Evidence, GoldenState, GoldenStatus, LinkBasis, RecordState},
};
use smallvec::SmallVec;

use super::packed::Packed;
use crate::{StoreError, plan::refused};

/// A record's state in about 120 bytes.
struct RecordRow {
    id: Packed,
    value: Box<str>,
    content: Packed,
    evidence: Option<Box<Evidence>>,
    updated_at: Timestamp,
    decided_at: Revision,
    golden: u32,
    version: u32,
    system: u16,
    client: u16,
    basis: BasisKind,
    is_withdrawn: bool,
    is_adjudicated: bool,
}

/// A golden record's state; most have one member.
struct GoldenRow {
    id: Packed,
    updated_at: Timestamp,
    members: SmallVec<[u32; 4]>,
    status: Status,
    version: u32,
}

enum Status {
    Live,
    Replaced(u32),
    Retired,
}

/// Few different texts, each kept once.
#[derive(Default)]
struct Words(Vec<Arc<str>>);

impl Words {
    fn put(&mut self, word: &str) -> Result<u16, StoreError> {
        let known = self.0.iter().position(|known| **known == *word).unwrap_or_else(|| {
            self.0.push(word.into());
            self.0.len() - 1
        });
        u16::try_from(known).map_err(|_| refused("a draft has room for 65,536 systems and clients"))
    }

    fn get(&self, at: u16) -> Arc<str> {
        self.0[usize::from(at)].clone()
    }
}

/// All rows. A number that was not given yet has none.
#[derive(Default)]
pub(super) struct Tables {
    records: Vec<Option<RecordRow>>,
    goldens: Vec<Option<GoldenRow>>,
    records_by_id: HashTable<u32>,
    records_by_source: HashTable<u32>,
    goldens_by_id: HashTable<u32>,
    systems: Words,
    clients: Words,
    hasher: RandomState,
}

impl Tables {
    pub(super) fn record_numbers(&self) -> impl Iterator<Item = u32> {
        (0_u32..).zip(&self.records).filter(|(_, row)| row.is_some()).map(|(number, _)| number)
    }

    pub(super) fn golden_numbers(&self) -> impl Iterator<Item = u32> {
        (0_u32..).zip(&self.goldens).filter(|(_, row)| row.is_some()).map(|(number, _)| number)
    }

    pub(super) fn record_called(&self, id: &RecordId) -> Option<u32> {
        let id = Packed::of(id.as_str());
        let is = |at: &u32| self.record_row(*at).is_some_and(|row| row.id == id);
        self.records_by_id.find(self.hasher.hash_one(&id), is).copied()
    }

    pub(super) fn golden_called(&self, id: &Cruid) -> Option<u32> {
        let id = Packed::of(id.as_str());
        let is = |at: &u32| self.golden_row(*at).is_some_and(|row| row.id == id);
        self.goldens_by_id.find(self.hasher.hash_one(&id), is).copied()
    }

    pub(super) fn record_of(&self, source: &SourceKey) -> Option<u32> {
        let system = self.systems.0.iter().position(|known| *known == source.system)?;
        let is = |at: &u32| {
            self.record_row(*at)
                .is_some_and(|row| usize::from(row.system) == system && *row.value == *source.value)
        };
        self.records_by_source.find(self.hasher.hash_one(&*source.value), is).copied()
    }

    fn record_row(&self, number: u32) -> Option<&RecordRow> {
        self.records.get(number as usize)?.as_ref()
    }

    fn golden_row(&self, number: u32) -> Option<&GoldenRow> {
        self.goldens.get(number as usize)?.as_ref()
    }

    /// The state of a record.
    pub(super) fn record(&self, number: u32) -> Option<RecordState> {
        let row = self.record_row(number)?;
        let source = SourceKey { system: self.systems.get(row.system), value: (*row.value).into() };
        Some(RecordState {
            id: RecordId::new(row.id.text()),
            number: RecordNumber(number),
            source,
            client: ClientId::new(self.clients.get(row.client)),
            version: row.version,
            updated_at: row.updated_at,
            content: ContentHash::new(row.content.text()),
            is_withdrawn: row.is_withdrawn,
            golden: self.cruid(row.golden)?,
            basis: LinkBasis {
                kind: row.basis,
                revision: row.decided_at,
                evidence: row.evidence.as_deref().cloned(),
            },
            is_adjudicated: row.is_adjudicated,
        })
    }

    /// The state of a golden record.
    pub(super) fn golden(&self, number: u32) -> Option<GoldenState> {
        let row = self.golden_row(number)?;
        let members = row.members.iter().filter_map(|member| self.record_row(*member));
        Some(GoldenState {
            id: Cruid::new(row.id.text()),
            number: GoldenNumber(number),
            version: row.version,
            updated_at: row.updated_at,
            members: members.map(|member| RecordId::new(member.id.text())).collect(),
            status: match row.status {
                Status::Live => GoldenStatus::Live,
                Status::Replaced(other) => GoldenStatus::Replaced(self.cruid(other)?),
                Status::Retired => GoldenStatus::Retired,
            },
        })
    }

    /// Whether a record was withdrawn; `None` if there is none of that number.
    pub(super) fn is_withdrawn(&self, number: u32) -> Option<bool> {
        self.record_row(number).map(|row| row.is_withdrawn)
    }

    /// Whether a golden record stands for a person; `None` if there is none of that number.
    pub(super) fn is_live(&self, number: u32) -> Option<bool> {
        self.golden_row(number).map(|row| matches!(row.status, Status::Live))
    }

    fn cruid(&self, number: u32) -> Option<Cruid> {
        self.golden_row(number).map(|row| Cruid::new(row.id.text()))
    }

    /// Writes states whose names and numbers are known to be free or theirs.
    pub(super) fn write(
        &mut self,
        records: &[RecordState],
        goldens: &[GoldenState],
    ) -> Result<(), StoreError> {
        // Each names the other, so all are filed before any is written in full.
        for state in goldens {
            self.file_golden(state);
        }
        for state in records {
            let row = self.record_row_of(state)?;
            self.file_record(state, row);
        }
        for state in goldens {
            let members = state
                .members
                .iter()
                .map(|id| self.record_called(id).ok_or_else(|| refused("a member is not there")));
            let members = members.collect::<Result<_, _>>()?;
            let status = match &state.status {
                GoldenStatus::Live => Status::Live,
                GoldenStatus::Retired => Status::Retired,
                GoldenStatus::Replaced(other) => Status::Replaced(self.place_of(other)?),
            };
            if let Some(row) = &mut self.goldens[state.number.0 as usize] {
                row.members = members;
                row.status = status;
                row.version = state.version;
                row.updated_at = state.updated_at;
            }
        }
        Ok(())
    }

    fn place_of(&self, golden: &Cruid) -> Result<u32, StoreError> {
        self.golden_called(golden)
            .ok_or_else(|| refused("it names a golden record that is not there"))
    }

    fn record_row_of(&mut self, state: &RecordState) -> Result<RecordRow, StoreError> {
        Ok(RecordRow {
            id: Packed::of(state.id.as_str()),
            value: (*state.source.value).into(),
            content: Packed::of(state.content.as_str()),
            evidence: state.basis.evidence.clone().map(Box::new),
            updated_at: state.updated_at,
            decided_at: state.basis.revision,
            golden: self.place_of(&state.golden)?,
            version: state.version,
            system: self.systems.put(&state.source.system)?,
            client: self.clients.put(state.client.as_str())?,
            basis: state.basis.kind,
            is_withdrawn: state.is_withdrawn,
            is_adjudicated: state.is_adjudicated,
        })
    }

    fn file_record(&mut self, state: &RecordState, row: RecordRow) {
        let (number, at) = (state.number.0, state.number.0 as usize);
        let (id, source) = (self.record_called(&state.id), self.record_of(&state.source));
        let (id_hash, value_hash) =
            (self.hasher.hash_one(&row.id), self.hasher.hash_one(&*row.value));
        if self.records.len() <= at {
            self.records.resize_with(at + 1, || None);
        }
        if source.is_none()
            && let Some(before) = &self.records[at]
        {
            let before = self.hasher.hash_one(&*before.value);
            let entry = self.records_by_source.find_entry(before, |known| *known == number);
            if let Ok(entry) = entry {
                entry.remove();
            }
        }
        self.records[at] = Some(row);
        let (records, hasher) = (&self.records, &self.hasher);
        let row = |at: &u32| records[*at as usize].as_ref();
        if id.is_none() {
            let hash = |at: &u32| row(at).map_or(0, |row| hasher.hash_one(&row.id));
            self.records_by_id.insert_unique(id_hash, number, hash);
        }
        if source.is_none() {
            let hash = |at: &u32| row(at).map_or(0, |row| hasher.hash_one(&*row.value));
            self.records_by_source.insert_unique(value_hash, number, hash);
        }
    }

    fn file_golden(&mut self, state: &GoldenState) {
        if self.golden_called(&state.id).is_some() {
            return;
        }
        let at = state.number.0 as usize;
        if self.goldens.len() <= at {
            self.goldens.resize_with(at + 1, || None);
        }
        let id = Packed::of(state.id.as_str());
        let id_hash = self.hasher.hash_one(&id);
        let (updated_at, version) = (state.updated_at, state.version);
        let members = SmallVec::new();
        self.goldens[at] =
            Some(GoldenRow { id, updated_at, members, status: Status::Live, version });
        let (goldens, hasher) = (&self.goldens, &self.hasher);
        let hash =
            |at: &u32| goldens[*at as usize].as_ref().map_or(0, |row| hasher.hash_one(&row.id));
        self.goldens_by_id.insert_unique(id_hash, state.number.0, hash);
    }
}
