//! What a `tokenizer.json` may hold: a vocabulary of words and steps that cannot fail, hang or grow on any text.

use super::UNKNOWN;
use crate::error::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

#[derive(Deserialize)]
struct File {
    truncation: Option<Value>,
    padding: Option<Value>,
    #[serde(default)]
    added_tokens: Vec<Value>,
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    post_processor: Option<Value>,
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: String,
    vocab: HashMap<String, u32>,
    unk_token: String,
}

/// Steps that take time and room in proportion to the text.
pub(crate) const STEPS: [&str; 14] = [
    "Sequence",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Lowercase",
    "Strip",
    "StripAccents",
    "Replace",
    "Split",
    "Whitespace",
    "WhitespaceSplit",
    "Punctuation",
    "Digits",
];

/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 4096;
/// The most steps, sequences among them.
const MAX_STEPS: usize = 32;
/// The most by which replacements together may multiply a text's length; ours make it 6 × 7 times as long at the most.
const MAX_GROWTH: usize = 64;

/// Refuses a `tokenizer.json` that is not a vocabulary of words with harmless steps before it.
///
/// # Errors
/// [`Error::Model`] saying what was found and what was expected.
pub fn check(json: &[u8]) -> Result<()> {
    let fail = |what: String| Err(Error::Model(format!("tokenizer.json: {what}")));
    let file: File = match serde_json::from_slice(json) {
        Ok(file) => file,
        Err(e) => {
            return fail(format!(
                "{e}; expected a Hugging Face tokenizer with a WordLevel model"
            ));
        }
    };
    for (name, value) in [
        ("truncation", &file.truncation),
        ("padding", &file.padding),
        ("post_processor", &file.post_processor),
    ] {
        if value.is_some() {
            return fail(format!("{name:?} is set; expected null"));
        }
    }
    if !file.added_tokens.is_empty() {
        return fail("\"added_tokens\" is not empty; expected none".into());
    }
    if file.model.kind != "WordLevel" || file.model.unk_token != UNKNOWN {
        return fail(format!(
            "a {} model with the unknown token {:?}; expected a WordLevel model with {UNKNOWN:?}",
            file.model.kind, file.model.unk_token
        ));
    }
    if file.model.vocab.get(UNKNOWN) != Some(&0) {
        return fail(format!("expected a vocabulary in which {UNKNOWN} has id 0"));
    }
    let n = file.model.vocab.len();
    let mut seen = vec![false; n];
    for (word, &id) in &file.model.vocab {
        match seen.get_mut(id as usize) {
            Some(seen) if !*seen => *seen = true,
            _ => {
                return fail(format!(
                    "{word:?} has id {id}; expected each number below {n} once"
                ));
            }
        }
    }
    match check_steps([&file.normalizer, &file.pre_tokenizer], &STEPS) {
        Ok(()) => Ok(()),
        Err(what) => fail(what),
    }
}

/// Refuses steps that are none of `kinds`, or could hang or grow on some text.
///
/// # Errors
/// What was found and what was expected.
pub(crate) fn check_steps(
    parts: [&Option<Value>; 2],
    kinds: &[&str],
) -> std::result::Result<(), String> {
    let (mut n_steps, mut growth) = (0, 1usize);
    for step in parts.into_iter().flatten() {
        check_step(step, kinds, &mut n_steps, &mut growth)?;
    }
    if n_steps > MAX_STEPS || growth > MAX_GROWTH {
        return Err(format!(
            "{n_steps} steps that make a text up to {growth} times as long; expected at most {MAX_STEPS} and {MAX_GROWTH}"
        ));
    }
    Ok(())
}

/// Checks `step` and those in it, counts them, and multiplies `growth` by what they can make of one byte.
fn check_step(
    step: &Value,
    kinds: &[&str],
    n_steps: &mut usize,
    growth: &mut usize,
) -> std::result::Result<(), String> {
    let kind = step["type"].as_str().unwrap_or("");
    if !kinds.contains(&kind) {
        return Err(format!(
            "a step {kind:?}; expected one of {}",
            kinds.join(", ")
        ));
    }
    *n_steps += 1;
    for added in ["content", "prepend"] {
        let length = step[added].as_str().map_or(0, str::len);
        if length > 64 {
            return Err("a replacement of more than 64 bytes; expected a token".into());
        }
        // A pattern may match between any two bytes.
        if added == "content" {
            *growth = growth.saturating_mul(1 + length);
        }
    }
    if let Some(pattern) = step["pattern"]["Regex"].as_str() {
        check_pattern(pattern)?;
    }
    for list in ["normalizers", "pretokenizers"] {
        for inner in step[list].as_array().into_iter().flatten() {
            check_step(inner, kinds, n_steps, growth)?;
        }
    }
    Ok(())
}

/// White space that nothing but white space follows, as the patterns of many BPE tokenizers have it.
const AT_A_SPACE: &str = r"(?!\S)";

/// Looking around and back-references take time that is not bounded by the text's length. Looking at one character is
/// allowed in a pattern that then cannot take long: no group in it is repeated, and in each of its alternatives at most
/// two things are.
fn check_pattern(pattern: &str) -> std::result::Result<(), String> {
    let regular = pattern.replace(AT_A_SPACE, "").replace("(?i:", "(?:");
    let repeated = [")*", ")+", "){"].iter().any(|r| regular.contains(r));
    let mut alternatives = regular.split('|');
    let long =
        alternatives.any(|part| part.matches(['*', '+']).count() + part.matches(",}").count() > 2);
    let slow = pattern.contains(AT_A_SPACE) && (repeated || long);
    let grouped = regular
        .match_indices("(?")
        .any(|(at, _)| !regular[at + 2..].starts_with(':'));
    let escaped = regular
        .match_indices('\\')
        .any(|(at, _)| regular[at + 1..].starts_with(|c: char| "123456789kKGZ".contains(c)));
    // A brace that ends a number of repetitions; "\p{L}+" is one or more letters.
    let counted = regular
        .match_indices("}+")
        .any(|(at, _)| regular[..at].ends_with(|c: char| c == ',' || c.is_ascii_digit()));
    let possessive = counted || ["++", "*+", "?+"].iter().any(|p| regular.contains(p));
    if pattern.len() > MAX_PATTERN || slow || grouped || escaped || possessive {
        return Err(
            "a pattern that looks around or back, or is too long; expected a regular one".into(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_published_tokenizers_are_allowed_and_slow_ones_are_not() {
        for pattern in [
            super::super::TOKEN_PATTERN,
            r" {2,}",
            r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ] {
            assert_eq!(check_pattern(pattern), Ok(()), "{pattern}");
        }
        for pattern in [
            r"(a+)+(?!\S)",
            r"a*a*a*(?!\S)",
            r"(?=(a+)+b)",
            r"(a*)*\1b",
            r"(?!\s)",
            r"(?>a)",
            r"(?<!a)",
            r"a++",
            r"a{1,3}+",
        ] {
            assert!(check_pattern(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn replacements_may_not_multiply() {
        let steps = |n: usize, length: usize| {
            let step = serde_json::json!({"type": "Replace", "pattern": {"String": "a"}, "content": "a".repeat(length)});
            Some(serde_json::json!({"type": "Sequence", "normalizers": vec![step; n]}))
        };
        // (1 + 3)³ = 64
        assert_eq!(check_steps([&steps(3, 3), &None], &STEPS), Ok(()));
        for (n, length) in [(4, 3), (1, 64), (31, 1), (32, 0)] {
            assert!(
                check_steps([&steps(n, length), &None], &STEPS).is_err(),
                "{n} {length}"
            );
        }
    }
}
