//! Why a comment got its scores: what each of its words, and each fact about it, added to each label.
//!
//! Both models are linear, so the parts add up to the scores exactly, up to rounding.

use crate::classifier::Classifier;
use crate::features::Features;
use crate::features::ngrams::{Span, for_each_ngram};
use crate::stance_model::{context_scores, embedding_inputs, first_column};
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::collections::BTreeMap;

/// One part of the scores.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// `text`, the name of a feature, or `intercept`.
    pub source: String,
    /// The first byte of the comment's text that the part comes from; `None` for what is not a piece of text.
    pub start: Option<usize>,
    /// The byte behind the last.
    pub end: Option<usize>,
    /// That piece of the text.
    pub text: Option<String>,
    /// What the part adds to each label's score.
    pub contributions: Contributions,
}

/// A number for each label, written as a JSON object in label order.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    labels: std::sync::Arc<[String]>,
    /// The numbers, in the order of the model's labels.
    pub values: Vec<f64>,
}

impl Contributions {
    /// The number for `label`; `None` where the model does not know it.
    pub fn of(&self, label: &str) -> Option<f64> {
        let at = self.labels.iter().position(|l| l == label)?;
        Some(self.values[at])
    }
}

impl Serialize for Contributions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (label, value) in self.labels.iter().zip(&self.values) {
            map.serialize_entry(label, &crate::output::rounded(*value))?;
        }
        map.end()
    }
}

/// The parts of the scores of the comment with this `text` and `features`: pieces of the text by their place, then
/// features, then the intercept.
pub fn explain(classifier: &Classifier, text: &str, features: &Features) -> Vec<Part> {
    let k = classifier.labels.len();
    let labels: std::sync::Arc<[String]> = classifier.labels.clone().into();
    let part = |source: String, span: Option<(usize, usize)>, values: Vec<f64>| Part {
        source,
        start: span.map(|s| s.0),
        end: span.map(|s| s.1),
        text: span.map(|(start, end)| text[start..end].to_string()),
        contributions: Contributions {
            labels: labels.clone(),
            values,
        },
    };
    let (stance, _) = classifier.stance_for(&features.dense);
    let text_scores = classifier.text_scores(features);
    let through = stance.text_score_weights(&text_scores, &features.dense);
    let pass = |scores: &[f64]| -> Vec<f64> {
        (0..k)
            .map(|label| (0..k).map(|s| scores[s] * through[s * k + label]).sum())
            .collect()
    };
    let mut parts = Vec::new();
    for ((start, end), scores) in text_parts(classifier, features) {
        parts.push(part("text".into(), Some((start, end)), pass(&scores)));
    }
    let encoder = &stance.encoder;
    for (scored, first, theirs) in context_scores(encoder, &stance.scaling, &text_scores) {
        let values = stance.sum_of_inputs((first..).zip(theirs));
        parts.push(part(scored.name().into(), None, values));
    }
    let first = first_column(encoder, k);
    for column in encoder.active_columns(&features.dense) {
        let weights = stance.input_weights(first + column);
        let values = weights.iter().map(|&w| f64::from(w)).collect();
        parts.push(part(encoder.columns()[column].name(), None, values));
    }
    if encoder.embedding().is_some() {
        let inputs = embedding_inputs(encoder, k, &features.dense);
        let inputs = inputs.map(|(input, value)| (input as usize, f64::from(value)));
        parts.push(part("embedding".into(), None, stance.sum_of_inputs(inputs)));
    }
    let text_intercept: Vec<f64> = classifier
        .text
        .intercept
        .iter()
        .map(|&b| f64::from(b))
        .collect();
    let intercept = pass(&text_intercept);
    let intercept = intercept
        .iter()
        .zip(&stance.intercept)
        .map(|(a, &b)| a + f64::from(b));
    parts.push(part("intercept".into(), None, intercept.collect()));
    parts
}

/// What each piece of the text adds to the text scores. An n-gram that occurs several times shares out what it adds.
fn text_parts(classifier: &Classifier, features: &Features) -> BTreeMap<(usize, usize), Vec<f64>> {
    let k = classifier.labels.len();
    let words = &features.analysis.words;
    let mut places: BTreeMap<u32, Vec<Span>> = BTreeMap::new();
    for_each_ngram(&features.analysis, &features.gates, |key, span| {
        if let Some(column) = classifier.extractor.table.column(key) {
            places.entry(column).or_default().push(span);
        }
    });
    let mut parts: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    for (column, value) in features.ngrams.values() {
        let spans = &places[&column];
        for span in spans {
            let (first, last) = (&words[span.first as usize], &words[span.last as usize]);
            // A ligature can give two words the same source, so the later one may begin no later.
            let place = (
                first.start.min(last.start) as usize,
                first.end.max(last.end) as usize,
            );
            let part = parts.entry(place).or_insert_with(|| vec![0.0; k]);
            for (p, w) in part.iter_mut().zip(classifier.text.ngram_weights(column)) {
                *p += f64::from(value) * w / spans.len() as f64;
            }
        }
    }
    parts
}
