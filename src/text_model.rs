//! Step five: the text model, one score a label from the n-grams of a comment.

use crate::features::ngrams::NgramRow;
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
        self.row(column).iter().map(|w| f64::from(w.to_f32()))
    }

    /// The weights of one n-gram as they are stored.
    pub fn row(&self, column: u32) -> &[f16] {
        let k = self.n_labels();
        let from = column as usize * k;
        &self.weights[from..from + k]
    }

    /// The scores of a comment with the n-grams `row`.
    pub fn scores(&self, row: &NgramRow) -> Vec<f64> {
        let mut sums = vec![0.0; self.n_labels()];
        for &(column, n) in &row.counts {
            for (sum, weight) in sums.iter_mut().zip(self.ngram_weights(column)) {
                *sum += f64::from(n) * weight;
            }
        }
        self.scaled(&sums, row.scale())
    }

    /// The scores for the `sums` of each label's weights over a row's n-grams and the row's `scale`.
    pub fn scaled(&self, sums: &[f64], scale: f64) -> Vec<f64> {
        let labels = sums.iter().zip(&self.intercept);
        labels.map(|(sum, &b)| f64::from(b) + scale * sum).collect()
    }
}

/// The text scores of a comment and of the texts that it stands under.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TextScores {
    /// Those of the comment, one a label.
    pub comment: Vec<f64>,
    /// Those of the headline read as if it were a comment; empty without a headline, and may be empty where the stance
    /// model has no inputs for them.
    pub headline: Vec<f64>,
    /// The same of the parent.
    pub parent: Vec<f64>,
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
        let row = |counts: &[(u32, u32)]| NgramRow {
            counts: counts.to_vec(),
        };
        // Counts 3 and 1 over √4.
        assert_eq!(
            model.scores(&row(&[(0, 3), (1, 1)])),
            [0.25 + 3.5 / 2.0, -1.0 / 2.0]
        );
        assert_eq!(model.scores(&row(&[])), [0.25, 0.0]);
    }
}
