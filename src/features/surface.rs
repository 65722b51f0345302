//! Surface features: what a reader sees of a comment without understanding it.

use super::analysis::{Analysis, Kind, Word};
use super::lexicon::{CUES, Cue, Cues};
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

/// Whether each surface feature holds of the comment `text`; with room for the context flags behind them.
pub fn surface_flags(text: &str, analysis: &Analysis) -> Vec<bool> {
    let words = &analysis.words;
    let n = words.len();
    let seen = Seen::of(words);
    let n_words = seen.n_words;
    let last = words
        .iter()
        .rev()
        .find(|w| w.info.kind != Kind::Link && w.info.kind != Kind::Hashtag);
    let last_text = last.map_or("", |w| w.info.text.as_str());
    // Where all is ASCII, only one of the marks can stand.
    let quotes = match text.is_ascii() {
        true => text.contains('"'),
        false => text.contains(['"', '“', '”', '«', '»', '„']),
    };
    let trimmed = text.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c));
    let mut flags = Vec::with_capacity(128);
    flags.extend([
        seen.questions > 0,
        last_text.contains(['?', '؟']),
        seen.first_question.is_some_and(|i| 2 * i < n),
        seen.questions > 1,
        seen.question_and_exclamation,
        seen.exclamations > 0,
        seen.exclamations > 1 || seen.double_exclamation,
        quotes,
        seen.links > 0,
        seen.links > 0 && n_words <= 5,
        words.first().is_some_and(|w| w.info.kind == Kind::Handle),
        seen.hashtags > 0,
        seen.symbols > 0,
        n > 0 && n_words == 0 && seen.links == 0,
        seen.number,
        seen.ellipsis,
        seen.smile || last_text == ")",
        trimmed.starts_with('>'),
        last.is_some_and(|w| w.info.kind == Kind::Word),
    ]);
    debug_assert_eq!(flags.len(), FLAGS.len());
    let bucket = LENGTHS
        .iter()
        .position(|&end| n_words <= end)
        .unwrap_or(LENGTHS.len());
    flags.extend((0..=LENGTHS.len()).map(|i| i == bucket));
    flags.extend(CUES.map(|(cue, _)| seen.cues.has(cue)));
    flags.extend(CUES.map(|(cue, _): (Cue, _)| seen.first_cues.has(cue)));
    flags
}

/// What one pass over the words of a comment sees.
#[derive(Default)]
struct Seen {
    questions: usize,
    first_question: Option<usize>,
    question_and_exclamation: bool,
    exclamations: usize,
    double_exclamation: bool,
    ellipsis: bool,
    smile: bool,
    number: bool,
    /// Words and hashtags.
    n_words: usize,
    hashtags: usize,
    links: usize,
    symbols: usize,
    cues: Cues,
    /// The cues of the first word or hashtag.
    first_cues: Cues,
}

impl Seen {
    fn of(words: &[Word]) -> Self {
        let mut seen = Seen::default();
        for (i, word) in words.iter().enumerate() {
            let info = &word.info;
            seen.cues = seen.cues.union(info.cues);
            match info.kind {
                Kind::Word | Kind::Hashtag => {
                    if seen.n_words == 0 {
                        seen.first_cues = info.cues;
                    }
                    seen.n_words += 1;
                    seen.hashtags += usize::from(info.kind == Kind::Hashtag);
                    seen.number |= info.number;
                }
                Kind::Link => seen.links += 1,
                Kind::Symbol => seen.symbols += 1,
                Kind::Handle => {}
                Kind::Mark => seen.see_mark(i, &info.text),
            }
        }
        seen
    }

    fn see_mark(&mut self, at: usize, text: &str) {
        let asks = text.contains(['?', '؟']);
        if asks {
            self.questions += 1;
            self.first_question.get_or_insert(at);
        }
        if text.contains('!') {
            self.exclamations += 1;
            self.question_and_exclamation |= text.contains('?');
            self.double_exclamation |= text.contains("!!");
        }
        self.ellipsis |= text.starts_with("..");
        self.smile |= text.starts_with("))");
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
        let flags = surface_flags(text, &analysis);
        let names = surface_names();
        assert_eq!(flags.len(), names.len());
        names
            .into_iter()
            .zip(flags)
            .filter(|x| x.1)
            .map(|x| x.0)
            .collect()
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
