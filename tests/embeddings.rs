//! Models with static embeddings, from training to a folder of their own.

mod common;

use common::{Folder, lines, model2vec, program, small_corpus, train_command};
use serde_json::{Value, json};
use stance::embeddings::Embeddings;
use stance::features::context::VALUES;
use stance::model_dir::{load, save};
use stance::record::Comment;
use stance::train::{TrainSettings, Trained, train};
use std::path::Path;
use std::sync::Arc;

fn trained(folder: &Folder) -> Trained {
    let corpus: Vec<Comment> = lines(small_corpus().as_bytes())
        .iter()
        .map(|row| {
            let field = |name: &str| row[name].as_str().unwrap().to_string();
            Comment::new(field("text"))
                .under(field("headline").as_str())
                .labelled(field("label").as_str())
        })
        .collect();
    let settings = TrainSettings {
        embeddings: Some(Arc::new(Embeddings::load(&model2vec(folder)).unwrap())),
        ..TrainSettings::default()
    };
    train(&corpus, &[], &settings).unwrap()
}

fn train_with(folder: &Folder, embeddings: &Path, model: &Path) -> assert_cmd::assert::Assert {
    let train = folder.write("train.jsonl", small_corpus());
    train_command(&train, model)
        .arg("--embeddings")
        .arg(embeddings)
        .assert()
}

fn near(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!(
            (a - b).abs() < 1e-6 || (a.is_nan() && b.is_nan()),
            "{a} {b}"
        );
    }
}

#[test]
fn a_comment_has_its_embedding_and_cosines() {
    let folder = Folder::new();
    let classifier = trained(&folder).classifier;
    let dense = |comment: &Comment| classifier.session().extract(comment).dense;
    // Mean of (2, 0, 0, 0) and (0, 2, 0, 0), brought to length 1; the headline is (0, 1, 0, 0), the parent (0, 0, 1, 0).
    let half = 0.5f32.sqrt();
    let mut comment = Comment::new("STOP this war!").under("War");
    comment.parent = Some("fake".into());
    let found = dense(&comment);
    near(&found.embedding, &[half, half, 0.0, 0.0]);
    near(&found.values[VALUES.len()..], &[half, f32::NAN, 0.0]);
    // Nothing is known of a parent without known words, nor of a comment without.
    comment.parent = Some("what".into());
    near(
        &dense(&comment).values[VALUES.len()..],
        &[half, f32::NAN, f32::NAN],
    );
    let empty = dense(&Comment::new("").under("War"));
    near(&empty.embedding, &[0.0; 4]);
    near(&empty.values[VALUES.len()..], &[f32::NAN; 3]);
    // Hidden characters are no disguise.
    near(
        &dense(&Comment::new("st\u{200b}op w\u{ad}ar")).embedding,
        &[half, half, 0.0, 0.0],
    );
}

#[test]
fn unit_vectors_are_scaled_by_the_root_of_their_dimensions() {
    let folder = Folder::new();
    let classifier = trained(&folder).classifier;
    let inputs = classifier.stance.encoder.embedding().unwrap();
    assert_eq!(inputs.n_dimensions, 4);
    assert!((inputs.scale - 2.0).abs() < 1e-5);
}

#[test]
fn a_loaded_model_gives_the_same_bits() {
    let folder = Folder::new();
    let classifier = trained(&folder).classifier;
    save(&classifier, &folder.path("model")).unwrap();
    let loaded = load(&folder.path("model")).unwrap();
    assert_eq!(loaded.extractor.embeddings, classifier.extractor.embeddings);
    assert_eq!(loaded.stance, classifier.stance);
    let mut session = loaded.session();
    let mut embedded = 0;
    for text in ["stop this war", "fake, where is the proof?", "", "saw it"] {
        let comment = Comment::new(text).under("Ship sunk");
        let features = session.extract(&comment);
        embedded += usize::from(features.dense.embedding.iter().any(|v| *v != 0.0));
        let prediction = session.classify(&comment);
        assert_eq!(prediction, classifier.classify(&comment));
        assert_eq!(prediction, loaded.predict(&features));
    }
    assert_eq!(embedded, 3);
    save(&loaded, &folder.path("again")).unwrap();
    for name in [
        "config.json",
        "embeddings_tokenizer.json",
        "model.safetensors",
    ] {
        let read = |model: &str| std::fs::read(folder.path(model).join(name)).unwrap();
        assert!(read("model") == read("again"), "{name}");
    }
}

