//! Step two: text becomes comparable. Tricks of the keyboard are undone, every character remembers where it came from.
//!
//! A *chunk*, the text between two stretches of white space, is normalised by itself:
//!
//! 1. characters that do not show (format characters, variation selectors) go;
//! 2. NFKC (Unicode Standard Annex 15), which also unfolds full-width, mathematical and ligature forms;
//! 3. curly quotes and dashes become ASCII, ё becomes е (most Russian writers do not type it);
//! 4. in a word that mixes Latin with Cyrillic or Greek letters, look-alikes become letters of the script that the
//!    word's other letters have. Ukrainian, Turkish or any other word of one script stays as it is;
//! 5. lower case, with İ and I both becoming i;
//! 6. a letter that stands three times or more in a row stands once, other marks at most three times.
//!
//! Normalising twice changes nothing.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_script::{Script, UnicodeScript};

/// The longest chunk that is normalised as a whole, in characters; what stands behind it is a chunk of its own.
pub const MAX_CHUNK_CHARS: usize = 256;

/// A normalised chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Normalized {
    /// The normalised text. May hold spaces, where NFKC makes some.
    pub text: String,
    /// For each byte of `text`, the bytes of the original that its character came from: (start, end).
    pub spans: Vec<(u32, u32)>,
    /// Whether something was undone that readers cannot see or that imitates another letter (steps 1 and 4).
    pub tampered: bool,
}

impl Normalized {
    /// The bytes of the original that the bytes `start..end` of `text` came from; `start < end`.
    pub fn source_span(&self, start: usize, end: usize) -> (u32, u32) {
        let pieces = &self.spans[start..end];
        let first = pieces.iter().map(|s| s.0).min().unwrap_or(0);
        let last = pieces.iter().map(|s| s.1).max().unwrap_or(first);
        (first, last)
    }
}

/// The chunks of `text`: what stands between white space, in pieces of at most [`MAX_CHUNK_CHARS`], with the byte at
/// which each begins.
pub fn chunks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = text.as_ptr() as usize;
    text.split_whitespace().flat_map(move |word| {
        let start = word.as_ptr() as usize - base;
        pieces(word).map(move |(at, piece)| (start + at, piece))
    })
}

fn pieces(word: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &word[at..];
        if rest.is_empty() {
            return None;
        }
        let length = if rest.len() <= MAX_CHUNK_CHARS {
            rest.len()
        } else {
            rest.char_indices()
                .nth(MAX_CHUNK_CHARS)
                .map_or(rest.len(), |(i, _)| i)
        };
        at += length;
        Some((at - length, &rest[..length]))
    })
}

/// Normalises all of `text`, chunk by chunk; stretches of white space become one space.
pub fn normalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (_, chunk) in chunks(text) {
        // NFKC makes a space of some marks ("¸" becomes a space and a cedilla): it is white space like any other.
        for piece in normalize_chunk(chunk).text.split_whitespace() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(piece);
        }
    }
    out
}

/// Normalises one chunk.
pub fn normalize_chunk(chunk: &str) -> Normalized {
    let mut out = Normalized::default();
    let mut chars: Vec<Char> = Vec::with_capacity(chunk.len());
    for (at, c) in chunk.char_indices() {
        if is_invisible(c) {
            // An emoji's variation selector or joiner is ordinary; inside a word it is not.
            out.tampered |= !matches!(c, '\u{fe0f}' | '\u{fe0e}' | '\u{200d}' | '\u{feff}');
            continue;
        }
        chars.push(Char {
            c,
            start: at as u32,
            end: (at + c.len_utf8()) as u32,
        });
    }
    if !chars.iter().all(|x| x.c.is_ascii()) {
        // One pass can make what another would change (a folded letter before a combining mark); few texts need two.
        for _ in 0..4 {
            let before: Vec<char> = chars.iter().map(|x| x.c).collect();
            chars = compose(&chars);
            chars.retain(|x| !is_invisible(x.c));
            simplify(&mut chars);
            out.tampered |= fold_confusables(&mut chars);
            chars = lower(&chars);
            if chars.iter().map(|x| x.c).eq(before) {
                break;
            }
        }
    } else {
        for x in &mut chars {
            x.c = x.c.to_ascii_lowercase();
        }
    }
    cap_runs(&mut chars);
    for x in &chars {
        out.text.push(x.c);
        out.spans
            .extend(std::iter::repeat_n((x.start, x.end), x.c.len_utf8()));
    }
    out
}

/// A character and the bytes of the original that it came from.
#[derive(Clone, Copy)]
struct Char {
    c: char,
    start: u32,
    end: u32,
}

/// Characters that take no room on the screen: general category Cf, variation selectors, and the fillers that Unicode
/// lists as default-ignorable.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || (c.is_control() && !c.is_whitespace())
}

