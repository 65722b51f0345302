//! Step six: the stance model, logistic regression over text scores, context and surface features.
//!
//! Its inputs are the comment's text scores, divided by their spread; the same scores again under each open gate; the
//! text scores of headline and parent, and their products with the comment's, so that agreeing with a doubter can be
//! doubting; the dense columns, 0 or 1; and the comment's embedding, where the model has embeddings. linfa-logistic fits
//! it, or our own solver (`stance_model/fit.rs`).

mod fit;

pub use fit::{StanceSolver, fit_stance};

use crate::features::dense::{DenseEncoder, DenseFeatures, Scored};
use crate::solver::LinearScores;
use crate::text_model::TextScores;

/// The stance model.
#[derive(Debug, Clone, PartialEq)]
pub struct StanceModel {
    /// Chooses the dense columns and the gates.
    pub encoder: DenseEncoder,
    /// Turns text scores into inputs.
    pub scaling: ScoreScaling,
    /// The weights, of shape `(n_inputs, n_labels)` by rows.
    pub weights: Vec<f32>,
    /// The intercept of each label.
    pub intercept: Vec<f32>,
}

/// The largest size of a headline's or parent's text score as an input, in spreads of the comments' scores.
pub(crate) const MAX_CONTEXT_SCORE: f64 = 3.0;

/// How text scores become inputs: divided by a spread; those of headline and parent also cut off. Where every training row
/// has a headline, one that is missing later counts as an ordinary one.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreScaling {
    /// What text scores are divided by: the root mean square of comments' scores about their mean over labels.
    pub spread: f64,
    /// The mean input of headlines' scores, one number a label, from −3 to 3: the input where a headline is missing. Empty
    /// where training knew missing ones, or none at all: then there is no input.
    pub headline_means: Vec<f64>,
}

impl ScoreScaling {
    /// That of the comments with these scores for `n_labels` labels; it takes 1 for a spread of 0.
    pub fn learn(rows: &[&TextScores], n_labels: usize) -> Self {
        let mut squares = 0.0;
        for row in rows {
            let mean = row.comment.iter().sum::<f64>() / n_labels as f64;
            squares += row.comment.iter().map(|s| (s - mean).powi(2)).sum::<f64>();
        }
        let spread = (squares / (rows.len() * n_labels).max(1) as f64).sqrt();
        let spread = if spread > 1e-9 { spread } else { 1.0 };
        let mean = |label: usize| {
            let clipped = rows.iter().map(|row| clipped(row.headline[label], spread));
            clipped.sum::<f64>() / rows.len() as f64
        };
        let all_have_headlines = rows.iter().all(|row| !row.headline.is_empty());
        let n_means = if all_have_headlines { n_labels } else { 0 };
        ScoreScaling {
            spread,
            headline_means: (0..n_means).map(mean).collect(),
        }
    }
}

/// A text score of headline or parent in spreads, cut off at [`MAX_CONTEXT_SCORE`] on either side.
fn clipped(score: f64, spread: f64) -> f64 {
    (score / spread).clamp(-MAX_CONTEXT_SCORE, MAX_CONTEXT_SCORE)
}

/// The first input of the text with number `text` among [`DenseEncoder::scored`]: one for each of its scores, then, for
/// each of these, one for its product with each of the comment's.
fn first_scored(encoder: &DenseEncoder, n_labels: usize, text: usize) -> usize {
    n_labels * (1 + encoder.gates().len()) + text * n_labels * (1 + n_labels)
}

/// The input of the first dense column; those of the embedding follow behind the last column.
pub fn first_column(encoder: &DenseEncoder, n_labels: usize) -> usize {
    first_scored(encoder, n_labels, encoder.scored().len())
}

/// For each text of [`DenseEncoder::scored`] that is there, or counts as an ordinary one, its first input and its scores as
/// inputs.
pub fn context_scores<'a>(
    encoder: &'a DenseEncoder,
    scaling: &'a ScoreScaling,
    text_scores: &'a TextScores,
) -> impl Iterator<Item = (Scored, usize, Vec<f64>)> + 'a {
    let k = text_scores.comment.len();
    let texts = encoder.scored().iter().enumerate();
    texts.filter_map(move |(i, &text)| {
        let (scores, missing): (_, &[f64]) = match text {
            Scored::Headline => (&text_scores.headline, &scaling.headline_means),
            Scored::Parent => (&text_scores.parent, &[]),
        };
        let scaled = scores.iter().map(|&score| clipped(score, scaling.spread));
        let inputs: Vec<f64> = match scores.is_empty() {
            false => scaled.collect(),
            true => missing.to_vec(),
        };
        (!inputs.is_empty()).then(|| (text, first_scored(encoder, k, i), inputs))
    })
}

