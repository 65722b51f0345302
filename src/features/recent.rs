//! Remembers what was made of recent keys, in bounded memory.

use indexmap::{Equivalent, IndexMap};
use rustc_hash::FxBuildHasher;
use std::hash::Hash;

/// Values by key, in two generations. What is new or asked for again belongs to the young one; when that is full it
/// becomes the old one and the old one is forgotten. So what recurs stays, and there are never more than twice `size`
/// values.
///
/// The values of the young generation are numbered: whoever looks up many keys finds all numbers first and then reads
/// the values, so that waiting for memory overlaps.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: IndexMap<K, V, FxBuildHasher>,
    old: IndexMap<K, V, FxBuildHasher>,
    size: usize,
}

impl<K: Hash + Eq, V: Clone> Recent<K, V> {
    /// Remembers nothing yet, and `size` values at most in each generation.
    pub fn new(size: usize) -> Self {
        Recent {
            young: IndexMap::default(),
            old: IndexMap::default(),
            size,
        }
    }

    /// The number of `key`, where it is in the young generation; it holds until room is made.
    pub fn number<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<u32> {
        self.young.get_index_of(key).map(|number| number as u32)
    }

    /// The value with this number.
    pub fn value(&mut self, number: u32) -> &mut V {
        &mut self.young[number as usize]
    }

    /// The value of `key`, where it is in the old generation, for whoever inserts it again.
    pub fn old<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<V> {
        self.old.get(key).cloned()
    }

    /// Makes room for `n` more values, `size` at most, where there is none: the young generation becomes the old one.
    pub fn make_room(&mut self, n: usize) {
        if self.young.len() + n > self.size {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
    }

    /// Remembers the `value` of `key`, which is not in the young generation, and returns its number. There must be room.
    pub fn insert(&mut self, key: K, value: V) -> u32 {
        self.young.insert_full(key, value).0 as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_recurs_stays_and_the_rest_is_forgotten() {
        let mut recent: Recent<u32, u32> = Recent::new(2);
        for key in 0..10 {
            recent.make_room(1);
            if recent.number(&7).is_none() {
                let seven = recent.old(&7).unwrap_or(70);
                recent.insert(7, seven);
            }
            recent.make_room(1);
            recent.insert(key + 100, key);
        }
        let young = recent.number(&7).map(|number| *recent.value(number));
        assert_eq!(young.or(recent.old(&7)), Some(70));
        assert!(recent.young.len() + recent.old.len() <= 4);
        assert_eq!((recent.number(&100), recent.old(&100)), (None, None));
    }
}
