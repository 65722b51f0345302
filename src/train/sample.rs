//! The rows that the second step learns from, and what else comes from a sample where there are very many rows.
//!
//! Five folds for each of several penalties cost thirty fits. Above [`super::TrainSettings::sample_above`] rows the
//! penalty is chosen on a sample of the rows; the text model is then fitted without the first fold, for scores of rows
//! whose groups it has not seen, and from there on all rows. A sample of the first fold is what the second step, the
//! offsets and all figures come from.

use super::corpus::Corpus;
use super::fits::{Chosen, Rows, choose_alpha, unfit};
use super::learn::extract_all;
use super::rows::{fold_rows, select};
use super::settings::TrainSettings;
use crate::error::Result;
use crate::features::FeatureExtractor;
use crate::folds::Folds;
use crate::record::Comment;
use crate::solver::{LinearScores, Problem, SparseLogistic};
use crate::sparse::Design;

/// A fit on all rows has converged when the gradient's norm is at most this part of its norm at zero: about what
/// liblinear takes for enough. Every further digit costs as long again and moves no figure.
pub(super) const SAMPLED_TOLERANCE: f64 = 1e-2;

/// The rows of each sample.
const SAMPLE_ROWS: usize = 20_000;

/// A sample of the rows for which `wanted` holds, increasing.
fn draw(n_rows: usize, wanted: impl Fn(usize) -> bool, seed: u64) -> Vec<usize> {
    let rows = (0..n_rows).filter(|&row| wanted(row));
    let mut drawn = fastrand::Rng::with_seed(seed).choose_multiple(rows, SAMPLE_ROWS);
    drawn.sort_unstable();
    drawn
}

/// The rows that the second step learns from: all, or, where these are very many, a sample of the first fold, whole
/// groups of which the text model does not see.
pub(super) struct SecondRows {
    /// Rows of the corpus, increasing: training rows, then all development rows.
    pub(super) all: Vec<usize>,
    /// How many of them are training rows.
    pub(super) n_train: usize,
    /// Whether these are a sample.
    pub(super) is_sample: bool,
    weights: Vec<f64>,
    folds: Folds,
}

impl SecondRows {
    /// Those of `corpus`; copies of rows with less context are in no sample.
    pub(super) fn of(corpus: &Corpus, settings: &TrainSettings) -> Result<Self> {
        let is_sample = corpus.n_own > settings.sample_above;
        let (of_train, folds) = if is_sample {
            let first = |row: usize| corpus.folds.of_row[row] == 0;
            let drawn = draw(corpus.n_own, first, settings.seed);
            let comments = select(&corpus.comments, &drawn);
            let targets = select(&corpus.targets, &drawn);
            let folds = fold_rows(&comments, &targets, corpus.labels.len(), settings)?;
            (drawn, folds)
        } else {
            ((0..corpus.n_train).collect(), corpus.folds.clone())
        };
        Ok(SecondRows {
            n_train: of_train.len(),
            is_sample,
            weights: select(&corpus.weights, &of_train),
            folds,
            all: [of_train, (corpus.n_train..corpus.comments.len()).collect()].concat(),
        })
    }

    /// Whether the row with this number in the corpus is one of them.
    pub(super) fn has(&self, row: usize) -> bool {
        self.all.binary_search(&row).is_ok()
    }

    /// The rows of a fit to them, with `k` labels.
    pub(super) fn rows(&self, k: usize) -> Rows<'_> {
        Rows {
            n_train: self.n_train,
            n_all: self.all.len(),
            n_context: 0,
            k,
            weights: &self.weights,
            folds: &self.folds,
        }
    }

    /// The rows that tell how good the model is: the development rows, or else the training rows but for copies, which
    /// stand last.
    pub(super) fn deciding<'a>(&self, corpus: &Corpus<'a>) -> Vec<&'a Comment> {
        if corpus.dev().is_empty() {
            let own = self.all.iter().filter(|&&row| row < corpus.n_own);
            own.map(|&row| corpus.comments[row]).collect()
        } else {
            corpus.dev().to_vec()
        }
    }
}

