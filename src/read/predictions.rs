//! Reads files of predictions, as `stance-classify` or any other program writes them.

use super::Field;
use super::objects::{Object, for_each_object};
use crate::error::Result;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// One row of a file of predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictedRow {
    /// The line it stands on, from 1.
    pub line: u64,
    /// The id, as a string.
    pub id: String,
    /// The predicted label.
    pub label: String,
    /// That label's probability, from 0 to 1.
    pub probability: Option<f64>,
    /// Every label's probability, from 0 to 1; they sum to 1.
    pub probabilities: Option<BTreeMap<String, f64>>,
}

/// How far the sum of probabilities may be from 1: enough for figures that were rounded to three digits.
const TOLERANCE: f64 = 0.01;

#[derive(Deserialize)]
struct Others {
    probability: Option<f64>,
    probabilities: Option<BTreeMap<String, f64>>,
}

/// The rows of a JSONL file of predictions `{"id", "label", "probability"?, "probabilities"?}`.
///
/// # Errors
/// [`Error::Io`] where it cannot be read, [`Error::Data`] where a row has no id or no label, or where a probability is
/// not one.
pub fn read_predictions(path: &Path) -> Result<Vec<PredictedRow>> {
    let mut found = Vec::new();
    let expected = "a prediction {\"id\", \"label\"}";
    for_each_object(path, expected, true, |object| {
        found.push(read_row(object)?);
        Ok(())
    })?;
    Ok(found)
}

fn read_row(object: &Object) -> std::result::Result<PredictedRow, String> {
    let others = object.fields.others.as_deref().unwrap_or("{}");
    let Others {
        probability,
        probabilities,
    } = serde_json::from_str(others)
        .map_err(|e| format!("\"probability\" or \"probabilities\": {e}"))?;
    let given = probabilities.iter().flat_map(BTreeMap::values);
    if let Some(p) = probability
        .iter()
        .chain(given)
        .find(|p| !(0.0..=1.0).contains(*p))
    {
        return Err(format!("a probability is {p}; expected 0 to 1"));
    }
    if let Some(sum) = probabilities.as_ref().map(|p| p.values().sum::<f64>())
        && (sum - 1.0).abs() > TOLERANCE
    {
        return Err(format!("\"probabilities\" sum to {sum}; expected 1"));
    }
    Ok(PredictedRow {
        line: object.line,
        id: object.scalar(Field::Id)?,
        label: object.scalar(Field::Label)?,
        probability,
        probabilities,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(content: &str) -> Result<Vec<PredictedRow>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        read_predictions(file.path())
    }

    #[test]
    fn a_prediction_is_read_with_its_probabilities() {
        let content = r#"

            {"id":7,"label":"b","probability":0.75,"probabilities":{"a":0.25,"b":0.75},"x":[1]}
            {"id":"7","label":2}"#;
        let [row, bare] = rows(content).unwrap().try_into().unwrap();
        assert_eq!(
            (row.line, row.id.as_str(), row.label.as_str()),
            (3, "7", "b")
        );
        assert_eq!(row.probability, Some(0.75));
        assert_eq!(row.probabilities.unwrap()["a"], 0.25);
        assert_eq!((bare.label.as_str(), bare.probability), ("2", None));
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        for (row, reason) in [
            (
                r#"{"id":1,"label":"a","probability":1.5}"#,
                "is 1.5; expected 0 to 1",
            ),
            (
                r#"{"id":1,"label":"a","probabilities":{"a":0.5}}"#,
                "sum to 0.5; expected 1",
            ),
            (r#"{"id":1,"label":"a","probability":"x"}"#, "expected f64"),
            (r#"{"id":1}"#, "no \"label\""),
        ] {
            let error = rows(row).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
