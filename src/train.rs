//! Training: the same way as classification, row by row, and then the fits.
//!
//! Words are counted and become the tokenizer's vocabulary; n-grams are counted and become features. The text model is
//! fitted once for each fold, so that every row gets scores from a model that has not seen its group; the stance model
//! is fitted on those scores with context and surface features, and out of fold too, to choose the penalty, to tune the
//! decision offsets and to report scores. Last, both models are fitted on all rows.

mod calibrate;
mod contexts;
mod decide;
mod figures;
mod fits;
mod learn;
mod rows;
mod sample;
pub mod tune;

use crate::classifier::{Classifier, KnownHeadlines, Provenance};
use crate::embeddings::Embeddings;
use crate::error::{Error, Result};
use crate::features::dense::DenseEncoder;
use crate::features::memory::Memory;
use crate::features::{Block, FeatureSettings};
use crate::folds::MIN_GROUPS;
use crate::prevalence::Confusions;
use crate::record::Comment;
use crate::selective::Selection;
use crate::solver::{Problem, SolverError, SparseLogistic};
use crate::text_model::TextModel;
use calibrate::outcomes;
use contexts::Contexts;
use decide::{Decided, Examples, decide};
use fits::{Rows, choose_alpha, probabilities, spread};
use learn::{extract_all, learn_extractor};
pub use rows::{digest, group_keys};
use rows::{fold_rows, group_numbers, labels_of, row_weights, targets};
use sample::{fit_held, held_rows, sampled_alpha};
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

/// What the decision offsets are tuned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Optimize {
    /// Macro-F1.
    #[default]
    MacroF1,
    /// Accuracy: no offsets, the most probable label is decided for.
    Accuracy,
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
    /// samples of 20,000 rows; see [`Trained::out_of_fold`]. Default 100,000.
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

/// A trained classifier and what happened on the way.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The classifier.
    pub classifier: Classifier,
    /// The probability of each label for every deciding row, from models that had not seen its group; shape `(n_rows,
    /// n_labels)`. Deciding rows are the development rows, or else the training rows; where these are more than
    /// [`TrainSettings::sample_above`], a sample of those in the first fold.
    pub out_of_fold: Vec<f64>,
    /// What the user should know: too few groups, for example.
    pub notes: Vec<String>,
}

/// Trains a classifier on `train`; `dev`, where it is not empty, chooses settings in place of the folds.
///
/// # Errors
/// [`Error::Data`] where there are no rows, fewer than two labels, a row without a label, a development label that
/// training lacks, or where a fit does not converge.
pub fn train(train: &[Comment], dev: &[Comment], settings: &TrainSettings) -> Result<Trained> {
    if settings.also_without_context {
        let both: Vec<Comment> = train
            .iter()
            .cloned()
            .chain(without_context(train))
            .collect();
        let settings = TrainSettings {
            also_without_context: false,
            ..settings.clone()
        };
        return train_all(&both, train.len(), dev, &settings);
    }
    train_all(train, train.len(), dev, settings)
}

