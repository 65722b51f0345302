//! Letters that something is put on or between: overlays, separators, emoji.
//!
//! Only clear evidence counts: "f-a-k-e" and "f🔥ake" are undone, "a-b-c" and "yes🔥no" are not. Where a trick leaves a
//! word that could be honest, the word stays.

use super::Char;
use unicode_script::{Script, UnicodeScript};

/// Undoes what it finds in `chars`, which are composed and in lower case; whether there was anything.
pub(super) fn undo(chars: &mut Vec<Char>, is_link: bool) -> bool {
    let mut found = drop_marks(chars);
    if !is_link {
        found |= drop_separators(chars);
        found |= drop_emoji(chars);
    }
    found
}

pub(super) fn is_vowel(c: char) -> bool {
    matches!(
        c,
        'a' | 'e'
            | 'i'
            | 'o'
            | 'u'
            | 'y'
            | 'а'
            | 'е'
            | 'и'
            | 'о'
            | 'у'
            | 'ы'
            | 'э'
            | 'ю'
            | 'я'
            | 'і'
            | 'ї'
            | 'є'
    )
}

/// A letter of the alphabets whose words carry no marks but those that they compose with.
pub(super) fn is_plain(c: char) -> bool {
    c.is_alphabetic() && matches!(c.script(), Script::Latin | Script::Cyrillic | Script::Greek)
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20f0}')
}

/// Marks that languages put on letters they do not compose with: stress, tone, length, nasality, Marshallese cedillas,
/// and the dot under the vowels of Yoruba and its neighbours. No language puts that dot on another letter that it does
/// not compose with, nor on a Cyrillic one.
fn is_honest_mark(mark: char, letter: char) -> bool {
    match mark {
        '\u{323}' => letter.script() == Script::Latin && !letter.is_ascii(),
        _ => {
            matches!(mark, '\u{300}'..='\u{304}' | '\u{306}'..='\u{308}' | '\u{30a}'..='\u{30c}' | '\u{327}' | '\u{328}' | '\u{331}')
        }
    }
}

/// The consonant without the dot that scholars put under it when they write Arabic, Hebrew or Sanskrit in Latin letters:
/// "Ḥamās" is the "Hamas" of everybody else. Vowels and ṣ are letters of Vietnamese and Yoruba.
fn without_dot(c: char) -> Option<char> {
    const DOTTED: [(char, char); 12] = [
        ('ḅ', 'b'),
        ('ḍ', 'd'),
        ('ḥ', 'h'),
        ('ḳ', 'k'),
        ('ḷ', 'l'),
        ('ṃ', 'm'),
        ('ṇ', 'n'),
        ('ṛ', 'r'),
        ('ṭ', 't'),
        ('ṿ', 'v'),
        ('ẉ', 'w'),
        ('ẓ', 'z'),
    ];
    let may_be = matches!(c, '\u{1e00}'..='\u{1eff}');
    let found = DOTTED.iter().find(|(dotted, _)| may_be && *dotted == c)?;
    Some(found.1)
}

/// Drops marks that no spelling puts on a Latin, Cyrillic or Greek letter: strokes and lines through or under it, and
/// heaps of marks. One mark of a living spelling stays; a scholar's dot goes and is no trick.
fn drop_marks(chars: &mut Vec<Char>) -> bool {
    for x in chars.iter_mut() {
        x.c = without_dot(x.c).unwrap_or(x.c);
    }
    let mut out: Vec<Char> = Vec::with_capacity(chars.len());
    let mut start = 0;
    while start < chars.len() {
        let length = chars[start..].iter().take_while(|x| is_mark(x.c)).count();
        let marks = &chars[start..start + length];
        match out.last_mut() {
            Some(last)
                if length > 0
                    && is_plain(last.c)
                    && !matches!(marks, [mark] if is_honest_mark(mark.c, last.c)) =>
            {
                last.end = last.end.max(marks[length - 1].end);
                start += length;
            }
            _ => {
                out.extend_from_slice(&chars[start..start + length.max(1)]);
                start += length.max(1);
            }
        }
    }
    let found = out.len() < chars.len();
    *chars = out;
    found
}

