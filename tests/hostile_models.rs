//! Model directories that are broken or malicious are refused with status 4 and a message that names the file and what
//! was expected; never a panic, never more memory than a model may have.

mod common;

use common::{Folder, full_model, small_model, stderr};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";
const EMBEDDINGS_TOKENIZER: &str = "embeddings_tokenizer.json";

/// The tensors of a model that has all that a model can have.
const TENSORS: [&str; 18] = [
    "calibration.confusions",
    "embeddings.row_of",
    "embeddings.rows",
    "embeddings.weights",
    "idf",
    "known.intercept",
    "known.weights",
    "memory.headlines",
    "memory.starts",
    "memory.stems",
    "memory.weights",
    "ngrams.buckets",
    "ngrams.fingerprints",
    "stance.intercept",
    "stance.weights",
    "text.intercept",
    "text.weights",
    "topics",
];

/// What is wrong, the file that the message names, and what does it to a model's folder.
type Case = (String, &'static str, Box<dyn Fn(&Path)>);

/// A change of a model's tensors.
type Edit = Box<dyn Fn(&mut Vec<Tensor>)>;

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

/// Makes `tensor` one of `rows` rows of `columns` numbers of `size` bytes.
fn resize(tensor: &mut Tensor, rows: usize, columns: usize, size: usize) {
    tensor.shape = vec![rows, columns];
    tensor.bytes.truncate(rows * columns * size);
}

/// A safetensors file with this header and `n` bytes of data.
fn with_header(header: &str, n: usize) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.resize(file.len() + n, 0);
    file
}

