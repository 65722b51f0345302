//! Labels that are likely wrong, by confident learning (Northcutt, Jiang and Chuang 2021, arXiv:1911.00068).
//!
//! A label's threshold is the mean probability that rows of this label get for it from a model that has not seen their
//! group. A row counts as confidently of the label whose threshold it reaches with the highest probability. Rows that
//! count for another label than they have are the off-diagonal of the confident joint: suspects.

use serde::Serialize;

/// A row whose label is likely wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// The row.
    pub row: usize,
    /// The label that it likely is, as an index.
    pub likely: usize,
    /// The probability of that label.
    pub likely_probability: f64,
    /// The probability of the label that it has.
    pub given_probability: f64,
}

/// The confident joint and its suspects.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelErrors {
    /// The suspects, the surest first: by the likely label's probability less the given label's.
    pub suspects: Vec<Suspect>,
    /// `joint[i][j]`: rows of label i that count as confidently of label j.
    pub joint: Vec<Vec<u64>>,
    /// Each label's threshold; `None` without rows of it.
    pub thresholds: Vec<Option<f64>>,
    /// The estimated share of wrong labels: off the joint's diagonal once its rows are scaled to the labels' counts.
    pub noise: Option<f64>,
}

/// Finds suspects by out-of-fold `probabilities`, of shape `(n_rows, k)`, and the labels that rows were given.
pub fn label_errors(probabilities: &[f64], k: usize, given: &[usize]) -> LabelErrors {
    let mut sums = vec![(0.0, 0u64); k];
    for (p, &label) in probabilities.chunks(k).zip(given) {
        sums[label].0 += p[label];
        sums[label].1 += 1;
    }
    let thresholds: Vec<Option<f64>> = sums
        .iter()
        .map(|&(sum, n)| (n > 0).then(|| sum / n as f64))
        .collect();
    let mut joint = vec![vec![0; k]; k];
    let mut suspects = Vec::new();
    for (row, (p, &label)) in probabilities.chunks(k).zip(given).enumerate() {
        let reached = |l: &usize| thresholds[*l].is_some_and(|t| p[*l] >= t);
        // Of equals the first.
        let confident = (0..k)
            .rev()
            .filter(reached)
            .max_by(|&a, &b| p[a].total_cmp(&p[b]));
        let Some(likely) = confident else { continue };
        joint[label][likely] += 1;
        if likely != label {
            suspects.push(Suspect {
                row,
                likely,
                likely_probability: p[likely],
                given_probability: p[label],
            });
        }
    }
    suspects.sort_by(|a, b| {
        let margin = |s: &Suspect| s.likely_probability - s.given_probability;
        margin(b).total_cmp(&margin(a)).then(a.row.cmp(&b.row))
    });
    LabelErrors {
        noise: noise(&joint, &sums),
        suspects,
        joint,
        thresholds,
    }
}

fn noise(joint: &[Vec<u64>], sums: &[(f64, u64)]) -> Option<f64> {
    let (mut wrong, mut all) = (0.0, 0.0);
    for (label, row) in joint.iter().enumerate() {
        let counted: u64 = row.iter().sum();
        if counted > 0 {
            let n = sums[label].1 as f64;
            wrong += n * (counted - row[label]) as f64 / counted as f64;
            all += n;
        }
    }
    (all > 0.0).then(|| wrong / all)
}

/// One cell of the confident joint that is not on its diagonal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confused {
    /// The label that rows have.
    pub given: String,
    /// The label that they likely are.
    pub likely: String,
    /// How many.
    pub n: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked by hand. Thresholds: a (0.9 + 0.8 + 0.1) / 3 = 0.6, b (0.7 + 0.5 + 0.75) / 3 = 0.65. Row 2 is given a and
    /// reaches b's threshold (0.9); row 4, given b, reaches none with 0.5. Row 5 is b at 0.75.
    #[test]
    fn the_confident_joint_is_counted_by_thresholds() {
        let p = [0.9, 0.1, 0.8, 0.2, 0.1, 0.9, 0.3, 0.7, 0.5, 0.5, 0.25, 0.75];
        let found = label_errors(&p, 2, &[0, 0, 0, 1, 1, 1]);
        let close = |a: Option<f64>, b: f64| assert!((a.unwrap() - b).abs() < 1e-12, "{a:?} {b}");
        close(found.thresholds[0], 0.6);
        close(found.thresholds[1], 0.65);
        assert_eq!(found.joint, [[2, 1], [0, 2]]);
        let rows: Vec<_> = found.suspects.iter().map(|s| (s.row, s.likely)).collect();
        assert_eq!(rows, [(2, 1)]);
        // A third of the three a, none of the three b: 1 of 6.
        close(found.noise, 1.0 / 6.0);
    }

    #[test]
    fn suspects_are_ranked_by_margin_and_a_label_without_rows_is_never_likely() {
        let p = [
            0.9, 0.1, 0.0, 0.9, 0.1, 0.0, 0.1, 0.9, 0.0, 0.1, 0.9, 0.0, 0.8, 0.2, 0.0, 0.95, 0.05,
            0.0, 0.0, 0.0, 1.0,
        ];
        let found = label_errors(&p, 3, &[0, 0, 1, 1, 1, 1, 0]);
        let rows: Vec<_> = found.suspects.iter().map(|s| s.row).collect();
        assert_eq!(rows, [5, 4]);
        assert_eq!(found.thresholds[2], None);
    }

    #[test]
    fn no_rows_have_no_suspects() {
        let found = label_errors(&[], 2, &[]);
        assert!(found.suspects.is_empty() && found.noise.is_none());
    }
}
