//! `stance-audit`: what is in labelled data and what is wrong with it.

use super::{ReadArgs, print, row_summary, save_text, set_threads};
use crate::audit::{Located, audit};
use crate::error::Result;
use crate::output::{audit_html, audit_json, audit_markdown, audit_table};
use crate::read::{RowParser, Rows};
use crate::train::TrainSettings;
use clap::{Parser, ValueEnum};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Look for duplicates, leaks, contradictions and likely wrong labels in data
///
/// Texts are compared as the model normalises them, in lower case; two are near duplicates where the Jaccard similarity of
/// their sets of character 5-grams is at least 0.8. Likely wrong labels are found by confident learning (Northcutt, Jiang
/// and Chuang 2021) on the probabilities of models that have not seen a row's group; they are suspicions, for a person to
/// judge. Rows without a label are counted and compared.
#[derive(Debug, Parser)]
#[command(name = "stance-audit", version, about)]
pub struct AuditArgs {
    /// Files of comments, one for each split: .jsonl, .csv, .tsv or .txt, also .gz or .zst; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Format of the report; JSON lists every finding
    #[arg(long, value_enum, default_value_t = AuditFormat::Table, value_name = "FORMAT")]
    format: AuditFormat,
    /// Also write the report as one HTML file, which needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Findings that a list of the table or of Markdown shows
    #[arg(long, default_value_t = 10, value_name = "N")]
    top: usize,
    /// Do not train a model to look for likely wrong labels
    #[arg(long)]
    no_label_errors: bool,
    /// Decides the folds of the model that looks for likely wrong labels
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Number of threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    read: ReadArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AuditFormat {
    Table,
    Json,
    Markdown,
}

/// Runs the program.
///
/// # Errors
/// Any error; see [`crate::error::Error::status`].
pub fn run_audit(args: AuditArgs) -> Result<()> {
    set_threads(args.threads)?;
    let articles = args.read.load_articles()?;
    let options = args.read.options(false, false);
    let parser = RowParser::new(&options, &articles);
    let mut bad_rows = args.read.bad_rows()?;
    let mut located = Vec::new();
    let mut rows = Rows::new(&args.files, &options);
    loop {
        let batch = rows.next_batch(4096, 16 << 20)?;
        if batch.is_empty() {
            break;
        }
        let parsed: Vec<_> = batch.par_iter().map(|row| parser.parse(row)).collect();
        for (row, result) in batch.iter().zip(parsed) {
            match result {
                Ok(comment) => located.push(Located {
                    file: row.file_number,
                    line: row.line,
                    comment,
                }),
                Err(reason) => bad_rows.take(row, reason)?,
            }
        }
    }
    bad_rows.finish()?;
    let files = names(&args.files);
    let settings = TrainSettings {
        seed: args.seed,
        ..TrainSettings::default()
    };
    let training = (!args.no_label_errors).then_some(&settings);
    let found = audit(&located, &files, training)?;
    if let Some(file) = &args.html {
        save_text(file, &audit_html(&found))?;
    }
    print(&match args.format {
        AuditFormat::Table => audit_table(&found, args.top),
        AuditFormat::Json => audit_json(&found),
        AuditFormat::Markdown => audit_markdown(&found, args.top),
    })?;
    eprintln!(
        "{}",
        row_summary(located.len() as u64, "audited", bad_rows.count())
    );
    Ok(())
}

/// The files' names without their folders, so that a report is the same wherever the data stand; with them where two files
/// have the same name.
fn names(files: &[PathBuf]) -> Vec<String> {
    let short: Vec<String> = files
        .iter()
        .map(|file| file.file_name().unwrap_or(file.as_os_str()))
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    let distinct: BTreeSet<&String> = short.iter().collect();
    if distinct.len() == files.len() {
        return short;
    }
    files.iter().map(|f| f.display().to_string()).collect()
}
