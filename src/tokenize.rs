//! Step three: normalised text becomes tokens, with a Hugging Face `tokenizers` pipeline that `tokenizer.json` holds.
//!
//! The pipeline lower-cases, replaces links and handles by placeholders, splits by a pattern and looks words up in a
//! vocabulary that was counted on the training corpus. No token reaches across white space, so a text may be tokenised
//! chunk by chunk. [`crate::normalize`] runs before it: on text so normalised the Python package gives the same ids.
//!
//! The pipeline is the reference and is slow to build and to run. A file that holds this pipeline is therefore read for
//! its vocabulary only, and the tokens of nearly every chunk are found by [`scan`]; a file that holds another pipeline is
//! obeyed as it stands, where [`trust`] finds nothing in it that could fail, hang or grow on some text.

mod scan;
pub(crate) mod trust;
mod typo;
mod vocabulary;

use crate::error::{Error, Result};
use crate::normalize::{chunks, normalize_chunk};
use rustc_hash::FxHashMap;
use scan::{Scanned, is_plain, scan};
use std::sync::OnceLock;
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::normalizers::replace::{Replace, ReplacePattern};
use tokenizers::normalizers::{Lowercase, NFKC, NormalizerWrapper, Sequence};
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{SplitDelimiterBehavior, Tokenizer as Pipeline};
use vocabulary::Vocabulary;

/// The token that stands for every word outside the vocabulary; its id is 0.
pub const UNKNOWN: &str = "[UNK]";
/// The token that stands for every link.
pub const LINK: &str = "<url>";
/// The token that stands for every handle.
pub const HANDLE: &str = "<user>";
/// The tokens that every vocabulary begins with.
const SPECIAL: [&str; 3] = [UNKNOWN, LINK, HANDLE];

const LINK_PATTERN: &str = r"(?:https?://|www\.|t\.me/|youtu\.be/)\S+";
const HANDLE_PATTERN: &str = r"@[\p{L}\p{N}_]+";
/// Placeholders, hashtags, words (with apostrophes inside), flags, symbols and emoji, runs of ? and !, ellipses,
/// emoticons, runs of brackets (a Russian smile is a run of closing ones), any other mark.
const TOKEN_PATTERN: &str = r"<url>|<user>|#[\p{L}\p{M}\p{N}_]+|[\p{L}\p{M}\p{N}_]+(?:'[\p{L}\p{M}\p{N}_]+)*|[\x{1F1E6}-\x{1F1FF}]{2}|\p{So}|[?!]+|\.{2,}|[:;=]-?[()]+|\)+|\(+|[^\s\p{L}\p{M}\p{N}]";

/// One token of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token's id in the vocabulary; 0 outside it.
    pub id: u32,
    /// The normalised text, whether in the vocabulary or not; placeholders for links and handles.
    pub text: String,
    /// The first byte of the text that the token came from.
    pub start: u32,
    /// The byte behind its last one.
    pub end: u32,
}

/// Turns chunks into tokens.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    /// The tokens that have an id.
    vocabulary: Vocabulary,
    /// The pipeline of a `tokenizer.json` that holds another one than ours.
    other: Option<Box<Pipeline>>,
}

/// Our pipeline with this vocabulary.
fn pipeline(ids: impl IntoIterator<Item = (String, u32)>) -> Pipeline {
    let model = WordLevel::builder()
        .vocab(ids.into_iter().collect())
        .unk_token(UNKNOWN.to_string())
        .build()
        .expect("a vocabulary in memory needs no file");
    let replace = |pattern: &str, token: &str| {
        Replace::new(ReplacePattern::Regex(pattern.to_string()), token)
            .expect("the pattern is valid")
    };
    let mut pipeline = Pipeline::new(model);
    pipeline
        .with_normalizer(Some(Sequence::new(vec![
            NormalizerWrapper::NFKC(NFKC),
            NormalizerWrapper::Lowercase(Lowercase),
            NormalizerWrapper::Replace(replace(LINK_PATTERN, LINK)),
            NormalizerWrapper::Replace(replace(HANDLE_PATTERN, HANDLE)),
        ])))
        .expect("the vocabulary has no added tokens to normalise");
    pipeline.with_pre_tokenizer(Some(
        Split::new(
            SplitPattern::Regex(TOKEN_PATTERN.to_string()),
            SplitDelimiterBehavior::Removed,
            true,
        )
        .expect("the pattern is valid"),
    ));
    pipeline
}

