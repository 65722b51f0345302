//! Where predictions are wrong, and what decided.

use super::Predictions;
use crate::classifier::Classifier;
use crate::explain::{Part, explain};
use crate::record::Comment;
use serde::Serialize;
use serde_json::value::RawValue;

/// One wrong prediction.
#[derive(Debug, Clone, Serialize)]
pub struct ListedError {
    /// The row's id, as it was written.
    pub id: Box<RawValue>,
    /// The label it has.
    pub gold: String,
    /// The label it was given.
    pub predicted: String,
    /// The predicted label's probability, where it is known.
    pub probability: Option<f64>,
    /// The gold label's probability, where it is known.
    pub gold_probability: Option<f64>,
    /// The comment.
    pub text: String,
    /// The headline that it stands under.
    pub headline: Option<String>,
    /// The text that it replies to.
    pub parent: Option<String>,
    /// Its language.
    pub lang: Option<String>,
    /// The parts of the scores; `None` where there is no model to ask.
    pub explanation: Option<Vec<Part>>,
}

impl ListedError {
    /// How much `part` speaks for the predicted label rather than the gold one: the difference of what it adds to their
    /// scores. Where the model does not know the gold label, rather than the mean of all labels.
    pub fn leaning(&self, part: &Part) -> f64 {
        let parts = &part.contributions;
        let mean = parts.values.iter().sum::<f64>() / parts.values.len() as f64;
        parts.of(&self.predicted).unwrap_or(mean) - parts.of(&self.gold).unwrap_or(mean)
    }
}

impl PartialEq for ListedError {
    fn eq(&self, other: &Self) -> bool {
        self.id.get() == other.id.get() && self.text == other.text
    }
}

/// The `most` errors whose predicted label has the highest probability, that first, and those of equal or unknown
/// probability in the order of the rows. `classifier` explains them.
pub fn list_errors(
    comments: &[Comment],
    predictions: &Predictions,
    classifier: Option<&Classifier>,
    most: usize,
) -> Vec<ListedError> {
    let wrong =
        |&row: &usize| comments[row].label.as_deref() != Some(predictions.predicted[row].as_str());
    let mut rows: Vec<usize> = (0..comments.len()).filter(wrong).collect();
    if let Some(certain) = &predictions.confidences {
        rows.sort_by(|&a, &b| certain[b].total_cmp(&certain[a]));
    }
    rows.truncate(most);
    let mut session = classifier.map(|c| (c, c.session()));
    rows.into_iter()
        .map(|row| {
            let comment = &comments[row];
            let gold = comment.label.clone().unwrap_or_default();
            ListedError {
                id: RawValue::from_string(comment.id.clone()).unwrap_or_default(),
                predicted: predictions.predicted[row].clone(),
                probability: predictions.confidences.as_ref().map(|c| c[row]),
                gold_probability: probability(predictions, row, &gold),
                gold,
                text: comment.text.clone(),
                headline: comment.headline.as_deref().map(str::to_string),
                parent: comment.parent.clone(),
                lang: comment.lang.clone(),
                explanation: session.as_mut().map(|(classifier, session)| {
                    let features = session.extract(comment);
                    explain(classifier, &comment.text, &features)
                }),
            }
        })
        .collect()
}

fn probability(predictions: &Predictions, row: usize, label: &str) -> Option<f64> {
    let probabilities = predictions.probabilities.as_ref()?;
    let of_label = predictions.labels.iter().position(|l| l == label);
    Some(of_label.map_or(0.0, |l| probabilities[row * predictions.labels.len() + l]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_the_most_certain_first_and_right_rows_never() {
        let comments: Vec<Comment> = ["x", "y", "z"]
            .iter()
            .enumerate()
            .map(|(i, text)| Comment {
                id: i.to_string(),
                ..Comment::new(*text).labelled("a")
            })
            .collect();
        let predictions = Predictions {
            labels: vec!["a".into(), "b".into()],
            predicted: vec!["b".into(), "a".into(), "b".into()],
            confidences: Some(vec![0.6, 0.99, 0.9]),
            probabilities: None,
        };
        let ids = |most: usize| -> Vec<String> {
            let found = list_errors(&comments, &predictions, None, most);
            found.iter().map(|e| e.id.get().to_string()).collect()
        };
        assert_eq!(ids(9), ["2", "0"]);
        assert_eq!(ids(1), ["2"]);
    }
}
