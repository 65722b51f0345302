//! A comment's side of the comparisons with headline, body and parent.

use super::bag::List;
use super::prepared::{Idf, Prepared, content, fourgram_items, stem_items, word_items};
use crate::features::analysis::Analysis;
use crate::features::lexicon::Cues;
use crate::features::memory::UnitBag;
use crate::features::surface::all_cues;

/// A comment, ready to be compared with texts.
pub struct Query {
    pub(super) words: List,
    pub(super) stems: List,
    pub(super) fourgrams: List,
    pairs: Vec<(u64, u64)>,
    pub(super) keys: Vec<u64>,
    idf_mass: f32,
    pub(super) cues: Cues,
}

/// Which stems a comment shares with texts and which the texts lack, by how rare they are: by idf, 0 where there is none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Specifics {
    /// The rarest two that the comment shares.
    pub(super) shared: [f32; 2],
    /// How many it shares.
    pub(super) n_shared: f32,
    /// The rarest two that the texts lack.
    pub(super) lacking: [f32; 2],
    /// How many the texts lack.
    pub(super) n_lacking: f32,
}

/// Puts `idf` among the two highest where it belongs there.
fn note([first, second]: &mut [f32; 2], idf: f32) {
    *second = second.max(idf.min(*first));
    *first = first.max(idf);
}

impl Query {
    /// The comment with this analysis.
    pub fn new(analysis: &Analysis, idf: &Idf) -> Self {
        let words = &analysis.words;
        let keys: Vec<u64> = content(words).map(|w| w.info.key).collect();
        let list = List::new(word_items(words, idf));
        Query {
            idf_mass: list.items.iter().map(|word| word.idf()).sum(),
            words: list,
            stems: List::new(stem_items(words, idf)),
            fourgrams: List::new(fourgram_items(words)),
            pairs: keys.windows(2).map(|p| (p[0], p[1])).collect(),
            keys,
            cues: all_cues(words),
        }
    }

    /// The comment's stems, weighted by idf, as a list of length 1; empty for a comment without words.
    pub fn unit_bag(&self) -> UnitBag {
        let norm = self.stems.norm;
        let items = self.stems.items.iter().filter(|_| norm > 0.0);
        items.map(|i| (i.key, i.weight / norm)).collect()
    }

    /// The idf mass of the words that the comment shares with `other`.
    fn shared_mass(&self, other: &Prepared) -> f32 {
        let shared = self.words.items.iter().filter(|i| other.words.has(i.key));
        shared.map(|word| word.idf()).sum()
    }

    /// The share of the comment's idf mass that stands in `other`.
    pub(super) fn overlap(&self, other: &Prepared) -> f32 {
        if self.idf_mass > 0.0 {
            self.shared_mass(other) / self.idf_mass
        } else {
            0.0
        }
    }

    /// The share of `other`'s idf mass that the comment repeats.
    pub(super) fn cover(&self, other: &Prepared) -> f32 {
        if other.idf_mass > 0.0 {
            self.shared_mass(other) / other.idf_mass
        } else {
            0.0
        }
    }

    /// The share of the comment's word pairs that stand in `other`.
    pub(super) fn pair_overlap(&self, other: &Prepared) -> f32 {
        if self.pairs.is_empty() {
            return 0.0;
        }
        let shared = self.pairs.iter().filter(|p| other.pairs.contains(*p));
        shared.count() as f32 / self.pairs.len() as f32
    }

    /// What the comment shares with `texts` taken together, and what they lack.
    pub(super) fn specifics(&self, texts: [Option<&Prepared>; 2]) -> Specifics {
        let mut found = Specifics::default();
        for stem in &self.stems.items {
            if texts.iter().flatten().any(|t| t.stems.has(stem.key)) {
                note(&mut found.shared, stem.idf());
                found.n_shared += 1.0;
            } else {
                note(&mut found.lacking, stem.idf());
                found.n_lacking += 1.0;
            }
        }
        found
    }

    /// BM25 (Robertson and Zaragoza 2009; k1 = 1.2, b = 0.75, mean length `mean_words`) of `other` for the comment's
    /// words, divided by the comment's idf mass: from 0 to 2.2.
    pub(super) fn bm25(&self, other: &Prepared, mean_words: f32) -> f32 {
        const K1: f32 = 1.2;
        const B: f32 = 0.75;
        if self.idf_mass <= 0.0 {
            return 0.0;
        }
        let length = 1.0 - B + B * other.n_words as f32 / mean_words.max(1.0);
        let mut sum = 0.0;
        for word in &self.words.items {
            let idf = word.idf();
            let tf = if idf > 0.0 {
                other.words.get(word.key) / idf
            } else {
                0.0
            };
            sum += idf * tf * (K1 + 1.0) / (tf + K1 * length);
        }
        sum / self.idf_mass
    }
}
