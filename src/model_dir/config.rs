//! `config.json`, and what its numbers may be.

use super::CONFIG;
use crate::classifier::Provenance;
use crate::error::{Error, Result};
use crate::features::FeatureSettings;
use crate::features::dense::{Column, EmbeddingInputs, Scored};
use crate::selective::Selection;
use crate::stance_model::MAX_CONTEXT_SCORE;
use serde::{Deserialize, Serialize};

/// The version of the format that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// The largest weight, offset or edge: sums of that many numbers as a text has n-grams stay finite.
pub(super) const MAX_NUMBER: f64 = 1e6;
/// The most dense columns, and gates.
const MAX_COLUMNS: usize = 1 << 14;

/// `config.json`: all of a model but its words and its weights.
#[derive(Serialize, Deserialize)]
pub(super) struct Config {
    pub format_version: u32,
    /// SHA-256 of `tokenizer.json`, in hexadecimal digits; absent in models of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer_sha256: Option<String>,
    pub labels: Vec<String>,
    pub decision_offsets: Vec<f64>,
    pub features: FeatureSettings,
    pub mean_body_words: f32,
    pub score_scale: f64,
    /// See [`ScoreScaling::headline_means`](crate::stance_model::ScoreScaling::headline_means).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headline_score_means: Vec<f64>,
    pub gates: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scored: Vec<Scored>,
    pub columns: Vec<Column>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_headlines: Option<Known>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<EmbeddingsConfig>,
    pub calibration: Calibration,
    pub provenance: Provenance,
}

/// See [`KnownHeadlines`].
#[derive(Serialize, Deserialize)]
pub(super) struct Known {
    pub decision_offsets: Vec<f64>,
    pub gates: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scored: Vec<Scored>,
    pub columns: Vec<Column>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_inputs: Option<EmbeddingInputs>,
}

/// What is told of the embeddings beside their tensors; see [`Embeddings`].
#[derive(Serialize, Deserialize)]
pub(super) struct EmbeddingsConfig {
    pub normalize: bool,
    pub digest: String,
    /// SHA-256 of `embeddings_tokenizer.json`, in hexadecimal digits.
    pub tokenizer_sha256: String,
    pub inputs: EmbeddingInputs,
}

/// How probabilities are calibrated.
#[derive(Serialize, Deserialize)]
pub(super) struct Calibration {
    /// The stance model is fitted on scores from models that had not seen the row, which calibrates it.
    pub method: String,
    /// See [`Provenance::calibration_error`].
    pub expected_calibration_error: f64,
    /// See [`Classifier::selection`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<Selection>,
    /// See [`Confusions::overdispersion`]; where it stands, so does the tensor `calibration.confusions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdispersion: Option<f64>,
}

/// An error about `config.json`.
pub(super) fn config_error(what: &str) -> Error {
    Error::Model(format!("{CONFIG}: {what}"))
}

impl Config {
    /// Reads `config.json`, whose parts must fit each other.
    ///
    /// # Errors
    /// [`Error::Model`] saying what was found and what was expected.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let fail = |what: String| config_error(&what);
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
        if let Some(overdispersion) = config.calibration.overdispersion
            && !(1.0..=MAX_NUMBER).contains(&overdispersion)
        {
            return Err(fail(format!(
                "calibration.overdispersion is {overdispersion}; expected a number from 1 to {MAX_NUMBER}"
            )));
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
        let means = &config.headline_score_means;
        let near = |mean: &f64| mean.abs() <= MAX_CONTEXT_SCORE;
        if ![0, k].contains(&means.len()) || !means.iter().all(near) {
            return Err(fail(format!(
                "headline_score_means is {means:?}; expected {k} numbers between -{MAX_CONTEXT_SCORE} and {MAX_CONTEXT_SCORE}, or none"
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
            .map(|k| (&k.columns, &k.gates, &k.scored));
        let general = (&config.columns, &config.gates, &config.scored);
        for (columns, gates, scored) in std::iter::once(general).chain(known) {
            if !scored.windows(2).all(|w| w[0] < w[1]) {
                return Err(fail(format!(
                    "scored is {scored:?}; expected headline before parent, none twice"
                )));
            }
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
}
