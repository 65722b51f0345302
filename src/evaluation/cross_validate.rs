//! Cross-validation: every row is labelled by a model that has not seen its group, and beside it by one that has not seen
//! the row only, which shows how much a careless split would flatter.

use super::difference::{Difference, Shown};
use super::{CommentOnly, ListedError, Predictions, Rows, comment_only, list_errors, predict};
use crate::error::{Error, Result};
use crate::folds::whole_group_folds;
use crate::metrics::{Counts, Interval};
use crate::record::Comment;
use crate::train::{GroupBy, TrainSettings, group_keys, train};
use serde::Serialize;

/// What cross-validation found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrossValidation {
    /// The number of folds.
    pub folds: usize,
    /// The number of groups that the folds keep whole, rows without a group counting as one each.
    pub groups: usize,
    /// Folds of whole groups: the figures for articles that a model has not seen.
    pub by_group: Pooled,
    /// Folds of rows drawn at random, within training too.
    pub by_row: Pooled,
    /// How much macro-F1 is higher with folds of rows.
    pub inflation: Difference,
    /// What that says, in words.
    pub verdict: String,
}

/// The figures on the rows of all folds together, each labelled by the model of the other folds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pooled {
    /// Macro-F1.
    pub macro_f1: Option<f64>,
    /// Its 95 % interval.
    pub macro_f1_interval: Option<Interval>,
    /// Accuracy.
    pub accuracy: Option<f64>,
    /// Its 95 % interval.
    pub accuracy_interval: Option<Interval>,
    /// Macro-F1 of each fold.
    pub macro_f1_of_folds: Vec<Option<f64>>,
}

/// The outcome of cross-validation by group.
#[derive(Debug, Clone)]
pub struct CrossValidated {
    /// What the models of the other folds say of each row.
    pub predictions: Predictions,
    /// What they say of the comments alone.
    pub comment_only: Option<CommentOnly>,
    /// The most certain errors, explained by the model that made them.
    pub errors: Vec<ListedError>,
    /// The figures.
    pub summary: CrossValidation,
}

/// Trains by `settings` with `n_folds` folds of `comments` by group and as often by row, and lists `n_errors` errors.
///
/// # Errors
/// [`Error::Data`] where there are fewer groups than folds, or where training on some folds fails.
pub fn cross_validate(
    comments: &[Comment],
    n_folds: usize,
    settings: &TrainSettings,
    n_errors: usize,
) -> Result<CrossValidated> {
    let groups = group_keys(comments, &settings.group_by)?;
    let gold = Predictions {
        predicted: comments.iter().filter_map(|c| c.label.clone()).collect(),
        ..Predictions::default()
    };
    let (rows, targets) = Rows::of_two(comments, &gold, &gold, &groups, settings.seed);
    let targets: Vec<u32> = targets.into_iter().map(|t| t as u32).collect();
    let fold = |keys: &[Option<&str>], what: &str| {
        whole_group_folds(keys, &targets, rows.labels.len(), n_folds, settings.seed).ok_or_else(
            || {
                Error::Data(format!(
                    "fewer {what} than {n_folds} folds; expected at least as many"
                ))
            },
        )
    };
    let keys: Vec<Option<&str>> = groups.iter().map(Option::as_deref).collect();
    let folds_by_group = fold(&keys, "groups")?;
    let folds_by_row = fold(&vec![None; comments.len()], "rows")?;
    // Who splits by row does so within training too.
    let careless = TrainSettings {
        group_by: GroupBy::None,
        ..settings.clone()
    };
    let mut by_group = Run::new(&rows.labels, comments.len());
    let mut by_row = Run::new(&rows.labels, comments.len());
    for number in 0..n_folds {
        by_group.fold(comments, &folds_by_group, number, settings, n_errors)?;
        by_row.fold(comments, &folds_by_row, number, &careless, 0)?;
    }
    let (rows, of_rows) = Rows::of_two(
        comments,
        &by_group.predictions,
        &by_row.predictions,
        &groups,
        settings.seed,
    );
    let (inflation, _) = Difference::of(&rows, &of_rows);
    let row_pairs = rows
        .pairs
        .iter()
        .zip(of_rows)
        .map(|(pair, row)| (pair.0, row));
    let rows_by_row = Rows::new(
        rows.labels.clone(),
        row_pairs.collect(),
        &groups,
        settings.seed,
    );
    Ok(CrossValidated {
        summary: CrossValidation {
            folds: n_folds,
            groups: rows.n_groups(),
            by_group: pooled(&rows, &folds_by_group, n_folds),
            by_row: pooled(&rows_by_row, &folds_by_row, n_folds),
            verdict: verdict(&inflation),
            inflation,
        },
        errors: by_group.most_certain_errors(n_errors),
        comment_only: by_group.comment_only(),
        predictions: by_group.predictions,
    })
}

/// The predictions of one cross-validation, fold by fold.
struct Run {
    predictions: Predictions,
    bare: Vec<Option<String>>,
    errors: Vec<ListedError>,
}

impl Run {
    fn new(labels: &[String], n: usize) -> Self {
        Run {
            predictions: Predictions {
                labels: labels.to_vec(),
                predicted: vec![String::new(); n],
                confidences: Some(vec![0.0; n]),
                probabilities: Some(vec![0.0; n * labels.len()]),
            },
            bare: vec![None; n],
            errors: Vec::new(),
        }
    }

