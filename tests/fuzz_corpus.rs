//! The inputs that fuzzing kept, through the functions that were fuzzed; see `fuzz/README.md`.

#[path = "../fuzz/targets.rs"]
mod targets;

fn replay(name: &str, target: fn(&[u8])) {
    let folder = format!("{}/fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut n = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        target(&std::fs::read(path).unwrap());
        n += 1;
    }
    assert!(n >= 3, "{folder} holds {n} inputs");
    target(b"");
}

#[test]
fn jsonl_inputs_are_read_or_refused() {
    replay("jsonl", targets::jsonl);
}

#[test]
fn csv_inputs_are_read_as_the_csv_crate_reads_them() {
    replay("csv", targets::csv);
}

#[test]
fn encoded_inputs_are_decoded() {
    replay("decode", targets::decode);
}

#[test]
fn texts_are_normalised_once() {
    replay("text", targets::text);
}

#[test]
fn tokens_are_those_of_the_reference() {
    replay("tokens", targets::tokens);
}

#[test]
fn features_are_the_same_each_time() {
    replay("features", targets::features);
}

#[test]
fn model_files_are_loaded_or_refused() {
    replay("model", targets::model);
}

#[test]
fn configurations_are_loaded_or_refused() {
    replay("config", targets::config);
}

#[test]
fn explanations_add_up() {
    replay("explain", targets::explain_comment);
}

#[test]
fn text_is_made_harmless() {
    replay("escape", targets::escape);
}

/// Changes `input` in a few places: bytes, pieces left out, doubled or taken from `other`.
fn mutate(input: &[u8], other: &[u8], rng: &mut fastrand::Rng) -> Vec<u8> {
    let mut out = input.to_vec();
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(..=out.len());
        let end = (at + rng.usize(..8)).min(out.len());
        match rng.u8(..5) {
            0 => out.insert(at, rng.u8(..)),
            1 => drop(out.drain(at..end)),
            2 => {
                let piece = out[at..end].to_vec();
                out.splice(at..at, piece);
            }
            3 => {
                let from = rng.usize(..=other.len());
                let to = (from + rng.usize(..16)).min(other.len());
                out.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                if let Some(byte) = out.get_mut(at) {
                    *byte ^= 1 << rng.u8(..8);
                }
            }
        }
    }
    out.truncate(512);
    out
}

/// What a fuzzer calls with bytes.
type Target = fn(&[u8]);

/// Without a fuzzer: seeded mutations of the kept inputs, `STANCE_MUTATIONS` of them for each target, an input that was
/// made being kept in mind now and then. Says which input it was that failed.
#[test]
#[ignore = "minutes: STANCE_MUTATIONS=100000 cargo test --release --test fuzz_corpus -- --ignored --nocapture"]
fn mutations_of_the_kept_inputs_hold_too() {
    let n = std::env::var("STANCE_MUTATIONS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(100_000);
    let all: [(&str, Target); 10] = [
        ("jsonl", targets::jsonl),
        ("csv", targets::csv),
        ("decode", targets::decode),
        ("text", targets::text),
        ("tokens", targets::tokens),
        ("escape", targets::escape),
        ("features", targets::features),
        ("explain", targets::explain_comment),
        ("model", targets::model),
        ("config", targets::config),
    ];
    let only = std::env::var("STANCE_TARGET").ok();
    for (name, target) in all {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let mut rng = fastrand::Rng::with_seed(9);
        let folder = format!("{}/fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        paths.sort();
        let mut inputs: Vec<Vec<u8>> = paths.iter().map(|p| std::fs::read(p).unwrap()).collect();
        for i in 0..n {
            let (a, b) = (rng.usize(..inputs.len()), rng.usize(..inputs.len()));
            let input = mutate(&inputs[a], &inputs[b], &mut rng);
            if std::panic::catch_unwind(|| target(&input)).is_err() {
                panic!(
                    "{name}, mutation {i}: {:?}",
                    input.escape_ascii().to_string()
                );
            }
            if i % 16 == 0 {
                match inputs.len() {
                    0..200 => inputs.push(input),
                    _ => {
                        let at = rng.usize(paths.len()..inputs.len());
                        inputs[at] = input;
                    }
                }
            }
        }
        println!("{name}: {n} mutations");
    }
}
