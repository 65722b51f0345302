//! Decision offsets: what is added to each label's score before the largest is decided for, so that macro-F1 is best.
//!
//! The offsets that are best for some rows fit their noise too. So they are tuned on several draws of whole groups and
//! averaged, after Breiman's bagging.

use crate::metrics::Counts;
use crate::scores::decide;
use rayon::prelude::*;

const DRAWS: usize = 24;
/// The most rows of a draw, up to its last group: more make the offsets no better and take longer.
const DRAW_ROWS: usize = 20_000;

/// Offsets are tried at this distance, which moves a probability by half a hundredth at most.
const GRID: f64 = 0.02;
/// The largest offset that is tried, either way.
const LARGEST: f64 = 10.0;
const N_OFFSETS: usize = 1001;

/// Offsets for `scores`, of shape `(n_rows, k)` by rows, and `gold` labels; `groups` numbers the groups of the rows, and
/// a row counts as often as its weight says. They sum to 0.
pub fn tune_offsets(
    scores: &[f64],
    k: usize,
    gold: &[usize],
    groups: &[usize],
    weights: &[f64],
    seed: u64,
) -> Vec<f64> {
    let n_groups = groups.iter().max().map_or(0, |g| g + 1);
    let mut members = vec![Vec::new(); n_groups];
    for (row, &group) in groups.iter().enumerate() {
        members[group].push(row);
    }
    let mut rng = fastrand::Rng::with_seed(seed);
    let times: Vec<Vec<u32>> = (0..DRAWS)
        .map(|_| {
            let mut times = vec![0u32; n_groups];
            let mut n_rows = 0;
            for _ in 0..n_groups {
                if n_rows >= DRAW_ROWS {
                    break;
                }
                let group = rng.usize(..n_groups);
                times[group] += 1;
                n_rows += members[group].len();
            }
            times
        })
        .collect();
    let found: Vec<Vec<f64>> = times
        .par_iter()
        .map(|times| {
            let drawn = members.iter().zip(times).filter(|(_, times)| **times > 0);
            let rows = drawn.flat_map(|(rows, &times)| {
                rows.iter()
                    .map(move |&row| (row, f64::from(times) * weights[row]))
            });
            Draw::new(scores, k, gold, rows).ascend()
        })
        .collect();
    let mut mean = vec![0.0; k];
    for best in found {
        for (m, b) in mean.iter_mut().zip(&best) {
            *m += b / DRAWS as f64;
        }
    }
    mean
}

/// The macro-F1 of deciding by `scores` and `offsets`.
pub fn macro_f1(scores: &[f64], k: usize, gold: &[usize], offsets: &[f64]) -> f64 {
    let pairs = scores
        .chunks(k)
        .zip(gold)
        .map(|(s, &g)| (g, decide(s, offsets)));
    Counts::of(k, pairs).macro_f1().unwrap_or(0.0)
}

/// A draw of rows, side by side in memory.
struct Draw {
    k: usize,
    /// `(n_rows, k)`.
    scores: Vec<f64>,
    /// The gold label of each row, and how often the row counts.
    rows: Vec<(usize, f64)>,
}

impl Draw {
    /// `rows`, and how often each counts.
    fn new(
        scores: &[f64],
        k: usize,
        gold: &[usize],
        rows: impl Iterator<Item = (usize, f64)>,
    ) -> Self {
        let mut draw = Draw {
            k,
            scores: Vec::new(),
            rows: Vec::new(),
        };
        for (row, times) in rows {
            draw.scores.extend(&scores[row * k..(row + 1) * k]);
            draw.rows.push((gold[row], times));
        }
        draw
    }

    /// Coordinate ascent: one label's offset after the other is moved to where macro-F1 is highest.
    fn ascend(&self) -> Vec<f64> {
        let k = self.k;
        let mut offsets = vec![0.0; k];
        let mut best = f64::NEG_INFINITY;
        for _ in 0..10 {
            let before = best;
            for label in 0..k {
                let (offset, value) = self.best_offset(&offsets, label);
                if value > best + 1e-9 {
                    best = value;
                    offsets[label] = offset;
                }
            }
            if best <= before + 1e-9 {
                break;
            }
        }
        let mean = offsets.iter().sum::<f64>() / k as f64;
        offsets.iter().map(|o| o - mean).collect()
    }

