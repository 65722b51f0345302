//! Intervals by drawing whole groups, because comments under one article are right or wrong together.

use super::Counts;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// A 95 % interval: (2.5 %, 97.5 %).
pub type Interval = (f64, f64);

/// How many times groups are drawn.
pub const DRAWS: usize = 2000;

/// Draws as many groups as there are, with replacement, again and again (Efron's percentile method).
#[derive(Debug, Clone)]
pub struct Bootstrap {
    /// The rows of each group.
    groups: Vec<Vec<usize>>,
    seed: u64,
}

impl Bootstrap {
    /// Draws of the groups of rows with these keys; a row whose key is `None` stands alone. The same `seed` gives the
    /// same draws at any number of threads.
    pub fn new<K: Ord>(keys: impl IntoIterator<Item = Option<K>>, seed: u64) -> Self {
        let mut places: BTreeMap<K, usize> = BTreeMap::new();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (row, key) in keys.into_iter().enumerate() {
            let at = match key {
                Some(key) => *places.entry(key).or_insert(groups.len()),
                None => groups.len(),
            };
            if at == groups.len() {
                groups.push(Vec::new());
            }
            groups[at].push(row);
        }
        Bootstrap { groups, seed }
    }

    /// The number of groups.
    pub fn n_groups(&self) -> usize {
        self.groups.len()
    }

    /// The interval of each of several figures. `predictions` are one or more lists of (gold, predicted) labels, below
    /// `k`, of the same rows; every draw takes the same rows from all, so that differences between them are paired.
    /// A draw in which a figure is undefined does not count for it; the interval is `None` where it is so in all.
    pub fn intervals(
        &self,
        predictions: &[&[(usize, usize)]],
        k: usize,
        figures: impl Fn(&[Counts]) -> Vec<Option<f64>> + Sync,
    ) -> Vec<Option<Interval>> {
        let of_group: Vec<Vec<Vec<(usize, u64)>>> = predictions
            .iter()
            .map(|pairs| self.groups.iter().map(|g| cells(g, pairs, k)).collect())
            .collect();
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let seeds: Vec<u64> = (0..DRAWS).map(|_| rng.u64(..)).collect();
        let drawn: Vec<Vec<Option<f64>>> = seeds
            .par_iter()
            .filter(|_| !self.groups.is_empty())
            .map(|&seed| {
                let mut rng = fastrand::Rng::with_seed(seed);
                let mut counts = vec![Counts::new(k); predictions.len()];
                for _ in 0..self.groups.len() {
                    let group = rng.usize(..self.groups.len());
                    for (counts, of_group) in counts.iter_mut().zip(&of_group) {
                        for &(cell, n) in &of_group[group] {
                            counts.add(cell / k, cell % k, n);
                        }
                    }
                }
                figures(&counts)
            })
            .collect();
        let n_figures = drawn.first().map_or(0, Vec::len);
        (0..n_figures)
            .map(|i| percentiles(drawn.iter().filter_map(|d| d[i]).collect()))
            .collect()
    }
}

/// How often each (gold, predicted) pair occurs among `rows`.
fn cells(rows: &[usize], pairs: &[(usize, usize)], k: usize) -> Vec<(usize, u64)> {
    let mut cells: BTreeMap<usize, u64> = BTreeMap::new();
    for &row in rows {
        let (gold, predicted) = pairs[row];
        *cells.entry(gold * k + predicted).or_default() += 1;
    }
    cells.into_iter().collect()
}

fn percentiles(mut values: Vec<f64>) -> Option<Interval> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)? as f64;
    let at = |share: f64| values[(last * share).round() as usize];
    Some((at(0.025), at(0.975)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accuracy(counts: &[Counts]) -> Vec<Option<f64>> {
        vec![counts[0].accuracy()]
    }

    #[test]
    fn one_group_has_an_interval_of_no_width() {
        let bootstrap = Bootstrap::new([Some("g"); 3], 1);
        let pairs = [(0, 0), (1, 1), (0, 1)];
        let intervals = bootstrap.intervals(&[&pairs], 2, accuracy);
        assert_eq!(intervals, [Some((2.0 / 3.0, 2.0 / 3.0))]);
    }

    /// 400 rows alone, half of them right: the normal approximation gives 0.5 ± 1.96 · 0.5 / 20 = ± 0.049. In groups of 4
    /// that are right or wrong together it is twice as wide.
    #[test]
    fn rows_that_go_together_make_the_interval_wider() {
        let pairs: Vec<(usize, usize)> = (0..400).map(|i| (0, i / 4 % 2)).collect();
        let width = |keys: Vec<Option<usize>>| {
            let (low, high) = Bootstrap::new(keys, 1).intervals(&[&pairs], 2, accuracy)[0].unwrap();
            high - low
        };
        assert!((width(vec![None; 400]) - 0.098).abs() < 0.006);
        assert!((width((0..400).map(|i| Some(i / 4)).collect()) - 0.196).abs() < 0.012);
    }

    #[test]
    fn a_paired_difference_of_equal_predictions_is_zero_in_every_draw() {
        let pairs: Vec<(usize, usize)> = (0..50).map(|i| (i % 2, i % 3 % 2)).collect();
        let bootstrap = Bootstrap::new(vec![None::<u8>; 50], 7);
        let difference = bootstrap.intervals(&[&pairs, &pairs], 2, |c| {
            vec![c[1].macro_f1().zip(c[0].macro_f1()).map(|(b, a)| b - a)]
        });
        assert_eq!(difference, [Some((0.0, 0.0))]);
    }

    #[test]
    fn nothing_has_no_interval() {
        let none = Bootstrap::new(Vec::<Option<u8>>::new(), 1);
        assert!(none.intervals(&[&[]], 2, accuracy).is_empty());
        assert_eq!(percentiles(Vec::new()), None);
    }
}
