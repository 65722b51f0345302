//! One prediction as a line of JSON.

use super::rounded;
use crate::classifier::{Classifier, Prediction};
use crate::explain::Part;
use crate::record::Comment;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// What `--explain` adds.
pub struct Extras {
    /// The parts of the scores.
    pub explanation: Vec<Part>,
}

struct ByLabel<'a>(&'a [String], &'a [f64]);

impl Serialize for ByLabel<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (label, value) in self.0.iter().zip(self.1) {
            map.serialize_entry(label, &rounded(*value))?;
        }
        map.end()
    }
}

fn raw(json: &str) -> Result<&RawValue, serde_json::Error> {
    serde_json::from_str(json)
}

/// The line for `comment`, without its end.
pub fn jsonl_row(
    classifier: &Classifier,
    comment: &Comment,
    prediction: &Prediction,
    extras: Option<&Extras>,
) -> String {
    let mut line = Vec::with_capacity(256);
    // Writing into memory cannot fail, and the comment's own JSON was valid when it was read.
    let _ = write_row(&mut line, classifier, comment, prediction, extras);
    String::from_utf8(line).unwrap_or_default()
}

fn write_row(
    line: &mut Vec<u8>,
    classifier: &Classifier,
    comment: &Comment,
    prediction: &Prediction,
    extras: Option<&Extras>,
) -> Result<(), serde_json::Error> {
    let labels = &classifier.labels;
    let mut serializer = serde_json::Serializer::new(line);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("id", raw(&comment.id)?)?;
    map.serialize_entry("label", &labels[prediction.label])?;
    map.serialize_entry(
        "probability",
        &rounded(prediction.probabilities[prediction.label]),
    )?;
    map.serialize_entry("probabilities", &ByLabel(labels, &prediction.probabilities))?;
    if let Some(extras) = extras {
        map.serialize_entry("scores", &ByLabel(labels, &prediction.scores))?;
        map.serialize_entry("offsets", &ByLabel(labels, &classifier.offsets))?;
        map.serialize_entry("explanation", &extras.explanation)?;
    }
    if let Some(fields) = &comment.fields {
        map.serialize_entry("fields", raw(fields)?)?;
    }
    map.end()
}
