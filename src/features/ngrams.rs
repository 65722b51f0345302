//! Text features: word n-grams and the character n-grams inside words, as columns of the text model.
//!
//! Every n-gram has a 64-bit key. The keys that training met often enough are the columns, in increasing order of key;
//! [`NgramTable`] finds a key's column. An n-gram that training did not meet has no column and adds nothing.

use super::Block;
use super::analysis::{Analysis, Word, WordInfo};
use super::recent::Recent;
use rustc_hash::FxHashMap;
use std::ops::Range;

const WORD: u64 = 0x9e37_79b9_7f4a_7c15;
const PAIR: u64 = 0xc2b2_ae3d_27d4_eb4f;
const CHARACTERS: u64 = 0x1656_67b1_9e37_79f9;
/// What stands before the first word and behind the last, as one half of a pair.
const EDGE: u64 = 0x27d4_eb2f_1656_67c5;

/// Mixes all bits of a key (the finaliser of MurmurHash3, by Austin Appleby, public domain).
fn mix(mut h: u64) -> u64 {
    h ^= h >> 33;
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^= h >> 33;
    h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

fn pair_key(first: u64, second: u64) -> u64 {
    mix(first.rotate_left(23).wrapping_mul(PAIR) ^ second)
}

/// The words that an n-gram came from, as positions in the analysis: `first..=last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first word.
    pub first: u32,
    /// The last word.
    pub last: u32,
}

/// Calls `each` with the key of every n-gram of the text, as often as it occurs, and the words it came from; and for
/// every gate with the key that the n-gram has under it.
///
/// A gate is a fact about the context under which words mean something of their own: a topic, for example. The copies under a gate stand beside the common n-grams, so that what holds everywhere is learned from all
/// rows (Daumé, "Frustratingly Easy Domain Adaptation", ACL 2007).
pub fn for_each_ngram(analysis: &Analysis, gates: &[u64], mut each: impl FnMut(u64, Span)) {
    let mut with_gates = |key: u64, span: Span| {
        each(key, span);
        for &gate in gates {
            each(gated(key, gate), span);
        }
    };
    for (i, word) in analysis.words.iter().enumerate() {
        let i = i as u32;
        each_word_ngram(&word.info, |key| {
            with_gates(key, Span { first: i, last: i })
        });
    }
    each_joint_ngram(analysis, with_gates);
}

/// The key that the n-gram with this `key` has under `gate`.
pub fn gated(key: u64, gate: u64) -> u64 {
    mix(key ^ gate)
}

fn word_key(word: &WordInfo) -> u64 {
    mix(word.key ^ WORD)
}

/// A key of its own for what `key` and its copies under `gates` are together.
fn under_gates(key: u64, gates: &[u64]) -> u64 {
    gates.iter().fold(key, |key, &gate| gated(key, gate))
}

/// Cuts the n-grams of the text into units that recur in other texts: a word's own n-grams are one unit, an n-gram of
/// several words another, each with its copies under `gates`. Calls `each` with a key of the unit and with what calls
/// its argument with the key of every n-gram in it.
pub fn each_unit(
    analysis: &Analysis,
    gates: &[u64],
    mut each: impl FnMut(u64, &dyn Fn(&mut dyn FnMut(u64))),
) {
    let with_gates = |key: u64, ngram: &mut dyn FnMut(u64)| {
        ngram(key);
        for &gate in gates {
            ngram(gated(key, gate));
        }
    };
    for word in &analysis.words {
        each(under_gates(word_key(&word.info), gates), &|ngram| {
            each_word_ngram(&word.info, |key| with_gates(key, ngram));
        });
    }
    each_joint_ngram(analysis, |key, _| {
        each(under_gates(key, gates), &|ngram| with_gates(key, ngram));
    });
}

/// Calls `each` with the key of every n-gram that one word has wherever it stands: the word itself and its character
/// n-grams. Whoever sums over n-grams may remember the sum of a word's own.
pub fn each_word_ngram(word: &WordInfo, mut each: impl FnMut(u64)) {
    each(word_key(word));
    word.each_ngram(|ngram| each(mix(ngram ^ CHARACTERS)));
}

