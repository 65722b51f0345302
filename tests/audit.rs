//! `stance-audit` as a user meets it.

mod common;

use common::{Folder, lines, program, small_corpus, stderr};
use serde_json::Value;
use std::path::PathBuf;

fn audit(folder: &Folder, files: &[&str], flags: &[&str]) -> std::process::Output {
    let files: Vec<PathBuf> = files.iter().map(|f| folder.path(f)).collect();
    program("stance-audit")
        .args(flags)
        .args(&files)
        .output()
        .unwrap()
}

fn json(folder: &Folder, files: &[&str], flags: &[&str]) -> Value {
    let flags: Vec<&str> = flags.iter().copied().chain(["--format", "json"]).collect();
    let output = audit(folder, files, &flags);
    assert!(output.status.success(), "{}", stderr(&output));
    lines(&output.stdout).remove(0)
}

const TRAIN: &str = r#"{"text":"Where is the proof of this sinking?","label":"doubting","article_id":"1","lang":"en","second_label":"doubting"}
{"text":"They sank it, I saw it myself","label":"confirming","article_id":"1","lang":"en","second_label":"confirming"}
{"text":"THEY sank it,  I saw it myself","label":"doubting","article_id":"1","lang":"en","second_label":"confirming"}
{"text":"Нет войне","label":"anti-war","article_id":"2","lang":"ru"}
{"text":"no label here","article_id":"2"}
"#;

const TEST: &str = r#"{"text":"Where is the proof of this sinking??","label":"doubting","article_id":"1"}
{"text":"Нет войне","label":"off-topic","article_id":"3"}
"#;

fn two_files() -> Folder {
    let folder = Folder::new();
    folder.write("train.jsonl", TRAIN);
    folder.write("test.jsonl", TEST);
    folder
}

#[test]
fn rows_are_counted_by_file_label_and_language_and_unlabelled_ones_are_not_bad() {
    let report = json(
        &two_files(),
        &["train.jsonl", "test.jsonl"],
        &["--no-label-errors"],
    );
    assert_eq!(report["n"], 7);
    let train = &report["files"][0];
    assert_eq!(
        (&train["n"], &train["unlabelled"], &train["groups"]),
        (&5.into(), &1.into(), &2.into())
    );
    assert_eq!(
        train["labels"],
        serde_json::json!({"anti-war": 1, "confirming": 1, "doubting": 2})
    );
    let counts = report["counts"].as_array().unwrap();
    let doubting = serde_json::json!({"label": "doubting", "lang": "en", "n": 2});
    assert!(counts.contains(&doubting), "{counts:?}");
    assert_eq!(
        counts.last().unwrap(),
        &serde_json::json!({"label": null, "lang": null, "n": 1})
    );
}

#[test]
fn a_leak_between_files_is_found_as_exact_and_as_near_duplicate() {
    let report = json(
        &two_files(),
        &["train.jsonl", "test.jsonl"],
        &["--no-label-errors"],
    );
    let exact = report["exact_duplicates"].as_array().unwrap();
    assert_eq!(exact.len(), 2);
    assert_eq!(exact[0]["across_files"], false);
    assert_eq!(exact[1]["text"], "Нет войне");
    assert_eq!(exact[1]["across_files"], true);
    let lines: Vec<_> = exact[1]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["line"].clone())
        .collect();
    assert_eq!(lines, [4, 2]);
    // 31 grams of "where is the proof of this sinking?", all among the 32 with a second question mark.
    let near = &report["near_duplicates"][0];
    assert!(
        (near["similarity"].as_f64().unwrap() - 31.0 / 32.0).abs() < 1e-6,
        "{near}"
    );
    assert_eq!(near["across_files"], true);
}

#[test]
fn the_same_text_with_two_labels_is_worse_under_one_article_than_under_two() {
    let report = json(
        &two_files(),
        &["train.jsonl", "test.jsonl"],
        &["--no-label-errors"],
    );
    let conflicts = report["conflicts"].as_array().unwrap();
    let found: Vec<_> = conflicts
        .iter()
        .map(|c| (c["same_article"].clone(), c["text"].clone()))
        .collect();
    assert_eq!(
        found,
        [
            (true.into(), "They sank it, I saw it myself".into()),
            (false.into(), "Нет войне".into())
        ]
    );
}

