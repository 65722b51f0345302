//! What training remembers of the comments under a headline, so that more comments under it can be told by their likes.
//!
//! For each headline with enough training comments it holds, for each label, the sum of the comments' bags of stems,
//! each of length 1; a new comment is compared with these sums (nearest centroids: Rocchio 1971; Han and Karypis 2000).

use half::f16;
use std::collections::BTreeMap;

/// A headline is remembered when so many different comments stand under it in the training data.
pub const MIN_COMMENTS: usize = 30;
/// The most stems that are remembered of a headline, those with the largest weights first.
const MAX_STEMS: usize = 1000;

/// The sums of bags of stems, by headline and label.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Memory {
    /// The hashes of the headlines, increasing.
    pub headlines: Vec<u64>,
    /// Where the stems of each headline begin; one number more than headlines.
    pub starts: Vec<u32>,
    /// The upper halves of the stems' hashes, increasing under each headline.
    pub stems: Vec<u32>,
    /// The weights, of shape `(n_stems, n_labels)` by rows.
    pub weights: Vec<f16>,
    /// The number of labels.
    pub n_labels: usize,
}

/// A comment as a list of `(stem, weight)` of length 1, in order of first occurrence.
pub type UnitBag = Vec<(u64, f32)>;

fn short(stem: u64) -> u32 {
    (stem >> 32) as u32
}

impl Memory {
    /// What to remember of comments, each given as the hash of its headline, its bag and its label. Equal comments under
    /// one headline and label are to be given once.
    pub fn learn(comments: impl Iterator<Item = (u64, UnitBag, usize)>, n_labels: usize) -> Self {
        let mut found: BTreeMap<u64, (usize, BTreeMap<u32, Vec<f32>>)> = BTreeMap::new();
        for (headline, bag, label) in comments {
            let (n, stems) = found.entry(headline).or_default();
            *n += 1;
            for (stem, weight) in bag {
                stems
                    .entry(short(stem))
                    .or_insert_with(|| vec![0.0; n_labels])[label] += weight;
            }
        }
        let mut memory = Memory {
            starts: vec![0],
            n_labels,
            ..Memory::default()
        };
        for (headline, (n, stems)) in found {
            if n < MIN_COMMENTS {
                continue;
            }
            let mut stems: Vec<(u32, Vec<f32>)> = stems.into_iter().collect();
            let mass = |w: &[f32]| w.iter().sum::<f32>();
            stems.sort_by(|(a, v), (b, w)| mass(w).total_cmp(&mass(v)).then(a.cmp(b)));
            stems.truncate(MAX_STEMS);
            stems.sort_unstable_by_key(|(stem, _)| *stem);
            memory.headlines.push(headline);
            for (stem, weights) in stems {
                memory.stems.push(stem);
                memory
                    .weights
                    .extend(weights.into_iter().map(f16::from_f32));
            }
            memory.starts.push(memory.stems.len() as u32);
        }
        memory
    }

    /// Whether the parts fit together: what a memory read from a file must fulfil.
    pub fn is_valid(&self) -> bool {
        self.headlines.windows(2).all(|w| w[0] < w[1])
            && self.starts.len() == self.headlines.len() + 1
            && self.starts[0] == 0
            && self.starts.windows(2).all(|w| w[0] <= w[1])
            && self.starts.last().copied() == Some(self.stems.len() as u32)
            && self.weights.len() == self.stems.len() * self.n_labels
            && self.starts.windows(2).all(|w| {
                let stems = &self.stems[w[0] as usize..w[1] as usize];
                stems.windows(2).all(|s| s[0] < s[1])
            })
    }

    /// The stems remembered under the headline with this hash and their weights, by rows.
    fn remembered(&self, headline: u64) -> Option<(&[u32], &[f16])> {
        let at = self.headlines.binary_search(&headline).ok()?;
        let range = self.starts[at] as usize..self.starts[at + 1] as usize;
        let weights = &self.weights[range.start * self.n_labels..range.end * self.n_labels];
        Some((&self.stems[range], weights))
    }

    /// The squared length of what is remembered under the headline with this hash: for each label, then for all labels
    /// together; `None` where nothing is.
    pub fn squares(&self, headline: u64) -> Option<Vec<f32>> {
        let k = self.n_labels;
        let (_, weights) = self.remembered(headline)?;
        let mut squares = vec![0.0f32; k + 1];
        for row in weights.chunks(k) {
            for (square, weight) in squares.iter_mut().zip(row) {
                *square += weight.to_f32().powi(2);
            }
            squares[k] += row.iter().map(|w| w.to_f32()).sum::<f32>().powi(2);
        }
        Some(squares)
    }

