//! From scores to probabilities to a decision.

/// The logarithm of the sum of the exponentials of `scores`, stable for scores of any size.
pub fn log_sum_exp(scores: &[f64]) -> f64 {
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + scores.iter().map(|s| (s - top).exp()).sum::<f64>().ln()
}

/// Turns `scores` into probabilities that sum to 1, in place.
pub fn softmax(scores: &mut [f64]) {
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for s in scores.iter_mut() {
        *s = (*s - top).exp();
        sum += *s;
    }
    for s in scores {
        *s /= sum;
    }
}

/// The index of the largest value, the first of equals.
pub fn argmax(values: &[f64]) -> usize {
    let mut best = 0;
    for (i, v) in values.iter().enumerate() {
        if *v > values[best] {
            best = i;
        }
    }
    best
}

/// The label that is decided for: the largest sum of score and offset, the first of equals.
pub fn decide(scores: &[f64], offsets: &[f64]) -> usize {
    let mut best = 0;
    for (label, (score, offset)) in scores.iter().zip(offsets).enumerate() {
        if score + offset > scores[best] + offsets[best] {
            best = label;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_scores_stay_finite() {
        let mut scores = [1000.0, 1000.0, -1000.0];
        assert!((log_sum_exp(&scores) - (1000.0 + 2f64.ln())).abs() < 1e-9);
        softmax(&mut scores);
        assert_eq!(scores, [0.5, 0.5, 0.0]);
    }

    #[test]
    fn offsets_can_turn_a_decision() {
        assert_eq!(decide(&[1.0, 0.5], &[0.0, 0.0]), 0);
        assert_eq!(decide(&[1.0, 0.5], &[0.0, 0.6]), 1);
        assert_eq!(argmax(&[2.0, 2.0]), 0);
    }
}
