//! The words of a text with everything that the features need of them, remembered by chunk: comments repeat their words.

use super::lexicon::{Cues, Lexicon};
use super::recent::Recent;
use super::surface::Seen;
use crate::normalize::chunk_places;
use crate::tokenize::{HANDLE, LINK, Tokenizer};
use rustc_hash::FxHasher;
use smallvec::SmallVec;
use std::cell::OnceCell;
use std::hash::Hasher;
use std::rc::Rc;

/// What sort of token a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A word or a number.
    Word,
    /// A hashtag.
    Hashtag,
    /// The placeholder of a link.
    Link,
    /// The placeholder of a handle.
    Handle,
    /// Punctuation.
    Mark,
    /// An emoji or another symbol.
    Symbol,
}

/// What there is to know of a word wherever it stands.
#[derive(Debug, PartialEq)]
pub struct WordInfo {
    /// The id in the tokenizer's vocabulary, 0 outside it.
    pub id: u32,
    /// The normalised text, or that of the word it is taken for: see [`Tokenizer::correct`].
    pub text: Rc<str>,
    /// What sort of token it is.
    pub kind: Kind,
    /// A hash of the text.
    pub key: u64,
    /// A hash of its first five characters, which stands for the stem.
    pub stem: u64,
    /// The shortest and the longest of its character n-grams, in few bytes.
    char_range: (u8, u8),
    fourgrams: OnceCell<Box<[u64]>>,
    /// What whoever uses the words wants to remember of this one.
    pub memo: OnceCell<Sums>,
    /// The hints it gives.
    pub cues: Cues,
    /// What a comment of this word alone looks like.
    pub seen: Seen,
}

/// A few numbers that are remembered of a word or a chunk: one a label and one more. Four labels need no memory elsewhere.
pub type Sums = SmallVec<[f64; 5]>;

impl WordInfo {
    /// Hashes of its character 4-grams; made when they are first asked for, because only context needs them.
    pub fn fourgrams(&self) -> &[u64] {
        self.fourgrams.get_or_init(|| {
            let mut fourgrams = Vec::new();
            self.each_char_ngram((4, 4), |ngram| fourgrams.push(ngram));
            fourgrams.into()
        })
    }

    /// Calls `each` with a hash of each of its character n-grams, as often as it occurs; see [`each_char_ngram`]. Marks
    /// and placeholders have none.
    pub fn each_ngram(&self, each: impl FnMut(u64)) {
        let (min, max) = self.char_range;
        self.each_char_ngram((usize::from(min), usize::from(max)), each);
    }

    fn each_char_ngram(&self, range: CharRange, each: impl FnMut(u64)) {
        if matches!(self.kind, Kind::Word | Kind::Hashtag) {
            each_char_ngram(&self.text, range, each);
        }
    }
}

/// A word where it stands.
#[derive(Debug, Clone)]
pub struct Word {
    /// What there is to know of it.
    pub info: Rc<WordInfo>,
    /// The first byte of the text that it came from.
    pub start: u32,
    /// The byte behind its last.
    pub end: u32,
}

/// A text, analysed.
#[derive(Debug, Clone, Default)]
pub struct Analysis {
    /// Its words in order.
    pub words: Vec<Word>,
    /// Whether something in it was hidden or imitated.
    pub tampered: bool,
}

/// What there is to know of a chunk wherever it stands, in few bytes, so that many chunks fit the cache.
#[derive(Debug, Clone)]
pub struct ChunkInfo {
    /// Its words, most often one; bytes counted from the chunk's first.
    words: SmallVec<[Word; 1]>,
    /// The keys of its first and its last word; two zeros where it has none.
    pub ends: [u64; 2],
    /// What there is to see in it.
    pub seen: Seen,
    /// Whether something in it was hidden or imitated.
    pub tampered: bool,
    /// What whoever uses the chunks wants to remember of this one; empty at first.
    pub memo: Sums,
}

impl ChunkInfo {
    /// Its words.
    pub fn words(&self) -> &[Word] {
        &self.words
    }
}

/// The shortest and the longest character n-gram.
pub type CharRange = (usize, usize);

/// Analyses texts with one tokenizer, remembering chunks and words. One for each thread.
pub struct Analyzer<'a> {
    tokenizer: &'a Tokenizer,
    lexicon: &'a Lexicon,
    char_range: CharRange,
    /// Short chunks, by [`short_key`].
    short: Recent<ShortKey, ChunkInfo>,
    /// Longer ones.
    long: Recent<Box<str>, ChunkInfo>,
    /// Words by their text: many chunks hold the same word.
    words: Recent<Rc<str>, Rc<WordInfo>>,
}

