//! The text model's matrix as a product of two: which words stand in each comment, and which n-grams each word has.
//!
//! A row of n-gram counts is the sum of its words' rows, so X = S A B: A, of shape `(n_rows, n_units)`, says which units
//! stand in a comment (a word with its own n-grams is one unit, an n-gram of several words another), B, of shape
//! `(n_units, n_columns)`, counts the n-grams of each unit, and S holds each row's scale. Comments repeat their words,
//! so A and B together have a fraction of the entries of X, and every product with X becomes two cheap ones.
//!
//! Rows of A that are the same are one row here: comments repeat too, short ones and headlines above all. Columns of B
//! that are the same are one column here, multiplied by √m for m of them. That does not change the penalised optimum: by
//! symmetry it gives equal weights w to equal columns, and m w² = (√m w)².

use crate::solver::LinearScores;
use crate::sparse::{Design, MIN_ROWS, Number, SparseMatrix, multiply_rows, transpose_entries};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher;

/// Collects examples; see [`Factored`].
#[derive(Debug)]
pub struct FactoredBuilder {
    /// The unit with each key.
    places: FxHashMap<u64, u32>,
    units: SparseMatrix,
    starts: Vec<usize>,
    members: Vec<u32>,
    /// How many n-grams each unit has.
    totals: Vec<u32>,
    row_totals: Vec<u32>,
    /// The row of each example.
    row_of: Vec<u32>,
    /// The rows by a hash of their members, or the next number that is free.
    rows: FxHashMap<u64, u32>,
}

impl FactoredBuilder {
    /// A builder without examples, for `n_columns` n-grams.
    pub fn new(n_columns: usize) -> Self {
        FactoredBuilder {
            places: FxHashMap::default(),
            units: SparseMatrix::new(n_columns),
            starts: vec![0],
            members: Vec::new(),
            totals: Vec::new(),
            row_totals: Vec::new(),
            row_of: Vec::new(),
            rows: FxHashMap::default(),
        }
    }

    /// Adds the unit called `key` to the example that is being built. `columns` fills in the columns of its n-grams, one
    /// of each occurrence; it is asked once for each key.
    pub fn add(&mut self, key: u64, columns: impl FnOnce(&mut Vec<u32>)) {
        let unit = match self.places.get(&key) {
            Some(&unit) => unit,
            None => {
                let mut found = Vec::new();
                columns(&mut found);
                found.sort_unstable();
                let mut row: Vec<(u32, f32)> = Vec::new();
                for &column in &found {
                    match row.last_mut() {
                        Some(last) if last.0 == column => last.1 += 1.0,
                        _ => row.push((column, 1.0)),
                    }
                }
                let unit = match row.is_empty() {
                    true => u32::MAX,
                    false => {
                        self.units.push_row(&row);
                        self.totals.push(found.len() as u32);
                        self.totals.len() as u32 - 1
                    }
                };
                self.places.insert(key, unit);
                unit
            }
        };
        if unit != u32::MAX {
            self.members.push(unit);
        }
    }

    /// Ends the example that is being built.
    pub fn end_example(&mut self) {
        let row = self.end_row();
        self.row_of.push(row);
    }

    /// Ends the row that is being built and returns its number: that of the row with the same members, where there is one.
    fn end_row(&mut self) -> u32 {
        let from = self.starts[self.starts.len() - 1];
        self.members[from..].sort_unstable();
        let members = &self.members[from..];
        let mut hasher = FxHasher::default();
        members.iter().for_each(|&unit| hasher.write_u32(unit));
        let mut hash = hasher.finish();
        while let Some(&row) = self.rows.get(&hash) {
            let at = row as usize;
            if self.members[self.starts[at]..self.starts[at + 1]] == *members {
                self.members.truncate(from);
                return row;
            }
            hash = hash.wrapping_add(1);
        }
        let row = self.row_totals.len() as u32;
        let total = members.iter().map(|&unit| self.totals[unit as usize]);
        self.row_totals.push(total.sum());
        self.starts.push(self.members.len());
        self.rows.insert(hash, row);
        row
    }