/// What stands in our `tokenizer.json` before the vocabulary and behind it.
fn json_around_vocabulary() -> (String, &'static str) {
    let quoted = |s: &str| serde_json::Value::from(s).to_string();
    let replace = |pattern: &str, token: &str| {
        let (pattern, token) = (quoted(pattern), quoted(token));
        format!(r#"{{"type":"Replace","pattern":{{"Regex":{pattern}}},"content":{token}}}"#)
    };
    let before = format!(
        r#"{{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":{{"type":"Sequence","normalizers":[{{"type":"NFKC"}},{{"type":"Lowercase"}},{},{}]}},"pre_tokenizer":{{"type":"Split","pattern":{{"Regex":{}}},"behavior":"Removed","invert":true}},"post_processor":null,"decoder":null,"model":{{"type":"WordLevel","vocab":"#,
        replace(LINK_PATTERN, LINK),
        replace(HANDLE_PATTERN, HANDLE),
        quoted(TOKEN_PATTERN)
    );
    (before, r#","unk_token":"[UNK]"}}"#)
}

/// The vocabulary of a `tokenizer.json` that holds our pipeline; `None` where it holds another, or another file.
fn our_vocabulary(json: &[u8]) -> Option<Vocabulary> {
    let (before, behind) = json_around_vocabulary();
    let vocabulary = json.strip_prefix(before.as_bytes())?;
    let vocabulary = vocabulary.strip_suffix(behind.as_bytes())?;
    let vocabulary: Vocabulary = serde_json::from_slice(vocabulary).ok()?;
    let special = vocabulary.words().take(SPECIAL.len());
    special.eq(SPECIAL).then_some(vocabulary)
}

impl Tokenizer {
    /// A tokenizer with a vocabulary of `words` beside the three special tokens; ids go by the order of `words` from
    /// 3. Words that stand twice or are special tokens are passed over.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Tokenizer {
            vocabulary: SPECIAL.into_iter().chain(words).collect(),
            other: None,
        }
    }

    /// A tokenizer whose vocabulary is the words that `counts` has at least `min_count` times, the most frequent
    /// first, at most `max_words` of them.
    pub fn from_counts(counts: &FxHashMap<String, u64>, min_count: u64, max_words: usize) -> Self {
        let mut words: Vec<(&str, u64)> = counts
            .iter()
            .filter(|&(_, &n)| n >= min_count)
            .map(|(word, &n)| (word.as_str(), n))
            .collect();
        words.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        words.truncate(max_words);
        Tokenizer::new(words.into_iter().map(|(word, _)| word))
    }

    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// [`Error::Model`] where it is not one, or one that could fail, hang or grow on some text: see `tokenize/trust.rs`.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        if let Some(vocabulary) = our_vocabulary(json) {
            return Ok(Tokenizer {
                vocabulary,
                other: None,
            });
        }
        trust::check(json)?;
        let other = Pipeline::from_bytes(json).map_err(|e| {
            Error::Model(format!(
                "tokenizer.json: {e}; expected a Hugging Face tokenizer"
            ))
        })?;
        let mut words: Vec<(u32, String)> = (other.get_vocab(true).into_iter())
            .map(|(word, id)| (id, word))
            .collect();
        words.sort_unstable();
        Ok(Tokenizer {
            vocabulary: words.iter().map(|(_, word)| word.as_str()).collect(),
            other: Some(Box::new(other)),
        })
    }

    /// The `tokenizer.json` that holds this tokenizer.
    pub fn to_json(&self) -> String {
        let ids = || self.vocabulary.words().map(str::to_string).zip(0..);
        let json = match &self.other {
            Some(other) => other.to_string(false),
            None => pipeline(ids()).to_string(false),
        };
        json.expect("a tokenizer in memory has a JSON form")
    }

    /// The number of tokens in the vocabulary, special ones among them.
    pub fn vocab_size(&self) -> usize {
        self.vocabulary.len()
    }

    /// The tokens of the vocabulary, by id.
    pub fn words(&self) -> Vec<&str> {
        self.vocabulary.words().collect()
    }

    /// The id of the token `text`, 0 outside the vocabulary.
    pub fn id(&self, text: &str) -> u32 {
        self.vocabulary.id(text).unwrap_or(0)
    }

    /// The word of the vocabulary that `word`, which is outside it, is taken for, and its id: the most frequent one that is
    /// one typing error away (see `tokenize/typo.rs`); `None` where there is none.
    pub fn correct(&self, word: &str) -> Option<(&str, u32)> {
        let mut best: Option<u32> = None;
        typo::each_edit(word, |edited| {
            let found = self.vocabulary.id(edited);
            let found = found.filter(|&id| id as usize >= SPECIAL.len());
            best = best.into_iter().chain(found).min();
        });
        best.map(|id| (self.vocabulary.word(id), id))
    }

    /// Normalises and tokenises one chunk (see [`chunks`]): calls `each` with the text of every token, the first byte of
    /// the chunk that it came from and the byte behind its last. Returns whether normalisation undid something that readers
    /// cannot see or that imitates another letter.
    pub fn each_token(&self, chunk: &str, mut each: impl FnMut(&str, u32, u32)) -> bool {
        let mut normal = normalize_chunk(chunk);
        // Without words of its own a tokenizer cannot tell a word in pieces from two words.
        if self.vocabulary.len() > SPECIAL.len() {
            normal.rejoin(|word| self.vocabulary.id(word).is_some());
        }
        let mut push = |text: &str, start: usize, end: usize| {
            let (start, end) = normal.source_span(start, end);
            each(text, start, end);
        };
        let text = normal.text.as_str();
        if self.other.is_none() && is_plain(text) {
            scan(text, |what, start, end| match what {
                Scanned::Link => push(LINK, start, end),
                Scanned::Handle => push(HANDLE, start, end),
                Scanned::Text => push(&text[start..end], start, end),
            });
        } else {
            self.encode(text, push);
        }
        normal.tampered
    }

    /// Calls `each` with the text and the bytes of every token that the pipeline finds.
    fn encode(&self, text: &str, mut each: impl FnMut(&str, usize, usize)) {
        static OURS: OnceLock<Pipeline> = OnceLock::new();
        let special = || SPECIAL.map(str::to_string).into_iter();
        let pipeline = match &self.other {
            Some(other) => other,
            None => OURS.get_or_init(|| pipeline(special().zip(0..))),
        };
        // No text makes this pipeline fail: its patterns are fixed and its model has an unknown token.
        let Ok(encoding) = pipeline.encode(text, false) else {
            return;
        };
        for (&id, &(start, end)) in encoding.get_ids().iter().zip(encoding.get_offsets()) {
            match pipeline.id_to_token(id) {
                Some(token) if id != 0 => each(&token, start, end),
                _ => each(&text[start..end].to_lowercase(), start, end),
            }
        }
    }

    /// Normalises and tokenises `text`.
    pub fn tokenize(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        for (at, chunk) in chunks(text) {
            self.each_token(chunk, |text, start, end| {
                tokens.push(Token {
                    id: self.id(text),
                    text: text.to_string(),
                    start: start + at as u32,
                    end: end + at as u32,
                });
            });
        }
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::normalize;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn words(text: &str) -> Vec<String> {
        let tokens = Tokenizer::new([]).tokenize(text);
        tokens.into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn marks_links_handles_and_emoji_are_tokens() {
        assert_eq!(
            words("@ivan REALLY?! see https://x.org/a?b=1 #NoWar 😂🇺🇦 :)"),
            [
                "<user>", "really", "?!", "see", "<url>", "#nowar", "😂", "🇺🇦", ":)"
            ]
        );
        assert_eq!(
            words("ну да))) конечно..."),
            ["ну", "да", ")))", "конечно", "..."]
        );
        assert_eq!(words("don’t \"stop\""), ["don't", "\"", "stop", "\""]);
    }

    #[test]
    fn five_languages_tokenise_sensibly() {
        assert_eq!(
            words("Це вже п’ятий міст?"),
            ["це", "вже", "п'ятий", "міст", "?"]
        );
        assert_eq!(
            words("İstanbul'da savaş yok!"),
            ["istanbul'da", "savaş", "yok", "!"]
        );
        assert_eq!(words("هل هذا صحيح؟"), ["هل", "هذا", "صحيح", "؟"]);
        assert_eq!(words("Это пятый мост?"), ["это", "пятый", "мост", "?"]);
        assert_eq!(
            words("that's the 5th bridge"),
            ["that's", "the", "5th", "bridge"]
        );
    }

    #[test]
    fn offsets_point_into_the_original() {
        let text = "  Нееет, ｆａｋｅ!";
        let tokenizer = Tokenizer::new(["fake"]);
        let found: Vec<_> = tokenizer
            .tokenize(text)
            .iter()
            .map(|t| (t.id, text[t.start as usize..t.end as usize].to_string()))
            .collect();
        let expected = [(0, "Нееет"), (0, ","), (3, "ｆａｋｅ"), (0, "!")];
        assert_eq!(found, expected.map(|(id, s)| (id, s.to_string())));
    }

    #[test]
    fn ids_go_by_count_and_survive_the_json() {
        let counts = [("bb", 3), ("aa", 3), ("cc", 9), ("dd", 1)];
        let counts = counts
            .map(|(w, n)| (w.to_string(), n))
            .into_iter()
            .collect();
        let tokenizer = Tokenizer::from_counts(&counts, 2, 10);
        let again = Tokenizer::from_json(tokenizer.to_json().as_bytes()).unwrap();
        for t in [&tokenizer, &again] {
            let ids: Vec<_> = t.tokenize("cc aa bb dd").iter().map(|t| t.id).collect();
            assert_eq!(ids, [3, 4, 5, 0]);
        }
        assert_eq!(tokenizer.to_json(), again.to_json());
    }

    #[test]
    fn our_file_is_read_for_its_vocabulary_and_another_is_obeyed() {
        let ours = Tokenizer::new(["fake"]).to_json();
        assert!(our_vocabulary(ours.as_bytes()).is_some());
        // Another pipeline: links are not replaced.
        let another = ours.replace("youtu", "yootu");
        let another = Tokenizer::from_json(another.as_bytes()).unwrap();
        assert!(another.other.is_some());
        let texts = |t: &Tokenizer| {
            let tokens = t.tokenize("fake youtu.be/x");
            tokens.into_iter().map(|t| t.text).collect::<Vec<_>>()
        };
        assert_eq!(texts(&another), ["fake", "youtu", ".", "be", "/", "x"]);
        let ours = Tokenizer::from_json(ours.as_bytes()).unwrap();
        assert_eq!(texts(&ours), ["fake", LINK]);
    }

    #[test]
    fn ids_that_leave_gaps_are_not_ours() {
        let json = Tokenizer::new(["fake"])
            .to_json()
            .replace("\"fake\":3", "\"fake\":9");
        assert!(our_vocabulary(json.as_bytes()).is_none());
    }

    /// What the library's pipeline finds: texts and bytes. Of a link or handle that it replaced, the library knows the
    /// last byte only.
    fn reference(text: &str) -> Vec<(String, Option<usize>, usize)> {
        let mut found = Vec::new();
        Tokenizer::new([]).encode(text, |token, start, end| {
            let start = (token != LINK && token != HANDLE).then_some(start);
            found.push((token.to_string(), start, end));
        });
        found
    }

    fn scanned(text: &str) -> Vec<(String, Option<usize>, usize)> {
        let mut found = Vec::new();
        scan(text, |what, start, end| {
            let (token, start) = match what {
                Scanned::Link => (LINK, None),
                Scanned::Handle => (HANDLE, None),
                Scanned::Text => (&text[start..end], Some(start)),
            };
            found.push((token.to_string(), start, end));
        });
        found
    }

    proptest! {
        // A fixed seed: the same cases on every run.
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_scanner_finds_what_the_pipeline_finds(
            text in prop_oneof![
                "\\PC{0,24}",
                "([a-zа-я0-9#@_'.:;=()?!<>/ -]|http://|https://|www\\.|t\\.me/|youtu\\.be/|<url>|<user>|don't|😂|🇺|🇦|\u{301}|ـ|é|ﷺ){0,14}",
            ]
        ) {
            let text = crate::normalize::normalize_chunk(&text).text;
            if is_plain(&text) {
                prop_assert_eq!(scanned(&text), reference(&text));
            }
        }

        #[test]
        fn chunk_by_chunk_is_the_whole_text(text in "\\PC{0,60}") {
            let whole: Vec<String> = reference(&normalize(&text)).into_iter().map(|t| t.0).collect();
            prop_assert_eq!(words(&text), whole);
        }
    }
}
