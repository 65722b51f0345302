//! Figures that need only the labels: accuracy, precision, recall, F1 and kappa, from counts of pairs.

use serde::Serialize;

/// Counts of gold against predicted labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// The labels of the rows of `counts`.
    pub gold: Vec<String>,
    /// The labels of its columns.
    pub predicted: Vec<String>,
    /// `counts[i][j]`: how many rows of gold label i were predicted as j.
    pub counts: Vec<Vec<u64>>,
}

/// The figures of one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelScores {
    /// True positives over all that were predicted so; `None` where none was.
    pub precision: Option<f64>,
    /// True positives over all that are so; `None` where none is.
    pub recall: Option<f64>,
    /// 2 tp / (2 tp + fp + fn); `None` where that is 0/0.
    pub f1: Option<f64>,
    /// How many rows have this gold label.
    pub support: u64,
}

/// A square confusion matrix over label indices: `counts[gold * k + predicted]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    k: usize,
    counts: Vec<u64>,
}

impl Counts {
    /// Counts of nothing over `k` labels.
    pub fn new(k: usize) -> Self {
        Counts {
            k,
            counts: vec![0; k * k],
        }
    }

    /// Counts pairs of gold and predicted labels, both below `k`.
    pub fn of(k: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut counts = Counts::new(k);
        for (gold, predicted) in pairs {
            counts.add(gold, predicted, 1);
        }
        counts
    }

    /// The matrix with the names of its labels, of which there are `k`.
    pub fn confusion(&self, labels: &[String]) -> Confusion {
        Confusion {
            gold: labels.to_vec(),
            predicted: labels.to_vec(),
            counts: self
                .counts
                .chunks(self.k.max(1))
                .map(<[u64]>::to_vec)
                .collect(),
        }
    }

    /// Adds `n` rows of label `gold` predicted as `predicted`.
    pub fn add(&mut self, gold: usize, predicted: usize, n: u64) {
        self.counts[gold * self.k + predicted] += n;
    }

    /// The number of rows of label `gold` predicted as `predicted`.
    pub fn get(&self, gold: usize, predicted: usize) -> u64 {
        self.counts[gold * self.k + predicted]
    }

    /// All rows.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many rows have gold label `label`.
    pub fn support(&self, label: usize) -> u64 {
        self.counts[label * self.k..(label + 1) * self.k]
            .iter()
            .sum()
    }

    /// How many rows were predicted as `label`.
    pub fn predicted(&self, label: usize) -> u64 {
        (0..self.k).map(|gold| self.get(gold, label)).sum()
    }

    /// The share of rows that were predicted right; `None` without rows.
    pub fn accuracy(&self) -> Option<f64> {
        let right: u64 = (0..self.k).map(|l| self.get(l, l)).sum();
        ratio(right, self.total())
    }

    /// The figures of one label.
    pub fn label(&self, label: usize) -> LabelScores {
        let tp = self.get(label, label);
        let (support, predicted) = (self.support(label), self.predicted(label));
        LabelScores {
            precision: ratio(tp, predicted),
            recall: ratio(tp, support),
            f1: ratio(2 * tp, support + predicted),
            support,
        }
    }

    /// Cohen's kappa: (p₀ − pₑ) / (1 − pₑ), where p₀ is the accuracy and pₑ what two raters with these label shares
    /// would agree on by chance (Cohen 1960). From −1 to 1; `None` without rows and where both sides give all rows
    /// one and the same label.
    pub fn kappa(&self) -> Option<f64> {
        let n = self.total() as f64;
        let by_chance: f64 = (0..self.k)
            .map(|l| self.support(l) as f64 * self.predicted(l) as f64)
            .sum();
        let one_label = (0..self.k).any(|l| self.get(l, l) == self.total());
        let observed = self.accuracy()?;
        let chance = by_chance / (n * n);
        (!one_label).then(|| (observed - chance) / (1.0 - chance))
    }

    /// The mean F1 over the labels that occur in gold; `None` without rows.
    pub fn macro_f1(&self) -> Option<f64> {
        let f1: Vec<f64> = (0..self.k)
            .filter(|&l| self.support(l) > 0)
            .filter_map(|l| self.label(l).f1)
            .collect();
        (!f1.is_empty()).then(|| f1.iter().sum::<f64>() / f1.len() as f64)
    }

    /// The mean F1 over the labels, weighted by support; `None` without rows.
    pub fn weighted_f1(&self) -> Option<f64> {
        let total = self.total();
        let sum: f64 = (0..self.k)
            .filter_map(|l| Some(self.label(l).f1? * self.support(l) as f64))
            .sum();
        (total > 0).then(|| sum / total as f64)
    }

    /// The macro-F1 of always predicting the label that is most frequent in gold; `None` without rows.
    pub fn majority_macro_f1(&self) -> Option<f64> {
        let n = self.total();
        let most = (0..self.k).map(|l| self.support(l)).max()?;
        let labels = (0..self.k).filter(|&l| self.support(l) > 0).count();
        (n > 0).then(|| 2.0 * most as f64 / (n + most) as f64 / labels as f64)
    }
}

fn ratio(a: u64, b: u64) -> Option<f64> {
    (b > 0).then(|| a as f64 / b as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels are `a` to `z`; the counts are over as many as the highest needs.
    fn counts(gold: &str, predicted: &str) -> Counts {
        let index = |c: char| c as usize - 'a' as usize;
        let k = gold.chars().chain(predicted.chars()).map(index).max();
        let pairs = gold.chars().map(index).zip(predicted.chars().map(index));
        Counts::of(k.map_or(0, |k| k + 1), pairs)
    }

    #[test]
    fn a_label_never_predicted_counts_zero_and_one_never_gold_not_at_all() {
        let c = counts("aab", "aaz");
        assert_eq!(c.label(1).precision, None);
        assert_eq!(c.label(1).f1, Some(0.0));
        assert_eq!(c.label(2).f1, None);
        assert_eq!(c.label(25).recall, None);
        assert_eq!(c.macro_f1(), Some(0.5));
    }

    #[test]
    fn the_majority_is_scored_over_all_gold_labels() {
        // "a": 4 of 10, F1 8/14, over three labels.
        let c = counts("aaabbcccca", "abbacaacbb");
        assert!((c.majority_macro_f1().unwrap() - 8.0 / 14.0 / 3.0).abs() < 1e-12);
    }

    /// Worked by hand: p₀ = 3/5; gold is 3 a, 2 b, predicted 3 a, 2 b, so pₑ = (9 + 4) / 25 and κ = (15 − 13) / (25 − 13).
    #[test]
    fn kappa_is_agreement_beyond_chance() {
        let c = counts("aaabb", "aabba");
        assert!((c.kappa().unwrap() - 2.0 / 12.0).abs() < 1e-12);
        assert_eq!(counts("ab", "ab").kappa(), Some(1.0));
        assert_eq!(counts("ab", "ba").kappa(), Some(-1.0));
    }

    #[test]
    fn figures_of_nothing_and_of_one_label_are_undefined_not_wrong() {
        let none = Counts::new(3);
        let figures = [
            none.accuracy(),
            none.macro_f1(),
            none.weighted_f1(),
            none.kappa(),
            none.majority_macro_f1(),
        ];
        assert_eq!(figures, [None; 5]);
        assert_eq!(counts("aa", "aa").kappa(), None);
        assert_eq!(counts("bb", "bb").macro_f1(), Some(1.0));
        assert_eq!(Counts::new(0).confusion(&[]).counts.len(), 0);
    }
}
