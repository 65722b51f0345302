//! Step five: the text model, one score a label from the n-grams of a comment.

use crate::solver::LinearScores;
use half::f16;

/// A linear model over n-grams. Its weights are half-precision numbers, in memory as in the file, so that a saved model
/// is the model that was evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct TextModel {
    /// The weights, of shape `(n_ngrams, n_labels)` by rows.
    pub weights: Vec<f16>,
    /// The intercept of each label.
    pub intercept: Vec<f32>,
}

impl TextModel {
    /// The model with the weights of `fitted`, rounded.
    pub fn new(fitted: &LinearScores) -> Self {
        TextModel {
            weights: fitted.weights.iter().map(|&w| f16::from_f64(w)).collect(),
            intercept: fitted.intercept.iter().map(|&b| b as f32).collect(),
        }
    }

    /// The number of labels.
    pub fn n_labels(&self) -> usize {
        self.intercept.len()
    }

    /// The weights of one n-gram, one a label.
    pub fn ngram_weights(&self, column: u32) -> impl Iterator<Item = f64> + '_ {
        let k = self.n_labels();
        let from = column as usize * k;
        self.weights[from..from + k]
            .iter()
            .map(|w| f64::from(w.to_f32()))
    }

    /// The scores of a comment with the n-grams `row`, `(column, value)`.
    pub fn scores(&self, row: &[(u32, f32)]) -> Vec<f64> {
        let mut scores: Vec<f64> = self.intercept.iter().map(|&b| f64::from(b)).collect();
        for &(column, value) in row {
            for (score, weight) in scores.iter_mut().zip(self.ngram_weights(column)) {
                *score += f64::from(value) * weight;
            }
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_linear_in_the_row() {
        let model = TextModel::new(&LinearScores {
            weights: vec![1.0, -1.0, 0.5, 2.0],
            intercept: vec![0.25, 0.0],
        });
        assert_eq!(model.scores(&[(0, 2.0), (1, 1.0)]), [2.75, 0.0]);
        assert_eq!(model.scores(&[]), [0.25, 0.0]);
    }
}
