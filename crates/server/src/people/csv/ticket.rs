//! Links that work once: OpenCR's UI opens a report by navigation, which sends no token.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{OsRng, rand_core::RngCore};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::Upload;

/// OpenCR deleted its files after as long.
const LASTS: Duration = Duration::from_secs(120);

/// Links that are open at once; the oldest one goes.
const OPEN_MAX: usize = 1_000;

/// Random bytes of a link.
const SECRET_BYTES: usize = 24;

/// Whose report may be fetched, and in whose name.
pub(super) struct Ticket {
    pub(super) upload: Upload,
    pub(super) username: String,
}

/// All open links, by the hash of their names, so that looking one up tells nothing by its time.
#[derive(Default)]
pub(in crate::people) struct Tickets(Mutex<HashMap<[u8; 32], (Instant, Ticket)>>);

impl Tickets {
    /// Opens a link and gives the name of the file that it leads to.
    pub(super) fn issue(&self, ticket: Ticket) -> String {
        let mut secret = [0; SECRET_BYTES];
        OsRng.fill_bytes(&mut secret);
        let (report, secret) = (ticket.upload.report_id(), URL_SAFE_NO_PAD.encode(secret));
        let name = format!("{report}-{secret}.xlsx");
        let mut open = self.0.lock();
        open.retain(|_, (opened, _)| opened.elapsed() < LASTS);
        if open.len() >= OPEN_MAX {
            let oldest = open.iter().min_by_key(|(_, (opened, _))| *opened).map(|(key, _)| *key);
            oldest.map(|key| open.remove(&key));
        }
        open.insert(Sha256::digest(&name).into(), (Instant::now(), ticket));
        name
    }

    /// Closes a link and gives what it was for; `None` if it is not open.
    pub(super) fn redeem(&self, name: &str) -> Option<Ticket> {
        let key: [u8; 32] = Sha256::digest(name).into();
        let (opened, ticket) = self.0.lock().remove(&key)?;
        (opened.elapsed() < LASTS).then_some(ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        let upload = Upload { code: "one".into(), name: "Labs.csv".into(), date: String::new() };
        Ticket { upload, username: "steward".into() }
    }

    #[test]
    fn s15_link_is_unlike_any_other_and_works_once() {
        let tickets = Tickets::default();
        let (one, two) = (tickets.issue(ticket()), tickets.issue(ticket()));
        assert_ne!(one, two);
        assert!(tickets.redeem(&one).is_some() && tickets.redeem(&one).is_none());
        assert!(tickets.redeem("").is_none() && tickets.redeem(&two.to_lowercase()).is_none());
    }

    #[test]
    fn links_do_not_fill_the_memory() {
        let tickets = Tickets::default();
        for _ in 0..OPEN_MAX + 10 {
            tickets.issue(ticket());
        }
        assert_eq!(tickets.0.lock().len(), OPEN_MAX);
    }
}
