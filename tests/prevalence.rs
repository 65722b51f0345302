//! `stance-classify --prevalence` as a user meets it.

mod common;

use common::{Folder, full_model, lines, program, small_corpus, stderr, train_command};
use serde_json::Value;

/// 30 comments: 20 in language x, of which 15 doubt and 5 confirm, and 10 of no language that all doubt.
fn comments() -> String {
    let mut rows = String::new();
    for i in 0..30 {
        let text = if i % 4 == 0 && i < 20 {
            "they sank it, saw it"
        } else {
            "fake, where is the proof?"
        };
        let lang = (i < 20).then_some("x");
        rows += &format!(
            "{}\n",
            serde_json::json!({"text": text, "lang": lang, "round": i % 2})
        );
    }
    rows
}

fn run(folder: &Folder, flags: &[&str]) -> std::process::Output {
    let model = full_model(folder);
    program("stance-classify")
        .arg("--prevalence")
        .args(flags)
        .arg("--model")
        .arg(&model)
        .write_stdin(comments())
        .output()
        .unwrap()
}

#[test]
fn each_value_of_a_field_is_a_group_and_a_missing_one_is_null() {
    let folder = Folder::new();
    let output = run(&folder, &["--by", "lang"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let groups = lines(&output.stdout);
    let values: Vec<&Value> = groups.iter().map(|g| &g["value"]).collect();
    assert_eq!(values, [&Value::Null, &"x".into()]);
    assert_eq!((&groups[0]["n"], &groups[1]["n"]), (&10.into(), &20.into()));
    assert_eq!(groups[1]["by"], "lang");
    let doubting = &groups[1]["shares"]["doubting"];
    assert_eq!(doubting["counted"], 15);
    assert_eq!(doubting["counted_share"], 0.75);
    for group in &groups {
        let shares: Vec<&Value> = group["shares"].as_object().unwrap().values().collect();
        let sum: f64 = shares.iter().map(|s| s["share"].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        for s in shares {
            let (low, high) = (
                s["interval"][0].as_f64().unwrap(),
                s["interval"][1].as_f64().unwrap(),
            );
            let share = s["share"].as_f64().unwrap();
            assert!(0.0 <= low && low <= share && share <= high && high <= 1.0);
        }
    }
    // The model makes no mistake on these words: the corrected share is near the counted one, its interval around it.
    assert!(
        (doubting["share"].as_f64().unwrap() - 0.75).abs() < 0.02,
        "{doubting}"
    );
    assert!(doubting["interval"][0].as_f64().unwrap() < 0.65);
    assert!(doubting["interval"][1].as_f64().unwrap() > 0.85);
}

#[test]
fn without_a_field_all_comments_are_one_group_in_every_format() {
    let folder = Folder::new();
    let jsonl = lines(&run(&folder, &[]).stdout);
    assert_eq!(jsonl.len(), 1);
    assert!(jsonl[0]["by"].is_null() && jsonl[0]["value"].is_null());
    let csv = String::from_utf8(run(&folder, &["--format", "csv"]).stdout).unwrap();
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(
        rows[0],
        "value,n,label,share,low,high,counted,counted_share"
    );
    assert_eq!(rows.len(), 4);
    assert!(rows[2].starts_with(",30,confirming,0."), "{csv}");
    assert!(rows[2].contains(",5,0.16666667"), "{csv}");
    let tsv = String::from_utf8(run(&folder, &["--format", "tsv"]).stdout).unwrap();
    assert_eq!(tsv.replace('\t', ","), csv);
    let table =
        String::from_utf8(run(&folder, &["--format", "table", "--by", "round"]).stdout).unwrap();
    assert!(table.starts_with("round       label"), "{table}");
    assert_eq!(table.lines().count(), 2 + 6, "{table}");
}

#[test]
fn any_field_of_the_row_can_group_and_an_unknown_one_is_warned_of() {
    let folder = Folder::new();
    let groups = lines(&run(&folder, &["--by", "round"]).stdout);
    let values: Vec<&Value> = groups.iter().map(|g| &g["value"]).collect();
    assert_eq!(values, [&Value::from("0"), &Value::from("1")]);
    let unknown = run(&folder, &["--by", "nothing"]);
    assert_eq!(lines(&unknown.stdout).len(), 1);
    assert!(stderr(&unknown).contains("warning: no row has a field \"nothing\""));
}

#[test]
fn one_and_two_threads_give_the_same_shares() {
    let folder = Folder::new();
    let run = |threads: &str| run(&folder, &["--by", "round", "--threads", threads]).stdout;
    assert_eq!(run("1"), run("2"));
}

#[test]
fn a_model_without_calibration_cannot_estimate_shares() {
    let folder = Folder::new();
    let rows: String = small_corpus()
        .lines()
        .take(30)
        .fold(String::new(), |a, l| a + l + "\n");
    let train = folder.write("few.jsonl", rows);
    let model = folder.path("few");
    train_command(&train, &model).assert().success();
    let output = program("stance-classify")
        .args(["--prevalence", "--model"])
        .arg(&model)
        .write_stdin("{\"text\":\"a\"}\n")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("--prevalence: the model holds no calibration"));
}

#[test]
fn shares_do_not_go_with_flags_about_rows() {
    for flags in [
        &["--prevalence", "--explain"][..],
        &["--by", "lang"],
        &["--prevalence", "--target-error", "0.1"],
    ] {
        let output = program("stance-classify")
            .args(flags)
            .write_stdin("")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
    }
}