/// NFKC. The text is cut where composition cannot reach across, before ASCII characters and around characters that are
/// their own NFKC; what a piece becomes comes from the whole piece.
fn compose(chars: &[Char]) -> Vec<Char> {
    let mut out = Vec::with_capacity(chars.len());
    let mut start = 0;
    while start < chars.len() {
        let mut end = start + 1;
        while end < chars.len() && !begins_piece(chars[end].c) {
            end += 1;
        }
        let piece = &chars[start..end];
        let composed: Vec<char> = piece.iter().map(|x| x.c).nfkc().collect();
        if composed.iter().copied().eq(piece.iter().map(|x| x.c)) {
            out.extend_from_slice(piece);
        } else {
            let (from, to) = (piece[0].start, piece[piece.len() - 1].end);
            out.extend(composed.iter().map(|&c| Char {
                c,
                start: from,
                end: to,
            }));
        }
        start = end;
    }
    out
}

/// Whether nothing before `c` can combine with it: ASCII, and the letters of the alphabets met most, none of which is
/// the second half of a composition.
fn begins_piece(c: char) -> bool {
    c.is_ascii()
        || (matches!(c, '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{5ff}' | '\u{620}'..='\u{64a}')
            && canonical_combining_class(c) == 0)
}

fn simplify(chars: &mut [Char]) {
    for x in chars {
        x.c = match x.c {
            '‘' | '’' | 'ʼ' | '‛' | '`' | '´' | 'ʹ' | '′' => '\'',
            '“' | '”' | '„' | '‟' | '«' | '»' | '″' => '"',
            '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
            'ё' => 'е',
            'Ё' => 'Е',
            'İ' => 'i',
            c => c,
        };
    }
}

fn lower(chars: &[Char]) -> Vec<Char> {
    chars
        .iter()
        .flat_map(|x| x.c.to_lowercase().map(|c| Char { c, ..*x }))
        .collect()
}

/// Latin letters and the Cyrillic and Greek ones that look the same, by case (after Unicode's confusables.txt).
const LOOK_ALIKES: [(char, &str, &str); 41] = [
    ('a', "а", "α"),
    ('c', "с", "ϲ"),
    ('d', "ԁ", ""),
    ('e', "е", ""),
    ('h', "һ", ""),
    ('i', "і", "ι"),
    ('j', "ј", "ϳ"),
    ('k', "к", "κ"),
    ('l', "ӏ", ""),
    ('m', "м", ""),
    ('n', "п", "η"),
    ('o', "о", "ο"),
    ('p', "р", "ρ"),
    ('q', "ԛ", ""),
    ('r', "г", ""),
    ('s', "ѕ", ""),
    ('t', "т", "τ"),
    ('u', "и", "υ"),
    ('v', "ѵ", "ν"),
    ('w', "ԝ", "ω"),
    ('x', "х", "χ"),
    ('y', "у", "γ"),
    ('A', "А", "Α"),
    ('B', "В", "Β"),
    ('C', "С", "Ϲ"),
    ('E', "Е", "Ε"),
    ('F', "", "Ϝ"),
    ('G', "Ԍ", ""),
    ('H', "Н", "Η"),
    ('I', "І", "Ι"),
    ('J', "Ј", "Ϳ"),
    ('K', "К", "Κ"),
    ('M', "М", "Μ"),
    ('N', "", "Ν"),
    ('O', "О", "Ο"),
    ('P', "Р", "Ρ"),
    ('S', "Ѕ", ""),
    ('T', "Т", "Τ"),
    ('X', "Х", "Χ"),
    ('Y', "Ү", "Υ"),
    ('Z', "", "Ζ"),
];

fn is_look_alike(c: char) -> bool {
    LOOK_ALIKES
        .iter()
        .any(|(latin, cyrillic, greek)| *latin == c || cyrillic.contains(c) || greek.contains(c))
}

fn look_alike(c: char, script: Script) -> Option<char> {
    let (latin, cyrillic, greek) = LOOK_ALIKES.iter().find(|(latin, cyrillic, greek)| {
        *latin == c || cyrillic.contains(c) || greek.contains(c)
    })?;
    match script {
        Script::Latin => Some(*latin),
        Script::Cyrillic => cyrillic.chars().next(),
        Script::Greek => greek.chars().next(),
        _ => None,
    }
}

/// Rewrites look-alikes in words of mixed script; whether there were any.
fn fold_confusables(chars: &mut [Char]) -> bool {
    let mut folded = false;
    let mut start = 0;
    while start < chars.len() {
        if !chars[start].c.is_alphabetic() {
            start += 1;
            continue;
        }
        let length = chars[start..]
            .iter()
            .position(|x| !x.c.is_alphabetic())
            .unwrap_or(chars.len() - start);
        folded |= fold_word(&mut chars[start..start + length]);
        start += length;
    }
    folded
}

