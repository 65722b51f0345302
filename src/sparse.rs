//! A sparse matrix in compressed rows: what the text model is fitted on.

use rayon::prelude::*;

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
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, f32)> + '_ {
        let range = self.starts[row]..self.starts[row + 1];
        let columns = self.columns[range.clone()].iter();
        columns
            .zip(&self.values[range])
            .map(|(&column, &value)| (column as usize, value))
    }

    /// The transposed matrix, of shape `(n_columns, n_rows)`.
    pub fn transpose(&self) -> SparseMatrix {
        let mut starts = vec![0usize; self.n_columns + 1];
        for &column in &self.columns {
            starts[column as usize + 1] += 1;
        }
        for i in 0..self.n_columns {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut columns = vec![0u32; self.columns.len()];
        let mut values = vec![0f32; self.values.len()];
        for row in 0..self.n_rows() {
            for (column, value) in self.row(row) {
                let at = next[column];
                columns[at] = row as u32;
                values[at] = value;
                next[column] += 1;
            }
        }
        SparseMatrix {
            starts,
            columns,
            values,
            n_columns: self.n_rows(),
        }
    }

    /// The product with `dense`, of shape `(n_columns, k)` by rows, into `out`, of shape `(n_rows, k)`. Each row of
    /// the result is summed by itself in a fixed order: the same bits at any number of threads.
    pub fn multiply_into(&self, dense: &[f64], k: usize, out: &mut [f64]) {
        match k {
            2 => self.multiply_fixed::<2>(dense, out),
            3 => self.multiply_fixed::<3>(dense, out),
            4 => self.multiply_fixed::<4>(dense, out),
            _ => out
                .par_chunks_mut(k)
                .enumerate()
                .with_min_len(MIN_ROWS)
                .for_each(|(row, sum)| {
                    sum.fill(0.0);
                    for (column, value) in self.row(row) {
                        let from = &dense[column * k..(column + 1) * k];
                        for (s, d) in sum.iter_mut().zip(from) {
                            *s += f64::from(value) * d;
                        }
                    }
                }),
        }
    }

    /// The product of the matrix of squared values with `dense`, as [`SparseMatrix::multiply_into`].
    pub fn squares_into(&self, dense: &[f64], k: usize, out: &mut [f64]) {
        out.par_chunks_exact_mut(k)
            .enumerate()
            .with_min_len(MIN_ROWS)
            .for_each(|(row, sum)| {
                sum.fill(0.0);
                for (column, value) in self.row(row) {
                    let square = f64::from(value) * f64::from(value);
                    let from = &dense[column * k..(column + 1) * k];
                    for (s, d) in sum.iter_mut().zip(from) {
                        *s += square * d;
                    }
                }
            });
    }

    fn multiply_fixed<const K: usize>(&self, dense: &[f64], out: &mut [f64]) {
        let (dense, _) = dense.as_chunks::<K>();
        let (out, _) = out.as_chunks_mut::<K>();
        out.par_iter_mut()
            .enumerate()
            .with_min_len(MIN_ROWS)
            .for_each(|(row, out)| {
                let mut sum = [0.0; K];
                for (column, value) in self.row(row) {
                    let from = &dense[column];
                    for l in 0..K {
                        sum[l] += f64::from(value) * from[l];
                    }
                }
                *out = sum;
            });
    }
}

/// What the solver needs of a matrix of shape `(n_rows, n_columns)`: products, with the same bits at any number of
/// threads.
pub trait Design: Sync {
    /// The number of rows.
    fn n_rows(&self) -> usize;

    /// The number of columns.
    fn n_columns(&self) -> usize;

    /// The product with `dense`, of shape `(n_columns, k)` by rows, into `out`, of shape `(n_rows, k)`.
    fn multiply_into(&self, dense: &[f64], k: usize, out: &mut [f64]);

    /// The transposed matrix's product with `r`, of shape `(n_rows, k)`, into `out`, of shape `(n_columns, k)`.
    fn multiply_transposed_into(&self, r: &[f64], k: usize, out: &mut [f64]);

    /// The product of the transposed matrix of squared values with `curvature`, of shape `(n_rows, k)`, into `out`, of
    /// shape `(n_columns, k)`; may be off by a little, as it only preconditions.
    fn squares_into(&self, curvature: &[f64], k: usize, out: &mut [f64]);
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

    fn multiply_into(&self, dense: &[f64], k: usize, out: &mut [f64]) {
        self.x.multiply_into(dense, k, out);
    }

    fn multiply_transposed_into(&self, r: &[f64], k: usize, out: &mut [f64]) {
        self.transposed.multiply_into(r, k, out);
    }

    fn squares_into(&self, curvature: &[f64], k: usize, out: &mut [f64]) {
        self.transposed.squares_into(curvature, k, out);
    }
}

/// Rows that one thread takes at a time.
const MIN_ROWS: usize = 256;

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
