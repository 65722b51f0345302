//! Context features: how a comment relates to the headline, the body and the comment that it replies to.

use super::analysis::{Analysis, Analyzer, Kind, Word};
use super::lexicon::{Cue, Cues};
use super::memory::UnitBag;
use super::surface::all_cues;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::cell::OnceCell;

/// Inverse document frequencies of the vocabulary: ln((1 + n) / (1 + n with the token)) + 1, as scikit-learn smooths
/// them. Entry 0 stands for every word outside the vocabulary.
pub type Idf = Vec<f32>;

/// A bag of weighted keys.
#[derive(Debug, Clone, Default)]
struct Bag {
    weights: FxHashMap<u64, f32>,
    norm: f32,
}

impl Bag {
    fn new(items: impl Iterator<Item = (u64, f32)>) -> Self {
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

    fn get(&self, key: u64) -> f32 {
        self.weights.get(&key).copied().unwrap_or(0.0)
    }
}

/// A bag as a list in order of first occurrence, for the comment's side of a comparison.
#[derive(Debug, Clone, Default)]
struct List {
    items: Vec<(u64, f32)>,
    norm: f32,
}

/// For each item the number of its key, keys numbered in order of first occurrence.
fn places(items: &[(u64, f32)]) -> Vec<usize> {
    /// Among so few, looking at each key is fastest.
    const FEW: usize = 24;
    if items.len() <= FEW {
        let mut keys: Vec<u64> = Vec::with_capacity(items.len());
        let place = |&(key, _): &(u64, f32)| {
            let known = keys.iter().position(|&k| k == key);
            known.unwrap_or_else(|| {
                keys.push(key);
                keys.len() - 1
            })
        };
        return items.iter().map(place).collect();
    }
    let mut numbers = FxHashMap::with_capacity_and_hasher(items.len(), FxBuildHasher);
    let place = |&(key, _): &(u64, f32)| {
        let next = numbers.len();
        *numbers.entry(key).or_insert(next)
    };
    items.iter().map(place).collect()
}

impl List {
    fn new(items: impl Iterator<Item = (u64, f32)>) -> Self {
        let items: Vec<(u64, f32)> = items.collect();
        List::at_places(&items, &places(&items))
    }

    /// The list of `items`, whose [`places`] are known.
    fn at_places(items: &[(u64, f32)], places: &[usize]) -> Self {
        let mut list: Vec<(u64, f32)> = Vec::with_capacity(items.len());
        for (&(key, weight), &at) in items.iter().zip(places) {
            match list.get_mut(at) {
                Some((_, sum)) => *sum += weight,
                None => list.push((key, weight)),
            }
        }
        let norm = list.iter().map(|(_, w)| w * w).sum::<f32>().sqrt();
        List { items: list, norm }
    }

    /// The cosine between the two, from 0 to 1; 0 where one is empty.
    fn cosine(&self, other: &Bag) -> f32 {
        let norms = self.norm * other.norm;
        if norms <= 0.0 {
            return 0.0;
        }
        self.items
            .iter()
            .map(|&(key, w)| w * other.get(key))
            .sum::<f32>()
            / norms
    }
}

fn content(words: &[Word]) -> impl Iterator<Item = &Word> {
    words
        .iter()
        .filter(|w| matches!(w.info.kind, Kind::Word | Kind::Hashtag))
}

fn idf_of(idf: &Idf, word: &Word) -> f32 {
    idf.get(word.info.id as usize).copied().unwrap_or(1.0)
}

fn word_items<'a>(words: &'a [Word], idf: &'a Idf) -> impl Iterator<Item = (u64, f32)> + 'a {
    content(words).map(|w| (w.info.key, idf_of(idf, w)))
}

fn stem_items<'a>(words: &'a [Word], idf: &'a Idf) -> impl Iterator<Item = (u64, f32)> + 'a {
    content(words).map(|w| (w.info.stem, idf_of(idf, w)))
}

fn fourgram_items(words: &[Word]) -> impl Iterator<Item = (u64, f32)> + '_ {
    content(words).flat_map(|w| w.info.fourgrams().iter().map(|&g| (g, 1.0)))
}

