//! Step four: a comment becomes features. One extractor serves training and classification.
//!
//! [`FeatureExtractor`] holds what training learned: the tokenizer, inverse document frequencies and the table of
//! n-grams. [`Extraction`] is its working memory, one for each thread.

pub mod analysis;
pub mod context;
pub mod dense;
pub mod flags;
pub mod lexicon;
pub mod memory;
pub mod ngrams;
mod recent;
pub mod surface;

use crate::embeddings::{Embeddings, cosine};
use crate::normalize::normalize;
use crate::record::Comment;
use crate::tokenize::Tokenizer;
use analysis::{Analysis, Analyzer};
use context::{Context, ContextFeatures, Idf, Prepared, Query, context_features};
use dense::DenseFeatures;
use flags::Flags;
use lexicon::Lexicon;
use memory::{Memory, UnitBag};
use ngrams::{NgramRow, NgramTable};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use std::sync::Arc;
use surface::{N_SURFACE, Seen, surface_flags};

/// What is counted as a feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureSettings {
    /// The shortest character n-gram inside a word. Default 2.
    pub char_min: usize,
    /// The longest. Default 5.
    pub char_max: usize,
    /// An n-gram becomes a feature when it stands in so many training texts. Default 2.
    pub min_texts: u32,
    /// The most n-grams, the most frequent first. Default 600,000.
    pub max_ngrams: usize,
    /// A word enters the vocabulary when it stands so many times in the training texts and their context. Default 3.
    pub min_word_count: u64,
    /// The most words in the vocabulary. Default 30,000.
    pub max_words: usize,
}

impl Default for FeatureSettings {
    fn default() -> Self {
        FeatureSettings {
            char_min: 2,
            char_max: 5,
            min_texts: 2,
            max_ngrams: 600_000,
            min_word_count: 3,
            max_words: 30_000,
        }
    }
}

/// A block of features that training can leave out, to see what it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Block {
    /// N-grams of two words.
    WordPairs,
    /// Character n-grams inside words.
    Characters,
    /// The copies of n-grams under headlines that are topics.
    Topics,
    /// Flags of the comment's surface.
    Surface,
    /// Flags of headline, body and parent.
    Context,
    /// Similarities of the comment to headline, body and parent.
    Similarities,
    /// Pairs of a context flag and a surface flag.
    FlagPairs,
    /// Weights of the text scores under context flags.
    Gates,
    /// Text scores of headline and parent, and their products with the comment's.
    ContextScores,
    /// What is remembered of the comments under a headline.
    Memory,
}

/// The features of one comment.
#[derive(Debug, Clone)]
pub struct Features {
    /// The comment's words, for explanations.
    pub analysis: Analysis,
    /// The row of n-grams.
    pub ngrams: NgramRow,
    /// The gates that are open for its n-grams; see [`ngrams::for_each_ngram`].
    pub gates: Vec<u64>,
    /// Surface and context features.
    pub dense: DenseFeatures,
    /// The headline's row of n-grams, outside all gates.
    pub headline: Option<NgramRow>,
    /// The parent's.
    pub parent: Option<NgramRow>,
}

/// What is known of one comment before its n-grams are looked up.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The comment's words.
    pub analysis: Analysis,
    /// The gates that are open for its n-grams.
    pub gates: Vec<u64>,
    /// Surface and context features.
    pub dense: DenseFeatures,
    /// The headline.
    pub headline: Option<Rc<Prepared>>,
    /// The comment or post that it replies to.
    pub parent: Option<Rc<Prepared>>,
}

/// Everything that turns a comment into features.
#[derive(Debug, Clone)]
pub struct FeatureExtractor {
    /// What is counted as a feature.
    pub settings: FeatureSettings,
    /// The tokenizer.
    pub tokenizer: Tokenizer,
    /// The vocabulary's inverse document frequencies.
    pub idf: Idf,
    /// The mean length of a training body, in words.
    pub mean_body_words: f32,
    /// The n-grams that are features.
    pub table: NgramTable,
    /// The headlines that are topics, as hashes, increasing: each has rows of many groups, so that words can mean
    /// something of their own under it.
    pub topics: Vec<u64>,
    /// What is remembered of the comments under the headlines of training.
    pub memory: Memory,
    /// Gives texts their embeddings; `None` for a model without.
    pub embeddings: Option<Arc<Embeddings>>,
    lexicon: Lexicon,
}

