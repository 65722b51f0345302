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
        "{\"text\":\"fake, where is the proof?\",\"headline\":\"Ship sunk\",\"label\":\"doubting\"}\n{\"text\":\"x\",\"label\":\"zzz\"}\n",
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

/// Four rows in two wars; the predictions are right but for one confident mistake.
fn four_rows(flags: &[&str]) -> std::process::Output {
    let folder = Folder::new();
    let gold = folder.write(
        "gold.jsonl",
        r#"{"id":1,"text":"u","label":"a","war":"x"}
{"id":2,"text":"v","label":"a","war":"x"}
{"id":3,"text":"w","label":"b","war":"y"}
{"id":4,"text":"z | <b>","label":"b","war":"y"}
"#,
    );
    let predictions = folder.write(
        "pred.jsonl",
        r#"{"id":1,"label":"a","probabilities":{"a":0.8,"b":0.2}}
{"id":2,"label":"a","probabilities":{"a":0.6,"b":0.4}}
{"id":3,"label":"b","probabilities":{"a":0.3,"b":0.7}}
{"id":4,"label":"a","probabilities":{"a":0.9,"b":0.1}}
"#,
    );
    program("stance-evaluate")
        .arg("--predictions")
        .arg(&predictions)
        .args(flags)
        .arg(&gold)
        .output()
        .unwrap()
}

