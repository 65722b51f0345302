//! Ways in which a comment can be disguised from a classifier while people still read it.

use fastrand::Rng;
use unicode_normalization::UnicodeNormalization;

/// One way.
pub struct Attack {
    pub name: &'static str,
    how: How,
}

enum How {
    /// One of these characters inside half of the words.
    Insert(&'static [char]),
    Rewrite(fn(&str, &mut Rng) -> String),
}

impl Attack {
    /// `text` disguised in this way.
    pub fn disguise(&self, text: &str, rng: &mut Rng) -> String {
        match self.how {
            How::Insert(marks) => insert(text, rng, marks),
            How::Rewrite(rewrite) => rewrite(text, rng),
        }
    }
}

const fn inserting(name: &'static str, marks: &'static [char]) -> Attack {
    Attack {
        name,
        how: How::Insert(marks),
    }
}

const fn rewriting(name: &'static str, rewrite: fn(&str, &mut Rng) -> String) -> Attack {
    Attack {
        name,
        how: How::Rewrite(rewrite),
    }
}

pub const ATTACKS: &[Attack] = &[
    inserting(
        "zero-width characters",
        &['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'],
    ),
    inserting("soft hyphens", &['\u{ad}']),
    inserting(
        "bidirectional controls",
        &[
            '\u{202a}', '\u{202c}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{200f}',
        ],
    ),
    rewriting("decomposed letters", |t, _| t.nfd().collect()),
    rewriting("homoglyphs", homoglyphs),
    rewriting("another case", case),
    rewriting("stretched letters", stretch),
    rewriting("one typo", typo),
    rewriting("spaced-out letters", space_out),
    rewriting("leetspeak", leet),
    inserting(
        "combining marks",
        &[
            '\u{336}', '\u{335}', '\u{332}', '\u{323}', '\u{30d}', '\u{360}',
        ],
    ),
    rewriting("emoji inside words", emoji),
];

/// The words of `text`, runs of letters at least `least` long, as places of characters.
fn words(chars: &[char], least: usize) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < chars.len() {
        let mut end = start;
        while end < chars.len() && chars[end].is_alphabetic() {
            end += 1;
        }
        if end - start >= least {
            found.push(start..end);
        }
        start = end.max(start + 1);
    }
    found
}

/// Rewrites some words at least `least` letters long, each by chance of `share`, always at least one.
fn some_words(
    text: &str,
    rng: &mut Rng,
    least: usize,
    share: f64,
    mut rewrite: impl FnMut(&[char], &mut Rng) -> String,
) -> String {
    let chars: Vec<char> = text.chars().collect();
    let words = words(&chars, least);
    if words.is_empty() {
        return text.to_string();
    }
    let sure = rng.usize(..words.len());
    let mut out = String::new();
    let mut at = 0;
    for (i, word) in words.into_iter().enumerate() {
        out.extend(&chars[at..word.start]);
        at = word.end;
        if rng.f64() < share || i == sure {
            out += &rewrite(&chars[word], rng);
        } else {
            out.extend(&chars[word]);
        }
    }
    out.extend(&chars[at..]);
    out
}

/// A character of `marks` inside half of the words.
fn insert(text: &str, rng: &mut Rng, marks: &[char]) -> String {
    some_words(text, rng, 2, 0.5, |word, rng| {
        let at = rng.usize(1..word.len());
        let mark = marks[rng.usize(..marks.len())];
        let (before, after) = word.split_at(at);
        before.iter().chain([&mark]).chain(after).collect()
    })
}

