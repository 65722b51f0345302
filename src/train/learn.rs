//! What training learns before any fit: the vocabulary, the n-grams that are features, the topics.

use super::corpus::Corpus;
use super::settings::TrainSettings;
use crate::factored::{Factored, FactoredBuilder};
use crate::features::context::Idf;
use crate::features::dense::DenseFeatures;
use crate::features::memory::Memory;
use crate::features::ngrams::{NgramCounts, NgramTable, each_unit, scale_of};
use crate::features::{Block, FeatureExtractor};
use crate::record::Comment;
use crate::tokenize::Tokenizer;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// Every text that stands around the comments, once.
fn contexts<'a>(comments: &[&'a Comment]) -> Vec<&'a str> {
    let mut seen = FxHashSet::default();
    comments
        .iter()
        .flat_map(|c| {
            [
                c.headline.as_deref(),
                c.body.as_deref(),
                c.parent.as_deref(),
            ]
        })
        .flatten()
        .filter(|t| seen.insert(*t))
        .collect()
}

/// How many of `n` rows one thread takes at a time: few pieces, because every piece learns its words anew.
fn piece_length(n: usize) -> usize {
    n.div_ceil(4 * rayon::current_num_threads()).max(4096)
}

/// Counts words, then n-grams, of the training comments, but for the blocks that are left out.
pub(super) fn learn_extractor(corpus: &Corpus, settings: &TrainSettings) -> FeatureExtractor {
    let (comments, targets) = (corpus.train(), corpus.train_targets());
    let (without, n_labels) = (&settings.without[..], corpus.labels.len());
    let (settings, embeddings) = (&settings.features, settings.embeddings.clone());
    let contexts = contexts(comments);
    let texts: Vec<&str> = comments
        .iter()
        .map(|c| c.text.as_str())
        .chain(contexts)
        .collect();
    let blank = FeatureExtractor::new(
        settings.clone(),
        Tokenizer::new([]),
        Idf::new(),
        1.0,
        NgramTable::new(&[]),
        Vec::new(),
        Memory::default(),
    );
    // In how many texts, and how often, each word stands.
    let counts: FxHashMap<String, (u64, u64)> = texts
        .par_chunks(piece_length(texts.len()))
        .map(|texts| {
            let mut counts: FxHashMap<String, (u64, u64)> = FxHashMap::default();
            let mut analyzer = blank.analyzer();
            for text in texts {
                let mut seen = FxHashSet::default();
                for word in &analyzer.analyze(text).words {
                    let found = match counts.get_mut(&*word.info.text) {
                        Some(found) => found,
                        None => counts.entry(word.info.text.to_string()).or_default(),
                    };
                    found.1 += 1;
                    found.0 += u64::from(seen.insert(word.info.key));
                }
            }
            counts
        })
        .reduce(FxHashMap::default, |mut a, b| {
            for (word, (texts, times)) in b {
                let found = a.entry(word).or_default();
                found.0 += texts;
                found.1 += times;
            }
            a
        });
    let times = counts.iter().map(|(w, n)| (w.clone(), n.1)).collect();
    let tokenizer = Tokenizer::from_counts(&times, settings.min_word_count, settings.max_words);
    let idf = tokenizer
        .words()
        .into_iter()
        .map(|word| {
            let n = counts.get(word).map_or(0, |n| n.0);
            (((1 + texts.len()) as f64 / (1 + n) as f64).ln() + 1.0) as f32
        })
        .collect();
    let bodies: FxHashSet<&str> = comments.iter().filter_map(|c| c.body.as_deref()).collect();
    let body_words: usize = bodies.iter().map(|b| b.split_whitespace().count()).sum();
    let mean_body_words = body_words as f32 / bodies.len().max(1) as f32;
    let extractor = FeatureExtractor::new(
        settings.clone(),
        tokenizer,
        idf,
        mean_body_words,
        blank.table,
        Vec::new(),
        Memory::default(),
    );
    let topics = match without.contains(&Block::Topics) {
        true => Vec::new(),
        false => topics(comments, &extractor),
    };
    let memory = match without.contains(&Block::Memory) {
        true => Memory::default(),
        false => remember(comments, targets, n_labels, &extractor),
    };
    let extractor = extractor.with_topics(topics).with_memory(memory);
    let ngrams = comments
        .par_chunks(piece_length(comments.len()))
        .map(|comments| {
            let mut counts = NgramCounts::new(without);
            let mut extraction = extractor.extraction();
            for comment in comments {
                let (analysis, gates) = extraction.analyze(comment);
                counts.add(&analysis, &gates);
            }
            counts
        })
        .reduce(
            || NgramCounts::new(without),
            |mut a, b| {
                a.merge(b);
                a
            },
        );
    let table = ngrams.table(settings.min_texts, settings.max_ngrams);
    extractor.with_table(table).with_embeddings(embeddings)
}

