//! A model as a directory: `config.json`, `tokenizer.json`, `model.safetensors` and `README.md`, the model card; with
//! embeddings also `embeddings_tokenizer.json`.
//!
//! Saving is atomic: the directory is afterwards the old model or the new one. Loading trusts nothing: a part that is
//! missing or does not fit the others is refused with a message that names the file.

use crate::card::model_card;
use crate::classifier::{Classifier, KnownHeadlines, Provenance};
use crate::embeddings::{EmbeddingTable, Embeddings};
use crate::error::{Error, Result};
use crate::features::dense::{Column, DenseEncoder, EmbeddingInputs};
use crate::features::memory::Memory;
use crate::features::ngrams::NgramTable;
use crate::features::{FeatureExtractor, FeatureSettings};
use crate::prevalence::Confusions;
use crate::selective::Selection;
use crate::stance_model::{StanceModel, n_inputs};
use crate::text_model::TextModel;
use crate::tokenize::Tokenizer;
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The version of the format that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";
/// The tensor of [`Confusions::rates`].
const CONFUSIONS: &str = "calibration.confusions";
const CARD: &str = "README.md";
/// The tokenizer of the embeddings.
const EMBEDDINGS_TOKENIZER: &str = "embeddings_tokenizer.json";

/// The largest files that are read, in bytes; a model with the default settings has a hundredth of it.
const MAX_CONFIG: u64 = 4 << 20;
const MAX_TOKENIZER: u64 = 64 << 20;
const MAX_WEIGHTS: u64 = 2 << 30;
/// The largest weight, offset or edge: sums of that many numbers as a text has n-grams stay finite.
const MAX_NUMBER: f64 = 1e6;
/// The most dense columns, and gates.
const MAX_COLUMNS: usize = 1 << 14;

#[derive(Serialize, Deserialize)]
struct Config {
    format_version: u32,
    /// SHA-256 of `tokenizer.json`, in hexadecimal digits; absent in models of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokenizer_sha256: Option<String>,
    labels: Vec<String>,
    decision_offsets: Vec<f64>,
    features: FeatureSettings,
    mean_body_words: f32,
    score_scale: f64,
    gates: Vec<String>,
    columns: Vec<Column>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known_headlines: Option<Known>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    embeddings: Option<EmbeddingsConfig>,
    calibration: Calibration,
    provenance: Provenance,
}

/// See [`KnownHeadlines`].
#[derive(Serialize, Deserialize)]
struct Known {
    decision_offsets: Vec<f64>,
    gates: Vec<String>,
    columns: Vec<Column>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    embedding_inputs: Option<EmbeddingInputs>,
}

/// What is told of the embeddings beside their tensors; see [`Embeddings`].
#[derive(Serialize, Deserialize)]
struct EmbeddingsConfig {
    normalize: bool,
    digest: String,
    /// SHA-256 of `embeddings_tokenizer.json`, in hexadecimal digits.
    tokenizer_sha256: String,
    inputs: EmbeddingInputs,
}

/// How probabilities are calibrated.
#[derive(Serialize, Deserialize)]
struct Calibration {
    /// The stance model is fitted on scores from models that had not seen the row, which calibrates it.
    method: String,
    /// See [`Provenance::calibration_error`].
    expected_calibration_error: f64,
    /// See [`Classifier::selection`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    selection: Option<Selection>,
    /// See [`Confusions::overdispersion`]; where it stands, so does the tensor `calibration.confusions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    overdispersion: Option<f64>,
}

/// The files of a model, as bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFiles {
    /// `config.json`.
    pub config: Vec<u8>,
    /// `tokenizer.json`.
    pub tokenizer: Vec<u8>,
    /// `model.safetensors`.
    pub weights: Vec<u8>,
    /// `embeddings_tokenizer.json`; `None` where there is none.
    pub embeddings_tokenizer: Option<Vec<u8>>,
    /// `README.md`; empty where it was not read.
    pub card: Vec<u8>,
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

fn le_bytes<T, const N: usize>(values: &[T], to: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(to).collect()
}

