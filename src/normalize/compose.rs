//! Step 2: NFKC (Unicode Standard Annex 15), every character still knowing what it came from.

use super::Char;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// NFKC. The text is cut where composition cannot reach across, before ASCII characters and around characters that are
/// their own NFKC; what a piece becomes comes from the whole piece.
pub(super) fn compose(chars: &[Char]) -> Vec<Char> {
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

#[cfg(test)]
mod tests {
    use super::super::normalize;
    use super::*;

    /// The columns of a row of code points in `tests/data/unicode/normalization.txt`.
    fn columns(row: &str) -> Vec<String> {
        let char = |hex| char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap();
        row.split(';')
            .map(|column| column.split(' ').map(char).collect())
            .collect()
    }

    #[test]
    fn every_case_of_unicodes_normalization_test_holds() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/unicode/normalization.txt"
        );
        let rows = std::fs::read_to_string(path).unwrap();
        let mut n = 0;
        for row in rows.lines().filter(|r| !r.starts_with('#')) {
            let columns = columns(row);
            for column in &columns {
                let chars: Vec<Char> = column
                    .char_indices()
                    .map(|(i, c)| Char::new(i, c))
                    .collect();
                let found: String = compose(&chars).iter().map(|x| x.c).collect();
                assert_eq!(found, columns[3], "NFKC of {row}");
                assert_eq!(
                    normalize(column),
                    normalize(&columns[0]),
                    "all forms of {row}"
                );
            }
            n += 1;
        }
        assert!(n > 7000, "{n}");
    }
}