#[test]
fn an_article_in_two_files_is_reported_with_its_rows_in_each() {
    let folder = two_files();
    let report = json(
        &folder,
        &["train.jsonl", "test.jsonl"],
        &["--no-label-errors"],
    );
    let found = &report["straddling"];
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(
        (&found[0]["kind"], &found[0]["key"]),
        (&"group".into(), &"1".into())
    );
    let rows: Vec<_> = found[0]["rows"]
        .as_object()
        .unwrap()
        .values()
        .cloned()
        .collect();
    assert_eq!(rows, [1, 3]);
    let alone = json(&folder, &["train.jsonl"], &["--no-label-errors"]);
    assert_eq!(alone["straddling"], serde_json::json!([]));
}

/// Of three rows two are equal. By chance: doubting 2/3 · 1/3, confirming 1/3 · 2/3, together 4/9; kappa (2/3 − 4/9) / (5/9)
/// = 0.4. Alpha: 1 − 5 · 2 / (3 · 3 · 2) = 4/9.
#[test]
fn agreement_is_reported_where_rows_have_a_second_label() {
    let report = json(&two_files(), &["train.jsonl"], &["--no-label-errors"]);
    let overall = &report["agreement"]["overall"];
    assert_eq!(overall["n"], 3);
    assert!((overall["kappa"].as_f64().unwrap() - 0.4).abs() < 1e-12);
    assert!((overall["alpha"].as_f64().unwrap() - 4.0 / 9.0).abs() < 1e-12);
    let without = json(&two_files(), &["test.jsonl"], &["--no-label-errors"]);
    assert!(without["agreement"].is_null());
}

