//! An evaluation report, and an audit, as one HTML file that needs nothing else.
//!
//! The pages are `templates/report.html` and `audit.html`, both on `page.html`; askama escapes every value in it, and nothing that comes from the data goes into
//! the script. The page's policy allows its own style and script, by their digests, and forbids everything else: even
//! markup that got through could neither run nor reach out.

mod audit;
mod plots;

pub use audit::audit_html;

use super::report::{Section, figure, interval, percent, tests};
use crate::evaluation::{ListedError, Report, SliceSet, facts, highlight, verdict};
use crate::metrics::{DRAWS, Interval};
use crate::record::id_string;
use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use plots::{Bar, Certainty};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

const CSS: &str = include_str!("../../../templates/report.css");
const SCRIPT: &str = include_str!("../../../templates/report.js");

/// How many facts are shown with an error.
const FACTS: usize = 6;

/// How many rows that other predictions change are listed.
const CHANGED: usize = 1000;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    policy: String,
    css: &'static str,
    script: &'static str,
    n: String,
    groups: String,
    source_line: String,
    verdict: String,
    draws: String,
    min_groups: usize,
    figures: Vec<FigureRow>,
    gains: Vec<String>,
    labels: Vec<LabelRow<'a>>,
    names: &'a [String],
    matrix: Vec<MatrixRow<'a>>,
    tests: Vec<Section>,
    certainty: Option<Certainty>,
    slices: Vec<SliceTable<'a>>,
    errors_line: String,
    explained: bool,
    langs: Vec<&'a str>,
    errors: Vec<ErrorView<'a>>,
    command: &'a str,
    provenance: Vec<(&'static str, String)>,
}

struct FigureRow {
    name: &'static str,
    value: String,
    interval: String,
    bar: Option<Bar>,
}

struct LabelRow<'a> {
    name: &'a str,
    precision: String,
    recall: String,
    f1: String,
    interval: String,
    support: u64,
    bar: Option<Bar>,
}

struct MatrixRow<'a> {
    gold: &'a str,
    cells: Vec<Cell<'a>>,
}

struct Cell<'a> {
    predicted: &'a str,
    n: u64,
    share: String,
    /// 0 to 9: tenths of the gold label's rows.
    shade: usize,
    right: bool,
    linked: bool,
}

struct SliceTable<'a> {
    by: &'a str,
    rows: Vec<SliceRow<'a>>,
    further: usize,
}

struct SliceRow<'a> {
    name: &'a str,
    n: String,
    accuracy: String,
    macro_f1: String,
    interval: String,
    bar: Option<Bar>,
}

struct ErrorView<'a> {
    id: String,
    gold: &'a str,
    predicted: &'a str,
    probability: String,
    gold_probability: String,
    lang: &'a str,
    headline: Option<&'a str>,
    parent: Option<&'a str>,
    pieces: Vec<PieceView>,
    facts: Vec<FactView<'a>>,
}

struct PieceView {
    text: String,
    /// `p1` to `p3` for the predicted label, `g1` to `g3` for the gold one, the stronger the higher; else empty.
    class: String,
    leaning: String,
}

struct FactView<'a> {
    name: &'a str,
    leaning: String,
    class: &'static str,
}

/// The report as an HTML page. The errors are those that `report` lists.
pub fn report_html(report: &Report) -> String {
    let langs: BTreeSet<&str> = report.errors.iter().map(lang).collect();
    let page = Page {
        policy: policy(),
        css: CSS,
        script: SCRIPT,
        n: grouped(report.n as u64),
        groups: grouped(report.groups as u64),
        source_line: source_line(report),
        verdict: verdict(report),
        draws: grouped(DRAWS as u64),
        min_groups: crate::evaluation::MIN_GROUPS,
        figures: figure_rows(report),
        gains: gains(report),
        labels: label_rows(report),
        names: &report.labels,
        matrix: matrix(report),
        tests: tests(report, CHANGED),
        certainty: Certainty::of(report),
        slices: report.slices.iter().map(slice_table).collect(),
        errors_line: errors_line(report),
        explained: report.errors.iter().any(|e| e.explanation.is_some()),
        langs: langs.into_iter().collect(),
        errors: report.errors.iter().map(error_view).collect(),
        command: &report.source.command,
        provenance: provenance(report),
    };
    page.render()
        .expect("writing a page into memory does not fail")
}