/// Calls `each` with the key of every n-gram that is made by several words, and those words: pairs, the edges of the
/// text among them.
pub fn each_joint_ngram(analysis: &Analysis, mut each: impl FnMut(u64, Span)) {
    let mut joints = Joints::default();
    for (i, word) in (0..).zip(&analysis.words) {
        let span = Span {
            first: i.max(1) - 1,
            last: i,
        };
        each(joints.join([word.info.key; 2]), span);
    }
    if let Some(last) = analysis.words.len().checked_sub(1) {
        let span = Span {
            first: last as u32,
            last: last as u32,
        };
        each(joints.end(), span);
    }
}

/// Calls `each` with the key of every n-gram that is made by several of `words`, edges of the text left out.
pub fn each_inner_ngram(words: &[Word], mut each: impl FnMut(u64)) {
    for two in words.windows(2) {
        each(pair_key(two[0].info.key, two[1].info.key));
    }
}

/// The keys of the n-grams that arise where words follow each other.
#[derive(Debug)]
pub struct Joints {
    before: u64,
}

impl Default for Joints {
    fn default() -> Self {
        Joints { before: EDGE }
    }
}

impl Joints {
    /// The n-gram that arises where what came so far is followed by a word, or by words of which the first and the last
    /// have these keys.
    pub fn join(&mut self, ends: [u64; 2]) -> u64 {
        let key = pair_key(self.before, ends[0]);
        self.before = ends[1];
        key
    }

    /// The n-gram that arises where the text ends behind a word.
    pub fn end(&self) -> u64 {
        pair_key(self.before, EDGE)
    }
}

/// Finds the column of a key.
///
/// The keys are sorted; the topmost bits of a key lead to the few that share them, and the next 32 bits tell those
/// apart. Two keys that agree in all these bits share a column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NgramTable {
    /// Where the keys of each bucket begin; `2^bits + 1` numbers.
    pub buckets: Vec<u32>,
    /// The 32 bits behind the topmost ones of every key.
    pub fingerprints: Vec<u32>,
}

impl NgramTable {
    /// A table of `keys`.
    pub fn new(keys: &[u64]) -> Self {
        let bits = bits_for(keys.len());
        let mut keys: Vec<(usize, u32)> = keys.iter().map(|&k| split(k, bits)).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut buckets = vec![0u32; (1 << bits) + 1];
        for &(bucket, _) in &keys {
            buckets[bucket + 1] += 1;
        }
        for i in 1..buckets.len() {
            buckets[i] += buckets[i - 1];
        }
        NgramTable {
            buckets,
            fingerprints: keys.into_iter().map(|(_, f)| f).collect(),
        }
    }

    /// The number of columns.
    pub fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    /// The column of `key`.
    pub fn column(&self, key: u64) -> Option<u32> {
        let bits = (self.buckets.len() - 1).trailing_zeros();
        let (bucket, fingerprint) = split(key, bits);
        let (start, end) = (
            self.buckets[bucket] as usize,
            self.buckets[bucket + 1] as usize,
        );
        let at = self.fingerprints[start..end]
            .iter()
            .position(|&f| f == fingerprint)?;
        Some((start + at) as u32)
    }

    /// Calls `each` with the column of every key of `keys` that has one. All places of some keys are read before the
    /// first is needed, so that waiting for memory overlaps.
    pub fn each_column(&self, keys: &[u64], mut each: impl FnMut(u32)) {
        const TOGETHER: usize = 16;
        let bits = (self.buckets.len() - 1).trailing_zeros();
        for keys in keys.chunks(TOGETHER) {
            let mut places = [(0, 0, 0); TOGETHER];
            for (place, &key) in places.iter_mut().zip(keys) {
                let (bucket, fingerprint) = split(key, bits);
                *place = (self.buckets[bucket], self.buckets[bucket + 1], fingerprint);
            }
            let mut columns = [None; TOGETHER];
            for (column, place) in columns.iter_mut().zip(&places[..keys.len()]) {
                let &(start, end, fingerprint) = place;
                *column = self.column_among(start as usize..end as usize, fingerprint);
            }
            columns.iter().flatten().for_each(|&column| each(column));
        }
    }

