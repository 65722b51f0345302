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
    let last = seen.last.unwrap_or_default();
    let first_half = seen.first_question.is_some_and(|at| 2 * at < seen.n);
    let flags: [bool; FLAGS.len()] = [
        seen.questions > 0,
        last.asks,
        first_half,
        seen.questions > 1,
        seen.question_and_exclamation,
        seen.exclamations > 0,
        seen.exclamations > 1 || seen.double_exclamation,
        seen.quotes,
        seen.links > 0,
        seen.links > 0 && seen.n_words <= 5,
        seen.handle_first,
        seen.hashtag,
        seen.symbol,
        seen.n > 0 && seen.n_words == 0 && seen.links == 0,
        seen.number,
        seen.ellipsis,
        seen.smile || last.closes,
        trimmed.starts_with('>'),
        last.is_word,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Words of every sort.
    n: u32,
    /// Words and hashtags.
    n_words: u32,
    questions: u32,
    /// Where the first mark stands that asks, among words of every sort.
    first_question: Option<u32>,
    exclamations: u32,
    links: u32,
    question_and_exclamation: bool,
    double_exclamation: bool,
    ellipsis: bool,
    smile: bool,
    number: bool,
    hashtag: bool,
    symbol: bool,
    quotes: bool,
    handle_first: bool,
    /// The last that is neither link nor hashtag.
    last: Option<Last>,
    cues: Cues,
    /// The cues of the first word or hashtag.
    first_cues: Cues,
}

/// What the last word of a comment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Last {
    asks: bool,
    /// A closing bracket by itself.
    closes: bool,
    is_word: bool,
}

impl Seen {
    /// What there is to see in `text`, whose words are `words`.
    pub fn of(text: &str, words: &[Word]) -> Self {
        let mut seen = Seen {
            // Where all is ASCII, only one of the marks can stand.
            quotes: match text.is_ascii() {
                true => text.contains('"'),
                false => text.contains(['"', '“', '”', '«', '»', '„']),
            },
            ..Seen::default()
        };
        for word in words {
            seen.add(&word.info.seen);
        }
        seen
    }

    /// What there is to see in the word `text` of this `kind` that gives these `cues`, wherever it stands.
    pub fn of_word(text: &str, kind: Kind, cues: Cues) -> Self {
        let mut seen = Seen {
            n: 1,
            cues,
            handle_first: kind == Kind::Handle,
            ..Seen::default()
        };
        let asks = text.contains(['?', '؟']);
        match kind {
            Kind::Word | Kind::Hashtag => {
                seen.n_words = 1;
                seen.first_cues = cues;
                seen.hashtag = kind == Kind::Hashtag;
                seen.number = text.starts_with(|c: char| c.is_ascii_digit());
            }
            Kind::Link => seen.links = 1,
            Kind::Symbol => seen.symbol = true,
            Kind::Handle => {}
            Kind::Mark => {
                seen.questions = u32::from(asks);
                seen.first_question = asks.then_some(0);
                let exclaims = text.contains('!');
                seen.exclamations = u32::from(exclaims);
                seen.question_and_exclamation = exclaims && text.contains('?');
                seen.double_exclamation = text.contains("!!");
                seen.ellipsis = text.starts_with("..");
                seen.smile = text.starts_with("))");
            }
        }
        if !matches!(kind, Kind::Link | Kind::Hashtag) {
            seen.last = Some(Last {
                asks,
                closes: text == ")",
                is_word: kind == Kind::Word,
            });
        }
        seen
    }

    /// Adds what is seen of the stretch behind this one.
    pub fn add(&mut self, more: &Seen) {
        if self.first_question.is_none() {
            self.first_question = more.first_question.map(|at| self.n + at);
        }
        if self.n_words == 0 {
            self.first_cues = more.first_cues;
        }
        self.handle_first |= self.n == 0 && more.handle_first;
        self.last = more.last.or(self.last);
        self.n += more.n;
        self.n_words += more.n_words;
        self.questions += more.questions;
        self.exclamations += more.exclamations;
        self.links += more.links;
        self.question_and_exclamation |= more.question_and_exclamation;
        self.double_exclamation |= more.double_exclamation;
        self.ellipsis |= more.ellipsis;
        self.smile |= more.smile;
        self.number |= more.number;
        self.hashtag |= more.hashtag;
        self.symbol |= more.symbol;
        self.quotes |= more.quotes;
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
