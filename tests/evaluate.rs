//! `stance-evaluate` as a user meets it.

mod common;

use common::{Folder, lines, program, small_corpus, small_model, stderr};

const GOLD: &str =
    "{\"id\":1,\"text\":\"\",\"label\":\"a\"}\n{\"id\":2,\"text\":\"\",\"label\":\"b\"}\n";

fn evaluate_predictions(predictions: &str) -> std::process::Output {
    let folder = Folder::new();
    let gold = folder.write("gold.jsonl", GOLD);
    let predictions = folder.write("pred.jsonl", predictions);
    program("stance-evaluate")
        .args(["--format", "json", "--predictions"])
        .arg(&predictions)
        .arg(&gold)
        .output()
        .unwrap()
}

#[test]
fn predictions_are_matched_by_id_whatever_its_type_and_order() {
    let output =
        evaluate_predictions("{\"id\":\"2\",\"label\":\"b\"}\n{\"id\":\"1\",\"label\":\"b\"}\n");
    assert!(output.status.success(), "{}", stderr(&output));
    let report = &lines(&output.stdout)[0];
    assert_eq!(report["accuracy"], 0.5);
    // F1 of a 0, of b 2/3.
    assert!((report["macro_f1"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-12);
    assert_eq!(
        report["confusion"]["counts"],
        serde_json::json!([[0, 1], [0, 1]])
    );
    assert!(report["per_label"]["a"]["precision"].is_null());
    assert_eq!(report["per_label"]["a"]["recall"], 0.0);
}

#[test]
fn a_missing_or_double_prediction_is_status_3() {
    for (predictions, reason) in [
        ("{\"id\":1,\"label\":\"a\"}\n", "no prediction for id \"2\""),
        (
            "{\"id\":1,\"label\":\"a\"}\n{\"id\":2,\"label\":\"a\"}\n{\"id\":\"1\",\"label\":\"b\"}\n",
            "pred.jsonl:3: id \"1\" stands twice",
        ),
    ] {
        let output = evaluate_predictions(predictions);
        assert_eq!(output.status.code(), Some(3));
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
    }
}

#[test]
fn a_gate_that_is_not_met_is_status_1_and_the_report_stands() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let gold = folder.write("g.jsonl", small_corpus());
    let run = |gate: &str| {
        program("stance-evaluate")
            .arg("--model")
            .arg(&model)
            .args(["--format", "json", "--min-macro-f1", gate])
            .arg(&gold)
            .output()
            .unwrap()
    };
    assert_eq!(run("0.5").status.code(), Some(0));
    let output = run("1.5");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output.stdout).len(), 1);
    assert!(stderr(&output).contains("expected at least 1.5"));
}

#[test]
fn unknown_gold_labels_count_as_errors_with_a_warning_and_no_rows_are_status_3() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let evaluate = |rows: &str| {
        let gold = folder.write("g.jsonl", rows);
        program("stance-evaluate")
            .arg("--model")
            .arg(&model)
            .args(["--format", "json"])
            .arg(&gold)
            .output()
            .unwrap()
    };
    let output = evaluate(
        "{\"text\":\"fake, where is the proof?\",\"label\":\"doubting\"}\n{\"text\":\"x\",\"label\":\"zzz\"}\n",
    );
    assert!(stderr(&output).contains("does not know the gold label \"zzz\""));
    assert_eq!(lines(&output.stdout)[0]["accuracy"], 0.5);
    assert_eq!(evaluate("").status.code(), Some(3));
}

#[test]
fn tables_and_markdown_show_the_figures() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let gold = folder.write("g.jsonl", small_corpus());
    for (format, expected) in [("table", "macro-F1"), ("markdown", "| macro-F1 |")] {
        let output = program("stance-evaluate")
            .arg("--model")
            .arg(&model)
            .args(["--format", format])
            .arg(&gold)
            .output()
            .unwrap();
        assert!(String::from_utf8(output.stdout).unwrap().contains(expected));
    }
}