    /// The column in `range` with this fingerprint. Most ranges are short: they are compared as a whole, because a branch
    /// on each number would wait for it.
    #[inline]
    fn column_among(&self, range: Range<usize>, fingerprint: u32) -> Option<u32> {
        const SHORT: usize = 8;
        let (start, n) = (range.start, range.len());
        let found = match self.fingerprints[start..].first_chunk::<SHORT>() {
            Some(window) if n <= SHORT => {
                let mut bits = 0u32;
                for (i, &f) in window.iter().enumerate() {
                    bits |= u32::from(f == fingerprint) << i;
                }
                (bits & ((1 << n) - 1)).trailing_zeros()
            }
            _ => {
                let bucket = &self.fingerprints[range];
                let found = bucket.iter().position(|&f| f == fingerprint);
                found.map_or(u32::BITS, |at| at as u32)
            }
        };
        (found < u32::BITS).then_some(start as u32 + found)
    }

    /// Whether the parts fit together: what a table read from a file must fulfil.
    pub fn is_valid(&self) -> bool {
        self.buckets.len() > 1
            && (self.buckets.len() - 1).is_power_of_two()
            && self.buckets[0] == 0
            && self.buckets.windows(2).all(|w| w[0] <= w[1])
            && self.buckets[self.buckets.len() - 1] as usize == self.fingerprints.len()
    }

    /// The same table with only the columns that `keep` has, and where each kept column was before.
    pub fn retain(&self, keep: &[bool]) -> (NgramTable, Vec<usize>) {
        let kept: Vec<usize> = (0..self.len()).filter(|&c| keep[c]).collect();
        let mut before = vec![0u32; self.len() + 1];
        for c in 0..self.len() {
            before[c + 1] = before[c] + u32::from(keep[c]);
        }
        let table = NgramTable {
            buckets: self.buckets.iter().map(|&b| before[b as usize]).collect(),
            fingerprints: kept.iter().map(|&c| self.fingerprints[c]).collect(),
        };
        (table, kept)
    }
}

/// Tells of most keys that they have no column, by one look at few bits: made of a table where many keys are to be
/// looked up.
#[derive(Debug)]
pub struct KeyFilter {
    /// For each bucket, which values the five bits have that stand behind the topmost ones in its keys.
    behind: Vec<u32>,
}

impl KeyFilter {
    /// The filter of `table`.
    pub fn new(table: &NgramTable) -> Self {
        let behind = table.buckets.windows(2).map(|bucket| {
            let keys = &table.fingerprints[bucket[0] as usize..bucket[1] as usize];
            keys.iter().fold(0, |bits, key| bits | 1 << (key >> 27))
        });
        KeyFilter {
            behind: behind.collect(),
        }
    }

    /// Takes keys out that certainly have no column.
    pub fn sift(&self, keys: &mut Vec<u64>) {
        let bits = self.behind.len().trailing_zeros();
        let mut n = 0;
        for at in 0..keys.len() {
            let key = keys[at];
            let (bucket, fingerprint) = split(key, bits);
            keys[n] = key;
            n += (self.behind[bucket] >> (fingerprint >> 27) & 1) as usize;
        }
        keys.truncate(n);
    }
}

fn bits_for(n_keys: usize) -> u32 {
    (n_keys / 4 + 1)
        .next_power_of_two()
        .trailing_zeros()
        .clamp(1, 24)
}

fn split(key: u64, bits: u32) -> (usize, u32) {
    ((key >> (64 - bits)) as usize, (key >> (32 - bits)) as u32)
}

/// Counts in how many texts each n-gram occurs.
#[derive(Debug)]
pub struct NgramCounts {
    /// The number of each n-gram, by key.
    numbers: FxHashMap<u64, u32>,
    /// By number: in how many texts the n-gram was found, and the last of them.
    found: Vec<(u32, u32)>,
    /// The numbers of the n-grams that a word has by itself under its gates: words recur, so most need no look-up.
    of_word: Recent<u64, Box<[u32]>>,
    n_texts: u32,
    with_characters: bool,
    with_pairs: bool,
}

