//! `stance-classify`: labels comments, in the order in which they come and in constant memory.

use super::in_order::in_order;
use super::prevalence::estimate_shares;
use super::progress::Reading;
use super::{ReadArgs, row_summary, thread_count};
use crate::classifier::{Classifier, Prediction, Session};
use crate::embedded::default_classifier;
use crate::error::{Error, Result};
use crate::explain::explain;
use crate::model_dir::load;
use crate::normalize::normalize;
use crate::output::{
    Delimited, Extras, LabelNames, Stdout, WholeRows, delimited_header, delimited_row,
    jsonl_row_into, rounded, table_header, table_row, visible,
};
use crate::read::{Row, RowParser, Rows};
use clap::{Parser, ValueEnum};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tell how each comment stands toward the article it is about
#[derive(Debug, Parser)]
#[command(name = "stance-classify", version, about)]
pub struct ClassifyArgs {
    /// Files of comments: .jsonl, .csv, .tsv or .txt, also .gz or .zst; - is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    /// Model directory; by default the model built into the program
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Format of the results [default: table on a terminal, jsonl otherwise]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<OutputFormat>,
    /// Add scores, decision offsets and what every word and fact added to them (jsonl only)
    #[arg(long)]
    explain: bool,
    /// Label only what keeps the error rate among labelled comments at or below X, and leave the rest for review: "label"
    /// null, "review" true (an empty cell, – in a table). The promise holds with probability 0.95 over the draw of the
    /// groups (articles) that the model was calibrated on (Learn then Test with a betting score over groups; Angelopoulos
    /// et al. 2021, Waudby-Smith and Ramdas 2023), for articles like those, where one of more than 100 comments counts as
    /// 100. A new kind of thread voids it. X is rounded down to hundredths, to 0.50 at most
    #[arg(long, value_name = "X", value_parser = target)]
    target_error: Option<f64>,
    /// Estimate each label's share among the comments in place of labelling them, corrected for what the classifier is known
    /// to confuse, with 95 % intervals and the plain counts beside it. Assumes label shift: comments of a label look as those
    /// of the calibration articles do, only the shares differ (Saerens et al. 2002, Garg et al. 2020)
    #[arg(long, conflicts_with_all = ["target_error", "explain", "keep_fields"])]
    prevalence: bool,
    /// Estimate shares for each value of this field of the rows; rows without it are a group by themselves, null
    #[arg(long, value_name = "FIELD", requires = "prevalence")]
    by: Option<String>,
    /// Put an apostrophe before cells that a spreadsheet would take for formulas (csv and tsv only)
    #[arg(long)]
    csv_safe: bool,
    /// Echo the rows' other fields under "fields" (jsonl only)
    #[arg(long)]
    keep_fields: bool,
    /// Number of threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    read: ReadArgs,
}

fn target(text: &str) -> std::result::Result<f64, String> {
    let value: Option<f64> = text.parse().ok();
    value
        .filter(|x| *x > 0.0 && *x < 1.0)
        .ok_or_else(|| "expected a number between 0 and 1".to_string())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    Table,
    Jsonl,
    Csv,
    Tsv,
}

impl OutputFormat {
    /// How cells stand in its rows, where it has cells.
    pub(super) fn delimited(self, safe: bool) -> Delimited {
        let delimiter = match self {
            OutputFormat::Tsv => b'\t',
            _ => b',',
        };
        Delimited { delimiter, safe }
    }
}

/// Says how many cells have an apostrophe before them.
pub(super) fn report_neutralized(n: u64) {
    eprintln!("cells that would have been formulas, now with an apostrophe: {n}");
}

/// Rows that are read before they are classified together, and their bytes: few enough that their lines and results
/// stay in the processor's cache.
const BATCH_ROWS: usize = 128;
const BATCH_BYTES: usize = 1 << 18;

