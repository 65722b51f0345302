//! Predictions as CSV or TSV.

use super::{neutralized, rounded};
use crate::classifier::{Classifier, Prediction};
use crate::record::Comment;

/// How cells stand in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimited {
    /// What stands between cells.
    pub delimiter: u8,
    /// Whether cells that a spreadsheet would take for formulas are [`neutralized`], and all but numbers quoted.
    pub safe: bool,
}

/// A row of `cells` without its end, and how many of them were neutralised.
pub(super) fn line(style: Delimited, cells: impl Iterator<Item = String>) -> (String, u64) {
    let mut n_neutralized = 0;
    let cells = cells.map(|cell| {
        let safe = match style.safe {
            true => neutralized(&cell).into_owned(),
            false => cell.clone(),
        };
        n_neutralized += u64::from(safe.len() > cell.len());
        safe
    });
    let mut writer = csv::WriterBuilder::new()
        .delimiter(style.delimiter)
        .quote_style(match style.safe {
            true => csv::QuoteStyle::NonNumeric,
            false => csv::QuoteStyle::Necessary,
        })
        .from_writer(Vec::new());
    // Writing into memory cannot fail.
    let _ = writer.write_record(cells);
    let bytes = writer.into_inner().unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    (text.trim_end_matches('\n').to_string(), n_neutralized)
}

/// The header: `id,label,probability,p_<label>…`. Its names begin with letters, so that none is a formula.
pub fn delimited_header(labels: &[String], style: Delimited) -> String {
    let names = ["id", "label", "probability"]
        .map(str::to_string)
        .into_iter();
    line(style, names.chain(labels.iter().map(|l| format!("p_{l}")))).0
}

/// The row of one comment, without its end, and how many of its cells were neutralised.
pub fn delimited_row(
    classifier: &Classifier,
    comment: &Comment,
    prediction: &Prediction,
    style: Delimited,
) -> (String, u64) {
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
    line(style, cells.into_iter().chain(rest))
}