/// A headline, body or parent, ready to be compared with many comments.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    words: Bag,
    stems: Bag,
    fourgrams: Bag,
    pairs: FxHashSet<(u64, u64)>,
    sentences: Vec<Sentence>,
    idf_mass: f32,
    n_words: usize,
    keys: Vec<u64>,
    /// The cues of all its words.
    pub cues: Cues,
    question: bool,
    quotes: bool,
    /// A hash of its words in order.
    pub hash: u64,
    /// Its embedding; empty without embeddings.
    pub embedding: Vec<f32>,
    /// [`super::memory::Memory::squares`] of it as a headline.
    pub squares: Option<Vec<f32>>,
    /// Its words.
    pub analysis: Analysis,
    /// Its text scores, for whoever computes them to remember.
    pub text_scores: OnceCell<Vec<f64>>,
}

#[derive(Debug, Clone)]
struct Sentence {
    stems: Bag,
    cues: Cues,
}

/// A comment's side of the comparisons.
pub struct Query {
    words: List,
    stems: List,
    fourgrams: List,
    pairs: Vec<(u64, u64)>,
    keys: Vec<u64>,
    /// The idf of each word of `words`.
    idfs: Vec<f32>,
    idf_mass: f32,
    cues: Cues,
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

impl Query {
    /// The comment with this analysis.
    pub fn new(analysis: &Analysis, idf: &Idf) -> Self {
        let words = &analysis.words;
        let keys: Vec<u64> = content(words).map(|w| w.info.key).collect();
        let items: Vec<(u64, f32)> = word_items(words, idf).collect();
        let places = places(&items);
        // The idf of each word of the list, and how often it occurs.
        let mut found: Vec<(f32, f32)> = Vec::with_capacity(items.len());
        for (&(_, idf), &at) in items.iter().zip(&places) {
            match found.get_mut(at) {
                Some((_, n)) => *n += 1.0,
                None => found.push((idf, 1.0)),
            }
        }
        let list = List::at_places(&items, &places);
        Query {
            // A word's weight in the list is its idf as often as it occurs.
            idfs: (list.items.iter().zip(&found))
                .map(|((_, w), (_, n))| w / n)
                .collect(),
            idf_mass: found.iter().map(|(idf, _)| idf).sum(),
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
        items.map(|&(stem, weight)| (stem, weight / norm)).collect()
    }

    /// The idf mass of the words that the comment shares with `other`.
    fn shared_mass(&self, other: &Prepared) -> f32 {
        let words = self.words.items.iter().zip(&self.idfs);
        words
            .filter(|((key, _), _)| other.words.weights.contains_key(key))
            .map(|(_, idf)| idf)
            .sum()
    }

    /// The share of the comment's idf mass that stands in `other`.
    fn overlap(&self, other: &Prepared) -> f32 {
        if self.idf_mass > 0.0 {
            self.shared_mass(other) / self.idf_mass
        } else {
            0.0
        }
    }

    /// The share of `other`'s idf mass that the comment repeats.
    fn cover(&self, other: &Prepared) -> f32 {
        if other.idf_mass > 0.0 {
            self.shared_mass(other) / other.idf_mass
        } else {
            0.0
        }
    }

    /// The share of the comment's word pairs that stand in `other`.
    fn pair_overlap(&self, other: &Prepared) -> f32 {
        if self.pairs.is_empty() {
            return 0.0;
        }
        let shared = self
            .pairs
            .iter()
            .filter(|p| other.pairs.contains(*p))
            .count();
        shared as f32 / self.pairs.len() as f32
    }

    /// BM25 (Robertson and Zaragoza 2009; k1 = 1.2, b = 0.75, mean length `mean_words`) of `other` for the comment's
    /// words, divided by the comment's idf mass: from 0 to 2.2.
    fn bm25(&self, other: &Prepared, mean_words: f32) -> f32 {
        const K1: f32 = 1.2;
        const B: f32 = 0.75;
        if self.idf_mass <= 0.0 {
            return 0.0;
        }
        let length = 1.0 - B + B * other.n_words as f32 / mean_words.max(1.0);
        let mut sum = 0.0;
        for ((key, _), &idf) in self.words.items.iter().zip(&self.idfs) {
            let tf = other.get_count(*key, idf);
            sum += idf * tf * (K1 + 1.0) / (tf + K1 * length);
        }
        sum / self.idf_mass
    }
}

impl Prepared {
    fn get_count(&self, key: u64, idf: f32) -> f32 {
        if idf > 0.0 {
            self.words.get(key) / idf
        } else {
            0.0
        }
    }
}

/// The texts that a comment is compared with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The claim.
    pub headline: Option<&'a Prepared>,
    /// The article's text.
    pub body: Option<&'a Prepared>,
    /// What the comment replies to.
    pub parent: Option<&'a Prepared>,
}

impl Context<'_> {
    /// Whether there is nothing to compare with.
    pub fn is_empty(&self) -> bool {
        self.headline.is_none() && self.body.is_none() && self.parent.is_none()
    }
}

