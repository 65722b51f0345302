//! `stance-classify` as a user meets it.

mod common;

use common::{
    Folder, full_model, lines, program, small_corpus, small_model, stderr, train_command,
};

#[test]
fn the_example_thread_is_labelled_by_the_embedded_model() {
    let output = program("stance-classify")
        .args([
            "--article",
            "data/examples/article.txt",
            "data/examples/comments.txt",
        ])
        .args(["--format", "table"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let table = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(table.lines().count(), 1 + 6);
    assert!(
        table.lines().nth(3).unwrap().contains("anti-war"),
        "{table}"
    );
    assert!(stderr(&output).starts_with("6 rows in, 6 classified, 0 rejected"));
}

#[test]
fn jsonl_through_a_pipe_keeps_order_ids_and_sums() {
    let input = std::fs::read("data/examples/thread.jsonl").unwrap();
    let output = program("stance-classify")
        .write_stdin(input)
        .output()
        .unwrap();
    assert!(output.status.success());
    let rows = lines(&output.stdout);
    let ids: Vec<_> = rows.iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["k1", "k2", "k3", "k4", "k5"]);
    for row in rows {
        let probabilities = row["probabilities"].as_object().unwrap();
        let names: Vec<_> = probabilities.keys().collect();
        assert_eq!(names, ["anti-war", "confirming", "doubting", "off-topic"]);
        let sum: f64 = probabilities.values().map(|p| p.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        assert_eq!(
            row["probability"],
            probabilities[row["label"].as_str().unwrap()]
        );
    }
}

#[test]
fn an_empty_comment_is_classified() {
    let output = program("stance-classify")
        .write_stdin("{\"text\":\"\"}\n")
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(lines(&output.stdout)[0]["id"], 1);
}

#[test]
fn a_comment_of_a_megabyte_on_one_line_is_classified() {
    for text in [
        "word ".repeat(200_000),
        "w".repeat(1_000_000),
        "ж".repeat(500_000),
    ] {
        let output = program("stance-classify")
            .args(["--input-format", "txt"])
            .write_stdin(text)
            .output()
            .unwrap();
        assert!(output.status.success());
        assert_eq!(lines(&output.stdout).len(), 1);
    }
}

#[test]
fn an_invalid_byte_stops_the_program_after_the_rows_before_it() {
    let folder = Folder::new();
    let file = folder.write(
        "c.jsonl",
        b"{\"text\":\"a\"}\n{\"text\":\"\xff\"}\n{\"text\":\"b\"}\n",
    );
    let output = program("stance-classify").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(lines(&output.stdout).len(), 1);
    assert!(
        stderr(&output).contains("c.jsonl:2: byte 10 of the row is not valid"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn bad_rows_are_skipped_and_listed_where_that_is_asked_for() {
    let folder = Folder::new();
    let file = folder.write(
        "c.jsonl",
        "{\"text\":\"a\"}\n{\"id\":5}\nnonsense\n{\"text\":\"b\"}\n",
    );
    let rejects = folder.path("rejects.jsonl");
    let output = program("stance-classify")
        .args(["--on-error", "skip", "--rejects"])
        .arg(&rejects)
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success());
    let ids: Vec<_> = lines(&output.stdout)
        .iter()
        .map(|r| r["id"].clone())
        .collect();
    assert_eq!(ids, [1, 4]);
    let rejects = lines(&std::fs::read(&rejects).unwrap());
    assert_eq!(rejects.len(), 2);
    assert_eq!(
        (rejects[0]["line"].as_u64(), rejects[0]["row"].as_str()),
        (Some(2), Some("{\"id\":5}"))
    );
    assert_eq!(
        rejects[0]["reason"],
        "no \"text\"; expected the comment's text"
    );
    assert!(stderr(&output).starts_with("4 rows in, 2 classified, 2 rejected"));
}

#[test]
fn an_unknown_article_id_is_a_bad_row() {
    let folder = Folder::new();
    let articles = folder.write("a.jsonl", "{\"id\":\"x\",\"headline\":\"Ship sunk\"}\n");
    let rows = "{\"text\":\"a\",\"article_id\":\"x\"}\n{\"text\":\"a\",\"article_id\":\"y\"}\n";
    let output = program("stance-classify")
        .arg("--articles")
        .arg(&articles)
        .write_stdin(rows)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(lines(&output.stdout).len(), 1);
    assert!(stderr(&output).contains("-:2: article_id \"y\" is not in the files of --articles"));
}

#[test]
fn an_article_id_that_stands_twice_is_refused() {
    let folder = Folder::new();
    let articles = folder.write("a.jsonl", "{\"id\":1}\n{\"id\":\"1\"}\n");
    let output = program("stance-classify")
        .arg("--articles")
        .arg(&articles)
        .write_stdin("{\"text\":\"\"}")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_truncated_or_missing_model_file_is_refused() {
    let folder = Folder::new();
    let model = small_model(&folder);
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let whole = std::fs::read(model.join(name)).unwrap();
        for length in [0, 7, whole.len() / 2, whole.len() - 2] {
            std::fs::write(model.join(name), &whole[..length]).unwrap();
            let output = program("stance-classify")
                .arg("--model")
                .arg(&model)
                .write_stdin("{\"text\":\"\"}")
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(4), "{name} cut to {length}");
            assert!(
                stderr(&output).contains(name),
                "{name}: {}",
                stderr(&output)
            );
        }
        std::fs::remove_file(model.join(name)).unwrap();
        let output = program("stance-classify")
            .arg("--model")
            .arg(&model)
            .write_stdin("")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(4));
        std::fs::write(model.join(name), &whole).unwrap();
    }
}

#[test]
fn explanations_add_up_to_the_scores_and_point_into_the_text() {
    let text = "  Нееет,  это ｆａｋｅ!! Where is the proof? https://x.org 😂 the the the";
    let row = serde_json::json!({"text": text, "headline": "Ship sunk, navy denies it", "parent": "No way"});
    let output = program("stance-classify")
        .arg("--explain")
        .write_stdin(row.to_string())
        .output()
        .unwrap();
    let result = &lines(&output.stdout)[0];
    for (label, score) in result["scores"].as_object().unwrap() {
        let parts = result["explanation"].as_array().unwrap();
        let sum: f64 = parts
            .iter()
            .map(|p| p["contributions"][label].as_f64().unwrap())
            .sum();
        assert!((sum - score.as_f64().unwrap()).abs() < 1e-4, "{label}");
    }
    let scores: Vec<f64> = result["scores"]
        .as_object()
        .unwrap()
        .values()
        .map(|s| s.as_f64().unwrap())
        .collect();
    let total: f64 = scores.iter().map(|s| s.exp()).sum();
    for (p, s) in result["probabilities"]
        .as_object()
        .unwrap()
        .values()
        .zip(&scores)
    {
        assert!((p.as_f64().unwrap() - s.exp() / total).abs() < 1e-6);
    }
    let mut pieces = 0;
    for part in result["explanation"].as_array().unwrap() {
        if part["source"] == "text" {
            let (start, end) = (
                part["start"].as_u64().unwrap(),
                part["end"].as_u64().unwrap(),
            );
            assert_eq!(part["text"], text[start as usize..end as usize]);
            pieces += 1;
        } else {
            assert!(part["start"].is_null() && part["end"].is_null());
        }
    }
    assert!(pieces > 5);
}

#[test]
fn one_and_two_threads_give_the_same_bytes() {
    let run = |threads: &str| {
        let output = program("stance-classify")
            .args([
                "--threads",
                threads,
                "--articles",
                "data/articles.jsonl",
                "data/dev.jsonl",
            ])
            .output()
            .unwrap();
        assert!(output.status.success());
        output.stdout
    };
    assert_eq!(run("1"), run("2"));
}

#[test]
fn a_disguised_comment_is_flagged_and_only_that() {
    let input = "{\"text\":\"it is f\u{200b}ake\"}\n{\"text\":\"it is fake\"}\n";
    let output = program("stance-classify")
        .args(["--explain"])
        .write_stdin(input)
        .output()
        .unwrap();
    let rows = lines(&output.stdout);
    assert_eq!(rows[0]["tampered"], true);
    assert_eq!(rows[0]["read_as"], "it is fake");
    assert!(rows[1].get("tampered").is_none() && rows[1].get("read_as").is_none());
    assert_eq!(rows[0]["probabilities"], rows[1]["probabilities"]);
}

#[test]
fn csv_and_tsv_carry_every_probability() {
    let input = "id,text\n\"a,b\",hello\n";
    for (format, header, start) in [
        (
            "csv",
            "id,label,probability,p_anti-war,p_confirming,p_doubting,p_off-topic",
            "\"a,b\",",
        ),
        (
            "tsv",
            "id\tlabel\tprobability\tp_anti-war\tp_confirming\tp_doubting\tp_off-topic",
            "a,b\t",
        ),
    ] {
        let output = program("stance-classify")
            .args(["--input-format", "csv", "--format", format])
            .write_stdin(input)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows[0], header);
        assert!(rows[1].starts_with(start), "{text}");
    }
}

#[test]
fn other_fields_are_echoed_where_that_is_asked_for() {
    let output = program("stance-classify")
        .arg("--keep-fields")
        .write_stdin("{\"text\":\"a\",\"likes\":3,\"u\":{\"n\":null}}")
        .output()
        .unwrap();
    assert_eq!(
        lines(&output.stdout)[0]["fields"],
        serde_json::json!({"likes": 3, "u": {"n": null}})
    );
}

#[test]
fn columns_of_other_names_and_encodings_are_read() {
    let folder = Folder::new();
    let file = folder.write("c.csv", b"nr;kommentar\n7;\xe4\xe0\n");
    let output = program("stance-classify")
        .args([
            "--text-column",
            "kommentar",
            "--id-column",
            "nr",
            "--encoding",
            "windows-1251",
        ])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(lines(&output.stdout)[0]["id"], "7");
}

#[test]
fn a_file_that_is_not_there_is_status_5_and_a_wrong_flag_status_2() {
    let output = program("stance-classify")
        .arg("nowhere.jsonl")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(stderr(&output).contains("nowhere.jsonl"));
    let output = program("stance-classify")
        .arg("--nonsense")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_megabyte_of_different_words_under_an_article_takes_no_longer_than_it_must() {
    let text: String = (0..150_000).map(|i| format!("w{i} ")).collect();
    let row =
        serde_json::json!({"text": text, "headline": "Ship sunk", "body": text, "parent": "no"});
    let output = program("stance-classify")
        .write_stdin(row.to_string())
        .output()
        .unwrap();
    assert_eq!(lines(&output.stdout).len(), 1);
}

#[test]
fn with_a_target_error_the_uncertain_are_left_for_review_in_every_format() {
    let folder = Folder::new();
    let model = full_model(&folder);
    let rows = "{\"text\":\"where is the proof?\"}\n{\"text\":\"zzz\"}\n";
    let run = |target: &str, format: &str| {
        program("stance-classify")
            .args(["--target-error", target, "--format", format, "--model"])
            .arg(&model)
            .write_stdin(rows)
            .output()
            .unwrap()
    };
    // All rows were right out of fold: where the promise can be made at all, everything is labelled.
    let all = run("0.2", "jsonl");
    let labelled = lines(&all.stdout);
    assert_eq!(labelled[0]["label"], "doubting");
    assert!(labelled.iter().all(|r| r.get("review").is_none()));
    assert!(
        stderr(&all).contains("target error 0.2: 2 of 2 labelled (100.0 %)"),
        "{}",
        stderr(&all)
    );
    // No 120 groups can promise 1 in 100.
    let none = run("0.01", "jsonl");
    for row in lines(&none.stdout) {
        assert!(row["label"].is_null() && row["review"] == true);
        assert!(row["probability"].is_f64() && row["probabilities"].is_object());
    }
    assert!(
        stderr(&none)
            .contains("no threshold was found that keeps it; all 2 comments are for review"),
        "{}",
        stderr(&none)
    );
    let csv = String::from_utf8(run("0.01", "csv").stdout).unwrap();
    assert!(csv.lines().nth(1).unwrap().starts_with("1,,0."), "{csv}");
    let table = String::from_utf8(run("0.01", "table").stdout).unwrap();
    assert!(
        table.lines().nth(1).unwrap().starts_with("1         – "),
        "{table}"
    );
}

#[test]
fn what_is_labelled_is_what_reaches_the_threshold_in_the_model() {
    let folder = Folder::new();
    let model = full_model(&folder);
    let path = model.join("config.json");
    let mut config: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let run = |threshold: &serde_json::Value, config: &mut serde_json::Value| {
        config["calibration"]["selection"]["thresholds"][49] = threshold.clone();
        std::fs::write(&path, config.to_string()).unwrap();
        program("stance-classify")
            .args(["--target-error", "0.5", "--model"])
            .arg(&model)
            .write_stdin("{\"text\":\"where is the proof?\"}\n")
            .output()
            .unwrap()
    };
    config["calibration"]["selection"]["thresholds"] = serde_json::json!(vec![1.0; 50]);
    let shown = lines(&run(&serde_json::json!(0.0), &mut config).stdout)[0]["probability"]
        .as_f64()
        .unwrap();
    for (threshold, label) in [
        (shown, "doubting".into()),
        (shown + 1e-8, serde_json::Value::Null),
    ] {
        let output = run(&serde_json::json!(threshold), &mut config);
        assert_eq!(lines(&output.stdout)[0]["label"], label, "{threshold}");
    }
    for broken in [
        serde_json::json!(1.5),
        serde_json::json!(-0.1),
        serde_json::json!("x"),
    ] {
        let output = run(&broken, &mut config);
        assert_eq!(output.status.code(), Some(4), "{broken}");
        assert!(
            stderr(&output).contains("config.json"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn a_model_without_calibration_cannot_keep_a_target_error() {
    let folder = Folder::new();
    let rows: String = small_corpus()
        .lines()
        .take(30)
        .fold(String::new(), |a, l| a + l + "\n");
    let train = folder.write("few.jsonl", rows);
    let model = folder.path("few");
    let output = train_command(&train, &model).output().unwrap();
    assert!(
        stderr(&output).contains("the model cannot offer --target-error"),
        "{}",
        stderr(&output)
    );
    let output = program("stance-classify")
        .args(["--target-error", "0.2", "--model"])
        .arg(&model)
        .write_stdin("{\"text\":\"a\"}\n")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("holds no calibration"));
    for wrong in ["0", "1", "-1", "nan", "x"] {
        let output = program("stance-classify")
            .arg(format!("--target-error={wrong}"))
            .write_stdin("")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}
