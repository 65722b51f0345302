//! `stance-classify --prevalence`: shares of labels in place of labels, in memory that grows with groups only.

use super::classify::{OutputFormat, report_neutralized};
use super::in_order::in_order;
use super::{ReadArgs, print, row_summary, set_threads};
use crate::classifier::Classifier;
use crate::error::{Error, Result};
use crate::output::{GroupShares, rounded, shares_delimited, shares_jsonl, shares_table, visible};
use crate::prevalence::{bin, n_bins};
use crate::read::{Field, Row, RowParser, Rows};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Counts of decisions: by label, and by bin.
struct Counts {
    by_label: Vec<u64>,
    by_bin: Vec<u64>,
}

/// What was decided for one comment, and the value by which it is grouped.
struct Decision {
    value: Option<String>,
    label: usize,
    probability: f64,
}

/// Estimates shares among the comments of `files`, for each value of field `by`, and prints them.
///
/// # Errors
/// Any error; see [`Error::status`].
pub(super) fn estimate_shares(
    classifier: &Classifier,
    files: &[PathBuf],
    read: &ReadArgs,
    by: Option<&str>,
    format: OutputFormat,
    csv_safe: bool,
    n_threads: usize,
) -> Result<()> {
    let confusions = classifier.confusions.as_ref().ok_or_else(|| {
        Error::Model(
            "--prevalence: the model holds no calibration; expected one trained on at least 20 groups by this version"
                .into(),
        )
    })?;
    let labels = &classifier.labels;
    let articles = read.load_articles()?;
    let known = by.is_none_or(|by| Field::ALL.iter().any(|f| f.name() == by));
    let options = read.options(false, !known);
    let parser = RowParser::new(&options, &articles);
    let mut bad_rows = read.bad_rows()?;
    let mut rows = Rows::new(files, &options);
    let mut groups: BTreeMap<Option<String>, Counts> = BTreeMap::new();
    let next = || {
        let batch = rows.next_batch(1024, 1 << 20)?;
        Ok((!batch.is_empty()).then_some(batch))
    };
    let worker = || {
        let mut session = classifier.session();
        let parser = &parser;
        move |batch: Vec<Row>| -> Vec<(Row, std::result::Result<Decision, String>)> {
            let decide = |row: Row| {
                let decision = parser.parse(&row).map(|comment| {
                    let prediction = session.classify(&comment);
                    Decision {
                        value: by.and_then(|by| comment.field(by)),
                        label: prediction.label,
                        probability: rounded(prediction.probabilities[prediction.label]),
                    }
                });
                (row, decision)
            };
            batch.into_iter().map(decide).collect()
        }
    };
    let count = |decisions: Vec<(Row, std::result::Result<Decision, String>)>| {
        for (row, decision) in decisions {
            match decision {
                Ok(decision) => {
                    let counts = groups.entry(decision.value).or_insert_with(|| Counts {
                        by_label: vec![0; labels.len()],
                        by_bin: vec![0; n_bins(labels.len())],
                    });
                    counts.by_label[decision.label] += 1;
                    counts.by_bin[bin(decision.label, decision.probability)] += 1;
                }
                Err(reason) => bad_rows.take(&row, reason)?,
            }
        }
        Ok(())
    };
    in_order(n_threads, next, worker, count)?;
    bad_rows.finish()?;
    if let Some(by) = by
        && groups.keys().all(Option::is_none)
    {
        eprintln!("warning: no row has a field {:?}", visible(by));
    }
    set_threads(Some(n_threads))?;
    let by_bin: Vec<&[u64]> = groups.values().map(|c| c.by_bin.as_slice()).collect();
    let found: Vec<GroupShares> = confusions
        .shares_of_all(&by_bin)
        .into_iter()
        .zip(&groups)
        .map(|(shares, (value, counts))| GroupShares {
            value: value.clone(),
            counted: counts.by_label.clone(),
            shares,
        })
        .collect();
    let mut n_neutralized = 0;
    print(&match format {
        OutputFormat::Table => shares_table(&found, labels, by),
        OutputFormat::Jsonl => shares_jsonl(&found, labels, by),
        OutputFormat::Csv | OutputFormat::Tsv => {
            let (text, n) = shares_delimited(&found, labels, format.delimited(csv_safe));
            n_neutralized = n;
            text
        }
    })?;
    let n = groups.values().flat_map(|c| &c.by_label).sum();
    eprintln!("{}", row_summary(n, "counted", bad_rows.count()));
    if csv_safe {
        report_neutralized(n_neutralized);
    }
    Ok(())
}
