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
fn texts_are_normalised_and_tokenised() {
    replay("text", targets::text);
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
