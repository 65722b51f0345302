//! Model directories that are broken or malicious are refused with status 4 and a message that names the file and what
//! was expected; never a panic, never more memory than a model may have.

mod common;

use common::{Folder, small_model, stderr};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";

/// What is wrong, the file that the message names, and what does it to a model's folder.
type Case = (String, &'static str, Box<dyn Fn(&Path)>);

fn edit_json(path: &Path, edit: impl Fn(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    edit(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

struct Tensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

fn edit_tensors(path: &Path, edit: impl Fn(&mut Vec<Tensor>)) {
    let file = fs::read(path).unwrap();
    let mut tensors: Vec<Tensor> = SafeTensors::deserialize(&file)
        .unwrap()
        .tensors()
        .into_iter()
        .map(|(name, view)| Tensor {
            name,
            dtype: view.dtype(),
            shape: view.shape().to_vec(),
            bytes: view.data().to_vec(),
        })
        .collect();
    edit(&mut tensors);
    let views = tensors.iter().map(|t| {
        let view = TensorView::new(t.dtype, t.shape.clone(), &t.bytes).unwrap();
        (&t.name, view)
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

fn named<'a>(tensors: &'a mut [Tensor], name: &str) -> &'a mut Tensor {
    tensors.iter_mut().find(|t| t.name == name).unwrap()
}

/// A safetensors file with this header and `n` bytes of data.
fn with_header(header: &str, n: usize) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.resize(file.len() + n, 0);
    file
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut add = |name: String, file, damage: Box<dyn Fn(&Path)>| cases.push((name, file, damage));
    for file in [CONFIG, TOKENIZER, WEIGHTS] {
        add(
            format!("{file} is missing"),
            file,
            Box::new(move |dir| fs::remove_file(dir.join(file)).unwrap()),
        );
        for (name, share) in [
            ("nothing", 0.0),
            ("a tenth", 0.1),
            ("half", 0.5),
            ("nearly all", 0.99),
        ] {
            add(
                format!("{file} is cut to {name}"),
                file,
                Box::new(move |dir| {
                    let whole = fs::read(dir.join(file)).unwrap();
                    let n = (whole.len() as f64 * share) as usize;
                    fs::write(dir.join(file), &whole[..n]).unwrap();
                }),
            );
        }
        for (name, content) in [
            ("text", "not a model"),
            ("an array", "[]"),
            ("nested deeply", &"[".repeat(100_000)),
            ("null", "null"),
        ] {
            let content = content.to_string();
            add(
                format!("{file} is {name}"),
                file,
                Box::new(move |dir| fs::write(dir.join(file), &content).unwrap()),
            );
        }
        add(
            format!("{file} is a folder"),
            file,
            Box::new(move |dir| {
                fs::remove_file(dir.join(file)).unwrap();
                fs::create_dir(dir.join(file)).unwrap();
            }),
        );
        #[cfg(unix)]
        for (name, target) in [
            ("zeros without end", "/dev/zero"),
            ("itself", "."),
            ("nothing", "nowhere"),
        ] {
            add(
                format!("{file} is a link to {name}"),
                file,
                Box::new(move |dir| {
                    fs::remove_file(dir.join(file)).unwrap();
                    let target = if target == "." {
                        dir.join(file)
                    } else {
                        PathBuf::from(target)
                    };
                    std::os::unix::fs::symlink(target, dir.join(file)).unwrap();
                }),
            );
        }
        #[cfg(unix)]
        add(
            format!("{file} is a pipe that nobody writes"),
            file,
            Box::new(move |dir| {
                fs::remove_file(dir.join(file)).unwrap();
                let status = std::process::Command::new("mkfifo")
                    .arg(dir.join(file))
                    .status();
                assert!(status.unwrap().success());
            }),
        );
        add(
            format!("{file} is five gigabytes"),
            file,
            Box::new(move |dir| {
                let file = fs::OpenOptions::new()
                    .write(true)
                    .open(dir.join(file))
                    .unwrap();
                file.set_len(5 << 30).unwrap();
            }),
        );
    }
    let values: [(&str, Value); 34] = [
        ("/format_version", json!(2)),
        ("/format_version", json!(0)),
        ("/format_version", json!(-1)),
        ("/format_version", json!("1")),
        ("/format_version", json!(null)),
        ("/labels", json!([])),
        ("/labels", json!(["a"])),
        ("/labels", json!(["a", "a", "b"])),
        ("/labels", json!(["c", "b", "a"])),
        ("/labels", json!(["", "b", "c"])),
        ("/labels", json!(["a", "b", "c", "d"])),
        ("/labels", json!([1, 2, 3])),
        ("/decision_offsets", json!([0.0])),
        ("/decision_offsets", json!([0.0, 0.0, 1e300])),
        ("/decision_offsets", json!([0.0, 0.0, "x"])),
        ("/decision_offsets", json!([0.0, 0.0, null])),
        ("/score_scale", json!(0.0)),
        ("/score_scale", json!(-1.0)),
        ("/score_scale", json!(1e-300)),
        ("/score_scale", json!(1e300)),
        ("/mean_body_words", json!(-1.0)),
        ("/mean_body_words", json!(1e38)),
        ("/features/char_min", json!(0)),
        ("/features/char_min", json!(-2)),
        ("/features/char_max", json!(1)),
        ("/features/char_max", json!(1_000_000_000)),
        ("/features", json!({})),
        ("/columns", json!([{"flag": "no such flag"}])),
        (
            "/columns",
            json!([{"value": "no such likeness", "above": 0.5}]),
        ),
        ("/columns", json!([{"something": "else"}])),
        (
            "/columns",
            Value::Array(vec![json!({"flag": "question mark"}); 20_000]),
        ),
        ("/gates", json!(["no such gate"])),
        ("/provenance/rows", json!([1])),
        ("/provenance/rows", json!([1, 1, -1])),
    ];
    for (at, value) in values {
        let shown: String = value.to_string().chars().take(40).collect();
        add(
            format!("{at} is {shown}"),
            CONFIG,
            Box::new(move |dir| {
                edit_json(&dir.join(CONFIG), |config| {
                    *config.pointer_mut(at).unwrap() = value.clone();
                });
            }),
        );
    }
    for (name, from, to) in [
        (
            "a number is NaN",
            "\"format_version\"",
            "\"score_scale\": NaN, \"format_version\"",
        ),
        (
            "a field stands twice",
            "\"format_version\"",
            "\"labels\": [], \"format_version\"",
        ),
        ("there is more behind the end", "\n}\n", "\n} {}\n"),
    ] {
        add(
            name.to_string(),
            CONFIG,
            Box::new(move |dir| {
                let text = fs::read_to_string(dir.join(CONFIG)).unwrap();
                assert!(text.contains(from), "{name}");
                fs::write(dir.join(CONFIG), text.replacen(from, to, 1)).unwrap();
            }),
        );
    }
    type EditJson = fn(&mut Value);
    let tokenizers: [(&str, &'static str, EditJson); 17] = [
        ("the unknown token is missing", TOKENIZER, |t| {
            drop(t["model"]["vocab"].as_object_mut().unwrap().remove("[UNK]"))
        }),
        ("the unknown token has another id", TOKENIZER, |t| {
            t["model"]["vocab"]["[UNK]"] = json!(1)
        }),
        ("an id is huge", TOKENIZER, |t| {
            t["model"]["vocab"]["zzz"] = json!(4_000_000_000u32)
        }),
        ("an id is negative", TOKENIZER, |t| {
            t["model"]["vocab"]["zzz"] = json!(-1)
        }),
        ("an id stands twice", TOKENIZER, |t| {
            t["model"]["vocab"]["zzz"] = json!(3)
        }),
        ("the model is of another kind", TOKENIZER, |t| {
            t["model"]["type"] = json!("BPE")
        }),
        ("the vocabulary is a list", TOKENIZER, |t| {
            t["model"]["vocab"] = json!(["a"])
        }),
        ("texts are padded to a billion tokens", TOKENIZER, |t| {
            t["padding"] = json!({"strategy": {"Fixed": 1_000_000_000}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "x"});
        }),
        ("texts are cut", TOKENIZER, |t| {
            t["truncation"] = json!({"max_length": 0})
        }),
        ("there are added tokens", TOKENIZER, |t| {
            t["added_tokens"] = json!([{"id": 9}])
        }),
        ("there is a post-processor", TOKENIZER, |t| {
            t["post_processor"] = json!({"type": "ByteLevel"})
        }),
        ("a pattern looks around", TOKENIZER, |t| {
            t["pre_tokenizer"]["pattern"]["Regex"] = json!("(?=(a+)+b)")
        }),
        ("a pattern refers back", TOKENIZER, |t| {
            t["pre_tokenizer"]["pattern"]["Regex"] = json!("(a*)*\\1b")
        }),
        ("a pattern is no pattern", TOKENIZER, |t| {
            t["pre_tokenizer"]["pattern"]["Regex"] = json!("(")
        }),
        ("a pattern repeats without end", TOKENIZER, |t| {
            t["pre_tokenizer"]["pattern"]["Regex"] = json!("(((a{999}){999}){999})")
        }),
        ("a step is unknown", TOKENIZER, |t| {
            t["normalizer"] = json!({"type": "Precompiled"})
        }),
        ("there is a word too many", WEIGHTS, |t| {
            let n = t["model"]["vocab"].as_object().unwrap().len();
            t["model"]["vocab"]["zzz"] = json!(n);
        }),
    ];
    for (name, file, edit) in tokenizers {
        add(
            format!("{TOKENIZER}: {name}"),
            file,
            Box::new(move |dir| {
                edit_json(&dir.join(TOKENIZER), edit);
                edit_json(&dir.join(CONFIG), |c| {
                    drop(c.as_object_mut().unwrap().remove("tokenizer_sha256"))
                });
            }),
        );
    }
    add(
        "the tokenizer is another model's".into(),
        TOKENIZER,
        Box::new(|dir| {
            let text = fs::read_to_string(dir.join(TOKENIZER)).unwrap();
            fs::write(dir.join(TOKENIZER), text.replacen("proof", "prooof", 1)).unwrap();
        }),
    );
    type EditTensors = fn(&mut Vec<Tensor>);
    let tensors: [(&str, EditTensors); 17] = [
        ("a tensor is missing", |t| {
            t.retain(|t| t.name != "text.weights")
        }),
        ("all tensors are missing", |t| t.clear()),
        ("a weight is NaN", |t| {
            named(t, "stance.weights").bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes())
        }),
        ("a weight is infinite", |t| {
            named(t, "stance.intercept").bytes[..4].copy_from_slice(&f32::INFINITY.to_le_bytes())
        }),
        ("a weight is so large that sums overflow", |t| {
            named(t, "stance.weights").bytes[..4].copy_from_slice(&f32::MAX.to_le_bytes())
        }),
        ("a half-precision weight is NaN", |t| {
            named(t, "text.weights").bytes[..2].copy_from_slice(&[0xff, 0x7f])
        }),
        ("a half-precision weight is infinite", |t| {
            named(t, "text.weights").bytes[..2].copy_from_slice(&[0x00, 0x7c])
        }),
        ("an inverse document frequency is negative", |t| {
            named(t, "idf").bytes[..4].copy_from_slice(&(-1f32).to_le_bytes())
        }),
        ("rows and columns are swapped", |t| {
            named(t, "stance.weights").shape.reverse()
        }),
        ("a tensor has one dimension too many", |t| {
            named(t, "stance.intercept").shape.push(1)
        }),
        ("a tensor has no dimension", |t| {
            let tensor = named(t, "stance.intercept");
            tensor.shape.clear();
            tensor.bytes.truncate(4);
        }),
        ("a tensor is empty", |t| {
            let tensor = named(t, "idf");
            (tensor.shape, tensor.bytes) = (vec![0], Vec::new());
        }),
        ("a tensor has another type of the same size", |t| {
            named(t, "text.weights").dtype = Dtype::BF16
        }),
        ("weights are integers", |t| {
            named(t, "stance.weights").dtype = Dtype::I32
        }),
        ("a bucket points behind the end", |t| {
            let bytes = &mut named(t, "ngrams.buckets").bytes;
            let n = bytes.len();
            bytes[n - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
        }),
        ("buckets fall", |t| {
            named(t, "ngrams.buckets").bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes())
        }),
        ("topics stand twice", |t| {
            let tensor = named(t, "topics");
            (tensor.shape, tensor.bytes) = (vec![2], vec![7; 16]);
        }),
    ];
    for (name, edit) in tensors {
        add(
            name.to_string(),
            WEIGHTS,
            Box::new(move |dir| edit_tensors(&dir.join(WEIGHTS), edit)),
        );
    }
    let huge = u64::MAX;
    for (name, file) in [
        (
            "the header's length is the largest number",
            huge.to_le_bytes().repeat(2),
        ),
        (
            "the header is said to be a gigabyte",
            (1u64 << 30).to_le_bytes().repeat(2),
        ),
        ("the header is no JSON", with_header("{\"idf\": oops}", 8)),
        (
            "a shape overflows",
            with_header(
                r#"{"idf":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,8]}}"#,
                8,
            ),
        ),
        (
            "a shape needs more than there is",
            with_header(
                r#"{"idf":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}"#,
                8,
            ),
        ),
        (
            "offsets run backwards",
            with_header(
                r#"{"idf":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}"#,
                8,
            ),
        ),
        (
            "offsets overlap",
            with_header(
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
                12,
            ),
        ),
        (
            "offsets leave a hole",
            with_header(
                r#"{"idf":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
                8,
            ),
        ),
        (
            "a size is negative",
            with_header(
                r#"{"idf":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
                4,
            ),
        ),
        (
            "a type is unknown",
            with_header(
                r#"{"idf":{"dtype":"F7","shape":[1],"data_offsets":[0,4]}}"#,
                4,
            ),
        ),
    ] {
        add(
            name.to_string(),
            WEIGHTS,
            Box::new(move |dir| fs::write(dir.join(WEIGHTS), &file).unwrap()),
        );
    }
    cases
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn a_hostile_model_is_refused_with_its_file_and_what_was_expected() {
    let folder = Folder::new();
    let model = small_model(&folder);
    assert!(stance::model_dir::load(&model).is_ok());
    let cases = cases();
    assert!(cases.len() >= 60, "{}", cases.len());
    let mut wrong = Vec::new();
    for (i, (name, file, damage)) in cases.iter().enumerate() {
        let dir = folder.path(&format!("m{i}"));
        copy(&model, &dir);
        damage(&dir);
        match stance::model_dir::load(&dir) {
            Ok(_) => wrong.push(format!("{name}: accepted")),
            Err(error) => {
                let message = error.to_string();
                let named = message.contains(&format!("{}/{file}", dir.display()));
                if error.status() != 4
                    || !named
                    || !message.contains("expected")
                    || message.len() > 1000
                {
                    wrong.push(format!("{name}: status {}, {message}", error.status()));
                }
            }
        }
    }
    println!("{} cases", cases.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_model_that_is_a_file_or_is_not_there_is_refused() {
    let folder = Folder::new();
    let file = folder.write("file", "x");
    for dir in [file, folder.path("nowhere"), folder.path("a\0b")] {
        assert_eq!(stance::model_dir::load(&dir).unwrap_err().status(), 4);
    }
}

#[cfg(unix)]
#[test]
fn sizes_that_are_lies_take_no_memory() {
    let folder = Folder::new();
    let model = small_model(&folder);
    for (name, file) in [
        ("gigabyte of zeros", vec![0; 8]),
        ("header of a gigabyte", (1u64 << 30).to_le_bytes().to_vec()),
    ] {
        fs::write(model.join(WEIGHTS), file).unwrap();
        let weights = fs::OpenOptions::new()
            .write(true)
            .open(model.join(WEIGHTS))
            .unwrap();
        weights.set_len(1 << 30).unwrap();
        // 500 MB of address space: less than the file.
        let output = common::limited("ulimit -v 500000", "stance-classify")
            .arg("--model")
            .arg(&model)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(4), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains("expected"), "{name}");
    }
}
