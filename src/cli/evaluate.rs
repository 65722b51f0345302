//! `stance-evaluate`: how well a model, or a file of predictions, agrees with gold labels.

use super::{ReadArgs, print, row_summary, save_text, set_threads};
use crate::classifier::Classifier;
use crate::embedded::default_classifier;
use crate::error::{Error, Result};
use crate::evaluation::{
    Predictions, Report, ReportSettings, comment_only, compare, context_test, cross_validate,
    list_errors, predict,
};
use crate::model_dir::load;
use crate::output::{report_html, report_json, report_markdown, report_table, visible};
use crate::read::{read_comments, read_predictions};
use crate::record::Comment;
use crate::train::{GroupBy, TrainSettings, group_keys};
use clap::{Parser, ValueEnum};
use std::collections::BTreeSet;
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
    /// JSONL file of {"id", "label", "probabilities"?} to evaluate in place of a model's predictions
    #[arg(long, value_name = "PRED.jsonl")]
    predictions: Option<PathBuf>,
    /// Also compare with this: another model directory, or a JSONL file of predictions
    #[arg(long, value_name = "DIR|PRED.jsonl")]
    compare: Option<PathBuf>,
    /// Also test whether the model uses the article: label the comments without it, and under another one
    #[arg(long, conflicts_with = "predictions")]
    context_test: bool,
    /// Train on K − 1 of K parts of FILE and evaluate on the rest, in turn: by group, and beside it by random rows
    #[arg(
        long,
        value_name = "K",
        value_parser = clap::value_parser!(u16).range(2..=100),
        conflicts_with_all = ["model", "predictions", "compare", "context_test"]
    )]
    cross_validate: Option<u16>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Table, value_name = "FORMAT")]
    format: ReportFormat,
    /// Also write the report as one HTML page, with plots and all errors to browse
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Also show the figures by the values of this field; may be repeated
    #[arg(long = "slice", value_name = "FIELD")]
    slices: Vec<String>,
    /// Also list so many errors, the most certain first, with what decided them
    #[arg(long, default_value_t = 0, value_name = "N")]
    errors: usize,
    /// Field whose equal values are drawn, and left out, together, or none [default: group, else article_id, else headline]
    #[arg(long, value_name = "FIELD|none")]
    group_by: Option<String>,
    /// End with status 1 where macro-F1 is below this
    #[arg(long, value_name = "X", value_parser = super::number)]
    min_macro_f1: Option<f64>,
    /// Decides the draws of the bootstrap, the swaps of --context-test and the folds
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

/// How many errors the HTML page lists unless more are asked for.
const HTML_ERRORS: usize = 2000;

impl EvaluateArgs {
    /// The command that makes the same report, with placeholders for files.
    fn command(&self) -> String {
        let mut words = vec!["stance-evaluate".to_string()];
        let mut flag = |name: &str, value: &str| {
            words.push(format!("--{name}"));
            words.push(quoted(value));
        };
        if self.model.is_some() {
            flag("model", "MODEL");
        }
        if self.predictions.is_some() {
            flag("predictions", "PRED.jsonl");
        }
        if let Some(other) = &self.compare {
            flag(
                "compare",
                if other.is_dir() {
                    "OTHER"
                } else {
                    "OTHER.jsonl"
                },
            );
        }
        if let Some(folds) = self.cross_validate {
            flag("cross-validate", &folds.to_string());
        }
        for (name, value) in self.read.shape() {
            flag(name, value);
        }
        for field in &self.slices {
            flag("slice", field);
        }
        if let Some(field) = &self.group_by {
            flag("group-by", field);
        }
        if self.errors > 0 {
            flag("errors", &self.errors.to_string());
        }
        flag("seed", &self.seed.to_string());
        if self.html.is_some() {
            flag("html", "REPORT.html");
        }
        if self.context_test {
            words.push("--context-test".into());
        }
        words.push("FILE".into());
        words.join(" ")
    }
}

/// `word` as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Runs the program.
///
/// # Errors
/// Any error; see [`Error::status`].
pub fn evaluate(args: EvaluateArgs) -> Result<()> {
    set_threads(args.threads)?;
    let classifier = match (&args.predictions, &args.model, args.cross_validate) {
        (None, Some(dir), _) => Some(load(dir)?),
        (None, None, None) => Some(default_classifier()?),
        _ => None,
    };
    let (comments, rejected) = read_gold(&args)?;
    let mut report = match (&classifier, &args.predictions, args.cross_validate) {
        (None, None, Some(folds)) => cross_validated_report(&args, &comments, folds)?,
        (None, Some(file), _) => {
            let predictions = predictions_of_file(file, &args.gold, &comments)?;
            report(&args, &comments, &predictions, None)?
        }
        (Some(classifier), _, _) => {
            warn_of_unknown_labels(&comments, classifier);
            let predictions = predict(classifier, &comments);
            report(&args, &comments, &predictions, Some(classifier))?
        }
        (None, None, None) => unreachable!("without anything else the default model is loaded"),
    };
    if let Some(file) = &args.html {
        save_text(file, &report_html(&report))?;
    }
    report.errors.truncate(args.errors);
    print(&match args.format {
        ReportFormat::Table => report_table(&report),
        ReportFormat::Json => report_json(&report),
        ReportFormat::Markdown => report_markdown(&report),
    })?;
    eprintln!(
        "{}",
        row_summary(comments.len() as u64, "evaluated", rejected)
    );
    check_gate(&report, args.min_macro_f1)
}

