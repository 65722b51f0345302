//! The second step and the decision: a stance model on out-of-fold text scores, its penalty, and decision offsets.

use super::corpus::Corpus;
use super::figures::{Figures, cross_fitted_figures};
use super::fits::{Rows, choose_alpha, unfit};
use super::rows::{group_numbers, select};
use super::sample::SecondRows;
use super::settings::{Optimize, TrainSettings};
use super::text::TextStep;
use crate::error::Result;
use crate::features::dense::{DenseEncoder, DenseFeatures};
use crate::offsets::tune_offsets;
use crate::record::Comment;
use crate::solver::Problem;
use crate::sparse::{SparseMatrix, WithTransposed};
use crate::stance_model::{ScoreScaling, StanceModel, StanceSolver, fit_stance, inputs, n_inputs};
use crate::text_model::TextScores;

/// What the second step learns from: training rows first, development rows behind them.
pub(super) struct Examples<'a> {
    comments: Vec<&'a Comment>,
    targets: Vec<u32>,
    /// Text scores, out of fold for training rows.
    text_scores: Vec<&'a TextScores>,
    dense: Vec<&'a DenseFeatures>,
    scaling: ScoreScaling,
}

impl<'a> Examples<'a> {
    /// The rows `second` of `corpus`.
    pub(super) fn of(corpus: &Corpus<'a>, second: &SecondRows, text: &'a TextStep) -> Self {
        let text_scores: Vec<&TextScores> = text.scores.iter().collect();
        let of_train = &text_scores[..second.n_train];
        Examples {
            scaling: ScoreScaling::learn(of_train, corpus.labels.len()),
            comments: select(&corpus.comments, &second.all),
            targets: select(&corpus.targets, &second.all),
            text_scores,
            dense: text.dense.iter().collect(),
        }
    }

    /// The examples at `kept`.
    fn select(&self, kept: &[usize]) -> Examples<'a> {
        Examples {
            comments: select(&self.comments, kept),
            targets: select(&self.targets, kept),
            text_scores: select(&self.text_scores, kept),
            dense: select(&self.dense, kept),
            scaling: self.scaling.clone(),
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

/// What decides whatever the headline.
pub(super) fn decide_general(
    examples: &Examples,
    rows: &Rows,
    labels: &[String],
    settings: &TrainSettings,
) -> Result<Decided> {
    let of_train = &examples.dense[..rows.n_train];
    let encoder = DenseEncoder::learn(of_train, labels, &settings.without);
    decide(examples, rows, encoder, settings)
}

/// A label needs so many rows under known headlines before anything is fitted to them, and so many development rows must
/// stand there before they decide in place of the folds.
const MIN_KNOWN: (usize, usize) = (20, 200);

/// What decides under headlines that are known; `None` where too few rows stand there.
pub(super) fn decide_known(
    examples: &Examples,
    rows: &Rows,
    topics: &[u64],
    labels: &[String],
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
    let of_train = &examples.dense[..n_train];
    let encoder = DenseEncoder::learn_known(of_train, topics, labels, &settings.without);
    decide(&examples, &rows, encoder, settings).map(Some)
}

/// Fits the second step to `examples`, which are `rows`.
fn decide(
    examples: &Examples,
    rows: &Rows,
    encoder: DenseEncoder,
    settings: &TrainSettings,
) -> Result<Decided> {
    let k = rows.k;
    let mut design = SparseMatrix::new(n_inputs(&encoder, k));
    for (scores, dense) in examples.text_scores.iter().zip(&examples.dense) {
        design.push_row(&inputs(&encoder, &examples.scaling, scores, dense));
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
    let comments = &examples.comments[deciding.clone()];
    let groups = group_numbers(comments);
    let weights: Vec<f64> = comments.iter().map(|c| c.weight).collect();
    let offsets = match settings.optimize {
        Optimize::MacroF1 => tune_offsets(&scores, k, &gold, &groups, &weights, settings.seed),
        Optimize::Accuracy => vec![0.0; k],
    };
    let folds: Vec<usize> = if deciding.start == 0 {
        rows.folds.of_row.clone()
    } else {
        groups.iter().map(|g| g % settings.n_folds).collect()
    };
    let figures = cross_fitted_figures(&scores, k, &gold, &groups, &weights, &folds, settings);

    design.truncate(rows.n_train);
    let targets = &examples.targets[..rows.n_train];
    let (fitted, solver) =
        fit_stance(&design, targets, rows.weights, k, chosen.alpha, chosen.full).map_err(unfit)?;
    Ok(Decided {
        stance: StanceModel::new(encoder, examples.scaling.clone(), &fitted),
        offsets,
        alpha: chosen.alpha,
        solver,
        figures,
        scores,
        gold,
    })
}
