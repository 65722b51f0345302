//! What a training run is told: how classes are weighted, what decisions are tuned for, how rows are grouped.

use crate::embeddings::Embeddings;
use crate::features::{Block, FeatureSettings};
use std::sync::Arc;

/// How classes are weighted in both fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClassWeight {
    /// Every row counts its own weight.
    #[default]
    None,
    /// Rows count n / (k nₗ) times their weight, so that all labels count the same.
    Balanced,
}

impl ClassWeight {
    /// The name on the command line and in the model's configuration.
    pub fn name(self) -> &'static str {
        match self {
            ClassWeight::None => "none",
            ClassWeight::Balanced => "balanced",
        }
    }
}

/// What the decision offsets are tuned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Optimize {
    /// Macro-F1.
    #[default]
    MacroF1,
    /// Accuracy: no offsets, the most probable label is decided for.
    Accuracy,
}

impl Optimize {
    /// The name on the command line and in the model's configuration.
    pub fn name(self) -> &'static str {
        match self {
            Optimize::MacroF1 => "macro-f1",
            Optimize::Accuracy => "accuracy",
        }
    }
}

/// What keeps rows together in folds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// [`Comment::group_key`].
    #[default]
    Default,
    /// Nothing but the same text.
    None,
    /// A field of the record, or one of its other fields.
    Field(String),
}

impl GroupBy {
    /// The grouping that a command line names: a field, `none`, or nothing.
    pub fn named(name: Option<&str>) -> Self {
        match name {
            None => GroupBy::Default,
            Some("none") => GroupBy::None,
            Some(field) => GroupBy::Field(field.to_string()),
        }
    }
}

/// The settings of a training run.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainSettings {
    /// Decides what is left to chance: the folds and the draws that tune the offsets. Default 1.
    pub seed: u64,
    /// The number of folds, at least 2. Default 5.
    pub n_folds: usize,
    /// How classes are weighted. Default none.
    pub class_weight: ClassWeight,
    /// What decisions are tuned for. Default macro-F1.
    pub optimize: Optimize,
    /// What keeps rows together. Default the group.
    pub group_by: GroupBy,
    /// Whether every row is also learned from without its body, and without its headline, body and parent, each copy with
    /// three tenths of the row's weight, so that the model knows what to do where they are missing. Default no.
    pub also_without_context: bool,
    /// What is counted as a feature.
    pub features: FeatureSettings,
    /// Blocks of features that are left out. Default none.
    pub without: Vec<Block>,
    /// What gives texts their embeddings. Default nothing.
    pub embeddings: Option<Arc<Embeddings>>,
    /// Above so many training rows the penalty of the text model, the second step, the offsets and all figures come from
    /// samples of 20,000 rows; see [`super::Trained::out_of_fold`]. Default 100,000.
    pub sample_above: usize,
    /// Penalties of the text model to choose from, the strongest first.
    pub text_alphas: Vec<f64>,
    /// Penalties of the stance model to choose from, the strongest first.
    pub stance_alphas: Vec<f64>,
}

impl Default for TrainSettings {
    fn default() -> Self {
        TrainSettings {
            seed: 1,
            n_folds: 5,
            class_weight: ClassWeight::None,
            optimize: Optimize::MacroF1,
            group_by: GroupBy::Default,
            also_without_context: false,
            features: FeatureSettings::default(),
            without: Vec::new(),
            embeddings: None,
            sample_above: 100_000,
            text_alphas: vec![8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.12],
            stance_alphas: vec![100.0, 30.0, 10.0],
        }
    }
}
