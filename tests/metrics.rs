//! The figures agree with scikit-learn's and numpy's, which `data/metrics/make_cases.py` stored.

use serde_json::Value;
use stance::evaluation::{Predictions, Report, ReportSettings};
use stance::record::Comment;

const CASES: &str = include_str!("data/metrics/cases.jsonl");

fn strings(value: &Value) -> Vec<String> {
    let values = value.as_array().unwrap().iter();
    values.map(|v| v.as_str().unwrap().to_string()).collect()
}

fn agrees(found: Option<f64>, expected: &Value, what: &str) {
    match (found, expected.as_f64()) {
        (Some(a), Some(b)) => assert!((a - b).abs() < 1e-9, "{what}: {a}, expected {b}"),
        (a, b) => assert_eq!(a, b, "{what}"),
    }
}

#[test]
fn every_figure_of_240_cases_is_scikit_learns() {
    let cases: Vec<Value> = CASES
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(cases.len(), 240);
    for (number, case) in cases.iter().enumerate() {
        let labels = strings(&case["labels"]);
        let gold = strings(&case["gold"]);
        let comments: Vec<Comment> = gold
            .iter()
            .map(|label| Comment::new("").labelled(label))
            .collect();
        let predicted = strings(&case["predicted"]);
        let rows = case["probabilities"].as_array().unwrap();
        let probabilities: Vec<f64> = rows
            .iter()
            .flat_map(|row| row.as_array().unwrap())
            .map(|p| p.as_f64().unwrap())
            .collect();
        let place = |label: &String| labels.iter().position(|l| l == label).unwrap();
        let confidences = predicted
            .iter()
            .enumerate()
            .map(|(row, label)| probabilities[row * labels.len() + place(label)])
            .collect();
        let predictions = Predictions {
            labels: labels.clone(),
            predicted,
            confidences: Some(confidences),
            probabilities: Some(probabilities),
        };
        let settings = ReportSettings {
            groups: vec![None; gold.len()],
            seed: 1,
            ..ReportSettings::default()
        };
        let report = Report::new(&comments, &predictions, None, &settings);
        let check = |found, key: &str| agrees(found, &case[key], &format!("case {number}, {key}"));
        check(report.accuracy, "accuracy");
        check(report.macro_f1, "macro_f1");
        check(report.weighted_f1, "weighted_f1");
        check(report.kappa, "kappa");
        check(report.log_loss, "log_loss");
        check(report.calibration.unwrap().error, "calibration_error");
        assert_eq!(
            serde_json::json!(report.confusion.counts),
            case["confusion"],
            "case {number}"
        );
        for (l, label) in labels.iter().enumerate() {
            let scores = &report.per_label[label];
            let what = format!("case {number}, label {label}");
            agrees(scores.precision, &case["precision"][l], &what);
            agrees(scores.recall, &case["recall"][l], &what);
            agrees(scores.f1, &case["f1"][l], &what);
            assert_eq!(case["support"][l], scores.support, "{what}");
        }
    }
}
