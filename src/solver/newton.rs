//! The truncated Newton method: conjugate gradients on the Hessian, which is never written down, and a line search.
//!
//! Each product with the Hessian is one product with the matrix and one with its transpose (Lin, Weng and Keerthi,
//! "Trust Region Newton Method for Large-Scale Logistic Regression", JMLR 9, 2008); as in their later work (Hsia, Zhu
//! and Lin, ACML 2017 and 2018) a diagonal preconditioner and a backtracking line search take the place of the trust
//! region. Rows of weight 0 cost time and nothing else, so a fold is a fit of the whole matrix with some weights at 0.

use super::{LinearScores, SolverError, SparseLogistic};
use crate::sparse::Design;
use rayon::prelude::*;

/// A matrix with its targets, ready to be fitted several times.
pub struct Problem<'a> {
    x: &'a dyn Design,
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

/// Sums are made over pieces of this length, in order, so that they do not depend on the number of threads.
const PIECE: usize = 4096;

fn sum_by_pieces(n: usize, f: impl Fn(std::ops::Range<usize>) -> f64 + Sync) -> f64 {
    let pieces: Vec<f64> = (0..n.div_ceil(PIECE))
        .into_par_iter()
        .map(|i| f(i * PIECE..((i + 1) * PIECE).min(n)))
        .collect();
    pieces.iter().sum()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    sum_by_pieces(a.len(), |r| {
        a[r.clone()].iter().zip(&b[r]).map(|(x, y)| x * y).sum()
    })
}

/// `a += t b`.
fn add_scaled(a: &mut [f64], t: f64, b: &[f64]) {
    let pieces = a.par_chunks_mut(PIECE).zip(b.par_chunks(PIECE));
    pieces.for_each(|(a, b)| {
        for (x, y) in a.iter_mut().zip(b) {
            *x += t * y;
        }
    });
}