/// The report on a model or a file of predictions.
fn report(
    args: &EvaluateArgs,
    comments: &[Comment],
    predictions: &Predictions,
    classifier: Option<&Classifier>,
) -> Result<Report> {
    let settings = report_settings(args, comments, classifier)?;
    let bare = classifier.and_then(|c| comment_only(c, comments));
    let mut report = Report::new(comments, predictions, bare.as_ref(), &settings);
    report.errors = list_errors(comments, predictions, classifier, n_errors(args));
    if let Some(other) = &args.compare {
        let other = match other.is_dir() {
            true => predict(&load(other)?, comments),
            false => predictions_of_file(other, &args.gold, comments)?,
        };
        let groups = &settings.groups;
        report.comparison = Some(compare(comments, predictions, &other, groups, args.seed));
    }
    if let (true, Some(classifier)) = (args.context_test, classifier) {
        let found = context_test(
            classifier,
            comments,
            predictions,
            &settings.groups,
            args.seed,
        );
        report.context_test = Some(found.ok_or_else(|| {
            Error::Data(format!(
                "{}: no article to swap with another; --context-test needs articles in at least two groups",
                args.gold.display()
            ))
        })?);
    }
    Ok(report)
}

/// The report on models that are trained on parts of the comments.
fn cross_validated_report(args: &EvaluateArgs, comments: &[Comment], folds: u16) -> Result<Report> {
    let settings = report_settings(args, comments, None)?;
    let train_settings = TrainSettings {
        seed: args.seed,
        group_by: GroupBy::named(args.group_by.as_deref()),
        ..TrainSettings::default()
    };
    let found = cross_validate(
        comments,
        usize::from(folds),
        &train_settings,
        n_errors(args),
    )?;
    let bare = found.comment_only.as_ref();
    let mut report = Report::new(comments, &found.predictions, bare, &settings);
    report.errors = found.errors;
    eprintln!("{}", visible(&found.summary.verdict));
    report.cross_validation = Some(found.summary);
    Ok(report)
}

/// How many errors are listed.
fn n_errors(args: &EvaluateArgs) -> usize {
    match args.html {
        Some(_) => args.errors.max(HTML_ERRORS),
        None => args.errors,
    }
}

fn report_settings(
    args: &EvaluateArgs,
    comments: &[Comment],
    classifier: Option<&Classifier>,
) -> Result<ReportSettings> {
    for field in &args.slices {
        if comments.iter().all(|c| c.field(field).is_none()) {
            return Err(Error::Data(format!(
                "no row has a field {field:?} to slice by"
            )));
        }
    }
    Ok(ReportSettings {
        groups: group_keys(comments, &GroupBy::named(args.group_by.as_deref()))?,
        seed: args.seed,
        slices: args.slices.clone(),
        command: args.command(),
        model: classifier.map(|c| c.provenance.clone()),
    })
}

/// The comments with gold labels, and how many rows were rejected.
fn read_gold(args: &EvaluateArgs) -> Result<(Vec<Comment>, u64)> {
    let articles = args.read.load_articles()?;
    let keep_fields = !args.slices.is_empty() || args.group_by.is_some();
    let options = args.read.options(true, keep_fields);
    let mut bad_rows = args.read.bad_rows()?;
    let files = [args.gold.clone()];
    let comments = read_comments(&files, &options, &articles, &mut bad_rows)?;
    bad_rows.finish()?;
    if comments.is_empty() {
        return Err(Error::Data(format!(
            "{}: nothing to evaluate; expected comments with gold labels",
            args.gold.display()
        )));
    }
    Ok((comments, bad_rows.count()))
}

fn predictions_of_file(file: &Path, gold: &Path, comments: &[Comment]) -> Result<Predictions> {
    let rows = read_predictions(file)?;
    let names = (file.display().to_string(), gold.display().to_string());
    let (predictions, unused) = Predictions::matched(rows, comments, &names.0, &names.1)?;
    if unused > 0 {
        eprintln!("warning: {unused} predictions have no gold row and are left out");
    }
    Ok(predictions)
}

fn warn_of_unknown_labels(comments: &[Comment], classifier: &Classifier) {
    let gold = || comments.iter().filter_map(|c| c.label.as_ref());
    let unknown: BTreeSet<&String> = gold().filter(|l| !classifier.labels.contains(l)).collect();
    for label in unknown {
        let n = gold().filter(|l| *l == label).count();
        eprintln!(
            "warning: the model does not know the gold label {:?}; its {n} rows count as errors",
            visible(label)
        );
    }
}

fn check_gate(report: &Report, min_macro_f1: Option<f64>) -> Result<()> {
    match (min_macro_f1, report.macro_f1) {
        (Some(wanted), found) if found.is_none_or(|f| f < wanted) => Err(Error::Gate(format!(
            "macro-F1 is {}; expected at least {wanted}",
            found.map_or("undefined".into(), |f| format!("{f:.4}"))
        ))),
        _ => Ok(()),
    }
}
