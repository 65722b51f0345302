//! One Newton step: preconditioned conjugate gradients on the Hessian, in single precision.

use super::vectors::{PIECE, add_scaled, dot};
use super::{scores, transposed_product};
use crate::sparse::{Design, MIN_ROWS};
use rayon::prelude::*;

/// The most steps of conjugate gradients.
const MAX_STEPS: usize = 500;

/// The Hessian at some probabilities.
pub(super) struct Hessian<'a, X: Design> {
    x: &'a X,
    alpha: f64,
    k: usize,
    /// The weight of each row.
    totals: Vec<f32>,
    /// The probabilities, `(n_rows, k)`.
    p: Vec<f32>,
}

impl<'a, X: Design> Hessian<'a, X> {
    /// The Hessian for rows of weights `totals` with probabilities `p`, of shape `(n_rows, k)`.
    pub(super) fn new(x: &'a X, alpha: f64, totals: &[f64], p: &[f64], k: usize) -> Self {
        Hessian {
            x,
            alpha,
            k,
            totals: totals.iter().map(|&w| w as f32).collect(),
            p: p.iter().map(|&p| p as f32).collect(),
        }
    }

    /// The product with `v` into `out`.
    fn multiply_into(&self, v: &[f32], out: &mut [f32]) {
        let k = self.k;
        let mut u = scores(self.x, k, v);
        u.par_chunks_exact_mut(k)
            .zip(self.p.par_chunks_exact(k))
            .zip(&self.totals)
            .with_min_len(MIN_ROWS)
            .for_each(|((row, p), total)| {
                let mean: f32 = row.iter().zip(p).map(|(u, p)| u * p).sum();
                for (u, p) in row.iter_mut().zip(p) {
                    *u = total * p * (*u - mean);
                }
            });
        transposed_product(self.x, k, &u, out);
        let n_weights = self.x.n_columns() * k;
        add_scaled(&mut out[..n_weights], self.alpha as f32, &v[..n_weights]);
    }

    /// The inverse of the diagonal.
    fn inverse_diagonal(&self) -> Vec<f32> {
        let k = self.k;
        let curvature: Vec<f32> = self
            .p
            .chunks_exact(k)
            .zip(&self.totals)
            .flat_map(|(row, total)| row.iter().map(move |p| total * p * (1.0 - p)))
            .collect();
        let n_weights = self.x.n_columns() * k;
        let mut diagonal = vec![0.0; n_weights + k];
        self.x
            .squares_into(&curvature, k, &mut diagonal[..n_weights]);
        for d in &mut diagonal[..n_weights] {
            *d += self.alpha as f32;
        }
        for (label, d) in diagonal[n_weights..].iter_mut().enumerate() {
            let column = curvature.iter().skip(label).step_by(k);
            *d = (column.map(|&c| f64::from(c)).sum::<f64>() as f32).max(1e-8);
        }
        diagonal.iter_mut().for_each(|d| *d = 1.0 / *d);
        diagonal
    }
}

/// Solves `H d = −g` until the residual's norm is at most `enough`.
pub(super) fn newton_direction(hessian: &Hessian<impl Design>, g: &[f64], enough: f64) -> Vec<f64> {
    let inverse = hessian.inverse_diagonal();
    let mut d = vec![0f32; g.len()];
    let mut r: Vec<f32> = g.iter().map(|&g| -g as f32).collect();
    let mut v: Vec<f32> = r.iter().zip(&inverse).map(|(r, m)| r * m).collect();
    let mut hv = vec![0f32; g.len()];
    let mut ry = dot(&r, &v);
    for _ in 0..MAX_STEPS {
        hessian.multiply_into(&v, &mut hv);
        let curvature = dot(&v, &hv);
        if curvature.is_nan() || curvature <= 0.0 {
            break;
        }
        let (rr, next) = step(&mut d, &mut r, &v, &hv, &inverse, (ry / curvature) as f32);
        if rr.sqrt() <= enough {
            break;
        }
        turn(&mut v, &r, &inverse, (next / ry) as f32);
        ry = next;
    }
    d.into_iter().map(f64::from).collect()
}

/// `d += t v` and `r −= t hv`; returns `r·r` and `r·M⁻¹r`.
fn step(
    d: &mut [f32],
    r: &mut [f32],
    v: &[f32],
    hv: &[f32],
    inverse: &[f32],
    t: f32,
) -> (f64, f64) {
    let sums: Vec<(f64, f64)> = d
        .par_chunks_mut(PIECE)
        .zip(r.par_chunks_mut(PIECE))
        .zip(v.par_chunks(PIECE).zip(hv.par_chunks(PIECE)))
        .zip(inverse.par_chunks(PIECE))
        .map(|(((d, r), (v, hv)), inverse)| {
            for (d, v) in d.iter_mut().zip(v) {
                *d += t * v;
            }
            for (r, hv) in r.iter_mut().zip(hv) {
                *r -= t * hv;
            }
            squares(r, inverse)
        })
        .collect();
    sums.iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1))
}

/// `r·r` and `r·M⁻¹r`, in four sums each so that they need not wait for each other.
fn squares(r: &[f32], inverse: &[f32]) -> (f64, f64) {
    let (mut rr, mut ry) = ([0f64; 4], [0f64; 4]);
    for (r, m) in r.chunks(4).zip(inverse.chunks(4)) {
        for (i, (&r, &m)) in r.iter().zip(m).enumerate() {
            let square = f64::from(r) * f64::from(r);
            rr[i] += square;
            ry[i] += square * f64::from(m);
        }
    }
    (rr.iter().sum(), ry.iter().sum())
}

/// `v = M⁻¹r + beta v`.
fn turn(v: &mut [f32], r: &[f32], inverse: &[f32], beta: f32) {
    v.par_chunks_mut(PIECE)
        .zip(r.par_chunks(PIECE).zip(inverse.par_chunks(PIECE)))
        .for_each(|(v, (r, inverse))| {
            for ((v, r), m) in v.iter_mut().zip(r).zip(inverse) {
                *v = r * m + beta * *v;
            }
        });
}
