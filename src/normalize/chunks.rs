//! Cuts a text into chunks: what stands between white space, and words whose letters are spaced out.

use super::disguise::is_vowel;
use super::{MAX_CHUNK_CHARS, is_invisible, normalize_piece};
use crate::swar::Eight;
use smallvec::{SmallVec, smallvec};
use std::ops::Range;
use unicode_normalization::char::is_combining_mark;

/// The fewest letters of a spaced-out word: "a b c" is a list, "f a k e" a disguise.
const SPACED_MIN: usize = 4;
/// The most.
const SPACED_MAX: usize = 64;

/// The chunks of `text`, with the byte at which each begins: what stands between white space, in pieces of at most
/// [`MAX_CHUNK_CHARS`]. A word whose letters are spaced out is one chunk, white space and all.
pub fn chunks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    chunk_places(text).map(|(start, end)| (start, &text[start..end]))
}

/// The bytes, from the first to the one behind the last, of each of the [`chunks`] of `text`.
pub fn chunk_places(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    // Lone letters before this byte were looked at and are no spaced-out word.
    let mut looked = 0;
    let is_ascii = text.is_ascii();
    std::iter::from_fn(move || {
        let (start, end) = word_at(text, at)?;
        at = end;
        if start < looked || begins_with_two_letters(text, start, end, is_ascii) {
            return Some((start, end));
        }
        if let Some(letter) = lone_letter(&text[start..end]) {
            let (behind, is_word) = lone_letters(text, letter, end);
            if is_word {
                at = behind;
                return Some((start, behind));
            }
            looked = behind;
        }
        Some((start, end))
    })
}

/// Where the lone letters end whose first is `letter`, which ends at byte `end`; and whether they are a spaced-out word.
fn lone_letters(text: &str, letter: char, mut end: usize) -> (usize, bool) {
    let mut letters: SmallVec<[char; 8]> = smallvec![letter];
    let mut next = word_at(text, end);
    while let Some((start, behind)) = next {
        let word = &text[start..behind];
        match lone_letter(word) {
            Some(letter) => letters.push(letter),
            // What does not show parts no letters.
            None if word.chars().all(is_invisible) => {}
            None => break,
        }
        end = behind;
        next = word_at(text, end);
    }
    // A mark by itself behind the last letter came off it: "x¸" is "x" and a mark once normalised, and what is
    // normalised must stay as it is.
    let marked = next.is_some_and(|(start, _)| {
        let shown = text[start..].trim_start_matches(is_invisible);
        shown.starts_with(is_combining_mark)
    });
    (end, is_spaced_word(&letters) && !marked)
}

/// Where the next stretch without white space at byte `from` or behind it begins and ends, cut behind
/// [`MAX_CHUNK_CHARS`].
#[inline]
fn word_at(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut start = from;
    while start < bytes.len() {
        match white_space_at(text, start) {
            0 => break,
            length => start += length,
        }
    }
    // No character has more than four bytes: what is cut off is not looked through for each piece again.
    let near = &bytes[..bytes.len().min(start + 4 * MAX_CHUNK_CHARS)];
    let mut end = may_end_word(near, start);
    while end < near.len() && white_space_at(text, end) == 0 {
        end = may_end_word(near, end + 1);
    }
    if end - start > MAX_CHUNK_CHARS {
        let cut = text[start..].char_indices().nth(MAX_CHUNK_CHARS);
        end = cut.map_or(end, |(length, _)| end.min(start + length));
    }
    (start < end).then_some((start, end))
}

/// Whether a byte can be the first of a white space of Unicode.
const BEGINS_WHITE_SPACE: [bool; 256] = {
    let mut table = [false; 256];
    let firsts = b"\t\n\x0b\x0c\r \xc2\xe1\xe2\xe3";
    let mut i = 0;
    while i < firsts.len() {
        table[firsts[i] as usize] = true;
        i += 1;
    }
    table
};

