//! The words of a text with everything that the features need of them, remembered by chunk: comments repeat their words.

use super::lexicon::{Cues, Lexicon};
use crate::normalize::chunks;
use crate::tokenize::{HANDLE, LINK, Tokenizer};
use rustc_hash::{FxHashMap, FxHasher};
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
    /// The normalised text.
    pub text: String,
    /// What sort of token it is.
    pub kind: Kind,
    /// A hash of the text.
    pub key: u64,
    /// A hash of its first five characters, which stands for the stem.
    pub stem: u64,
    char_range: CharRange,
    fourgrams: OnceCell<Vec<u64>>,
    /// What whoever uses the words wants to remember of this one.
    pub memo: OnceCell<Box<[f64]>>,
    /// The hints it gives.
    pub cues: Cues,
    /// Whether it is written in capitals (two letters at least).
    pub capitals: bool,
}

impl WordInfo {
    /// Hashes of its character 4-grams; made when they are first asked for, because only context needs them.
    pub fn fourgrams(&self) -> &[u64] {
        self.fourgrams.get_or_init(|| {
            let mut fourgrams = Vec::new();
            self.each_char_ngram((4, 4), |ngram| fourgrams.push(ngram));
            fourgrams
        })
    }

    /// Calls `each` with a hash of each of its character n-grams, as often as it occurs; see [`each_char_ngram`]. Marks
    /// and placeholders have none.
    pub fn each_ngram(&self, each: impl FnMut(u64)) {
        self.each_char_ngram(self.char_range, each);
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

#[derive(Debug)]
struct ChunkInfo {
    words: Vec<Word>,
    tampered: bool,
}

/// The shortest and the longest character n-gram.
pub type CharRange = (usize, usize);

/// Analyses texts with one tokenizer, remembering chunks. One for each thread.
pub struct Analyzer<'a> {
    tokenizer: &'a Tokenizer,
    lexicon: &'a Lexicon,
    char_range: CharRange,
    memo: FxHashMap<Box<str>, Rc<ChunkInfo>>,
}

/// The most chunks that are remembered; beyond that everything is forgotten and learned anew.
const MEMO_SIZE: usize = 1 << 16;
/// The longest chunk that is remembered, in bytes.
const MEMO_CHUNK: usize = 48;

impl<'a> Analyzer<'a> {
    /// An analyzer that knows nothing yet.
    pub fn new(tokenizer: &'a Tokenizer, lexicon: &'a Lexicon, char_range: CharRange) -> Self {
        Analyzer {
            tokenizer,
            lexicon,
            char_range,
            memo: FxHashMap::default(),
        }
    }

    /// Analyses `text`.
    pub fn analyze(&mut self, text: &str) -> Analysis {
        let mut analysis = Analysis::default();
        for (at, chunk) in chunks(text) {
            let info = match self.memo.get(chunk) {
                Some(info) => info.clone(),
                None => self.learn(chunk),
            };
            analysis.tampered |= info.tampered;
            analysis.words.extend(info.words.iter().map(|w| Word {
                info: w.info.clone(),
                start: w.start + at as u32,
                end: w.end + at as u32,
            }));
        }
        analysis
    }

    fn learn(&mut self, chunk: &str) -> Rc<ChunkInfo> {
        let found = self.tokenizer.tokenize_chunk(chunk);
        let words = found.tokens.into_iter().map(|token| {
            let source = &chunk[token.start as usize..token.end as usize];
            Word {
                info: Rc::new(self.word_info(token.id, token.text, source)),
                start: token.start,
                end: token.end,
            }
        });
        let info = Rc::new(ChunkInfo {
            words: words.collect(),
            tampered: found.tampered,
        });
        if chunk.len() <= MEMO_CHUNK {
            if self.memo.len() >= MEMO_SIZE {
                self.memo.clear();
            }
            self.memo.insert(chunk.into(), info.clone());
        }
        info
    }

    fn word_info(&self, id: u32, text: String, source: &str) -> WordInfo {
        let kind = kind(&text);
        let mut letters = source.chars().filter(|c| c.is_alphabetic());
        let capitals = matches!(kind, Kind::Word | Kind::Hashtag)
            && letters.clone().count() >= 2
            && letters.all(char::is_uppercase);
        WordInfo {
            id,
            kind,
            key: hash(text.chars()),
            stem: hash(text.chars().take(5)),
            char_range: self.char_range,
            fourgrams: OnceCell::new(),
            memo: OnceCell::new(),
            cues: self.lexicon.cues(&text),
            capitals,
            text,
        }
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
        assert!(first[0].info.capitals && !first[1].info.capitals);
        assert_eq!((first[2].start, first[2].end), (10, 14));
    }
}
