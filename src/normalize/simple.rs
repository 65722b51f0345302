//! Chunks that normalisation only turns to lower case: most of them, told by one look at each character.

use super::Normalized;

/// What `chunk` becomes, where lower case is all that its normalisation does; `None` where more may be done. The chunk's
/// letters are all Latin (ASCII) or all Russian without ё, no character stands three times in a row, and nothing in it
/// could be a disguise: no digit or sign that stands for a letter, at most two marks that could part letters.
pub(super) fn lower_simple(chunk: &str) -> Option<Normalized> {
    let mut out = Normalized {
        text: String::with_capacity(chunk.len()),
        spans: Vec::with_capacity(chunk.len()),
        tampered: false,
    };
    let (mut latin, mut russian, mut exclaimed) = (false, false, false);
    let mut n_separators = 0;
    let mut before = ['\0'; 2];
    for (at, c) in chunk.char_indices() {
        let lower = match c {
            'a'..='z' | 'A'..='Z' => c.to_ascii_lowercase(),
            'а'..='я' => c,
            'А'..='Я' => char::from_u32(c as u32 + 32)?,
            '2'
            | '7'..='9'
            | '"'
            | '#'
            | '%'..='-'
            | '.'
            | '/'
            | ':'..='?'
            | '['
            | ']'
            | '^'
            | '{'
            | '}' => c,
            '_' | '|' | '~' | '\\' | '!' => c,
            _ => return None,
        };
        latin |= lower.is_ascii_alphabetic();
        russian |= !c.is_ascii();
        exclaimed |= c == '!';
        n_separators += usize::from(matches!(
            c,
            '.' | '-' | '_' | '*' | '/' | '|' | '~' | '+' | '\\'
        ));
        if (latin && russian)
            || (exclaimed && c.is_alphanumeric())
            || n_separators > 2
            || before == [lower; 2]
        {
            return None;
        }
        before = [before[1], lower];
        out.text.push(lower);
        let span = (at as u32, (at + c.len_utf8()) as u32);
        out.spans.extend(std::iter::repeat_n(span, c.len_utf8()));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::super::normalize_by_steps;
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    #[test]
    fn most_words_are_simple() {
        for word in [
            "War", "don't", "where?", "(Это", "МИР!", "x.com/a", "#NoWar", "29:7",
        ] {
            assert!(lower_simple(word).is_some(), "{word}");
        }
        for word in [
            "f4ke",
            "fаke",
            "ещё",
            "noooo",
            "f.a.k.e",
            "f!ne",
            "don’t",
            "a\u{200b}b",
            "`x",
        ] {
            assert!(lower_simple(word).is_none(), "{word}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn simple_chunks_become_what_the_steps_make_of_them(chunk in "[ -~]{1,9}|[a-zA-Z.!*_-]{1,9}|[а-яА-Яё!-@\\[-`{-~]{1,9}|[aаkKк.!i1]{1,9}|w{1,4}[.:/a]{1,6}") {
            if let Some(simple) = lower_simple(&chunk) {
                prop_assert_eq!(simple, normalize_by_steps(&chunk));
            }
        }
    }
}