/// The names of the similarities, in the order in which [`context_values`] gives them.
pub const VALUES: [&str; 19] = [
    "share of the comment in the headline",
    "share of the headline in the comment",
    "words shared with the headline",
    "stems shared with the headline",
    "4-grams shared with the headline",
    "word pairs shared with the headline",
    "share of the comment in the body",
    "words shared with the body",
    "stems shared with the body",
    "4-grams shared with the body",
    "word pairs shared with the body",
    "BM25 of the body",
    "best sentence of the body",
    "first sentence of the body",
    "place of the best sentence",
    "share of the comment in the parent",
    "stems shared with the parent",
    "4-grams shared with the parent",
    "share of the parent in the comment",
];

/// The names of the context flags, in the order in which [`context_flags`] gives them.
pub const FLAGS: [&str; 40] = [
    "has a headline",
    "has a body",
    "is the headline",
    "direct reply",
    "nested reply",
    "headline asks",
    "headline quotes",
    "headline negates",
    "headline doubts",
    "headline refutes",
    "headline hedges",
    "headline reports",
    "headline mentions death",
    "headline mentions peace",
    "denies what the headline denies",
    "denies what the headline asserts",
    "asserts what the headline denies",
    "asserts what the headline asserts",
    "best sentence negates",
    "best sentence doubts",
    "best sentence refutes",
    "best sentence hedges",
    "best sentence reports",
    "comment and best sentence both deny",
    "only the comment denies",
    "only the best sentence denies",
    "lead negates",
    "lead doubts",
    "lead refutes",
    "lead hedges",
    "body doubts",
    "body refutes",
    "body refutes twice",
    "body hedges twice",
    "parent asks",
    "parent negates",
    "parent doubts",
    "parent agrees",
    "parent mentions peace",
    "parent laughs",
];

/// What [`context_features`] finds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContextFeatures {
    /// By [`VALUES`]; NaN where the text it compares with is absent.
    pub values: Vec<f32>,
    /// By [`FLAGS`].
    pub flags: Vec<bool>,
}

impl ContextFeatures {
    /// Those of a comment that stands alone.
    pub fn alone() -> Self {
        ContextFeatures {
            values: vec![f32::NAN; VALUES.len()],
            flags: vec![false; FLAGS.len()],
        }
    }
}

/// The context features of a comment. `mean_words` is the mean length of a body, in words.
pub fn context_features(query: &Query, context: Context, mean_words: f32) -> ContextFeatures {
    let best = context.body.and_then(|b| best_sentence(query, b));
    ContextFeatures {
        values: context_values(query, context, best, mean_words),
        flags: context_flags(query, context, best),
    }
}

/// The body's sentence that is most like the comment: its number and the cosine.
fn best_sentence(query: &Query, body: &Prepared) -> Option<(usize, f32)> {
    let mut best: Option<(usize, f32)> = None;
    for (i, sentence) in body.sentences.iter().enumerate() {
        let cosine = query.stems.cosine(&sentence.stems);
        if best.is_none_or(|(_, b)| cosine > b) {
            best = Some((i, cosine));
        }
    }
    best
}