#[test]
fn the_model_stands_alone_and_is_the_same_at_one_and_two_threads() {
    let folder = Folder::new();
    let embeddings = model2vec(&folder);
    let train = folder.write("train.jsonl", small_corpus());
    let models = ["1", "2"].map(|threads| {
        let model = folder.path(threads);
        let output = train_command(&train, &model)
            .args(["--threads", threads, "--embeddings"])
            .arg(&embeddings)
            .output()
            .unwrap();
        assert!(output.status.success());
        let summary = String::from_utf8(output.stdout).unwrap();
        assert!(summary.contains("4 embedding dimensions"), "{summary}");
        model
    });
    for name in [
        "README.md",
        "config.json",
        "embeddings_tokenizer.json",
        "model.safetensors",
        "tokenizer.json",
    ] {
        let [one, two] = models
            .each_ref()
            .map(|m| std::fs::read(m.join(name)).unwrap());
        assert!(one == two, "{name}");
        let here = folder.path("").display().to_string();
        assert!(!String::from_utf8_lossy(&one).contains(&here), "{name}");
    }
    std::fs::remove_dir_all(&embeddings).unwrap();
    let output = program("stance-classify")
        .arg("--explain")
        .arg("--model")
        .arg(&models[0])
        .write_stdin("{\"text\":\"stop this war\",\"headline\":\"Ship sunk\"}\n")
        .output()
        .unwrap();
    assert!(output.status.success());
    let result = &lines(&output.stdout)[0];
    assert_eq!(result["label"], "anti-war");
    let parts = result["explanation"].as_array().unwrap();
    let of_embedding: Vec<_> = parts
        .iter()
        .filter(|p| p["source"] == "embedding")
        .collect();
    assert_eq!(of_embedding.len(), 1);
    assert!(of_embedding[0]["start"].is_null());
    assert!(
        of_embedding[0]["contributions"]["anti-war"]
            .as_f64()
            .unwrap()
            > 0.0
    );
    for (label, score) in result["scores"].as_object().unwrap() {
        let sum: f64 = parts
            .iter()
            .map(|p| p["contributions"][label].as_f64().unwrap())
            .sum();
        assert!((sum - score.as_f64().unwrap()).abs() < 1e-4, "{label}");
    }
}

#[test]
fn what_does_not_fit_the_embeddings_is_refused() {
    let folder = Folder::new();
    let model = folder.path("model");
    train_with(&folder, &model2vec(&folder), &model).success();
    let config: Value =
        serde_json::from_slice(&std::fs::read(model.join("config.json")).unwrap()).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut config = config.clone();
        change(&mut config);
        Some(("config.json", config.to_string().into_bytes()))
    };
    let tokenizer = std::fs::read_to_string(model.join("embeddings_tokenizer.json")).unwrap();
    let another = tokenizer.replace("sunk", "sink").into_bytes();
    // NaN as the first number of the table: half-precision 7e00.
    let mut nan = std::fs::read(model.join("model.safetensors")).unwrap();
    let header = 8 + u64::from_le_bytes(nan[..8].try_into().unwrap()) as usize;
    let described: Value = serde_json::from_slice(&nan[8..header]).unwrap();
    let at = described["embeddings.rows"]["data_offsets"][0]
        .as_u64()
        .unwrap() as usize;
    nan[header + at..header + at + 2].copy_from_slice(&[0x00, 0x7e]);
    let cases = [
        (None, "embeddings_tokenizer.json"),
        (
            Some(("embeddings_tokenizer.json", another)),
            "another model's",
        ),
        (
            changed(&|c| c["embeddings"]["inputs"]["n_dimensions"] = json!(3)),
            "embeddings.rows",
        ),
        (
            changed(&|c| c["embeddings"]["inputs"]["n_dimensions"] = json!(u64::MAX)),
            "embeddings.rows",
        ),
        (
            changed(&|c| c["embeddings"]["inputs"]["scale"] = json!(0)),
            "a scale above 0",
        ),
        (
            changed(&|c| c["embeddings"] = Value::Null),
            "stance.weights",
        ),
        (Some(("model.safetensors", nan)), "NaN"),
    ];
    for (change, reason) in cases {
        let bad = folder.path("bad");
        let _ = std::fs::remove_dir_all(&bad);
        std::fs::create_dir(&bad).unwrap();
        for entry in std::fs::read_dir(&model).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), bad.join(entry.file_name())).unwrap();
        }
        match change {
            Some((name, bytes)) => std::fs::write(bad.join(name), bytes).unwrap(),
            None => std::fs::remove_file(bad.join("embeddings_tokenizer.json")).unwrap(),
        }
        let error = load(&bad).unwrap_err();
        assert_eq!(error.status(), 4);
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_folder_that_is_no_model2vec_model_is_status_4_and_nothing_is_written() {
    let folder = Folder::new();
    let model = folder.path("model");
    for name in ["vectors", "absent"] {
        if name == "vectors" {
            let dir = model2vec(&folder);
            std::fs::write(dir.join("model.safetensors"), "not tensors").unwrap();
        }
        let output = train_with(&folder, &folder.path(name), &model).code(4);
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(stderr.contains("model2vec"), "{stderr}");
        assert!(!model.exists());
    }
}
