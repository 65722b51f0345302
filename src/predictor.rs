//! The text scores of many comments, fast: what a word adds is summed once and remembered.
//!
//! The text model is linear, so the score of a comment is a sum over its words of what each word's own n-grams add, and
//! over the n-grams that several words make. Comments repeat their words (Zipf), so nearly all of the first sum is a
//! few remembered numbers for each word. Half-precision weights times whole counts sum in double precision without
//! rounding as long as sums stay below 2^29, so the order does not matter and the scores have the same bits as
//! [`TextModel::scores`] of the comment's row, which stays the reference.

use crate::features::analysis::{Analysis, Analyzer, ChunkInfo, Sums, WordInfo};
use crate::features::ngrams::{
    Joints, KeyFilter, NgramTable, each_inner_ngram, each_joint_ngram, each_word_ngram, gated,
    scale_of,
};
use crate::features::surface::Seen;
use crate::text_model::TextModel;
use half::f16;
use half::slice::HalfFloatSliceExt;
use rustc_hash::FxHashMap;
use smallvec::smallvec;

/// The most words under gates whose sums are remembered; beyond that all are forgotten.
const MEMO_SIZE: usize = 1 << 16;

/// From so many comments on a filter before the table pays.
const MANY: u64 = 200;

/// Computes text scores on one thread. The words that it is given must all come from one analyzer of its own, because
/// it leaves its sums in [`WordInfo::memo`] and [`ChunkInfo::memo`].
pub struct Predictor<'a> {
    known: Known<'a>,
    n_comments: u64,
    /// Sums of words' own n-grams under a gate, by word and gate.
    gated: FxHashMap<(u64, u64), Sums>,
    /// One sum a label, and the number of known n-grams behind them.
    sums: Vec<f64>,
    lookup: LookUp,
    /// The keys of a comment's n-grams of several chunks.
    joint_keys: Vec<u64>,
}

impl<'a> Predictor<'a> {
    /// A predictor that remembers nothing yet.
    pub fn new(table: &'a NgramTable, text: &'a TextModel) -> Self {
        Predictor {
            known: Known {
                table,
                filter: None,
                text,
            },
            n_comments: 0,
            gated: FxHashMap::default(),
            sums: vec![0.0; text.n_labels() + 1],
            lookup: LookUp::default(),
            joint_keys: Vec::new(),
        }
    }

    /// The text scores of the comment with these words under these gates: the bits of [`TextModel::scores`].
    pub fn text_scores(&mut self, analysis: &Analysis, gates: &[u64]) -> Vec<f64> {
        self.begin();
        let Predictor {
            known,
            gated: sums_under_gates,
            sums,
            lookup,
            ..
        } = self;
        for word in &analysis.words {
            let info = &word.info;
            let own = info
                .memo
                .get_or_init(|| known.sum_of_word(info, |key| key, lookup));
            add(sums, own);
            for &gate in gates {
                if sums_under_gates.len() >= MEMO_SIZE {
                    sums_under_gates.clear();
                }
                let own = sums_under_gates
                    .entry((info.key, gate))
                    .or_insert_with(|| known.sum_of_word(info, |key| gated(key, gate), lookup));
                add(sums, own);
            }
        }
        lookup.keys.clear();
        each_joint_ngram(analysis, |key, _| {
            lookup.keys.push(key);
            let under_gates = gates.iter().map(|&gate| gated(key, gate));
            lookup.keys.extend(under_gates);
        });
        known.add_ngrams(lookup, sums);
        self.scaled()
    }

    /// The text scores of the comment `text` under no gate, and what is seen of it: what its chunks add is remembered
    /// too, so that its words need not be looked at. The same bits as [`Predictor::text_scores`].
    pub fn skim(&mut self, analyzer: &mut Analyzer, text: &str) -> Skimmed {
        self.begin();
        let Predictor {
            known,
            sums,
            lookup,
            joint_keys,
            ..
        } = self;
        joint_keys.clear();
        let mut seen = Seen::default();
        let mut tampered = false;
        let mut joints = Joints::default();
        analyzer.each_chunk(text, |_, chunk| {
            if chunk.memo.is_empty() {
                chunk.memo = known.sum_of_chunk(chunk, lookup);
            }
            add(sums, &chunk.memo);
            seen.add(&chunk.seen);
            tampered |= chunk.tampered;
            if !chunk.words().is_empty() {
                joint_keys.push(joints.join(chunk.ends));
            }
        });
        if !joint_keys.is_empty() {
            joint_keys.push(joints.end());
        }
        std::mem::swap(joint_keys, &mut lookup.keys);
        known.add_ngrams(lookup, sums);
        Skimmed {
            text_scores: self.scaled(),
            seen,
            tampered,
        }
    }

    /// Makes ready for one more comment.
    fn begin(&mut self) {
        self.sums.fill(0.0);
        self.n_comments += 1;
        if self.n_comments == MANY {
            self.known.filter = Some(KeyFilter::new(self.known.table));
        }
    }

    fn scaled(&self) -> Vec<f64> {
        let (total, by_label) = self.sums.split_last().expect("one number more than labels");
        self.known.text.scaled(by_label, scale_of(*total))
    }
}

/// What [`Predictor::skim`] finds.
pub struct Skimmed {
    /// The text scores.
    pub text_scores: Vec<f64>,
    /// What there is to see.
    pub seen: Seen,
    /// Whether something was hidden or imitated.
    pub tampered: bool,
}

/// The n-grams that the text model knows, with their weights.
struct Known<'a> {
    table: &'a NgramTable,
    filter: Option<KeyFilter>,
    text: &'a TextModel,
}

