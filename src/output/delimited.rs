//! Predictions as CSV or TSV.

use super::rounded;
use crate::classifier::{Classifier, Prediction};
use crate::record::Comment;

/// One record without its end.
pub(super) fn line(delimiter: u8, cells: impl Iterator<Item = String>) -> String {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .from_writer(Vec::new());
    // Writing into memory cannot fail.
    let _ = writer.write_record(cells);
    let bytes = writer.into_inner().unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    text.trim_end_matches('\n').to_string()
}

/// The header: `id,label,probability,p_<label>…`.
pub fn delimited_header(labels: &[String], delimiter: u8) -> String {
    let names = ["id", "label", "probability"]
        .map(str::to_string)
        .into_iter();
    line(
        delimiter,
        names.chain(labels.iter().map(|l| format!("p_{l}"))),
    )
}

/// The row of one comment, without its end.
pub fn delimited_row(
    classifier: &Classifier,
    comment: &Comment,
    prediction: &Prediction,
    delimiter: u8,
) -> String {
    let number = |p: f64| rounded(p).to_string();
    let cells = [
        comment.id_string(),
        if prediction.review {
            String::new()
        } else {
            classifier.labels[prediction.label].clone()
        },
        number(prediction.probabilities[prediction.label]),
    ];
    let rest = prediction.probabilities.iter().map(|&p| number(p));
    line(delimiter, cells.into_iter().chain(rest))
}
