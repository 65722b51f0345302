//! Remembers what was made of recent keys, in bounded memory.

use rustc_hash::FxHashMap;
use std::borrow::Borrow;
use std::hash::Hash;

/// Values by key, in two generations. What is new or asked for again belongs to the young one; when that is full it
/// becomes the old one and the old one is forgotten. So what recurs stays, and there are never more than twice `size`
/// values.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: FxHashMap<K, V>,
    old: FxHashMap<K, V>,
    size: usize,
}

impl<K: Hash + Eq, V> Recent<K, V> {
    /// Remembers nothing yet, and `size` values at most in each generation.
    pub fn new(size: usize) -> Self {
        Recent {
            young: FxHashMap::default(),
            old: FxHashMap::default(),
            size,
        }
    }

    /// The value of `key`, where it is in the young generation.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.young.get(key)
    }

    /// The value of `key`, where it is in the young generation, to be changed.
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.young.get_mut(key)
    }

    /// Takes the value of `key` out of the old generation, for whoever inserts it again.
    pub fn take_old<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.old.remove(key)
    }

    /// Remembers the `value` of `key`, which is not in the young generation.
    pub fn insert(&mut self, key: K, value: V) -> &V {
        if self.young.len() >= self.size {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.entry(key).or_insert(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_recurs_stays_and_the_rest_is_forgotten() {
        let mut recent: Recent<u32, u32> = Recent::new(2);
        for key in 0..10 {
            let seven = recent.get(&7).copied().or_else(|| recent.take_old(&7));
            recent.insert(7, seven.unwrap_or(70));
            recent.insert(key + 100, key);
        }
        assert_eq!(recent.get(&7).copied().or(recent.take_old(&7)), Some(70));
        assert!(recent.young.len() + recent.old.len() <= 4);
        assert_eq!(recent.take_old(&100), None);
    }
}
