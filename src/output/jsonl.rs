//! One prediction as a line of JSON.

use super::rounded;
use crate::classifier::Prediction;
use crate::explain::Part;
use crate::record::Comment;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

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

/// Appends the line for `comment` to `lines`, without its end; `names` are those of the model's labels, and the comment's
/// id and fields are JSON. `"tampered": true` stands in it where normalising the text undid something that hides letters
/// or imitates them.
pub fn jsonl_row_into(
    lines: &mut Vec<u8>,
    names: &LabelNames,
    comment: &Comment,
    prediction: &Prediction,
    extras: Option<&Extras>,
) {
    let decided = prediction.probabilities[prediction.label];
    lines.extend_from_slice(b"{\"id\":");
    lines.extend_from_slice(comment.id.as_bytes());
    match prediction.review {
        true => lines.extend_from_slice(b",\"label\":null,\"review\":true,\"probability\":"),
        false => lines.extend_from_slice(names.decided[prediction.label].as_bytes()),
    }
    push_figure(lines, decided);
    for (name, value) in names.each.iter().zip(&prediction.probabilities) {
        lines.extend_from_slice(name.as_bytes());
        push_figure(lines, *value);
    }
    lines.push(b'}');
    if prediction.tampered {
        lines.extend_from_slice(b",\"tampered\":true");
    }
    if let Some(extras) = extras {
        push_extras(lines, &names.labels, prediction, extras);
    }
    if let Some(fields) = &comment.fields {
        lines.extend_from_slice(b",\"fields\":");
        lines.extend_from_slice(fields.as_bytes());
    }
    lines.push(b'}');
}

/// The labels and how they stand in a line.
pub struct LabelNames {
    labels: Vec<String>,
    /// What stands before the probability of a comment with each label.
    decided: Vec<String>,
    /// What stands before each label's probability.
    each: Vec<String>,
}

impl LabelNames {
    /// The names of these labels.
    pub fn new(labels: &[String]) -> Self {
        let json = labels
            .iter()
            .map(|label| serde_json::Value::from(label.as_str()));
        let before = std::iter::once(",\"probabilities\":{").chain(std::iter::repeat(","));
        LabelNames {
            labels: labels.to_vec(),
            decided: (json.clone())
                .map(|name| format!(",\"label\":{name},\"probability\":"))
                .collect(),
            each: (before.zip(json))
                .map(|(before, name)| format!("{before}{name}:"))
                .collect(),
        }
    }
}

fn push_extras(lines: &mut Vec<u8>, labels: &[String], prediction: &Prediction, extras: &Extras) {
    if let Some(read_as) = &extras.read_as {
        push_field(lines, "read_as", read_as);
    }
    push_field(lines, "scores", &ByLabel(labels, &prediction.scores));
    push_field(lines, "offsets", &ByLabel(labels, &extras.offsets));
    push_field(lines, "explanation", &extras.explanation);
}

fn push_field(line: &mut Vec<u8>, name: &str, value: &impl Serialize) {
    line.extend_from_slice(format!(",\"{name}\":").as_bytes());
    // Writing into memory cannot fail.
    let _ = serde_json::to_writer(line, value);
}

/// Appends `value` with eight digits behind the point: what [`rounded`] of it is in JSON.
fn push_figure(line: &mut Vec<u8>, value: f64) {
    let digits = (value * 1e8).round();
    // Eight digits tell numbers of this size apart, so that they are the shortest; smaller ones have an exponent.
    if (1000.0..1e8).contains(&digits) {
        let mut text = *b"0.00000000";
        let mut n = digits as u32;
        for place in text[2..].iter_mut().rev() {
            *place += (n % 10) as u8;
            n /= 10;
        }
        let end = text.iter().rposition(|&digit| digit != b'0').unwrap_or(0);
        line.extend_from_slice(&text[..=end]);
    } else {
        // Writing into memory cannot fail.
        let _ = serde_json::to_writer(line, &rounded(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_the_serializer_writes_them() {
        let mut rng = fastrand::Rng::with_seed(6);
        let few = [
            0,
            1,
            9,
            10,
            999,
            1000,
            1001,
            99_999_999,
            100_000_000,
            10_000_000,
            12_340_000,
        ];
        let many = (0..200_000).map(|_| rng.u32(..100_000_001) >> rng.u32(..20));
        for n in few.into_iter().chain(many) {
            for value in [
                f64::from(n) / 1e8,
                (f64::from(n) + 0.3) / 1e8,
                -f64::from(n),
            ] {
                let mut line = Vec::new();
                push_figure(&mut line, value);
                let expected = serde_json::to_string(&rounded(value)).unwrap();
                assert_eq!(String::from_utf8(line).unwrap(), expected);
            }
        }
    }
}
