//! A model as a directory: `config.json`, `tokenizer.json`, `model.safetensors` and `README.md`, the model card.
//!
//! Saving is atomic: the directory is afterwards the old model or the new one. Loading trusts nothing: a part that is
//! missing or does not fit the others is refused with a message that names the file.

use crate::card::model_card;
use crate::classifier::{Classifier, KnownHeadlines, Provenance};
use crate::error::{Error, Result};
use crate::features::dense::{Column, DenseEncoder};
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
use std::fs;
use std::path::{Path, PathBuf};

/// The version of the format that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";
/// The tensor of [`Confusions::rates`].
const CONFUSIONS: &str = "calibration.confusions";
const CARD: &str = "README.md";

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 2 << 30;

#[derive(Serialize, Deserialize)]
struct Config {
    format_version: u32,
    labels: Vec<String>,
    decision_offsets: Vec<f64>,
    features: FeatureSettings,
    mean_body_words: f32,
    score_scale: f64,
    gates: Vec<String>,
    columns: Vec<Column>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known_headlines: Option<Known>,
    calibration: Calibration,
    provenance: Provenance,
}

/// See [`KnownHeadlines`].
#[derive(Serialize, Deserialize)]
struct Known {
    decision_offsets: Vec<f64>,
    gates: Vec<String>,
    columns: Vec<Column>,
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
    /// `README.md`; empty where it was not read.
    pub card: Vec<u8>,
}

fn le_bytes<T, const N: usize>(values: &[T], to: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(to).collect()
}

impl ModelFiles {
    /// The files that hold `classifier`.
    pub fn of(classifier: &Classifier) -> Self {
        let stance = &classifier.stance;
        let extractor = &classifier.extractor;
        let config = Config {
            format_version: FORMAT_VERSION,
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
            tokenizer: extractor.tokenizer.to_json().into_bytes(),
            weights: safetensors::serialize(views, None).expect("the tensors are valid"),
            card: model_card(classifier).into_bytes(),
        }
    }

    /// Reads the files of the model in `dir`.
    ///
    /// # Errors
    /// [`Error::Model`] where one is missing or cannot be read.
    pub fn read(dir: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = dir.join(name);
            let fail = |e: &dyn std::fmt::Display| {
                Error::Model(format!(
                    "{}: {e}; expected a file of a model",
                    path.display()
                ))
            };
            let length = fs::metadata(&path).map_err(|e| fail(&e))?.len();
            if length > MAX_FILE {
                return Err(fail(&format!(
                    "{length} bytes, over the limit of {MAX_FILE}"
                )));
            }
            fs::read(&path).map_err(|e| fail(&e))
        };
        Ok(ModelFiles {
            config: read(CONFIG)?,
            tokenizer: read(TOKENIZER)?,
            weights: read(WEIGHTS)?,
            card: Vec::new(),
        })
    }

    /// The classifier that the files hold.
    ///
    /// # Errors
    /// [`Error::Model`] where a file is not what it should be or does not fit the others.
    pub fn classifier(&self) -> Result<Classifier> {
        let config = read_config(&self.config)?;
        let tokenizer = Tokenizer::from_json(&self.tokenizer)?;
        let encoder = DenseEncoder::new(config.columns, config.gates, &config.labels)?;
        let k = config.labels.len();
        let tensors =
            SafeTensors::deserialize(&self.weights).map_err(|e| weights_error(&e.to_string()))?;
        let idf = f32s(&tensors, "idf", &[Some(tokenizer.vocab_size())])?;
        let table = NgramTable {
            buckets: u32s(&tensors, "ngrams.buckets")?,
            fingerprints: u32s(&tensors, "ngrams.fingerprints")?,
        };
        if !table.is_valid() {
            return Err(weights_error(
                "ngrams.buckets do not index ngrams.fingerprints",
            ));
        }
        let topics = u64s(&tensors, "topics")?;
        if !topics.windows(2).all(|w| w[0] < w[1]) {
            return Err(weights_error("topics are not increasing"));
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
        );
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

/// What decides under known headlines, and what is remembered of them.
fn read_known(
    tensors: &SafeTensors,
    known: Known,
    labels: &[String],
    score_scale: f64,
) -> Result<(KnownHeadlines, Memory)> {
    let k = labels.len();
    let encoder = DenseEncoder::new(known.columns, known.gates, labels)?;
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
            "memory.headlines, memory.starts and memory.stems do not fit together",
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
        .map_err(|e| fail(format!("not a model's configuration: {e}")))?;
    if version.format_version != FORMAT_VERSION {
        return Err(fail(format!(
            "format_version is {}; expected {FORMAT_VERSION}",
            version.format_version
        )));
    }
    let config: Config = serde_json::from_slice(bytes).map_err(|e| fail(e.to_string()))?;
    let k = config.labels.len();
    if k < 2 || !config.labels.windows(2).all(|w| w[0] < w[1]) || config.labels[0].is_empty() {
        return Err(fail(
            "expected at least two labels, sorted, none twice and none empty".into(),
        ));
    }
    let known = config.known_headlines.iter().map(|k| &k.decision_offsets);
    for offsets in std::iter::once(&config.decision_offsets).chain(known) {
        if offsets.len() != k || offsets.iter().any(|o| !o.is_finite()) {
            return Err(fail(format!(
                "expected {k} finite decision_offsets, one a label"
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
    if !(config.score_scale.is_finite() && config.score_scale > 0.0) {
        return Err(fail(format!(
            "score_scale is {}; expected a number above 0",
            config.score_scale
        )));
    }
    if !(config.mean_body_words.is_finite() && config.mean_body_words >= 0.0) {
        return Err(fail("mean_body_words is not a number of at least 0".into()));
    }
    let features = &config.features;
    if !(1..=16).contains(&features.char_min)
        || !(features.char_min..=16).contains(&features.char_max)
    {
        return Err(fail("expected 1 ≤ char_min ≤ char_max ≤ 16".into()));
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
        .map_err(|_| weights_error(&format!("no tensor {name:?}")))?;
    let fits = view.shape().len() == shape.len()
        && view
            .shape()
            .iter()
            .zip(shape)
            .all(|(n, wanted)| wanted.is_none_or(|w| w == *n));
    if view.dtype() != dtype || !fits {
        return Err(weights_error(&format!(
            "{name:?} is {:?} of shape {:?}; expected {dtype:?} of shape {shape:?}",
            view.dtype(),
            view.shape()
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
    let values: Vec<f32> = chunks.iter().map(|b| f32::from_le_bytes(*b)).collect();
    match values.iter().all(|v| v.is_finite()) {
        true => Ok(values),
        false => Err(weights_error(&format!(
            "{name:?} holds a number that is not finite"
        ))),
    }
}

fn f16s(tensors: &SafeTensors, name: &str, shape: &[Option<usize>]) -> Result<Vec<f16>> {
    let view = tensor(tensors, name, Dtype::F16, shape)?;
    let (chunks, _) = view.data().as_chunks::<2>();
    let values: Vec<f16> = chunks.iter().map(|b| f16::from_le_bytes(*b)).collect();
    match values.iter().all(|v| v.is_finite()) {
        true => Ok(values),
        false => Err(weights_error(&format!(
            "{name:?} holds a number that is not finite"
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
    for (name, bytes) in [
        (CONFIG, &files.config),
        (TOKENIZER, &files.tokenizer),
        (WEIGHTS, &files.weights),
        (CARD, &files.card),
    ] {
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