/// A headline is a topic when so many rows of so many groups stand under it.
const TOPIC_ROWS: usize = 100;
const TOPIC_GROUPS: usize = 20;

/// The hashes of the headlines that are topics, increasing.
fn topics(comments: &[&Comment], extractor: &FeatureExtractor) -> Vec<u64> {
    let mut found: BTreeMap<u64, (usize, FxHashSet<&str>)> = BTreeMap::new();
    let mut extraction = extractor.extraction();
    for comment in comments {
        let entry = found.entry(extraction.headline_hash(comment)).or_default();
        entry.0 += 1;
        entry.1.extend(comment.group_key());
    }
    found
        .into_iter()
        .filter(|(hash, (rows, groups))| {
            *hash != 0 && *rows >= TOPIC_ROWS && groups.len() >= TOPIC_GROUPS
        })
        .map(|(hash, _)| hash)
        .collect()
}

/// What to remember of the comments under each headline; a text that stands there twice with one label counts once.
fn remember(
    comments: &[&Comment],
    targets: &[u32],
    n_labels: usize,
    extractor: &FeatureExtractor,
) -> Memory {
    let mut seen = FxHashSet::default();
    let mut extraction = extractor.extraction();
    let bags = comments
        .iter()
        .zip(targets)
        .filter_map(|(comment, &target)| {
            let headline = extraction.headline_hash(comment);
            let new = headline != 0 && seen.insert((headline, comment.text.as_str(), target));
            new.then(|| (headline, extraction.unit_bag(comment), target as usize))
        });
    Memory::learn(bags, n_labels)
}

/// The matrix of n-grams of every comment, and the dense features of those for whose row `wanted` holds; the first
/// comments are those of training, with `targets`.
pub(super) fn extract_all(
    comments: &[&Comment],
    targets: &[u32],
    extractor: &FeatureExtractor,
    wanted: impl Fn(usize) -> bool + Sync,
) -> (Factored, Vec<DenseFeatures>) {
    let table = &extractor.table;
    let length = piece_length(comments.len());
    let pieces: Vec<_> = comments
        .par_chunks(length)
        .enumerate()
        .map(|(piece, comments)| {
            let mut extraction = extractor.extraction();
            let mut rows = FactoredBuilder::new(table.len());
            let mut dense = Vec::new();
            for (comment, row) in comments.iter().zip(piece * length..) {
                let (analysis, gates) = if wanted(row) {
                    let facts = match targets.get(row) {
                        Some(&own) => extraction.facts_own(comment, own as usize),
                        None => extraction.facts(comment),
                    };
                    dense.push(facts.dense);
                    (facts.analysis, facts.gates)
                } else {
                    extraction.analyze(comment)
                };
                each_unit(&analysis, &gates, |unit, ngrams| {
                    rows.add(unit, |columns| {
                        ngrams(&mut |key| columns.extend(table.column(key)));
                    });
                });
                rows.end_example();
            }
            (rows, dense)
        })
        .collect();
    let mut rows = FactoredBuilder::new(table.len());
    rows.reserve(pieces.iter().map(|(more, _)| more));
    let mut dense = Vec::new();
    for (more, features) in pieces {
        rows.append(more);
        dense.extend(features);
    }
    (rows.build(scale_of), dense)
}