/// The first place from `at` on where a byte stands that can be the first of a white space of Unicode, or another below
/// a space; or the end.
#[inline]
fn may_end_word(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = Eight::at(bytes, at) {
        // Up to a space; C2; E0 to E3.
        let found = eight.below(b' ' + 1).or(eight.equal(0xc2, 0xff));
        match found.or(eight.equal(0xe0, 0xfc)).first() {
            Some(place) => return at + place,
            None => at += 8,
        }
    }
    while at < bytes.len() && !BEGINS_WHITE_SPACE[usize::from(bytes[at])] {
        at += 1;
    }
    at
}

/// The length in bytes of the white space that begins at byte `at`; 0 where none does, inside a character too.
#[inline]
fn white_space_at(text: &str, at: usize) -> usize {
    match text.as_bytes().get(at) {
        Some(b' ') => 1,
        Some(&first) if BEGINS_WHITE_SPACE[usize::from(first)] => {
            let c = text[at..].chars().next().filter(|c| c.is_whitespace());
            c.map_or(0, char::len_utf8)
        }
        _ => 0,
    }
}

/// The letter that `word` is once normalised, where it is one.
fn lone_letter(word: &str) -> Option<char> {
    if word.is_ascii() {
        let mut letters = word.bytes().filter(u8::is_ascii_alphabetic);
        let letter = letters.next()?;
        let mut n_letters = 1;
        for other in letters {
            if !other.eq_ignore_ascii_case(&letter) {
                return None;
            }
            n_letters += 1;
        }
        // Control characters do not show; other characters can stand for letters ("s$ss"), and the whole must tell.
        let n_shown = word.bytes().filter(|b| !b.is_ascii_control()).count();
        if n_shown == n_letters {
            // Three letters or more become one, but for "www", which is a link.
            let is_one = n_letters == 1 || n_letters > 2 && !letter.eq_ignore_ascii_case(&b'w');
            return is_one.then_some(letter.to_ascii_lowercase() as char);
        }
    } else if holds_two_letters(word) {
        return None;
    }
    let normal = normalize_piece(word).text;
    let mut chars = normal.chars();
    // A mark by itself can be alphabetic (U+0345), and comes off the chunk before.
    let is_letter = |c: &char| c.is_alphabetic() && !is_combining_mark(*c);
    let letter = chars.next().filter(is_letter)?;
    chars.next().is_none().then_some(letter)
}

/// Whether the word `start..end` of `text` begins with two letters that certainly differ once normalised, and so is no
/// lone letter: most words are known by that. `is_ascii` says that all of the text is.
#[inline]
fn begins_with_two_letters(text: &str, start: usize, end: usize, is_ascii: bool) -> bool {
    let &[a, b, ..] = &text.as_bytes()[start..end] else {
        return false;
    };
    if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() {
        return !a.eq_ignore_ascii_case(&b) && (is_ascii || text[start..end].is_ascii());
    }
    if a.is_ascii() || is_ascii {
        return false;
    }
    let mut chars = text[start..end].chars();
    let mut russian = || chars.next().filter(|c| matches!(c, 'а'..='я' | 'А'..='Я'));
    let (Some(a), Some(b)) = (russian(), russian()) else {
        return false;
    };
    a.to_lowercase().ne(b.to_lowercase())
}

/// Whether `word` certainly holds two different letters once normalised: a quick look that spares most words their
/// normalisation. Letters of ASCII stay different from each other where no other script's stand among them.
fn holds_two_letters(word: &str) -> bool {
    let mut letters = word.chars().filter(|c| c.is_alphabetic());
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    let mut differ = false;
    if first.is_some_and(|c| c.is_ascii())
        && letters.all(|c| {
            differ |= Some(c.to_ascii_lowercase()) != first;
            c.is_ascii()
        })
    {
        return differ;
    }
    let mut letters = word
        .chars()
        .filter(|c| matches!(c, 'а'..='я' | 'А'..='Я'))
        .flat_map(char::to_lowercase);
    letters
        .next()
        .is_some_and(|first| letters.any(|c| c != first))
}

