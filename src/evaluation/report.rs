//! The figures on some predictions.

use super::baselines::Baselines;
use super::errors::ListedError;
use super::slices::{SliceSet, slices};
use super::{CommentOnly, Comparison, ContextTest, CrossValidation, Predictions};
use crate::classifier::Provenance;
use crate::metrics::{
    Bootstrap, Calibration, Confusion, Counts, CoveragePoint, Interval, LabelScores, calibration,
    coverage, log_loss,
};
use crate::record::Comment;
use crate::train::digest;
use serde::Serialize;
use std::collections::BTreeMap;

/// Gold and predicted labels of some rows, with what draws their groups.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The labels that occur in gold or can be predicted, sorted.
    pub labels: Vec<String>,
    /// The gold and the predicted label of each row, as indices into `labels`.
    pub pairs: Vec<(usize, usize)>,
    groups: Vec<Option<String>>,
    bootstrap: Bootstrap,
    seed: u64,
}

impl Rows {
    /// Rows with these `pairs` of labels and `groups`; a row without a group stands alone.
    pub fn new(
        labels: Vec<String>,
        pairs: Vec<(usize, usize)>,
        groups: &[Option<String>],
        seed: u64,
    ) -> Self {
        Rows {
            labels,
            pairs,
            groups: groups.to_vec(),
            bootstrap: Bootstrap::new(groups.iter().map(Option::as_deref), seed),
            seed,
        }
    }

    /// The rows of `comments`, which have gold labels, as `a` labels them, and the labels that `b` gives them.
    pub fn of_two(
        comments: &[Comment],
        a: &Predictions,
        b: &Predictions,
        groups: &[Option<String>],
        seed: u64,
    ) -> (Self, Vec<usize>) {
        let gold = gold_labels(comments);
        let mut labels = all_labels(&gold, a);
        labels.extend(all_labels(&[], b));
        labels.sort();
        labels.dedup();
        let of_b = b.predicted.iter().map(|l| place(&labels, l)).collect();
        let pairs = gold
            .iter()
            .zip(&a.predicted)
            .map(|(gold, predicted)| (place(&labels, gold), place(&labels, predicted)))
            .collect();
        (Rows::new(labels, pairs, groups, seed), of_b)
    }

    /// The rows with these numbers.
    pub fn part(&self, members: &[usize]) -> Rows {
        let groups: Vec<Option<String>> = members
            .iter()
            .map(|&row| self.groups[row].clone())
            .collect();
        let pairs = members.iter().map(|&row| self.pairs[row]).collect();
        Rows::new(self.labels.clone(), pairs, &groups, self.seed)
    }

    /// Their counts.
    pub fn counts(&self) -> Counts {
        Counts::of(self.labels.len(), self.pairs.iter().copied())
    }

    /// The number of groups.
    pub fn n_groups(&self) -> usize {
        self.bootstrap.n_groups()
    }

    /// The intervals of some figures.
    pub fn intervals(
        &self,
        figures: impl Fn(&Counts) -> Vec<Option<f64>> + Sync,
    ) -> Vec<Option<Interval>> {
        self.bootstrap
            .intervals(&[&self.pairs], self.labels.len(), |c| figures(&c[0]))
    }

    /// The intervals of how much other predictions for the same rows exceed these, in the figures given; `others` are
    /// their labels as indices into [`Rows::labels`].
    pub fn difference_intervals(
        &self,
        others: &[usize],
        figures: impl Fn(&Counts) -> Vec<Option<f64>> + Sync,
    ) -> Vec<Option<Interval>> {
        let others: Vec<(usize, usize)> = self
            .pairs
            .iter()
            .zip(others)
            .map(|(&(gold, _), &other)| (gold, other))
            .collect();
        self.bootstrap
            .intervals(&[&self.pairs, &others], self.labels.len(), |c| {
                figures(&c[1])
                    .into_iter()
                    .zip(figures(&c[0]))
                    .map(|(other, this)| Some(other? - this?))
                    .collect()
            })
    }
}

