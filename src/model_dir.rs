//! A model as a directory: `config.json`, `tokenizer.json`, `model.safetensors` and `README.md`, the model card; with
//! embeddings also `embeddings_tokenizer.json`.
//!
//! Saving is atomic: the directory is afterwards the old model or the new one. Loading trusts nothing: a part that is
//! missing or does not fit the others is refused with a message that names the file.

mod config;
mod folder;
mod tensors;

pub use config::FORMAT_VERSION;
pub use folder::{check_output, save};

use crate::card::model_card;
use crate::classifier::{Classifier, KnownHeadlines};
use crate::digest::sha256;
use crate::embeddings::{EmbeddingTable, Embeddings, Misfit};
use crate::error::{Error, Result};
use crate::features::FeatureExtractor;
use crate::features::dense::{DenseEncoder, EmbeddingInputs};
use crate::features::memory::Memory;
use crate::features::ngrams::NgramTable;
use crate::prevalence::Confusions;
use crate::stance_model::{ScoreScaling, StanceModel, n_inputs};
use crate::text_model::TextModel;
use crate::tokenize::Tokenizer;
use config::{Calibration, Config, EmbeddingsConfig, Known, MAX_NUMBER, config_error};
use folder::read_file;
use safetensors::tensor::SafeTensors;
use std::path::Path;
use std::sync::Arc;
use tensors::{Tensors, f16s, f32s, u32s, u64s, weights_error};

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

