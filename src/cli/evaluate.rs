//! `stance-evaluate`: how well a model, or a file of predictions, agrees with gold labels.

use super::{ReadArgs, print, row_summary, set_threads};
use crate::classifier::Classifier;
use crate::embedded::default_classifier;
use crate::error::{Error, Result};
use crate::metrics::Report;
use crate::model_dir::load;
use crate::output::{report_json, report_markdown, report_table, visible};
use crate::read::{read_comments, read_predictions};
use crate::record::Comment;
use clap::{Parser, ValueEnum};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Compare predicted with gold labels
#[derive(Debug, Parser)]
#[command(name = "stance-evaluate", version, about)]
pub struct EvaluateArgs {
    /// File of comments with gold labels; - is standard input
    #[arg(value_name = "FILE")]
    gold: PathBuf,
    /// Model directory; by default the model built into the program
    #[arg(long, value_name = "DIR", conflicts_with = "predictions")]
    model: Option<PathBuf>,
    /// JSONL file of {"id", "label"} to evaluate in place of a model's predictions
    #[arg(long, value_name = "PRED.jsonl")]
    predictions: Option<PathBuf>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Table, value_name = "FORMAT")]
    format: ReportFormat,
    /// End with status 1 where macro-F1 is below this
    #[arg(long, value_name = "X")]
    min_macro_f1: Option<f64>,
    /// Decides the draws of the bootstrap
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Number of threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    read: ReadArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    Table,
    Json,
    Markdown,
}

/// Runs the program.
///
/// # Errors
/// Any error; see [`Error::status`].
pub fn evaluate(args: EvaluateArgs) -> Result<()> {
    set_threads(args.threads)?;
    let articles = args.read.load_articles()?;
    let options = args.read.options(true, false);
    let mut bad_rows = args.read.bad_rows()?;
    let files = [args.gold.clone()];
    let predicted_by = match (&args.predictions, &args.model) {
        (Some(_), _) => None,
        (None, Some(dir)) => Some(load(dir)?),
        (None, None) => Some(default_classifier()?),
    };
    let comments = read_comments(&files, &options, &articles, &mut bad_rows)?;
    bad_rows.finish()?;
    if comments.is_empty() {
        return Err(Error::Data(format!(
            "{}: nothing to evaluate; expected comments with gold labels",
            args.gold.display()
        )));
    }
    let gold: Vec<String> = comments
        .iter()
        .map(|c| c.label.clone().unwrap_or_default())
        .collect();
    let (predicted, labels) = match (&predicted_by, &args.predictions) {
        (Some(classifier), _) => (predict(classifier, &comments), classifier.labels.clone()),
        (None, Some(file)) => (match_predictions(file, &args.gold, &comments)?, Vec::new()),
        (None, None) => unreachable!("a model or a file of predictions was chosen above"),
    };
    if predicted_by.is_some() {
        warn_of_unknown_labels(&gold, &labels);
    }
    let groups: Vec<Option<String>> = comments
        .iter()
        .map(|c| c.group_key().map(str::to_string))
        .collect();
    let report = Report::new(&gold, &predicted, &groups, &labels, args.seed);
    print(&match args.format {
        ReportFormat::Table => report_table(&report),
        ReportFormat::Json => report_json(&report),
        ReportFormat::Markdown => report_markdown(&report),
    })?;
    eprintln!(
        "{}",
        row_summary(comments.len() as u64, "evaluated", bad_rows.count())
    );
    match (args.min_macro_f1, report.macro_f1) {
        (Some(wanted), found) if found.is_none_or(|f| f < wanted) => Err(Error::Gate(format!(
            "macro-F1 is {}; expected at least {wanted}",
            found.map_or("undefined".into(), |f| format!("{f:.4}"))
        ))),
        _ => Ok(()),
    }
}

fn predict(classifier: &Classifier, comments: &[Comment]) -> Vec<String> {
    comments
        .par_chunks(512)
        .flat_map_iter(|piece| {
            let mut session = classifier.session();
            let labels: Vec<String> = piece
                .iter()
                .map(|c| classifier.labels[session.classify(c).label].clone())
                .collect();
            labels
        })
        .collect()
}

fn warn_of_unknown_labels(gold: &[String], labels: &[String]) {
    let unknown: BTreeSet<&String> = gold.iter().filter(|l| !labels.contains(l)).collect();
    for label in unknown {
        let n = gold.iter().filter(|l| *l == label).count();
        eprintln!(
            "warning: the model does not know the gold label {:?}; its {n} rows count as errors",
            visible(label)
        );
    }
}

/// The predicted label of each comment, matched by id.
fn match_predictions(file: &Path, gold_file: &Path, comments: &[Comment]) -> Result<Vec<String>> {
    let mut by_id: HashMap<String, String> = HashMap::new();
    for (line, id, label) in read_predictions(file)? {
        if by_id.insert(id.clone(), label).is_some() {
            return Err(Error::Data(format!(
                "{}:{line}: id {id:?} stands twice; expected each once",
                file.display()
            )));
        }
    }
    let mut seen = BTreeSet::new();
    let mut predicted = Vec::with_capacity(comments.len());
    for comment in comments {
        let id = comment.id_string();
        let label = by_id.get(&id).ok_or_else(|| {
            Error::Data(format!(
                "{}: no prediction for id {id:?} of {}",
                file.display(),
                gold_file.display()
            ))
        })?;
        predicted.push(label.clone());
        if !seen.insert(id.clone()) {
            return Err(Error::Data(format!(
                "{}: id {id:?} stands twice; expected each once",
                gold_file.display()
            )));
        }
    }
    if by_id.len() > seen.len() {
        eprintln!(
            "warning: {} predictions have no gold row and are left out",
            by_id.len() - seen.len()
        );
    }
    Ok(predicted)
}