impl ModelFiles {
    /// The files that hold `classifier`.
    pub fn of(classifier: &Classifier) -> Self {
        let stance = &classifier.stance;
        let extractor = &classifier.extractor;
        let tokenizer = extractor.tokenizer.to_json().into_bytes();
        let embeddings = extractor.embeddings.as_deref();
        let config = Config {
            format_version: FORMAT_VERSION,
            tokenizer_sha256: Some(sha256(&tokenizer)),
            labels: classifier.labels.clone(),
            decision_offsets: classifier.offsets.clone(),
            features: extractor.settings.clone(),
            mean_body_words: extractor.mean_body_words,
            score_scale: stance.score_scale,
            gates: stance.encoder.gates().to_vec(),
            columns: stance.encoder.columns().to_vec(),
            known_headlines: classifier.known.as_ref().map(|known| Known {
                decision_offsets: known.offsets.clone(),
                gates: known.stance.encoder.gates().to_vec(),
                columns: known.stance.encoder.columns().to_vec(),
                embedding_inputs: known.stance.encoder.embedding(),
            }),
            embeddings: embeddings
                .zip(stance.encoder.embedding())
                .map(|(e, inputs)| EmbeddingsConfig {
                    normalize: e.normalize,
                    digest: e.digest.clone(),
                    tokenizer_sha256: sha256(&e.tokenizer_json),
                    inputs,
                }),
            calibration: Calibration {
                method: "stance model fitted on out-of-fold text scores".into(),
                expected_calibration_error: classifier.provenance.calibration_error,
                selection: classifier.selection.clone(),
                overdispersion: classifier.confusions.as_ref().map(|c| c.overdispersion),
            },
            provenance: classifier.provenance.clone(),
        };
        let k = classifier.labels.len();
        let table = &extractor.table;
        let u32s = |v: &[u32]| le_bytes(v, |x| x.to_le_bytes());
        let f32s = |v: &[f32]| le_bytes(v, |x| x.to_le_bytes());
        let memory = &extractor.memory;
        let mut tensors = vec![
            (
                "idf",
                Dtype::F32,
                vec![extractor.idf.len()],
                f32s(&extractor.idf),
            ),
            (
                "ngrams.buckets",
                Dtype::U32,
                vec![table.buckets.len()],
                u32s(&table.buckets),
            ),
            (
                "ngrams.fingerprints",
                Dtype::U32,
                vec![table.fingerprints.len()],
                u32s(&table.fingerprints),
            ),
            (
                "stance.intercept",
                Dtype::F32,
                vec![k],
                f32s(&stance.intercept),
            ),
            (
                "stance.weights",
                Dtype::F32,
                vec![stance.weights.len() / k, k],
                f32s(&stance.weights),
            ),
            (
                "topics",
                Dtype::U64,
                vec![extractor.topics.len()],
                le_bytes(&extractor.topics, |x| x.to_le_bytes()),
            ),
            (
                "text.intercept",
                Dtype::F32,
                vec![k],
                f32s(&classifier.text.intercept),
            ),
            (
                "text.weights",
                Dtype::F16,
                vec![classifier.text.weights.len() / k, k],
                le_bytes(&classifier.text.weights, |x| x.to_le_bytes()),
            ),
        ];
        tensors.extend(classifier.confusions.iter().map(|c| {
            let shape = Confusions::shape(k).to_vec();
            (CONFUSIONS, Dtype::F32, shape, f32s(&c.rates))
        }));
        if let Some(KnownHeadlines { stance, .. }) = &classifier.known {
            tensors.extend([
                (
                    "known.intercept",
                    Dtype::F32,
                    vec![k],
                    f32s(&stance.intercept),
                ),
                (
                    "known.weights",
                    Dtype::F32,
                    vec![stance.weights.len() / k, k],
                    f32s(&stance.weights),
                ),
                (
                    "memory.headlines",
                    Dtype::U64,
                    vec![memory.headlines.len()],
                    le_bytes(&memory.headlines, |x| x.to_le_bytes()),
                ),
                (
                    "memory.starts",
                    Dtype::U32,
                    vec![memory.starts.len()],
                    u32s(&memory.starts),
                ),
                (
                    "memory.stems",
                    Dtype::U32,
                    vec![memory.stems.len()],
                    u32s(&memory.stems),
                ),
                (
                    "memory.weights",
                    Dtype::F16,
                    vec![memory.stems.len(), k],
                    le_bytes(&memory.weights, |x| x.to_le_bytes()),
                ),
            ]);
        }
        if let Some(Embeddings { table, .. }) = embeddings {
            let n_tokens = table.row_of.len();
            tensors.extend([
                (
                    "embeddings.row_of",
                    Dtype::U32,
                    vec![n_tokens],
                    u32s(&table.row_of),
                ),
                (
                    "embeddings.rows",
                    Dtype::F16,
                    vec![table.rows.len() / table.n_dimensions, table.n_dimensions],
                    le_bytes(&table.rows, |x| x.to_le_bytes()),
                ),
                (
                    "embeddings.weights",
                    Dtype::F32,
                    vec![n_tokens],
                    f32s(&table.weights),
                ),
            ]);
        }
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
            let view =
                TensorView::new(*dtype, shape.clone(), bytes).expect("the shape is the data's");
            (*name, view)
        });
        let mut config =
            serde_json::to_vec_pretty(&config).expect("a configuration has a JSON form");
        config.push(b'\n');
        ModelFiles {
            config,
            tokenizer,
            weights: safetensors::serialize(views, None).expect("the tensors are valid"),
            embeddings_tokenizer: embeddings.map(|e| e.tokenizer_json.clone()),
            card: model_card(classifier).into_bytes(),
        }
    }

    /// Reads the files of the model in `dir`.
    ///
    /// # Errors
    /// [`Error::Model`] where one is missing or cannot be read.
    pub fn read(dir: &Path) -> Result<Self> {
        Ok(ModelFiles {
            config: read_file(&dir.join(CONFIG), MAX_CONFIG)?,
            tokenizer: read_file(&dir.join(TOKENIZER), MAX_TOKENIZER)?,
            weights: read_file(&dir.join(WEIGHTS), MAX_WEIGHTS)?,
            embeddings_tokenizer: {
                let path = dir.join(EMBEDDINGS_TOKENIZER);
                let there = path.symlink_metadata().is_ok();
                there.then(|| read_file(&path, MAX_TOKENIZER)).transpose()?
            },
            card: Vec::new(),
        })
    }

    /// The classifier that the files hold.
    ///
    /// # Errors
    /// [`Error::Model`] where a file is not what it should be or does not fit the others.
    pub fn classifier(&self) -> Result<Classifier> {
        let config = read_config(&self.config)?;
        if let Some(digest) = &config.tokenizer_sha256
            && *digest != sha256(&self.tokenizer)
        {
            return Err(Error::Model(format!(
                "{TOKENIZER}: expected the file with the SHA-256 {digest} that {CONFIG} names: this is another model's"
            )));
        }
        let tokenizer = Tokenizer::from_json(&self.tokenizer)?;
        let encoder = DenseEncoder::new(config.columns, config.gates, &config.labels)?
            .with_embedding(config.embeddings.as_ref().map(|e| e.inputs));
        let k = config.labels.len();
        let tensors = SafeTensors::deserialize(&self.weights)
            .map_err(|e| weights_error(&format!("{e}; expected a safetensors file")))?;
        let idf = f32s(&tensors, "idf", &[Some(tokenizer.vocab_size())])?;
        if idf.iter().any(|&v| v < 0.0) {
            return Err(weights_error(
                "\"idf\" holds a number below 0; expected none",
            ));
        }
        let table = NgramTable {
            buckets: u32s(&tensors, "ngrams.buckets")?,
            fingerprints: u32s(&tensors, "ngrams.fingerprints")?,
        };
        if !table.is_valid() {
            return Err(weights_error(
                "ngrams.buckets do not index ngrams.fingerprints; expected 2^n + 1 numbers that do not fall, from 0 to their count",
            ));
        }
        let embeddings = self.embeddings(&config.embeddings, &config.known_headlines, &tensors)?;
        let topics = u64s(&tensors, "topics")?;
        if !topics.windows(2).all(|w| w[0] < w[1]) {
            return Err(weights_error(
                "topics are not increasing; expected each once",
            ));
        }
        let n_inputs = n_inputs(&encoder, k);
        let stance = StanceModel {
            score_scale: config.score_scale,
            weights: f32s(&tensors, "stance.weights", &[Some(n_inputs), Some(k)])?,
            intercept: f32s(&tensors, "stance.intercept", &[Some(k)])?,
            encoder,
        };
        let (known, memory) = match config.known_headlines {
            Some(known) => {
                let (known, memory) =
                    read_known(&tensors, known, &config.labels, config.score_scale)?;
                (Some(known), memory)
            }
            None => (None, Memory::default()),
        };
        let text = TextModel {
            weights: f16s(&tensors, "text.weights", &[Some(table.len()), Some(k)])?,
            intercept: f32s(&tensors, "text.intercept", &[Some(k)])?,
        };
        let confusions = match config.calibration.overdispersion {
            Some(overdispersion) => {
                let shape = Confusions::shape(k).map(Some);
                let rates = f32s(&tensors, CONFUSIONS, &shape)?;
                let found = Confusions::new(rates, k, overdispersion);
                Some(found.map_err(|e| weights_error(&e.to_string()))?)
            }
            None => None,
        };
        let extractor = FeatureExtractor::new(
            config.features,
            tokenizer,
            idf,
            config.mean_body_words,
            table,
            topics,
            memory,
        )
        .with_embeddings(embeddings);
        Ok(Classifier {
            labels: config.labels,
            extractor,
            text,
            stance,
            offsets: config.decision_offsets,
            known,
            selection: config.calibration.selection,
            confusions,
            provenance: config.provenance,
        })
    }
}

