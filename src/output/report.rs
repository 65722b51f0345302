//! An evaluation report as JSON, Markdown or a table.

use super::table::Grid;
use super::{markdown, visible};
use crate::evaluation::{
    Comparison, ContextTest, CrossValidation, Difference, ListedError, Report, SliceSet,
};
use crate::explain::Part;
use crate::metrics::{CoveragePoint, Interval};

/// The report as one JSON object, with a line end.
pub fn report_json(report: &Report) -> String {
    let mut json = serde_json::to_string(report).unwrap_or_default();
    json.push('\n');
    json
}

/// The report for a terminal.
pub fn report_table(report: &Report) -> String {
    let mut out = String::new();
    for (at, section) in sections(report).iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if let Some(heading) = &section.heading {
            out += &format!("{}\n\n", visible(heading));
        }
        if let Some(words) = &section.words {
            out += &format!("{}\n\n", visible(words));
        }
        out += &section.grid.to_text();
    }
    out
}

/// The report in Markdown.
pub fn report_markdown(report: &Report) -> String {
    let mut out = String::new();
    for (at, section) in sections(report).iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if let Some(heading) = &section.heading {
            out += &format!("## {}\n\n", markdown(heading));
        }
        if let Some(words) = &section.words {
            out += &format!("{}\n\n", visible(words));
        }
        out += &section.grid.to_markdown();
    }
    out
}

/// A part of the report.
pub(super) struct Section {
    pub(super) heading: Option<String>,
    pub(super) words: Option<String>,
    pub(super) grid: Grid,
}

fn sections(report: &Report) -> Vec<Section> {
    let mut sections = vec![
        plain(figures(report)),
        plain(labels(report)),
        plain(confusion(report)),
    ];
    sections.extend(tests(report, CHANGED));
    if let Some(curve) = &report.coverage {
        sections.push(under("If the least certain go to a person", certain(curve)));
    }
    for set in &report.slices {
        sections.push(under(&format!("By {}", set.by), slices(set)));
    }
    if !report.errors.is_empty() {
        sections.push(under("The most certain errors", errors(&report.errors)));
    }
    sections
}

fn plain(grid: Grid) -> Section {
    Section {
        heading: None,
        words: None,
        grid,
    }
}

fn under(heading: &str, grid: Grid) -> Section {
    Section {
        heading: Some(heading.into()),
        words: None,
        grid,
    }
}

/// A figure with three digits; a dash where it is undefined.
pub(super) fn figure(value: Option<f64>) -> String {
    value.map_or("–".into(), |v| format!("{v:.3}"))
}

/// An interval with three digits.
pub(super) fn interval(value: Option<Interval>) -> String {
    value.map_or("–".into(), |(low, high)| format!("{low:.3} to {high:.3}"))
}

/// A share as a percentage; a dash where it is undefined.
pub(super) fn percent(value: Option<f64>) -> String {
    value.map_or("–".into(), |v| format!("{:.0} %", v * 100.0))
}

fn figures(report: &Report) -> Grid {
    let mut grid = Grid::new(&[&format!("{} comments", report.n), "figure", "95 % interval"]);
    let mut row = |name: &str, value: Option<f64>, between: Option<Option<Interval>>| {
        let between = between.map(interval).unwrap_or_default();
        grid.row(vec![name.into(), figure(value), between]);
    };
    let intervals = &report.intervals;
    row("macro-F1", report.macro_f1, Some(intervals.macro_f1));
    row("accuracy", report.accuracy, Some(intervals.accuracy));
    row(
        "weighted F1",
        report.weighted_f1,
        Some(intervals.weighted_f1),
    );
    row("Cohen's kappa", report.kappa, Some(intervals.kappa));
    if let Some(calibration) = &report.calibration {
        row("calibration error", calibration.error, None);
    }
    if let Some(bare) = &report.baselines.comment_only {
        row("macro-F1 from the comment alone", bare.macro_f1, None);
    }
    row(
        "macro-F1 of the majority label",
        report.majority_macro_f1,
        None,
    );
    grid
}

