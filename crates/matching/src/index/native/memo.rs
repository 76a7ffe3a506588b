//! A byte per code of a column, kept for few codes or for many.

use std::collections::HashMap;

/// Where 0 stands for what is not known.
pub(super) enum Memo {
    /// Where few values will be compared.
    Sparse(HashMap<u32, u8, foldhash::fast::RandomState>),
    /// Where many will.
    Dense(Vec<u8>),
}

/// A dense memo is worth its zeros if one in so many values is looked up.
const DENSE_SHARE: usize = 16;

impl Memo {
    pub(super) fn new() -> Memo {
        Memo::Sparse(HashMap::default())
    }

    /// Prepares for so many rows of a column of so many codes.
    pub(super) fn expect(&mut self, rows: usize, codes: usize) {
        if let Memo::Sparse(known) = self
            && rows > codes / DENSE_SHARE
        {
            // Zeros come from the system untouched, so an unused part costs nothing.
            let mut dense = vec![0; codes];
            known.iter().for_each(|(code, known)| dense[*code as usize] = *known);
            *self = Memo::Dense(dense);
        }
    }

    pub(super) fn get(&self, code: u32) -> u8 {
        match self {
            Memo::Sparse(known) => known.get(&code).copied().unwrap_or(0),
            Memo::Dense(known) => known[code as usize],
        }
    }

    pub(super) fn set(&mut self, code: u32, byte: u8) {
        match self {
            Memo::Sparse(known) => drop(known.insert(code, byte)),
            Memo::Dense(known) => known[code as usize] = byte,
        }
    }
}
