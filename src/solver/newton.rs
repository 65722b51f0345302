//! The truncated Newton method: conjugate gradients on the Hessian, which is never written down, and a line search.
//!
//! Each product with the Hessian is one product with the matrix and one with its transpose (Lin, Weng and Keerthi,
//! "Trust Region Newton Method for Large-Scale Logistic Regression", JMLR 9, 2008); as in their later work (Hsia, Zhu
//! and Lin, ACML 2017 and 2018) a diagonal preconditioner and a backtracking line search take the place of the trust
//! region. Rows of weight 0 cost time and nothing else, so a fold is a fit of the whole matrix with some weights at 0.
//!
//! Scores, gradient and objective are in double precision. A Newton step need not be exact, so that [`direction`] finds
//! it in single precision, where memory is the limit.

mod direction;
mod vectors;

use super::{LinearScores, SolverError, SparseLogistic};
use crate::sparse::{Design, MIN_ROWS, Number};
use direction::{Hessian, newton_direction};
use rayon::prelude::*;
use vectors::{add_scaled, dot, sum_by_pieces};

/// A matrix with its targets, ready to be fitted several times.
pub struct Problem<'a, X: Design> {
    x: &'a X,
    targets: &'a [u32],
    n_labels: usize,
}

/// How a fit ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Convergence {
    /// Newton steps taken.
    pub iterations: usize,
    /// The objective at the end.
    pub objective: f64,
    /// The gradient's norm at the end.
    pub gradient: f64,
}

/// Near the optimum a good step changes the objective by less than its rounding, of which it may rise by so much (the
/// approximate Wolfe conditions of Hager and Zhang, SIAM J. Optim. 16, 2005, make the same allowance).
const ROUNDING: f64 = 8.0 * f64::EPSILON;

/// The smallest gradient that is asked for, in weights of all examples: smaller ones are its rounding. Where features say
/// nothing of labels that are spread evenly, the gradient is 0 from the start.
const LEAST_GRADIENT: f64 = 1e-12;

/// What the rows of the matrix weigh.
struct RowWeights {
    /// The weight of each row's examples by label, `(n_rows, n_labels)`.
    by_label: Vec<f64>,
    /// The weight of each row's examples together.
    totals: Vec<f64>,
}

impl<'a, X: Design> Problem<'a, X> {
    /// Examples with the rows `x`, of shape `(n_rows, n_features)`, and the label of each example, below `n_labels`.
    ///
    /// # Errors
    /// [`SolverError::Unfit`] where there is no example, fewer than two labels, or the shapes do not fit.
    pub fn new(x: &'a X, targets: &'a [u32], n_labels: usize) -> Result<Self, SolverError> {
        let unfit = |what: &str| Err(SolverError::Unfit(what.to_string()));
        if x.n_examples() == 0 {
            return unfit("no rows to fit");
        }
        if n_labels < 2 {
            return unfit("one label only; expected at least two");
        }
        if targets.len() != x.n_examples() || targets.iter().any(|&t| t as usize >= n_labels) {
            return unfit("expected one target below the number of labels for each row");
        }
        Ok(Problem {
            x,
            targets,
            n_labels,
        })
    }

    /// The number of labels.
    pub fn n_labels(&self) -> usize {
        self.n_labels
    }

    /// The number of features.
    pub fn n_features(&self) -> usize {
        self.x.n_columns()
    }

    /// The scores that `model` gives every example, of shape `(n_examples, n_labels)` by rows.
    pub fn scores_of(&self, model: &LinearScores) -> Vec<f64> {
        let k = self.n_labels;
        let z = scores(self.x, k, &joined(model));
        let examples = 0..self.x.n_examples();
        let rows = examples.map(|example| self.x.row_of(example) * k);
        rows.flat_map(|at| &z[at..at + k]).copied().collect()
    }

    /// The norm of the objective's gradient at `model`, each example with its weight.
    pub fn gradient_norm(&self, alpha: f64, weights: &[f64], model: &LinearScores) -> f64 {
        let w = joined(model);
        let p = self.probabilities(&scores(self.x, self.n_labels, &w));
        let g = self.gradient(alpha, &self.row_weights(weights), &w, &p);
        dot(&g, &g).sqrt()
    }

