//! Cuts a text into chunks: what stands between white space, and words whose letters are spaced out.

use super::disguise::is_vowel;
use super::{MAX_CHUNK_CHARS, is_invisible, normalize_piece};
use std::ops::Range;
use unicode_normalization::char::is_combining_mark;

/// The fewest letters of a spaced-out word: "a b c" is a list, "f a k e" a disguise.
const SPACED_MIN: usize = 4;
/// The most.
const SPACED_MAX: usize = 64;

/// The chunks of `text`, with the byte at which each begins: what stands between white space, in pieces of at most
/// [`MAX_CHUNK_CHARS`]. A word whose letters are spaced out is one chunk, white space and all.
pub fn chunks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = text.as_ptr() as usize;
    let mut words = text
        .split_whitespace()
        .flat_map(pieces)
        .map(move |word| (word.as_ptr() as usize - base, word))
        .peekable();
    // Lone letters that were looked at and are not a word.
    let mut waiting = Vec::new().into_iter();
    std::iter::from_fn(move || {
        if let Some(letter) = waiting.next() {
            return Some(letter);
        }
        let (start, word) = words.next()?;
        let Some(letter) = lone_letter(word) else {
            return Some((start, word));
        };
        let mut letters = vec![letter];
        let mut places = vec![(start, word)];
        while let Some(&(_, next)) = words.peek() {
            match lone_letter(next) {
                Some(letter) => letters.push(letter),
                // What does not show parts no letters.
                None if next.chars().all(is_invisible) => {}
                None => break,
            }
            places.extend(words.next());
        }
        // A mark by itself behind the last letter came off it: "x¸" is "x" and a mark once normalised, and what is
        // normalised must stay as it is.
        let marked = words
            .peek()
            .is_some_and(|(_, next)| next.starts_with(is_combining_mark));
        if is_spaced_word(&letters) && !marked {
            let (last, word) = places[places.len() - 1];
            return Some((start, &text[start..last + word.len()]));
        }
        waiting = places.into_iter();
        waiting.next()
    })
}

fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
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
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        Some(piece)
    })
}

/// The letter that `word` is once normalised, where it is one.
fn lone_letter(word: &str) -> Option<char> {
    let bytes = word.as_bytes();
    let may_be = match bytes {
        [letter] => {
            let lower = letter.to_ascii_lowercase() as char;
            return letter.is_ascii_alphabetic().then_some(lower);
        }
        _ if word.is_ascii() => {
            bytes.len() >= 3
                && bytes[0].is_ascii_alphabetic()
                && bytes.iter().all(|b| b.eq_ignore_ascii_case(&bytes[0]))
        }
        _ => !holds_two_letters(word),
    };
    if !may_be {
        return None;
    }
    let normal = normalize_piece(word).text;
    let mut chars = normal.chars();
    let letter = chars.next().filter(|c| c.is_alphabetic())?;
    chars.next().is_none().then_some(letter)
}

/// Whether `word` certainly holds two different letters: a quick look that spares most words their normalisation.
fn holds_two_letters(word: &str) -> bool {
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
    let shown: Vec<&str> = chunk
        .split_whitespace()
        .flat_map(pieces)
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
