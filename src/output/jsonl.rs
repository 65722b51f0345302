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
    /// The decision offsets.
    pub offsets: Vec<f64>,
    /// The parts of the scores.
    pub explanation: Vec<Part>,
    /// The text as the model read it, where a disguise was undone.
    pub read_as: Option<String>,
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

/// Appends the line for `comment` to `lines`, without its end. `"tampered": true` stands in it where
/// normalising the text undid something that hides letters or imitates them.
pub fn jsonl_row_into(
    lines: &mut Vec<u8>,
    classifier: &Classifier,
    comment: &Comment,
    prediction: &Prediction,
    extras: Option<&Extras>,
) {
    // Writing into memory cannot fail, and the comment's own JSON was valid when it was read.
    let _ = write_row(lines, classifier, comment, prediction, extras);
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
    let label = (!prediction.review).then(|| &labels[prediction.label]);
    map.serialize_entry("label", &label)?;
    if prediction.review {
        map.serialize_entry("review", &true)?;
    }
    map.serialize_entry(
        "probability",
        &rounded(prediction.probabilities[prediction.label]),
    )?;
    map.serialize_entry("probabilities", &ByLabel(labels, &prediction.probabilities))?;
    if prediction.tampered {
        map.serialize_entry("tampered", &true)?;
    }
    if let Some(extras) = extras {
        if let Some(read_as) = &extras.read_as {
            map.serialize_entry("read_as", read_as)?;
        }
        map.serialize_entry("scores", &ByLabel(labels, &prediction.scores))?;
        map.serialize_entry("offsets", &ByLabel(labels, &extras.offsets))?;
        map.serialize_entry("explanation", &extras.explanation)?;
    }
    if let Some(fields) = &comment.fields {
        map.serialize_entry("fields", raw(fields)?)?;
    }
    map.end()
}
