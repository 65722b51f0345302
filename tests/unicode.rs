//! How the word splitter stands to Unicode's word boundaries (Standard Annex 29): the same words but for deviations that
//! are listed here.

use stance::tokenize::Tokenizer;
use std::collections::BTreeMap;

/// The pieces of `text` that hold a letter or a digit, as the tokenizer cuts them.
fn ours(text: &str) -> Vec<String> {
    let tokens = Tokenizer::new([]).tokenize(text);
    let pieces = tokens
        .iter()
        .map(|t| &text[t.start as usize..t.end as usize]);
    pieces.filter(|p| is_word(p)).map(str::to_string).collect()
}

fn is_word(piece: &str) -> bool {
    piece.chars().any(char::is_alphanumeric)
}

/// Deviations that were meant: what they are, a text, its pieces here and in Annex 29.
const DEVIATIONS: [(&str, &str, &[&str], &[&str]); 8] = [
    (
        "links are one word",
        "see https://x.org/a",
        &["see", "https://x.org/a"],
        &["see", "https", "x.org", "a"],
    ),
    (
        "handles keep their sign",
        "@ivan yes",
        &["@ivan", "yes"],
        &["ivan", "yes"],
    ),
    (
        "hashtags keep their sign",
        "#NoWar",
        &["#NoWar"],
        &["NoWar"],
    ),
    (
        "a point or comma ends a number",
        "3.5 1,000",
        &["3", "5", "1", "000"],
        &["3.5", "1,000"],
    ),
    (
        "a point or colon ends a word",
        "e.g 9:30 a:b",
        &["e", "g", "9", "30", "a", "b"],
        &["e.g", "9", "30", "a:b"],
    ),
    (
        "ideographs and hiragana stand together",
        "戦争です",
        &["戦争です"],
        &["戦", "争", "で", "す"],
    ),
    (
        "the marks of a Hebrew abbreviation end a word",
        "צה\"ל",
        &["צה", "ל"],
        &["צה\"ל"],
    ),
    (
        "spaced-out letters are one word",
        "f a k e",
        &["f a k e"],
        &["f", "a", "k", "e"],
    ),
];

#[test]
fn every_deviation_is_what_it_is_said_to_be() {
    for (what, text, here, _) in DEVIATIONS {
        assert_eq!(ours(text), here, "{what}");
    }
}

/// Why a case of WordBreakTest.txt may be cut otherwise.
fn reason(text: &str) -> Option<&'static str> {
    let any = |set: &str| text.chars().any(|c| set.contains(c));
    let shows = |c: char| {
        !matches!(
            c,
            '\u{ad}' | '\u{200d}' | '\u{2060}' | '\u{1}' | '\u{308}' | '\u{300}' | '\u{903}'
        )
    };
    Some(match () {
        () if any(".,:;'\"·‧׳״’_\u{387}\u{202f}") => "marks between letters and digits",
        () if any("〱ァアイゴ〇一㐀한각갸ᄀ")
            || text.chars().any(|c| ('\u{3031}'..='\u{30ff}').contains(&c)) =>
        {
            "kana and Hangul"
        }
        () if text.chars().next().is_some_and(|c| !shows(c)) || !text.chars().all(shows) => {
            "marks and format characters by themselves"
        }
        () if any("\u{1f1e6}\u{1f1e7}\u{1f1e8}\u{1f1e9}ⓂⒶⓐ🅰") => {
            "letters in circles and flags"
        }
        () if text.contains(['\u{6dd}', '\u{70f}']) => "number and abbreviation signs that show",
        () => return None,
    })
}

#[test]
fn the_other_cases_of_word_break_test_hold() {
    let rows = std::fs::read_to_string("tests/data/unicode/word_break.txt").unwrap();
    let mut deviating: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut n, mut same) = (0, 0);
    let mut wrong = Vec::new();
    for row in rows.lines().filter(|r| !r.starts_with('#')) {
        let char = |hex| char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap();
        let pieces: Vec<String> = row
            .split(" ÷ ")
            .map(|piece| piece.split(" × ").map(char).collect())
            .collect();
        let text = pieces.concat();
        let expected: Vec<String> = pieces.into_iter().filter(|p| is_word(p)).collect();
        n += 1;
        // A format character behind a word belongs to it there and to nothing here.
        let trim = |words: Vec<String>| -> Vec<String> {
            let marks = [
                '\u{ad}', '\u{200d}', '\u{2060}', '\u{300}', '\u{308}', '\u{903}',
            ];
            words
                .iter()
                .map(|w| w.trim_matches(marks).to_string())
                .collect()
        };
        let found = trim(ours(&text));
        if found == trim(expected.clone()) {
            same += 1;
        } else if let Some(reason) = reason(&text) {
            *deviating.entry(reason).or_default() += 1;
        } else {
            wrong.push(format!("{row}: {found:?}, expected {expected:?}"));
        }
    }
    println!("{same} of {n} the same; {deviating:?}");
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(n, 1944);
    assert!(same >= 1736, "{same} of {n}; {deviating:?}");
}