    /// Minimises the objective from `start` with `weights` for the examples. Where `start` is nothing but zeros, the
    /// intercepts begin at what is best without features.
    ///
    /// # Errors
    /// [`SolverError::NotConverged`] where the steps run out, [`SolverError::Unfit`] where a number is not finite.
    pub fn fit(
        &self,
        settings: &SparseLogistic,
        weights: &[f64],
        start: LinearScores,
    ) -> Result<(LinearScores, Convergence), SolverError> {
        let k = self.n_labels;
        let n_weights = self.x.n_columns() * k;
        let alpha = settings.alpha;
        let n_scores = self.x.n_rows() * k;
        let rows = self.row_weights(weights);
        let mut w = joined(&start);
        // Zeros give even probabilities, without a product.
        let even = vec![1.0 / k as f64; n_scores];
        let g = self.gradient(alpha, &rows, &vec![0.0; w.len()], &even);
        let at_zero = dot(&g, &g).sqrt();
        let least = LEAST_GRADIENT * rows.totals.iter().sum::<f64>();
        let expected = (settings.tolerance * at_zero).max(least);
        let mut z = if w.iter().all(|&w| w == 0.0) {
            let intercept = self.log_shares(&rows);
            w[n_weights..].copy_from_slice(&intercept);
            intercept.iter().copied().cycle().take(n_scores).collect()
        } else {
            scores(self.x, k, &w)
        };
        let mut squares = dot(&w[..n_weights], &w[..n_weights]);
        let mut objective = self.loss(&rows, &z, &z, 0.0) + alpha / 2.0 * squares;
        let mut iterations = 0;
        loop {
            let p = self.probabilities(&z);
            let g = self.gradient(alpha, &rows, &w, &p);
            let norm = dot(&g, &g).sqrt();
            if !norm.is_finite() || !objective.is_finite() {
                return Err(SolverError::Unfit(
                    "a number in the fit is not finite".into(),
                ));
            }
            let convergence = Convergence {
                iterations,
                objective,
                gradient: norm,
            };
            let not_converged = SolverError::NotConverged {
                iterations,
                gradient: norm,
                expected,
            };
            if norm <= expected {
                return Ok((self.split(w), convergence));
            }
            if iterations == settings.max_iterations {
                return Err(not_converged);
            }
            iterations += 1;
            let hessian = Hessian::new(self.x, alpha, &rows.totals, &p, k);
            // No closer than single precision can tell, nor than is asked for.
            let forcing = (norm / at_zero).sqrt().clamp(1e-4, 0.1);
            let d = newton_direction(&hessian, &g, (forcing * norm).max(expected / 2.0));
            let dz = scores(self.x, k, &d);
            let slope = dot(&g, &d);
            let across = dot(&w[..n_weights], &d[..n_weights]);
            let along = dot(&d[..n_weights], &d[..n_weights]);
            let mut t = 1.0;
            let step = (0..40).find_map(|_| {
                let next_squares = squares + t * (2.0 * across + t * along);
                let next = self.loss(&rows, &z, &dz, t) + alpha / 2.0 * next_squares;
                let enough = objective + 1e-4 * t * slope + ROUNDING * objective.abs();
                let found = (next <= enough).then_some((t, next));
                t /= 2.0;
                found
            });
            let Some((t, next)) = step else {
                // The objective cannot fall any further in floating point: the gradient is as small as it gets.
                if norm <= expected.max(1e-7 * at_zero) {
                    return Ok((self.split(w), convergence));
                }
                return Err(not_converged);
            };
            add_scaled(&mut w, t, &d);
            add_scaled(&mut z, t, &dz);
            squares = dot(&w[..n_weights], &w[..n_weights]);
            objective = next;
        }
    }

    /// Weights with the intercept behind them, as a model.
    fn split(&self, mut w: Vec<f64>) -> LinearScores {
        let intercept = w.split_off(self.x.n_columns() * self.n_labels);
        LinearScores {
            weights: w,
            intercept,
        }
    }

