//! Bags of weighted keys, and how alike two are.

use rustc_hash::{FxBuildHasher, FxHashMap};

/// A bag of weighted keys, to be looked up in: a text that comments are compared with.
#[derive(Debug, Clone, Default)]
pub(super) struct Bag {
    weights: FxHashMap<u64, f32>,
    norm: f32,
}

impl Bag {
    /// The bag of `items`; weights of the same key are added.
    pub(super) fn new(items: impl Iterator<Item = (u64, f32)>) -> Self {
        let mut weights: FxHashMap<u64, f32> = FxHashMap::default();
        let mut order = Vec::new();
        for (key, weight) in items {
            let sum = weights.entry(key).or_insert_with(|| {
                order.push(key);
                0.0
            });
            *sum += weight;
        }
        // In order of first occurrence, so that the sum has the same bits in every run.
        let squares: f32 = order.iter().map(|key| weights[key] * weights[key]).sum();
        Bag {
            weights,
            norm: squares.sqrt(),
        }
    }

    /// The weight of `key`; 0 where it is absent.
    pub(super) fn get(&self, key: u64) -> f32 {
        self.weights.get(&key).copied().unwrap_or(0.0)
    }

    /// Whether `key` stands in it.
    pub(super) fn has(&self, key: u64) -> bool {
        self.weights.contains_key(&key)
    }
}

/// A key of a [`List`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub(super) key: u64,
    /// The sum of its weights.
    pub(super) weight: f32,
    /// How often it occurs.
    n: f32,
}

impl Item {
    /// Its mean weight, which is the idf of a word.
    pub(super) fn idf(&self) -> f32 {
        self.weight / self.n
    }
}

/// A bag as a list in order of first occurrence, to be gone through: the comment's side of a comparison.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    pub(super) items: Vec<Item>,
    pub(super) norm: f32,
}

impl List {
    /// The list of `items`, pairs of key and weight.
    pub(super) fn new(items: impl Iterator<Item = (u64, f32)>) -> Self {
        /// Among so few keys, looking at each is fastest.
        const FEW: usize = 24;
        let mut list: Vec<Item> = Vec::with_capacity(items.size_hint().1.unwrap_or(0));
        let mut places = FxHashMap::with_hasher(FxBuildHasher);
        for (key, weight) in items {
            let known = if list.len() <= FEW {
                list.iter().position(|item| item.key == key)
            } else {
                if places.is_empty() {
                    places.extend(list.iter().enumerate().map(|(at, item)| (item.key, at)));
                }
                places.get(&key).copied()
            };
            match known {
                Some(at) => {
                    list[at].weight += weight;
                    list[at].n += 1.0;
                }
                None => {
                    if list.len() > FEW {
                        places.insert(key, list.len());
                    }
                    list.push(Item {
                        key,
                        weight,
                        n: 1.0,
                    });
                }
            }
        }
        let squares = list.iter().map(|item| item.weight * item.weight);
        List {
            norm: squares.sum::<f32>().sqrt(),
            items: list,
        }
    }

    /// The cosine between the two, from 0 to 1; 0 where one is empty.
    pub(super) fn cosine(&self, other: &Bag) -> f32 {
        let norms = self.norm * other.norm;
        if norms <= 0.0 {
            return 0.0;
        }
        let products = self.items.iter().map(|i| i.weight * other.get(i.key));
        products.sum::<f32>() / norms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_adds_up_the_weights_of_a_key_however_many_keys_there_are() {
        for n_keys in [3, 24, 25, 60] {
            let twice = (0..n_keys).chain(0..n_keys).map(|key| (key, key as f32));
            let list = List::new(twice);
            let expected = |i: &Item| i.weight == 2.0 * i.key as f32 && i.idf() == i.key as f32;
            assert_eq!(list.items.len(), n_keys as usize);
            assert!(list.items.iter().all(expected));
            assert!(list.items.iter().map(|i| i.key).eq(0..n_keys));
        }
    }

    #[test]
    fn cosines_are_what_a_hand_works_out() {
        let list = List::new([(1, 3.0), (2, 2.0), (2, 2.0)].into_iter());
        // (3, 4) and (0, 1): 4 / (5 · 1).
        assert_eq!(list.cosine(&Bag::new([(2, 1.0)].into_iter())), 0.8);
        assert_eq!(list.cosine(&Bag::default()), 0.0);
    }
}