/// Runs the program.
///
/// # Errors
/// Any error; see [`Error::status`].
pub fn classify(args: ClassifyArgs) -> Result<()> {
    let on_terminal = std::io::stdout().is_terminal();
    let format = args.format.unwrap_or(if on_terminal {
        OutputFormat::Table
    } else {
        OutputFormat::Jsonl
    });
    if format != OutputFormat::Jsonl && (args.explain || args.keep_fields) {
        return Err(Error::Usage(
            "--explain and --keep-fields need --format jsonl".into(),
        ));
    }
    if args.csv_safe && !matches!(format, OutputFormat::Csv | OutputFormat::Tsv) {
        return Err(Error::Usage("--csv-safe needs --format csv or tsv".into()));
    }
    let n_threads = thread_count(args.threads)?;
    let mut classifier = match &args.model {
        Some(dir) => load(dir)?,
        None => default_classifier()?,
    };
    if args.prevalence || args.target_error.is_some() {
        // What the model knows of its errors, it knows for headlines that are new.
        classifier.known = None;
    }
    if args.prevalence {
        let by = args.by.as_deref();
        return estimate_shares(
            &classifier,
            &args.files,
            &args.read,
            by,
            format,
            args.csv_safe,
            n_threads,
        );
    }
    let review = args
        .target_error
        .map(|target| Review::new(&classifier, target))
        .transpose()?;
    let articles = args.read.load_articles()?;
    let options = args.read.options(false, args.keep_fields);
    let parser = RowParser::new(&options, &articles);
    let mut bad_rows = args.read.bad_rows()?;
    let mut rows = Rows::new(&args.files, &options);
    let writer = RowWriter {
        classifier: &classifier,
        names: LabelNames::new(&classifier.labels),
        format,
        explain: args.explain,
        review: review.as_ref(),
        delimited: format.delimited(args.csv_safe),
        n_neutralized: AtomicU64::new(0),
        width: on_terminal.then(|| usize::from(console::Term::stdout().size().1)),
    };
    let mut out = WholeRows::new(Stdout, &super::stop::WRITING);
    let fail = |e| Error::io("stdout", e);
    if let Some(header) = writer.header() {
        writeln!(out, "{header}").map_err(fail)?;
    }
    let mut counts = vec![0u64; classifier.labels.len()];
    let mut n_review = 0u64;
    let reading = Reading::new(&args.files, rows.byte_count());
    let next = || {
        let batch = rows.next_batch(BATCH_ROWS, BATCH_BYTES)?;
        Ok((!batch.is_empty()).then_some(batch))
    };
    let worker = || {
        let mut session = classifier.session();
        let (writer, parser) = (&writer, &parser);
        move |batch: Vec<Row>| {
            let mut results = Results::default();
            for row in batch {
                match writer.line_into(&mut results.lines, &row, parser, &mut session) {
                    Ok(label) => {
                        results.lines.push(b'\n');
                        results.ends.push((results.lines.len(), label));
                    }
                    Err(reason) => results.bad.push((results.ends.len(), row, reason)),
                }
            }
            results
        }
    };
    let write = |results: Results| {
        let mut begin = (0, 0);
        let mut write_until = |n_rows: usize| -> Result<()> {
            let rows = &results.ends[begin.0..n_rows];
            let end = rows.last().map_or(begin.1, |row| row.0);
            for (_, label) in rows {
                match label {
                    Some(label) => counts[*label] += 1,
                    None => n_review += 1,
                }
            }
            out.write_all(&results.lines[begin.1..end]).map_err(fail)?;
            begin = (n_rows, end);
            Ok(())
        };
        for (n_before, row, reason) in results.bad {
            write_until(n_before)?;
            bad_rows.take(&row, reason)?;
        }
        write_until(results.ends.len())?;
        reading.show(counts.iter().sum::<u64>() + n_review);
        Ok(())
    };
    let result = in_order(n_threads, next, worker, write);
    reading.finish();
    // Results before an error stand.
    out.flush().map_err(fail)?;
    result?;
    bad_rows.finish()?;
    let n_labelled: u64 = counts.iter().sum();
    let n = n_labelled + n_review;
    let by_label: Vec<String> = classifier
        .labels
        .iter()
        .zip(&counts)
        .map(|(label, n)| format!("{n} {}", visible(label)))
        .collect();
    eprintln!(
        "{}: {}",
        row_summary(n, "classified", bad_rows.count()),
        by_label.join(", ")
    );
    if let Some(review) = &review {
        eprintln!("{}", review.summary(n_labelled, n));
    }
    if args.csv_safe {
        report_neutralized(writer.n_neutralized.load(Ordering::Relaxed));
    }
    Ok(())
}