    /// The weights of the examples, summed over those that share a row.
    fn row_weights(&self, weights: &[f64]) -> RowWeights {
        let k = self.n_labels;
        let mut by_label = vec![0.0; self.x.n_rows() * k];
        for (example, (&target, weight)) in self.targets.iter().zip(weights).enumerate() {
            by_label[self.x.row_of(example) * k + target as usize] += weight;
        }
        RowWeights {
            totals: by_label
                .chunks_exact(k)
                .map(|row| row.iter().sum())
                .collect(),
            by_label,
        }
    }

    /// The logarithm of each label's share of the weight, a share of 1/10,000 at least.
    fn log_shares(&self, rows: &RowWeights) -> Vec<f64> {
        let total = rows.totals.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let of_label = |label| rows.by_label.iter().skip(label).step_by(self.n_labels);
        (0..self.n_labels)
            .map(|label| (of_label(label).sum::<f64>() / total).max(1e-4).ln())
            .collect()
    }

    fn probabilities(&self, z: &[f64]) -> Vec<f64> {
        let mut p = z.to_vec();
        p.par_chunks_exact_mut(self.n_labels)
            .with_min_len(MIN_ROWS)
            .for_each(crate::scores::softmax);
        p
    }

    /// The log-loss at the scores `z + t dz`.
    fn loss(&self, rows: &RowWeights, z: &[f64], dz: &[f64], t: f64) -> f64 {
        let k = self.n_labels;
        sum_by_pieces(self.x.n_rows(), |piece| {
            let mut next = vec![0.0; k];
            let mut sum = 0.0;
            for i in piece.filter(|&i| rows.totals[i] != 0.0) {
                let at = i * k..(i + 1) * k;
                for ((next, z), dz) in next.iter_mut().zip(&z[at.clone()]).zip(&dz[at.clone()]) {
                    *next = z + t * dz;
                }
                let log_sum = crate::scores::log_sum_exp(&next);
                let losses = rows.by_label[at].iter().zip(&next);
                sum += losses.map(|(w, z)| w * (log_sum - z)).sum::<f64>();
            }
            sum
        })
    }

    fn gradient(&self, alpha: f64, rows: &RowWeights, w: &[f64], p: &[f64]) -> Vec<f64> {
        let k = self.n_labels;
        let mut r = p.to_vec();
        r.par_chunks_exact_mut(k)
            .zip(rows.by_label.par_chunks_exact(k))
            .zip(&rows.totals)
            .with_min_len(MIN_ROWS)
            .for_each(|((row, by_label), total)| {
                for (r, weight) in row.iter_mut().zip(by_label) {
                    *r = total * *r - weight;
                }
            });
        let mut g = vec![0.0; w.len()];
        transposed_product(self.x, k, &r, &mut g);
        let n_weights = self.x.n_columns() * k;
        add_scaled(&mut g[..n_weights], alpha, &w[..n_weights]);
        g
    }
}

/// The weights of `model` with the intercept behind them.
fn joined(model: &LinearScores) -> Vec<f64> {
    [model.weights.as_slice(), &model.intercept].concat()
}

/// Scores of shape `(n_rows, k)` for weights `w` with the intercept behind them.
fn scores<T: Number>(x: &impl Design, k: usize, w: &[T]) -> Vec<T> {
    let (weights, intercept) = w.split_at(x.n_columns() * k);
    let mut z = vec![T::default(); x.n_rows() * k];
    x.multiply_into(weights, k, &mut z);
    z.par_chunks_exact_mut(k)
        .with_min_len(MIN_ROWS)
        .for_each(|row| row.iter_mut().zip(intercept).for_each(|(z, &b)| *z += b));
    z
}

/// `Xᵀ r` and the column sums of `r` behind it into `out`, for `r` of shape `(n_rows, k)`.
fn transposed_product<T: Number>(x: &impl Design, k: usize, r: &[T], out: &mut [T]) {
    let (weights, intercept) = out.split_at_mut(x.n_columns() * k);
    x.multiply_transposed_into(r, k, weights);
    for (label, out) in intercept.iter_mut().enumerate() {
        let sum = sum_by_pieces(x.n_rows(), |rows| {
            rows.map(|i| r[i * k + label].into()).sum()
        });
        *out = T::rounded(sum);
    }
}
