//! Whether probabilities mean what they say.

use serde::Serialize;

/// The number of bins of the reliability curve.
const BINS: usize = 10;

/// The smallest probability that log-loss counts with: the distance from 1 to the next number, as in scikit-learn.
const SMALLEST: f64 = f64::EPSILON;

/// The mean over rows of −ln p(gold), in nats; `None` without rows. `probabilities` are of shape `(n_rows, k)`, by rows.
pub fn log_loss(probabilities: &[f64], k: usize, gold: &[usize]) -> Option<f64> {
    let sum: f64 = gold
        .iter()
        .enumerate()
        .map(|(i, &g)| -probabilities[i * k + g].max(SMALLEST).ln())
        .sum();
    (!gold.is_empty()).then(|| sum / gold.len() as f64)
}

/// How often predictions of some probability are right.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The expected calibration error: the mean over rows of how far a bin's share of right predictions is from its
    /// mean probability (Naeini, Cooper and Hauskrecht 2015). From 0, the best, to 1; `None` without rows.
    pub error: Option<f64>,
    /// Ten bins of equal width, from 0 to 1: the reliability curve.
    pub bins: Vec<Bin>,
}

/// The predictions with a probability from `from` up to, but not with, `to`; the last bin holds 1 too.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// Where the bin begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// The number of rows in it.
    pub n: usize,
    /// Their mean probability; `None` where there are none.
    pub probability: Option<f64>,
    /// The share of them that is right; `None` where there are none.
    pub accuracy: Option<f64>,
}

/// The calibration of predictions with these probabilities, from 0 to 1, which were right or not.
pub fn calibration(predictions: impl IntoIterator<Item = (f64, bool)>) -> Calibration {
    let mut sums = [(0usize, 0.0f64, 0usize); BINS];
    for (probability, right) in predictions {
        let sum = &mut sums[((probability * BINS as f64) as usize).min(BINS - 1)];
        sum.0 += 1;
        sum.1 += probability;
        sum.2 += usize::from(right);
    }
    let n: usize = sums.iter().map(|s| s.0).sum();
    let gaps: f64 = sums.iter().map(|s| (s.1 - s.2 as f64).abs()).sum();
    let mean = |sum: f64, n: usize| (n > 0).then(|| sum / n as f64);
    Calibration {
        error: mean(gaps, n),
        bins: sums
            .iter()
            .enumerate()
            .map(|(i, &(n, probability, right))| Bin {
                from: i as f64 / BINS as f64,
                to: (i + 1) as f64 / BINS as f64,
                n,
                probability: mean(probability, n),
                accuracy: mean(right as f64, n),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_loss_is_the_mean_of_minus_ln_p() {
        let p = [0.5, 0.5, 0.25, 0.75];
        let expected = (-(0.5f64.ln()) - 0.75f64.ln()) / 2.0;
        assert!((log_loss(&p, 2, &[0, 1]).unwrap() - expected).abs() < 1e-12);
        assert_eq!(log_loss(&[], 2, &[]), None);
        assert!(log_loss(&[0.0, 1.0], 2, &[0]).unwrap().is_finite());
    }

    /// By hand: bin 6 holds 0.6 and 0.65 with one right, a gap of 0.25 over both; bin 9 holds 1.0, right, a gap of 0.
    #[test]
    fn calibration_error_is_the_mean_gap_of_the_bins() {
        let found = calibration([(0.6, true), (0.65, false), (1.0, true)]);
        assert!((found.error.unwrap() - 0.25 / 3.0).abs() < 1e-12);
        assert_eq!(found.bins[6].n, 2);
        assert_eq!(found.bins[6].accuracy, Some(0.5));
        assert_eq!(found.bins[9].probability, Some(1.0));
        assert_eq!(found.bins[0].accuracy, None);
        assert_eq!(calibration([]).error, None);
    }
}