/// The most words whose n-grams' numbers are remembered, twice.
const REMEMBERED_WORDS: usize = 1 << 15;

impl NgramCounts {
    /// Nothing counted yet; n-grams of the blocks in `without` never will be.
    pub fn new(without: &[Block]) -> Self {
        NgramCounts {
            numbers: FxHashMap::default(),
            found: Vec::new(),
            of_word: Recent::new(REMEMBERED_WORDS),
            n_texts: 0,
            with_characters: !without.contains(&Block::Characters),
            with_pairs: !without.contains(&Block::WordPairs),
        }
    }

    /// Counts one text.
    pub fn add(&mut self, analysis: &Analysis, gates: &[u64]) {
        self.n_texts += 1;
        for word in &analysis.words {
            let unit = under_gates(word_key(&word.info), gates);
            let at = self.of_word.number(&unit).unwrap_or_else(|| {
                self.of_word.make_room(1);
                let numbers = self.of_word.old(&unit).unwrap_or_else(|| {
                    let mut numbers = Vec::new();
                    let own = word_key(&word.info);
                    each_word_ngram(&word.info, |key| {
                        if key != own && !self.with_characters {
                            return;
                        }
                        numbers.push(number(&mut self.numbers, &mut self.found, key));
                        for &gate in gates {
                            let key = gated(key, gate);
                            numbers.push(number(&mut self.numbers, &mut self.found, key));
                        }
                    });
                    numbers.into()
                });
                self.of_word.insert(unit, numbers)
            });
            let numbers: &[u32] = self.of_word.value(at);
            for &number in numbers {
                count_once(&mut self.found[number as usize], self.n_texts);
            }
        }
        if !self.with_pairs {
            return;
        }
        each_joint_ngram(analysis, |key, _| {
            let under_gates = gates.iter().map(|&gate| gated(key, gate));
            for key in std::iter::once(key).chain(under_gates) {
                let number = number(&mut self.numbers, &mut self.found, key);
                count_once(&mut self.found[number as usize], self.n_texts);
            }
        });
    }

    /// Adds the counts of `other`, whose texts are others.
    pub fn merge(&mut self, other: NgramCounts) {
        for (key, at) in other.numbers {
            let number = number(&mut self.numbers, &mut self.found, key);
            self.found[number as usize].0 += other.found[at as usize].0;
        }
    }

    /// The table of the n-grams in at least `min_texts` texts, the `max_ngrams` most frequent of them.
    pub fn table(&self, min_texts: u32, max_ngrams: usize) -> NgramTable {
        let counts = self.numbers.iter();
        let counts = counts.map(|(&key, &number)| (self.found[number as usize].0, key));
        let mut found: Vec<(u32, u64)> = counts.filter(|(n, _)| *n >= min_texts).collect();
        found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        found.truncate(max_ngrams);
        let keys: Vec<u64> = found.into_iter().map(|(_, key)| key).collect();
        NgramTable::new(&keys)
    }
}

/// The number of the n-gram `key`, the next one where it is new.
fn number(numbers: &mut FxHashMap<u64, u32>, found: &mut Vec<(u32, u32)>, key: u64) -> u32 {
    let next = found.len() as u32;
    let number = *numbers.entry(key).or_insert(next);
    if number == next {
        found.push((0, 0));
    }
    number
}

/// Counts text number `text`, from 1, where it was not counted.
fn count_once((texts, last): &mut (u32, u32), text: u32) {
    if *last != text {
        *last = text;
        *texts += 1;
    }
}

/// The row of a text in the text model's matrix: how often each known n-gram stands in it, over the square root of how
/// often all do together.
///
/// The scaling keeps rows near length 1, whatever the length of the text: where no n-gram stands twice it is the
/// Euclidean one. Counts stay whole, so that their products with half-precision weights sum without rounding, in
/// any order: what [`crate::predictor`] rests on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NgramRow {
    /// The columns, increasing, with their counts.
    pub counts: Vec<(u32, u32)>,
}