/// A chunk where it stands in a text, and its key among the short chunks.
#[derive(Clone, Copy, Default)]
struct Cut {
    start: usize,
    end: usize,
    key: ShortKey,
}

/// The chunks that are looked up together.
const TOGETHER: usize = 64;

/// The most chunks and the most words that are remembered, twice: as many as fit a hash table of 2^16 places.
const MEMO_SIZE: usize = 7 << 13;
/// The longest chunk and the longest word that are remembered, in bytes.
const MEMO_BYTES: usize = 48;

/// The bytes of a chunk of 15 at most, and their number; two zeros for a longer chunk. Most words are that short, and the
/// key is found without following a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct ShortKey(u64, u64);

/// The bits of the first bytes of sixteen, by their number.
const MASKS: [u128; 16] = {
    let mut masks = [0; 16];
    let mut n = 0;
    while n < masks.len() {
        masks[n] = (1 << (8 * n)) - 1;
        n += 1;
    }
    masks
};

/// The key of the `n` bytes of `text` from `start` on.
#[inline]
fn short_key(text: &[u8], start: usize, n: usize) -> ShortKey {
    if n > 15 {
        return ShortKey::default();
    }
    let mut bytes = [0; 16];
    match text[start..].first_chunk() {
        Some(more) => bytes = *more,
        None => bytes[..n].copy_from_slice(&text[start..start + n]),
    }
    let key = u128::from_le_bytes(bytes) & MASKS[n] | (n as u128) << 120;
    ShortKey(key as u64, (key >> 64) as u64)
}

impl<'a> Analyzer<'a> {
    /// An analyzer that knows nothing yet.
    pub fn new(tokenizer: &'a Tokenizer, lexicon: &'a Lexicon, char_range: CharRange) -> Self {
        Analyzer {
            tokenizer,
            lexicon,
            char_range,
            short: Recent::new(MEMO_SIZE),
            long: Recent::new(MEMO_SIZE),
            words: Recent::new(MEMO_SIZE),
        }
    }

    /// Analyses `text`.
    pub fn analyze(&mut self, text: &str) -> Analysis {
        let mut analysis = Analysis::default();
        self.each_chunk(text, |at, chunk| {
            analysis.tampered |= chunk.tampered;
            analysis.words.extend(chunk.words.iter().map(|w| Word {
                info: w.info.clone(),
                start: w.start + at as u32,
                end: w.end + at as u32,
            }));
        });
        analysis
    }

    /// Calls `each` with every chunk of `text` in order and its first byte.
    pub fn each_chunk(&mut self, text: &str, mut each: impl FnMut(usize, &mut ChunkInfo)) {
        let mut places = chunk_places(text);
        let mut cuts = [Cut::default(); TOGETHER];
        let mut numbers = [None; TOGETHER];
        loop {
            self.short.make_room(TOGETHER);
            let mut n = 0;
            for (cut, (start, end)) in cuts.iter_mut().zip(&mut places) {
                let key = short_key(text.as_bytes(), start, end - start);
                *cut = Cut { start, end, key };
                n += 1;
            }
            for (number, cut) in numbers.iter_mut().zip(&cuts[..n]) {
                *number = self.short.number(&cut.key);
            }
            for (number, &Cut { start, end, .. }) in numbers.iter().zip(&cuts[..n]) {
                match number.or_else(|| self.short_number(&text[start..end])) {
                    Some(number) => each(start, self.short.value(number)),
                    None => self.with_long(&text[start..end], |info| each(start, info)),
                }
            }
            if n < TOGETHER {
                return;
            }
        }
    }

    /// The number of a chunk that may be new, where it is short.
    #[inline(never)]
    fn short_number(&mut self, chunk: &str) -> Option<u32> {
        let key = short_key(chunk.as_bytes(), 0, chunk.len());
        if key == ShortKey::default() {
            return None;
        }
        Some(self.short.number(&key).unwrap_or_else(|| {
            let old = self.short.old(&key);
            let info = old.unwrap_or_else(|| self.learn(chunk));
            self.short.insert(key, info)
        }))
    }

    /// Calls `each` with what there is to know of a chunk that is not short.
    fn with_long(&mut self, chunk: &str, each: impl FnOnce(&mut ChunkInfo)) {
        if chunk.len() > MEMO_BYTES {
            return each(&mut self.learn(chunk));
        }
        let number = self.long.number(chunk).unwrap_or_else(|| {
            self.long.make_room(1);
            let old = self.long.old(chunk);
            let info = old.unwrap_or_else(|| self.learn(chunk));
            self.long.insert(chunk.into(), info)
        });
        each(self.long.value(number));
    }