/// [`train`], where rows from `n_own` on are copies of those before with less context: they are learned from, and tell
/// nothing new about how good the model is.
fn train_all(
    train: &[Comment],
    n_own: usize,
    dev: &[Comment],
    settings: &TrainSettings,
) -> Result<Trained> {
    let labels = labels_of(train)?;
    let k = labels.len();
    let mut notes = Vec::new();
    let train_targets = targets(train, &labels)?;
    let dev_targets = targets(dev, &labels)?;
    let all_targets: Vec<u32> = train_targets.iter().chain(&dev_targets).copied().collect();
    let comments: Vec<&Comment> = train.iter().chain(dev).collect();
    let weights = row_weights(train, &train_targets, k, settings.class_weight)?;
    let folds = fold_rows(train, &train_targets, k, settings)?;
    if !folds.groups_whole && settings.group_by != GroupBy::None {
        notes.push(format!(
            "{} groups only; with fewer than {MIN_GROUPS}, folds are made of rows, identical texts kept together",
            folds.n_groups
        ));
    }

    let extractor = learn_extractor(
        train,
        &train_targets,
        k,
        &settings.features,
        &settings.without,
    )
    .with_embeddings(settings.embeddings.clone());
    // The training rows that the second step learns from; the development rows stand behind them.
    let is_sampled = n_own > settings.sample_above;
    let second = match is_sampled {
        true => held_rows(&folds, n_own, settings.seed),
        false => (0..train.len()).collect(),
    };
    let wanted = |row| row >= train.len() || second.binary_search(&row).is_ok();
    let contexts = Contexts::of(&comments, wanted);
    let rows = Rows {
        n_train: train.len(),
        n_all: comments.len(),
        n_context: contexts.texts.len(),
        k,
        weights: &weights,
        folds: &folds,
    };
    let all_rows: Vec<&Comment> = comments.iter().copied().chain(&contexts.texts).collect();
    let is_wanted = |row| row < comments.len() && wanted(row);
    let (x, dense) = extract_all(&all_rows, &train_targets, &extractor, is_wanted);
    let mut row_targets = all_targets.clone();
    row_targets.resize(all_rows.len(), 0);
    let problem = Problem::new(&x, &row_targets, k).map_err(unfit)?;
    let text = match is_sampled {
        true => {
            let alpha = sampled_alpha(&comments, &all_targets, &extractor, &rows, settings)?;
            notes.push(format!(
                "more than {} rows: figures, offsets and the second step come from {} of them that the text model had not seen",
                settings.sample_above,
                second.len()
            ));
            fit_held(&problem, &rows, alpha)?
        }
        false => choose_alpha(&problem, &all_targets, &rows, &settings.text_alphas)?,
    };

    let own: Vec<Comment> = match is_sampled {
        true => second.iter().map(|&row| train[row].clone()).collect(),
        false => Vec::new(),
    };
    // Copies of rows with less context stand last among the deciding rows and are left out.
    let deciding_rows = match (dev.is_empty(), is_sampled) {
        (false, _) => dev,
        (true, true) => &own,
        (true, false) => &train[..n_own],
    };
    let sampled_folds = match is_sampled {
        true => Some(fold_rows(
            &own,
            &select(&train_targets, &second),
            k,
            settings,
        )?),
        false => None,
    };
    let all_second: Vec<usize> = second
        .iter()
        .copied()
        .chain(train.len()..comments.len())
        .collect();
    let fold_of = |row: usize| folds.of_row.get(row).copied();
    let text_scores = all_second
        .iter()
        .map(|&row| contexts.text_scores(row, fold_of(row), &text, k));
    let examples = Examples {
        comments: select(&comments, &all_second),
        targets: select(&all_targets, &all_second),
        text_scores: text_scores.collect(),
        dense: dense.iter().collect(),
    };
    let score_scale = spread(
        examples.text_scores[..second.len()]
            .iter()
            .map(|s| s.comment.as_slice()),
    );
    let weights = select(&weights, &second);
    let text_rows = rows;
    let rows = Rows {
        n_train: second.len(),
        n_all: all_second.len(),
        n_context: 0,
        k,
        weights: &weights,
        folds: sampled_folds.as_ref().unwrap_or(&folds),
    };
    let encoder = DenseEncoder::learn(&examples.dense[..second.len()], &labels, &settings.without);
    let general = decide(&examples, &rows, encoder, score_scale, settings)?;
    let known = decide_known(
        &examples,
        &rows,
        &extractor.topics,
        &labels,
        score_scale,
        settings,
    )?;
    if let Some(known) = &known {
        notes.push(format!(
            "{} headlines have comments enough to be remembered; out of fold under them, with their other comments known: \
             macro-F1 {:.3}, accuracy {:.3}",
            extractor.memory.headlines.len(),
            known.figures.macro_f1,
            known.figures.accuracy
        ));
    }
    let extractor = match known {
        Some(_) => extractor,
        None => extractor.with_memory(Memory::default()),
    };

    let outcomes = outcomes(
        deciding_rows,
        &general.scores,
        &general.figures.decided,
        &general.gold,
        settings,
    )?;
    if outcomes.is_none() {
        notes.push(format!(
            "fewer than {MIN_GROUPS} groups: the model cannot offer --target-error and --prevalence"
        ));
    }

    let final_settings = SparseLogistic {
        alpha: text.alpha,
        tolerance: match is_sampled {
            true => sample::TOLERANCE,
            false => fits::TEXT_TOLERANCE,
        },
        ..SparseLogistic::default()
    };
    let (text_fit, _) = problem
        .fit(&final_settings, &text_rows.padded_weights(None), text.full)
        .map_err(unfit)?;

    let provenance = Provenance {
        version: env!("CARGO_PKG_VERSION").to_string(),
        seed: settings.seed,
        train_digest: digest(train),
        dev_digest: (!dev.is_empty()).then(|| digest(dev)),
        rows: (0..k)
            .map(|l| train_targets.iter().filter(|&&t| t as usize == l).count() as u64)
            .collect(),
        folds: format!(
            "{} folds of {}",
            folds.n_folds,
            if folds.groups_whole {
                "whole groups"
            } else {
                "rows"
            }
        ),
        optimize: match settings.optimize {
            Optimize::MacroF1 => "macro-f1".into(),
            Optimize::Accuracy => "accuracy".into(),
        },
        class_weight: match settings.class_weight {
            ClassWeight::None => "none".into(),
            ClassWeight::Balanced => "balanced".into(),
        },
        text_alpha: text.alpha,
        stance_alpha: general.alpha,
        stance_solver: general.solver.name().into(),
        scored_on: if dev.is_empty() { "out of fold" } else { "dev" }.into(),
        accuracy: general.figures.accuracy,
        macro_f1: general.figures.macro_f1,
        log_loss: general.figures.log_loss,
        calibration_error: general.figures.calibration_error,
    };
    Ok(Trained {
        classifier: Classifier {
            labels,
            extractor,
            text: TextModel::new(&x.expand(&text_fit)),
            stance: general.stance,
            offsets: general.offsets,
            known: known.map(|known| KnownHeadlines {
                stance: known.stance,
                offsets: known.offsets,
            }),
            selection: outcomes.as_deref().map(Selection::fit),
            confusions: outcomes
                .as_deref()
                .map(|outcomes| Confusions::fit(outcomes, k, settings.seed)),
            provenance,
        },
        out_of_fold: probabilities(&general.scores[..deciding_rows.len() * k], k),
        notes,
    })
}