/// Whether lone letters are a word: there are enough of them, a vowel among them, and they are no list in alphabetical
/// order.
fn is_spaced_word(letters: &[char]) -> bool {
    (SPACED_MIN..=SPACED_MAX).contains(&letters.len())
        && letters.iter().any(|&c| is_vowel(c))
        && !letters.windows(2).all(|w| w[0] <= w[1])
}

/// The words of `chunk`, as places of bytes, where it is a word whose letters are spaced out: wider gaps part words
/// where every word then has two letters or more.
pub(super) fn spaced_words(chunk: &str) -> Option<Vec<Range<usize>>> {
    let base = chunk.as_ptr() as usize;
    let mut at = 0;
    let words = std::iter::from_fn(|| {
        let (start, end) = word_at(chunk, at)?;
        at = end;
        Some(&chunk[start..end])
    });
    let shown: Vec<&str> = words
        .filter(|word| !word.chars().all(is_invisible))
        .collect();
    let letters: Option<Vec<char>> = shown.iter().map(|w| lone_letter(w)).collect();
    if !is_spaced_word(&letters?) {
        return None;
    }
    let mut words: Vec<(Range<usize>, usize)> = Vec::new();
    for letter in shown {
        let start = letter.as_ptr() as usize - base;
        let end = start + letter.len();
        match words.last_mut() {
            Some((word, n)) if chunk[word.end..start].chars().count() <= 1 => {
                word.end = end;
                *n += 1;
            }
            _ => words.push((start..end, 1)),
        }
    }
    if words.iter().all(|&(_, n)| n >= 2) {
        return Some(words.into_iter().map(|(word, _)| word).collect());
    }
    Some(std::iter::once(0..chunk.len()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn words_stand_between_white_space(text in "([a-z]{0,9}|[\\x00-\\x24]|[а-яà-ö\u{80}-\u{bf}]{1,3}| |\u{a0}|\u{1680}|\u{2000}|\u{3000}|\u{2029}|क|\u{1d7ca}){0,20}") {
            let expected: Vec<&str> = text.split_whitespace().collect();
            let mut at = 0;
            let words = std::iter::from_fn(|| {
                let (start, end) = word_at(&text, at)?;
                at = end;
                Some(&text[start..end])
            });
            prop_assert_eq!(words.collect::<Vec<_>>(), expected);
        }

        #[test]
        fn a_lone_letter_is_what_normalising_leaves_of_a_word(word in "[asSwW$@013'.!\\x00\\x02]{1,5}|[аеоaeoсcS$3]{1,4}|[ab\u{345}\u{301}\u{200b}]{1,4}|\\PC{1,3}") {
            let normal = normalize_piece(&word).text;
            let mut chars = normal.chars();
            let first = chars.next().filter(|c| c.is_alphabetic() && !is_combining_mark(*c));
            prop_assert_eq!(lone_letter(&word), first.filter(|_| chars.next().is_none()), "{:?}", word);
        }

        #[test]
        fn words_that_begin_with_two_letters_are_no_lone_letter(word in "[a-cA-CхpP]{1,4}[!\u{200b}]?|[а-вА-Вxp]{1,4}|\\PC{1,3}") {
            if begins_with_two_letters(&word, 0, word.len(), false) {
                prop_assert_eq!(lone_letter(&word), None);
            }
        }
    }

    #[test]
    fn a_long_word_is_cut_between_characters() {
        for c in ['a', 'я', 'ẉ', '🔥'] {
            let word = c.to_string().repeat(MAX_CHUNK_CHARS + 1);
            let text = format!("{word} {word}b");
            let found: Vec<(usize, usize)> = chunks(&text)
                .map(|(at, chunk)| (at, chunk.chars().count()))
                .collect();
            let n = c.len_utf8();
            assert_eq!(
                found,
                [(0, 256), (256 * n, 1), (257 * n + 1, 256), (513 * n + 1, 2)]
            );
        }
    }

    #[test]
    fn white_space_is_unicodes() {
        for c in '\0'..=char::MAX {
            let expected = if c.is_whitespace() { c.len_utf8() } else { 0 };
            assert_eq!(white_space_at(&c.to_string(), 0), expected, "{c:?}");
        }
    }
}