/// Joins four letters or more that one and the same mark parts: "f.a.k.e".
fn drop_separators(chars: &mut Vec<Char>) -> bool {
    let mut found = false;
    let mut at = 0;
    while at + 1 < chars.len() {
        let mark = chars[at + 1].c;
        let inside = at > 0 && (chars[at - 1].c.is_alphanumeric() || chars[at - 1].c == mark);
        let mut end = at;
        if is_plain(chars[at].c)
            && !inside
            && matches!(
                mark,
                '.' | '-' | '_' | '*' | '/' | '|' | '~' | '+' | '\\' | '·' | '•'
            )
        {
            while end + 2 < chars.len() && chars[end + 1].c == mark && is_plain(chars[end + 2].c) {
                end += 2;
            }
        }
        let word: Vec<Char> = chars[at..=end].iter().step_by(2).copied().collect();
        let parted_behind = chars.get(end + 1).is_none_or(|x| !x.c.is_alphanumeric());
        let listed = word.windows(2).all(|w| w[0].c <= w[1].c);
        if word.len() >= 4 && parted_behind && !listed && word.iter().any(|x| is_vowel(x.c)) {
            chars.splice(at..=end, word);
            found = true;
        }
        at += 1;
    }
    found
}

pub(super) fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f300}'..='\u{1faff}')
}

/// Letters that are words by themselves in the languages of the corpus, or are written for one.
fn is_word_letter(c: char) -> bool {
    matches!(
        c,
        'a' | 'i'
            | 'o'
            | 'u'
            | 'r'
            | 'n'
            | 'k'
            | 'x'
            | 'y'
            | 'а'
            | 'в'
            | 'е'
            | 'и'
            | 'к'
            | 'о'
            | 'с'
            | 'у'
            | 'я'
            | 'і'
            | 'й'
            | 'є'
            | 'з'
    )
}

/// Drops emoji inside a word. People also write them in place of a space, so one of the pieces must be a letter that
/// is no word.
fn drop_emoji(chars: &mut Vec<Char>) -> bool {
    if !chars.iter().any(|x| is_emoji(x.c)) {
        return false;
    }
    let mut found = false;
    let mut start = 0;
    while start < chars.len() {
        let mut end = start;
        // Letters and the emoji that stand between two of them.
        while end < chars.len() && (is_plain(chars[end].c) || is_emoji(chars[end].c)) {
            end += 1;
        }
        while end > start && is_emoji(chars[end - 1].c) {
            end -= 1;
        }
        while start < end && is_emoji(chars[start].c) {
            start += 1;
        }
        let word = &chars[start..end];
        let pieces: Vec<&[Char]> = word
            .split(|x| is_emoji(x.c))
            .filter(|p| !p.is_empty())
            .collect();
        let lone = |piece: &&[Char]| {
            piece.iter().all(|x| x.c == piece[0].c) && !is_word_letter(piece[0].c)
        };
        if pieces.len() > 1 && pieces.iter().any(lone) {
            let letters: Vec<Char> = word.iter().filter(|x| !is_emoji(x.c)).copied().collect();
            let n = letters.len();
            chars.splice(start..end, letters);
            end = start + n;
            found = true;
        }
        start = end.max(start) + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{normalize, normalize_chunk};

    #[test]
    fn disguised_words_become_readable() {
        for (disguised, word) in [
            ("f.a.k.e", "fake"),
            ("ф-е-й-к", "фейк"),
            ("f🔥ake", "fake"),
            ("f🔥a🔥k🔥e", "fake"),
            ("f\u{336}a\u{336}k\u{336}e\u{336}", "fake"),
            ("f\u{30d}\u{360}\u{315}ake", "fake"),
            ("f\u{323}ake", "fake"),
            ("вой\u{323}на", "война"),
        ] {
            assert_eq!(normalize(disguised), word, "{disguised:?}");
            assert!(normalize_chunk(disguised).tampered, "{disguised:?}");
        }
    }

    #[test]
    fn a_scholars_dot_goes_and_is_no_trick() {
        assert_eq!(normalize("Ḥamās"), "hamās");
        assert_eq!(normalize("H\u{323}amās"), "hamās");
        assert!(!normalize_chunk("Ḥamās").tampered);
    }

    #[test]
    fn words_with_marks_and_emoji_of_their_own_stay() {
        for word in [
            "a/b/c/d",
            "a-b-c",
            "u.s.a",
            "e-mail",
            "yes🔥no",
            "i❤u",
            "да😂нет",
            "за\u{301}мок",
            "x.y.z",
            "g\u{303}uarani",
            "ọmọdé",
            "ẹ\u{301}kọ",
            "một",
            "ñandú",
        ] {
            assert_eq!(normalize(word), word);
            assert!(!normalize_chunk(word).tampered, "{word}");
        }
    }
}
