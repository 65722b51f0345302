//! A headline, body or parent, ready to be compared with many comments.

use super::bag::Bag;
use crate::features::analysis::{Analysis, Analyzer, Kind, Word};
use crate::features::lexicon::Cues;
use crate::features::surface::all_cues;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::OnceCell;

/// Inverse document frequencies of the vocabulary: ln((1 + n) / (1 + n with the token)) + 1, as scikit-learn smooths
/// them. Entry 0 stands for every word outside the vocabulary.
pub type Idf = Vec<f32>;

pub(super) fn content(words: &[Word]) -> impl Iterator<Item = &Word> {
    words
        .iter()
        .filter(|w| matches!(w.info.kind, Kind::Word | Kind::Hashtag))
}

fn idf_of(idf: &Idf, word: &Word) -> f32 {
    idf.get(word.info.id as usize).copied().unwrap_or(1.0)
}

pub(super) fn word_items<'a>(
    words: &'a [Word],
    idf: &'a Idf,
) -> impl Iterator<Item = (u64, f32)> + 'a {
    content(words).map(|w| (w.info.key, idf_of(idf, w)))
}

pub(super) fn stem_items<'a>(
    words: &'a [Word],
    idf: &'a Idf,
) -> impl Iterator<Item = (u64, f32)> + 'a {
    content(words).map(|w| (w.info.stem, idf_of(idf, w)))
}

pub(super) fn fourgram_items(words: &[Word]) -> impl Iterator<Item = (u64, f32)> + '_ {
    content(words).flat_map(|w| w.info.fourgrams().iter().map(|&g| (g, 1.0)))
}

/// A headline, body or parent, ready to be compared with many comments.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    pub(super) words: Bag,
    pub(super) stems: Bag,
    pub(super) fourgrams: Bag,
    pub(super) pairs: FxHashSet<(u64, u64)>,
    pub(super) sentences: Vec<Sentence>,
    pub(super) idf_mass: f32,
    pub(super) n_words: usize,
    pub(super) keys: Vec<u64>,
    /// The cues of all its words.
    pub cues: Cues,
    pub(super) question: bool,
    pub(super) quotes: bool,
    /// A hash of its words in order.
    pub hash: u64,
    /// Its embedding; empty without embeddings.
    pub embedding: Vec<f32>,
    /// [`crate::features::memory::Memory::squares`] of it as a headline.
    pub squares: Option<Vec<f32>>,
    /// Its words.
    pub analysis: Analysis,
    /// Its text scores, for whoever computes them to remember.
    pub text_scores: OnceCell<Vec<f64>>,
}

#[derive(Debug, Clone)]
pub(super) struct Sentence {
    pub(super) stems: Bag,
    pub(super) cues: Cues,
}

impl Prepared {
    /// Prepares `text`.
    pub fn new(text: &str, analyzer: &mut Analyzer, idf: &Idf) -> Self {
        let analysis = analyzer.analyze(text);
        let words = &analysis.words;
        let keys: Vec<u64> = content(words).map(|w| w.info.key).collect();
        let bag = Bag::new(word_items(words, idf));
        let mut seen: Vec<u64> = keys.clone();
        seen.sort_unstable();
        seen.dedup();
        let mass: FxHashMap<u64, f32> = word_items(words, idf).collect();
        Prepared {
            idf_mass: seen.iter().map(|k| mass[k]).sum(),
            words: bag,
            stems: Bag::new(stem_items(words, idf)),
            fourgrams: Bag::new(fourgram_items(words)),
            pairs: keys.windows(2).map(|p| (p[0], p[1])).collect(),
            sentences: sentences(words)
                .map(|s| Sentence {
                    stems: Bag::new(stem_items(s, idf)),
                    cues: all_cues(s),
                })
                .collect(),
            n_words: keys.len(),
            cues: all_cues(words),
            question: words.iter().any(|w| w.info.text.contains(['?', '؟'])),
            quotes: text.contains(['"', '“', '”', '«', '»', '„', '\'', '‘']),
            hash: hash_words(&keys),
            embedding: Vec::new(),
            squares: None,
            text_scores: OnceCell::new(),
            keys,
            analysis,
        }
    }
}

/// A hash of words in order; never 0.
fn hash_words(keys: &[u64]) -> u64 {
    keys.iter()
        .fold(1u64, |h, k| {
            (h.rotate_left(5) ^ k).wrapping_mul(0x517c_c1b7_2722_0a95)
        })
        .max(1)
}

/// Cuts words into sentences behind full stops, question and exclamation marks.
fn sentences(words: &[Word]) -> impl Iterator<Item = &[Word]> {
    words
        .split_inclusive(|w| {
            w.info.kind == Kind::Mark && w.info.text.starts_with(['.', '?', '!', '؟', '。', '…'])
        })
        .filter(|s| content(s).next().is_some())
}