fn labels(report: &Report) -> Grid {
    let mut grid = Grid::new(&[
        "label",
        "precision",
        "recall",
        "F1",
        "95 % interval",
        "comments",
    ]);
    for label in &report.labels {
        let scores = &report.per_label[label];
        grid.row(vec![
            label.clone(),
            figure(scores.precision),
            figure(scores.recall),
            figure(scores.f1),
            interval(report.intervals.f1[label]),
            scores.support.to_string(),
        ]);
    }
    grid
}

fn confusion(report: &Report) -> Grid {
    let mut header = vec!["gold \\ predicted"];
    header.extend(report.confusion.predicted.iter().map(String::as_str));
    let mut grid = Grid::new(&header);
    for (gold, counts) in report.confusion.gold.iter().zip(&report.confusion.counts) {
        let mut row = vec![gold.clone()];
        row.extend(counts.iter().map(u64::to_string));
        grid.row(row);
    }
    grid
}

/// The points of the curve that are shown outside plots: every tenth part.
pub(super) fn tenths(curve: &[CoveragePoint]) -> Vec<&CoveragePoint> {
    let mut shown: Vec<&CoveragePoint> = Vec::new();
    for tenth in (5..=10).rev() {
        let wanted = f64::from(tenth) / 10.0;
        let point = curve.iter().rev().find(|p| p.coverage >= wanted - 1e-9);
        if let Some(point) = point
            && shown.last().is_none_or(|last| *last != point)
        {
            shown.push(point);
        }
    }
    shown
}

/// How many changed rows are listed outside JSON and HTML.
const CHANGED: usize = 20;

/// What was asked for beside the usual figures: a comparison, with up to `most` changed rows, the context test,
/// cross-validation.
pub(super) fn tests(report: &Report, most: usize) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut add = |heading: &str, words: Option<&str>, grid: Grid| {
        sections.push(Section {
            heading: Some(heading.into()),
            words: words.map(str::to_string),
            grid,
        });
    };
    if let Some(c) = &report.comparison {
        add(
            "Compared with other predictions (B)",
            Some(&c.verdict),
            compared(c),
        );
        if !c.changed.is_empty() {
            let heading = match c.changed.len() {
                n if n > most => {
                    format!("The first {most} of {n} rows that A and B label differently")
                }
                n => format!("The {n} rows that A and B label differently"),
            };
            add(&heading, None, changed(c, most));
        }
    }
    if let Some(test) = &report.context_test {
        add(
            "Does it use the article?",
            Some(&test.verdict),
            in_context(test),
        );
    }
    if let Some(found) = &report.cross_validation {
        add("Cross-validation", Some(&found.verdict), folds(found));
    }
    sections
}

fn compared(c: &Comparison) -> Grid {
    let mut grid = Grid::new(&["", "A", "B", "B − A", "95 % interval"]);
    for (name, a, b, difference) in [
        ("macro-F1", c.macro_f1_a, c.macro_f1_b, &c.macro_f1),
        ("accuracy", c.accuracy_a, c.accuracy_b, &c.accuracy),
    ] {
        let mut row = vec![name.to_string(), figure(a), figure(b)];
        row.extend(signed(difference));
        grid.row(row);
    }
    let rows = |n: u64| n.to_string();
    grid.row(vec![
        "rows that only it has right".into(),
        rows(c.only_a_right),
        rows(c.only_b_right),
    ]);
    grid
}

/// A difference and its interval.
fn signed(difference: &Difference) -> [String; 2] {
    let figure = |v: f64| format!("{v:+.3}").replace('-', "−");
    [
        difference.value.map_or("–".into(), figure),
        difference.interval.map_or("–".into(), |(low, high)| {
            format!("{} to {}", figure(low), figure(high))
        }),
    ]
}

fn changed(c: &Comparison, most: usize) -> Grid {
    let mut grid = Grid::new(&["id", "gold", "A", "B", "comment"]).text_from(1);
    for row in c.changed.iter().take(most) {
        grid.row(vec![
            crate::record::id_string(row.id.get()),
            row.gold.clone(),
            row.a.clone(),
            row.b.clone(),
            shortened(&row.text, 60),
        ]);
    }
    grid
}

