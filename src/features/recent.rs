//! Remembers what was made of recent keys, in bounded memory.

use rustc_hash::FxHashMap;
use std::borrow::Borrow;
use std::hash::Hash;

/// Values by key, in two generations. What is new or asked for again belongs to the young one; when that is full it
/// becomes the old one and the old one is forgotten. So what recurs stays, and there are never more than twice `size`
/// values.
///
/// The values of the young generation are numbered: whoever looks up many keys finds all numbers first and then reads
/// the values, so that waiting for memory overlaps.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: Generation<K, V>,
    old: Generation<K, V>,
    size: usize,
}

#[derive(Debug)]
struct Generation<K, V> {
    numbers: FxHashMap<K, u32>,
    values: Vec<V>,
}

impl<K: Hash + Eq, V: Clone> Recent<K, V> {
    /// Remembers nothing yet, and `size` values at most in each generation.
    pub fn new(size: usize) -> Self {
        let none = || Generation {
            numbers: FxHashMap::default(),
            values: Vec::new(),
        };
        Recent {
            young: none(),
            old: none(),
            size,
        }
    }

    /// The number of `key`, where it is in the young generation; it holds until room is made.
    pub fn number<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
    {
        self.young.numbers.get(key).copied()
    }

    /// The value with this number.
    pub fn value(&mut self, number: u32) -> &mut V {
        &mut self.young.values[number as usize]
    }

    /// The value of `key`, where it is in the old generation, for whoever inserts it again.
    pub fn old<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let number = *self.old.numbers.get(key)?;
        Some(self.old.values[number as usize].clone())
    }

    /// Makes room for `n` more values, `size` at most, where there is none: the young generation becomes the old one.
    pub fn make_room(&mut self, n: usize) {
        if self.young.values.len() + n > self.size {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.numbers.clear();
            self.young.values.clear();
        }
    }

    /// Remembers the `value` of `key`, which is not in the young generation, and returns its number. There must be room.
    pub fn insert(&mut self, key: K, value: V) -> u32 {
        let number = self.young.values.len() as u32;
        self.young.values.push(value);
        self.young.numbers.insert(key, number);
        number
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
        assert!(recent.young.values.len() + recent.old.values.len() <= 4);
        assert_eq!((recent.number(&100), recent.old(&100)), (None, None));
    }
}
