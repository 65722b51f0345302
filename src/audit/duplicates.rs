//! Texts that are the same, or nearly, in time that grows nearly in step with the number of texts.
//!
//! Texts are compared as they are normalised for the model, in lower case. Two are near duplicates where the Jaccard
//! similarity of their sets of character 5-grams is at least 0.8. Candidates come from MinHash signatures (Broder 1997) cut
//! into 25 bands of 5 (locality-sensitive hashing, Indyk and Motwani 1998): a pair at 0.8 is a candidate with probability
//! 1 − (1 − 0.8⁵)²⁵ > 0.9999. Every candidate is then compared exactly.

use crate::normalize::normalize;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// The similarity from which on texts are near duplicates.
pub const THRESHOLD: f64 = 0.8;
const N: usize = 5;
const BANDS: usize = 25;
const ROWS: usize = 5;

/// Rows whose texts are duplicates of each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The rows, increasing.
    pub rows: Vec<usize>,
    /// The lowest similarity by which a text came into the cluster; 1 where all are the same.
    pub similarity: f64,
}

/// Duplicates among texts, clusters in the order of their first rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Duplicates {
    /// Rows with the same text, two or more each.
    pub exact: Vec<Cluster>,
    /// Rows of two or more different texts, each similar to another of the cluster.
    pub near: Vec<Cluster>,
}

/// What of a text is compared.
pub fn compared(text: &str) -> String {
    normalize(text).to_lowercase()
}

/// Finds the duplicates among `texts`, each as [`compared`].
pub fn duplicates(texts: &[String]) -> Duplicates {
    let mut by_text: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, text) in texts.iter().enumerate() {
        by_text.entry(text).or_default().push(row);
    }
    let mut distinct: Vec<(&str, Vec<usize>)> = by_text.into_iter().collect();
    distinct.sort_by_key(|(_, rows)| rows[0]);
    let exact = distinct
        .iter()
        .filter(|(_, rows)| rows.len() > 1)
        .map(|(_, rows)| Cluster {
            rows: rows.clone(),
            similarity: 1.0,
        })
        .collect();
    let grams: Vec<Vec<u64>> = distinct.par_iter().map(|(t, _)| grams(t)).collect();
    let near = clusters(&grams)
        .into_iter()
        .map(|(members, similarity)| {
            let mut rows: Vec<usize> = members
                .iter()
                .flat_map(|&m| distinct[m].1.iter().copied())
                .collect();
            rows.sort_unstable();
            Cluster { rows, similarity }
        })
        .collect();
    Duplicates { exact, near }
}

/// The hashes of a text's character 5-grams, sorted, each once; a shorter text is one gram, an empty one none.
fn grams(text: &str) -> Vec<u64> {
    let starts: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let hash = |piece: &str| {
        let mut hasher = rustc_hash::FxHasher::default();
        piece.hash(&mut hasher);
        mix(hasher.finish())
    };
    let mut grams: Vec<u64> = if starts.len() <= N {
        (!text.is_empty()).then(|| hash(text)).into_iter().collect()
    } else {
        starts
            .windows(N + 1)
            .map(|w| hash(&text[w[0]..w[N]]))
            .collect()
    };
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// Spreads the bits of `x` (the finaliser of SplitMix64, Steele, Lea and Flood 2014).
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The Jaccard similarity of two sorted sets: how much of what either has both have.
fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut both) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                both += 1;
                i += 1;
                j += 1;
            }
        }
    }
    f64::from(both) / (a.len() + b.len()).saturating_sub(both as usize).max(1) as f64
}

/// The hash of each band of a set's MinHash signature.
fn bands(grams: &[u64]) -> Vec<u64> {
    (0..BANDS as u64)
        .map(|band| {
            (0..ROWS as u64).fold(band, |hash, row| {
                let seed = mix(band * ROWS as u64 + row + 1);
                let least = grams.iter().map(|g| mix(g ^ seed)).min().unwrap_or(0);
                mix(hash ^ least)
            })
        })
        .collect()
}