/// A safetensors file of `n` bytes of data whose tensors have these types, shapes and offsets.
fn with_tensors(tensors: &[(&str, &str, &str)], n: usize) -> Vec<u8> {
    let described = tensors
        .iter()
        .enumerate()
        .map(|(i, (dtype, shape, offsets))| {
            format!(r#""t{i}":{{"dtype":"{dtype}","shape":[{shape}],"data_offsets":[{offsets}]}}"#)
        });
    let header = format!("{{{}}}", described.collect::<Vec<_>>().join(","));
    with_header(&header, n)
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut add = |name: String, file, damage: Box<dyn Fn(&Path)>| cases.push((name, file, damage));
    for file in [CONFIG, TOKENIZER, WEIGHTS, EMBEDDINGS_TOKENIZER] {
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
    let values: [(&str, Value); 70] = [
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
        ("/headline_score_means", json!([0.0])),
        ("/headline_score_means", json!([0.0, 0.0, 9.0])),
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
        ("/scored", json!(["body"])),
        ("/scored", json!(["parent", "parent"])),
        ("/provenance/rows", json!([1])),
        ("/provenance/rows", json!([1, 1, -1])),
        ("/known_headlines", json!({})),
        ("/known_headlines/decision_offsets", json!([0.0])),
        ("/known_headlines/decision_offsets", json!([0.0, 0.0, 1e7])),
        (
            "/known_headlines/columns",
            json!([{"like": "no such label", "unlike": null, "above": 0.5}]),
        ),
        (
            "/known_headlines/columns",
            Value::Array(vec![json!({"flag": "question mark"}); 20_000]),
        ),
        ("/known_headlines/gates", json!(["no such gate"])),
        ("/known_headlines/embedding_inputs", json!(null)),
        ("/known_headlines/embedding_inputs/n_dimensions", json!(3)),
        ("/known_headlines/embedding_inputs/scale", json!(0.0)),
        ("/embeddings", json!(null)),
        ("/embeddings", json!([])),
        ("/embeddings/inputs/n_dimensions", json!(0)),
        ("/embeddings/inputs/n_dimensions", json!(5)),
        ("/embeddings/inputs/n_dimensions", json!(u64::MAX)),
        ("/embeddings/inputs/n_dimensions", json!(-1)),
        ("/embeddings/inputs/scale", json!(-1.0)),
        ("/embeddings/inputs/scale", json!(1e30)),
        ("/embeddings/normalize", json!("yes")),
        ("/calibration/selection/confidence", json!(0.5)),
        ("/calibration/selection/thresholds", json!([])),
        ("/calibration/selection/thresholds", json!([2.0])),
        (
            "/calibration/selection/thresholds",
            Value::Array(vec![json!(1.5); 50]),
        ),
        // The first target has the highest threshold, and none only where none keeps it.
        ("/calibration/selection/thresholds", {
            let mut rising = vec![json!(0.5); 50];
            rising[49] = json!(0.6);
            Value::Array(rising)
        }),
        ("/calibration/selection/thresholds", {
            let mut holed = vec![json!(0.5); 50];
            holed[1] = json!(null);
            Value::Array(holed)
        }),
        ("/calibration/selection/groups", json!(-1)),
        ("/calibration/selection/comments", json!(0.5)),
        ("/calibration/overdispersion", json!(0.5)),
        ("/calibration/overdispersion", json!(-1.0)),
        ("/calibration/overdispersion", json!(1e300)),
        ("/calibration/overdispersion", json!("x")),
        ("/calibration/overdispersion", json!([1.0])),
        ("/calibration/expected_calibration_error", json!({})),
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
    let tokenizers: [(&str, &'static str, EditJson); 18] = [
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
        ("replacements multiply", TOKENIZER, |t| {
            let step =
                json!({"type": "Replace", "pattern": {"String": "a"}, "content": "a".repeat(60)});
            t["normalizer"] = json!({"type": "Sequence", "normalizers": vec![step; 6]})
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
    for file in [TOKENIZER, EMBEDDINGS_TOKENIZER] {
        add(
            format!("{file} is another model's"),
            file,
            Box::new(move |dir| {
                let text = fs::read_to_string(dir.join(file)).unwrap();
                fs::write(dir.join(file), text.replacen("proof", "prooof", 1)).unwrap();
            }),
        );
    }
    let embeddings_tokenizers: [(&str, &'static str, EditJson); 13] = [
        ("the unknown token is missing", EMBEDDINGS_TOKENIZER, |t| {
            drop(t["model"]["vocab"].as_object_mut().unwrap().remove("[UNK]"))
        }),
        ("no unknown token is named", EMBEDDINGS_TOKENIZER, |t| {
            t["model"]["unk_token"] = json!(null)
        }),
        ("a word has no vector", WEIGHTS, |t| {
            t["model"]["vocab"]["zzz"] = json!(10)
        }),
        ("an id is huge", WEIGHTS, |t| {
            t["model"]["vocab"]["zzz"] = json!(4_000_000_000u32)
        }),
        ("the model is of no known kind", EMBEDDINGS_TOKENIZER, |t| {
            t["model"] = json!({"type": "Telepathy"})
        }),
        (
            "a table of characters is empty",
            EMBEDDINGS_TOKENIZER,
            |t| {
                t["normalizer"] = json!({"type": "Precompiled", "precompiled_charsmap": "AAAAAA=="})
            },
        ),
        ("replacements multiply", EMBEDDINGS_TOKENIZER, |t| {
            let step =
                json!({"type": "Replace", "pattern": {"String": "a"}, "content": "a".repeat(60)});
            t["normalizer"] = json!({"type": "Sequence", "normalizers": vec![step; 6]})
        }),
        (
            "a pattern takes long",
            EMBEDDINGS_TOKENIZER,
            |t| t["pre_tokenizer"] = json!({"type": "Split", "pattern": {"Regex": "(?=(a+)+b)"}, "behavior": "Isolated", "invert": false}),
        ),
        ("a step is unknown", EMBEDDINGS_TOKENIZER, |t| {
            t["pre_tokenizer"] = json!({"type": "FixedLength", "length": 0})
        }),
        (
            "words are cut by chance",
            EMBEDDINGS_TOKENIZER,
            |t| {
                t["model"] = json!({"type": "BPE", "dropout": 0.5, "vocab": {"a": 0}, "merges": []})
            },
        ),
        ("a token is long", EMBEDDINGS_TOKENIZER, |t| {
            t["model"]["vocab"]["z".repeat(2000)] = json!(9)
        }),
        ("most tokens are long", EMBEDDINGS_TOKENIZER, |t| {
            for i in 0..20 {
                t["model"]["vocab"]["z".repeat(100 + i)] = json!(9)
            }
        }),
        ("there is no model", EMBEDDINGS_TOKENIZER, |t| {
            drop(t.as_object_mut().unwrap().remove("model"))
        }),
    ];
    for (name, file, edit) in embeddings_tokenizers {
        add(
            format!("{EMBEDDINGS_TOKENIZER}: {name}"),
            file,
            Box::new(move |dir| {
                edit_json(&dir.join(EMBEDDINGS_TOKENIZER), edit);
                // As whoever made the file would: the digest fits.
                let bytes = fs::read(dir.join(EMBEDDINGS_TOKENIZER)).unwrap();
                let digest: String = Sha256::digest(&bytes)
                    .iter()
                    .map(|b| format!("{b:02x}"))
                    .collect();
                edit_json(&dir.join(CONFIG), |c| {
                    c["embeddings"]["tokenizer_sha256"] = json!(digest)
                });
            }),
        );
    }
    type EditTensors = fn(&mut Vec<Tensor>);
    let tensors: [(&str, EditTensors); 46] = [
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
        ("a weight under known headlines is NaN", |t| {
            named(t, "known.weights").bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes())
        }),
        ("an intercept under known headlines is infinite", |t| {
            named(t, "known.intercept").bytes[..4].copy_from_slice(&f32::INFINITY.to_le_bytes())
        }),
        ("known headlines have no weights", |t| {
            t.retain(|t| t.name != "known.weights")
        }),
        ("known headlines have weights for other columns", |t| {
            resize(named(t, "known.weights"), 1, 3, 4)
        }),
        ("known headlines are not remembered", |t| {
            t.retain(|t| !t.name.starts_with("memory."))
        }),
        ("a remembered headline stands twice", |t| {
            let bytes = &mut named(t, "memory.headlines").bytes;
            bytes.copy_within(..8, 8);
        }),
        ("there are more headlines than starts", |t| {
            let tensor = named(t, "memory.headlines");
            tensor.shape[0] += 1;
            tensor.bytes.extend(u64::MAX.to_le_bytes());
        }),
        ("there are no starts", |t| {
            let tensor = named(t, "memory.starts");
            (tensor.shape, tensor.bytes) = (vec![0], Vec::new());
        }),
        ("the first start is not 0", |t| {
            named(t, "memory.starts").bytes[..4].copy_from_slice(&1u32.to_le_bytes())
        }),
        ("starts fall", |t| {
            named(t, "memory.starts").bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes())
        }),
        ("the last start is behind the stems", |t| {
            let bytes = &mut named(t, "memory.starts").bytes;
            let n = bytes.len();
            bytes[n - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
        }),
        ("a stem stands twice", |t| {
            named(t, "memory.stems").bytes.copy_within(..4, 4)
        }),
        ("stems are fractions", |t| {
            named(t, "memory.stems").dtype = Dtype::F32
        }),
        ("a remembered weight is NaN", |t| {
            named(t, "memory.weights").bytes[..2].copy_from_slice(&[0x00, 0x7e])
        }),
        ("a remembered weight is infinite", |t| {
            named(t, "memory.weights").bytes[..2].copy_from_slice(&[0x00, 0xfc])
        }),
        ("remembered weights are of fewer stems", |t| {
            resize(named(t, "memory.weights"), 1, 3, 2)
        }),
        ("remembered weights are of fewer labels", |t| {
            named(t, "memory.weights").shape.reverse()
        }),
        ("a number of the embeddings is NaN", |t| {
            named(t, "embeddings.rows").bytes[..2].copy_from_slice(&[0x00, 0x7e])
        }),
        ("a number of the embeddings is infinite", |t| {
            named(t, "embeddings.rows").bytes[..2].copy_from_slice(&[0x00, 0x7c])
        }),
        ("embeddings have no rows", |t| {
            resize(named(t, "embeddings.rows"), 0, 4, 2)
        }),
        ("embeddings are turned", |t| {
            named(t, "embeddings.rows").shape.reverse()
        }),
        ("a token's row is behind the end", |t| {
            named(t, "embeddings.row_of").bytes[8..12].copy_from_slice(&1000u32.to_le_bytes())
        }),
        ("a token has no row", |t| {
            named(t, "embeddings.row_of").bytes[8..12].copy_from_slice(&u32::MAX.to_le_bytes())
        }),
        ("a token's weight is NaN", |t| {
            named(t, "embeddings.weights").bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes())
        }),
        ("a token's weight is beyond half precision", |t| {
            named(t, "embeddings.weights").bytes[..4].copy_from_slice(&1e5f32.to_le_bytes())
        }),
        ("tokens have fewer weights than rows", |t| {
            let tensor = named(t, "embeddings.weights");
            tensor.shape[0] -= 1;
            tensor.bytes.truncate(4 * tensor.shape[0]);
        }),
        ("confusions are missing", |t| {
            t.retain(|t| t.name != "calibration.confusions")
        }),
        ("a rate of confusion is 0", |t| {
            named(t, "calibration.confusions").bytes[..4].fill(0)
        }),
        ("a rate of confusion is NaN", |t| {
            named(t, "calibration.confusions").bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes())
        }),
    ];
    for (name, edit) in tensors {
        add(
            name.to_string(),
            WEIGHTS,
            Box::new(move |dir| edit_tensors(&dir.join(WEIGHTS), edit)),
        );
    }
    // Topics are a set: with fewer of them it is another good model.
    for name in TENSORS {
        let edits: [(&str, Edit); 4] = [
            (
                "is missing",
                Box::new(move |t| t.retain(|t| t.name != name)),
            ),
            (
                "is one of bytes",
                Box::new(move |t| {
                    let tensor = named(t, name);
                    tensor.dtype = Dtype::U8;
                    tensor.shape = vec![tensor.bytes.len()];
                }),
            ),
            (
                "has one dimension too many",
                Box::new(move |t| named(t, name).shape.insert(0, 1)),
            ),
            (
                "is one row short",
                Box::new(move |t| {
                    let tensor = named(t, name);
                    let row = tensor.bytes.len() / tensor.shape[0];
                    tensor.shape[0] -= 1;
                    tensor.bytes.truncate(row * tensor.shape[0]);
                }),
            ),
        ];
        for (what, edit) in edits {
            if (name, what) != ("topics", "is one row short") {
                add(
                    format!("{name} {what}"),
                    WEIGHTS,
                    Box::new(move |dir| edit_tensors(&dir.join(WEIGHTS), &edit)),
                );
            }
        }
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
            with_tensors(&[("F32", "9223372036854775807,9", "0,8")], 8),
        ),
        (
            "a shape needs more than there is",
            with_tensors(&[("F32", "1000000000", "0,4000000000")], 8),
        ),
        (
            "offsets run backwards",
            with_tensors(&[("F32", "1", "8,4")], 8),
        ),
        (
            "offsets overlap",
            with_tensors(&[("F32", "2", "0,8"), ("F32", "2", "4,12")], 12),
        ),
        (
            "offsets leave a hole",
            with_tensors(&[("F32", "1", "4,8")], 8),
        ),
        (
            "a size is negative",
            with_tensors(&[("F32", "-1", "0,4")], 4),
        ),
        ("a type is unknown", with_tensors(&[("F7", "1", "0,4")], 4)),
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
    let model = full_model(&folder);
    let loaded = stance::model_dir::load(&model).unwrap();
    assert!(loaded.known.is_some() && loaded.extractor.embeddings.is_some());
    assert!(loaded.confusions.is_some() && !loaded.extractor.topics.is_empty());
    let weights = fs::read(model.join(WEIGHTS)).unwrap();
    let tensors = SafeTensors::deserialize(&weights).unwrap();
    let mut names = tensors.names();
    names.sort_unstable();
    assert_eq!(names, TENSORS);
    let cases = cases();
    assert!(cases.len() >= 280, "{}", cases.len());
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
