//! Static embeddings: the vector of a text is the mean of its tokens' vectors, looked up in a table.
//!
//! They come from a model2vec model, and its way of making a vector is followed. The table is kept in half precision and
//! without rows that no token has, in memory as in the file, so that a saved model is the model that was evaluated.

mod charsmap;
mod model2vec;
mod vocabulary;

use half::f16;
use tokenizers::Tokenizer as Pipeline;
use vocabulary::Vocabulary;

/// The most tokens of a text that count, the first ones: model2vec's default.
const MAX_TOKENS: usize = 512;

/// The row of a token that has none: the unknown token, and ids that the vocabulary leaves out.
pub const NO_ROW: u32 = u32::MAX;

/// The vectors of tokens.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EmbeddingTable {
    /// The number of dimensions, at least 1.
    pub n_dimensions: usize,
    /// The vectors, of shape `(n_rows, n_dimensions)` by rows.
    pub rows: Vec<f16>,
    /// The row of each token, by id, or [`NO_ROW`]. Several tokens may share one.
    pub row_of: Vec<u32>,
    /// What each token's vector is multiplied by, by id.
    pub weights: Vec<f32>,
}

/// Turns texts into vectors.
#[derive(Debug, Clone)]
pub struct Embeddings {
    /// The vectors of tokens.
    pub table: EmbeddingTable,
    /// Whether vectors of texts are brought to length 1.
    pub normalize: bool,
    /// SHA-256 of the `model.safetensors` that the table comes from, in hexadecimal.
    pub digest: String,
    /// The `tokenizer.json`.
    pub tokenizer_json: Vec<u8>,
    pipeline: Pipeline,
    max_chars: usize,
}

/// Equal files give equal vectors.
impl PartialEq for Embeddings {
    fn eq(&self, other: &Self) -> bool {
        self.table == other.table
            && self.normalize == other.normalize
            && self.digest == other.digest
            && self.tokenizer_json == other.tokenizer_json
    }
}

/// Which part of embeddings is wrong; what was found and what was expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Misfit {
    /// The `tokenizer.json`.
    Tokenizer(String),
    /// The table, or that it does not fit the tokenizer.
    Table(String),
}

impl Embeddings {
    /// The embeddings with these parts.
    ///
    /// # Errors
    /// What is wrong, where the tokenizer cannot be loaded or the table does not fit it.
    pub fn new(
        tokenizer_json: Vec<u8>,
        table: EmbeddingTable,
        normalize: bool,
        digest: String,
    ) -> std::result::Result<Self, Misfit> {
        let vocabulary = Vocabulary::read(&tokenizer_json).map_err(Misfit::Tokenizer)?;
        Embeddings::assemble(vocabulary, tokenizer_json, table, normalize, digest)
            .map_err(Misfit::Table)
    }

    fn assemble(
        vocabulary: Vocabulary,
        tokenizer_json: Vec<u8>,
        table: EmbeddingTable,
        normalize: bool,
        digest: String,
    ) -> std::result::Result<Self, String> {
        let d = table.n_dimensions;
        if d == 0 || table.rows.is_empty() || !table.rows.len().is_multiple_of(d) {
            return Err("expected at least one row of at least one dimension".into());
        }
        let n_rows = table.rows.len() / d;
        let fits = |row: &u32| *row == NO_ROW || (*row as usize) < n_rows;
        if table.weights.len() != table.row_of.len() || !table.row_of.iter().all(fits) {
            return Err(format!(
                "expected a weight, and one of {n_rows} rows, for each token"
            ));
        }
        // Within the range of half precision no sum leaves that of single precision.
        let limit = f16::MAX.to_f32();
        if !table.rows.iter().all(|v| v.is_finite())
            || !table.weights.iter().all(|w| w.abs() <= limit)
        {
            return Err(format!(
                "a number is not finite or beyond ±{limit}; expected none"
            ));
        }
        if let Some(id) = vocabulary.ids.iter().find(|&&id| table.row(id).is_none()) {
            return Err(format!(
                "the token with id {id} has no vector; expected one for every token"
            ));
        }
        Ok(Embeddings {
            max_chars: MAX_TOKENS * vocabulary.median_chars,
            pipeline: vocabulary.pipeline,
            table,
            normalize,
            digest,
            tokenizer_json,
        })
    }

    /// The vector of `text`: the mean of its first 512 tokens' weighted vectors, unknown tokens left out, brought to
    /// length 1 where [`Embeddings::normalize`] says so. All 0 for a text without a known token.
    ///
    /// As model2vec does, the text is first cut to 512 times the vocabulary's median token length in characters.
    pub fn embed(&self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0f32; self.table.n_dimensions];
        let end = text.char_indices().nth(self.max_chars);
        let text = &text[..end.map_or(text.len(), |(at, _)| at)];
        let Ok(encoding) = self.pipeline.encode_fast(text, false) else {
            return vector;
        };
        let known = encoding.get_ids().iter().filter_map(|&id| {
            let row = self.table.row(id)?;
            Some((row, self.table.weights[id as usize]))
        });
        let mut n = 0.0f32;
        for (row, weight) in known.take(MAX_TOKENS) {
            n += 1.0;
            for (sum, value) in vector.iter_mut().zip(row) {
                *sum += value.to_f32() * weight;
            }
        }
        let mean = if n > 0.0 { 1.0 / n } else { 0.0 };
        vector.iter_mut().for_each(|v| *v *= mean);
        let length = length(&vector);
        if self.normalize && length > 0.0 {
            vector.iter_mut().for_each(|v| *v /= length);
        }
        vector
    }
}

impl EmbeddingTable {
    /// The vector of the token with this id, before its weight; `None` where it has none.
    fn row(&self, id: u32) -> Option<&[f16]> {
        let row = *self.row_of.get(id as usize)? as usize;
        self.rows.chunks_exact(self.n_dimensions).nth(row)
    }
}

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|v| v * v).sum::<f32>().sqrt()
}

/// The cosine between two vectors, from −1 to 1; NaN where one has length 0.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    let lengths = length(a) * length(b);
    if lengths > 0.0 {
        (dot / lengths).clamp(-1.0, 1.0)
    } else {
        f32::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_right() {
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 1.0]), 0.0);
        assert!((cosine(&[3.0, 4.0], &[4.0, 3.0]) - 24.0 / 25.0).abs() < 1e-6);
        assert_eq!(cosine(&[0.0, 2.0], &[0.0, -1.0]), -1.0);
        assert!(cosine(&[0.0, 0.0], &[1.0, 0.0]).is_nan());
    }
}
