//! Reads a folder that model2vec wrote (<https://github.com/MinishLab/model2vec>): `model.safetensors` (the table
//! `embeddings`; newer models add `weights` and `mapping` by token), `tokenizer.json` and `config.json`.

use super::vocabulary::Vocabulary;
use super::{EmbeddingTable, Embeddings, NO_ROW};
use crate::digest::sha256;
use crate::error::{Error, Result};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 2 << 30;

impl Embeddings {
    /// Loads the model2vec model in `dir`.
    ///
    /// # Errors
    /// [`Error::Model`] where a file is missing, is not what model2vec writes, or does not fit the others.
    pub fn load(dir: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Config {
            normalize: Option<bool>,
        }
        let fail = |name: &str, what: &str| {
            Error::Model(format!(
                "{}: {what} (--embeddings wants a model2vec model)",
                dir.join(name).display()
            ))
        };
        let read = |name: &str| {
            let path = dir.join(name);
            let found = fs::metadata(&path).map_err(|e| fail(name, &e.to_string()))?;
            // A pipe or a device may never end.
            if !found.is_file() {
                return Err(fail(name, "is not a regular file"));
            }
            if found.len() > MAX_FILE {
                let what = format!("{} bytes, over the limit of {MAX_FILE}", found.len());
                return Err(fail(name, &what));
            }
            fs::read(&path).map_err(|e| fail(name, &e.to_string()))
        };
        const WEIGHTS: &str = "model.safetensors";
        const TOKENIZER: &str = "tokenizer.json";
        let config: Config = serde_json::from_slice(&read("config.json")?)
            .map_err(|e| fail("config.json", &e.to_string()))?;
        let tokenizer_json = read(TOKENIZER)?;
        let vocabulary = Vocabulary::read(&tokenizer_json).map_err(|e| fail(TOKENIZER, &e))?;
        let weights = read(WEIGHTS)?;
        let tensors =
            SafeTensors::deserialize(&weights).map_err(|e| fail(WEIGHTS, &e.to_string()))?;
        let table = read_table(&tensors, &vocabulary.ids).map_err(|e| fail(WEIGHTS, &e))?;
        let digest = sha256(&weights);
        let normalize = config.normalize.unwrap_or(true);
        Embeddings::assemble(vocabulary, tokenizer_json, table, normalize, digest)
            .map_err(|e| fail(WEIGHTS, &e))
    }
}

/// The table for tokens with these ids, with the rows that they have.
fn read_table(
    tensors: &SafeTensors,
    ids: &BTreeSet<u32>,
) -> std::result::Result<EmbeddingTable, String> {
    let view = tensors
        .tensor("embeddings")
        .map_err(|_| "no tensor \"embeddings\"".to_string())?;
    let [n_rows, n_dimensions] = *view.shape() else {
        return Err(format!(
            "\"embeddings\" has shape {:?}; expected (n_tokens, n_dimensions)",
            view.shape()
        ));
    };
    let vectors = floats("embeddings", &view)?;
    let by_token = |name: &str| match tensors.tensor(name) {
        Ok(view) if view.shape().len() == 1 => Ok(Some(view)),
        Ok(view) => Err(format!(
            "{name:?} has shape {:?}; expected (n_tokens)",
            view.shape()
        )),
        Err(_) => Ok(None),
    };
    let weights = by_token("weights")?;
    let weights = weights.map(|view| floats("weights", &view)).transpose()?;
    let mapping = by_token("mapping")?;
    let mapping = mapping.map(|view| integers("mapping", &view)).transpose()?;
    let find = |id: u32| {
        let at = id as usize;
        let row = match &mapping {
            Some(mapping) => usize::try_from(*mapping.get(at)?).ok()?,
            None => at,
        };
        let weight = match &weights {
            Some(weights) => *weights.get(at)?,
            None => 1.0,
        };
        (row < n_rows).then_some((id, row, weight))
    };
    let found: Vec<(u32, usize, f32)> = ids
        .iter()
        .map(|&id| {
            find(id).ok_or_else(|| {
                format!("no vector for the token with id {id}; expected one for every token of tokenizer.json")
            })
        })
        .collect::<std::result::Result<_, _>>()?;
    let mut kept: BTreeMap<usize, u32> = found.iter().map(|&(_, row, _)| (row, 0)).collect();
    for (new, place) in (0..).zip(kept.values_mut()) {
        *place = new;
    }
    // Every id has a number in one of the tensors, so the largest is no larger than they are.
    let n_ids = ids.last().map_or(0, |&id| id as usize + 1);
    let mut table = EmbeddingTable {
        n_dimensions,
        rows: Vec::with_capacity(kept.len() * n_dimensions),
        row_of: vec![NO_ROW; n_ids],
        weights: vec![0.0; n_ids],
    };
    for row in kept.keys() {
        let vector = &vectors[row * n_dimensions..(row + 1) * n_dimensions];
        table.rows.extend(vector.iter().map(|&v| f16::from_f32(v)));
    }
    for (id, row, weight) in found {
        table.row_of[id as usize] = kept[&row];
        table.weights[id as usize] = weight;
    }
    Ok(table)
}

