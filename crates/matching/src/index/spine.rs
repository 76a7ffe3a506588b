//! A list of shared parts whose copies share the list, too, but for what was changed.
//!
//! Cloning copies one pointer. The first change after it copies a list of nodes and one node, some
//! hundred pointers in all, however long the list is. A flat list of ten thousand pointers would
//! take as many counts of references, each in another part of memory, which was most of what
//! publishing a small batch cost in a register of a million.

use std::ops::Index;
use std::sync::Arc;

/// Parts of a node: near the square root of the longest lists.
const NODE: usize = 64;

/// A vector of `Arc<T>`.
#[derive(Debug)]
pub(super) struct Spine<T: ?Sized> {
    /// All full but the last, which is not empty.
    nodes: Arc<Vec<Arc<Vec<Arc<T>>>>>,
    len: usize,
}

// Derived, both would ask the same of `T`.
impl<T: ?Sized> Clone for Spine<T> {
    fn clone(&self) -> Self {
        Spine { nodes: Arc::clone(&self.nodes), len: self.len }
    }
}

impl<T: ?Sized> Default for Spine<T> {
    fn default() -> Self {
        Spine { nodes: Arc::default(), len: 0 }
    }
}

impl<T: ?Sized> Spine<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, at: usize) -> Option<&Arc<T>> {
        self.nodes.get(at / NODE)?.get(at % NODE)
    }

    /// The part at `at`, to be replaced or changed.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(super) fn edit(&mut self, at: usize) -> &mut Arc<T> {
        &mut Arc::make_mut(&mut Arc::make_mut(&mut self.nodes)[at / NODE])[at % NODE]
    }

    pub(super) fn push(&mut self, part: Arc<T>) {
        let nodes = Arc::make_mut(&mut self.nodes);
        if self.len.is_multiple_of(NODE) {
            nodes.push(Arc::default());
        }
        if let Some(node) = nodes.last_mut() {
            Arc::make_mut(node).push(part);
            self.len += 1;
        }
    }

    pub(super) fn pop(&mut self) -> Option<Arc<T>> {
        let last = self.get(self.len.checked_sub(1)?).cloned();
        self.truncate(self.len - 1);
        last
    }

    /// Keeps the first `len` parts.
    pub(super) fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        let nodes = Arc::make_mut(&mut self.nodes);
        nodes.truncate(len.div_ceil(NODE));
        if let Some(node) = nodes.last_mut()
            && !len.is_multiple_of(NODE)
        {
            Arc::make_mut(node).truncate(len % NODE);
        }
        self.len = len;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.nodes.iter().flat_map(|node| node.iter())
    }

    /// Bytes of the lists, without the parts.
    pub(super) fn bytes(&self) -> usize {
        let node = |node: &Arc<Vec<Arc<T>>>| {
            size_of::<Vec<Arc<T>>>()
                + 2 * size_of::<usize>()
                + node.capacity() * size_of::<Arc<T>>()
        };
        self.nodes.iter().map(node).sum::<usize>() + self.nodes.capacity() * size_of::<usize>()
    }
}

impl<T: ?Sized> Index<usize> for Spine<T> {
    type Output = Arc<T>;

    fn index(&self, at: usize) -> &Arc<T> {
        &self.nodes[at / NODE][at % NODE]
    }
}

impl<T: ?Sized> FromIterator<Arc<T>> for Spine<T> {
    fn from_iter<I: IntoIterator<Item = Arc<T>>>(parts: I) -> Self {
        let mut spine = Spine::default();
        parts.into_iter().for_each(|part| spine.push(part));
        spine
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(spine: &Spine<u32>) -> Vec<u32> {
        let list: Vec<u32> = spine.iter().map(|part| **part).collect();
        assert_eq!(list.len(), spine.len());
        assert!((0..list.len()).all(|at| *spine[at] == list[at]));
        assert!(spine.get(list.len()).is_none());
        list
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn it_is_a_vector_and_its_copies_keep_what_they_had(
            steps in prop::collection::vec((0..5u8, 0..400usize), 0..60),
            length in 0..300u32,
        ) {
            let mut spine: Spine<u32> = (0..length).map(Arc::new).collect();
            let mut vector: Vec<u32> = (0..length).collect();
            let mut copies = Vec::new();
            for (step, (kind, at)) in (1000..).zip(steps) {
                match kind {
                    0 => {
                        spine.push(Arc::new(step));
                        vector.push(step);
                    }
                    1 if at < vector.len() => {
                        *Arc::make_mut(spine.edit(at)) = step;
                        vector[at] = step;
                    }
                    2 => prop_assert_eq!(spine.pop().map(|part| *part), vector.pop()),
                    3 => {
                        spine.truncate(at);
                        vector.truncate(at);
                    }
                    _ => copies.push((spine.clone(), vector.clone())),
                }
            }
            copies.push((spine, vector));
            for (spine, vector) in copies {
                prop_assert_eq!(list(&spine), vector);
            }
        }
    }
}