    /// Makes room for the examples of all `others`, so that appending them needs no room twice.
    pub fn reserve<'a>(&mut self, others: impl Iterator<Item = &'a FactoredBuilder>) {
        let (mut n_rows, mut n_members, mut n_examples) = (0, 0, 0);
        for other in others {
            n_rows += other.row_totals.len();
            n_members += other.members.len();
            n_examples += other.row_of.len();
        }
        self.starts.reserve_exact(n_rows);
        self.row_totals.reserve_exact(n_rows);
        self.rows.reserve(n_rows);
        self.members.reserve_exact(n_members);
        self.row_of.reserve_exact(n_examples);
    }

    /// Appends the examples of `other`.
    pub fn append(&mut self, other: FactoredBuilder) {
        let mut renumbered = vec![u32::MAX; other.totals.len()];
        let mut keys: Vec<(u32, u64)> = other.places.iter().map(|(&k, &u)| (u, k)).collect();
        keys.sort_unstable();
        for (unit, key) in keys {
            if unit == u32::MAX {
                continue;
            }
            let next = self.totals.len() as u32;
            let here = *self.places.entry(key).or_insert(next);
            renumbered[unit as usize] = here;
            if here == next {
                let row: Vec<(u32, f32)> = other
                    .units
                    .row(unit as usize)
                    .map(|(c, v)| (c as u32, v))
                    .collect();
                self.units.push_row(&row);
                self.totals.push(other.totals[unit as usize]);
            }
        }
        let rows = other.starts.windows(2).map(|row| {
            let members = &other.members[row[0]..row[1]];
            let members = members.iter().map(|&unit| renumbered[unit as usize]);
            self.members.extend(members);
            self.end_row()
        });
        let rows: Vec<u32> = rows.collect();
        let examples = other.row_of.iter().map(|&row| rows[row as usize]);
        self.row_of.extend(examples);
    }

    /// The matrix, each row scaled by `scale_of` of its number of n-grams.
    pub fn build(self, scale_of: impl Fn(f64) -> f64) -> Factored {
        let (units, merged) = merge_columns(&self.units);
        let totals = self.row_totals.iter();
        let scales = totals.map(|&n| scale_of(f64::from(n)) as f32);
        let rows = Pattern {
            starts: self.starts,
            columns: self.members,
            n_columns: self.totals.len(),
        };
        Factored {
            scales: scales.collect(),
            rows_transposed: rows.transpose(),
            rows,
            row_of: self.row_of,
            units_transposed: units.transpose(),
            units,
            merged,
        }
    }
}

/// A sparse matrix of ones; an entry that stands twice counts twice.
#[derive(Debug)]
struct Pattern {
    starts: Vec<usize>,
    columns: Vec<u32>,
    n_columns: usize,
}

impl Pattern {
    fn n_rows(&self) -> usize {
        self.starts.len() - 1
    }

    fn transpose(&self) -> Pattern {
        let (starts, columns) =
            transpose_entries(&self.starts, &self.columns, self.n_columns, |_, _| {});
        Pattern {
            starts,
            columns,
            n_columns: self.n_rows(),
        }
    }

    /// The product with `dense`, of shape `(n_columns, k)`, into `out`; each row is summed in a fixed order.
    fn multiply_into<T: Number>(&self, dense: &[T], k: usize, out: &mut [T]) {
        let row = |row| {
            let members = &self.columns[self.starts[row]..self.starts[row + 1]];
            members
                .iter()
                .map(|&column| (column as usize, T::from(1.0)))
        };
        multiply_rows(row, dense, k, out);
    }
}

/// The product of two sparse matrices with its rows scaled, ready for products.
#[derive(Debug)]
pub struct Factored {
    scales: Vec<f32>,
    rows: Pattern,
    /// The row of each example.
    row_of: Vec<u32>,
    rows_transposed: Pattern,
    units: SparseMatrix,
    units_transposed: SparseMatrix,
    /// The merged column of each n-gram, and the number of n-grams in each merged column.
    merged: Merged,
}

#[derive(Debug)]
struct Merged {
    of_column: Vec<u32>,
    sizes: Vec<u32>,
}

