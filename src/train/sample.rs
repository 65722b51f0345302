//! What is learned from a sample, where there are very many rows.
//!
//! Five folds for each of several penalties cost thirty fits. Above [`super::TrainSettings::sample_above`] rows the
//! penalty is chosen on a sample of the rows; the text model is then fitted without the first fold, for scores of rows
//! whose groups it has not seen, and from there on all rows. A sample of the first fold is what the second step, the
//! offsets and all figures come from.

use super::fits::{Chosen, Rows, choose_alpha};
use super::learn::extract_all;
use super::{TrainSettings, unfit};
use crate::error::Result;
use crate::features::FeatureExtractor;
use crate::folds::Folds;
use crate::record::Comment;
use crate::solver::{LinearScores, Problem, SparseLogistic};
use crate::sparse::Design;

/// A fit on all rows has converged when the gradient's norm is at most this part of its norm at zero: about what
/// liblinear takes for enough. Every further digit costs as long again and moves no figure.
pub(super) const TOLERANCE: f64 = 1e-2;

/// The rows of each sample.
const SAMPLE_ROWS: usize = 20_000;

/// A sample of the rows for which `wanted` holds, increasing.
fn draw(n_rows: usize, wanted: impl Fn(usize) -> bool, seed: u64) -> Vec<usize> {
    let rows = (0..n_rows).filter(|&row| wanted(row));
    let mut drawn = fastrand::Rng::with_seed(seed).choose_multiple(rows, SAMPLE_ROWS);
    drawn.sort_unstable();
    drawn
}

/// The rows that the second step learns from, out of the first `n_rows`: a sample of the first fold, whole groups of
/// which the text model does not see.
pub(super) fn held_rows(folds: &Folds, n_rows: usize, seed: u64) -> Vec<usize> {
    draw(n_rows, |row| folds.of_row[row] == 0, seed)
}

/// The penalty that is best on a sample of the training rows.
pub(super) fn sampled_alpha(
    comments: &[&Comment],
    targets: &[u32],
    extractor: &FeatureExtractor,
    rows: &Rows,
    settings: &TrainSettings,
) -> Result<f64> {
    if let [alpha] = settings.text_alphas[..] {
        return Ok(alpha);
    }
    let drawn = draw(rows.n_train, |_| true, settings.seed);
    let comments: Vec<&Comment> = drawn.iter().map(|&row| comments[row]).collect();
    let targets: Vec<u32> = drawn.iter().map(|&row| targets[row]).collect();
    let weights: Vec<f64> = drawn.iter().map(|&row| rows.weights[row]).collect();
    let folds = rows.folds.select(&drawn);
    let (x, _) = extract_all(&comments, &targets, extractor, |_| false);
    let problem = Problem::new(&x, &targets, rows.k).map_err(unfit)?;
    let rows = Rows {
        n_train: drawn.len(),
        n_all: drawn.len(),
        n_context: 0,
        k: rows.k,
        weights: &weights,
        folds: &folds,
    };
    Ok(choose_alpha(&problem, &targets, &rows, &settings.text_alphas)?.alpha)
}

/// Fits without the first fold, for the scores of its rows, and then on all training rows, for those of development
/// rows; scores of other rows are of no use.
pub(super) fn fit_held(problem: &Problem<impl Design>, rows: &Rows, alpha: f64) -> Result<Chosen> {
    let settings = SparseLogistic {
        alpha,
        tolerance: TOLERANCE,
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