/// The page's content security policy.
fn policy() -> String {
    let digest = |content: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(content)));
    format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        digest(CSS),
        digest(SCRIPT)
    )
}

/// `n` with a comma before every three digits.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn source_line(report: &Report) -> String {
    match &report.source.model {
        Some(model) => format!(
            "a model trained on {} rows",
            grouped(model.rows.iter().sum())
        ),
        None => "a file of predictions".into(),
    }
}

fn figure_rows(report: &Report) -> Vec<FigureRow> {
    let mut rows = Vec::new();
    let mut row = |name, value: Option<f64>, between: Option<Option<Interval>>| {
        rows.push(FigureRow {
            name,
            value: figure(value),
            interval: between.map(interval).unwrap_or_default(),
            bar: Bar::of(value, between.flatten()),
        });
    };
    let between = &report.intervals;
    row(
        "macro-F1: the mean F1 of the labels",
        report.macro_f1,
        Some(between.macro_f1),
    );
    row(
        "accuracy: the share that is right",
        report.accuracy,
        Some(between.accuracy),
    );
    row("weighted F1", report.weighted_f1, Some(between.weighted_f1));
    row(
        "Cohen’s kappa: agreement beyond chance",
        report.kappa,
        Some(between.kappa),
    );
    if let Some(calibration) = &report.calibration {
        row("calibration error (0 is best)", calibration.error, None);
    }
    if let Some(bare) = &report.baselines.comment_only {
        row(
            "for comparison, macro-F1 from the comments alone",
            bare.macro_f1,
            None,
        );
    }
    row(
        "for comparison, macro-F1 of the most frequent label",
        report.majority_macro_f1,
        None,
    );
    rows
}

fn gains(report: &Report) -> Vec<String> {
    let mut words = Vec::new();
    if let Some((low, high)) = report
        .baselines
        .comment_only
        .as_ref()
        .and_then(|b| b.macro_f1_gain)
    {
        let verdict = match () {
            () if low > 0.0 => "Headline, body and parent help",
            () if high < 0.0 => "Headline, body and parent hurt",
            () => "Headline, body and parent are not shown to help",
        };
        words.push(format!(
            "{verdict}: against the comments alone, macro-F1 changes by {:+.1} to {:+.1} points (95 % interval, paired).",
            low * 100.0,
            high * 100.0
        ));
    }
    words
}

fn label_rows(report: &Report) -> Vec<LabelRow<'_>> {
    let row = |label: &'_ String| {
        let scores = &report.per_label[label];
        let between = report.intervals.f1[label];
        (scores, between)
    };
    report
        .labels
        .iter()
        .map(|label| {
            let (scores, between) = row(label);
            LabelRow {
                name: label,
                precision: figure(scores.precision),
                recall: figure(scores.recall),
                f1: figure(scores.f1),
                interval: interval(between),
                support: scores.support,
                bar: Bar::of(scores.f1, between),
            }
        })
        .collect()
}

fn matrix(report: &Report) -> Vec<MatrixRow<'_>> {
    let listed: BTreeSet<(&str, &str)> = report
        .errors
        .iter()
        .map(|e| (e.gold.as_str(), e.predicted.as_str()))
        .collect();
    let labels = &report.confusion.gold;
    let cell = |gold: usize, predicted: usize, counts: &[u64]| {
        let support: u64 = counts.iter().sum();
        let share = (support > 0).then(|| counts[predicted] as f64 / support as f64);
        Cell {
            predicted: &labels[predicted],
            n: counts[predicted],
            share: percent(share),
            shade: share.map_or(0, |s| ((s * 10.0) as usize).min(9)),
            right: gold == predicted,
            linked: listed.contains(&(&labels[gold], &labels[predicted])),
        }
    };
    report
        .confusion
        .counts
        .iter()
        .enumerate()
        .map(|(gold, counts)| MatrixRow {
            gold: &labels[gold],
            cells: (0..counts.len()).map(|p| cell(gold, p, counts)).collect(),
        })
        .collect()
}

