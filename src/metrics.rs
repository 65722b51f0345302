//! How well predictions agree with gold labels. Every figure that is undefined is `None`.

use serde::Serialize;
use std::collections::BTreeMap;

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

    fn predicted(&self, label: usize) -> u64 {
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

/// The mean over labels and rows of the probability score −ln p(gold), in nats; `None` without rows.
pub fn log_loss(probabilities: &[f64], k: usize, gold: &[usize]) -> Option<f64> {
    let sum: f64 = gold
        .iter()
        .enumerate()
        .map(|(i, &g)| -probabilities[i * k + g].max(1e-15).ln())
        .sum();
    (!gold.is_empty()).then(|| sum / gold.len() as f64)
}

/// A 95 % interval of macro-F1 and of accuracy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Intervals {
    /// Of macro-F1: (2.5 %, 97.5 %).
    pub macro_f1: Option<(f64, f64)>,
    /// Of accuracy.
    pub accuracy: Option<(f64, f64)>,
}

/// Everything that `stance-evaluate` reports.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The number of rows.
    pub n: usize,
    /// The labels that occur in gold or can be predicted, sorted.
    pub labels: Vec<String>,
    /// See [`Counts::accuracy`].
    pub accuracy: Option<f64>,
    /// See [`Counts::macro_f1`].
    pub macro_f1: Option<f64>,
    /// See [`Counts::weighted_f1`].
    pub weighted_f1: Option<f64>,
    /// See [`Counts::majority_macro_f1`].
    pub majority_macro_f1: Option<f64>,
    /// The figures of each label.
    pub per_label: BTreeMap<String, LabelScores>,
    /// Gold against predicted.
    pub confusion: Confusion,
    /// 95 % intervals, by a bootstrap over groups.
    pub intervals: Intervals,
}

/// How many times the bootstrap draws.
const DRAWS: usize = 2000;

impl Report {
    /// The report on rows with `gold` and `predicted` labels and the group of each, `None` for a row alone. `labels`
    /// are those that could be predicted. The bootstrap draws whole groups (Efron's percentile method) from `seed`.
    pub fn new(
        gold: &[String],
        predicted: &[String],
        groups: &[Option<String>],
        labels: &[String],
        seed: u64,
    ) -> Self {
        let mut names: Vec<String> = gold
            .iter()
            .chain(predicted)
            .chain(labels)
            .cloned()
            .collect();
        names.sort();
        names.dedup();
        let k = names.len();
        let index = |label: &String| names.binary_search(label).expect("every label is listed");
        let pairs: Vec<(usize, usize)> = gold
            .iter()
            .map(index)
            .zip(predicted.iter().map(index))
            .collect();
        let counts = Counts::of(k, pairs.iter().copied());
        let confusion = Confusion {
            gold: names.clone(),
            predicted: names.clone(),
            counts: (0..k)
                .map(|g| (0..k).map(|p| counts.get(g, p)).collect())
                .collect(),
        };
        Report {
            n: pairs.len(),
            accuracy: counts.accuracy(),
            macro_f1: counts.macro_f1(),
            weighted_f1: counts.weighted_f1(),
            majority_macro_f1: counts.majority_macro_f1(),
            per_label: names
                .iter()
                .cloned()
                .zip((0..k).map(|l| counts.label(l)))
                .collect(),
            confusion,
            intervals: intervals(&pairs, groups, k, seed),
            labels: names,
        }
    }
}

/// The pairs of each group.
fn by_group(pairs: &[(usize, usize)], groups: &[Option<String>]) -> Vec<Vec<(usize, usize)>> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found: Vec<Vec<(usize, usize)>> = Vec::new();
    for (&pair, group) in pairs.iter().zip(groups) {
        let at = match group {
            Some(group) => *places.entry(group).or_insert(found.len()),
            None => found.len(),
        };
        if at == found.len() {
            found.push(Vec::new());
        }
        found[at].push(pair);
    }
    found
}

fn intervals(
    pairs: &[(usize, usize)],
    groups: &[Option<String>],
    k: usize,
    seed: u64,
) -> Intervals {
    let groups = by_group(pairs, groups);
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut macro_f1, mut accuracy) = (Vec::new(), Vec::new());
    if !groups.is_empty() {
        for _ in 0..DRAWS {
            let mut counts = Counts::new(k);
            for _ in 0..groups.len() {
                for &(gold, predicted) in &groups[rng.usize(..groups.len())] {
                    counts.add(gold, predicted, 1);
                }
            }
            macro_f1.extend(counts.macro_f1());
            accuracy.extend(counts.accuracy());
        }
    }
    Intervals {
        macro_f1: percentiles(macro_f1),
        accuracy: percentiles(accuracy),
    }
}

fn percentiles(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        values
            .get(((values.len() - 1) as f64 * share).round() as usize)
            .copied()
    };
    if values.is_empty() {
        return None;
    }
    Some((at(0.025)?, at(0.975)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|s| s.to_string()).collect()
    }

    fn report(gold: &[&str], predicted: &[&str], labels: &[&str]) -> Report {
        let groups = vec![None; gold.len()];
        Report::new(
            &strings(gold),
            &strings(predicted),
            &groups,
            &strings(labels),
            1,
        )
    }

    /// Expected values from scikit-learn 1.7: `f1_score(g, p, average="macro")` and the like.
    #[test]
    fn figures_are_scikit_learns() {
        let gold = ["a", "a", "a", "b", "b", "c", "c", "c", "c", "a"];
        let pred = ["a", "b", "a", "b", "c", "c", "c", "a", "c", "b"];
        let r = report(&gold, &pred, &[]);
        let close = |a: Option<f64>, b: f64| assert!((a.unwrap() - b).abs() < 1e-9, "{a:?} {b}");
        close(r.accuracy, 0.6);
        close(r.macro_f1, 0.573_809_523_809_523_8);
        close(r.weighted_f1, 0.608_571_428_571_428_5);
        close(r.per_label["b"].precision, 1.0 / 3.0);
        close(r.per_label["b"].recall, 0.5);
        assert_eq!(r.confusion.counts, [[2, 2, 0], [0, 1, 1], [1, 0, 3]]);
        // Majority "a" or "c": 4 of 10, F1 8/14, over three labels.
        close(r.majority_macro_f1, 8.0 / 14.0 / 3.0);
    }

    #[test]
    fn a_label_never_predicted_counts_zero_and_one_never_gold_not_at_all() {
        let r = report(&["a", "b"], &["a", "a"], &["z"]);
        assert_eq!(r.per_label["b"].precision, None);
        assert_eq!(r.per_label["b"].f1, Some(0.0));
        assert_eq!(r.per_label["z"].f1, None);
        assert!((r.macro_f1.unwrap() - (2.0 / 3.0) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn one_group_has_an_interval_of_no_width() {
        let gold = strings(&["a", "b", "a"]);
        let groups = vec![Some("g".to_string()); 3];
        let r = Report::new(&gold, &strings(&["a", "b", "b"]), &groups, &[], 1);
        let (low, high) = r.intervals.accuracy.unwrap();
        assert!((low - 2.0 / 3.0).abs() < 1e-12 && low == high);
    }

    #[test]
    fn log_loss_is_the_mean_of_minus_ln_p() {
        let p = [0.5, 0.5, 0.25, 0.75];
        let expected = (-(0.5f64.ln()) - 0.75f64.ln()) / 2.0;
        assert!((log_loss(&p, 2, &[0, 1]).unwrap() - expected).abs() < 1e-12);
        assert_eq!(log_loss(&[], 2, &[]), None);
    }
}