impl ModelFiles {
    /// The embeddings that `config` tells of; they must have the dimensions that both stance models expect.
    fn embeddings(
        &self,
        config: &Option<EmbeddingsConfig>,
        known: &Option<Known>,
        tensors: &SafeTensors,
    ) -> Result<Option<Arc<Embeddings>>> {
        let of_known = known.as_ref().map(|known| known.embedding_inputs);
        let wrong = |what: &str| Error::Model(format!("{CONFIG}: {what}"));
        let Some(config) = config else {
            return match of_known.flatten() {
                Some(_) => Err(wrong(
                    "embedding_inputs without embeddings; expected both or neither",
                )),
                None => Ok(None),
            };
        };
        let d = config.inputs.n_dimensions;
        for inputs in [Some(Some(config.inputs)), of_known].into_iter().flatten() {
            let fits = |i: EmbeddingInputs| {
                i.n_dimensions == d && i.scale > 0.0 && f64::from(i.scale) <= MAX_NUMBER
            };
            if !inputs.is_some_and(fits) {
                return Err(wrong(&format!(
                    "expected inputs for embeddings of {d} dimensions with a scale above 0, at most {MAX_NUMBER}"
                )));
            }
        }
        let tokenizer = self.embeddings_tokenizer.clone().ok_or_else(|| {
            Error::Model(format!(
                "{EMBEDDINGS_TOKENIZER}: missing; expected the tokenizer of the embeddings"
            ))
        })?;
        if sha256(&tokenizer) != config.tokenizer_sha256 {
            return Err(Error::Model(format!(
                "{EMBEDDINGS_TOKENIZER}: expected the file with the SHA-256 {} that {CONFIG} names: this is another model's",
                config.tokenizer_sha256
            )));
        }
        let row_of = u32s(tensors, "embeddings.row_of")?;
        let table = EmbeddingTable {
            n_dimensions: d,
            rows: f16s(tensors, "embeddings.rows", &[None, Some(d)])?,
            weights: f32s(tensors, "embeddings.weights", &[Some(row_of.len())])?,
            row_of,
        };
        let found = Embeddings::new(tokenizer, table, config.normalize, config.digest.clone());
        let found = found.map_err(|e| Error::Model(format!("{EMBEDDINGS_TOKENIZER}: {e}")))?;
        Ok(Some(Arc::new(found)))
    }
}