/// 95 % intervals, by a bootstrap over groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Intervals {
    /// Of macro-F1.
    pub macro_f1: Option<Interval>,
    /// Of accuracy.
    pub accuracy: Option<Interval>,
    /// Of weighted F1.
    pub weighted_f1: Option<Interval>,
    /// Of Cohen's kappa.
    pub kappa: Option<Interval>,
    /// Of each label's F1.
    pub f1: BTreeMap<String, Option<Interval>>,
}

/// How often one label was taken for another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairCount {
    /// The label it has.
    pub gold: String,
    /// The label it was given.
    pub predicted: String,
    /// The number of rows.
    pub n: u64,
    /// Their share in the rows of that gold label.
    pub share_of_gold: f64,
}

/// What is needed to make the same report again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Source {
    /// The command, with placeholders for files.
    pub command: String,
    /// The version of this program.
    pub version: String,
    /// The seed of all draws.
    pub seed: u64,
    /// SHA-256 of the evaluated rows as they were read: labels, texts, contexts, groups and weights.
    pub data_digest: String,
    /// Where the model comes from; `None` where a file of predictions was evaluated.
    pub model: Option<Provenance>,
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
    /// See [`Counts::kappa`].
    pub kappa: Option<f64>,
    /// The number of groups that the bootstrap draws from, rows without a group counting as one each.
    pub groups: usize,
    /// See [`log_loss`]; `None` where probabilities are not known.
    pub log_loss: Option<f64>,
    /// Of the predicted label's probability; `None` where it is not known.
    pub calibration: Option<Calibration>,
    /// Keeping the most certain rows, by the predicted label's probability; `None` where it is not known.
    pub coverage: Option<Vec<CoveragePoint>>,
    /// What the figures have to be compared with.
    pub baselines: Baselines,
    /// Pairs of labels that were confused, the most frequent first.
    pub confusions: Vec<PairCount>,
    /// The figures on parts of the rows.
    pub slices: Vec<SliceSet>,
    /// What is needed to make the report again.
    pub source: Source,
    /// Other predictions beside these, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// Whether the model uses the article, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_test: Option<ContextTest>,
    /// How the predictions were made out of fold, where they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_validation: Option<CrossValidation>,
    /// The most certain errors, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ListedError>,
}

/// What a report is made by.
#[derive(Debug, Clone, Default)]
pub struct ReportSettings {
    /// The group of each row, `None` for a row alone: what the bootstrap draws.
    pub groups: Vec<Option<String>>,
    /// Decides the draws.
    pub seed: u64,
    /// Fields to slice by, beside the usual ones.
    pub slices: Vec<String>,
    /// The command that makes the report, with placeholders for files.
    pub command: String,
    /// Where the model comes from, where there is one.
    pub model: Option<Provenance>,
}

impl Report {
    /// The number of rows that were predicted wrong.
    pub fn n_errors(&self) -> u64 {
        self.confusions.iter().map(|pair| pair.n).sum()
    }

