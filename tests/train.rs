//! `stance-train` as a user meets it.

mod common;

use common::{Folder, lines, program, small_corpus, small_model, stderr, train_command};
use std::path::Path;

fn files(model: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(model)
        .unwrap()
        .map(|e| e.unwrap())
        .map(|e| {
            (
                e.file_name().into_string().unwrap(),
                std::fs::read(e.path()).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_same_input_gives_the_same_bytes_at_one_and_two_threads() {
    let folder = Folder::new();
    let train = folder.write("train.jsonl", small_corpus());
    let models = ["1", "2"].map(|threads| {
        let model = folder.path(threads);
        train_command(&train, &model)
            .args(["--threads", threads])
            .assert()
            .success();
        files(&model)
    });
    let names: Vec<_> = models[0].iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "README.md",
            "config.json",
            "model.safetensors",
            "tokenizer.json"
        ]
    );
    assert!(models[0] == models[1]);
}

#[test]
fn a_trained_model_labels_what_it_learned() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let output = program("stance-classify")
        .arg("--model")
        .arg(&model)
        .write_stdin(
            "{\"text\":\"stop this war\"}\n{\"text\":\"fake, where is the proof of 31?\"}\n",
        )
        .output()
        .unwrap();
    let labels: Vec<_> = lines(&output.stdout)
        .iter()
        .map(|r| r["label"].clone())
        .collect();
    assert_eq!(labels, ["anti-war", "doubting"]);
}

#[test]
fn one_label_only_or_no_rows_is_refused_and_writes_nothing() {
    let folder = Folder::new();
    for (name, rows, reason) in [
        (
            "one.jsonl",
            "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":\"x\"}\n",
            "only one label",
        ),
        ("none.jsonl", "\n", "no rows to train on"),
    ] {
        let train = folder.write(name, rows);
        let output = train_command(&train, &folder.path("model"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
        assert!(!folder.path("model").exists());
    }
}

#[test]
fn a_row_without_a_label_is_a_bad_row() {
    let folder = Folder::new();
    let train = folder.write("t.jsonl", small_corpus() + "{\"text\":\"a\"}\n");
    let output = train_command(&train, &folder.path("model"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("t.jsonl:76: no \"label\"; expected a label"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_folder_that_is_not_a_model_is_not_replaced_and_a_model_is() {
    let folder = Folder::new();
    let train = folder.write("train.jsonl", small_corpus());
    let precious = folder.path("precious");
    std::fs::create_dir(&precious).unwrap();
    std::fs::write(precious.join("thesis.txt"), "years of work").unwrap();
    let output = train_command(&train, &precious).output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(precious.join("thesis.txt").exists());
    let model = small_model(&folder);
    let before = files(&model);
    train_command(&train, &model)
        .args(["--seed", "2"])
        .assert()
        .success();
    assert!(files(&model) != before);
    let beside: Vec<_> = std::fs::read_dir(model.parent().unwrap())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        !beside.iter().any(|n| n.to_string_lossy().starts_with('.')),
        "{beside:?}"
    );
}

#[test]
fn blocks_of_features_can_be_left_out() {
    let folder = Folder::new();
    let train = folder.write("train.jsonl", small_corpus());
    let trained = |name: &str, without: &[&str]| {
        let model = folder.path(name);
        let flags = without.iter().flat_map(|block| ["--without", block]);
        let mut command = train_command(&train, &model);
        let output = command
            .args(["--format", "json"])
            .args(flags)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let n_ngrams = lines(&output.stdout)[0]["features"]["ngrams"]
            .as_u64()
            .unwrap();
        let config = std::fs::read(model.join("config.json")).unwrap();
        let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
        let columns: Vec<String> = config["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c.to_string())
            .collect();
        (n_ngrams, columns)
    };
    let has = |columns: &[String], part: &str| columns.iter().any(|c| c.contains(part));
    let (all, columns) = trained("all", &[]);
    assert!(has(&columns, "{\"flag\":\"question mark\"}"), "{columns:?}");
    assert!(has(&columns, "shared with the headline"), "{columns:?}");
    let (words, columns) = trained(
        "words",
        &["characters", "word-pairs", "surface", "similarities"],
    );
    // The corpus has 18 words but for numbers, in at least two texts each, and 30 numbers.
    assert!(words <= 48 && all > 2 * words, "{words} of {all}");
    assert!(
        !has(&columns, "{\"flag\":\"question mark\"}"),
        "{columns:?}"
    );
    assert!(!has(&columns, "shared with the headline"), "{columns:?}");
}

#[test]
fn a_reply_without_a_stance_of_its_own_takes_its_parents() {
    let folder = Folder::new();
    let mut rows = String::new();
    for i in 0..40 {
        let (parent, label) = [
            ("fake, where is the proof", "doubting"),
            ("saw it burn myself", "confirming"),
        ][i % 2];
        let mut add = |text: &str, parent: Option<&str>| {
            let row = serde_json::json!({
                "text": text, "parent": parent, "label": label, "headline": format!("Ship {i} sunk"),
            });
            rows += &format!("{row}\n");
        };
        add(parent, None);
        add("exactly", Some(parent));
        add("what he says", Some(parent));
    }
    let train = folder.write("train.jsonl", rows);
    let model = folder.path("model");
    train_command(&train, &model).assert().success();
    let output = program("stance-classify")
        .arg("--model")
        .arg(&model)
        .write_stdin(
            "{\"text\":\"exactly\",\"headline\":\"Port taken\",\"parent\":\"no proof, fake\"}\n\
             {\"text\":\"exactly\",\"headline\":\"Port taken\",\"parent\":\"I saw it myself\"}\n",
        )
        .output()
        .unwrap();
    let labels: Vec<_> = lines(&output.stdout)
        .iter()
        .map(|line| line["label"].as_str().unwrap().to_string())
        .collect();
    assert_eq!(labels, ["doubting", "confirming"]);
}

#[test]
fn few_groups_are_folded_by_row_and_the_user_is_told() {
    let folder = Folder::new();
    let rows = small_corpus().replace("\"headline\"", "\"group\":\"g\",\"headline\"");
    let train = folder.write("t.jsonl", rows);
    let output = train_command(&train, &folder.path("model"))
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(
        stderr(&output).contains("1 groups only; with fewer than 20"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn two_labels_and_twenty_labels_train() {
    let folder = Folder::new();
    for n in [2, 20] {
        let rows: String = (0..120)
            .map(|i| format!("{{\"text\":\"w{} x{i}\",\"label\":{}}}\n", i % n, i % n))
            .collect();
        let train = folder.write("t.jsonl", rows);
        let output = train_command(&train, &folder.path("m"))
            .args(["--format", "json"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(
            lines(&output.stdout)[0]["labels"].as_array().unwrap().len(),
            n
        );
    }
}

#[test]
fn weights_reach_both_models_and_the_solver_says_so() {
    let folder = Folder::new();
    let solver = |rows: String| {
        let train = folder.write("t.jsonl", rows);
        let output = train_command(&train, &folder.path("m"))
            .args(["--format", "json"])
            .output()
            .unwrap();
        let summary = &lines(&output.stdout)[0];
        summary["provenance"]["stance_solver"]
            .as_str()
            .unwrap()
            .to_string()
    };
    assert_eq!(solver(small_corpus()), "linfa-logistic");
    assert_eq!(
        solver(small_corpus().replacen("\"label\"", "\"weight\":2,\"label\"", 1)),
        "newton"
    );
}

#[test]
fn a_development_file_chooses_the_settings() {
    let folder = Folder::new();
    let train = folder.write("t.jsonl", small_corpus());
    let dev = folder.write("d.jsonl", small_corpus());
    let output = train_command(&train, &folder.path("m"))
        .arg("--dev")
        .arg(&dev)
        .args(["--format", "json"])
        .output()
        .unwrap();
    let summary = &lines(&output.stdout)[0];
    assert_eq!(summary["provenance"]["scored_on"], "dev");
    assert!(summary["provenance"]["dev_digest"].is_string());
}

/// The calibration that the model in `folder` holds, with the flags of its training.
fn calibration(folder: &Folder, flags: &[&std::ffi::OsStr]) -> serde_json::Value {
    let train = folder.write("t.jsonl", small_corpus());
    let model = folder.path("m");
    train_command(&train, &model).args(flags).assert().success();
    let config = std::fs::read(model.join("config.json")).unwrap();
    serde_json::from_slice::<serde_json::Value>(&config).unwrap()["calibration"].clone()
}

/// 75 rows of 30 headlines, each learned from twice: the copy without its headline tells nothing new about errors.
#[test]
fn copies_without_context_are_no_calibration_evidence() {
    let folder = Folder::new();
    let found = calibration(&folder, &["--also-without-context".as_ref()]);
    assert_eq!(found["selection"]["comments"], 75);
    assert_eq!(found["selection"]["groups"], 30);
    assert!(found["overdispersion"].as_f64().unwrap() >= 1.0);
}

#[test]
fn a_development_file_calibrates_and_the_field_that_groups_makes_the_units() {
    let folder = Folder::new();
    let dev = folder.write(
        "d.jsonl",
        small_corpus()
            .lines()
            .take(60)
            .fold(String::new(), |a, l| a + l + "\n"),
    );
    let found = calibration(&folder, &["--dev".as_ref(), dev.as_os_str()]);
    assert_eq!(found["selection"]["comments"], 60);
    assert_eq!(found["selection"]["groups"], 24);
    let found = calibration(&folder, &["--group-by".as_ref(), "none".as_ref()]);
    assert_eq!(found["selection"]["groups"], 75);
}