/// What was made of a batch of rows.
#[derive(Default)]
struct Results {
    /// The lines of the rows that are not bad, with their ends.
    lines: Vec<u8>,
    /// Where each of these lines ends, and the decided label where the comment is not left for review.
    ends: Vec<(usize, Option<usize>)>,
    /// The bad rows: how many lines stand before each, the row, and what is wrong with it.
    bad: Vec<(usize, Row, String)>,
}

/// Which comments are left for review.
struct Review {
    target: f64,
    /// The lowest probability that is labelled; `None`: none is.
    threshold: Option<f64>,
}

impl Review {
    fn new(classifier: &Classifier, target: f64) -> Result<Self> {
        let selection = classifier.selection.as_ref().ok_or_else(|| {
            Error::Model(
                "--target-error: the model holds no calibration; expected one trained on at least 20 groups by this version"
                    .into(),
            )
        })?;
        Ok(Review {
            target,
            threshold: selection.threshold(target),
        })
    }

    fn is_for_review(&self, prediction: &Prediction) -> bool {
        let shown = rounded(prediction.probabilities[prediction.label]);
        self.threshold.is_none_or(|threshold| shown < threshold)
    }

    fn summary(&self, n_labelled: u64, n: u64) -> String {
        let share = n_labelled as f64 / n.max(1) as f64 * 100.0;
        match self.threshold {
            Some(threshold) => format!(
                "target error {}: {n_labelled} of {n} labelled ({share:.1} %), those with a probability of at least {threshold}; \
                 the rest is for review",
                self.target
            ),
            None => format!(
                "target error {}: no threshold was found that keeps it; all {n} comments are for review",
                self.target
            ),
        }
    }
}

struct RowWriter<'a> {
    classifier: &'a Classifier,
    names: LabelNames,
    format: OutputFormat,
    explain: bool,
    review: Option<&'a Review>,
    delimited: Delimited,
    n_neutralized: AtomicU64,
    width: Option<usize>,
}

impl RowWriter<'_> {
    fn header(&self) -> Option<String> {
        let labels = &self.classifier.labels;
        match self.format {
            OutputFormat::Table => Some(table_header(labels)),
            OutputFormat::Jsonl => None,
            OutputFormat::Csv | OutputFormat::Tsv => Some(delimited_header(labels, self.delimited)),
        }
    }

    /// Appends the line for `row` to `lines`, without its end: the decided label, where it is not left for review, or why
    /// it is a bad row.
    fn line_into(
        &self,
        lines: &mut Vec<u8>,
        row: &Row,
        parser: &RowParser,
        session: &mut Session,
    ) -> std::result::Result<Option<usize>, String> {
        let comment = parser.parse(row)?;
        let features = self.explain.then(|| session.extract(&comment));
        let mut prediction = match &features {
            Some(features) => self.classifier.predict(features),
            None => session.classify(&comment),
        };
        prediction.review = self.review.is_some_and(|r| r.is_for_review(&prediction));
        match self.format {
            OutputFormat::Table => {
                let line = table_row(self.classifier, &comment, &prediction, self.width);
                lines.extend_from_slice(line.as_bytes());
            }
            OutputFormat::Jsonl => {
                let extras = features.map(|features| Extras {
                    offsets: self.classifier.stance_for(&features.dense).1.to_vec(),
                    explanation: explain(self.classifier, &comment.text, &features),
                    read_as: prediction.tampered.then(|| normalize(&comment.text)),
                });
                jsonl_row_into(lines, &self.names, &comment, &prediction, extras.as_ref());
            }
            OutputFormat::Csv | OutputFormat::Tsv => {
                let (line, n) =
                    delimited_row(self.classifier, &comment, &prediction, self.delimited);
                self.n_neutralized.fetch_add(n, Ordering::Relaxed);
                lines.extend_from_slice(line.as_bytes());
            }
        }
        Ok((!prediction.review).then_some(prediction.label))
    }
}