impl FeatureExtractor {
    /// An extractor of these parts.
    pub fn new(
        settings: FeatureSettings,
        tokenizer: Tokenizer,
        idf: Idf,
        mean_body_words: f32,
        table: NgramTable,
        topics: Vec<u64>,
        memory: Memory,
    ) -> Self {
        FeatureExtractor {
            settings,
            tokenizer,
            idf,
            mean_body_words,
            table,
            topics,
            memory,
            embeddings: None,
            lexicon: Lexicon::default(),
        }
    }

    fn gates(&self, headline: Option<&Prepared>) -> Vec<u64> {
        let Some(headline) = headline else {
            return Vec::new();
        };
        match self.topics.binary_search(&headline.hash) {
            Ok(_) => vec![headline.hash],
            Err(_) => Vec::new(),
        }
    }

    /// The same extractor with other topics.
    pub fn with_topics(self, topics: Vec<u64>) -> Self {
        FeatureExtractor { topics, ..self }
    }

    /// The same extractor with another memory.
    pub fn with_memory(self, memory: Memory) -> Self {
        FeatureExtractor { memory, ..self }
    }

    /// The same extractor with these embeddings.
    pub fn with_embeddings(self, embeddings: Option<Arc<Embeddings>>) -> Self {
        FeatureExtractor { embeddings, ..self }
    }

    /// The embedding of `text`, normalised as for n-grams so that disguised words have theirs; empty without embeddings.
    fn embed(&self, text: &str) -> Vec<f32> {
        match &self.embeddings {
            Some(embeddings) => embeddings.embed(&normalize(text)),
            None => Vec::new(),
        }
    }

    /// The same extractor with another table of n-grams.
    pub fn with_table(self, table: NgramTable) -> Self {
        FeatureExtractor { table, ..self }
    }

    /// A working memory for one thread.
    pub fn extraction(&self) -> Extraction<'_> {
        Extraction {
            extractor: self,
            analyzer: self.analyzer(),
            prepared: FxHashMap::default(),
            prepared_bytes: 0,
        }
    }

    /// An analyzer of texts by this extractor's tokenizer.
    pub fn analyzer(&self) -> Analyzer<'_> {
        let range = (self.settings.char_min, self.settings.char_max);
        Analyzer::new(&self.tokenizer, &self.lexicon, range)
    }
}

/// Extracts features on one thread, remembering words and articles.
pub struct Extraction<'a> {
    extractor: &'a FeatureExtractor,
    /// Analyses the comments' texts.
    pub analyzer: Analyzer<'a>,
    prepared: FxHashMap<Rc<str>, Rc<Prepared>>,
    prepared_bytes: usize,
}

/// The most bytes of headlines, bodies and parents that are remembered.
const PREPARED_BYTES: usize = 16 << 20;

