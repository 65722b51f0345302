//! Fits the stance model: linfa-logistic where all weights are 1 and the matrix is small enough to be dense; our own
//! solver, which has the same optimum, elsewhere.

use crate::solver::{LinearScores, Problem, SolverError, SparseLogistic};
use crate::sparse::{SparseMatrix, WithTransposed};
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::MultiLogisticRegression;
use ndarray::{Array1, Array2};

/// The most numbers of a dense matrix that linfa-logistic is given (320 MB).
const DENSE_LIMIT: usize = 40_000_000;

/// linfa-logistic starts where the gradient's norm is this many times what is enough: our own solver comes there in a
/// fraction of its time.
const NEAR: f64 = 2.0;

/// Which solver found the stance model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StanceSolver {
    /// linfa-logistic.
    Linfa,
    /// linfa-logistic, finished by our own solver because its gradient was not small enough.
    LinfaFinished,
    /// Our own solver.
    Newton,
}

impl StanceSolver {
    /// The name in the model's configuration.
    pub fn name(self) -> &'static str {
        match self {
            StanceSolver::Linfa => "linfa-logistic",
            StanceSolver::LinfaFinished => "linfa-logistic, then newton",
            StanceSolver::Newton => "newton",
        }
    }
}

/// Fits the stance model's weights to rows `x` of inputs, from `start`, which the optimum does not depend on.
///
/// # Errors
/// [`SolverError`] where the rows cannot be fitted or the fit does not converge.
pub fn fit_stance(
    x: &SparseMatrix,
    targets: &[u32],
    weights: &[f64],
    n_labels: usize,
    alpha: f64,
    start: LinearScores,
) -> Result<(LinearScores, StanceSolver), SolverError> {
    let settings = SparseLogistic {
        alpha,
        ..SparseLogistic::default()
    };
    let design = WithTransposed::new(x);
    let problem = Problem::new(&design, targets, n_labels)?;
    let zero = LinearScores::zero(x.n_columns, n_labels);
    let dense_enough = x.n_rows().saturating_mul(x.n_columns) <= DENSE_LIMIT;
    if weights.iter().any(|&w| w != 1.0) || !dense_enough {
        let (fitted, _) = problem.fit(&settings, weights, start)?;
        return Ok((fitted, StanceSolver::Newton));
    }
    let enough = settings.tolerance * problem.gradient_norm(alpha, weights, &zero);
    let roughly = SparseLogistic {
        tolerance: settings.tolerance * NEAR,
        ..settings.clone()
    };
    let (near, _) = problem.fit(&roughly, weights, start)?;
    let Some(found) = fit_linfa(x, targets, &near, alpha, enough) else {
        let (fitted, _) = problem.fit(&settings, weights, near)?;
        return Ok((fitted, StanceSolver::Newton));
    };
    if problem.gradient_norm(alpha, weights, &found) <= enough {
        return Ok((found, StanceSolver::Linfa));
    }
    // linfa-logistic stops at its step limit without saying so; the same optimum is near.
    let (fitted, _) = problem.fit(&settings, weights, found)?;
    Ok((fitted, StanceSolver::LinfaFinished))
}

/// linfa-logistic's fit; `None` where it fails or does not know all labels.
fn fit_linfa(
    x: &SparseMatrix,
    targets: &[u32],
    start: &LinearScores,
    alpha: f64,
    enough: f64,
) -> Option<LinearScores> {
    let mut dense = Array2::<f64>::zeros((x.n_rows(), x.n_columns));
    for row in 0..x.n_rows() {
        for (column, value) in x.row(row) {
            dense[[row, column]] = f64::from(value);
        }
    }
    let n_labels = start.intercept.len();
    // linfa-logistic takes the intercepts as a last row.
    let mut first = start.weights.clone();
    first.extend_from_slice(&start.intercept);
    let first = Array2::from_shape_vec((x.n_columns + 1, n_labels), first).ok()?;
    let targets: Array1<usize> = targets.iter().map(|&t| t as usize).collect();
    let fitted = MultiLogisticRegression::default()
        .alpha(alpha)
        .max_iterations(1000)
        .gradient_tolerance(enough)
        .initial_params(first)
        .fit(&DatasetBase::new(dense, targets))
        .ok()?;
    let finite = fitted
        .params()
        .iter()
        .chain(fitted.intercept())
        .all(|v| v.is_finite());
    let complete = fitted.classes().iter().copied().eq(0..n_labels);
    (finite && complete).then(|| LinearScores {
        weights: fitted.params().iter().copied().collect(),
        intercept: fitted.intercept().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> (SparseMatrix, Vec<u32>) {
        let mut rng = fastrand::Rng::with_seed(8);
        let mut x = SparseMatrix::new(4);
        let mut y = Vec::new();
        for _ in 0..80 {
            let row: Vec<(u32, f32)> = (0..4).map(|c| (c, rng.f32() - 0.5)).collect();
            y.push(u32::from(row[0].1 + rng.f32() > 0.5) + u32::from(row[1].1 > 0.2));
            x.push_row(&row);
        }
        (x, y)
    }

    #[test]
    fn linfa_and_our_solver_find_the_same_optimum() {
        let (x, y) = rows();
        let ones = vec![1.0; 80];
        let (theirs, _) = fit_stance(&x, &y, &ones, 3, 0.5, LinearScores::zero(4, 3)).unwrap();
        // The weight of a row that is not 1 sends the fit to our solver; of an extra empty row with weight 0 it sees
        // nothing.
        let (mut x2, mut y2, mut w2) = (x.clone(), y.clone(), ones.clone());
        x2.push_row(&[]);
        y2.push(0);
        w2.push(0.0);
        let (ours, solver) = fit_stance(&x2, &y2, &w2, 3, 0.5, LinearScores::zero(4, 3)).unwrap();
        assert_eq!(solver, StanceSolver::Newton);
        for (a, b) in theirs.weights.iter().zip(&ours.weights) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }
}
