//! Multinomial logistic regression on a sparse matrix, behind linfa's [`Fit`] and [`PredictInplace`].
//!
//! Minimises, as linfa-logistic and scikit-learn do (alpha = 1/C),
//!
//! > Σᵢ wᵢ (log Σₗ exp(xᵢ·Wₗ + bₗ) − (xᵢ·W + b)_yᵢ) + alpha/2 ‖W‖²
//!
//! with the intercept b not penalised, by the truncated Newton method in [`newton`]. A fit that has not converged is an
//! error.

mod newton;

pub use newton::{Convergence, Problem};

use crate::sparse::{SparseMatrix, WithTransposed};
use linfa::DatasetBase;
use linfa::traits::{Fit, PredictInplace};
use ndarray::Array1;

/// The settings of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseLogistic {
    /// The strength of the penalty, above 0. Default 1.
    pub alpha: f64,
    /// The fit has converged when the gradient's norm is at most this part of its norm at zero. Default 1e-5.
    pub tolerance: f64,
    /// The most Newton steps. Default 200.
    pub max_iterations: usize,
    /// The number of labels; `None`: one more than the largest target.
    pub n_labels: Option<usize>,
}

impl Default for SparseLogistic {
    fn default() -> Self {
        SparseLogistic {
            alpha: 1.0,
            tolerance: 1e-5,
            max_iterations: 200,
            n_labels: None,
        }
    }
}

/// What a fit finds: one score a label, linear in the features.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearScores {
    /// The weights, of shape `(n_features, n_labels)` by rows.
    pub weights: Vec<f64>,
    /// The intercept of each label.
    pub intercept: Vec<f64>,
}

/// Why a fit failed.
#[derive(Debug, thiserror::Error)]
pub enum SolverError {
    /// The problem cannot be fitted.
    #[error("{0}")]
    Unfit(String),
    /// The steps ran out before the gradient was small.
    #[error(
        "the fit has not converged: after {iterations} steps the gradient is {gradient:e}, expected at most {expected:e}"
    )]
    NotConverged {
        /// Newton steps taken.
        iterations: usize,
        /// The gradient's norm.
        gradient: f64,
        /// The norm at which the fit would have converged.
        expected: f64,
    },
    /// linfa's own errors.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}

impl LinearScores {
    /// The model without weights.
    pub fn zero(n_features: usize, n_labels: usize) -> Self {
        LinearScores {
            weights: vec![0.0; n_features * n_labels],
            intercept: vec![0.0; n_labels],
        }
    }

    /// The scores of every row of `x`, of shape `(n_rows, n_labels)` by rows.
    pub fn scores(&self, x: &SparseMatrix) -> Vec<f64> {
        let k = self.intercept.len();
        let mut scores = vec![0.0; x.n_rows() * k];
        x.multiply_into(&self.weights, k, &mut scores);
        for row in scores.chunks_mut(k) {
            for (score, b) in row.iter_mut().zip(&self.intercept) {
                *score += b;
            }
        }
        scores
    }
}

impl Fit<SparseMatrix, Array1<usize>, SolverError> for SparseLogistic {
    type Object = LinearScores;

    /// Fits `dataset`; its weights, where there are any, weight the rows.
    fn fit(
        &self,
        dataset: &DatasetBase<SparseMatrix, Array1<usize>>,
    ) -> Result<LinearScores, SolverError> {
        let n = dataset.records.n_rows();
        let targets: Vec<u32> = dataset.targets.iter().map(|&t| t as u32).collect();
        let weights: Vec<f64> = match dataset.weights() {
            Some(w) => w.iter().map(|&w| f64::from(w)).collect(),
            None => vec![1.0; n],
        };
        let largest = dataset.targets.iter().max().map_or(0, |t| t + 1);
        let design = WithTransposed::new(&dataset.records);
        let problem = Problem::new(&design, &targets, self.n_labels.unwrap_or(largest))?;
        let start = LinearScores::zero(dataset.records.n_columns, problem.n_labels());
        Ok(problem.fit(self, &weights, start)?.0)
    }
}

impl PredictInplace<SparseMatrix, Array1<usize>> for LinearScores {
    /// Writes the label of the highest score of each row, the first of equals.
    fn predict_inplace(&self, x: &SparseMatrix, targets: &mut Array1<usize>) {
        let k = self.intercept.len();
        for (target, row) in targets.iter_mut().zip(self.scores(x).chunks(k)) {
            *target = crate::scores::argmax(row);
        }
    }