/// One row of the small corpus with its label changed is the surest suspect, and that it asks for proof tells.
#[test]
fn a_wrong_label_is_suspected_and_what_tells_is_named() {
    let folder = Folder::new();
    let mut rows: Vec<Value> = small_corpus()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(rows[41]["label"], "doubting");
    rows[41]["label"] = "confirming".into();
    let text: String = rows.iter().map(|r| format!("{r}\n")).collect();
    folder.write("c.jsonl", text);
    let report = json(&folder, &["c.jsonl"], &[]);
    let suspect = &report["label_errors"]["suspects"][0];
    assert_eq!(suspect["place"]["line"], 42, "{report}");
    assert_eq!(suspect["likely"], "doubting");
    assert!(suspect["likely_probability"].as_f64() > suspect["given_probability"].as_f64());
    let reasons = suspect["reasons"].as_array().unwrap();
    assert!(!reasons.is_empty() && reasons.len() <= 3);
    assert!(reasons.iter().any(|r| r["text"] == "proof"), "{reasons:?}");
    let table = audit(&folder, &["c.jsonl"], &["--top", "1"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(
        table.contains("c.jsonl:42 (id 42): confirming, likely doubting"),
        "{table}"
    );
    assert!(json(&folder, &["c.jsonl"], &["--no-label-errors"])["label_errors"].is_null());
}

#[test]
fn data_that_cannot_be_trained_on_get_a_note_and_no_error() {
    let folder = Folder::new();
    folder.write("one.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n");
    let report = json(&folder, &["one.jsonl"], &[]);
    assert!(report["label_errors"].is_null());
    assert!(
        report["notes"][0]
            .as_str()
            .unwrap()
            .contains("only one label"),
        "{report}"
    );
}

#[test]
fn the_same_data_give_the_same_report_at_one_and_two_threads() {
    let folder = Folder::new();
    folder.write("c.jsonl", small_corpus());
    let run = |threads: &str| audit(&folder, &["c.jsonl"], &["--threads", threads]).stdout;
    assert!(!run("1").is_empty());
    assert_eq!(run("1"), run("2"));
}

#[test]
fn tables_and_markdown_show_so_many_findings_and_say_how_many_more_there_are() {
    let folder = two_files();
    let files = ["train.jsonl", "test.jsonl"];
    let table = audit(&folder, &files, &["--no-label-errors", "--top", "1"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.starts_with("7 rows in 2 files\n"), "{table}");
    assert!(
        table.contains("Exact duplicates: 2 clusters with 4 rows, 1 of them across files"),
        "{table}"
    );
    // The leak stands first.
    assert!(table.contains("\n  Нет войне\n"), "{table}");
    assert!(table.contains("… and 1 more"), "{table}");
    let markdown = audit(
        &folder,
        &files,
        &["--no-label-errors", "--format", "markdown"],
    );
    let markdown = String::from_utf8(markdown.stdout).unwrap();
    assert!(
        markdown.starts_with("# Data audit\n\n## 7 rows in 2 files\n\n| rows | all |"),
        "{markdown}"
    );
    assert!(
        markdown.contains("- same article: They sank it, I saw it myself\n"),
        "{markdown}"
    );
}

#[test]
fn markdown_signs_and_terminal_codes_in_comments_are_made_harmless() {
    let folder = Folder::new();
    let row = serde_json::json!({"text": "<b>|*x*\u{1b}[31m same thing"}).to_string() + "\n";
    folder.write("a.jsonl", row.repeat(2));
    let table = audit(&folder, &["a.jsonl"], &["--no-label-errors"]).stdout;
    assert!(!table.contains(&0x1b));
    let markdown = audit(
        &folder,
        &["a.jsonl"],
        &["--no-label-errors", "--format", "markdown"],
    )
    .stdout;
    let markdown = String::from_utf8(markdown).unwrap();
    assert!(markdown.contains("&lt;b&gt;\\|\\*x\\*"), "{markdown}");
}

#[test]
fn bad_rows_and_missing_files_end_as_in_the_other_programs() {
    let folder = Folder::new();
    folder.write("bad.jsonl", "{\"text\":\"a\"}\nnot json\n");
    folder.write("empty.jsonl", "");
    let stop = audit(&folder, &["bad.jsonl"], &[]);
    assert_eq!(stop.status.code(), Some(3));
    assert!(stderr(&stop).contains("bad.jsonl:2"), "{}", stderr(&stop));
    let skip = audit(
        &folder,
        &["bad.jsonl"],
        &["--on-error", "skip", "--no-label-errors"],
    );
    assert!(skip.status.success());
    assert!(
        stderr(&skip).contains("2 rows in, 1 audited, 1 rejected"),
        "{}",
        stderr(&skip)
    );
    assert_eq!(audit(&folder, &["empty.jsonl"], &[]).status.code(), Some(3));
    assert_eq!(
        audit(&folder, &["nowhere.jsonl"], &[]).status.code(),
        Some(5)
    );
    assert_eq!(audit(&folder, &[], &[]).status.code(), Some(2));
    let stdin = program("stance-audit")
        .args(["-", "--format", "json"])
        .write_stdin(TRAIN)
        .output()
        .unwrap();
    assert_eq!(lines(&stdin.stdout)[0]["files"][0]["file"], "-");
}

#[test]
fn the_page_holds_the_findings_and_no_markup_of_comments() {
    let folder = Folder::new();
    let text = "</style><script>alert(1)</script><img src=x> same {{ 7 * 7 }}";
    let row = |label| {
        serde_json::json!({"text": text, "label": label, "article_id": "1"}).to_string() + "\n"
    };
    folder.write("a.jsonl", row("x") + &row("y"));
    let html = folder.path("audit.html");
    let write = || {
        let output = program("stance-audit")
            .args(["--no-label-errors", "--html"])
            .arg(&html)
            .arg(folder.path("a.jsonl"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        std::fs::read_to_string(&html).unwrap()
    };
    let page = write();
    assert!(page.contains("Content-Security-Policy\" content=\"default-src &#39;none&#39;;"));
    assert!(page.contains("1 under the same article"), "{page}");
    for markup in ["<script", "<img", "<link", " src=\"", "url("] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert!(page.contains("script&#62;alert(1)"), "{page}");
    assert!(page.contains("{{ 7 * 7 }}"));
    assert_eq!(page.matches("</style").count(), 1);
    assert_eq!(page, write());
}

#[test]
fn reports_name_files_without_folders_unless_two_have_the_same_name() {
    let folder = two_files();
    std::fs::create_dir(folder.path("other")).unwrap();
    folder.write("other/test.jsonl", TEST);
    let names = |files: &[&str]| -> Vec<String> {
        let report = json(&folder, files, &["--no-label-errors"]);
        let files = report["files"].as_array().unwrap();
        files
            .iter()
            .map(|f| f["file"].as_str().unwrap().to_string())
            .collect()
    };
    assert_eq!(
        names(&["train.jsonl", "other/test.jsonl"]),
        ["train.jsonl", "test.jsonl"]
    );
    let both = names(&["test.jsonl", "other/test.jsonl"]);
    assert!(
        both[1].ends_with("other/test.jsonl") && both[0] != both[1],
        "{both:?}"
    );
}