impl Known<'_> {
    /// The sums of the word's own n-grams, whose keys `change` changes.
    fn sum_of_word(
        &self,
        word: &WordInfo,
        change: impl Fn(u64) -> u64,
        lookup: &mut LookUp,
    ) -> Sums {
        let mut sums = smallvec![0.0; self.text.n_labels() + 1];
        lookup.keys.clear();
        each_word_ngram(word, |key| lookup.keys.push(change(key)));
        self.add_ngrams(lookup, &mut sums);
        sums
    }

    /// The sums of all n-grams inside the chunk.
    fn sum_of_chunk(&self, chunk: &ChunkInfo, lookup: &mut LookUp) -> Sums {
        let mut sums = smallvec![0.0; self.text.n_labels() + 1];
        for word in chunk.words() {
            let info = &word.info;
            let own = info
                .memo
                .get_or_init(|| self.sum_of_word(info, |key| key, lookup));
            add(&mut sums, own);
        }
        lookup.keys.clear();
        each_inner_ngram(chunk.words(), |key| lookup.keys.push(key));
        self.add_ngrams(lookup, &mut sums);
        sums
    }

    /// Adds the n-grams with the keys in `lookup` to `sums`.
    fn add_ngrams(&self, lookup: &mut LookUp, sums: &mut [f64]) {
        let LookUp {
            keys,
            halves,
            weights,
        } = lookup;
        if let Some(filter) = &self.filter {
            filter.sift(keys);
        }
        let k = self.text.n_labels();
        halves.clear();
        self.table.each_column(keys, |column| {
            // A row of four labels is copied without a loop.
            let row = self.text.row(column);
            match <[f16; 4]>::try_from(row) {
                Ok(row) => halves.extend(row),
                Err(_) => halves.extend_from_slice(row),
            }
        });
        weights.resize(halves.len(), 0.0);
        halves.convert_to_f32_slice(weights);
        for row in weights.chunks_exact(k) {
            for (sum, &weight) in sums.iter_mut().zip(row) {
                *sum += f64::from(weight);
            }
        }
        sums[k] += (weights.len() / k) as f64;
    }
}

/// N-grams that are looked up together, one step for all before the next, so that waiting for memory overlaps.
#[derive(Default)]
struct LookUp {
    keys: Vec<u64>,
    /// Rows of weights, as they are stored and in single precision.
    halves: Vec<f16>,
    weights: Vec<f32>,
}

#[inline]
fn add(sums: &mut [f64], more: &[f64]) {
    // The sums of four labels need no loop.
    if let (Ok(sums), Ok(more)) = (
        <&mut [f64; 5]>::try_from(&mut *sums),
        <&[f64; 5]>::try_from(more),
    ) {
        for i in 0..5 {
            sums[i] += more[i];
        }
        return;
    }
    for (sum, m) in sums.iter_mut().zip(more) {
        *sum += m;
    }
}

#[cfg(test)]
mod tests {
    use crate::embedded::default_classifier;
    use crate::record::Comment;
    use crate::train::{TrainSettings, train};
    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngSeed, TestRunner};

    fn runner() -> TestRunner {
        TestRunner::new(Config {
            rng_seed: RngSeed::Fixed(11),
            cases: 300,
            failure_persistence: None,
            ..Config::default()
        })
    }

    /// Words that the default model knows, marks, links and anything else, often repeated.
    fn text() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            prop::sample::select(vec![
                "fake",
                "FAKE!!",
                "proof?",
                "где",
                "пруфы",
                "война",
                "the",
                "the",
                "war",
                ")))",
                "https://t.me/x",
                "@ivan",
                "#NoWar",
                "peace,",
                "нееет",
                "😂",
                "don't",
            ])
            .prop_map(str::to_string),
            "[a-zа-я]{1,9}[.,!?]{0,2}",
            "\\PC{0,6}",
        ];
        prop::collection::vec(word, 0..150).prop_map(|words| words.join(" "))
    }

    #[test]
    fn remembered_sums_give_the_bits_of_the_reference() {
        let classifier = default_classifier().unwrap();
        let session = std::cell::RefCell::new(classifier.session());
        let comment = (text(), prop::option::of(text()), prop::option::of(text()));
        runner()
            .run(&comment, |(text, headline, parent)| {
                let mut comment = Comment::new(text);
                comment.headline = headline.map(Into::into);
                comment.parent = parent;
                let mut session = session.borrow_mut();
                let fast = session.classify(&comment);
                let features = session.extract(&comment);
                let plain = classifier.predict(&features);
                prop_assert_eq!(fast, plain);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn they_do_so_under_topics() {
        let mut corpus = Vec::new();
        for i in 0..240 {
            let (text, label) = [("stop it now", "for"), ("this is a lie", "against")][i % 2];
            let topic = ["Bridge rebuilt", "Port closed"][i / 120];
            let mut comment = Comment::new(format!("{text} {}", i % 7))
                .under(topic)
                .labelled(label);
            comment.group = Some(format!("g{i}"));
            corpus.push(comment);
        }
        let classifier = train(&corpus, &[], &TrainSettings::default())
            .unwrap()
            .classifier;
        assert_eq!(classifier.extractor.topics.len(), 2);
        let session = std::cell::RefCell::new(classifier.session());
        runner()
            .run(&"(stop|it|now|this|is|a|lie|1|2| ){0,30}", |text| {
                let comment = Comment::new(text).under("Port closed");
                let mut session = session.borrow_mut();
                let fast = session.classify(&comment);
                let features = session.extract(&comment);
                prop_assert_eq!(features.gates.len(), 1);
                prop_assert_eq!(fast, classifier.predict(&features));
                Ok(())
            })
            .unwrap();
    }
}