    /// Trains on the other folds and labels the rows of fold `number`.
    fn fold(
        &mut self,
        comments: &[Comment],
        folds: &[usize],
        number: usize,
        settings: &TrainSettings,
        n_errors: usize,
    ) -> Result<()> {
        let (held_out, others): (Vec<usize>, Vec<usize>) =
            (0..comments.len()).partition(|&row| folds[row] == number);
        let of = |rows: &[usize]| -> Vec<Comment> {
            rows.iter().map(|&row| comments[row].clone()).collect()
        };
        let trained = train(&of(&others), &[], settings).map_err(|e| match e {
            Error::Data(what) => Error::Data(format!("without fold {}: {what}", number + 1)),
            other => other,
        })?;
        let classifier = &trained.classifier;
        let test = of(&held_out);
        let found = predict(classifier, &test);
        if let Some(bare) = comment_only(classifier, &test) {
            for (&row, label) in held_out.iter().zip(bare.predicted()) {
                self.bare[row] = Some(label.clone());
            }
        }
        self.errors
            .extend(list_errors(&test, &found, Some(classifier), n_errors));
        let all = &mut self.predictions;
        let places: Vec<usize> = found
            .labels
            .iter()
            .filter_map(|l| all.labels.binary_search(l).ok())
            .collect();
        let k = all.labels.len();
        let (Some(confidences), Some(probabilities)) =
            (&mut all.confidences, &mut all.probabilities)
        else {
            return Ok(());
        };
        let certain = found.confidences.unwrap_or_default();
        let of_labels = found.probabilities.unwrap_or_default();
        for (i, &row) in held_out.iter().enumerate() {
            all.predicted[row] = found.predicted[i].clone();
            confidences[row] = certain[i];
            for (l, &place) in places.iter().enumerate() {
                probabilities[row * k + place] = of_labels[i * places.len() + l];
            }
        }
        Ok(())
    }

    fn most_certain_errors(&mut self, most: usize) -> Vec<ListedError> {
        let mut errors = std::mem::take(&mut self.errors);
        let p = |e: &ListedError| e.probability.unwrap_or(0.0);
        errors.sort_by(|a, b| p(b).total_cmp(&p(a)));
        errors.truncate(most);
        errors
    }

    /// What was said of the comments alone; of a fold without any context that is what was said of its comments.
    fn comment_only(&self) -> Option<CommentOnly> {
        if self.bare.iter().all(Option::is_none) {
            return None;
        }
        let labels = self.bare.iter().zip(&self.predictions.predicted);
        Some(CommentOnly::new(
            labels
                .map(|(bare, with)| bare.as_ref().unwrap_or(with).clone())
                .collect(),
        ))
    }
}

fn pooled(rows: &Rows, folds: &[usize], n_folds: usize) -> Pooled {
    let counts = rows.counts();
    let intervals = rows.intervals(|c| vec![c.macro_f1(), c.accuracy()]);
    let of_fold = |fold: usize| {
        let pairs = rows.pairs.iter().zip(folds).filter(|(_, f)| **f == fold);
        Counts::of(rows.labels.len(), pairs.map(|(pair, _)| *pair)).macro_f1()
    };
    Pooled {
        macro_f1: counts.macro_f1(),
        macro_f1_interval: intervals.first().copied().flatten(),
        accuracy: counts.accuracy(),
        accuracy_interval: intervals.get(1).copied().flatten(),
        macro_f1_of_folds: (0..n_folds).map(of_fold).collect(),
    }
}

fn verdict(inflation: &Difference) -> String {
    let words = inflation.words("macro-F1");
    match inflation.shown() {
        Shown::More => format!(
            "Warning: folds of random rows flatter: {words}. A model that is tested on articles that it was trained on \
             knows them; for new articles count with the figures by group."
        ),
        Shown::Less => format!("Folds of random rows do not flatter here: {words}."),
        Shown::Nothing => format!(
            "Folds of random rows are not shown to flatter: {words}. For new articles count with the figures by group all the \
             same."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Under each headline all comments have the same label. Half of them say so in words of their own, half only by a word
    /// that no other headline has: folds of rows have seen that word, folds of headlines have not.
    #[test]
    fn rows_of_a_known_article_flatter_and_the_verdict_warns() {
        let mut comments = Vec::new();
        for article in 0..24 {
            let (label, cue) = [("a", "stop"), ("b", "proof")][article * 7 / 3 % 2];
            let own = format!(
                "{}q",
                ["ka", "ro", "ti", "mu"][article % 4].repeat(article / 4 + 1)
            );
            for row in 0..12 {
                let text = if row % 2 == 0 { cue } else { own.as_str() };
                comments.push(
                    Comment::new(format!("{text} {row}"))
                        .under(format!("headline {article}"))
                        .labelled(label),
                );
            }
        }
        let run = || cross_validate(&comments, 3, &TrainSettings::default(), 5).unwrap();
        let found = run();
        let summary = &found.summary;
        assert_eq!((summary.folds, summary.groups), (3, 24));
        assert!(summary.by_row.macro_f1 > Some(0.9), "{summary:?}");
        assert!(summary.by_group.macro_f1 < Some(0.85), "{summary:?}");
        assert!(
            summary
                .verdict
                .starts_with("Warning: folds of random rows flatter: +")
        );
        assert_eq!(summary.by_group.macro_f1_of_folds.len(), 3);
        assert_eq!(found.errors.len(), 5);
        assert_eq!(run().predictions, found.predictions);
    }

    #[test]
    fn more_folds_than_groups_are_refused() {
        let comments: Vec<Comment> = (0..8)
            .map(|i| {
                Comment::new(format!("x{i}"))
                    .under(format!("h{}", i % 2))
                    .labelled("a")
            })
            .collect();
        let error = cross_validate(&comments, 3, &TrainSettings::default(), 0).unwrap_err();
        assert_eq!(error.status(), 3);
        assert!(error.to_string().contains("fewer groups than 3 folds"));
    }
}