fn fold_word(word: &mut [Char]) -> bool {
    const SCRIPTS: [Script; 3] = [Script::Latin, Script::Cyrillic, Script::Greek];
    let count = |all: bool| {
        SCRIPTS.map(|script| {
            word.iter()
                .filter(|x| x.c.script() == script && (all || !is_look_alike(x.c)))
                .count()
        })
    };
    let (all, distinct) = (count(true), count(false));
    if all.iter().filter(|&&n| n > 0).count() < 2 {
        return false;
    }
    // The script of the letters that only one script has; where there is no such letter, of most letters.
    let by = if distinct.iter().any(|&n| n > 0) {
        distinct
    } else {
        all
    };
    let best = (0..3).rev().max_by_key(|&i| by[i]).expect("three scripts");
    let mut folded = false;
    for x in word {
        if x.c.script() != SCRIPTS[best]
            && let Some(c) = look_alike(x.c, SCRIPTS[best])
        {
            x.c = c;
            folded = true;
        }
    }
    folded
}

fn cap_runs(chars: &mut Vec<Char>) {
    let is_link = chars.windows(3).any(|w| {
        let three = (w[0].c, w[1].c, w[2].c);
        three == (':', '/', '/') || three == ('w', 'w', 'w')
    });
    let mut out: Vec<Char> = Vec::with_capacity(chars.len());
    let mut start = 0;
    while start < chars.len() {
        let c = chars[start].c;
        let length = chars[start..].iter().take_while(|x| x.c == c).count();
        let run = &chars[start..start + length];
        let kept = if c.is_alphabetic() && length >= 3 && !is_link {
            1
        } else if c.is_numeric() || is_link {
            length
        } else {
            length.min(3)
        };
        out.extend_from_slice(&run[..kept]);
        if let Some(last) = out.last_mut() {
            last.end = last.end.max(run[length - 1].end);
        }
        start += length;
    }
    *chars = out;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tricks_are_undone() {
        for (from, to) in [
            ("FAKE", "fake"),
            ("fаke", "fake"),               // Cyrillic а
            ("фeйк", "фейк"),               // Latin e
            ("f\u{200b}a\u{ad}ke", "fake"), // zero-width space, soft hyphen
            ("ｆａｋｅ", "fake"),
            ("𝐟𝐚𝐤𝐞", "fake"),
            ("cafe\u{301}", "café"),
            ("fakeeeee", "fake"),
            ("Нееет!!!!!!", "нет!!!"),
            ("ещё", "еще"),
            ("don’t", "don't"),
            ("İstanbul", "istanbul"),
            ("a ¸ b", "a \u{327} b"),
        ] {
            assert_eq!(normalize(from), to, "{from:?}");
        }
    }

    #[test]
    fn honest_words_stay_as_they_are() {
        for word in [
            "їжак",
            "європа",
            "ґанок",
            "війна",
            "savaş",
            "değil",
            "ışık",
            "الحرب",
            "לא",
            "book",
            "1000000",
            "c++",
        ] {
            assert_eq!(normalize(word), word);
        }
        assert_eq!(normalize("http://www.a.com/aaa"), "http://www.a.com/aaa");
        assert!(!normalize_chunk("війна").tampered);
        assert!(normalize_chunk("fаke").tampered);
    }

    #[test]
    fn a_long_ligature_does_not_grow_without_bound() {
        let n = "\u{fdfa}".repeat(100_000);
        assert!(normalize(&n).chars().count() <= 18 * 100_000 + 100_000);
    }

    #[test]
    fn chunks_know_where_they_begin() {
        let found: Vec<_> = chunks(" да\u{a0}нет\n").collect();
        assert_eq!(found, [(1, "да"), (7, "нет")]);
        let long = "ж".repeat(MAX_CHUNK_CHARS + 1);
        let found: Vec<_> = chunks(&long).map(|(at, c)| (at, c.len())).collect();
        assert_eq!(found, [(0, 512), (512, 2)]);
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = normalize(&text);
            prop_assert_eq!(normalize(&once), once);
        }

        #[test]
        fn spans_lie_on_character_boundaries(chunk in "[a-zа-яёàé\u{200b}\u{301}ＡＢﷺ]{1,20}") {
            let n = normalize_chunk(&chunk);
            prop_assert_eq!(n.spans.len(), n.text.len());
            for &(start, end) in &n.spans {
                prop_assert!(start < end);
                prop_assert!(chunk.get(start as usize..end as usize).is_some());
            }
        }
    }
}