fn slice_table(set: &SliceSet) -> SliceTable<'_> {
    SliceTable {
        by: &set.by,
        rows: set
            .slices
            .iter()
            .map(|slice| SliceRow {
                name: &slice.value,
                n: grouped(slice.n as u64),
                accuracy: figure(slice.accuracy),
                macro_f1: figure(slice.macro_f1),
                interval: interval(slice.macro_f1_interval),
                bar: Bar::of(slice.macro_f1, slice.macro_f1_interval),
            })
            .collect(),
        further: set.further_values,
    }
}

fn errors_line(report: &Report) -> String {
    let (listed, all) = (report.errors.len() as u64, report.n_errors());
    if listed < all {
        format!(
            "The {} most certain of {} errors.",
            grouped(listed),
            grouped(all)
        )
    } else {
        format!("All {} errors, the most certain first.", grouped(all))
    }
}

fn lang(error: &ListedError) -> &str {
    error.lang.as_deref().unwrap_or_default()
}

fn error_view(error: &ListedError) -> ErrorView<'_> {
    let p = |p: Option<f64>| p.map_or(String::new(), |p| format!(" {:.0} %", p * 100.0));
    let pieces = highlight(error);
    let strongest = pieces.iter().map(|p| p.leaning.abs()).fold(0.0, f64::max);
    ErrorView {
        id: id_string(error.id.get()),
        gold: &error.gold,
        predicted: &error.predicted,
        probability: p(error.probability),
        gold_probability: p(error.gold_probability),
        lang: lang(error),
        headline: error.headline.as_deref(),
        parent: error.parent.as_deref(),
        pieces: pieces
            .into_iter()
            .map(|piece| PieceView {
                class: shade(piece.leaning, strongest),
                leaning: format!("{:+.2}", piece.leaning),
                text: piece.text,
            })
            .collect(),
        facts: facts(error)
            .into_iter()
            .take(FACTS)
            .map(|(name, leaning)| FactView {
                name,
                leaning: format!("{leaning:+.2}"),
                class: if leaning > 0.0 { "for" } else { "against" },
            })
            .collect(),
    }
}

/// The class of a piece by its share in the strongest piece of the comment.
fn shade(leaning: f64, strongest: f64) -> String {
    let level = match leaning.abs() / strongest.max(f64::MIN_POSITIVE) {
        share if share >= 0.7 => 3,
        share if share >= 0.4 => 2,
        share if share >= 0.15 => 1,
        _ => return String::new(),
    };
    format!("{}{level}", if leaning > 0.0 { 'p' } else { 'g' })
}

fn provenance(report: &Report) -> Vec<(&'static str, String)> {
    let source = &report.source;
    let mut facts = vec![
        ("program", format!("stance {}", source.version)),
        ("seed", source.seed.to_string()),
        (
            "evaluated data",
            format!("{} rows, SHA-256 {}", report.n, source.data_digest),
        ),
    ];
    if let Some(model) = &source.model {
        facts.push((
            "model",
            format!(
                "trained by stance {} with seed {}",
                model.version, model.seed
            ),
        ));
        facts.push((
            "its training data",
            format!(
                "{} rows, SHA-256 {}",
                model.rows.iter().sum::<u64>(),
                model.train_digest
            ),
        ));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let found: Vec<String> = [0, 999, 1000, 1234567].map(grouped).into();
        assert_eq!(found, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn shades_tell_direction_and_strength() {
        assert_eq!(shade(0.9, 1.0), "p3");
        assert_eq!(shade(-0.5, 1.0), "g2");
        assert_eq!(shade(0.1, 1.0), "");
        assert_eq!(shade(0.0, 0.0), "");
    }
}