/// The penalty of the text model that is best on a sample of the training rows.
pub(super) fn sampled_alpha(
    corpus: &Corpus,
    extractor: &FeatureExtractor,
    settings: &TrainSettings,
) -> Result<f64> {
    if let [alpha] = settings.text_alphas[..] {
        return Ok(alpha);
    }
    let k = corpus.labels.len();
    let drawn = draw(corpus.n_train, |_| true, settings.seed);
    let comments = select(&corpus.comments, &drawn);
    let targets = select(&corpus.targets, &drawn);
    let (x, _) = extract_all(&comments, &targets, extractor, |_| false);
    let problem = Problem::new(&x, &targets, k).map_err(unfit)?;
    let rows = Rows {
        n_train: drawn.len(),
        n_all: drawn.len(),
        n_context: 0,
        k,
        weights: &select(&corpus.weights, &drawn),
        folds: &corpus.folds.select(&drawn),
    };
    Ok(choose_alpha(&problem, &targets, &rows, &settings.text_alphas)?.alpha)
}

/// Fits without the first fold, for the scores of its rows, and then on all training rows, for those of development
/// rows; scores of other rows are of no use.
pub(super) fn fit_held(problem: &Problem<impl Design>, rows: &Rows, alpha: f64) -> Result<Chosen> {
    let settings = SparseLogistic {
        alpha,
        tolerance: SAMPLED_TOLERANCE,
        ..SparseLogistic::default()
    };
    let zero = LinearScores::zero(problem.n_features(), rows.k);
    let fit = |fold, start| problem.fit(&settings, &rows.padded_weights(fold), start);
    let (held, _) = fit(Some(0), zero).map_err(unfit)?;
    let context = rows.n_all * rows.k;
    let mut scores = problem.scores_of(&held);
    // All rows of the second step are in the first fold.
    let mut context_scores = vec![Vec::new(); rows.folds.n_folds + 1];
    context_scores[0] = scores.split_off(context);
    let (full, _) = fit(None, held).map_err(unfit)?;
    if rows.n_all > rows.n_train {
        let from = rows.n_train * rows.k;
        let found = problem.scores_of(&full);
        scores[from..].copy_from_slice(&found[from..context]);
        context_scores[rows.folds.n_folds] = found[context..].to_vec();
    }
    Ok(Chosen {
        alpha,
        scores,
        context_scores,
        full,
    })
}

#[cfg(test)]
mod tests {
    use super::super::train;
    use super::*;

    #[test]
    fn above_the_limit_figures_come_from_the_first_fold_and_the_model_from_all_rows() {
        let row = |i: usize| {
            let (text, label) = [
                ("where is the proof", "doubting"),
                ("well done", "confirming"),
            ][i % 2];
            Comment::new(format!("{text} {}", i % 7))
                .under(format!("Ship {} sunk", i / 4))
                .labelled(label)
        };
        let corpus: Vec<Comment> = (0..400).map(row).collect();
        let settings = TrainSettings {
            sample_above: 399,
            ..TrainSettings::default()
        };
        let trained = train(&corpus, &[], &settings).unwrap();
        // A fifth of the rows, two labels.
        assert_eq!(trained.out_of_fold.len(), 80 * 2);
        assert!(
            trained
                .notes
                .iter()
                .any(|note| note.contains("come from 80 of them"))
        );
        let classifier = trained.classifier;
        assert_eq!(classifier.provenance.rows, [200, 200]);
        assert_eq!(classifier.provenance.macro_f1, 1.0);
        let proof = classifier.classify(&Comment::new("proof?").under("Bridge blown up"));
        assert_eq!(classifier.labels[proof.label], "doubting");
        let at_the_limit = TrainSettings {
            sample_above: 400,
            ..TrainSettings::default()
        };
        let trained = train(&corpus, &[], &at_the_limit).unwrap();
        assert_eq!(trained.out_of_fold.len(), 400 * 2);
    }

    #[test]
    fn a_sample_is_increasing_and_the_same_for_the_same_seed() {
        let odd = |row| row % 2 == 1;
        let drawn = draw(100_000, odd, 3);
        assert_eq!(drawn.len(), SAMPLE_ROWS);
        assert!(drawn.windows(2).all(|w| w[0] < w[1]) && drawn.iter().all(|&row| odd(row)));
        assert_eq!(draw(100_000, odd, 3), drawn);
        assert_ne!(draw(100_000, odd, 4), drawn);
    }
}
