//! An evaluation report as JSON, Markdown or a table.

use super::table::Grid;
use crate::metrics::Report;

/// The report as one JSON object, with a line end.
pub fn report_json(report: &Report) -> String {
    let mut json = serde_json::to_string(report).unwrap_or_default();
    json.push('\n');
    json
}

/// The report for a terminal.
pub fn report_table(report: &Report) -> String {
    let (figures, labels, confusion) = grids(report);
    format!(
        "{}\n{}\n{}",
        figures.to_text(),
        labels.to_text(),
        confusion.to_text()
    )
}

/// The report in Markdown.
pub fn report_markdown(report: &Report) -> String {
    let (figures, labels, confusion) = grids(report);
    format!(
        "{}\n{}\n{}",
        figures.to_markdown(),
        labels.to_markdown(),
        confusion.to_markdown()
    )
}

fn figure(value: Option<f64>) -> String {
    value.map_or("–".into(), |v| format!("{v:.3}"))
}

fn interval(value: Option<(f64, f64)>) -> String {
    value.map_or("–".into(), |(low, high)| format!("{low:.3} to {high:.3}"))
}

fn grids(report: &Report) -> (Grid, Grid, Grid) {
    let mut figures = Grid::new(&[&format!("{} comments", report.n), "figure", "95 % interval"]);
    let rows = [
        (
            "macro-F1",
            report.macro_f1,
            interval(report.intervals.macro_f1),
        ),
        (
            "accuracy",
            report.accuracy,
            interval(report.intervals.accuracy),
        ),
        ("weighted F1", report.weighted_f1, String::new()),
        (
            "macro-F1 of the majority label",
            report.majority_macro_f1,
            String::new(),
        ),
    ];
    for (name, value, interval) in rows {
        figures.row(vec![name.into(), figure(value), interval]);
    }
    let mut labels = Grid::new(&["label", "precision", "recall", "F1", "comments"]);
    for label in &report.labels {
        let scores = &report.per_label[label];
        labels.row(vec![
            label.clone(),
            figure(scores.precision),
            figure(scores.recall),
            figure(scores.f1),
            scores.support.to_string(),
        ]);
    }
    let mut header = vec!["gold \\ predicted"];
    header.extend(report.confusion.predicted.iter().map(String::as_str));
    let mut confusion = Grid::new(&header);
    for (gold, counts) in report.confusion.gold.iter().zip(&report.confusion.counts) {
        let mut row = vec![gold.clone()];
        row.extend(counts.iter().map(u64::to_string));
        confusion.row(row);
    }
    (figures, labels, confusion)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let s = |v: &[&str]| v.iter().map(|s| s.to_string()).collect::<Vec<_>>();
        Report::new(
            &s(&["a", "b"]),
            &s(&["a", "a"]),
            &[None, None],
            &s(&["c"]),
            1,
        )
    }

    #[test]
    fn undefined_figures_are_null_and_a_dash() {
        let json: serde_json::Value = serde_json::from_str(&report_json(&report())).unwrap();
        assert!(json["per_label"]["b"]["precision"].is_null());
        assert_eq!(json["confusion"]["counts"][1][0], 1);
        assert_eq!(json["n"], 2);
        assert!(report_table(&report()).contains("–"));
    }
}
