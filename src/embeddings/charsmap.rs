//! The table of a `Precompiled` normalizer, walked to its ends: a trie that points behind its own end, or a replacement
//! as long as a book, is refused before a text meets it.
//!
//! The format is SentencePiece's (<https://github.com/google/sentencepiece>): the trie's size in bytes, its units of 32
//! bits (a double array as Darts-clone writes it), and the replacements, each ended by a zero byte.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// The longest replacement, in bytes. The longest of NFKC has 33, that of U+FDFA.
const MAX_REPLACEMENT: usize = 64;

/// Checks the table of every `Precompiled` step in `normalizer`.
///
/// # Errors
/// What was found and what was expected.
pub(super) fn check_all(normalizer: &Option<Value>) -> Result<(), String> {
    let Some(step) = normalizer else {
        return Ok(());
    };
    if step["type"] == "Precompiled" {
        let base64 = step["precompiled_charsmap"].as_str().unwrap_or("");
        let bytes = BASE64_STANDARD.decode(base64).unwrap_or_default();
        check(&bytes).ok_or(format!(
            "\"precompiled_charsmap\" is broken; expected a whole trie with replacements of at most {MAX_REPLACEMENT} bytes"
        ))?;
    }
    for inner in step["normalizers"].as_array().into_iter().flatten() {
        check_all(&Some(inner.clone()))?;
    }
    Ok(())
}

/// One unit of the double array.
#[derive(Clone, Copy)]
struct Unit(u32);

impl Unit {
    fn label(self) -> u32 {
        self.0 & (1 << 31 | 0xff)
    }

    fn offset(self) -> usize {
        (self.0 as usize >> 10) << ((self.0 & 1 << 9) >> 6)
    }

    fn has_leaf(self) -> bool {
        self.0 >> 8 & 1 == 1
    }

    fn value(self) -> usize {
        (self.0 & !(1 << 31)) as usize
    }
}

/// Visits every node that a text can reach; `None` where a step leads outside.
fn check(bytes: &[u8]) -> Option<()> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    let (trie, replacements) = rest.split_at_checked(u32::from_le_bytes(*size) as usize / 4 * 4)?;
    let units: Vec<Unit> = trie
        .as_chunks::<4>()
        .0
        .iter()
        .map(|unit| Unit(u32::from_le_bytes(*unit)))
        .collect();
    let replacements = std::str::from_utf8(replacements).ok()?;
    let mut seen = vec![false; units.len()];
    let mut waiting = vec![units.first()?.offset()];
    while let Some(node) = waiting.pop() {
        if std::mem::replace(seen.get_mut(node)?, true) {
            continue;
        }
        for byte in 1..=255u32 {
            let at = node ^ byte as usize;
            let unit = *units.get(at)?;
            if unit.label() != byte {
                continue;
            }
            let next = at ^ unit.offset();
            if unit.has_leaf() {
                let replacement = replacements.get(units.get(next)?.value()..)?;
                let length = replacement.find('\0').unwrap_or(replacement.len());
                if length > MAX_REPLACEMENT {
                    return None;
                }
            }
            waiting.push(next);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trie that replaces "a" by what stands at `value`: the root's children begin at unit 256, the leaf is unit 512.
    fn charsmap(value: u32, replacements: &str) -> Vec<u8> {
        let mut units = vec![0u32; 768];
        units[0] = 256 << 10;
        // From unit 256 ^ 'a' to unit 512: their difference is the offset, whose low bits are 'a'.
        units[256 ^ 0x61] = (256 ^ 512 ^ 0x61) << 10 | 1 << 8 | 0x61;
        units[512] = 1 << 31 | value;
        let mut bytes = (4 * units.len() as u32).to_le_bytes().to_vec();
        bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        bytes.extend(replacements.bytes());
        bytes
    }

    fn step(bytes: &[u8]) -> Option<Value> {
        let base64 = BASE64_STANDARD.encode(bytes);
        let inner = serde_json::json!({"type": "Precompiled", "precompiled_charsmap": base64});
        Some(serde_json::json!({"type": "Sequence", "normalizers": [inner]}))
    }

    #[test]
    fn a_whole_table_replaces_as_it_says() {
        use tokenizers::{NormalizedString, Normalizer, NormalizerWrapper};
        let table = step(&charsmap(2, "x\0bc\0"));
        assert_eq!(check_all(&table), Ok(()));
        let normalizer: NormalizerWrapper = serde_json::from_value(table.unwrap()).unwrap();
        let mut text = NormalizedString::from("an");
        normalizer.normalize(&mut text).unwrap();
        assert_eq!(text.get(), "bcn");
    }

    #[test]
    fn a_table_that_leads_outside_is_refused() {
        let whole = charsmap(0, "b\0");
        let mut root_outside = whole.clone();
        root_outside[4..8].copy_from_slice(&(1u32 << 20 << 10).to_le_bytes());
        let mut children_cut = charsmap(0, "");
        children_cut.truncate(4 + 4 * 300);
        children_cut[..4].copy_from_slice(&(4u32 * 300).to_le_bytes());
        for (name, bytes) in [
            ("nothing", vec![]),
            ("no unit", vec![0; 4]),
            ("a size that is a lie", whole[..100].to_vec()),
            ("a root outside", root_outside),
            ("children that are cut off", children_cut),
            ("a value behind the end", charsmap(9, "b\0")),
            ("a value inside a character", charsmap(1, "é\0")),
            ("a long replacement", charsmap(0, &"b".repeat(65))),
            ("invalid UTF-8", [&whole[..], &[0xff]].concat()),
        ] {
            assert!(check_all(&step(&bytes)).is_err(), "{name}");
        }
    }
}
