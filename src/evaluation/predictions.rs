//! What was predicted for each row, by a model or by a file of predictions.

use crate::classifier::Classifier;
use crate::error::{Error, Result};
use crate::read::PredictedRow;
use crate::record::Comment;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The predictions for some rows, in their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predictions {
    /// The labels that could be predicted, sorted; for a file of predictions, those that it names.
    pub labels: Vec<String>,
    /// The predicted label of each row.
    pub predicted: Vec<String>,
    /// The probability of each row's predicted label, where it is known for all rows.
    pub confidences: Option<Vec<f64>>,
    /// The probabilities of `labels`, of shape `(n_rows, n_labels)`, where they are known for all rows.
    pub probabilities: Option<Vec<f64>>,
}

/// What `classifier` says of `comments`.
pub fn predict(classifier: &Classifier, comments: &[Comment]) -> Predictions {
    let found: Vec<_> = comments
        .par_chunks(512)
        .flat_map_iter(|piece| {
            let mut session = classifier.session();
            let found: Vec<_> = piece.iter().map(|c| session.classify(c)).collect();
            found
        })
        .collect();
    Predictions {
        labels: classifier.labels.clone(),
        predicted: found
            .iter()
            .map(|p| classifier.labels[p.label].clone())
            .collect(),
        confidences: Some(found.iter().map(|p| p.probabilities[p.label]).collect()),
        probabilities: Some(found.into_iter().flat_map(|p| p.probabilities).collect()),
    }
}

impl Predictions {
    /// The predictions of `rows`, matched with `comments` by id, and how many of `rows` have no comment. `file` and
    /// `gold_file` name both in messages.
    ///
    /// # Errors
    /// [`Error::Data`] where an id stands twice on either side, or a comment has no prediction.
    pub fn matched(
        rows: Vec<PredictedRow>,
        comments: &[Comment],
        file: &str,
        gold_file: &str,
    ) -> Result<(Self, usize)> {
        let mut by_id: HashMap<&str, &PredictedRow> = HashMap::new();
        for row in &rows {
            if by_id.insert(&row.id, row).is_some() {
                return Err(Error::Data(format!(
                    "{file}:{}: id {:?} stands twice; expected each once",
                    row.line, row.id
                )));
            }
        }
        let mut seen = BTreeSet::new();
        let mut matched = Vec::with_capacity(comments.len());
        for comment in comments {
            let id = comment.id_string();
            matched.push(*by_id.get(id.as_str()).ok_or_else(|| {
                Error::Data(format!(
                    "{file}: no prediction for id {id:?} of {gold_file}"
                ))
            })?);
            if !seen.insert(id.clone()) {
                return Err(Error::Data(format!(
                    "{gold_file}: id {id:?} stands twice; expected each once"
                )));
            }
        }
        let unused = by_id.len() - seen.len();
        Ok((Predictions::of_rows(&matched), unused))
    }

    fn of_rows(rows: &[&PredictedRow]) -> Self {
        let mut labels: BTreeSet<&str> = rows.iter().map(|r| r.label.as_str()).collect();
        labels.extend(
            rows.iter()
                .filter_map(|r| r.probabilities.as_ref())
                .flat_map(BTreeMap::keys)
                .map(String::as_str),
        );
        let of = |row: &PredictedRow, label: &str| -> Option<f64> {
            let probabilities = row.probabilities.as_ref()?;
            Some(probabilities.get(label).copied().unwrap_or(0.0))
        };
        Predictions {
            predicted: rows.iter().map(|r| r.label.clone()).collect(),
            confidences: rows
                .iter()
                .map(|r| of(r, &r.label).or(r.probability))
                .collect(),
            probabilities: rows
                .iter()
                .flat_map(|r| labels.iter().map(move |label| of(r, label)))
                .collect(),
            labels: labels.into_iter().map(str::to_string).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, label: &str, probabilities: Option<&[(&str, f64)]>) -> PredictedRow {
        PredictedRow {
            line: 1,
            id: id.into(),
            label: label.into(),
            probability: None,
            probabilities: probabilities
                .map(|p| p.iter().map(|(l, p)| (l.to_string(), *p)).collect()),
        }
    }

    fn comment(id: &str) -> Comment {
        Comment {
            id: id.into(),
            ..Comment::default()
        }
    }

    #[test]
    fn probabilities_count_where_all_rows_have_them() {
        let p = [("a", 0.25), ("c", 0.75)];
        let comments = [comment("1"), comment("2")];
        let rows = vec![row("2", "c", Some(&p)), row("1", "b", Some(&[("b", 1.0)]))];
        let (found, unused) = Predictions::matched(rows, &comments, "p", "g").unwrap();
        assert_eq!(unused, 0);
        assert_eq!(found.labels, ["a", "b", "c"]);
        assert_eq!(found.predicted, ["b", "c"]);
        assert_eq!(found.confidences, Some(vec![1.0, 0.75]));
        assert_eq!(
            found.probabilities,
            Some(vec![0.0, 1.0, 0.0, 0.25, 0.0, 0.75])
        );
        let rows = vec![row("2", "c", Some(&p)), row("1", "b", None)];
        let (found, _) = Predictions::matched(rows, &comments, "p", "g").unwrap();
        assert_eq!((found.confidences, found.probabilities), (None, None));
    }
}