fn context_values(
    query: &Query,
    context: Context,
    best: Option<(usize, f32)>,
    mean_words: f32,
) -> Vec<f32> {
    let mut values = Vec::with_capacity(VALUES.len());
    match context.headline {
        Some(h) => values.extend([
            query.overlap(h),
            query.cover(h),
            query.words.cosine(&h.words),
            query.stems.cosine(&h.stems),
            query.fourgrams.cosine(&h.fourgrams),
            query.pair_overlap(h),
        ]),
        None => values.extend([f32::NAN; 6]),
    }
    match context.body {
        Some(b) => {
            let n = b.sentences.len().max(1) as f32;
            values.extend([
                query.overlap(b),
                query.words.cosine(&b.words),
                query.stems.cosine(&b.stems),
                query.fourgrams.cosine(&b.fourgrams),
                query.pair_overlap(b),
                query.bm25(b, mean_words),
                best.map_or(0.0, |(_, cosine)| cosine),
                b.sentences
                    .first()
                    .map_or(0.0, |s| query.stems.cosine(&s.stems)),
                best.map_or(0.0, |(i, _)| i as f32 / n),
            ]);
        }
        None => values.extend([f32::NAN; 9]),
    }
    match context.parent {
        // A direct reply: its parent is the headline.
        Some(p) if context.headline.is_some_and(|h| std::ptr::eq(h, p)) => {
            values.extend([0, 3, 4, 1].map(|i| values[i]));
        }
        Some(p) => values.extend([
            query.overlap(p),
            query.stems.cosine(&p.stems),
            query.fourgrams.cosine(&p.fourgrams),
            query.cover(p),
        ]),
        None => values.extend([f32::NAN; 4]),
    }
    debug_assert_eq!(values.len(), VALUES.len());
    values
}

fn context_flags(query: &Query, context: Context, best: Option<(usize, f32)>) -> Vec<bool> {
    let cue = |text: Option<&Prepared>, cue| text.is_some_and(|t| t.cues.has(cue));
    let (headline, body, parent) = (context.headline, context.body, context.parent);
    let is_headline = headline.is_some_and(|h| h.keys == query.keys && !query.keys.is_empty());
    let nested = match (parent, headline) {
        (Some(p), Some(h)) => p.keys != h.keys,
        (Some(_), None) => true,
        _ => false,
    };
    let direct = !is_headline && !nested && headline.is_some();
    let denies = query.cues.denies();
    let headline_denies = headline.is_some_and(|h| h.cues.denies());
    let best_cues = match (body, best) {
        (Some(b), Some((i, cosine))) if cosine > 0.0 => b.sentences[i].cues,
        _ => Cues::default(),
    };
    let lead = body
        .and_then(|b| b.sentences.first())
        .map_or(Cues::default(), |s| s.cues);
    let sentences_with =
        |c| body.map_or(0, |b| b.sentences.iter().filter(|s| s.cues.has(c)).count());
    let has_best = best.is_some_and(|(_, cosine)| cosine > 0.0);
    let flags = vec![
        headline.is_some(),
        body.is_some(),
        is_headline,
        direct,
        nested,
        headline.is_some_and(|h| h.question),
        headline.is_some_and(|h| h.quotes),
        cue(headline, Cue::Negation),
        cue(headline, Cue::Doubt),
        cue(headline, Cue::Refutation),
        cue(headline, Cue::Hedge),
        cue(headline, Cue::Report),
        cue(headline, Cue::Death),
        cue(headline, Cue::Peace),
        headline.is_some() && denies && headline_denies,
        headline.is_some() && denies && !headline_denies,
        headline.is_some() && !denies && headline_denies,
        headline.is_some() && !denies && !headline_denies,
        best_cues.has(Cue::Negation),
        best_cues.has(Cue::Doubt),
        best_cues.has(Cue::Refutation),
        best_cues.has(Cue::Hedge),
        best_cues.has(Cue::Report),
        has_best && denies && best_cues.denies(),
        has_best && denies && !best_cues.denies(),
        has_best && !denies && best_cues.denies(),
        lead.has(Cue::Negation),
        lead.has(Cue::Doubt),
        lead.has(Cue::Refutation),
        lead.has(Cue::Hedge),
        sentences_with(Cue::Doubt) > 0,
        sentences_with(Cue::Refutation) > 0,
        sentences_with(Cue::Refutation) > 1,
        sentences_with(Cue::Hedge) > 1,
        parent.is_some_and(|p| p.question),
        cue(parent, Cue::Negation),
        cue(parent, Cue::Doubt),
        cue(parent, Cue::Agreement),
        cue(parent, Cue::Peace),
        cue(parent, Cue::Laughter),
    ];
    debug_assert_eq!(flags.len(), FLAGS.len());
    flags
}

