//! Fits out of fold, for the text model and the stance model alike, and the choice of a penalty.

use crate::error::{Error, Result};
use crate::folds::Folds;
use crate::metrics::log_loss;
use crate::scores::softmax;
use crate::solver::{LinearScores, Problem, SolverError, SparseLogistic};
use crate::sparse::Design;
use rayon::prelude::*;

/// The rows of a fit: training rows first, development rows behind them.
pub(super) struct Rows<'a> {
    pub(super) n_train: usize,
    pub(super) n_all: usize,
    /// Rows behind those, of weight 0: the texts that comments stand under, of which only scores are wanted.
    pub(super) n_context: usize,
    pub(super) k: usize,
    pub(super) weights: &'a [f64],
    pub(super) folds: &'a Folds,
}

impl Rows<'_> {
    /// The rows by which settings are chosen.
    pub(super) fn deciding(&self) -> std::ops::Range<usize> {
        if self.n_all > self.n_train {
            self.n_train..self.n_all
        } else {
            0..self.n_train
        }
    }

    /// The weights of all rows; those of `fold`, the development rows and the rows behind them are 0.
    pub(super) fn padded_weights(&self, fold: Option<usize>) -> Vec<f64> {
        let rows = self.weights.iter().zip(&self.folds.of_row);
        let mut weights: Vec<f64> = rows
            .map(|(&weight, &of)| if Some(of) == fold { 0.0 } else { weight })
            .collect();
        weights.resize(self.n_all + self.n_context, 0.0);
        weights
    }
}

/// A penalty with what it leads to.
pub(super) struct Chosen {
    pub(super) alpha: f64,
    /// Scores of every row, out of fold for training rows; `(n_all, k)`.
    pub(super) scores: Vec<f64>,
    /// Scores of the context rows by each fold's fit, then by the fit on all training rows; each `(n_context, k)`.
    pub(super) context_scores: Vec<Vec<f64>>,
    /// The fit on all training rows.
    pub(super) full: LinearScores,
}

/// A fit for a fold has converged when the gradient's norm is at most this part of its norm at zero: its scores are only
/// compared and passed on, and digits behind that move neither.
const FOLD_TOLERANCE: f64 = 5e-3;

/// The same for the text model's last fit: its weights are then rounded to half precision, which moves them by more.
pub(super) const TEXT_TOLERANCE: f64 = 1e-4;

/// With more rows than this, fits are made one after the other, each on all threads, so that one only is in memory.
const MANY_ROWS: usize = 50_000;

/// Fits out of fold for each penalty, the strongest first, and keeps the one with the lowest log-loss on the deciding
/// rows; once it rises, weaker penalties are not tried. The fit without a fold starts from that for the penalty before, and
/// never from one that saw the fold.
pub(super) fn choose_alpha(
    problem: &Problem<impl Design>,
    targets: &[u32],
    rows: &Rows,
    alphas: &[f64],
) -> Result<Chosen> {
    let (k, n_features) = (rows.k, problem.n_features());
    let n_folds = rows.folds.n_folds;
    let mut starts = vec![LinearScores::zero(n_features, k); n_folds];
    let mut best: Option<(f64, Chosen)> = None;
    for &alpha in alphas {
        let settings = SparseLogistic {
            alpha,
            tolerance: FOLD_TOLERANCE,
            ..SparseLogistic::default()
        };
        let fit = |fold: Option<usize>, start: LinearScores| {
            let (model, _) = problem.fit(&settings, &rows.padded_weights(fold), start)?;
            let found = problem.scores_of(&model);
            Ok((model, found))
        };
        let mut fitted: Vec<(LinearScores, Vec<f64>)> = starts
            .into_par_iter()
            .enumerate()
            .with_min_len(if rows.n_all > MANY_ROWS { n_folds } else { 1 })
            .map(|(fold, start)| fit(Some(fold), start))
            .collect::<std::result::Result<_, _>>()
            .map_err(unfit)?;
        // What all rows lead to is near the mean of what most of them do.
        let mean = mean(fitted.iter().map(|(model, _)| model), n_features, k);
        fitted.push(fit(None, mean).map_err(unfit)?);
        // Training rows are scored by the fit without their fold, development rows by the last, which is that of all.
        let fit_of = |row| rows.folds.of_row.get(row).map_or(n_folds, |&fold| fold);
        let scores: Vec<f64> = (0..rows.n_all)
            .flat_map(|row| &fitted[fit_of(row)].1[row * k..(row + 1) * k])
            .copied()
            .collect();
        let (mut models, found): (Vec<_>, Vec<_>) = fitted.into_iter().unzip();
        let context_scores = found.iter().map(|found| found[rows.n_all * k..].to_vec());
        let context_scores = context_scores.collect();
        let full = models.swap_remove(n_folds);
        starts = models;
        let range = rows.deciding();
        let gold: Vec<usize> = targets[range.clone()].iter().map(|&t| t as usize).collect();
        let probabilities = probabilities(&scores[range.start * k..range.end * k], k);
        let loss = log_loss(&probabilities, k, &gold).unwrap_or(f64::INFINITY);
        if best.as_ref().is_none_or(|(b, _)| loss < *b) {
            let chosen = Chosen {
                alpha,
                scores,
                context_scores,
                full,
            };
            best = Some((loss, chosen));
        } else {
            break;
        }
    }
    let (_, chosen) =
        best.ok_or_else(|| Error::Usage("expected at least one penalty to choose from".into()))?;
    Ok(chosen)
}

/// The mean of `models` of this shape.
fn mean<'a>(
    models: impl ExactSizeIterator<Item = &'a LinearScores>,
    n_features: usize,
    k: usize,
) -> LinearScores {
    let share = 1.0 / models.len() as f64;
    let mut mean = LinearScores::zero(n_features, k);
    for model in models {
        let weights = mean.weights.iter_mut().zip(&model.weights);
        let intercept = mean.intercept.iter_mut().zip(&model.intercept);
        weights.chain(intercept).for_each(|(m, w)| *m += share * w);
    }
    mean
}

/// The probabilities of scores of shape `(n_rows, k)`.
pub(super) fn probabilities(scores: &[f64], k: usize) -> Vec<f64> {
    let mut p = scores.to_vec();
    p.chunks_mut(k).for_each(softmax);
    p
}

/// The error of a training run in which a fit failed.
pub(super) fn unfit(error: SolverError) -> Error {
    Error::Data(format!("training failed: {error}"))
}
