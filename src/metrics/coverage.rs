//! What is gained when the least certain predictions go to a person.

use super::Counts;
use serde::Serialize;

/// The predictions that are kept when those below a probability go to a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoveragePoint {
    /// The share of rows that is kept, from 0 to 1.
    pub coverage: f64,
    /// The lowest probability that is kept.
    pub threshold: f64,
    /// The accuracy on the kept rows.
    pub accuracy: Option<f64>,
    /// Macro-F1 on the kept rows.
    pub macro_f1: Option<f64>,
}

/// The curve of keeping 100 %, 95 % … 5 % of the rows with these (gold, predicted) labels below `k`, the most probable
/// first. Rows of equal probability are kept or not together, so that a step can keep more than it is named for; steps
/// that keep the same rows stand once.
pub fn coverage(pairs: &[(usize, usize)], probabilities: &[f64], k: usize) -> Vec<CoveragePoint> {
    let n = pairs.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    let mut points: Vec<CoveragePoint> = Vec::new();
    let mut counts = Counts::new(k);
    let mut kept = 0;
    for step in 1..=20 {
        let wanted = (n * step).div_ceil(20);
        while kept < n
            && (kept < wanted || probabilities[order[kept]] == probabilities[order[kept - 1]])
        {
            let (gold, predicted) = pairs[order[kept]];
            counts.add(gold, predicted, 1);
            kept += 1;
        }
        let coverage = kept as f64 / n.max(1) as f64;
        if kept > 0 && points.last().is_none_or(|p| p.coverage < coverage) {
            points.push(CoveragePoint {
                coverage,
                threshold: probabilities[order[kept - 1]],
                accuracy: counts.accuracy(),
                macro_f1: counts.macro_f1(),
            });
        }
    }
    points.reverse();
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_probable_go_first() {
        // The more probable half is right, the other wrong.
        let pairs: Vec<(usize, usize)> = (0..40).map(|i| (0, usize::from(i >= 20))).collect();
        let probabilities: Vec<f64> = (0..40).map(|i| 1.0 - f64::from(i) / 100.0).collect();
        let curve = coverage(&pairs, &probabilities, 2);
        assert_eq!(curve.len(), 20);
        assert_eq!(curve[0].coverage, 1.0);
        assert_eq!(curve[0].accuracy, Some(0.5));
        let half = curve.iter().find(|p| p.coverage == 0.5).unwrap();
        assert_eq!(half.accuracy, Some(1.0));
        assert_eq!(half.threshold, 0.81);
    }

    #[test]
    fn rows_of_equal_probability_are_kept_together() {
        let curve = coverage(&[(0, 0), (0, 1), (0, 0)], &[0.9, 0.5, 0.5], 2);
        let shares: Vec<f64> = curve.iter().map(|p| p.coverage).collect();
        assert_eq!(shares, [1.0, 1.0 / 3.0]);
        assert!(coverage(&[], &[], 2).is_empty());
    }
}