/// `units` with the same columns merged.
fn merge_columns(units: &SparseMatrix) -> (SparseMatrix, Merged) {
    let transposed = units.transpose();
    let n = units.n_columns;
    let range = |c: usize| transposed.starts[c]..transposed.starts[c + 1];
    let same = |a: usize, b: usize| {
        transposed.columns[range(a)] == transposed.columns[range(b)]
            && transposed.values[range(a)] == transposed.values[range(b)]
    };
    let mut merged = Merged {
        of_column: vec![u32::MAX; n],
        sizes: Vec::new(),
    };
    // The first columns of the merged ones, by the hash of what stands in them.
    let mut firsts: FxHashMap<u64, Vec<(usize, u32)>> = FxHashMap::default();
    // In the order in which units have them: what a unit's products read then lies together.
    let in_order = units.columns.iter().map(|&column| column as usize);
    for column in in_order.chain(0..n) {
        if merged.of_column[column] != u32::MAX {
            continue;
        }
        let mut hasher = FxHasher::default();
        for at in range(column) {
            hasher.write_u32(transposed.columns[at]);
            hasher.write_u32(transposed.values[at].to_bits());
        }
        let alike = firsts.entry(hasher.finish()).or_default();
        let found = alike.iter().find(|(first, _)| same(*first, column));
        let into = match found {
            Some(&(_, into)) => into,
            None => {
                let into = merged.sizes.len() as u32;
                alike.push((column, into));
                merged.sizes.push(0);
                into
            }
        };
        merged.of_column[column] = into;
        merged.sizes[into as usize] += 1;
    }
    let mut small = SparseMatrix::new(merged.sizes.len());
    for unit in 0..units.n_rows() {
        let mut row: Vec<(u32, f32)> = units
            .row(unit)
            .map(|(column, value)| {
                let into = merged.of_column[column];
                let size = f64::from(merged.sizes[into as usize]);
                (into, (f64::from(value) * size.sqrt()) as f32)
            })
            .collect();
        row.sort_unstable_by_key(|&(column, _)| column);
        row.dedup_by_key(|(column, _)| *column);
        small.push_row(&row);
    }
    (small, merged)
}

impl Factored {
    /// The model over all n-grams that `fitted`, a model over the merged columns, stands for.
    pub fn expand(&self, fitted: &LinearScores) -> LinearScores {
        let k = fitted.intercept.len();
        let mut weights = Vec::with_capacity(self.merged.of_column.len() * k);
        for &into in &self.merged.of_column {
            let into = into as usize;
            let root = f64::from(self.merged.sizes[into]).sqrt();
            // As the solver saw it: the root was rounded with the values.
            let row = &fitted.weights[into * k..(into + 1) * k];
            weights.extend(row.iter().map(|w| w / root));
        }
        LinearScores {
            weights,
            intercept: fitted.intercept.clone(),
        }
    }

    /// Multiplies each row of `r` by its scale.
    fn scale<T: Number>(&self, r: &mut [T], k: usize) {
        r.par_chunks_exact_mut(k)
            .zip(&self.scales)
            .with_min_len(MIN_ROWS)
            .for_each(|(row, &scale)| {
                let scale = T::from(scale);
                row.iter_mut().for_each(|v| *v = scale * *v);
            });
    }
}

impl Design for Factored {
    fn n_rows(&self) -> usize {
        self.rows.n_rows()
    }

    fn n_columns(&self) -> usize {
        self.units.n_columns
    }

    fn n_examples(&self) -> usize {
        self.row_of.len()
    }

    fn row_of(&self, example: usize) -> usize {
        self.row_of[example] as usize
    }

    fn multiply_into<T: Number>(&self, dense: &[T], k: usize, out: &mut [T]) {
        let mut by_unit = vec![T::default(); self.units.n_rows() * k];
        self.units.multiply_into(dense, k, &mut by_unit);
        self.rows.multiply_into(&by_unit, k, out);
        self.scale(out, k);
    }