/// The inputs of the comment's embedding.
pub fn embedding_inputs(
    encoder: &DenseEncoder,
    n_labels: usize,
    dense: &DenseFeatures,
) -> impl Iterator<Item = (u32, f32)> {
    let scale = encoder.embedding().map(|e| e.scale);
    let first = first_column(encoder, n_labels) + encoder.columns().len();
    scale.into_iter().flat_map(move |scale| {
        let values = dense.embedding.iter().zip(first as u32..);
        values.map(move |(value, input)| (input, value * scale))
    })
}

/// The number of inputs for `n_labels` labels.
pub fn n_inputs(encoder: &DenseEncoder, n_labels: usize) -> usize {
    let embedding = encoder.embedding().map_or(0, |e| e.n_dimensions);
    first_column(encoder, n_labels) + encoder.columns().len() + embedding
}

/// The inputs of one comment, `(column, value)`, columns increasing.
pub fn inputs(
    encoder: &DenseEncoder,
    scaling: &ScoreScaling,
    text_scores: &TextScores,
    dense: &DenseFeatures,
) -> Vec<(u32, f32)> {
    let mut row = Vec::with_capacity(64);
    each_input(encoder, scaling, text_scores, dense, |input, value| {
        row.push((input as u32, value));
    });
    row
}

/// Calls `each` with every input of one comment and its value, increasing.
fn each_input(
    encoder: &DenseEncoder,
    scaling: &ScoreScaling,
    text_scores: &TextScores,
    dense: &DenseFeatures,
    mut each: impl FnMut(usize, f32),
) {
    let k = text_scores.comment.len();
    let scaled = || {
        text_scores
            .comment
            .iter()
            .map(|s| (s / scaling.spread) as f32)
    };
    let blocks = std::iter::once(0).chain(encoder.open_gates(dense).map(|g| g + 1));
    for block in blocks {
        for (label, score) in scaled().enumerate() {
            each(block * k + label, score);
        }
    }
    for (_, first, theirs) in context_scores(encoder, scaling, text_scores) {
        for (i, &t) in theirs.iter().enumerate() {
            each(first + i, t as f32);
        }
        for (i, &t) in theirs.iter().enumerate() {
            for (label, score) in scaled().enumerate() {
                each(first + k + i * k + label, score * t as f32);
            }
        }
    }
    let first = first_column(encoder, k);
    for column in encoder.active_columns(dense) {
        each(first + column, 1.0);
    }
    for (input, value) in embedding_inputs(encoder, k, dense) {
        each(input as usize, value);
    }
}

impl StanceModel {
    /// The model with the weights of `fitted`.
    pub fn new(encoder: DenseEncoder, scaling: ScoreScaling, fitted: &LinearScores) -> Self {
        StanceModel {
            encoder,
            scaling,
            weights: fitted.weights.iter().map(|&w| w as f32).collect(),
            intercept: fitted.intercept.iter().map(|&b| b as f32).collect(),
        }
    }

    /// The number of labels.
    pub fn n_labels(&self) -> usize {
        self.intercept.len()
    }

    /// The scores of a comment.
    pub fn scores(&self, text_scores: &TextScores, dense: &DenseFeatures) -> Vec<f64> {
        let mut scores: Vec<f64> = self.intercept.iter().map(|&b| f64::from(b)).collect();
        let add = |input: usize, value: f32| {
            for (score, weight) in scores.iter_mut().zip(self.input_weights(input)) {
                *score += f64::from(value) * f64::from(*weight);
            }
        };
        each_input(&self.encoder, &self.scaling, text_scores, dense, add);
        scores
    }

    /// The weights of one input, one a label.
    pub fn input_weights(&self, input: usize) -> &[f32] {
        let k = self.n_labels();
        &self.weights[input * k..(input + 1) * k]
    }