    /// The offset of `label` with the highest macro-F1 and that macro-F1, the other offsets as they are. Of offsets that
    /// are equally good one after the other, the middle one is meant.
    ///
    /// A row is decided for `label` once its offset exceeds the row's margin. Rows are counted by the first offset that
    /// does, so that all offsets are tried in one sweep.
    fn best_offset(&self, offsets: &[f64], label: usize) -> (f64, f64) {
        let k = self.k;
        // How many rows each offset takes from each other label, how many of these were right, and how many become so.
        let width = 2 * k + 1;
        let mut taken = vec![0f64; (N_OFFSETS + 1) * width];
        let mut support = vec![0f64; k];
        let (mut predicted, mut right) = (vec![0f64; k], vec![0f64; k]);
        for (s, &(gold, times)) in self.scores.chunks_exact(k).zip(&self.rows) {
            let (mut other, mut highest) = (0, f64::NEG_INFINITY);
            for l in (0..k).filter(|&l| l != label) {
                if s[l] + offsets[l] > highest {
                    (other, highest) = (l, s[l] + offsets[l]);
                }
            }
            // The cast rounds down and ends at 0.
            let first = ((highest - s[label] + LARGEST) / GRID + 1.0) as usize;
            let at = first.min(N_OFFSETS) * width;
            taken[at + other] += times;
            support[gold] += times;
            predicted[other] += times;
            if gold == other {
                taken[at + k + other] += times;
                right[other] += times;
            } else if gold == label {
                taken[at + 2 * k] += times;
            }
        }
        let n_labels = support.iter().filter(|&&s| s > 0.0).count().max(1) as f64;
        let (mut best, mut best_value) = (0..0, f64::NEG_INFINITY);
        let mut value = f64::NEG_INFINITY;
        for (i, taken) in taken.chunks_exact(width).take(N_OFFSETS).enumerate() {
            let moves: f64 = taken[..k].iter().sum();
            if moves > 0.0 || i == 0 {
                for l in 0..k {
                    predicted[l] -= taken[l];
                    right[l] -= taken[k + l];
                }
                predicted[label] += moves;
                right[label] += taken[2 * k];
                let f1 = (0..k)
                    .filter(|&l| support[l] > 0.0)
                    .map(|l| 2.0 * right[l] / (support[l] + predicted[l]));
                value = f1.sum::<f64>() / n_labels;
            }
            if value > best_value {
                (best, best_value) = (i..i + 1, value);
            } else if value == best_value && best.end == i {
                best.end = i + 1;
            }
        }
        let middle = (best.start + best.end - 1) / 2;
        (middle as f64 * GRID - LARGEST, best_value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_label_gets_what_it_needs_to_be_decided_for() {
        // Label 1 is never the highest, but its score is higher where it is gold.
        let mut scores = Vec::new();
        let mut gold = Vec::new();
        for i in 0..100 {
            let rare = i % 10 == 0;
            scores.extend([1.0, if rare { 0.5 } else { -1.0 }]);
            gold.push(usize::from(rare));
        }
        let groups: Vec<usize> = (0..100).collect();
        let offsets = tune_offsets(&scores, 2, &gold, &groups, &[1.0; 100], 1);
        assert_eq!(macro_f1(&scores, 2, &gold, &offsets), 1.0);
        assert!(macro_f1(&scores, 2, &gold, &[0.0, 0.0]) < 0.5);
        assert!(offsets.iter().sum::<f64>().abs() < 1e-9);
    }

    #[test]
    fn a_row_of_weight_2_counts_as_the_row_twice() {
        let mut rng = fastrand::Rng::with_seed(3);
        let scores: Vec<f64> = (0..120).map(|_| rng.f64()).collect();
        let gold: Vec<usize> = (0..40).map(|_| rng.usize(..3)).collect();
        let groups: Vec<usize> = (0..40).collect();
        let weights: Vec<f64> = (0..40).map(|row| f64::from(1 + row % 2)).collect();
        let rows = (0..40).flat_map(|row| std::iter::repeat_n(row, 1 + row % 2));
        let rows: Vec<usize> = rows.collect();
        let scores_twice: Vec<f64> = rows
            .iter()
            .flat_map(|r| scores[r * 3..r * 3 + 3].to_vec())
            .collect();
        let gold_twice: Vec<usize> = rows.iter().map(|&r| gold[r]).collect();
        let ones = vec![1.0; rows.len()];
        let weighted = tune_offsets(&scores, 3, &gold, &groups, &weights, 1);
        assert_eq!(
            weighted,
            tune_offsets(&scores_twice, 3, &gold_twice, &rows, &ones, 1)
        );
        let alike = tune_offsets(&scores, 3, &gold, &groups, &[1.0; 40], 1);
        assert_ne!(weighted, alike);
    }

    #[test]
    fn the_sweep_finds_what_trying_every_offset_of_the_grid_finds() {
        let mut rng = fastrand::Rng::with_seed(5);
        let scores: Vec<f64> = (0..150).map(|_| rng.f64()).collect();
        let gold: Vec<usize> = (0..50).map(|_| rng.usize(..3)).collect();
        let draw = Draw::new(&scores, 3, &gold, (0..50).map(|row| (row, 1.0)));
        let (offset, found) = draw.best_offset(&[0.0; 3], 1);
        let value = |offset| macro_f1(&scores, 3, &gold, &[0.0, offset, 0.0]);
        assert!((found - value(offset)).abs() < 1e-12);
        let tried = (-500..=500).map(|i| value(f64::from(i) * GRID));
        assert!(found >= tried.fold(0.0, f64::max) - 1e-12);
    }
}
