//! The solver reaches the optimum that scikit-learn's `LogisticRegression` reaches on stored problems;
//! `tests/solver/make_problems.py` recorded them, with scikit-learn 1.9.1.

use stance::solver::{LinearScores, Problem, SparseLogistic};
use stance::sparse::{SparseMatrix, WithTransposed};

#[derive(serde::Deserialize)]
struct Stored {
    n_columns: usize,
    alpha: f64,
    objective: f64,
    targets: Vec<u32>,
    weights: Vec<f64>,
    rows: Vec<Vec<(u32, f32)>>,
}

fn stored(name: &str) -> Stored {
    let path = format!("tests/solver/{name}.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The objective reached, over scikit-learn's, minus 1.
fn excess(name: &str, tolerance: f64) -> f64 {
    let stored = stored(name);
    let mut x = SparseMatrix::new(stored.n_columns);
    stored.rows.iter().for_each(|row| x.push_row(row));
    let design = WithTransposed::new(&x);
    let n_labels = 1 + *stored.targets.iter().max().unwrap() as usize;
    let problem = Problem::new(&design, &stored.targets, n_labels).unwrap();
    let settings = SparseLogistic {
        alpha: stored.alpha,
        tolerance,
        ..SparseLogistic::default()
    };
    let zero = LinearScores::zero(stored.n_columns, n_labels);
    let (_, reached) = problem.fit(&settings, &stored.weights, zero).unwrap();
    reached.objective / stored.objective - 1.0
}

#[test]
fn the_default_tolerance_is_within_a_millionth_of_scikit_learns_optimum() {
    for name in ["dense", "words", "weighted"] {
        let excess = excess(name, SparseLogistic::default().tolerance);
        assert!(excess.abs() < 1e-6, "{name}: {excess:e}");
    }
}

#[test]
fn a_strict_tolerance_reaches_the_same_optimum_to_ten_digits() {
    for name in ["dense", "words", "weighted"] {
        let excess = excess(name, 1e-9);
        assert!(excess.abs() < 1e-10, "{name}: {excess:e}");
    }
}