    /// What these inputs, with their values, add to each label's score.
    pub fn sum_of_inputs(&self, inputs: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
        let mut sums = vec![0.0; self.n_labels()];
        for (input, value) in inputs {
            for (sum, &weight) in sums.iter_mut().zip(self.input_weights(input)) {
                *sum += value * f64::from(weight);
            }
        }
        sums
    }

    /// What one unit of each of the comment's text scores adds to each label's score, given the open gates and the text
    /// scores of headline and parent: `k × k` by text score.
    pub fn text_score_weights(&self, text_scores: &TextScores, dense: &DenseFeatures) -> Vec<f64> {
        let k = self.n_labels();
        let mut sum = vec![0.0; k * k];
        let mut add = |first: usize, factor: f64| {
            let weights = &self.weights[first * k..(first + k) * k];
            for (s, w) in sum.iter_mut().zip(weights) {
                *s += factor * f64::from(*w) / self.scaling.spread;
            }
        };
        add(0, 1.0);
        for gate in self.encoder.open_gates(dense) {
            add((1 + gate) * k, 1.0);
        }
        for (_, first, theirs) in context_scores(&self.encoder, &self.scaling, text_scores) {
            for (i, &t) in theirs.iter().enumerate() {
                add(first + k + i * k, t);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headline_and_parent_scores_multiply_the_comments() {
        let labels = ["no".to_string(), "yes".to_string()];
        let encoder = DenseEncoder::new(Vec::new(), Vec::new(), &labels)
            .unwrap()
            .with_scored(vec![Scored::Headline, Scored::Parent]);
        let scores = TextScores {
            comment: vec![2.0, -1.0],
            headline: Vec::new(),
            parent: vec![1.0, 8.0],
        };
        let scaling = ScoreScaling {
            spread: 2.0,
            headline_means: vec![0.25, 1.0],
        };
        let dense = DenseFeatures::default();
        let found = inputs(&encoder, &scaling, &scores, &dense);
        // Behind two of the comment the means for the headline, which is missing, and each times the comment's; then the
        // parent's halves, the second cut off at 3, and each times the comment's.
        let expected = [
            (0, 1.0),
            (1, -0.5),
            (2, 0.25),
            (3, 1.0),
            (4, 0.25),
            (5, -0.125),
            (6, 1.0),
            (7, -0.5),
            (8, 0.5),
            (9, 3.0),
            (10, 0.5),
            (11, -0.25),
            (12, 3.0),
            (13, -1.5),
        ];
        assert_eq!(found, expected);
        assert_eq!(n_inputs(&encoder, 2), 14);
        let model = StanceModel {
            encoder,
            scaling,
            weights: (0..28).map(|w| w as f32).collect(),
            intercept: vec![0.0; 2],
        };
        // What one unit of the comment's first score adds: rows 0, 4, 6, 10 and 12 of the weights, by 1, 0.25, 1,
        // 0.5 and 3, halved.
        let through = model.text_score_weights(&scores, &dense);
        assert_eq!(
            through[..2],
            [
                (2.0 + 12.0 + 10.0 + 72.0) / 2.0,
                (1.0 + 2.25 + 13.0 + 10.5 + 75.0) / 2.0
            ]
        );
    }

    #[test]
    fn scaling_is_the_spread_of_comments_and_the_mean_of_headlines() {
        let scores = |comment: [f64; 2], headline: &[f64]| TextScores {
            comment: comment.to_vec(),
            headline: headline.to_vec(),
            parent: Vec::new(),
        };
        let rows = [
            scores([2.0, -2.0], &[1.0, 20.0]),
            scores([3.0, -1.0], &[5.0, 4.0]),
        ];
        // All are 2 from their row's mean. The headlines' halves, 0.5 and 10, 2.5 and 2, are cut off at 3.
        let scaling = ScoreScaling::learn(&rows.each_ref(), 2);
        assert_eq!(scaling.spread, 2.0);
        assert_eq!(scaling.headline_means, [1.5, 2.5]);
        let bare = scores([0.0, 4.0], &[]);
        let scaling = ScoreScaling::learn(&[&rows[0], &bare], 2);
        assert!(scaling.headline_means.is_empty());
    }
}
