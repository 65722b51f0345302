//! Letters of one alphabet in words of another: they are written as the letters that they imitate.

use super::Char;
use unicode_script::{Script, UnicodeScript};

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

/// Look-alikes whose Cyrillic letter is rare: where nothing else tells, a word with one of them is Latin.
const RARELY_CYRILLIC: &str = "dhjlqsvwԁһјӏԛѕѵԝGJSԌЈЅ";

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
pub(super) fn fold_confusables(chars: &mut [Char]) -> bool {
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
    } else if all[2] == 0 && word.iter().any(|x| RARELY_CYRILLIC.contains(x.c)) {
        [1, 0, 0]
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

#[cfg(test)]
mod tests {
    use super::super::normalize;

    #[test]
    fn a_word_of_look_alikes_alone_is_latin_where_a_letter_is_rarely_cyrillic() {
        for (mixed, word) in [
            ("wаѕ", "was"),
            ("tһе", "the"),
            ("lаке", "lake"),
            ("aсс", "асс"),
            ("ѕвeзда", "ѕвезда"),
            ("вaѕ", "ваѕ"),
        ] {
            assert_eq!(normalize(mixed), word, "{mixed}");
        }
    }
}