    fn multiply_transposed_into<T: Number>(&self, r: &[T], k: usize, out: &mut [T]) {
        let mut scaled = r.to_vec();
        self.scale(&mut scaled, k);
        let mut by_unit = vec![T::default(); self.units.n_rows() * k];
        self.rows_transposed.multiply_into(&scaled, k, &mut by_unit);
        self.units_transposed.multiply_into(&by_unit, k, out);
    }

    /// Leaves out what two units of a row have in common, which makes the sums a little smaller than they are.
    fn squares_into(&self, curvature: &[f32], k: usize, out: &mut [f32]) {
        let mut scaled = curvature.to_vec();
        self.scale(&mut scaled, k);
        self.scale(&mut scaled, k);
        let mut by_unit = vec![0.0; self.units.n_rows() * k];
        self.rows_transposed.multiply_into(&scaled, k, &mut by_unit);
        self.units_transposed.squares_into(&by_unit, k, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solver::{Problem, SparseLogistic};
    use crate::sparse::WithTransposed;

    /// Rows of units over 6 columns, the last three of which are always the same.
    fn both() -> (Factored, SparseMatrix) {
        let units: [&[u32]; 4] = [&[0, 1], &[1, 3, 4, 5], &[2, 2], &[]];
        let scale = |n: f64| if n > 0.0 { 1.0 / n.sqrt() } else { 0.0 };
        let mut rng = fastrand::Rng::with_seed(4);
        let mut plain = SparseMatrix::new(6);
        let mut parts = [FactoredBuilder::new(6), FactoredBuilder::new(6)];
        for i in 0..40 {
            let mut counts = [0.0f64; 6];
            let builder = &mut parts[i / 20];
            for _ in 0..rng.usize(0..5) {
                let unit = rng.usize(0..4);
                builder.add(unit as u64 * 77, |columns| columns.extend(units[unit]));
                units[unit].iter().for_each(|&c| counts[c as usize] += 1.0);
            }
            builder.end_example();
            let s = scale(counts.iter().sum());
            let row: Vec<(u32, f32)> = (0..6u32)
                .map(|c| (c, (counts[c as usize] * s) as f32))
                .filter(|(_, v)| *v > 0.0)
                .collect();
            plain.push_row(&row);
        }
        let [mut first, second] = parts;
        first.append(second);
        (first.build(scale), plain)
    }

    #[test]
    fn the_optimum_is_that_of_the_plain_matrix() {
        let (factored, plain) = both();
        assert_eq!((factored.n_examples(), factored.n_columns()), (40, 4));
        // As no unit is a sum of others, examples share a row where their plain rows are the same.
        let same = |a: usize, b: usize| plain.row(a).eq(plain.row(b));
        for a in 0..40 {
            assert!((0..40).all(|b| (factored.row_of(a) == factored.row_of(b)) == same(a, b)));
        }
        assert!(factored.n_rows() < 40);
        let targets: Vec<u32> = (0..40).map(|i| (i * 7 % 3) as u32).collect();
        let settings = SparseLogistic {
            alpha: 0.3,
            tolerance: 1e-10,
            ..SparseLogistic::default()
        };
        let weights = vec![1.0; 40];
        let plain = WithTransposed::new(&plain);
        let plain_problem = Problem::new(&plain, &targets, 3).unwrap();
        let (expected, at) = plain_problem
            .fit(&settings, &weights, LinearScores::zero(6, 3))
            .unwrap();
        let problem = Problem::new(&factored, &targets, 3).unwrap();
        let (found, reached) = problem
            .fit(&settings, &weights, LinearScores::zero(4, 3))
            .unwrap();
        assert!((at.objective - reached.objective).abs() < 1e-6 * at.objective);
        // Intercepts are determined up to what is added to all labels, and so are a row's scores.
        let (a, b) = (
            problem.scores_of(&found),
            plain_problem.scores_of(&expected),
        );
        for (a, b) in a.chunks(3).zip(b.chunks(3)) {
            for l in 1..3 {
                let (a, b) = (a[l] - a[0], b[l] - b[0]);
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
        let found = factored.expand(&found);
        for (a, b) in found.weights.iter().zip(&expected.weights) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}