impl NgramRow {
    /// The row of `analysis` under `gates`; empty where `table` knows no n-gram of it.
    pub fn new(analysis: &Analysis, gates: &[u64], table: &NgramTable) -> Self {
        let mut columns = Vec::new();
        for_each_ngram(analysis, gates, |key, _| columns.extend(table.column(key)));
        columns.sort_unstable();
        let mut counts: Vec<(u32, u32)> = Vec::new();
        for column in columns {
            match counts.last_mut() {
                Some(last) if last.0 == column => last.1 += 1,
                _ => counts.push((column, 1)),
            }
        }
        NgramRow { counts }
    }

    /// What counts are multiplied by.
    pub fn scale(&self) -> f64 {
        scale_of(self.counts.iter().map(|&(_, n)| f64::from(n)).sum())
    }

    /// The row's values, `(column, value)`, columns increasing.
    pub fn values(&self) -> impl Iterator<Item = (u32, f32)> + '_ {
        let scale = self.scale();
        let counts = self.counts.iter();
        counts.map(move |&(column, n)| (column, (f64::from(n) * scale) as f32))
    }
}

/// What counts are multiplied by that sum to `total`: 1/√total, 0 for a text without known n-grams.
pub fn scale_of(total: f64) -> f64 {
    if total > 0.0 { 1.0 / total.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::analysis::Analyzer;
    use super::super::lexicon::Lexicon;
    use super::*;
    use crate::tokenize::Tokenizer;

    #[test]
    fn every_key_has_its_own_column() {
        let keys: Vec<u64> = (0..1000).map(mix).collect();
        let table = NgramTable::new(&keys);
        assert!(table.is_valid());
        let mut columns: Vec<u32> = keys.iter().map(|&k| table.column(k).unwrap()).collect();
        columns.sort_unstable();
        assert_eq!(columns, (0..1000).collect::<Vec<u32>>());
        let mut together = Vec::new();
        table.each_column(&[keys[5], mix(5000), keys[9]], |c| together.push(Some(c)));
        assert_eq!(together, [table.column(keys[5]), table.column(keys[9])]);
        assert_eq!(table.column(mix(5000)), None);
        assert_eq!(NgramTable::new(&[]).column(7), None);
    }

    #[test]
    fn the_filter_keeps_what_has_a_column_and_takes_most_else_out() {
        let table = NgramTable::new(&(0..1000).map(mix).collect::<Vec<u64>>());
        let mut keys: Vec<u64> = (500..10_000).map(mix).collect();
        KeyFilter::new(&table).sift(&mut keys);
        assert_eq!(keys[..500], (500..1000).map(mix).collect::<Vec<u64>>());
        assert!(keys.len() < 500 + 9000 / 5, "{}", keys.len());
        let mut keys = vec![7];
        KeyFilter::new(&NgramTable::new(&[])).sift(&mut keys);
        assert!(keys.is_empty());
    }

    #[test]
    fn an_ngram_counts_once_for_each_text() {
        let (tokenizer, lexicon) = (Tokenizer::new([]), Lexicon::default());
        let mut analyzer = Analyzer::new(&tokenizer, &lexicon, (2, 2));
        let [mut counts, mut more] = [NgramCounts::new(&[]), NgramCounts::new(&[])];
        counts.add(&analyzer.analyze("ab ab"), &[]);
        counts.add(&analyzer.analyze("ab ab ab"), &[]);
        more.add(&analyzer.analyze("abab"), &[]);
        counts.merge(more);
        let found = |min_texts| counts.table(min_texts, 100).len();
        // In three texts: " a", "ab", "b ". In two: also the word "ab", "ab ab", the pairs at both edges. In one: also
        // the word "abab", "ba", its two edges.
        assert_eq!([found(3), found(2), found(1)], [3, 7, 11]);
    }

    #[test]
    fn retained_columns_keep_their_order() {
        let keys: Vec<u64> = (0..100).map(mix).collect();
        let table = NgramTable::new(&keys);
        let keep: Vec<bool> = (0..100).map(|c| c % 3 == 0).collect();
        let (small, kept) = table.retain(&keep);
        assert!(small.is_valid());
        for &key in &keys {
            let before = table.column(key).unwrap() as usize;
            let after = small.column(key).map(|c| kept[c as usize]);
            assert_eq!(after, keep[before].then_some(before));
        }
    }
}
