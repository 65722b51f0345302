//! Surface features: what a reader sees of a comment without understanding it.

use super::analysis::{Kind, Word};
use super::flags::Flags;
use super::lexicon::{CUES, Cues};
use crate::normalize::is_invisible;

/// The upper ends of the length buckets, in words; a longer comment is in a bucket of its own.
const LENGTHS: [usize; 7] = [0, 2, 5, 9, 16, 28, 50];

/// Capitals and disguises are not among them: they are as easily changed as told, and the answer must not hang on them.
const FLAGS: [&str; 19] = [
    "question mark",
    "question mark at the end",
    "question mark in the first half",
    "several question marks",
    "? with !",
    "exclamation",
    "several exclamations",
    "quotation marks",
    "a link",
    "mostly a link",
    "a handle first",
    "a hashtag",
    "an emoji",
    "only emoji and marks",
    "a number",
    "an ellipsis",
    "a smile in brackets",
    "quotes another",
    "no end mark",
];

/// The number of surface features.
pub const N_SURFACE: usize = FLAGS.len() + LENGTHS.len() + 1 + 2 * CUES.len();

/// The names of the surface features, in the order in which [`surface_flags`] gives them.
pub fn surface_names() -> Vec<String> {
    let mut names: Vec<String> = FLAGS.iter().map(|s| s.to_string()).collect();
    for (i, end) in LENGTHS.iter().enumerate() {
        let start = if i == 0 { 0 } else { LENGTHS[i - 1] + 1 };
        names.push(if start == *end {
            format!("{end} words")
        } else {
            format!("{start} to {end} words")
        });
    }
    names.push(format!("over {} words", LENGTHS[LENGTHS.len() - 1]));
    for (_, name) in CUES {
        names.push(format!("{name} word"));
    }
    for (_, name) in CUES {
        names.push(format!("{name} word first"));
    }
    names
}

/// Which surface features hold of the comment `text`, in which this was `seen`.
pub fn surface_flags(text: &str, seen: &Seen) -> Flags {
    let trimmed = text.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c));
    let has = |sight: u16| seen.sights & sight != 0;
    let last = |sight: u16| seen.last & sight != 0;
    let flags: [bool; FLAGS.len()] = [
        seen.questions > 0,
        last(ASKS),
        2 * u64::from(seen.first_question) < u64::from(seen.n),
        seen.questions > 1,
        has(QUESTION_AND_EXCLAMATION),
        seen.exclamations > 0,
        seen.exclamations > 1 || has(DOUBLE_EXCLAMATION),
        has(QUOTES),
        has(LINK),
        has(LINK) && seen.n_words <= 5,
        has(HANDLE_FIRST),
        has(HASHTAG),
        has(SYMBOL),
        seen.n > 0 && seen.n_words == 0 && !has(LINK),
        has(NUMBER),
        has(ELLIPSIS),
        has(SMILE) || last(CLOSES),
        trimmed.starts_with('>'),
        last(WORD),
    ];
    let bucket = LENGTHS.iter().position(|&end| seen.n_words as usize <= end);
    let bucket = bucket.unwrap_or(LENGTHS.len());
    let cues = FLAGS.len() + LENGTHS.len() + 1;
    Flags::from_iter(flags)
        .with(FLAGS.len() + bucket, Flags::from(1))
        .with(cues, seen.cues.flags())
        .with(cues + CUES.len(), seen.first_cues.flags())
}

/// What there is to see in a stretch of a comment. What is seen of stretches one behind the other adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Words of every sort.
    n: u32,
    /// Words and hashtags.
    n_words: u32,
    questions: u32,
    /// Where the first mark stands that asks, among words of every sort; the largest number where none does.
    first_question: u32,
    exclamations: u32,
    /// What is somewhere in it: the sum of some of the constants below.
    sights: u16,
    /// What the last word is that is neither link nor hashtag: the sum of some of the constants below, 0 where there is
    /// none.
    last: u16,
    cues: Cues,
    /// The cues of the first word or hashtag.
    first_cues: Cues,
}

// What can be seen somewhere.
const QUOTES: u16 = 1;
const LINK: u16 = 1 << 1;
const HASHTAG: u16 = 1 << 2;
const SYMBOL: u16 = 1 << 3;
const NUMBER: u16 = 1 << 4;
const ELLIPSIS: u16 = 1 << 5;
const SMILE: u16 = 1 << 6;
const QUESTION_AND_EXCLAMATION: u16 = 1 << 7;
const DOUBLE_EXCLAMATION: u16 = 1 << 8;
/// Only where nothing stands before it.
const HANDLE_FIRST: u16 = 1 << 9;

// What the last word can be.
const ANY: u16 = 1;
const ASKS: u16 = 1 << 1;
/// A closing bracket by itself.
const CLOSES: u16 = 1 << 2;
const WORD: u16 = 1 << 3;

