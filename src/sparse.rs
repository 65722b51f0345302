//! A sparse matrix in compressed rows: what the text model is fitted on.

use rayon::prelude::*;
use std::ops::{Add, AddAssign, Mul};

/// A number that products are made in: `f64`, or `f32`, which moves half the memory, where its digits are enough.
pub trait Number:
    Copy
    + Default
    + Send
    + Sync
    + Add<Output = Self>
    + Mul<Output = Self>
    + AddAssign
    + From<f32>
    + Into<f64>
{
    /// The number next to `value`.
    fn rounded(value: f64) -> Self;
}

impl Number for f32 {
    fn rounded(value: f64) -> f32 {
        value as f32
    }
}

impl Number for f64 {
    fn rounded(value: f64) -> f64 {
        value
    }
}

/// A sparse matrix of shape `(n_rows, n_columns)` in compressed rows (CSR).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparseMatrix {
    /// Where each row begins in `columns` and `values`; `n_rows + 1` numbers.
    pub starts: Vec<usize>,
    /// The column of each stored value; increasing within a row.
    pub columns: Vec<u32>,
    /// The stored values.
    pub values: Vec<f32>,
    /// The number of columns.
    pub n_columns: usize,
}

impl SparseMatrix {
    /// A matrix without rows.
    pub fn new(n_columns: usize) -> Self {
        SparseMatrix {
            starts: vec![0],
            n_columns,
            ..SparseMatrix::default()
        }
    }

    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Appends a row of `(column, value)`, columns increasing.
    pub fn push_row(&mut self, row: &[(u32, f32)]) {
        for &(column, value) in row {
            debug_assert!((column as usize) < self.n_columns);
            self.columns.push(column);
            self.values.push(value);
        }
        self.starts.push(self.columns.len());
    }

    /// Keeps the first `n_rows` rows.
    pub fn truncate(&mut self, n_rows: usize) {
        self.starts.truncate(n_rows + 1);
        let end = self.starts.last().copied().unwrap_or(0);
        self.columns.truncate(end);
        self.values.truncate(end);
    }

    /// The stored `(column, value)` of row `row`.
    #[inline]
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, f32)> + '_ {
        let range = self.starts[row]..self.starts[row + 1];
        let columns = self.columns[range.clone()].iter();
        columns
            .zip(&self.values[range])
            .map(|(&column, &value)| (column as usize, value))
    }

    /// The transposed matrix, of shape `(n_columns, n_rows)`.
    pub fn transpose(&self) -> SparseMatrix {
        let mut values = vec![0f32; self.values.len()];
        let (starts, columns) =
            transpose_entries(&self.starts, &self.columns, self.n_columns, |entry, at| {
                values[at] = self.values[entry]
            });
        SparseMatrix {
            starts,
            columns,
            values,
            n_columns: self.n_rows(),
        }
    }

    /// The product with `dense`, of shape `(n_columns, k)` by rows, into `out`, of shape `(n_rows, k)`. Each row of
    /// the result is summed by itself in a fixed order: the same bits at any number of threads.
    pub fn multiply_into<T: Number>(&self, dense: &[T], k: usize, out: &mut [T]) {
        let row = |row| self.row(row).map(|(column, v)| (column, T::from(v)));
        multiply_rows(row, dense, k, out);
    }

    /// The product of the matrix of squared values with `dense`, as [`SparseMatrix::multiply_into`].
    pub fn squares_into<T: Number>(&self, dense: &[T], k: usize, out: &mut [T]) {
        let row = |row| self.row(row).map(|(column, v)| (column, T::from(v * v)));
        multiply_rows(row, dense, k, out);
    }
}

/// The starts and the columns of the transposed matrix. `place` is told where each entry goes.
pub(crate) fn transpose_entries(
    starts: &[usize],
    columns: &[u32],
    n_columns: usize,
    mut place: impl FnMut(usize, usize),
) -> (Vec<usize>, Vec<u32>) {
    let mut transposed = vec![0usize; n_columns + 1];
    for &column in columns {
        transposed[column as usize + 1] += 1;
    }
    for i in 0..n_columns {
        transposed[i + 1] += transposed[i];
    }
    let mut next = transposed.clone();
    let mut rows = vec![0u32; columns.len()];
    for (row, range) in starts.windows(2).enumerate() {
        for entry in range[0]..range[1] {
            let at = &mut next[columns[entry] as usize];
            rows[*at] = row as u32;
            place(entry, *at);
            *at += 1;
        }
    }
    (transposed, rows)
}

/// The product of a matrix with `dense`, of shape `(n_columns, k)` by rows, into `out`, of shape `(n_rows, k)`; `row` gives
/// the `(column, value)` of a row. Each row is summed by itself in a fixed order: the same bits at any number of threads.
pub(crate) fn multiply_rows<T: Number, I: Iterator<Item = (usize, T)>>(
    row: impl Fn(usize) -> I + Sync,
    dense: &[T],
    k: usize,
    out: &mut [T],
) {
    match k {
        2 => multiply_rows_fixed::<2, T, I>(row, dense, out),
        3 => multiply_rows_fixed::<3, T, I>(row, dense, out),
        4 => multiply_rows_fixed::<4, T, I>(row, dense, out),
        _ => out
            .par_chunks_mut(MIN_ROWS * k)
            .enumerate()
            .for_each(|(piece, out)| {
                for (i, sum) in out.chunks_exact_mut(k).enumerate() {
                    sum.fill(T::default());
                    for (column, value) in row(piece * MIN_ROWS + i) {
                        let from = &dense[column * k..(column + 1) * k];
                        for (s, &d) in sum.iter_mut().zip(from) {
                            *s += value * d;
                        }
                    }
                }
            }),
    }
}