/// The `values` at `kept`.
fn select<T: Copy>(values: &[T], kept: &[usize]) -> Vec<T> {
    kept.iter().map(|&at| values[at]).collect()
}

/// A label needs so many rows under known headlines before anything is fitted to them, and so many development rows must
/// stand there before they decide in place of the folds.
const MIN_KNOWN: (usize, usize) = (20, 200);

/// What decides under headlines that are known; `None` where too few rows stand there.
fn decide_known(
    examples: &Examples,
    rows: &Rows,
    topics: &[u64],
    labels: &[String],
    score_scale: f64,
    settings: &TrainSettings,
) -> Result<Option<Decided>> {
    let k = rows.k;
    let is_known = |&row: &usize| !examples.dense[row].likeness.is_empty();
    let mut kept: Vec<usize> = (0..rows.n_train).filter(is_known).collect();
    let n_train = kept.len();
    let enough = |label| {
        let of_label = kept.iter().filter(|&&row| examples.targets[row] == label);
        of_label.count() >= MIN_KNOWN.0
    };
    if !(0..k as u32).all(enough) {
        return Ok(None);
    }
    let weights = select(rows.weights, &kept);
    let folds = rows.folds.select(&kept);
    let dev: Vec<usize> = (rows.n_train..rows.n_all).filter(is_known).collect();
    if dev.len() >= MIN_KNOWN.1 {
        kept.extend(dev);
    }
    let examples = examples.select(&kept);
    let rows = Rows {
        n_train,
        n_all: kept.len(),
        n_context: 0,
        k,
        weights: &weights,
        folds: &folds,
    };
    let encoder = DenseEncoder::learn_known(
        &examples.dense[..n_train],
        topics,
        labels,
        &settings.without,
    );
    decide(&examples, &rows, encoder, score_scale, settings).map(Some)
}

/// What a copy with less context weighs, of its row's weight: enough to learn what to do where context is missing. Copies as
/// heavy as their rows drown the rows that have no context of their own.
const COPY_WEIGHT: f64 = 0.3;

/// Copies of the rows with less context, in the same groups, each of [`COPY_WEIGHT`]: without the body where there is one,
/// and without headline, body and parent where there is any.
fn without_context(comments: &[Comment]) -> impl Iterator<Item = Comment> + '_ {
    let copy = |c: &Comment| Comment {
        group: c.group_key().map(str::to_string),
        body: None,
        ..c.clone()
    };
    let lighter = |copy: Comment| Comment {
        weight: copy.weight * COPY_WEIGHT,
        ..copy
    };
    let without_body = comments
        .iter()
        .filter(|c| c.body.is_some() && c.headline.is_some())
        .map(copy);
    let bare = comments
        .iter()
        .filter(|c| c.headline.is_some() || c.body.is_some() || c.parent.is_some())
        .map(Comment::without_context);
    without_body.chain(bare).map(lighter)
}

fn unfit(error: SolverError) -> Error {
    Error::Data(format!("training failed: {error}"))
}
