//! One typing error: a word outside the vocabulary stands for the most frequent word of it that is one edit away.
//!
//! The edits that are undone are a letter too many and two neighbours that changed places: 16 words to look up for one of
//! nine letters. A letter left out would need a look-up for every letter of the alphabet at every place, and brought no
//! better labels on the project's dev split. The first letter must be right: few errors are made there (Pollock and
//! Zamora, "Automatic spelling correction in scientific and scholarly text", 1984).

use smallvec::SmallVec;

/// The fewest letters of a word that is looked at: shorter ones are too near to each other.
const MIN_LETTERS: usize = 5;
/// The most.
const MAX_LETTERS: usize = 24;

/// Calls `each` with every text that `word` becomes when one letter behind the first is taken out, or two neighbours
/// behind it change places; with none where `word` is short, long, or not of letters alone.
pub(super) fn each_edit(word: &str, mut each: impl FnMut(&str)) {
    // Where each letter begins, and where the last one ends.
    let mut places: SmallVec<[usize; MAX_LETTERS + 2]> = SmallVec::new();
    for (at, letter) in word.char_indices().take(MAX_LETTERS + 1) {
        if !letter.is_alphabetic() {
            return;
        }
        places.push(at);
    }
    let n = places.len();
    if !(MIN_LETTERS..=MAX_LETTERS).contains(&n) {
        return;
    }
    places.push(word.len());
    let letter = |i: usize| &word[places[i]..places[i + 1]];
    let mut edited = String::with_capacity(word.len());
    let mut each = |parts: [&str; 4]| {
        edited.clear();
        parts.into_iter().for_each(|part| edited.push_str(part));
        each(&edited);
    };
    for at in 1..n {
        let (before, behind) = (&word[..places[at]], &word[places[at + 1]..]);
        // Of equal neighbours one is taken out, and their places are the same.
        if at + 1 == n {
            each([before, "", "", ""]);
        } else if letter(at) != letter(at + 1) {
            each([before, "", "", behind]);
            each([before, letter(at + 1), letter(at), &word[places[at + 2]..]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits(word: &str) -> Vec<String> {
        let mut found = Vec::new();
        each_edit(word, |edited| found.push(edited.to_string()));
        found
    }

    #[test]
    fn letters_are_taken_out_and_change_places_behind_the_first() {
        let expected = ["мсты", "мсоты", "моты", "мотсы", "мосы", "мосыт", "мост"];
        assert_eq!(edits("мосты"), expected);
        // One of the two "o" is taken out, and they are not swapped.
        let expected = ["aoks", "aokos", "aoos", "aoosk", "aook"];
        assert_eq!(edits("aooks")[..5], expected);
    }

    #[test]
    fn short_and_long_words_and_what_is_not_of_letters_stay() {
        for word in [
            "fake",
            "бред",
            "b3tween",
            "#nowar",
            "don't",
            "",
            &"x".repeat(25),
        ] {
            assert!(edits(word).is_empty(), "{word}");
        }
        assert_eq!(edits(&"ab".repeat(12)).len(), 23 + 22);
    }
}
