//! Is other predictions' advantage more than chance?

use super::difference::{Difference, Shown};
use super::{Predictions, Rows};
use crate::record::Comment;
use serde::Serialize;
use serde_json::value::RawValue;

/// The evaluated predictions, A, beside others for the same rows, B.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Macro-F1 of A.
    pub macro_f1_a: Option<f64>,
    /// Macro-F1 of B.
    pub macro_f1_b: Option<f64>,
    /// How much higher B's macro-F1 is.
    pub macro_f1: Difference,
    /// Accuracy of A.
    pub accuracy_a: Option<f64>,
    /// Accuracy of B.
    pub accuracy_b: Option<f64>,
    /// How much higher B's accuracy is.
    pub accuracy: Difference,
    /// Rows that only A has right.
    pub only_a_right: u64,
    /// Rows that only B has right.
    pub only_b_right: u64,
    /// The two-sided p-value of McNemar's exact test: how likely counts at least as uneven as the two above are, if
    /// neither were better and rows did not hang together.
    pub mcnemar_p: f64,
    /// What that says, in one sentence.
    pub verdict: String,
    /// The rows that A and B label differently, in the order of the rows.
    pub changed: Vec<ChangedRow>,
}

/// A row that A and B label differently.
#[derive(Debug, Clone, Serialize)]
pub struct ChangedRow {
    /// The row's id, as it was written.
    pub id: Box<RawValue>,
    /// The label it has.
    pub gold: String,
    /// What A says.
    pub a: String,
    /// What B says.
    pub b: String,
    /// The comment.
    pub text: String,
}

impl PartialEq for ChangedRow {
    fn eq(&self, other: &Self) -> bool {
        (self.id.get(), &self.a, &self.b) == (other.id.get(), &other.a, &other.b)
    }
}

/// Compares the predictions `a` and `b` for `comments`; whole `groups` are drawn, from `seed`.
pub fn compare(
    comments: &[Comment],
    a: &Predictions,
    b: &Predictions,
    groups: &[Option<String>],
    seed: u64,
) -> Comparison {
    let (rows, of_b) = Rows::of_two(comments, a, b, groups, seed);
    let (macro_f1, accuracy) = Difference::of(&rows, &of_b);
    let (mut only_a_right, mut only_b_right) = (0, 0);
    let mut changed = Vec::new();
    for (row, (&(gold, in_a), &in_b)) in rows.pairs.iter().zip(&of_b).enumerate() {
        only_a_right += u64::from(in_a == gold && in_b != gold);
        only_b_right += u64::from(in_b == gold && in_a != gold);
        if in_a != in_b {
            changed.push(ChangedRow {
                id: RawValue::from_string(comments[row].id.clone()).unwrap_or_default(),
                gold: rows.labels[gold].clone(),
                a: rows.labels[in_a].clone(),
                b: rows.labels[in_b].clone(),
                text: comments[row].text.clone(),
            });
        }
    }
    let counts = rows.counts();
    let p = mcnemar(only_a_right, only_b_right);
    Comparison {
        macro_f1_a: counts.macro_f1(),
        macro_f1_b: counts.macro_f1().zip(macro_f1.value).map(|(a, d)| a + d),
        accuracy_a: counts.accuracy(),
        accuracy_b: counts.accuracy().zip(accuracy.value).map(|(a, d)| a + d),
        verdict: format!(
            "{}: {}. It has {only_b_right} rows right that A has wrong, and {only_a_right} wrong that A has right \
             (McNemar’s exact test: p {}).",
            match (macro_f1.shown(), macro_f1.value) {
                (Shown::More, _) => "B is better",
                (Shown::Less, _) => "B is worse",
                (Shown::Nothing, Some(value)) if value < 0.0 => "B is not shown to be worse",
                _ => "B is not shown to be better",
            },
            macro_f1.words("macro-F1"),
            match p {
                p if p < 0.001 => "< 0.001".to_string(),
                p => format!("= {p:.3}"),
            },
        ),
        macro_f1,
        accuracy,
        only_a_right,
        only_b_right,
        mcnemar_p: p,
        changed,
    }
}

/// The two-sided p-value of `a` against `b` among `a + b` tosses of a fair coin (McNemar 1947, the exact form).
fn mcnemar(a: u64, b: u64) -> f64 {
    let n = (a + b) as f64;
    // The logarithm of the probability of i heads, from i = 0 on.
    let mut ln_term = -n * std::f64::consts::LN_2;
    let mut sum = 0.0;
    for i in 0..=a.min(b) {
        sum += ln_term.exp();
        ln_term += ((n - i as f64) / (i as f64 + 1.0)).ln();
    }
    (2.0 * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: 2 · (1 + 13 + 78 + 286) / 2¹³. `scipy.stats.binomtest(1000, 2100).pvalue` gives the last.
    #[test]
    fn mcnemars_test_is_the_binomial_test() {
        assert!((mcnemar(3, 10) - 756.0 / 8192.0).abs() < 1e-12);
        assert_eq!(mcnemar(10, 3), mcnemar(3, 10));
        assert_eq!(mcnemar(0, 0), 1.0);
        assert_eq!(mcnemar(5, 5), 1.0);
        assert!((mcnemar(1000, 1100) - 0.030_720_707_864_242_5).abs() < 1e-9);
    }
}