    /// The likeness of a comment to those remembered under the headline: the cosine for each label, then the cosine for
    /// all labels together; NaN where nothing is remembered of a label. Empty for a headline that is not known.
    /// `squares` are [`Memory::squares`] of the headline.
    ///
    /// `own` is the label of a comment that is itself among those remembered: it is compared with the others only.
    pub fn likeness(
        &self,
        headline: u64,
        squares: &[f32],
        bag: &UnitBag,
        own: Option<usize>,
    ) -> Vec<f32> {
        let Some((stems, weights)) = self.remembered(headline) else {
            return Vec::new();
        };
        let k = self.n_labels;
        let mut squares = squares.to_vec();
        // One more place for all labels together.
        let mut dots = vec![0.0f32; k + 1];
        let mut own_square = 0.0;
        for &(stem, weight) in bag {
            if let Ok(i) = stems.binary_search(&short(stem)) {
                let row = &weights[i * k..(i + 1) * k];
                for (dot, remembered) in dots.iter_mut().zip(row) {
                    *dot += weight * remembered.to_f32();
                }
                dots[k] += weight * row.iter().map(|w| w.to_f32()).sum::<f32>();
                own_square += weight * weight;
            }
        }
        if let Some(label) = own {
            for i in [label, k] {
                squares[i] += own_square - 2.0 * dots[i];
                dots[i] -= own_square;
            }
        }
        // What is left of a lone comment after it was taken out is rounding.
        let cosine = |(dot, square): (&f32, &f32)| {
            if *square > 1e-4 {
                (dot / square.sqrt()).clamp(0.0, 1.0)
            } else {
                f32::NAN
            }
        };
        dots.iter().zip(&squares).map(cosine).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thirty comments under headline 7: of each three, one with stem 1 and label 0, two with stems 2 and 3 and label 1.
    fn memory() -> Memory {
        let (a, b) = (
            vec![(1 << 32, 1.0f32)],
            vec![(2 << 32, 0.6f32), (3 << 32, 0.8)],
        );
        let comments = (0..30).map(|i| match i % 3 {
            0 => (7, a.clone(), 0),
            _ => (7, b.clone(), 1),
        });
        Memory::learn(comments, 2)
    }

    fn likeness(memory: &Memory, bag: &UnitBag, own: Option<usize>) -> Vec<f32> {
        let squares = memory.squares(7).unwrap_or_default();
        memory.likeness(7, &squares, bag, own)
    }

    #[test]
    fn a_comment_is_like_those_that_share_its_stems() {
        let found = likeness(&memory(), &vec![(2 << 32, 1.0)], None);
        // Label 1 is 20 × (0.6, 0.8): cosine 0.6; together with 10 × stem 1: 12 / √(10² + 12² + 16²).
        assert_eq!(found[0], 0.0);
        assert!((found[1] - 0.6).abs() < 1e-3);
        assert!((found[2] - 12.0 / 500f32.sqrt()).abs() < 1e-3);
    }

    #[test]
    fn a_remembered_comment_is_compared_with_the_others() {
        // A comment of its own words: without itself, nothing like it is left.
        let (a, b) = (vec![(1 << 32, 1.0f32)], vec![(2 << 32, 1.0f32)]);
        let comments = (0..30).map(|i| match i {
            0 => (7, a.clone(), 0),
            _ => (7, b.clone(), 1),
        });
        let memory = Memory::learn(comments, 2);
        let found = likeness(&memory, &a, Some(0));
        assert!(found[0].is_nan());
        assert_eq!(&found[1..], [0.0, 0.0]);
    }

    #[test]
    fn a_headline_with_few_comments_is_not_known() {
        let bag = vec![(1 << 32, 1.0f32)];
        let memory = Memory::learn((0..MIN_COMMENTS - 1).map(|_| (7, bag.clone(), 0)), 2);
        assert!(memory.is_valid() && memory.headlines.is_empty());
        assert!(likeness(&memory, &bag, None).is_empty());
    }

    #[test]
    fn parts_that_do_not_fit_are_not_valid() {
        let good = memory();
        assert!(good.is_valid());
        let mut starts = good.clone();
        starts.starts[1] += 1;
        let mut stems = good.clone();
        stems.stems.swap(0, 1);
        let mut weights = good;
        weights.weights.pop();
        assert!([starts, stems, weights].iter().all(|m| !m.is_valid()));
    }
}
