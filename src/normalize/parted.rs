//! Words that an emoji parts: "fa🔥ke" is one word in disguise, "eyes🔥like" two words without a space.
//!
//! Only a vocabulary can tell the two apart, so this is left to whoever has one.

use super::Normalized;
use super::disguise::{is_emoji, is_plain};
use std::ops::Range;

/// The most letters of a word that pieces of other words often look like.
const SHORT: usize = 3;

impl Normalized {
    /// Takes out emoji that part one word, and notes that the text was tampered with: where the whole is a word that is
    /// `known`, or where a piece is none and the others are too short to tell.
    pub fn rejoin(&mut self, known: impl Fn(&str) -> bool) {
        if self.text.is_ascii() || !self.text.contains(is_emoji) {
            return;
        }
        let (text, spans) = (
            std::mem::take(&mut self.text),
            std::mem::take(&mut self.spans),
        );
        let mut at = 0;
        let copy = |out: &mut Normalized, bytes: Range<usize>| {
            out.text += &text[bytes.clone()];
            out.spans.extend_from_slice(&spans[bytes]);
        };
        while let Some(word) = next_run(&text, at) {
            copy(self, at..word.start);
            at = word.end;
            let pieces: Vec<&str> = text[word.clone()]
                .split(is_emoji)
                .filter(|p| !p.is_empty())
                .collect();
            let told: Vec<&str> = pieces
                .iter()
                .copied()
                .filter(|piece| known(piece))
                .collect();
            let all_short = told.iter().all(|piece| piece.chars().count() <= SHORT);
            if known(&pieces.concat()) || (told.len() < pieces.len() && all_short) {
                self.tampered = true;
                for piece in pieces {
                    let start = piece.as_ptr() as usize - text.as_ptr() as usize;
                    copy(self, start..start + piece.len());
                }
            } else {
                copy(self, word);
            }
        }
        copy(self, at..text.len());
    }
}

/// The bytes of the first run of letters and emoji at or behind `from` that begins and ends with a letter and holds an
/// emoji.
fn next_run(text: &str, mut from: usize) -> Option<Range<usize>> {
    let within = |c: char| is_plain(c) || is_emoji(c);
    loop {
        let start = from + text[from..].find(is_plain)?;
        let rest = &text[start..];
        let run = &rest[..rest.find(|c| !within(c)).unwrap_or(rest.len())];
        let run = run.trim_end_matches(is_emoji);
        if run.contains(is_emoji) {
            return Some(start..start + run.len());
        }
        from = start + run.len();
    }
}

#[cfg(test)]
mod tests {
    use super::super::normalize_chunk;

    fn rejoined(chunk: &str) -> (String, bool) {
        let mut normal = normalize_chunk(chunk);
        normal.rejoin(|word| {
            [
                "fake", "news", "like", "нет", "это", "ход", "no", "he", "here",
            ]
            .contains(&word)
        });
        assert_eq!(normal.spans.len(), normal.text.len());
        (normal.text, normal.tampered)
    }

    #[test]
    fn a_known_word_in_pieces_is_one_word() {
        for (parted, whole) in [
            ("fa🔥ke", "fake"),
            ("Fa❤\u{fe0f}kE!", "fake!"),
            ("\"ne😂ws\"/li💀ke", "\"news\"/like"),
            ("x😂😂y😂z1", "xyz1"),
            ("хо💀д😂", "ход😂"),
            ("he🔥re", "here"),
            ("no🔥vel", "novel"),
        ] {
            assert_eq!(rejoined(parted), (whole.to_string(), true), "{parted}");
        }
    }

    #[test]
    fn an_emoji_between_words_stays() {
        for text in [
            "fake😂news",
            "нет💩💩💩это",
            "like😂ily",
            "😂fake",
            "fake😂",
            "😂",
            "fake",
            "2😂2",
        ] {
            assert_eq!(rejoined(text), (text.to_string(), false));
        }
    }

    #[test]
    fn a_rejoined_word_knows_its_bytes() {
        let mut normal = normalize_chunk("«fa🔥ke»");
        normal.rejoin(|word| word == "fake");
        assert_eq!(normal.text, "\"fake\"");
        assert_eq!(normal.source_span(1, 5), (2, 10));
    }
}