/// What decides under known headlines, and what is remembered of them.
fn read_known(
    tensors: &SafeTensors,
    known: Known,
    labels: &[String],
    score_scale: f64,
) -> Result<(KnownHeadlines, Memory)> {
    let k = labels.len();
    let encoder = DenseEncoder::new(known.columns, known.gates, labels)?
        .with_embedding(known.embedding_inputs);
    let stems = u32s(tensors, "memory.stems")?;
    let memory = Memory {
        headlines: u64s(tensors, "memory.headlines")?,
        starts: u32s(tensors, "memory.starts")?,
        weights: f16s(tensors, "memory.weights", &[Some(stems.len()), Some(k)])?,
        stems,
        n_labels: k,
    };
    if !memory.is_valid() {
        return Err(weights_error(
            "memory.headlines, memory.starts and memory.stems do not fit together; expected increasing headlines, and increasing stems of each",
        ));
    }
    let known = KnownHeadlines {
        stance: StanceModel {
            score_scale,
            weights: f32s(
                tensors,
                "known.weights",
                &[Some(n_inputs(&encoder, k)), Some(k)],
            )?,
            intercept: f32s(tensors, "known.intercept", &[Some(k)])?,
            encoder,
        },
        offsets: known.decision_offsets,
    };
    Ok((known, memory))
}