/// [`multiply_rows`] for a number of labels known to the compiler.
fn multiply_rows_fixed<const K: usize, T: Number, I: Iterator<Item = (usize, T)>>(
    row: impl Fn(usize) -> I + Sync,
    dense: &[T],
    out: &mut [T],
) {
    let (dense, _) = dense.as_chunks::<K>();
    let (out, _) = out.as_chunks_mut::<K>();
    out.par_chunks_mut(MIN_ROWS)
        .enumerate()
        .for_each(|(piece, out)| {
            for (i, out) in out.iter_mut().enumerate() {
                // Two sums, every other entry to each, do not wait for each other.
                let [mut sum, mut other] = [[T::default(); K]; 2];
                let mut entries = row(piece * MIN_ROWS + i);
                while let Some((column, value)) = entries.next() {
                    add_product(&mut sum, value, &dense[column]);
                    if let Some((column, value)) = entries.next() {
                        add_product(&mut other, value, &dense[column]);
                    }
                }
                for l in 0..K {
                    sum[l] += other[l];
                }
                *out = sum;
            }
        });
}

/// `sum += value from`.
#[inline]
fn add_product<const K: usize, T: Number>(sum: &mut [T; K], value: T, from: &[T; K]) {
    for l in 0..K {
        sum[l] += value * from[l];
    }
}

/// What the solver needs of a matrix of shape `(n_rows, n_columns)`: products, with the same bits at any number of
/// threads. Several examples may share a row.
pub trait Design: Sync {
    /// The number of rows.
    fn n_rows(&self) -> usize;

    /// The number of columns.
    fn n_columns(&self) -> usize;

    /// The number of examples; by default every row is one.
    fn n_examples(&self) -> usize {
        self.n_rows()
    }

    /// The row of `example`.
    fn row_of(&self, example: usize) -> usize {
        example
    }

    /// The product with `dense`, of shape `(n_columns, k)` by rows, into `out`, of shape `(n_rows, k)`.
    fn multiply_into<T: Number>(&self, dense: &[T], k: usize, out: &mut [T]);

    /// The transposed matrix's product with `r`, of shape `(n_rows, k)`, into `out`, of shape `(n_columns, k)`.
    fn multiply_transposed_into<T: Number>(&self, r: &[T], k: usize, out: &mut [T]);

    /// The product of the transposed matrix of squared values with `curvature`, of shape `(n_rows, k)`, into `out`, of
    /// shape `(n_columns, k)`; may be off by a little, as it only preconditions.
    fn squares_into(&self, curvature: &[f32], k: usize, out: &mut [f32]);
}

/// A matrix with its transposed one.
#[derive(Debug)]
pub struct WithTransposed<'a> {
    x: &'a SparseMatrix,
    transposed: SparseMatrix,
}

impl<'a> WithTransposed<'a> {
    /// `x` with its transposed matrix.
    pub fn new(x: &'a SparseMatrix) -> Self {
        WithTransposed {
            x,
            transposed: x.transpose(),
        }
    }
}

impl Design for WithTransposed<'_> {
    fn n_rows(&self) -> usize {
        self.x.n_rows()
    }

    fn n_columns(&self) -> usize {
        self.x.n_columns
    }

    fn multiply_into<T: Number>(&self, dense: &[T], k: usize, out: &mut [T]) {
        self.x.multiply_into(dense, k, out);
    }

    fn multiply_transposed_into<T: Number>(&self, r: &[T], k: usize, out: &mut [T]) {
        self.transposed.multiply_into(r, k, out);
    }

    fn squares_into(&self, curvature: &[f32], k: usize, out: &mut [f32]) {
        self.transposed.squares_into(curvature, k, out);
    }
}

/// Rows that one thread takes at a time.
pub(crate) const MIN_ROWS: usize = 2048;

impl linfa::dataset::Records for SparseMatrix {
    type Elem = f32;

    fn nsamples(&self) -> usize {
        self.n_rows()
    }

    fn nfeatures(&self) -> usize {
        self.n_columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> SparseMatrix {
        let mut m = SparseMatrix::new(3);
        m.push_row(&[(0, 1.0), (2, 2.0)]);
        m.push_row(&[]);
        m
    }

    #[test]
    fn transposing_swaps_rows_and_columns() {
        let t = small().transpose();
        assert_eq!((t.n_rows(), t.n_columns), (3, 2));
        assert_eq!(t.row(2).collect::<Vec<_>>(), [(0, 2.0)]);
        assert_eq!(t.transpose(), small());
    }

    #[test]
    fn products_are_right_for_every_width() {
        for k in 1..=6 {
            let dense: Vec<f64> = (0..3 * k).map(|i| i as f64).collect();
            let mut out = vec![9.0; 2 * k];
            small().multiply_into(&dense, k, &mut out);
            let expected: Vec<f64> = (0..k)
                .map(|l| l as f64 + 2.0 * (2 * k + l) as f64)
                .collect();
            assert_eq!(out[..k], expected);
            assert_eq!(out[k..], vec![0.0; k]);
        }
    }
}