    /// The report on `predictions` for `comments`, which all have gold labels, beside the comment-only baseline, where
    /// it was made.
    pub fn new(
        comments: &[Comment],
        predictions: &Predictions,
        comment_only: Option<&CommentOnly>,
        settings: &ReportSettings,
    ) -> Self {
        let gold = gold_labels(comments);
        let (rows, _) = Rows::of_two(
            comments,
            predictions,
            &Predictions::default(),
            &settings.groups,
            settings.seed,
        );
        let labels = rows.labels.clone();
        let counts = rows.counts();
        let k = labels.len();
        let certain = predictions.confidences.as_deref();
        Report {
            n: comments.len(),
            accuracy: counts.accuracy(),
            macro_f1: counts.macro_f1(),
            weighted_f1: counts.weighted_f1(),
            majority_macro_f1: counts.majority_macro_f1(),
            per_label: labels
                .iter()
                .cloned()
                .zip((0..k).map(|l| counts.label(l)))
                .collect(),
            confusion: counts.confusion(&labels),
            intervals: intervals(&rows),
            kappa: counts.kappa(),
            groups: rows.n_groups(),
            log_loss: predictions
                .probabilities
                .as_deref()
                .and_then(|p| gold_log_loss(p, &predictions.labels, &gold)),
            calibration: certain.map(|certain| {
                let right = rows.pairs.iter().map(|(gold, predicted)| gold == predicted);
                calibration(certain.iter().copied().zip(right))
            }),
            coverage: certain.map(|certain| coverage(&rows.pairs, certain, k)),
            baselines: Baselines::new(&rows, comment_only),
            confusions: confusions(&counts, &labels),
            slices: slices(comments, &rows, &settings.slices),
            source: Source {
                command: settings.command.clone(),
                version: env!("CARGO_PKG_VERSION").into(),
                seed: settings.seed,
                data_digest: digest(comments),
                model: settings.model.clone(),
            },
            comparison: None,
            context_test: None,
            cross_validation: None,
            errors: Vec::new(),
            labels,
        }
    }
}

fn gold_labels(comments: &[Comment]) -> Vec<&str> {
    comments
        .iter()
        .map(|c| c.label.as_deref().unwrap_or_default())
        .collect()
}

/// The labels that occur in gold or can be predicted, sorted.
fn all_labels(gold: &[&str], predictions: &Predictions) -> Vec<String> {
    let mut labels: Vec<String> = gold.iter().map(|l| l.to_string()).collect();
    labels.extend_from_slice(&predictions.predicted);
    labels.extend_from_slice(&predictions.labels);
    labels.sort();
    labels.dedup();
    labels
}

/// The index of `label` among all `labels`.
fn place(labels: &[String], label: &str) -> usize {
    labels
        .binary_search_by(|l| l.as_str().cmp(label))
        .expect("every label is listed")
}

/// Log-loss; a gold label that cannot be predicted has probability 0.
fn gold_log_loss(probabilities: &[f64], labels: &[String], gold: &[&str]) -> Option<f64> {
    let of_gold: Vec<f64> = probabilities
        .chunks(labels.len().max(1))
        .zip(gold)
        .map(|(p, gold)| labels.iter().position(|l| l == gold).map_or(0.0, |l| p[l]))
        .collect();
    log_loss(&of_gold, 1, &vec![0; gold.len()])
}

fn intervals(rows: &Rows) -> Intervals {
    let k = rows.labels.len();
    let found = rows.intervals(|c| {
        let mut figures = vec![c.macro_f1(), c.accuracy(), c.weighted_f1(), c.kappa()];
        figures.extend((0..k).map(|l| c.label(l).f1));
        figures
    });
    let at = |i: usize| found.get(i).copied().flatten();
    Intervals {
        macro_f1: at(0),
        accuracy: at(1),
        weighted_f1: at(2),
        kappa: at(3),
        f1: rows
            .labels
            .iter()
            .enumerate()
            .map(|(l, label)| (label.clone(), at(4 + l)))
            .collect(),
    }
}

fn confusions(counts: &Counts, labels: &[String]) -> Vec<PairCount> {
    let k = labels.len();
    let mut found: Vec<PairCount> = (0..k * k)
        .map(|cell| (cell / k, cell % k))
        .filter(|&(gold, predicted)| gold != predicted && counts.get(gold, predicted) > 0)
        .map(|(gold, predicted)| PairCount {
            gold: labels[gold].clone(),
            predicted: labels[predicted].clone(),
            n: counts.get(gold, predicted),
            share_of_gold: counts.get(gold, predicted) as f64 / counts.support(gold) as f64,
        })
        .collect();
    found.sort_by_key(|pair| std::cmp::Reverse(pair.n));
    found
}