impl<'a> Problem<'a> {
    /// Rows `x`, of shape `(n_rows, n_features)`, and the label of each row, below `n_labels`.
    ///
    /// # Errors
    /// [`SolverError::Unfit`] where there is no row, fewer than two labels, or the shapes do not fit.
    pub fn new(
        x: &'a dyn Design,
        targets: &'a [u32],
        n_labels: usize,
    ) -> Result<Self, SolverError> {
        let unfit = |what: &str| Err(SolverError::Unfit(what.to_string()));
        if x.n_rows() == 0 {
            return unfit("no rows to fit");
        }
        if n_labels < 2 {
            return unfit("one label only; expected at least two");
        }
        if targets.len() != x.n_rows() || targets.iter().any(|&t| t as usize >= n_labels) {
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

    /// The scores that `model` gives every row, of shape `(n_rows, n_labels)` by rows.
    pub fn scores_of(&self, model: &LinearScores) -> Vec<f64> {
        let mut w = model.weights.clone();
        w.extend_from_slice(&model.intercept);
        self.scores(&w)
    }

    /// The norm of the objective's gradient at `model`.
    pub fn gradient_norm(&self, alpha: f64, weights: &[f64], model: &LinearScores) -> f64 {
        let mut w = model.weights.clone();
        w.extend_from_slice(&model.intercept);
        let p = self.probabilities(&self.scores(&w));
        let g = self.gradient(alpha, weights, &w, &p);
        dot(&g, &g).sqrt()
    }

    /// Minimises the objective from `start` with `weights` for the rows.
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
        let mut w = start.weights;
        w.extend_from_slice(&start.intercept);
        let zero = LinearScores::zero(self.x.n_columns(), k);
        let at_zero = self.gradient_norm(settings.alpha, weights, &zero);
        let expected = settings.tolerance * at_zero.max(f64::MIN_POSITIVE);
        let mut z = self.scores(&w);
        let mut objective = self.objective(settings.alpha, weights, &w, &z);
        let mut iterations = 0;
        loop {
            let p = self.probabilities(&z);
            let g = self.gradient(settings.alpha, weights, &w, &p);
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
            if norm <= expected {
                return Ok((self.split(w), convergence));
            }
            if iterations == settings.max_iterations {
                return Err(SolverError::NotConverged {
                    iterations,
                    gradient: norm,
                    expected,
                });
            }
            iterations += 1;
            let forcing = (norm / at_zero).sqrt().min(0.1);
            let d = self.newton_direction(settings.alpha, weights, &p, &g, forcing * norm);
            let dz = self.scores(&d);
            let slope = dot(&g, &d);
            let mut t = 1.0;
            let mut accepted = false;
            for _ in 0..40 {
                let mut next_w = w.clone();
                add_scaled(&mut next_w, t, &d);
                let mut next_z = z.clone();
                add_scaled(&mut next_z, t, &dz);
                let next = self.objective(settings.alpha, weights, &next_w, &next_z);
                if next <= objective + 1e-4 * t * slope {
                    (w, z, objective, accepted) = (next_w, next_z, next, true);
                    break;
                }
                t /= 2.0;
            }
            if !accepted {
                // The objective cannot fall any further in floating point: the gradient is as small as it gets.
                if norm <= expected.max(1e-7 * at_zero) {
                    return Ok((self.split(w), convergence));
                }
                return Err(SolverError::NotConverged {
                    iterations,
                    gradient: norm,
                    expected,
                });
            }
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

    /// Scores of shape `(n_rows, n_labels)` for weights with the intercept behind them.
    fn scores(&self, w: &[f64]) -> Vec<f64> {
        let k = self.n_labels;
        let (weights, intercept) = w.split_at(self.x.n_columns() * k);
        let mut z = vec![0.0; self.x.n_rows() * k];
        self.x.multiply_into(weights, k, &mut z);
        z.par_chunks_exact_mut(k)
            .with_min_len(256)
            .for_each(|row| row.iter_mut().zip(intercept).for_each(|(z, b)| *z += b));
        z
    }

    fn probabilities(&self, z: &[f64]) -> Vec<f64> {
        let mut p = z.to_vec();
        p.par_chunks_exact_mut(self.n_labels)
            .with_min_len(256)
            .for_each(crate::scores::softmax);
        p
    }

    fn objective(&self, alpha: f64, weights: &[f64], w: &[f64], z: &[f64]) -> f64 {
        let k = self.n_labels;
        let loss = sum_by_pieces(self.targets.len(), |rows| {
            rows.map(|i| {
                if weights[i] == 0.0 {
                    return 0.0;
                }
                let row = &z[i * k..(i + 1) * k];
                weights[i] * (crate::scores::log_sum_exp(row) - row[self.targets[i] as usize])
            })
            .sum()
        });
        let penalised = &w[..self.x.n_columns() * k];
        loss + alpha / 2.0 * dot(penalised, penalised)
    }

    /// `Xᵀ r` and the column sums of `r` behind it, for `r` of shape `(n_rows, n_labels)`.
    fn transposed_product(&self, r: &[f64]) -> Vec<f64> {
        let k = self.n_labels;
        let n_weights = self.x.n_columns() * k;
        let mut out = vec![0.0; n_weights + k];
        self.x.multiply_transposed_into(r, k, &mut out[..n_weights]);
        for label in 0..k {
            out[n_weights + label] = sum_by_pieces(self.targets.len(), |rows| {
                rows.map(|i| r[i * k + label]).sum()
            });
        }
        out
    }

    fn gradient(&self, alpha: f64, weights: &[f64], w: &[f64], p: &[f64]) -> Vec<f64> {
        let k = self.n_labels;
        let mut r = p.to_vec();
        r.par_chunks_exact_mut(k)
            .enumerate()
            .with_min_len(256)
            .for_each(|(i, row)| {
                row[self.targets[i] as usize] -= 1.0;
                row.iter_mut().for_each(|v| *v *= weights[i]);
            });
        let mut g = self.transposed_product(&r);
        let n_weights = self.x.n_columns() * k;
        add_scaled(&mut g[..n_weights], alpha, &w[..n_weights]);
        g
    }

    fn hessian_product(&self, alpha: f64, weights: &[f64], p: &[f64], v: &[f64]) -> Vec<f64> {
        let k = self.n_labels;
        let mut u = self.scores(v);
        u.par_chunks_exact_mut(k)
            .enumerate()
            .with_min_len(256)
            .for_each(|(i, row)| {
                let p = &p[i * k..(i + 1) * k];
                let mean: f64 = row.iter().zip(p).map(|(u, p)| u * p).sum();
                for (u, p) in row.iter_mut().zip(p) {
                    *u = weights[i] * p * (*u - mean);
                }
            });
        let mut out = self.transposed_product(&u);
        let n_weights = self.x.n_columns() * k;
        add_scaled(&mut out[..n_weights], alpha, &v[..n_weights]);
        out
    }

    /// The inverse of the Hessian's diagonal.
    fn preconditioner(&self, alpha: f64, weights: &[f64], p: &[f64]) -> Vec<f64> {
        let k = self.n_labels;
        let curvature: Vec<f64> = p
            .iter()
            .enumerate()
            .map(|(i, p)| weights[i / k] * p * (1.0 - p))
            .collect();
        let n_weights = self.x.n_columns() * k;
        let mut diagonal = vec![0.0; n_weights + k];
        self.x
            .squares_into(&curvature, k, &mut diagonal[..n_weights]);
        diagonal[..n_weights].iter_mut().for_each(|d| *d += alpha);
        for label in 0..k {
            let sum = sum_by_pieces(self.targets.len(), |rows| {
                rows.map(|i| curvature[i * k + label]).sum()
            });
            diagonal[n_weights + label] = sum.max(1e-8);
        }
        diagonal.iter().map(|d| 1.0 / d).collect()
    }

    /// Solves `H d = −g` by preconditioned conjugate gradients until the residual's norm is at most `enough`.
    fn newton_direction(
        &self,
        alpha: f64,
        weights: &[f64],
        p: &[f64],
        g: &[f64],
        enough: f64,
    ) -> Vec<f64> {
        let inverse = self.preconditioner(alpha, weights, p);
        let precondition =
            |r: &[f64]| -> Vec<f64> { r.iter().zip(&inverse).map(|(r, m)| r * m).collect() };
        let mut d = vec![0.0; g.len()];
        let mut r: Vec<f64> = g.iter().map(|g| -g).collect();
        let mut y = precondition(&r);
        let mut v = y.clone();
        let mut ry = dot(&r, &y);
        for _ in 0..500 {
            let hv = self.hessian_product(alpha, weights, p, &v);
            let curvature = dot(&v, &hv);
            if curvature <= 0.0 {
                break;
            }
            let t = ry / curvature;
            add_scaled(&mut d, t, &v);
            add_scaled(&mut r, -t, &hv);
            if dot(&r, &r).sqrt() <= enough {
                break;
            }
            y = precondition(&r);
            let next = dot(&r, &y);
            let beta = next / ry;
            ry = next;
            for (v, y) in v.iter_mut().zip(&y) {
                *v = y + beta * *v;
            }
        }
        d
    }
}