#[cfg(test)]
mod tests {
    use super::super::lexicon::Lexicon;
    use super::*;
    use crate::tokenize::Tokenizer;

    /// Features of a comment where every word has idf 1.
    fn features(
        comment: &str,
        headline: Option<&str>,
        body: Option<&str>,
        parent: Option<&str>,
    ) -> ContextFeatures {
        let (tokenizer, lexicon) = (Tokenizer::new([]), Lexicon::default());
        let mut analyzer = Analyzer::new(&tokenizer, &lexicon, (3, 5));
        let idf = vec![1.0];
        let mut prepare = |t: Option<&str>| t.map(|t| Prepared::new(t, &mut analyzer, &idf));
        let (headline, body, parent) = (prepare(headline), prepare(body), prepare(parent));
        let analysis = analyzer.analyze(comment);
        let context = Context {
            headline: headline.as_ref(),
            body: body.as_ref(),
            parent: parent.as_ref(),
        };
        context_features(&Query::new(&analysis, &idf), context, 4.0)
    }

    fn value(f: &ContextFeatures, name: &str) -> f32 {
        f.values[VALUES.iter().position(|v| *v == name).unwrap()]
    }

    fn flag(f: &ContextFeatures, name: &str) -> bool {
        f.flags[FLAGS.iter().position(|v| *v == name).unwrap()]
    }

    #[test]
    fn similarities_are_what_a_hand_works_out() {
        let f = features("red ship sunk", Some("blue ship sunk today"), None, None);
        assert!((value(&f, "share of the comment in the headline") - 2.0 / 3.0).abs() < 1e-6);
        assert!((value(&f, "share of the headline in the comment") - 0.5).abs() < 1e-6);
        // Two shared words: 2 / (√3 √4).
        assert!((value(&f, "words shared with the headline") - 2.0 / 12f32.sqrt()).abs() < 1e-6);
        // One of two pairs.
        assert!((value(&f, "word pairs shared with the headline") - 0.5).abs() < 1e-6);
        assert!(value(&f, "words shared with the body").is_nan());
    }

    #[test]
    fn bm25_follows_its_formula() {
        let f = features("ship sunk", None, Some("ship ship port crane"), None);
        // Length 4 = the mean, so tf = 2 gives 2 · 2.2 / (2 + 1.2); "sunk" gives 0; the idf mass is 2.
        let expected = 2.0 * 2.2 / 3.2 / 2.0;
        assert!((value(&f, "BM25 of the body") - expected).abs() < 1e-6);
    }

    #[test]
    fn the_best_sentence_is_found_and_its_place() {
        let body = Some(
            "The port is calm. Officials denied the ship was hit. Weather is fine. Nothing more.",
        );
        let f = features("was the ship hit", None, body, None);
        assert!((value(&f, "place of the best sentence") - 0.25).abs() < 1e-6);
        assert!(flag(&f, "best sentence refutes"));
    }

    #[test]
    fn roles_are_told_apart() {
        let h = Some("Ship sunk.");
        assert!(flag(
            &features("Ship sunk!", h, None, None),
            "is the headline"
        ));
        assert!(flag(&features("wow", h, None, h), "direct reply"));
        assert!(flag(
            &features("wow", h, None, Some("no way")),
            "nested reply"
        ));
        let none = features("wow", None, None, None);
        assert!(
            !["is the headline", "direct reply", "nested reply"]
                .iter()
                .any(|r| flag(&none, r))
        );
    }

    #[test]
    fn absent_context_is_not_the_same_as_no_overlap() {
        let f = features("wow", Some("Ship sunk"), None, None);
        assert_eq!(value(&f, "words shared with the headline"), 0.0);
        assert!(value(&f, "stems shared with the parent").is_nan());
    }
}
