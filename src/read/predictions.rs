//! Reads files of predictions, as `stance-classify` or any other program writes them.

use super::articles::read_text;
use super::jsonl::read_fields;
use super::{Columns, Field};
use crate::error::{Error, Result};
use crate::record::id_string;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// One row of a file of predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictedRow {
    /// The line it stands on, from 1.
    pub line: usize,
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
    let content = read_text(path)?;
    let mut found = Vec::new();
    for (at, line) in content.lines().enumerate() {
        if !line.trim().is_empty() {
            let row = read_row(line, at + 1).map_err(|reason| {
                Error::Data(format!("{}:{}: {reason}", path.display(), at + 1))
            })?;
            found.push(row);
        }
    }
    Ok(found)
}

fn read_row(text: &str, line: usize) -> std::result::Result<PredictedRow, String> {
    let fields = read_fields(text, &Columns::default(), true)?;
    let value = |field: Field| match fields.get(field) {
        Some(raw) if !raw.starts_with(['[', '{', 't', 'f']) => Ok(id_string(raw)),
        Some(raw) => Err(format!(
            "{:?} is {raw}; expected a string or a number",
            field.name()
        )),
        None => Err(format!(
            "no {:?}; expected a prediction {{\"id\", \"label\"}}",
            field.name()
        )),
    };
    let others = fields.others.as_deref().unwrap_or("{}");
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
        line,
        id: value(Field::Id)?,
        label: value(Field::Label)?,
        probability,
        probabilities,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_is_read_with_its_probabilities() {
        let row = read_row(
            r#"{"id":7,"label":"b","probability":0.75,"probabilities":{"a":0.25,"b":0.75},"x":[1]}"#,
            3,
        )
        .unwrap();
        assert_eq!(
            (row.line, row.id.as_str(), row.label.as_str()),
            (3, "7", "b")
        );
        assert_eq!(row.probability, Some(0.75));
        assert_eq!(row.probabilities.unwrap()["a"], 0.25);
        let bare = read_row(r#"{"id":"7","label":2}"#, 1).unwrap();
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
            let error = read_row(row, 1).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
