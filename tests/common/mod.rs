//! What the command tests share: a folder for one test, a small labelled corpus, and the three programs.

#![allow(dead_code)]

pub mod attacks;

use assert_cmd::Command;
use std::path::{Path, PathBuf};

/// A folder that goes when the test ends.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

pub fn program(name: &str) -> Command {
    let mut command = Command::cargo_bin(name).unwrap();
    command.env("NO_COLOR", "1");
    command
}

/// 60 comments of three labels under 30 headlines: enough for folds of whole groups.
pub fn small_corpus() -> String {
    let mut rows = String::new();
    for i in 0..30 {
        let headline = format!("Ship number {i} sunk near the cape");
        let comments = [
            (format!("stop this war, send the {i} boys home"), "anti-war"),
            (format!("fake, where is the proof of {i}?"), "doubting"),
            (format!("they sank it, {i} saw it"), "confirming"),
        ];
        for (text, label) in comments.iter().skip(i % 2) {
            let row = serde_json::json!({"text": text, "label": label, "headline": headline});
            rows += &format!("{row}\n");
        }
    }
    rows
}

/// Trains a model on the small corpus.
pub fn small_model(folder: &Folder) -> PathBuf {
    let train = folder.write("train.jsonl", small_corpus());
    let model = folder.path("model");
    train_command(&train, &model).assert().success();
    model
}

/// Trains a model on 120 groups of three comments each whose label the words tell: enough to promise something.
pub fn calibrated_model(folder: &Folder) -> PathBuf {
    let mut rows = String::new();
    for i in 0..120 {
        for (text, label) in [
            ("stop this war, send the boys home", "anti-war"),
            ("fake, where is the proof?", "doubting"),
            ("they sank it, saw it", "confirming"),
        ] {
            let row =
                serde_json::json!({"text": format!("{text} {i}"), "label": label, "group": i});
            rows += &format!("{row}\n");
        }
    }
    let train = folder.write("calibrated.jsonl", rows);
    let model = folder.path("calibrated");
    train_command(&train, &model).assert().success();
    model
}

pub fn train_command(train: &Path, output: &Path) -> Command {
    let mut command = program("stance-train");
    command
        .arg("--train")
        .arg(train)
        .arg("--output")
        .arg(output);
    command
}

pub fn lines(bytes: &[u8]) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

/// Standard error as text.
pub fn stderr(output: &std::process::Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The program `name` started by a shell after `limits`.
pub fn limited(limits: &str, name: &str) -> Command {
    let mut command = Command::new("sh");
    let script = format!("{limits}; exec \"$0\" \"$@\"");
    command.args(["-c", &script]);
    command.arg(assert_cmd::cargo::cargo_bin(name));
    command.env("NO_COLOR", "1");
    command
}