fn in_context(test: &ContextTest) -> Grid {
    let mut grid = Grid::new(&["article", "macro-F1", "own − this", "95 % interval"]);
    grid.row(vec!["its own".into(), figure(test.macro_f1)]);
    for (name, value, difference) in [
        ("none", test.macro_f1_without, &test.over_none),
        ("another group's", test.macro_f1_swapped, &test.over_swapped),
    ] {
        let mut row = vec![name.to_string(), figure(value)];
        row.extend(signed(difference));
        grid.row(row);
    }
    grid.row(vec![
        "labels that change under another article".into(),
        percent(Some(test.changed_by_swap)),
    ]);
    grid
}

fn folds(found: &CrossValidation) -> Grid {
    let by_group = format!("{} folds of {} whole groups", found.folds, found.groups);
    let by_row = format!("{} folds of random rows", found.folds);
    let mut grid = Grid::new(&[
        "trained and tested on",
        "macro-F1",
        "95 % interval",
        "accuracy",
        "of the folds",
    ]);
    for (name, pooled) in [(by_group, &found.by_group), (by_row, &found.by_row)] {
        let of_folds: Vec<String> = pooled
            .macro_f1_of_folds
            .iter()
            .map(|f| figure(*f))
            .collect();
        grid.row(vec![
            name,
            figure(pooled.macro_f1),
            interval(pooled.macro_f1_interval),
            figure(pooled.accuracy),
            of_folds.join(" "),
        ]);
    }
    let [difference, between] = signed(&found.inflation);
    grid.row(vec!["rows − groups".into(), difference, between]);
    grid
}

fn certain(curve: &[CoveragePoint]) -> Grid {
    let mut grid = Grid::new(&["labelled by the model", "from p", "accuracy", "macro-F1"]);
    for point in tenths(curve) {
        grid.row(vec![
            percent(Some(point.coverage)),
            format!("{:.2}", point.threshold),
            figure(point.accuracy),
            figure(point.macro_f1),
        ]);
    }
    grid
}

fn slices(set: &SliceSet) -> Grid {
    let mut grid = Grid::new(&[&set.by, "comments", "accuracy", "macro-F1", "95 % interval"]);
    for slice in &set.slices {
        grid.row(vec![
            slice.value.clone(),
            slice.n.to_string(),
            figure(slice.accuracy),
            figure(slice.macro_f1),
            interval(slice.macro_f1_interval),
        ]);
    }
    if set.further_values > 0 {
        let row = format!("… and {} further values", set.further_values);
        grid.row(vec![
            row,
            String::new(),
            String::new(),
            String::new(),
            String::new(),
        ]);
    }
    grid
}

fn errors(errors: &[ListedError]) -> Grid {
    let mut grid =
        Grid::new(&["id", "p", "predicted", "gold", "because of", "comment"]).text_from(2);
    for error in errors {
        grid.row(vec![
            crate::record::id_string(error.id.get()),
            error.probability.map_or("–".into(), |p| format!("{p:.2}")),
            error.predicted.clone(),
            error.gold.clone(),
            reasons(error),
            shortened(&error.text, 60),
        ]);
    }
    grid
}

/// `text` cut to `most` characters.
fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// The three parts that speak most for the predicted label against the gold one.
fn reasons(error: &ListedError) -> String {
    let mut parts: Vec<(f64, &Part)> = error
        .explanation
        .iter()
        .flatten()
        .filter(|part| part.source != "intercept")
        .map(|part| (error.leaning(part), part))
        .filter(|(leaning, _)| *leaning > 0.0)
        .collect();
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    let name = |part: &Part| match &part.text {
        Some(text) => format!("“{text}”"),
        None => part.source.clone(),
    };
    let names: Vec<String> = parts.iter().take(3).map(|(_, part)| name(part)).collect();
    match names.is_empty() {
        true => "–".into(),
        false => names.join(", "),
    }
}
