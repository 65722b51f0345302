//! What the figures have to be compared with.

use super::{Rows, predict};
use crate::classifier::Classifier;
use crate::metrics::{Counts, Interval};
use crate::record::Comment;
use serde::Serialize;

/// The baselines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baselines {
    /// Always predicting the label that is most frequent in gold, the first of equals; `None` without rows.
    pub majority: Option<Baseline>,
    /// The same model on the comments alone; `None` where there is no model, or nothing but comments.
    pub comment_only: Option<Baseline>,
}

/// The figures of a baseline on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baseline {
    /// The one label it predicts, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its accuracy.
    pub accuracy: Option<f64>,
    /// Its macro-F1.
    pub macro_f1: Option<f64>,
    /// The 95 % interval of how far the evaluated predictions' macro-F1 is above the baseline's, paired.
    pub macro_f1_gain: Option<Interval>,
}

/// What a model says of the comments alone.
#[derive(Debug, Clone, PartialEq)]
pub struct CommentOnly {
    predicted: Vec<String>,
}

impl CommentOnly {
    /// These labels, in the order of the rows.
    pub(super) fn new(predicted: Vec<String>) -> Self {
        CommentOnly { predicted }
    }

    /// The label of each row.
    pub fn predicted(&self) -> &[String] {
        &self.predicted
    }
}

/// What `classifier` says of `comments` without headline, body and parent; `None` where no row has any of them.
pub fn comment_only(classifier: &Classifier, comments: &[Comment]) -> Option<CommentOnly> {
    let in_context = |c: &Comment| c.headline.is_some() || c.body.is_some() || c.parent.is_some();
    comments.iter().any(in_context).then(|| {
        let bare: Vec<Comment> = comments.iter().map(Comment::without_context).collect();
        CommentOnly {
            predicted: predict(classifier, &bare).predicted,
        }
    })
}

impl Baselines {
    pub(super) fn new(rows: &Rows, comment_only: Option<&CommentOnly>) -> Self {
        let counts = rows.counts();
        let k = rows.labels.len();
        let majority = (0..k)
            .rev()
            .max_by_key(|&l| counts.support(l))
            .filter(|_| counts.total() > 0);
        let comment_only = comment_only.map(|bare| {
            let place = |label: &String| rows.labels.binary_search(label).unwrap_or_default();
            bare.predicted.iter().map(place).collect()
        });
        Baselines {
            majority: majority.map(|label| Baseline {
                label: Some(rows.labels[label].clone()),
                ..baseline(rows, vec![label; rows.pairs.len()])
            }),
            comment_only: comment_only.map(|predicted| baseline(rows, predicted)),
        }
    }
}

fn baseline(rows: &Rows, predicted: Vec<usize>) -> Baseline {
    let gold = rows.pairs.iter().map(|pair| pair.0);
    let counts = Counts::of(rows.labels.len(), gold.zip(predicted.iter().copied()));
    let below = rows.difference_intervals(&predicted, |c| vec![c.macro_f1()]);
    Baseline {
        label: None,
        accuracy: counts.accuracy(),
        macro_f1: counts.macro_f1(),
        macro_f1_gain: below[0].map(|(low, high)| (-high, -low)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_majority_baseline_is_what_the_counts_say() {
        let pairs = vec![(0, 0), (1, 1), (1, 1), (1, 0)];
        let rows = Rows::new(vec!["a".into(), "b".into()], pairs, &[const { None }; 4], 1);
        let found = Baselines::new(&rows, None);
        let majority = found.majority.unwrap();
        assert_eq!(majority.label.as_deref(), Some("b"));
        assert_eq!(majority.accuracy, Some(0.75));
        assert_eq!(majority.macro_f1, rows.counts().majority_macro_f1());
        assert_eq!(found.comment_only, None);
    }
}
