//! The first step: every row becomes n-grams and dense features, and the text model is fitted, out of fold and to all.

use super::contexts::Contexts;
use super::corpus::Corpus;
use super::fits::{TEXT_TOLERANCE, choose_alpha, unfit};
use super::learn::extract_all;
use super::sample::{SAMPLED_TOLERANCE, SecondRows, fit_held, sampled_alpha};
use super::settings::TrainSettings;
use crate::error::Result;
use crate::features::dense::DenseFeatures;
use crate::features::{Block, FeatureExtractor};
use crate::record::Comment;
use crate::solver::{Problem, SparseLogistic};
use crate::text_model::{TextModel, TextScores};

/// The text model and what the second step learns from.
pub(super) struct TextStep {
    /// The text model, fitted to all training rows.
    pub(super) model: TextModel,
    /// Its penalty.
    pub(super) alpha: f64,
    /// The text scores of the second step's rows, out of fold for training rows.
    pub(super) scores: Vec<TextScores>,
    /// The dense features of the same rows.
    pub(super) dense: Vec<DenseFeatures>,
}

/// Fits the text model to the training rows, and scores the rows `second`.
pub(super) fn fit_text(
    corpus: &Corpus,
    extractor: &FeatureExtractor,
    second: &SecondRows,
    settings: &TrainSettings,
) -> Result<TextStep> {
    let k = corpus.labels.len();
    // Without inputs for them headlines and parents need no scores.
    let has_inputs = !settings.without.contains(&Block::ContextScores);
    let contexts = Contexts::of(&corpus.comments, |row| has_inputs && second.has(row));
    let rows = corpus.rows(contexts.texts.len());
    let comments: Vec<&Comment> = corpus
        .comments
        .iter()
        .copied()
        .chain(&contexts.texts)
        .collect();
    let (x, dense) = extract_all(&comments, corpus.train_targets(), extractor, |row| {
        second.has(row)
    });
    let mut targets = corpus.targets.clone();
    targets.resize(comments.len(), 0);
    let problem = Problem::new(&x, &targets, k).map_err(unfit)?;
    let (chosen, tolerance) = if second.is_sample {
        let alpha = sampled_alpha(corpus, extractor, settings)?;
        (fit_held(&problem, &rows, alpha)?, SAMPLED_TOLERANCE)
    } else {
        let chosen = choose_alpha(&problem, &targets, &rows, &settings.text_alphas)?;
        (chosen, TEXT_TOLERANCE)
    };
    let fold_of = |row: usize| corpus.folds.of_row.get(row).copied();
    let scores = second.all.iter();
    let scores = scores.map(|&row| contexts.text_scores(row, fold_of(row), &chosen, k));
    let scores = scores.collect();
    let last = SparseLogistic {
        alpha: chosen.alpha,
        tolerance,
        ..SparseLogistic::default()
    };
    let (fitted, _) = problem
        .fit(&last, &rows.padded_weights(None), chosen.full)
        .map_err(unfit)?;
    Ok(TextStep {
        model: TextModel::new(&x.expand(&fitted)),
        alpha: chosen.alpha,
        scores,
        dense,
    })
}

#[cfg(test)]
mod tests {
    use super::super::learn::learn_extractor;
    use super::*;

    #[test]
    fn headlines_are_scored_unless_their_scores_are_left_out() {
        let row = |i: usize| {
            let (text, label) = [("well done", "confirming"), ("where?", "doubting")][i % 2];
            Comment::new(text)
                .under(format!("Ship {} sunk", i / 4))
                .labelled(label)
        };
        let comments: Vec<Comment> = (0..80).map(row).collect();
        for (without, n_scores) in [(vec![], 2), (vec![Block::ContextScores], 0)] {
            let settings = TrainSettings {
                without,
                ..TrainSettings::default()
            };
            let corpus = Corpus::new(&comments, &[], &[], &settings).unwrap();
            let extractor = learn_extractor(&corpus, &settings);
            let second = SecondRows::of(&corpus, &settings).unwrap();
            let text = fit_text(&corpus, &extractor, &second, &settings).unwrap();
            assert_eq!(text.scores.len(), 80);
            for scores in text.scores {
                assert_eq!((scores.comment.len(), scores.headline.len()), (2, n_scores));
            }
        }
    }
}