/// Two in five letters become their look-alike in the other alphabet.
fn homoglyphs(text: &str, rng: &mut Rng) -> String {
    const PAIRS: [(char, char); 24] = [
        ('a', 'а'),
        ('c', 'с'),
        ('e', 'е'),
        ('i', 'і'),
        ('j', 'ј'),
        ('o', 'о'),
        ('p', 'р'),
        ('s', 'ѕ'),
        ('x', 'х'),
        ('y', 'у'),
        ('h', 'һ'),
        ('k', 'к'),
        ('A', 'А'),
        ('B', 'В'),
        ('C', 'С'),
        ('E', 'Е'),
        ('H', 'Н'),
        ('K', 'К'),
        ('M', 'М'),
        ('O', 'О'),
        ('P', 'Р'),
        ('T', 'Т'),
        ('X', 'Х'),
        ('I', 'І'),
    ];
    some_words(text, rng, 3, 0.5, |word, rng| {
        // A word whose every letter has a look-alike keeps its first: otherwise it would be a word of the other script.
        word.iter()
            .enumerate()
            .map(|(i, &c)| {
                let other = PAIRS.iter().find_map(|&(latin, cyrillic)| match c {
                    _ if c == latin => Some(cyrillic),
                    _ if c == cyrillic => Some(latin),
                    _ => None,
                });
                match other {
                    Some(other) if i > 0 && rng.f64() < 0.4 => other,
                    _ => c,
                }
            })
            .collect()
    })
}

/// All in capitals, all in small letters, or letters of both by turns.
fn case(text: &str, rng: &mut Rng) -> String {
    match rng.u8(..3) {
        0 => text.to_uppercase(),
        1 => text.to_lowercase(),
        _ => text
            .chars()
            .enumerate()
            .flat_map(|(i, c)| {
                let changed: Vec<char> = if i % 2 == 0 {
                    c.to_uppercase().collect()
                } else {
                    c.to_lowercase().collect()
                };
                changed
            })
            .collect(),
    }
}

/// One letter of a third of the words three to six times in place of once.
fn stretch(text: &str, rng: &mut Rng) -> String {
    some_words(text, rng, 3, 0.33, |word, rng| {
        let at = rng.usize(..word.len());
        let n = rng.usize(3..=6);
        word.iter()
            .enumerate()
            .flat_map(|(i, &c)| std::iter::repeat_n(c, if i == at { n } else { 1 }))
            .collect()
    })
}

/// One letter of one word left out, doubled or swapped with its neighbour.
fn typo(text: &str, rng: &mut Rng) -> String {
    some_words(text, rng, 4, 0.0, |word, rng| {
        let mut word = word.to_vec();
        let at = rng.usize(1..word.len() - 1);
        match rng.u8(..3) {
            0 => {
                word.remove(at);
            }
            1 => word.insert(at, word[at]),
            _ => word.swap(at, at + 1),
        }
        word.into_iter().collect()
    })
}

/// One word of four letters or more with a space between all of its letters.
fn space_out(text: &str, rng: &mut Rng) -> String {
    some_words(text, rng, 4, 0.0, |word, _| {
        let letters: Vec<String> = word.iter().map(char::to_string).collect();
        letters.join(" ")
    })
}

/// The first letter inside a third of the words that a digit looks like becomes that digit.
fn leet(text: &str, rng: &mut Rng) -> String {
    some_words(text, rng, 4, 0.33, |word, _| {
        let digit = |c: char| match c.to_lowercase().next() {
            Some('a' | 'а') => Some('4'),
            Some('e' | 'е') => Some('3'),
            Some('i') => Some('1'),
            Some('o' | 'о') => Some('0'),
            Some('s') => Some('5'),
            Some('з') => Some('3'),
            _ => None,
        };
        let inside = (1..word.len() - 1).find(|&i| digit(word[i]).is_some());
        word.iter()
            .enumerate()
            .map(|(i, &c)| match digit(c) {
                Some(d) if Some(i) == inside => d,
                _ => c,
            })
            .collect()
    })
}

/// An emoji inside a third of the words.
fn emoji(text: &str, rng: &mut Rng) -> String {
    some_words(text, rng, 4, 0.33, |word, rng| {
        let at = rng.usize(1..word.len());
        let mark = ['🔥', '😂', '💀', '❤'][rng.usize(..4)];
        let (before, after) = word.split_at(at);
        before.iter().chain([&mark]).chain(after).collect()
    })
}
