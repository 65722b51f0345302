//! Surface features: what a reader sees of a comment without understanding it.

use super::analysis::{Analysis, Kind, Word};
use super::lexicon::{CUES, Cue, Cues};
use crate::normalize::is_invisible;

/// The upper ends of the length buckets, in words; a longer comment is in a bucket of its own.
const LENGTHS: [usize; 7] = [0, 2, 5, 9, 16, 28, 50];

const FLAGS: [&str; 23] = [
    "question mark",
    "question mark at the end",
    "question mark in the first half",
    "several question marks",
    "? with !",
    "exclamation",
    "several exclamations",
    "a word in capitals",
    "mostly capitals",
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
    "begins in lower case",
    "no end mark",
    "hidden or imitated letters",
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

/// Whether each surface feature holds of the comment `text`.
pub fn surface_flags(text: &str, analysis: &Analysis) -> Vec<bool> {
    let words = &analysis.words;
    let n = words.len();
    let kind = |k: Kind| words.iter().filter(|w| w.info.kind == k).count();
    let marks = |c: char| {
        words
            .iter()
            .enumerate()
            .filter(move |(_, w)| w.info.kind == Kind::Mark && w.info.text.contains(c))
    };
    let questions = marks('?').chain(marks('؟')).count();
    let exclamations = marks('!').count();
    let first_question = marks('?').chain(marks('؟')).map(|(i, _)| i).next();
    let n_words = kind(Kind::Word) + kind(Kind::Hashtag);
    let capitals = words.iter().filter(|w| w.info.capitals).count();
    let last = words
        .iter()
        .rev()
        .find(|w| w.info.kind != Kind::Link && w.info.kind != Kind::Hashtag);
    let last_text = last.map_or("", |w| w.info.text.as_str());
    let first = words
        .iter()
        .find(|w| matches!(w.info.kind, Kind::Word | Kind::Hashtag));
    let trimmed = text.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c));
    let mut flags = vec![
        questions > 0,
        last_text.contains(['?', '؟']),
        first_question.is_some_and(|i| 2 * i < n),
        questions > 1,
        words
            .iter()
            .any(|w| w.info.text.contains('?') && w.info.text.contains('!')),
        exclamations > 0,
        exclamations > 1 || words.iter().any(|w| w.info.text.contains("!!")),
        capitals > 0,
        capitals > 2 && 2 * capitals > n_words,
        text.contains(['"', '“', '”', '«', '»', '„']),
        kind(Kind::Link) > 0,
        kind(Kind::Link) > 0 && n_words <= 5,
        words.first().is_some_and(|w| w.info.kind == Kind::Handle),
        kind(Kind::Hashtag) > 0,
        kind(Kind::Symbol) > 0,
        n > 0 && n_words == 0 && kind(Kind::Link) == 0,
        words
            .iter()
            .any(|w| w.info.text.starts_with(|c: char| c.is_ascii_digit())),
        words.iter().any(|w| w.info.text.starts_with("..")),
        words.iter().any(|w| w.info.text.starts_with("))")) || last_text == ")",
        trimmed.starts_with('>'),
        trimmed.starts_with(char::is_lowercase),
        last.is_some_and(|w| w.info.kind == Kind::Word),
        // Told to people; not to the model, whose answer a disguise must not change.
        false,
    ];
    debug_assert_eq!(flags.len(), FLAGS.len());
    let bucket = LENGTHS
        .iter()
        .position(|&end| n_words <= end)
        .unwrap_or(LENGTHS.len());
    flags.extend((0..=LENGTHS.len()).map(|i| i == bucket));
    let all = all_cues(&analysis.words);
    flags.extend(CUES.map(|(cue, _)| all.has(cue)));
    let first = first.map_or(Cues::default(), |w| w.info.cues);
    flags.extend(CUES.map(|(cue, _): (Cue, _)| first.has(cue)));
    flags
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
            "a word in capitals",
            "several exclamations",
            "negation word first",
        ] {
            assert!(found.iter().any(|f| f == name), "{name} in {found:?}");
        }
    }
}