impl Default for Seen {
    fn default() -> Self {
        Seen {
            n: 0,
            n_words: 0,
            questions: 0,
            first_question: u32::MAX,
            exclamations: 0,
            sights: 0,
            last: 0,
            cues: Cues::default(),
            first_cues: Cues::default(),
        }
    }
}

/// `sight` where it `holds`, else none.
fn sight(sight: u16, holds: bool) -> u16 {
    if holds { sight } else { 0 }
}

impl Seen {
    /// What there is to see in `text`, whose words are `words`.
    pub fn of(text: &str, words: &[Word]) -> Self {
        // Where all is ASCII, only one of the marks can stand.
        let quotes = match text.is_ascii() {
            true => text.contains('"'),
            false => text.contains(['"', '“', '”', '«', '»', '„']),
        };
        let mut seen = Seen {
            sights: sight(QUOTES, quotes),
            ..Seen::default()
        };
        for word in words {
            seen.add(&word.info.seen);
        }
        seen
    }

    /// What there is to see in the word `text` of this `kind` that gives these `cues`, wherever it stands.
    pub fn of_word(text: &str, kind: Kind, cues: Cues) -> Self {
        let asks = text.contains(['?', '؟']);
        let mut seen = Seen {
            n: 1,
            cues,
            ..Seen::default()
        };
        match kind {
            Kind::Word | Kind::Hashtag => {
                seen.n_words = 1;
                seen.first_cues = cues;
                let number = text.starts_with(|c: char| c.is_ascii_digit());
                seen.sights = sight(HASHTAG, kind == Kind::Hashtag) | sight(NUMBER, number);
            }
            Kind::Link => seen.sights = LINK,
            Kind::Symbol => seen.sights = SYMBOL,
            Kind::Handle => seen.sights = HANDLE_FIRST,
            Kind::Mark => {
                let exclaims = text.contains('!');
                seen.questions = u32::from(asks);
                seen.first_question = if asks { 0 } else { u32::MAX };
                seen.exclamations = u32::from(exclaims);
                let both = exclaims && text.contains('?');
                seen.sights = sight(QUESTION_AND_EXCLAMATION, both)
                    | sight(DOUBLE_EXCLAMATION, text.contains("!!"))
                    | sight(ELLIPSIS, text.starts_with(".."))
                    | sight(SMILE, text.starts_with("))"));
            }
        }
        if !matches!(kind, Kind::Link | Kind::Hashtag) {
            let closes = sight(CLOSES, text == ")");
            seen.last = ANY | sight(ASKS, asks) | closes | sight(WORD, kind == Kind::Word);
        }
        seen
    }

    /// Adds what is seen of the stretch behind this one.
    #[inline]
    pub fn add(&mut self, more: &Seen) {
        let first_question = more.first_question.saturating_add(self.n);
        self.first_question = self.first_question.min(first_question);
        if self.n_words == 0 {
            self.first_cues = more.first_cues;
        }
        self.sights |= more.sights & !sight(HANDLE_FIRST, self.n > 0);
        if more.last != 0 {
            self.last = more.last;
        }
        self.n += more.n;
        self.n_words += more.n_words;
        self.questions += more.questions;
        self.exclamations += more.exclamations;
        self.cues = self.cues.union(more.cues);
    }
}

/// The cues of all words together.
pub fn all_cues(words: &[Word]) -> Cues {
    words
        .iter()
        .fold(Cues::default(), |cues, w| cues.union(w.info.cues))
}

#[cfg(test)]
mod tests {
    use super::super::analysis::Analyzer;
    use super::super::lexicon::Lexicon;
    use super::*;
    use crate::tokenize::Tokenizer;

    fn names_of(text: &str) -> Vec<String> {
        let (tokenizer, lexicon) = (Tokenizer::new([]), Lexicon::default());
        let analysis = Analyzer::new(&tokenizer, &lexicon, (3, 5)).analyze(text);
        let flags = surface_flags(text, &Seen::of(text, &analysis.words));
        let names = surface_names();
        flags.holding().map(|at| names[at].clone()).collect()
    }

    #[test]
    fn case_changes_nothing() {
        let text = "NATO lied again, WHERE is the proof?";
        assert_eq!(names_of(&text.to_lowercase()), names_of(text));
        assert_eq!(names_of(&text.to_uppercase()), names_of(text));
    }

    #[test]
    fn features_are_what_a_reader_sees() {
        assert_eq!(names_of(""), ["0 words"]);
        assert_eq!(
            names_of("Source?"),
            [
                "question mark",
                "question mark at the end",
                "1 to 2 words",
                "doubt word",
                "doubt word first"
            ]
        );
        let found = names_of("@ivan НЕТ!!! https://a.b");
        for name in [
            "a handle first",
            "a link",
            "several exclamations",
            "negation word first",
        ] {
            assert!(found.iter().any(|f| f == name), "{name} in {found:?}");
        }
    }
}
