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
const STEPS: [&str; 14] = [
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
    for part in [&file.normalizer, &file.pre_tokenizer]
        .into_iter()
        .flatten()
    {
        if let Err(what) = check_step(part) {
            return fail(what);
        }
    }
    Ok(())
}

fn check_step(step: &Value) -> std::result::Result<(), String> {
    let kind = step["type"].as_str().unwrap_or("");
    if !STEPS.contains(&kind) {
        return Err(format!(
            "a step {kind:?}; expected one of {}",
            STEPS.join(", ")
        ));
    }
    if let Some(content) = step.get("content").and_then(Value::as_str)
        && content.len() > 64
    {
        return Err("a replacement of more than 64 bytes; expected a token".into());
    }
    if let Some(pattern) = step["pattern"]["Regex"].as_str() {
        check_pattern(pattern)?;
    }
    for list in ["normalizers", "pretokenizers"] {
        for inner in step[list].as_array().into_iter().flatten() {
            check_step(inner)?;
        }
    }
    Ok(())
}

/// Looking around and back-references take time that is not bounded by the text's length.
fn check_pattern(pattern: &str) -> std::result::Result<(), String> {
    let grouped = pattern
        .match_indices("(?")
        .any(|(at, _)| !pattern[at + 2..].starts_with(':'));
    let escaped = pattern
        .match_indices('\\')
        .any(|(at, _)| pattern[at + 1..].starts_with(|c: char| "123456789kKGZ".contains(c)));
    let possessive = ["++", "*+", "?+", "}+"].iter().any(|p| pattern.contains(p));
    if pattern.len() > MAX_PATTERN || grouped || escaped || possessive {
        return Err(
            "a pattern that looks around or back, or is too long; expected a regular one".into(),
        );
    }
    Ok(())
}