impl Extraction<'_> {
    /// Whether nothing but the words of `comment` tells of it: it has no context, and the model no embeddings.
    pub fn stands_alone(&self, comment: &Comment) -> bool {
        let context = comment.headline.is_some() || comment.body.is_some();
        !context && comment.parent.is_none() && self.extractor.embeddings.is_none()
    }

    /// The features of `comment`.
    pub fn extract(&mut self, comment: &Comment) -> Features {
        let facts = self.facts(comment);
        self.features(facts)
    }

    /// The features of the comment that `facts` tell of.
    pub fn features(&self, facts: Facts) -> Features {
        let table = &self.extractor.table;
        let row_of = |text: Rc<Prepared>| NgramRow::new(&text.analysis, &[], table);
        Features {
            ngrams: NgramRow::new(&facts.analysis, &facts.gates, table),
            headline: facts.headline.map(row_of),
            parent: facts.parent.map(row_of),
            analysis: facts.analysis,
            gates: facts.gates,
            dense: facts.dense,
        }
    }

    /// The words of `comment` and its surface and context features.
    pub fn facts(&mut self, comment: &Comment) -> Facts {
        self.facts_from(comment, None)
    }

    /// The same of a training comment with the label `own`: it is compared with the other comments that are remembered
    /// under its headline.
    pub fn facts_own(&mut self, comment: &Comment, own: usize) -> Facts {
        self.facts_from(comment, Some(own))
    }

    fn facts_from(&mut self, comment: &Comment, own: Option<usize>) -> Facts {
        let analysis = self.analyzer.analyze(&comment.text);
        let headline = comment.headline.as_deref().map(|t| self.prepare(t));
        let body = comment.body.as_deref().map(|t| self.prepare(t));
        let parent = comment.parent.as_deref().map(|t| self.prepare(t));
        let context = Context {
            headline: headline.as_deref(),
            body: body.as_deref(),
            parent: parent.as_deref(),
        };
        let extractor = self.extractor;
        let gates = extractor.gates(headline.as_deref());
        let mut found = ContextFeatures::alone();
        let mut likeness = Vec::new();
        if !context.is_empty() {
            let query = Query::new(&analysis, &extractor.idf);
            found = context_features(&query, context, extractor.mean_body_words);
            if let Some(Prepared {
                hash: headline,
                squares: Some(squares),
                ..
            }) = context.headline
            {
                likeness = extractor
                    .memory
                    .likeness(*headline, squares, &query.unit_bag(), own);
            }
        }
        let embedding = extractor.embed(&comment.text);
        if extractor.embeddings.is_some() {
            let others = [context.headline, context.body, context.parent];
            found.values.extend(
                others.map(|other| {
                    other.map_or(f32::NAN, |other| cosine(&embedding, &other.embedding))
                }),
            );
        }
        let headline_hash = headline.as_ref().map_or(0, |h| h.hash);
        let seen = Seen::of(&comment.text, &analysis.words);
        let context_flags = Flags::from_iter(found.flags);
        let flags = surface_flags(&comment.text, &seen).with(N_SURFACE, context_flags);
        Facts {
            gates,
            dense: DenseFeatures {
                flags,
                values: found.values,
                headline: headline_hash,
                has_parent: parent.is_some(),
                likeness,
                embedding,
            },
            analysis,
            headline,
            parent,
        }
    }

    /// The analysis of `comment` and the gates open for it: what counting n-grams needs.
    pub fn analyze(&mut self, comment: &Comment) -> (Analysis, Vec<u64>) {
        let headline = comment.headline.as_deref().map(|t| self.prepare(t));
        let gates = self.extractor.gates(headline.as_deref());
        (self.analyzer.analyze(&comment.text), gates)
    }

    /// The stems of `comment`, weighted by idf, as a list of length 1.
    pub fn unit_bag(&mut self, comment: &Comment) -> UnitBag {
        Query::new(&self.analyzer.analyze(&comment.text), &self.extractor.idf).unit_bag()
    }

    /// A hash of the headline's words, 0 without a headline.
    pub fn headline_hash(&mut self, comment: &Comment) -> u64 {
        comment
            .headline
            .as_deref()
            .map_or(0, |t| self.prepare(t).hash)
    }

    fn prepare(&mut self, text: &str) -> Rc<Prepared> {
        if let Some(prepared) = self.prepared.get(text) {
            return prepared.clone();
        }
        let mut prepared = Prepared::new(text, &mut self.analyzer, &self.extractor.idf);
        prepared.embedding = self.extractor.embed(text);
        prepared.squares = self.extractor.memory.squares(prepared.hash);
        let prepared = Rc::new(prepared);
        if self.prepared_bytes > PREPARED_BYTES {
            self.prepared.clear();
            self.prepared_bytes = 0;
        }
        self.prepared_bytes += text.len()
            + size_of_val(prepared.embedding.as_slice())
            + size_of_val(prepared.analysis.words.as_slice());
        self.prepared.insert(text.into(), prepared.clone());
        prepared
    }
}