/// The members of each cluster of two or more sets, with the lowest similarity that joined one.
fn clusters(sets: &[Vec<u64>]) -> Vec<(Vec<usize>, f64)> {
    let signatures: Vec<Vec<u64>> = sets.par_iter().map(|set| bands(set)).collect();
    let mut parent: Vec<usize> = (0..sets.len()).collect();
    let mut lowest = vec![1.0f64; sets.len()];
    for band in 0..BANDS {
        // Each set is compared with the first one of every cluster in its bucket, so that a thousand copies cost a thousand
        // comparisons.
        let mut buckets: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
        for (set, signature) in signatures.iter().enumerate() {
            if sets[set].is_empty() {
                continue;
            }
            let heads = buckets.entry(signature[band]).or_default();
            let mut joined = false;
            for &head in heads.iter() {
                let (a, b) = (root(&mut parent, head), root(&mut parent, set));
                if a == b {
                    joined = true;
                    continue;
                }
                let similarity = jaccard(&sets[head], &sets[set]);
                if similarity >= THRESHOLD {
                    let (first, second) = (a.min(b), a.max(b));
                    parent[second] = first;
                    lowest[first] = lowest[first].min(lowest[second]).min(similarity);
                    joined = true;
                }
            }
            if !joined {
                heads.push(set);
            }
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for set in 0..sets.len() {
        members.entry(root(&mut parent, set)).or_default().push(set);
    }
    members
        .into_iter()
        .filter(|(_, sets)| sets.len() > 1)
        .map(|(root, sets)| (sets, lowest[root]))
        .collect()
}

fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[&str]) -> Duplicates {
        duplicates(&texts.iter().map(|t| compared(t)).collect::<Vec<_>>())
    }

    fn rows(clusters: &[Cluster]) -> Vec<Vec<usize>> {
        clusters.iter().map(|c| c.rows.clone()).collect()
    }

    #[test]
    fn the_same_text_in_other_letters_is_an_exact_duplicate() {
        let d = found(&[
            "Stop the WAR",
            "other",
            "stop  the war",
            "",
            "ｓtop the war",
            "",
        ]);
        assert_eq!(rows(&d.exact), [vec![0, 2, 4], vec![3, 5]]);
        assert!(d.near.is_empty());
    }

    /// "abcdefghijklmnopqrstuvwxyz" has 22 grams; without its last letter 21, all shared: 21/22. With "!?" behind it 24:
    /// 22/24.
    #[test]
    fn near_duplicates_have_the_jaccard_similarity_of_their_5_grams() {
        let alphabet = "abcdefghijklmnopqrstuvwxyz";
        let d = found(&[
            alphabet,
            "something else entirely, no letter in common order",
            &alphabet[..25],
        ]);
        assert_eq!(rows(&d.near), [vec![0, 2]]);
        assert!((d.near[0].similarity - 21.0 / 22.0).abs() < 1e-12);
        // 22 of 28 grams: below 0.8.
        assert!(
            found(&[alphabet, "abcdefghijklmnopqrstuvwxyz, yes !"])
                .near
                .is_empty()
        );
        // Shorter than five letters: only the same is alike.
        assert!(found(&["no", "noo"]).near.is_empty());
    }

    /// Every pair at 0.8 or more that comparing all pairs finds is in one cluster here too.
    #[test]
    fn buckets_find_what_comparing_all_pairs_finds() {
        let mut rng = fastrand::Rng::with_seed(4);
        let words = [
            "ship", "sunk", "harbour", "video", "proof", "soldier", "bridge", "night", "again",
            "nobody",
        ];
        let mut texts: Vec<String> = Vec::new();
        for _ in 0..400 {
            let mut text: Vec<&str> = (0..14).map(|_| words[rng.usize(..words.len())]).collect();
            texts.push(text.join(" "));
            let at = rng.usize(..text.len());
            text[at] = words[rng.usize(..words.len())];
            texts.push(text.join(" "));
        }
        let sets: Vec<Vec<u64>> = texts.iter().map(|t| grams(t)).collect();
        let clusters = clusters(&sets);
        let mut of = vec![usize::MAX; sets.len()];
        for (number, (members, _)) in clusters.iter().enumerate() {
            for &m in members {
                of[m] = number;
            }
        }
        let mut pairs = 0;
        for a in 0..sets.len() {
            for b in 0..a {
                if jaccard(&sets[a], &sets[b]) >= THRESHOLD {
                    pairs += 1;
                    assert!(of[a] != usize::MAX && of[a] == of[b], "{a} {b}");
                }
            }
        }
        assert!(pairs > 50, "{pairs}");
    }
}
