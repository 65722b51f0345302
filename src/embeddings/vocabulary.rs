//! The tokenizer of embeddings, read with distrust: a vocabulary, and steps before it that cannot fail, hang or grow on
//! any text.
//!
//! Many kinds of tokenizers are used with embeddings, with more steps than [`crate::tokenize`] has. Refused is what
//! honest ones do without: chance, words as long as books, patterns that backtrack without end, replacements that multiply.

use super::charsmap;
use crate::tokenize::trust::{self, check_steps};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use tokenizers::Tokenizer as Pipeline;

/// Steps that are allowed beside those of [`trust::STEPS`].
const MORE_STEPS: [&str; 9] = [
    "BertNormalizer",
    "BertPreTokenizer",
    "ByteLevel",
    "CharDelimiterSplit",
    "Metaspace",
    "Nmt",
    "Precompiled",
    "Prepend",
    "UnicodeScripts",
];

/// The longest token, in bytes. Runs of spaces, the longest that are seen, have 128.
const MAX_TOKEN: usize = 1024;
/// The largest median length of tokens, in characters; those of published models are below 10.
const MAX_MEDIAN: usize = 64;

/// A `tokenizer.json`, read.
pub(super) struct Vocabulary {
    pub pipeline: Pipeline,
    /// The ids of all tokens but the unknown one.
    pub ids: BTreeSet<u32>,
    /// The median length of all tokens, in characters, rounded down.
    pub median_chars: usize,
}

#[derive(Deserialize)]
struct File {
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type", default)]
    kind: String,
    unk_token: Option<String>,
    unk_id: Option<u32>,
    dropout: Option<f64>,
}

impl Vocabulary {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// What was found and what was expected.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        let file: File = serde_json::from_slice(json)
            .map_err(|e| format!("{e}; expected a Hugging Face tokenizer"))?;
        let kinds = [&trust::STEPS[..], &MORE_STEPS].concat();
        check_steps([&file.normalizer, &file.pre_tokenizer], &kinds)?;
        charsmap::check_all(&file.normalizer)?;
        if file.model.dropout.is_some_and(|p| p != 0.0) {
            return Err("\"dropout\" is set; expected a tokenizer without chance".into());
        }
        let mut pipeline = Pipeline::from_bytes(json)
            .map_err(|e| format!("{e}; expected a Hugging Face tokenizer"))?;
        let unknown = match file.model.unk_token {
            Some(token) => Some(pipeline.token_to_id(&token).ok_or_else(|| {
                format!("the unknown token {token:?} is not in the vocabulary; expected it there")
            })?),
            None => file.model.unk_id,
        };
        if unknown.is_none() && file.model.kind != "BPE" {
            return Err("no unknown token; expected one".into());
        }
        // Settings for batches and for what follows the ids; the length is cut by the embeddings.
        pipeline.with_padding(None);
        pipeline.with_truncation(None).map_err(|e| e.to_string())?;
        pipeline.with_post_processor(None::<tokenizers::PostProcessorWrapper>);
        let vocabulary = pipeline.get_vocab(true);
        if let Some(token) = vocabulary.keys().find(|token| token.len() > MAX_TOKEN) {
            return Err(format!(
                "a token of {} bytes; expected at most {MAX_TOKEN}",
                token.len()
            ));
        }
        let mut lengths: Vec<usize> = vocabulary.keys().map(|t| t.chars().count()).collect();
        lengths.sort_unstable();
        let median_chars = match lengths.len() {
            0 => 0,
            n => (lengths[(n - 1) / 2] + lengths[n / 2]) / 2,
        };
        if median_chars > MAX_MEDIAN {
            return Err(format!(
                "half of the tokens have {median_chars} characters or more; expected at most {MAX_MEDIAN}"
            ));
        }
        Ok(Vocabulary {
            ids: vocabulary
                .into_values()
                .filter(|&id| Some(id) != unknown)
                .collect(),
            median_chars,
            pipeline,
        })
    }
}
