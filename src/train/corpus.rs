//! What is trained on: rows with their labels, weights and folds.

use super::fits::Rows;
use super::rows::{fold_rows, labels_of, row_weights, targets};
use super::settings::TrainSettings;
use crate::error::Result;
use crate::folds::Folds;
use crate::record::Comment;

/// The rows of a training run: training rows first, development rows behind them.
pub(super) struct Corpus<'a> {
    pub(super) comments: Vec<&'a Comment>,
    /// How many of them are training rows.
    pub(super) n_train: usize,
    /// How many of these were given. The others are copies with less context: they are learned from, and tell nothing
    /// new about how good the model is.
    pub(super) n_own: usize,
    /// The labels, sorted.
    pub(super) labels: Vec<String>,
    /// The label of each row, as an index into `labels`.
    pub(super) targets: Vec<u32>,
    /// The weight of each training row.
    pub(super) weights: Vec<f64>,
    /// The folds of the training rows.
    pub(super) folds: Folds,
}

impl<'a> Corpus<'a> {
    /// The rows `train`, the `copies` of some of them, and `dev`.
    pub(super) fn new(
        train: &'a [Comment],
        copies: &'a [Comment],
        dev: &'a [Comment],
        settings: &TrainSettings,
    ) -> Result<Self> {
        let mut comments: Vec<&Comment> = train.iter().chain(copies).collect();
        let labels = labels_of(&comments)?;
        let k = labels.len();
        let n_train = comments.len();
        comments.extend(dev);
        let targets = targets(&comments, &labels)?;
        let (of_train, train_targets) = (&comments[..n_train], &targets[..n_train]);
        Ok(Corpus {
            weights: row_weights(of_train, train_targets, k, settings.class_weight)?,
            folds: fold_rows(of_train, train_targets, k, settings)?,
            n_own: train.len(),
            n_train,
            labels,
            targets,
            comments,
        })
    }

    /// The training rows.
    pub(super) fn train(&self) -> &[&'a Comment] {
        &self.comments[..self.n_train]
    }

    /// The labels of the training rows.
    pub(super) fn train_targets(&self) -> &[u32] {
        &self.targets[..self.n_train]
    }

    /// The development rows.
    pub(super) fn dev(&self) -> &[&'a Comment] {
        &self.comments[self.n_train..]
    }

    /// The rows of a fit to all of them, with `n_context` rows behind them.
    pub(super) fn rows(&self, n_context: usize) -> Rows<'_> {
        Rows {
            n_train: self.n_train,
            n_all: self.comments.len(),
            n_context,
            k: self.labels.len(),
            weights: &self.weights,
            folds: &self.folds,
        }
    }
}

/// What a copy with less context weighs, of its row's weight: enough to learn what to do where context is missing. Copies as
/// heavy as their rows drown the rows that have no context of their own.
const COPY_WEIGHT: f64 = 0.3;

/// Copies of the rows with less context, in the same groups, lighter by [`COPY_WEIGHT`]: without the body where there is
/// one, and without headline, body and parent where there is any.
pub(super) fn without_context(comments: &[Comment]) -> Vec<Comment> {
    let copy = |c: &Comment| Comment {
        group: c.group_key().map(str::to_string),
        body: None,
        ..c.clone()
    };
    let without_body = comments
        .iter()
        .filter(|c| c.body.is_some() && c.headline.is_some())
        .map(copy);
    let bare = comments
        .iter()
        .filter(|c| c.headline.is_some() || c.body.is_some() || c.parent.is_some())
        .map(Comment::without_context);
    let lighter = |copy: Comment| Comment {
        weight: copy.weight * COPY_WEIGHT,
        ..copy
    };
    without_body.chain(bare).map(lighter).collect()
}