/// By hand: p₀ = 3/4, pₑ = (2 · 3 + 2 · 1) / 16 = 1/2, so κ = 1/2. Log-loss is −ln(0.8 · 0.6 · 0.7 · 0.1) / 4. The bins of
/// the predicted labels' probabilities hold one row each, so the calibration error is (0.2 + 0.4 + 0.3 + 0.9) / 4.
#[test]
fn predictions_with_probabilities_get_kappa_calibration_coverage_and_slices() {
    let output = four_rows(&["--format", "json", "--slice", "war", "--errors", "9"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report = &lines(&output.stdout)[0];
    let close = |found: &serde_json::Value, expected: f64| {
        assert!(
            (found.as_f64().unwrap() - expected).abs() < 1e-12,
            "{found} {expected}"
        );
    };
    close(&report["kappa"], 0.5);
    close(&report["log_loss"], -(0.8f64 * 0.6 * 0.7 * 0.1).ln() / 4.0);
    close(&report["calibration"]["error"], 0.45);
    close(&report["coverage"][0]["accuracy"], 0.75);
    let surest = report["coverage"].as_array().unwrap().last().unwrap();
    assert_eq!(surest["coverage"], 0.25);
    assert_eq!(surest["accuracy"], 0.0);
    close(&report["baselines"]["majority"]["accuracy"], 0.5);
    assert!(report["baselines"]["comment_only"].is_null());
    let wars = &report["slices"].as_array().unwrap().last().unwrap();
    assert_eq!(wars["by"], "war");
    close(&wars["slices"][0]["accuracy"], 1.0);
    close(&wars["slices"][1]["accuracy"], 0.5);
    assert_eq!(report["confusions"][0]["gold"], "b");
    assert_eq!(report["errors"].as_array().unwrap().len(), 1);
    assert_eq!(report["errors"][0]["id"], 4);
    assert!(report["source"]["model"].is_null());
}

#[test]
fn errors_are_explained_and_pipes_do_not_break_a_markdown_table() {
    let output = four_rows(&["--format", "markdown", "--errors", "1"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("| 4 | 0.90 | a | b | – | z \\| "), "{text}");
    assert!(!text.contains("<b>"), "{text}");
    let folder = Folder::new();
    let model = small_model(&folder);
    let gold = folder.write(
        "g.jsonl",
        "{\"text\":\"fake, where is the proof?\",\"headline\":\"Ship sunk\",\"label\":\"confirming\"}\n",
    );
    let output = program("stance-evaluate")
        .arg("--model")
        .arg(&model)
        .args(["--format", "json", "--errors", "1"])
        .arg(&gold)
        .output()
        .unwrap();
    let report = &lines(&output.stdout)[0];
    let error = &report["errors"][0];
    assert_eq!(error["predicted"], "doubting");
    let sources: Vec<&str> = error["explanation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["source"].as_str().unwrap())
        .collect();
    assert!(sources.contains(&"text") && sources.contains(&"intercept"));
}

#[test]
fn a_field_that_no_row_has_is_status_3() {
    for flag in ["--slice", "--group-by"] {
        let output = four_rows(&[flag, "nowhere"]);
        assert_eq!(output.status.code(), Some(3), "{flag}");
        assert!(stderr(&output).contains("no row has a field \"nowhere\""));
    }
}

#[test]
fn other_predictions_are_compared_and_the_changed_rows_listed() {
    let folder = Folder::new();
    let other = folder.write(
        "other.jsonl",
        "{\"id\":1,\"label\":\"a\"}\n{\"id\":2,\"label\":\"b\"}\n{\"id\":3,\"label\":\"b\"}\n{\"id\":4,\"label\":\"b\"}\n",
    );
    let other = other.to_str().unwrap();
    let output = four_rows(&["--format", "json", "--compare", other]);
    assert!(output.status.success(), "{}", stderr(&output));
    let found = &lines(&output.stdout)[0]["comparison"];
    assert_eq!(found["accuracy_a"], 0.75);
    assert_eq!(found["accuracy_b"], 0.75);
    assert_eq!(found["only_a_right"], 1);
    assert_eq!(found["only_b_right"], 1);
    assert_eq!(found["mcnemar_p"], 1.0);
    let ids: Vec<i64> = found["changed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, [2, 4]);
    let verdict = found["verdict"].as_str().unwrap();
    assert!(
        verdict
            .starts_with("B is not shown to be better: ±0.0 points of macro-F1, 95 % interval −")
    );
    let text = String::from_utf8(four_rows(&["--compare", other]).stdout).unwrap();
    assert!(
        text.contains("The 2 rows that A and B label differently"),
        "{text}"
    );
}

#[test]
fn a_model_compared_with_itself_differs_nowhere() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let gold = folder.write("g.jsonl", small_corpus());
    let output = program("stance-evaluate")
        .args(["--format", "json", "--model"])
        .arg(&model)
        .arg("--compare")
        .arg(&model)
        .arg(&gold)
        .output()
        .unwrap();
    let found = &lines(&output.stdout)[0]["comparison"];
    assert_eq!(found["macro_f1"]["interval"], serde_json::json!([0.0, 0.0]));
    assert!(found["changed"].as_array().unwrap().is_empty());
}

/// The headlines of the small corpus say nothing of the labels, and its comments everything.
#[test]
fn the_context_test_says_when_the_article_is_not_shown_to_help() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let run = |rows: &str| {
        let gold = folder.write("g.jsonl", rows);
        program("stance-evaluate")
            .args(["--format", "json", "--context-test", "--model"])
            .arg(&model)
            .arg(&gold)
            .output()
            .unwrap()
    };
    let output = run(&small_corpus());
    assert!(output.status.success(), "{}", stderr(&output));
    let found = &lines(&output.stdout)[0]["context_test"];
    assert_eq!(found["rows_with_article"], 75);
    assert_eq!(found["macro_f1"], found["macro_f1_swapped"]);
    assert!(
        found["verdict"]
            .as_str()
            .unwrap()
            .contains("It is not shown to matter which article it is")
    );
    let output = run("{\"text\":\"x\",\"label\":\"doubting\",\"headline\":\"h\"}\n");
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("needs articles in at least two groups"));
}

#[test]
fn cross_validation_labels_every_row_by_a_model_that_has_not_seen_its_group() {
    let folder = Folder::new();
    let gold = folder.write("g.jsonl", small_corpus());
    let run = |flags: &[&str]| {
        program("stance-evaluate")
            .args(["--cross-validate", "3", "--format"])
            .args(flags)
            .arg(&gold)
            .output()
            .unwrap()
    };
    let output = run(&["json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report = &lines(&output.stdout)[0];
    assert_eq!(report["n"], 75);
    let found = &report["cross_validation"];
    assert_eq!(found["folds"], 3);
    assert_eq!(found["groups"], 30);
    assert_eq!(found["by_group"]["macro_f1"], report["macro_f1"]);
    assert_eq!(
        found["by_row"]["macro_f1_of_folds"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert!(report["baselines"]["comment_only"]["macro_f1"].is_number());
    assert_eq!(output.stdout, run(&["json", "--threads", "1"]).stdout);
    // A label that is left out whole can only be missed.
    let output = run(&["json", "--group-by", "label"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(lines(&output.stdout)[0]["accuracy"], 0.0);
}

#[test]
fn flags_that_do_not_go_together_are_status_2() {
    for flags in [
        &["--cross-validate", "3", "--model", "m"][..],
        &["--cross-validate", "3", "--context-test"],
        &["--cross-validate", "1"],
        &["--predictions", "p", "--context-test"],
        &["--predictions", "p", "--model", "m"],
    ] {
        let output = program("stance-evaluate")
            .args(flags)
            .arg("g.jsonl")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
    }
}