/// The bytes of a regular file of at most `limit` bytes; a `model.safetensors` must begin with a header that fits in it.
fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let fail = |e: &dyn std::fmt::Display| {
        Error::Model(format!(
            "{}: {e}; expected a file of a model",
            path.display()
        ))
    };
    // Looking before opening: opening a pipe would wait for its writer.
    let found = fs::metadata(path).map_err(|e| fail(&e))?;
    if !found.is_file() {
        return Err(fail(&"is not a regular file"));
    }
    if found.len() > limit {
        return Err(fail(&format!(
            "{} bytes, over the limit of {limit}",
            found.len()
        )));
    }
    let mut file = fs::File::open(path).map_err(|e| fail(&e))?;
    let mut bytes = Vec::new();
    if path.ends_with(WEIGHTS) {
        // Refused before the rest is read into memory.
        file.by_ref()
            .take(8)
            .read_to_end(&mut bytes)
            .map_err(|e| fail(&e))?;
        let header = bytes.first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
        if header == 0 || header > found.len().saturating_sub(8) {
            return Err(fail(&format!(
                "a header of {header} bytes in a file of {}",
                found.len()
            )));
        }
    }
    // The file may grow meanwhile.
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|e| fail(&e))?;
    Ok(bytes)
}

fn weights_error(what: &str) -> Error {
    Error::Model(format!("{WEIGHTS}: {what}"))
}

fn read_config(bytes: &[u8]) -> Result<Config> {
    let fail = |what: String| Error::Model(format!("{CONFIG}: {what}"));
    #[derive(Deserialize)]
    struct Version {
        format_version: u32,
    }
    let version: Version = serde_json::from_slice(bytes)
        .map_err(|e| fail(format!("{e}; expected a model's configuration")))?;
    if version.format_version != FORMAT_VERSION {
        return Err(fail(format!(
            "format_version is {}; expected {FORMAT_VERSION}",
            version.format_version
        )));
    }
    let config: Config = serde_json::from_slice(bytes)
        .map_err(|e| fail(format!("{e}; expected a model's configuration")))?;
    let k = config.labels.len();
    if k < 2 || !config.labels.windows(2).all(|w| w[0] < w[1]) || config.labels[0].is_empty() {
        return Err(fail(
            "labels are wrong; expected at least two, sorted, none twice and none empty".into(),
        ));
    }
    let small = |value: f64| value.abs() <= MAX_NUMBER;
    let known = config.known_headlines.iter().map(|k| &k.decision_offsets);
    for offsets in std::iter::once(&config.decision_offsets).chain(known) {
        if offsets.len() != k || !offsets.iter().all(|&o| small(o)) {
            return Err(fail(format!(
                "expected {k} decision_offsets between -{MAX_NUMBER} and {MAX_NUMBER}, one a label"
            )));
        }
    }
    if let Some(selection) = &config.calibration.selection {
        selection
            .check()
            .map_err(|what| fail(format!("calibration.selection: {what}")))?;
    }
    if config.provenance.rows.len() != k {
        return Err(fail(format!("expected {k} numbers of rows, one a label")));
    }
    if !(1.0 / MAX_NUMBER..=MAX_NUMBER).contains(&config.score_scale) {
        return Err(fail(format!(
            "score_scale is {}; expected a number from {} to {MAX_NUMBER}",
            config.score_scale,
            1.0 / MAX_NUMBER
        )));
    }
    if !(0.0..=MAX_NUMBER as f32).contains(&config.mean_body_words) {
        return Err(fail(format!(
            "mean_body_words is {}; expected a number from 0 to {MAX_NUMBER}",
            config.mean_body_words
        )));
    }
    let known = config
        .known_headlines
        .iter()
        .map(|k| (&k.columns, &k.gates));
    for (columns, gates) in std::iter::once((&config.columns, &config.gates)).chain(known) {
        if columns.len() > MAX_COLUMNS || gates.len() > MAX_COLUMNS {
            return Err(fail(format!(
                "{} columns and {} gates; expected at most {MAX_COLUMNS} of each",
                columns.len(),
                gates.len()
            )));
        }
    }
    let features = &config.features;
    if !(1..=16).contains(&features.char_min)
        || !(features.char_min..=16).contains(&features.char_max)
    {
        return Err(fail(format!(
            "char_min is {} and char_max {}; expected 1 ≤ char_min ≤ char_max ≤ 16",
            features.char_min, features.char_max
        )));
    }
    Ok(config)
}

