//! The second step and the decision: a stance model on out-of-fold text scores, its penalty, and decision offsets.

use super::figures::{Figures, cross_fitted_figures};
use super::fits::{Rows, choose_alpha};
use super::{Optimize, TrainSettings, group_numbers, unfit};
use crate::error::Result;
use crate::features::dense::{DenseEncoder, DenseFeatures};
use crate::offsets::tune_offsets;
use crate::record::Comment;
use crate::solver::Problem;
use crate::sparse::{SparseMatrix, WithTransposed};
use crate::stance_model::{StanceModel, StanceSolver, fit_stance, inputs, n_inputs};
use crate::text_model::TextScores;

/// What the second step learns from: training rows first, development rows behind them.
pub(super) struct Examples<'a> {
    pub(super) comments: Vec<&'a Comment>,
    pub(super) targets: Vec<u32>,
    /// Text scores, out of fold for training rows.
    pub(super) text_scores: Vec<TextScores>,
    pub(super) dense: Vec<&'a DenseFeatures>,
}

impl<'a> Examples<'a> {
    /// The examples at `kept`.
    pub(super) fn select(&self, kept: &[usize]) -> Examples<'a> {
        Examples {
            comments: kept.iter().map(|&i| self.comments[i]).collect(),
            targets: kept.iter().map(|&i| self.targets[i]).collect(),
            text_scores: kept.iter().map(|&i| self.text_scores[i].clone()).collect(),
            dense: kept.iter().map(|&i| self.dense[i]).collect(),
        }
    }
}

/// A stance model with its decision offsets and what they were chosen by.
pub(super) struct Decided {
    pub(super) stance: StanceModel,
    pub(super) offsets: Vec<f64>,
    pub(super) alpha: f64,
    pub(super) solver: StanceSolver,
    /// On the deciding rows; see [`Rows::deciding`].
    pub(super) figures: Figures,
    /// Scores of the deciding rows, `(n_deciding, k)`.
    pub(super) scores: Vec<f64>,
    /// The gold labels of the deciding rows.
    pub(super) gold: Vec<usize>,
}

/// Fits the second step to `examples`, which are `rows`.
pub(super) fn decide(
    examples: &Examples,
    rows: &Rows,
    encoder: DenseEncoder,
    score_scale: f64,
    settings: &TrainSettings,
) -> Result<Decided> {
    let k = rows.k;
    let mut design = SparseMatrix::new(n_inputs(&encoder, k));
    for (scores, dense) in examples.text_scores.iter().zip(&examples.dense) {
        design.push_row(&inputs(&encoder, score_scale, scores, dense));
    }
    let transposed = WithTransposed::new(&design);
    let problem = Problem::new(&transposed, &examples.targets, k).map_err(unfit)?;
    let chosen = choose_alpha(&problem, &examples.targets, rows, &settings.stance_alphas)?;

    let deciding = rows.deciding();
    let scores = chosen.scores[deciding.start * k..deciding.end * k].to_vec();
    let gold: Vec<usize> = examples.targets[deciding.clone()]
        .iter()
        .map(|&t| t as usize)
        .collect();
    let groups = group_numbers(&examples.comments[deciding.clone()]);
    let offsets = match settings.optimize {
        Optimize::MacroF1 => tune_offsets(&scores, k, &gold, &groups, settings.seed),
        Optimize::Accuracy => vec![0.0; k],
    };
    let folds: Vec<usize> = if deciding.start == 0 {
        rows.folds.of_row.clone()
    } else {
        groups.iter().map(|g| g % settings.n_folds).collect()
    };
    let figures = cross_fitted_figures(&scores, k, &gold, &groups, &folds, settings);

    design.truncate(rows.n_train);
    let targets = &examples.targets[..rows.n_train];
    let (fitted, solver) =
        fit_stance(&design, targets, rows.weights, k, chosen.alpha, chosen.full).map_err(unfit)?;
    Ok(Decided {
        stance: StanceModel::new(encoder, score_scale, &fitted),
        offsets,
        alpha: chosen.alpha,
        solver,
        figures,
        scores,
        gold,
    })
}