    fn learn(&mut self, chunk: &str) -> ChunkInfo {
        let mut words: SmallVec<[Word; 1]> = SmallVec::new();
        let tokenizer = self.tokenizer;
        let tampered = tokenizer.each_token(chunk, |text, start, end| {
            let info = self.word(text);
            words.push(Word { info, start, end });
        });
        ChunkInfo {
            ends: match (words.first(), words.last()) {
                (Some(first), Some(last)) => [first.info.key, last.info.key],
                _ => [0; 2],
            },
            seen: Seen::of(chunk, &words),
            words,
            tampered,
            memo: Sums::new(),
        }
    }

    /// What there is to know of the word with this normalised text.
    fn word(&mut self, text: &str) -> Rc<WordInfo> {
        if let Some(number) = self.words.number(text) {
            return self.words.value(number).clone();
        }
        self.words.make_room(1);
        let info = self.words.old(text).unwrap_or_else(|| {
            let (mut id, mut cues, mut text) =
                (self.tokenizer.id(text), self.lexicon.cues(text), text);
            // What neither vocabulary nor lexicon knows may be a typing error.
            if id == 0
                && cues == Cues::default()
                && let Some((word, of_word)) = self.tokenizer.correct(text)
            {
                (id, cues, text) = (of_word, self.lexicon.cues(word), word);
            }
            let kind = kind(text);
            Rc::new(WordInfo {
                id,
                kind,
                key: hash(text.chars()),
                stem: hash(text.chars().take(5)),
                char_range: (self.char_range.0 as u8, self.char_range.1 as u8),
                fourgrams: OnceCell::new(),
                memo: OnceCell::new(),
                cues,
                seen: Seen::of_word(text, kind, cues),
                text: text.into(),
            })
        });
        if text.len() <= MEMO_BYTES {
            self.words.insert(text.into(), info.clone());
        }
        info
    }
}

fn kind(text: &str) -> Kind {
    let mut chars = text.chars();
    match chars.next() {
        _ if text == LINK => Kind::Link,
        _ if text == HANDLE => Kind::Handle,
        Some('#') if text.len() > 1 => Kind::Hashtag,
        Some(c) if c.is_alphanumeric() || c == '_' => Kind::Word,
        Some(c) if c.is_ascii_punctuation() => Kind::Mark,
        Some(
            '…' | '؟' | '،' | '؛' | '。' | '、' | '！' | '？' | '¿' | '¡' | '"' | '·' | '•' | '№',
        ) => Kind::Mark,
        _ => Kind::Symbol,
    }
}

fn hash(chars: impl Iterator<Item = char>) -> u64 {
    let mut hasher = FxHasher::default();
    for c in chars {
        hasher.write_u32(c as u32);
    }
    hasher.finish()
}

/// The most characters of a word that n-grams are made of.
const NGRAM_CHARS: usize = 64;

/// Calls `each` with a hash of every character n-gram of `word`, which is given a space on either side, for n in
/// `range`. An n-gram longer than the word with its spaces is left out.
pub fn each_char_ngram(word: &str, range: CharRange, mut each: impl FnMut(u64)) {
    let mut chars = [' '; NGRAM_CHARS + 2];
    let mut n = 2;
    for (place, c) in chars[1..].iter_mut().zip(word.chars().take(NGRAM_CHARS)) {
        *place = c;
        n += 1;
    }
    for start in 0..n {
        let mut hasher = FxHasher::default();
        for (length, &c) in (1..=range.1).zip(&chars[start..n]) {
            hasher.write_u32(c as u32);
            if length >= range.0 {
                each(hasher.finish());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn character_ngrams_know_the_edges_of_words() {
        let mut found = Vec::new();
        each_char_ngram("ab", (2, 3), |ngram| found.push(ngram));
        let expected = [" a", " ab", "ab", "ab ", "b "].map(|s| hash(s.chars()));
        assert_eq!(found, expected);
    }

    #[test]
    fn remembered_chunks_are_the_same_as_new_ones() {
        let tokenizer = Tokenizer::new(["fake"]);
        let lexicon = Lexicon::default();
        let mut analyzer = Analyzer::new(&tokenizer, &lexicon, (3, 5));
        let text = "FAKE fake FAKE";
        let first: Vec<_> = analyzer.analyze(text).words;
        let second: Vec<_> = analyzer.analyze(text).words;
        for (a, b) in first.iter().zip(&second) {
            assert_eq!((&a.info, a.start, a.end), (&b.info, b.start, b.end));
        }
        assert!(Rc::ptr_eq(&first[0].info, &first[1].info));
        assert_eq!((first[2].start, first[2].end), (10, 14));
    }
}