/// The bytes of tensor `name` with `dtype`, whose shape must be `shape` where that says a number.
fn tensor<'a>(
    tensors: &'a SafeTensors<'a>,
    name: &str,
    dtype: Dtype,
    shape: &[Option<usize>],
) -> Result<TensorView<'a>> {
    let view = tensors
        .tensor(name)
        .map_err(|_| weights_error(&format!("no tensor {name:?}; expected one")))?;
    let fits = view.shape().len() == shape.len()
        && view
            .shape()
            .iter()
            .zip(shape)
            .all(|(n, wanted)| wanted.is_none_or(|w| w == *n));
    if view.dtype() != dtype || !fits {
        return Err(weights_error(&format!(
            "{name:?} is {:?} of shape {:?}; expected {dtype:?} of shape [{}]",
            view.dtype(),
            view.shape(),
            shape
                .iter()
                .map(|n| n.map_or("any".into(), |n| n.to_string()))
                .collect::<Vec<_>>()
                .join(", ")
        )));
    }
    Ok(view)
}

fn u32s(tensors: &SafeTensors, name: &str) -> Result<Vec<u32>> {
    let view = tensor(tensors, name, Dtype::U32, &[None])?;
    let (chunks, _) = view.data().as_chunks::<4>();
    Ok(chunks.iter().map(|b| u32::from_le_bytes(*b)).collect())
}

fn u64s(tensors: &SafeTensors, name: &str) -> Result<Vec<u64>> {
    let view = tensor(tensors, name, Dtype::U64, &[None])?;
    let (chunks, _) = view.data().as_chunks::<8>();
    Ok(chunks.iter().map(|b| u64::from_le_bytes(*b)).collect())
}

fn f32s(tensors: &SafeTensors, name: &str, shape: &[Option<usize>]) -> Result<Vec<f32>> {
    let view = tensor(tensors, name, Dtype::F32, shape)?;
    let (chunks, _) = view.data().as_chunks::<4>();
    let values = chunks.iter().map(|b| f32::from_le_bytes(*b)).collect();
    checked(name, values, |&v| v)
}

fn f16s(tensors: &SafeTensors, name: &str, shape: &[Option<usize>]) -> Result<Vec<f16>> {
    let view = tensor(tensors, name, Dtype::F16, shape)?;
    let (chunks, _) = view.data().as_chunks::<2>();
    let values = chunks.iter().map(|b| f16::from_le_bytes(*b)).collect();
    checked(name, values, |v| v.to_f32())
}

/// `values`, where all of them are numbers that sums of them keep finite.
fn checked<T>(name: &str, values: Vec<T>, number: impl Fn(&T) -> f32) -> Result<Vec<T>> {
    let limit = MAX_NUMBER as f32;
    match values
        .iter()
        .map(number)
        .find(|v| v.is_nan() || v.abs() > limit)
    {
        None => Ok(values),
        Some(v) => Err(weights_error(&format!(
            "{name:?} holds {v}; expected numbers between -{limit} and {limit}"
        ))),
    }
}