fn decoded<T, const N: usize>(view: &TensorView, decode: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (chunks, _) = view.data().as_chunks::<N>();
    chunks.iter().map(|bytes| decode(*bytes)).collect()
}

/// The numbers of a tensor, which must be finite.
fn floats(name: &str, view: &TensorView) -> std::result::Result<Vec<f32>, String> {
    let values = match view.dtype() {
        Dtype::F16 => decoded(view, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::F32 => decoded(view, f32::from_le_bytes),
        Dtype::F64 => decoded(view, |b| f64::from_le_bytes(b) as f32),
        other => return Err(format!("{name:?} is {other:?}; expected F32 or F16")),
    };
    match values.iter().all(|v| v.is_finite()) {
        true => Ok(values),
        false => Err(format!("{name:?} holds a number that is not finite")),
    }
}

/// The numbers of a tensor of integers.
fn integers(name: &str, view: &TensorView) -> std::result::Result<Vec<i64>, String> {
    match view.dtype() {
        Dtype::I32 => Ok(decoded(view, |b| i64::from(i32::from_le_bytes(b)))),
        Dtype::I64 => Ok(decoded(view, i64::from_le_bytes)),
        other => Err(format!("{name:?} is {other:?}; expected I32 or I64")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tokenizer of words between spaces, `[UNK]` first.
    fn tokenizer(words: &[&str]) -> Vec<u8> {
        let ids: BTreeMap<&str, usize> = ["[UNK]"]
            .iter()
            .chain(words)
            .enumerate()
            .map(|(id, word)| (*word, id))
            .collect();
        serde_json::json!({
            "version": "1.0",
            "added_tokens": [],
            "pre_tokenizer": {"type": "WhitespaceSplit"},
            "model": {"type": "WordLevel", "vocab": ids, "unk_token": "[UNK]"},
        })
        .to_string()
        .into_bytes()
    }

    fn le(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    /// A folder with a model2vec model of these words, whose tensors are given as name, type, shape and bytes.
    fn model(words: &[&str], tensors: &[(&str, Dtype, &[usize], Vec<u8>)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
            let view = TensorView::new(*dtype, shape.to_vec(), bytes).unwrap();
            (*name, view)
        });
        let weights = safetensors::serialize(views, None).unwrap();
        std::fs::write(dir.path().join("model.safetensors"), weights).unwrap();
        std::fs::write(dir.path().join("tokenizer.json"), tokenizer(words)).unwrap();
        std::fs::write(dir.path().join("config.json"), "{\"normalize\": true}").unwrap();
        dir
    }

    /// [UNK] (9, 9), peace (3, 4), war (0, 2), fake (−1, 0).
    const ROWS: [f32; 8] = [9.0, 9.0, 3.0, 4.0, 0.0, 2.0, -1.0, 0.0];

    fn plain() -> tempfile::TempDir {
        let rows = ("embeddings", Dtype::F32, &[4, 2][..], le(&ROWS));
        model(&["peace", "war", "fake"], &[rows])
    }

    fn plain_without_lengths() -> Embeddings {
        let dir = plain();
        std::fs::write(dir.path().join("config.json"), "{\"normalize\": false}").unwrap();
        Embeddings::load(dir.path()).unwrap()
    }

    #[test]
    fn a_text_is_the_mean_of_its_known_tokens() {
        let embeddings = plain_without_lengths();
        assert_eq!(embeddings.embed("peace"), [3.0, 4.0]);
        // (3 + 0 − 1) / 3, (4 + 2 + 0) / 3; the unknown word does not count.
        let mean = embeddings.embed("peace war what fake");
        assert!((mean[0] - 2.0 / 3.0).abs() < 1e-6 && (mean[1] - 2.0).abs() < 1e-6);
    }

    #[test]
    fn length_is_one_unless_the_configuration_says_otherwise() {
        let dir = plain();
        for config in ["{\"normalize\": true}", "{}"] {
            std::fs::write(dir.path().join("config.json"), config).unwrap();
            let vector = Embeddings::load(dir.path()).unwrap().embed("peace");
            assert!((vector[0] - 0.6).abs() < 1e-6 && (vector[1] - 0.8).abs() < 1e-6);
        }
    }

    #[test]
    fn a_text_without_known_tokens_is_zero() {
        let embeddings = Embeddings::load(plain().path()).unwrap();
        for text in ["", "what else"] {
            assert_eq!(embeddings.embed(text), [0.0, 0.0]);
        }
    }

    #[test]
    fn tokens_behind_the_512th_do_not_count() {
        // Lengths 5 ([UNK]), 5, 1, 4: the median is 4.5, rounded down.
        let rows = ("embeddings", Dtype::F32, &[4, 2][..], le(&ROWS));
        let dir = model(&["peace", "a", "fake"], &[rows]);
        std::fs::write(dir.path().join("config.json"), "{\"normalize\": false}").unwrap();
        let embeddings = Embeddings::load(dir.path()).unwrap();
        let text = |n: usize| format!("{}peace", "a ".repeat(n));
        // (511 × (0, 2) + (3, 4)) / 512
        let last = embeddings.embed(&text(511));
        assert!((last[0] - 3.0 / 512.0).abs() < 1e-6);
        assert_eq!(embeddings.embed(&text(512)), [0.0, 2.0]);
        // What stands behind 512 × 4 characters is not seen.
        let far = |spaces: usize| embeddings.embed(&format!("{}fake", " ".repeat(spaces)));
        assert_eq!(far(2044), [-1.0, 0.0]);
        assert_eq!(far(2045), [0.0, 0.0]);
    }

    #[test]
    fn tokens_may_share_rows_and_have_weights() {
        let mapping = [1i32, 0, 0, 1].map(i32::to_le_bytes).concat();
        let tensors = [
            (
                "embeddings",
                Dtype::F32,
                &[3, 2][..],
                le(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            ),
            ("mapping", Dtype::I32, &[4][..], mapping),
            ("weights", Dtype::F32, &[4][..], le(&[1.0, 0.5, 2.0, 1.0])),
        ];
        let dir = model(&["peace", "war", "fake"], &tensors);
        std::fs::write(dir.path().join("config.json"), "{\"normalize\": false}").unwrap();
        let embeddings = Embeddings::load(dir.path()).unwrap();
        assert_eq!(embeddings.embed("peace"), [0.5, 1.0]);
        assert_eq!(embeddings.embed("war"), [2.0, 4.0]);
        assert_eq!(embeddings.embed("fake"), [3.0, 4.0]);
        // No token has row 2.
        assert_eq!(embeddings.table.rows.len(), 4);
        assert_eq!(embeddings.table.row_of, [NO_ROW, 0, 0, 1]);
    }

    #[test]
    fn half_precision_is_read() {
        let half: Vec<u8> = ROWS
            .iter()
            .flat_map(|&v| f16::from_f32(v).to_le_bytes())
            .collect();
        let rows = ("embeddings", Dtype::F16, &[4, 2][..], half);
        let dir = model(&["peace", "war", "fake"], &[rows]);
        let vector = Embeddings::load(dir.path()).unwrap().embed("war");
        assert_eq!(vector, [0.0, 1.0]);
    }

    #[test]
    fn what_is_no_model2vec_model_is_refused() {
        let words = ["peace", "war", "fake"];
        let rows =
            |shape: &'static [usize], values: &[f32]| ("embeddings", Dtype::F32, shape, le(values));
        let mut nan = ROWS;
        nan[3] = f32::NAN;
        let mapped = |last: i64| {
            let bytes = [0i64, 1, 2, last].map(i64::to_le_bytes).concat();
            ("mapping", Dtype::I64, &[4usize][..], bytes)
        };
        let weighted = |w: &[f32; 3]| ("weights", Dtype::F32, &[3usize][..], le(w));
        let integers = ("embeddings", Dtype::I32, &[4usize, 2][..], le(&ROWS));
        let cases = [
            (
                vec![("other", Dtype::F32, &[8usize][..], le(&ROWS))],
                "no tensor",
            ),
            (vec![rows(&[8], &ROWS)], "(n_tokens, n_dimensions)"),
            (
                vec![rows(&[2, 4], &ROWS)],
                "no vector for the token with id 2",
            ),
            (vec![rows(&[4, 0], &[])], "at least one dimension"),
            (vec![rows(&[4, 2], &nan)], "not finite"),
            (vec![rows(&[4, 2], &[1e6; 8])], "beyond"),
            (vec![integers], "expected F32 or F16"),
            (vec![rows(&[4, 2], &ROWS), mapped(4)], "id 3"),
            (vec![rows(&[4, 2], &ROWS), mapped(-1)], "id 3"),
            (vec![rows(&[4, 2], &ROWS), weighted(&[1.0; 3])], "id 3"),
            (
                vec![rows(&[4, 2], &ROWS), weighted(&[1.0, 1.0, f32::INFINITY])],
                "not finite",
            ),
        ];
        for (tensors, reason) in cases {
            let error = Embeddings::load(model(&words, &tensors).path()).unwrap_err();
            assert_eq!(error.status(), 4);
            assert!(error.to_string().contains(reason), "{error}");
        }
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            let dir = plain();
            let path = dir.path().join(name);
            std::fs::write(&path, "[1]").unwrap();
            let error = Embeddings::load(dir.path()).unwrap_err();
            assert!(
                error.status() == 4 && error.to_string().contains(name),
                "{error}"
            );
            std::fs::remove_file(&path).unwrap();
            let error = Embeddings::load(dir.path()).unwrap_err();
            assert!(
                error.status() == 4 && error.to_string().contains(name),
                "{error}"
            );
        }
        let dir = plain();
        let json = String::from_utf8(tokenizer(&words)).unwrap();
        let other = json.replace("\"unk_token\":\"[UNK]\"", "\"unk_token\":\"?\"");
        std::fs::write(dir.path().join("tokenizer.json"), other).unwrap();
        let error = Embeddings::load(dir.path()).unwrap_err().to_string();
        assert!(error.contains("not in the vocabulary"), "{error}");
    }
}
