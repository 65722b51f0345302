//! Digits and signs between letters in place of the letters that they look like.

use super::Char;
use super::disguise::{is_plain, is_vowel};
use unicode_script::{Script, UnicodeScript};

/// Writes digits between letters as the letters that they look like, in words that then can be read and whose shape is
/// no designation: "f4ke", not "mh17", "mp3s", "t72b3" or "h1n1".
pub(super) fn replace_digits(chars: &mut [Char]) -> bool {
    if !chars.iter().any(|x| is_cipher(x.c)) {
        return false;
    }
    let mut found = false;
    let mut start = 0;
    while start < chars.len() {
        let in_word = |x: &Char| is_plain(x.c) || x.c.is_ascii_digit() || is_cipher(x.c);
        let length = chars[start..].iter().take_while(|x| in_word(x)).count();
        let mut end = start + length;
        // A mark at the end is a mark.
        while end > start && chars[end - 1].c == '!' {
            end -= 1;
        }
        let before = start.checked_sub(1).map(|i| chars[i].c);
        let after = chars.get(end).map(|x| x.c);
        let parted = |c: Option<char>| {
            c.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '@' | '#' | '_' | '-' | '.'))
        };
        let behind = matches!(after, Some('.' | '-'))
            && chars.get(end + 1).is_none_or(|x| !x.c.is_alphanumeric());
        if parted(before)
            && (parted(after) || behind)
            && let Some(letters) = decipher(&chars[start..end])
        {
            for (x, c) in chars[start..end].iter_mut().zip(letters) {
                x.c = c;
            }
            found = true;
        }
        start = end.max(start + length) + 1;
    }
    found
}

fn decipher(word: &[Char]) -> Option<Vec<char>> {
    let chars: Vec<char> = word.iter().map(|x| x.c).collect();
    let letters: Vec<char> = chars.iter().copied().filter(|&c| is_plain(c)).collect();
    let script = letters.first()?.script();
    let (first, last) = (chars[0], chars[chars.len() - 1]);
    let n = chars.len() - letters.len();
    let readable = n > 0
        && letters.len() >= 3
        && letters.len() > n
        && letters.iter().all(|c| c.script() == script)
        && is_plain(first)
        && is_plain(last)
        && !starts_like_a_designation(&chars);
    if !readable {
        return None;
    }
    let mut out = chars.clone();
    for at in 1..chars.len() - 1 {
        if is_plain(chars[at]) {
            continue;
        }
        let (before, after) = (chars[at - 1], chars[at + 1]);
        // "$$" and "00" between letters are two letters.
        let doubled_before = before == chars[at] && at > 1 && is_plain(chars[at - 2]);
        let doubled_after = after == chars[at] && chars.get(at + 2).is_some_and(|&c| is_plain(c));
        if matches!(chars[at], '0' | '3' | '5' | '$') && (doubled_before || doubled_after) {
            out[at] = letter_for(chars[at], script, true)?;
            continue;
        }
        if !is_plain(before) || !is_plain(after) {
            return None;
        }
        let consonants = !is_vowel(before) && !is_vowel(after);
        let letter = letter_for(chars[at], script, consonants)?;
        // A lone vowel in front is an article or a model, a lone letter behind mostly a plural or a version.
        let lone_before = at == 1 && is_vowel(before);
        let lone_behind = at + 2 == chars.len()
            && !matches!(
                after,
                'n' | 'r' | 't' | 'l' | 'd' | 'й' | 'н' | 'р' | 'т' | 'л' | 'ь' | 'м'
            );
        let fits = !is_vowel(letter)
            || script != Script::Latin
            || (!is_vowel(before) || is_vowel_pair(before, letter))
                && (!is_vowel(after) || is_vowel_pair(letter, after));
        let three_d = chars[at] == '3' && after == 'd' && at + 2 == chars.len();
        if lone_before || lone_behind || !fits || three_d {
            return None;
        }
        out[at] = letter;
    }
    Some(out)
}

/// What a digit or sign stands for between two letters of `script`, given whether both are consonants.
fn letter_for(c: char, script: Script, consonants: bool) -> Option<char> {
    Some(match (script, c) {
        (Script::Latin, '0') => 'o',
        (Script::Cyrillic, '0') => 'о',
        (Script::Latin, '1' | '!') => 'i',
        (Script::Latin, '3') => 'e',
        (Script::Latin, '4' | '@') => 'a',
        (Script::Latin, '5' | '$') => 's',
        (Script::Cyrillic, '3') if consonants => 'е',
        (Script::Cyrillic, '3') => 'з',
        (Script::Cyrillic, '4') if consonants => 'а',
        (Script::Cyrillic, '4') => 'ч',
        (Script::Cyrillic, '6') => 'б',
        (Script::Cyrillic, '@') => 'а',
        _ => return None,
    })
}

/// Vowels that stand together in English words often enough.
fn is_vowel_pair(a: char, b: char) -> bool {
    matches!(
        (a, b),
        ('e', 'a')
            | ('e', 'e')
            | ('o', 'o')
            | ('o', 'u')
            | ('o', 'a')
            | ('i', 'e')
            | ('i', 'o')
            | ('a', 'i')
            | ('e', 'i')
    )
}

fn is_cipher(c: char) -> bool {
    matches!(c, '0' | '1' | '3' | '4' | '5' | '6' | '@' | '$' | '!')
}

/// Names that go on with a number: file formats, consoles, programs, vehicles, missiles.
fn starts_like_a_designation(word: &[char]) -> bool {
    const NAMES: [&str; 24] = [
        "mp", "ps", "w", "log", "neo", "bmp", "btr", "brdm", "bm", "mt", "rpg", "buk", "tor", "su",
        "mi", "il", "ka", "mig", "бмп", "бтр", "ми", "су", "ту", "зс",
    ];
    let n = word.iter().take_while(|c| c.is_alphabetic()).count();
    let start: String = word[..n].iter().collect();
    let digit = word.get(n).is_some_and(char::is_ascii_digit);
    digit && NAMES.contains(&start.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::{normalize, normalize_chunk};

    #[test]
    fn digits_between_letters_become_letters() {
        for (disguised, word) in [
            ("f4ke", "fake"),
            ("F4ke!!", "fake!!"),
            ("k1ll3r", "killer"),
            ("pr00f", "proof"),
            ("de4th", "death"),
            ("f@ke", "fake"),
            ("ru$$ian", "russian"),
            ("ф3йк", "фейк"),
            ("в0йна", "война"),
        ] {
            assert_eq!(normalize(disguised), word, "{disguised:?}");
            assert!(normalize_chunk(disguised).tampered, "{disguised:?}");
        }
    }

    #[test]
    fn words_with_digits_of_their_own_stay() {
        for word in [
            "mh17",
            "5th",
            "w8",
            "h1n1",
            "covid19",
            "t72b3",
            "m1a1",
            "mp3s",
            "w3schools",
            "f16s",
            "s300v",
            "su35s",
            "2s19",
            "log4j",
            "b2b",
            "3d",
            "g20",
            "name@host.org",
            "us$50",
            "k9s",
            "т72б3м",
            "бмп3м",
            "с300в",
            "2x4",
            "4x4",
            "1st",
            "10km",
            "5g",
            "m4",
            "r2d2",
            "a4",
            "covid-19",
        ] {
            assert_eq!(normalize(word), word);
            assert!(!normalize_chunk(word).tampered, "{word}");
        }
    }
}