    fn default_target(&self, x: &SparseMatrix) -> Array1<usize> {
        Array1::zeros(x.n_rows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linfa::traits::Predict;
    use linfa_logistic::MultiLogisticRegression;
    use ndarray::Array2;

    /// 60 rows of 5 features and 3 labels that overlap, the same on every machine.
    fn small() -> (Array2<f64>, Vec<usize>) {
        let mut rng = fastrand::Rng::with_seed(3);
        let x = Array2::from_shape_fn((60, 5), |_| rng.f64() * 2.0 - 1.0);
        let y = (0..60)
            .map(|i| {
                let score = x[[i, 0]] * 2.0 - x[[i, 1]] + rng.f64() - 0.5;
                usize::from(score > -0.4) + usize::from(score > 0.5)
            })
            .collect();
        (x, y)
    }

    fn sparse(x: &Array2<f64>) -> SparseMatrix {
        let mut m = SparseMatrix::new(x.ncols());
        for row in x.rows() {
            let row: Vec<_> = row
                .iter()
                .enumerate()
                .map(|(j, &v)| (j as u32, v as f32))
                .collect();
            m.push_row(&row);
        }
        m
    }

    fn exact(x: &Array2<f64>) -> Array2<f64> {
        x.mapv(|v| f64::from(v as f32))
    }

    #[test]
    fn the_optimum_is_linfa_logistics() {
        let (x, y) = small();
        let x = exact(&x);
        let dataset = DatasetBase::new(x.clone(), Array1::from(y.clone()));
        let theirs = MultiLogisticRegression::default()
            .alpha(0.7)
            .gradient_tolerance(1e-9)
            .max_iterations(5000)
            .fit(&dataset)
            .unwrap();
        let ours = SparseLogistic {
            alpha: 0.7,
            tolerance: 1e-10,
            ..SparseLogistic::default()
        }
        .fit(&DatasetBase::new(sparse(&x), Array1::from(y)))
        .unwrap();
        for (i, w) in theirs.params().indexed_iter() {
            assert!((w - ours.weights[i.0 * 3 + i.1]).abs() < 1e-6, "{i:?}");
        }
    }

    #[test]
    fn a_weight_of_two_is_the_row_twice() {
        let (x, y) = small();
        let settings = SparseLogistic {
            tolerance: 1e-10,
            ..SparseLogistic::default()
        };
        let weights = Array1::from_shape_fn(60, |i| if i < 20 { 2.0 } else { 1.0 });
        let weighted = DatasetBase::new(sparse(&x), Array1::from(y.clone())).with_weights(weights);
        let weighted = settings.fit(&weighted).unwrap();
        let rows: Vec<usize> = (0..20).chain(0..60).collect();
        let twice = DatasetBase::new(
            sparse(&x.select(ndarray::Axis(0), &rows)),
            rows.iter().map(|&i| y[i]).collect(),
        );
        let twice = settings.fit(&twice).unwrap();
        for (a, b) in weighted.weights.iter().zip(&twice.weights) {
            assert!((a - b).abs() < 1e-6);
        }
    }

    #[test]
    fn features_that_say_nothing_get_no_weight() {
        // Both labels with each row: the gradient is 0 from the start, but for rounding.
        let mut x = SparseMatrix::new(2);
        for row in [0, 0, 1, 1] {
            x.push_row(&[(row, 0.1)]);
        }
        let dataset = DatasetBase::new(x, Array1::from(vec![0, 1, 0, 1]));
        let model = SparseLogistic::default().fit(&dataset).unwrap();
        assert!(model.weights.iter().all(|w| w.abs() < 1e-9));
    }

    #[test]
    fn separable_rows_are_predicted_and_unconverged_fits_refused() {
        let mut x = SparseMatrix::new(2);
        x.push_row(&[(0, 1.0)]);
        x.push_row(&[(1, 1.0)]);
        let dataset = DatasetBase::new(x, Array1::from(vec![1, 0]));
        let model = SparseLogistic::default().fit(&dataset).unwrap();
        assert_eq!(model.predict(&dataset).to_vec(), [1, 0]);
        let hurried = SparseLogistic {
            max_iterations: 0,
            ..SparseLogistic::default()
        };
        assert!(matches!(
            hurried.fit(&dataset),
            Err(SolverError::NotConverged { .. })
        ));
    }
}