/// The files of a model, as bytes that were read or that the program holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFiles<B = Vec<u8>> {
    /// `config.json`.
    pub config: B,
    /// `tokenizer.json`.
    pub tokenizer: B,
    /// `model.safetensors`.
    pub weights: B,
    /// `embeddings_tokenizer.json`; `None` where there is none.
    pub embeddings_tokenizer: Option<B>,
    /// `README.md`; empty where it was not read.
    pub card: B,
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
            score_scale: stance.scaling.spread,
            headline_score_means: stance.scaling.headline_means.clone(),
            gates: stance.encoder.gates().to_vec(),
            scored: stance.encoder.scored().to_vec(),
            columns: stance.encoder.columns().to_vec(),
            known_headlines: classifier.known.as_ref().map(|known| Known {
                decision_offsets: known.offsets.clone(),
                gates: known.stance.encoder.gates().to_vec(),
                scored: known.stance.encoder.scored().to_vec(),
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
        let mut tensors = Tensors::default();
        tensors.add_f32s("idf", &extractor.idf, &[]);
        tensors.add_u32s("ngrams.buckets", &table.buckets);
        tensors.add_u32s("ngrams.fingerprints", &table.fingerprints);
        tensors.add_f32s("stance.intercept", &stance.intercept, &[]);
        tensors.add_f32s("stance.weights", &stance.weights, &[k]);
        tensors.add_u64s("topics", &extractor.topics);
        tensors.add_f32s("text.intercept", &classifier.text.intercept, &[]);
        tensors.add_f16s("text.weights", &classifier.text.weights, &[k]);
        if let Some(confusions) = &classifier.confusions {
            tensors.add_f32s(CONFUSIONS, &confusions.rates, &Confusions::shape(k)[1..]);
        }
        if let Some(KnownHeadlines { stance, .. }) = &classifier.known {
            let memory = &extractor.memory;
            tensors.add_f32s("known.intercept", &stance.intercept, &[]);
            tensors.add_f32s("known.weights", &stance.weights, &[k]);
            tensors.add_u64s("memory.headlines", &memory.headlines);
            tensors.add_u32s("memory.starts", &memory.starts);
            tensors.add_u32s("memory.stems", &memory.stems);
            tensors.add_f16s("memory.weights", &memory.weights, &[k]);
        }
        if let Some(Embeddings { table, .. }) = embeddings {
            tensors.add_u32s("embeddings.row_of", &table.row_of);
            tensors.add_f16s("embeddings.rows", &table.rows, &[table.n_dimensions]);
            tensors.add_f32s("embeddings.weights", &table.weights, &[]);
        }
        let mut config =
            serde_json::to_vec_pretty(&config).expect("a configuration has a JSON form");
        config.push(b'\n');
        ModelFiles {
            config,
            tokenizer,
            weights: tensors.to_bytes(),
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
}

impl<B: AsRef<[u8]>> ModelFiles<B> {
    /// The classifier that the files hold.
    ///
    /// # Errors
    /// [`Error::Model`] where a file is not what it should be or does not fit the others.
    pub fn classifier(&self) -> Result<Classifier> {
        let config = Config::read(self.config.as_ref())?;
        self.check_digests(&config)?;
        self.built(config)
    }

    /// As [`ModelFiles::classifier`], of files that are known to belong together: their digests are not computed, which
    /// takes as long as all else.
    ///
    /// # Errors
    /// [`Error::Model`] as there.
    pub(crate) fn classifier_of_one_model(&self) -> Result<Classifier> {
        self.built(Config::read(self.config.as_ref())?)
    }

    /// Whether the tokenizers are those that `config` names.
    fn check_digests(&self, config: &Config) -> Result<()> {
        let check = |file: &str, bytes: &[u8], digest: &str| match sha256(bytes) == digest {
            true => Ok(()),
            false => Err(Error::Model(format!(
                "{file}: expected the file with the SHA-256 {digest} that {CONFIG} names: this is another model's"
            ))),
        };
        if let Some(digest) = &config.tokenizer_sha256 {
            check(TOKENIZER, self.tokenizer.as_ref(), digest)?;
        }
        match (&self.embeddings_tokenizer, &config.embeddings) {
            (Some(bytes), Some(embeddings)) => check(
                EMBEDDINGS_TOKENIZER,
                bytes.as_ref(),
                &embeddings.tokenizer_sha256,
            ),
            _ => Ok(()),
        }
    }

    /// The classifier of the files whose configuration is `config`.
    fn built(&self, config: Config) -> Result<Classifier> {
        let tokenizer = Tokenizer::from_json(self.tokenizer.as_ref())?;
        let encoder = DenseEncoder::new(config.columns, config.gates, &config.labels)?
            .with_scored(config.scored)
            .with_embedding(config.embeddings.as_ref().map(|e| e.inputs));
        let k = config.labels.len();
        let tensors = SafeTensors::deserialize(self.weights.as_ref())
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
        let scaling = ScoreScaling {
            spread: config.score_scale,
            headline_means: config.headline_score_means,
        };
        let n_inputs = n_inputs(&encoder, k);
        let stance = StanceModel {
            scaling: scaling.clone(),
            weights: f32s(&tensors, "stance.weights", &[Some(n_inputs), Some(k)])?,
            intercept: f32s(&tensors, "stance.intercept", &[Some(k)])?,
            encoder,
        };
        let (known, memory) = match config.known_headlines {
            Some(known) => {
                let (known, memory) = read_known(&tensors, known, &config.labels, scaling)?;
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

    /// The embeddings that `config` tells of; they must have the dimensions that both stance models expect.
    fn embeddings(
        &self,
        config: &Option<EmbeddingsConfig>,
        known: &Option<Known>,
        tensors: &SafeTensors,
    ) -> Result<Option<Arc<Embeddings>>> {
        let of_known = known.as_ref().map(|known| known.embedding_inputs);
        let Some(config) = config else {
            return match of_known.flatten() {
                Some(_) => Err(config_error(
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
                return Err(config_error(&format!(
                    "expected inputs for embeddings of {d} dimensions with a scale above 0, at most {MAX_NUMBER}"
                )));
            }
        }
        let tokenizer = self.embeddings_tokenizer.as_ref().ok_or_else(|| {
            Error::Model(format!(
                "{EMBEDDINGS_TOKENIZER}: missing; expected the tokenizer of the embeddings"
            ))
        })?;
        let row_of = u32s(tensors, "embeddings.row_of")?;
        let table = EmbeddingTable {
            n_dimensions: d,
            rows: f16s(tensors, "embeddings.rows", &[None, Some(d)])?,
            weights: f32s(tensors, "embeddings.weights", &[Some(row_of.len())])?,
            row_of,
        };
        let found = Embeddings::new(
            tokenizer.as_ref().to_vec(),
            table,
            config.normalize,
            config.digest.clone(),
        );
        let found = found.map_err(|e| match e {
            Misfit::Tokenizer(what) => Error::Model(format!("{EMBEDDINGS_TOKENIZER}: {what}")),
            Misfit::Table(what) => weights_error(&what),
        })?;
        Ok(Some(Arc::new(found)))
    }
}

/// What decides under known headlines, and what is remembered of them.
fn read_known(
    tensors: &SafeTensors,
    known: Known,
    labels: &[String],
    scaling: ScoreScaling,
) -> Result<(KnownHeadlines, Memory)> {
    let k = labels.len();
    let encoder = DenseEncoder::new(known.columns, known.gates, labels)?
        .with_scored(known.scored)
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
            scaling,
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
