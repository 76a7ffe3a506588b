//! A vector whose copies share what neither has changed.
//!
//! Cloning copies one pointer. Changing an element then copies a part of the list of chunks
//! (`index/spine.rs`) and the chunk it is in; readers of older copies keep theirs. What the elements
//! mean is not known here.

use std::fmt;
use std::sync::Arc;

use super::spine::Spine;

/// A vector in chunks of `CHUNK` elements, with `T::default()` wherever nothing was set.
pub(super) struct Chunked<T, const CHUNK: usize> {
    chunks: Spine<[T]>,
}

// Derived, it would ask for `T: Clone`.
impl<T, const CHUNK: usize> Clone for Chunked<T, CHUNK> {
    fn clone(&self) -> Self {
        Chunked { chunks: self.chunks.clone() }
    }
}

// Millions of elements are no use to a reader.
impl<T, const CHUNK: usize> fmt::Debug for Chunked<T, CHUNK> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunked").field("chunks", &self.chunks.len()).finish_non_exhaustive()
    }
}

impl<T: Clone + Default, const CHUNK: usize> Chunked<T, CHUNK> {
    pub(super) fn new() -> Self {
        Chunked { chunks: Spine::default() }
    }

    /// The element at `at`; the default if it was never set.
    pub(super) fn get(&self, at: usize) -> T {
        self.get_ref(at).cloned().unwrap_or_default()
    }

    /// The element at `at`, if its chunk exists.
    pub(super) fn get_ref(&self, at: usize) -> Option<&T> {
        self.chunks.get(at / CHUNK).map(|chunk| &chunk[at % CHUNK])
    }

    /// Sets an element, growing as needed.
    pub(super) fn set(&mut self, at: usize, element: T) {
        *self.edit(at) = element;
    }

    /// The element at `at` to be changed in place, growing as needed.
    pub(super) fn edit(&mut self, at: usize) -> &mut T {
        while self.chunks.len() <= at / CHUNK {
            self.chunks.push(vec![T::default(); CHUNK].into());
        }
        &mut Arc::make_mut(self.chunks.edit(at / CHUNK))[at % CHUNK]
    }

    /// Gives back the chunks in which every element is at `len` or beyond.
    pub(super) fn shorten(&mut self, len: usize) {
        self.chunks.truncate(len.div_ceil(CHUNK));
    }

    /// Bytes of the chunks, without what the elements point to.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.len() * (CHUNK * size_of::<T>() + 2 * size_of::<usize>()) + self.chunks.bytes()
    }

    /// A vector of the given elements.
    pub(super) fn of(mut elements: impl Iterator<Item = T>) -> Self {
        let mut chunks = Spine::default();
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            chunk.extend(elements.by_ref().take(CHUNK));
            if chunk.is_empty() {
                return Chunked { chunks };
            }
            chunk.resize(CHUNK, T::default());
            chunks.push(chunk.into());
        }
    }

    /// Number of chunks.
    pub(super) fn chunks(&self) -> usize {
        self.chunks.len()
    }

    /// All elements of one chunk; empty if it does not exist.
    pub(super) fn chunk(&self, chunk: usize) -> &[T] {
        self.chunks.get(chunk).map_or(&[], |chunk| chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_does_not_see_later_changes() {
        let mut vector: Chunked<u32, 4> = Chunked::new();
        vector.set(9, 1);
        let before = vector.clone();
        vector.set(9, 2);
        vector.set(100, 3);
        assert_eq!((before.get(9), before.get(100)), (1, 0));
        assert_eq!((vector.get(9), vector.get(100), vector.get(5)), (2, 3, 0));
    }

    #[test]
    fn untouched_chunks_are_shared() {
        let mut vector: Chunked<u32, 4> = Chunked::new();
        vector.set(7, 1);
        let before = vector.clone();
        vector.set(0, 2);
        assert!(Arc::ptr_eq(&before.chunks[1], &vector.chunks[1]));
    }
}
