//! `stance-train`: learns a model from labelled comments.

use super::progress::Working;
use super::{ReadArgs, print, row_summary, set_threads};
use crate::embeddings::Embeddings;
use crate::error::{Error, Result};
use crate::features::{Block, FeatureSettings};
use crate::model_dir::{check_output, save};
use crate::output::{Grid, visible};
use crate::read::read_comments;
use crate::train::tune::{Change, Tuned, tune};
use crate::train::{ClassWeight, GroupBy, Optimize, TrainSettings, Trained, train};
use clap::{Parser, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Train a model on labelled comments
#[derive(Debug, Parser)]
#[command(name = "stance-train", version, about)]
pub struct TrainArgs {
    /// File of labelled comments: .jsonl, .csv or .tsv, also .gz or .zst; - is standard input; may be repeated
    #[arg(long, value_name = "FILE", required = true)]
    train: Vec<PathBuf>,
    /// File of labelled comments that choose settings in place of folds of the training data
    #[arg(long, value_name = "FILE")]
    dev: Option<PathBuf>,
    /// Where the model directory is written; a model that is there is replaced
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Decides what is left to chance
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Number of threads; the model is the same at any number [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Field whose equal values stay together in folds, or none [default: group, else article_id, else headline]
    #[arg(long, value_name = "FIELD|none")]
    group_by: Option<String>,
    /// Number of folds
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=100))]
    folds: u16,
    /// Whether rare labels count as much as frequent ones
    #[arg(long, value_enum, default_value_t = ClassWeightArg::None, value_name = "WHAT")]
    class_weight: ClassWeightArg,
    /// Learn from every row also without its article and parent, for comments that come without them
    #[arg(long)]
    also_without_context: bool,
    /// Folder with a model2vec model, whose embeddings of comment, headline, body and parent are learned from too; the
    /// written model holds what it needs of it
    #[arg(long, value_name = "DIR")]
    embeddings: Option<PathBuf>,
    /// What decisions are tuned for
    #[arg(long, value_enum, default_value_t = OptimizeArg::MacroF1, value_name = "WHAT")]
    optimize: OptimizeArg,
    /// Penalty of the text model, as alpha in alpha/2 times the sum of squared weights (1/C in scikit-learn); by
    /// default the best of several out of fold
    #[arg(long, value_name = "X", value_parser = penalty)]
    text_alpha: Option<f64>,
    /// Penalty of the stance model; by default the best of several out of fold
    #[arg(long, value_name = "X", value_parser = penalty)]
    stance_alpha: Option<f64>,
    /// Shortest and longest character n-gram inside words
    #[arg(long, default_value = "2-5", value_name = "MIN-MAX", value_parser = char_range)]
    char_ngrams: (usize, usize),
    /// Number of training texts in which an n-gram must stand to count
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    min_texts: u32,
    /// Leave a block of features out, to see what it is worth; may be repeated
    #[arg(long, value_enum, value_name = "BLOCK")]
    without: Vec<Block>,
    /// Search class weights, character n-grams and --min-texts for about so many seconds, by the scores out of fold or on
    /// --dev; says what it tried and with which flags the best comes out again
    #[arg(long, value_name = "SECONDS")]
    tune: Option<u64>,
    /// Format of the summary
    #[arg(long, value_enum, default_value_t = SummaryFormat::Table, value_name = "FORMAT")]
    format: SummaryFormat,
    #[command(flatten)]
    read: ReadArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClassWeightArg {
    None,
    Balanced,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OptimizeArg {
    MacroF1,
    Accuracy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SummaryFormat {
    Table,
    Json,
}

fn penalty(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("expected a number above 0".to_string()),
    }
}

fn char_range(text: &str) -> std::result::Result<(usize, usize), String> {
    let parsed = text
        .split_once('-')
        .and_then(|(min, max)| Some((min.parse().ok()?, max.parse().ok()?)));
    match parsed {
        Some((min, max)) if 1 <= min && min <= max && max <= 16 => Ok((min, max)),
        _ => Err("expected two numbers from 1 to 16 like 2-5".to_string()),
    }
}

impl TrainArgs {
    fn settings(&self) -> TrainSettings {
        let defaults = TrainSettings::default();
        let fixed = |value: Option<f64>, choice: Vec<f64>| value.map_or(choice, |v| vec![v]);
        TrainSettings {
            seed: self.seed,
            n_folds: usize::from(self.folds),
            class_weight: match self.class_weight {
                ClassWeightArg::None => ClassWeight::None,
                ClassWeightArg::Balanced => ClassWeight::Balanced,
            },
            optimize: match self.optimize {
                OptimizeArg::MacroF1 => Optimize::MacroF1,
                OptimizeArg::Accuracy => Optimize::Accuracy,
            },
            group_by: GroupBy::named(self.group_by.as_deref()),
            also_without_context: self.also_without_context,
            without: self.without.clone(),
            text_alphas: fixed(self.text_alpha, defaults.text_alphas),
            stance_alphas: fixed(self.stance_alpha, defaults.stance_alphas),
            features: FeatureSettings {
                char_min: self.char_ngrams.0,
                char_max: self.char_ngrams.1,
                min_texts: self.min_texts,
                ..defaults.features
            },
            embeddings: None,
            ..defaults
        }
    }
}

/// Runs the program.
///
/// # Errors
/// Any error; see [`Error::status`].
pub fn run_train(args: TrainArgs) -> Result<()> {
    set_threads(args.threads)?;
    check_output(&args.output)?;
    let embeddings = args.embeddings.as_deref().map(Embeddings::load);
    let settings = TrainSettings {
        embeddings: embeddings.transpose()?.map(Arc::new),
        ..args.settings()
    };
    let articles = args.read.load_articles()?;
    let options = args.read.options(true, args.group_by.is_some());
    let mut bad_rows = args.read.bad_rows()?;
    let train_rows = read_comments(&args.train, &options, &articles, &mut bad_rows)?;
    let dev_rows = match &args.dev {
        Some(file) => {
            let rows = read_comments(
                std::slice::from_ref(file),
                &options,
                &articles,
                &mut bad_rows,
            )?;
            if rows.is_empty() {
                return Err(Error::Data(format!(
                    "{}: no rows; expected labelled comments",
                    file.display()
                )));
            }
            rows
        }
        None => Vec::new(),
    };
    bad_rows.finish()?;
    let working = Working::new(format!("training on {} rows", train_rows.len()));
    let trained = match args.tune {
        None => {
            let trained = train(&train_rows, &dev_rows, &settings)?;
            drop(working);
            trained
        }
        Some(seconds) => {
            let budget = Duration::from_secs(seconds);
            let tuned = tune(&train_rows, &dev_rows, &settings, budget)?;
            drop(working);
            eprint!("{}", tuning_told(&tuned));
            tuned.trained
        }
    };
    {
        let _writing = super::stop::WRITING.lock();
        save(&trained.classifier, &args.output)?;
    }
    for note in &trained.notes {
        eprintln!("note: {}", visible(note));
    }
    let n = (train_rows.len() + dev_rows.len()) as u64;
    eprintln!("{}", row_summary(n, "used", bad_rows.count()));
    print(&match args.format {
        SummaryFormat::Table => summary_table(&trained),
        SummaryFormat::Json => summary_json(&trained),
    })
}

/// What was tried, and the flags of the best.
fn tuning_told(tuned: &Tuned) -> String {
    let mut told = String::new();
    for (change, score) in &tuned.tried {
        let what = match change {
            None => "the given settings".to_string(),
            Some(Change::Characters(min, max)) => format!("--char-ngrams {min}-{max}"),
            Some(Change::MinTexts(n)) => format!("--min-texts {n}"),
            Some(Change::Classes(weight)) => format!("--class-weight {}", weight.name()),
        };
        told += &format!("tried {what}: {score:.4}\n");
    }
    let best = &tuned.settings;
    told += &format!(
        "best, without the search: --class-weight {} --char-ngrams {}-{} --min-texts {}\n",
        best.class_weight.name(),
        best.features.char_min,
        best.features.char_max,
        best.features.min_texts
    );
    told
}

fn summary_table(trained: &Trained) -> String {
    let classifier = &trained.classifier;
    let p = &classifier.provenance;
    let mut labels = Grid::new(&["label", "training rows", "decision offset"]);
    for ((label, n), offset) in classifier
        .labels
        .iter()
        .zip(&p.rows)
        .zip(&classifier.offsets)
    {
        labels.row(vec![label.clone(), n.to_string(), format!("{offset:+.3}")]);
    }
    let mut figures = Grid::new(&[&p.scored_on, "figure"]);
    for (name, value) in [
        ("macro-F1", p.macro_f1),
        ("accuracy", p.accuracy),
        ("log-loss", p.log_loss),
        ("calibration error", p.calibration_error),
    ] {
        figures.row(vec![name.into(), format!("{value:.3}")]);
    }
    format!(
        "{}\n{} n-grams, {} dense columns{}; {}; penalties: text {}, stance {} ({})\n\n{}",
        labels.to_text(),
        classifier.extractor.table.len(),
        classifier.stance.encoder.columns().len(),
        match classifier.stance.encoder.embedding() {
            Some(e) => format!(", {} embedding dimensions", e.n_dimensions),
            None => String::new(),
        },
        p.folds,
        p.text_alpha,
        p.stance_alpha,
        p.stance_solver,
        figures.to_text()
    )
}

fn summary_json(trained: &Trained) -> String {
    let classifier = &trained.classifier;
    let summary = json!({
        "labels": classifier.labels,
        "rows": classifier.provenance.rows.iter().sum::<u64>(),
        "features": {
            "ngrams": classifier.extractor.table.len(),
            "dense": classifier.stance.encoder.columns().len(),
            "embedding_dimensions": classifier.stance.encoder.embedding().map_or(0, |e| e.n_dimensions),
        },
        "decision_offsets": classifier.offsets,
        "provenance": classifier.provenance,
        "notes": trained.notes,
    });
    format!("{summary}\n")
}
