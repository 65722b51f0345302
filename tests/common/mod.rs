//! What the command tests share: a folder for one test, a small labelled corpus, and the three programs.

#![allow(dead_code)]

pub mod attacks;

use assert_cmd::Command;
use safetensors::tensor::{Dtype, TensorView};
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

/// Trains a model with all that a model can have: on 120 groups of three comments each whose label the words tell, which
/// is enough to promise something, under two headlines, which are then known, and with the vectors of [`model2vec`].
pub fn full_model(folder: &Folder) -> PathBuf {
    let mut rows = String::new();
    for i in 0..120 {
        for (text, label) in [
            ("stop this war, send the boys home", "anti-war"),
            ("fake, where is the proof?", "doubting"),
            ("they sank it, saw it", "confirming"),
        ] {
            let headline = ["Bridge rebuilt", "Port closed"][i % 2];
            let text = format!("{text} {i}");
            let row =
                serde_json::json!({"text": text, "label": label, "headline": headline, "group": i});
            rows += &format!("{row}\n");
        }
    }
    let train = folder.write("full.jsonl", rows);
    let model = folder.path("full");
    train_command(&train, &model)
        .arg("--embeddings")
        .arg(model2vec(folder))
        .assert()
        .success();
    model
}

/// The words of [`model2vec`].
const WORDS: [&str; 10] = [
    "[UNK]", "stop", "war", "boys", "home", "fake", "proof", "sank", "saw", "sunk",
];
/// One row a word.
const ROWS: [[f32; 4]; 10] = [
    [9.0, 9.0, 9.0, 9.0],
    [2.0, 0.0, 0.0, 0.0],
    [0.0, 2.0, 0.0, 0.0],
    [1.0, 1.0, 0.0, 0.0],
    [1.0, 0.0, 0.0, 0.5],
    [0.0, 0.0, 3.0, 0.0],
    [0.0, 0.0, 1.0, 0.5],
    [0.0, -1.0, 0.0, 1.0],
    [0.0, 0.0, -1.0, 1.0],
    [0.0, 0.0, 0.0, 1.0],
];

/// A model2vec model of ten words and four dimensions.
pub fn model2vec(folder: &Folder) -> PathBuf {
    let dir = folder.path("vectors");
    std::fs::create_dir_all(&dir).unwrap();
    let ids: serde_json::Map<String, serde_json::Value> = WORDS
        .iter()
        .enumerate()
        .map(|(id, word)| (word.to_string(), id.into()))
        .collect();
    let tokenizer = serde_json::json!({
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": ids, "unk_token": "[UNK]"},
    });
    let bytes: Vec<u8> = ROWS
        .as_flattened()
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let view = TensorView::new(Dtype::F32, vec![10, 4], &bytes).unwrap();
    let weights = safetensors::serialize([("embeddings", view)], None).unwrap();
    std::fs::write(dir.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    std::fs::write(dir.join("config.json"), "{\"normalize\": true}").unwrap();
    std::fs::write(dir.join("model.safetensors"), weights).unwrap();
    dir
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

/// The files of the model in `dir`.
pub fn model_bytes(dir: &Path) -> Vec<Vec<u8>> {
    [
        "config.json",
        "tokenizer.json",
        "model.safetensors",
        "README.md",
    ]
    .map(|name| std::fs::read(dir.join(name)).unwrap())
    .into()
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