/// Loads the model in `dir`.
///
/// # Errors
/// [`Error::Model`] as [`ModelFiles::read`] and [`ModelFiles::classifier`]; messages name files in `dir`.
pub fn load(dir: &Path) -> Result<Classifier> {
    ModelFiles::read(dir)?.classifier().map_err(|e| match e {
        Error::Model(what) => Error::Model(format!("{}/{what}", dir.display())),
        other => other,
    })
}

/// Whether a model may be written to `dir`: it is absent, empty, or a model.
///
/// # Errors
/// [`Error::Io`] where something else stands there.
pub fn check_output(dir: &Path) -> Result<()> {
    let exists = |e: &str| Error::io(dir, std::io::Error::other(e.to_string()));
    if !dir.exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(dir).map_err(|e| Error::io(dir, e))?;
    if entries.next().is_none() || (dir.join(CONFIG).is_file() && dir.join(WEIGHTS).is_file()) {
        return Ok(());
    }
    Err(exists(
        "is not a model; only a model, or an empty folder, is replaced",
    ))
}

/// Saves `classifier` in `dir`, which is afterwards the old model or the new one, never a mixture.
///
/// # Errors
/// [`Error::Io`] where it cannot be written, or where `dir` is there and is not a model.
pub fn save(classifier: &Classifier, dir: &Path) -> Result<()> {
    check_output(dir)?;
    let files = ModelFiles::of(classifier);
    let name = dir
        .file_name()
        .ok_or_else(|| Error::io(dir, std::io::Error::other("expected the name of a folder")))?;
    let parent = match dir.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_path_buf(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&parent).map_err(|e| Error::io(&parent, e))?;
    let beside = |suffix: &str| {
        parent.join(format!(
            ".{}.{suffix}-{}",
            name.to_string_lossy(),
            std::process::id()
        ))
    };
    let new = beside("new");
    let result = write_files(&new, &files).and_then(|()| put_in_place(&new, dir, &beside("old")));
    if result.is_err() {
        let _ = fs::remove_dir_all(&new);
    }
    result
}

fn write_files(dir: &Path, files: &ModelFiles) -> Result<()> {
    fs::create_dir(dir).map_err(|e| Error::io(dir, e))?;
    let embeddings_tokenizer = files.embeddings_tokenizer.iter();
    let files = [
        (CONFIG, &files.config),
        (TOKENIZER, &files.tokenizer),
        (WEIGHTS, &files.weights),
        (CARD, &files.card),
    ];
    for (name, bytes) in files
        .into_iter()
        .chain(embeddings_tokenizer.map(|bytes| (EMBEDDINGS_TOKENIZER, bytes)))
    {
        let path = dir.join(name);
        let write = || -> std::io::Result<()> {
            let mut file = fs::File::create(&path)?;
            std::io::Write::write_all(&mut file, bytes)?;
            file.sync_all()
        };
        write().map_err(|e| Error::io(&path, e))?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn put_in_place(new: &Path, dir: &Path, old: &Path) -> Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    if dir.exists() && renameat_with(CWD, new, CWD, dir, RenameFlags::EXCHANGE).is_ok() {
        return fs::remove_dir_all(new).map_err(|e| Error::io(new, e));
    }
    put_in_place_by_steps(new, dir, old)
}

#[cfg(not(target_os = "linux"))]
fn put_in_place(new: &Path, dir: &Path, old: &Path) -> Result<()> {
    put_in_place_by_steps(new, dir, old)
}

fn put_in_place_by_steps(new: &Path, dir: &Path, old: &Path) -> Result<()> {
    let was_there = dir.exists();
    if was_there {
        fs::rename(dir, old).map_err(|e| Error::io(dir, e))?;
    }
    if let Err(e) = fs::rename(new, dir) {
        if was_there {
            let _ = fs::rename(old, dir);
        }
        return Err(Error::io(dir, e));
    }
    if was_there {
        fs::remove_dir_all(old).map_err(|e| Error::io(old, e))?;
    }
    Ok(())
}
