//! Sums over long vectors, the same bits at any number of threads.

use crate::sparse::Number;
use rayon::prelude::*;
use std::ops::Range;

/// Sums are made over pieces of this length, in order, so that they do not depend on the number of threads.
pub(super) const PIECE: usize = 1 << 14;

/// The sum of `f` over the pieces of `0..n`.
pub(super) fn sum_by_pieces(n: usize, f: impl Fn(Range<usize>) -> f64 + Sync) -> f64 {
    if n <= PIECE {
        return f(0..n);
    }
    let pieces: Vec<f64> = (0..n.div_ceil(PIECE))
        .into_par_iter()
        .map(|i| f(i * PIECE..((i + 1) * PIECE).min(n)))
        .collect();
    pieces.iter().sum()
}

/// The scalar product, in double precision.
pub(super) fn dot<T: Number>(a: &[T], b: &[T]) -> f64 {
    sum_by_pieces(a.len(), |r| dot_of_piece(&a[r.clone()], &b[r]))
}

/// [`dot`] of short vectors, in eight sums so that they need not wait for each other.
fn dot_of_piece<T: Number>(a: &[T], b: &[T]) -> f64 {
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for i in 0..8 {
            sums[i] += Into::<f64>::into(a[i]) * Into::<f64>::into(b[i]);
        }
    }
    let rest = a_rest.iter().zip(b_rest);
    let rest = rest.map(|(&a, &b)| Into::<f64>::into(a) * Into::<f64>::into(b));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

/// `a += t b`.
pub(super) fn add_scaled<T: Number>(a: &mut [T], t: T, b: &[T]) {
    let pieces = a.par_chunks_mut(PIECE).zip(b.par_chunks(PIECE));
    pieces.for_each(|(a, b)| {
        for (x, &y) in a.iter_mut().zip(b) {
            *x += t * y;
        }
    });
}
