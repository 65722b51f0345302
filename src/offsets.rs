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

/// Offsets for `scores`, of shape `(n_rows, k)` by rows, and `gold` labels; `groups` numbers the groups of the rows.
/// They sum to 0.
pub fn tune_offsets(
    scores: &[f64],
    k: usize,
    gold: &[usize],
    groups: &[usize],
    seed: u64,
) -> Vec<f64> {
    let n_groups = groups.iter().max().map_or(0, |g| g + 1);
    let mut members = vec![Vec::new(); n_groups];
    for (row, &group) in groups.iter().enumerate() {
        members[group].push(row);
    }
    let mut rng = fastrand::Rng::with_seed(seed);
    let draws: Vec<Vec<usize>> = (0..DRAWS)
        .map(|_| {
            let mut rows = Vec::new();
            for _ in 0..n_groups {
                if rows.len() >= DRAW_ROWS {
                    break;
                }
                rows.extend(&members[rng.usize(..n_groups)]);
            }
            rows
        })
        .collect();
    let found: Vec<Vec<f64>> = draws
        .par_iter()
        .map(|rows| ascend(scores, k, gold, rows))
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

/// Coordinate ascent: one label's offset after the other is moved to where macro-F1 is highest.
fn ascend(scores: &[f64], k: usize, gold: &[usize], rows: &[usize]) -> Vec<f64> {
    let mut offsets = vec![0.0; k];
    let mut best = f64::NEG_INFINITY;
    for _ in 0..10 {
        let before = best;
        for label in 0..k {
            let (offset, value) = best_offset(scores, k, gold, rows, &offsets, label);
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

/// The offset of `label` with the highest macro-F1 and that macro-F1, the other offsets as they are.
///
/// A row is decided for `label` once its offset exceeds the row's margin. Rows change sides one by one in order of their
/// margins, so that all offsets are tried in one sweep.
fn best_offset(
    scores: &[f64],
    k: usize,
    gold: &[usize],
    rows: &[usize],
    offsets: &[f64],
    label: usize,
) -> (f64, f64) {
    let mut margins: Vec<(f64, usize, usize)> = rows
        .iter()
        .map(|&row| {
            let s = &scores[row * k..(row + 1) * k];
            let mut other = usize::from(label == 0);
            for l in (0..k).filter(|&l| l != label) {
                if s[l] + offsets[l] > s[other] + offsets[other] {
                    other = l;
                }
            }
            (s[other] + offsets[other] - s[label], row, other)
        })
        .collect();
    margins.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut support = vec![0f64; k];
    let (mut predicted, mut right) = (vec![0f64; k], vec![0f64; k]);
    for &(_, row, other) in &margins {
        support[gold[row]] += 1.0;
        predicted[other] += 1.0;
        right[other] += f64::from(u8::from(gold[row] == other));
    }
    let n_labels = support.iter().filter(|&&s| s > 0.0).count().max(1) as f64;
    let value = |predicted: &[f64], right: &[f64]| -> f64 {
        let f1 = (0..k)
            .filter(|&l| support[l] > 0.0)
            .map(|l| 2.0 * right[l] / (support[l] + predicted[l]));
        f1.sum::<f64>() / n_labels
    };
    let (mut best, mut best_value) = (offsets[label], f64::NEG_INFINITY);
    for (i, &(margin, row, other)) in margins.iter().enumerate() {
        predicted[other] -= 1.0;
        predicted[label] += 1.0;
        right[other] -= f64::from(u8::from(gold[row] == other));
        right[label] += f64::from(u8::from(gold[row] == label));
        let next = margins.get(i + 1).map_or(margin + 0.02, |m| m.0);
        if next - margin < 1e-12 {
            continue;
        }
        let now = value(&predicted, &right);
        if now > best_value {
            best_value = now;
            best = (margin + next) / 2.0;
        }
    }
    (best, best_value)
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
        let offsets = tune_offsets(&scores, 2, &gold, &groups, 1);
        assert_eq!(macro_f1(&scores, 2, &gold, &offsets), 1.0);
        assert!(macro_f1(&scores, 2, &gold, &[0.0, 0.0]) < 0.5);
        assert!(offsets.iter().sum::<f64>().abs() < 1e-9);
    }

    #[test]
    fn the_sweep_finds_what_trying_every_offset_finds() {
        let mut rng = fastrand::Rng::with_seed(5);
        let scores: Vec<f64> = (0..150).map(|_| rng.f64()).collect();
        let gold: Vec<usize> = (0..50).map(|_| rng.usize(..3)).collect();
        let rows: Vec<usize> = (0..50).collect();
        let (_, found) = best_offset(&scores, 3, &gold, &rows, &[0.0; 3], 1);
        let tried =
            (-2000..2000).map(|i| macro_f1(&scores, 3, &gold, &[0.0, f64::from(i) / 1000.0, 0.0]));
        assert!(found >= tried.fold(0.0, f64::max) - 1e-12);
    }
}
