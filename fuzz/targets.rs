//! What is fuzzed: each function takes any bytes, must not panic, and asserts what holds for all of them. The fuzzer
//! calls them, and `tests/fuzz_corpus.rs` calls them with the inputs that were kept.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use half::f16;
use serde_json::value::RawValue;
use stance::classifier::{Classifier, Prediction};
use stance::digest::sha256;
use stance::embeddings::{EmbeddingTable, Embeddings, NO_ROW};
use stance::explain::explain;
use stance::model_dir::ModelFiles;
use stance::normalize::{chunks, normalize, normalize_chunk};
use stance::output::{markdown, neutralized, visible};
use stance::read::{Articles, Format, ReadOptions, RowParser, Rows};
use stance::record::Comment;
use stance::tokenize::{Token, Tokenizer};
use stance::train::{TrainSettings, train};
use std::io::Cursor;
use std::sync::{Arc, LazyLock};

static DEFAULT: LazyLock<Classifier> =
    LazyLock::new(|| stance::embedded::default_classifier().expect("the model is whole"));

/// A tokenizer that scans, and the same file with a space in it, which is obeyed as it stands.
static TOKENIZERS: LazyLock<(Tokenizer, Tokenizer)> = LazyLock::new(|| {
    let scanning = Tokenizer::new(["fake", "war", "don't", "это", "нет", "#тег"]);
    let json = scanning.to_json().replacen('{', "{ ", 1);
    let obeying = Tokenizer::from_json(json.as_bytes()).expect("the file is whole");
    (scanning, obeying)
});

/// A small model with all that a model can have: embeddings, known headlines, topics, thresholds, confusions.
static SMALL: LazyLock<ModelFiles> = LazyLock::new(|| {
    let tokenizer = r#"{"version":"1.0","added_tokens":[],"pre_tokenizer":{"type":"Whitespace"},"model":{"type":"WordLevel","vocab":{"[UNK]":0,"stop":1,"proof":2},"unk_token":"[UNK]"}}"#;
    let table = EmbeddingTable {
        n_dimensions: 2,
        rows: [1.0, 0.0, 0.0, 1.0].map(f16::from_f32).to_vec(),
        row_of: vec![NO_ROW, 0, 1],
        weights: vec![1.0; 3],
    };
    let embeddings = Embeddings::new(tokenizer.into(), table, true, String::new());
    let mut corpus = Vec::new();
    for i in 0..60 {
        for (text, label) in [
            ("stop this war", "a"),
            ("where is the proof", "b"),
            ("saw it", "c"),
        ] {
            let headline = ["Ship sunk", "Port shut"][i % 2];
            let mut comment = Comment::new(format!("{text} {i}")).under(headline);
            comment.group = Some(i.to_string());
            corpus.push(comment.labelled(label));
        }
    }
    let settings = TrainSettings {
        embeddings: Some(Arc::new(embeddings.expect("vectors of two words"))),
        ..TrainSettings::default()
    };
    let trained = train(&corpus, &[], &settings).expect("a corpus to learn from");
    let mut files = ModelFiles::of(&trained.classifier);
    // Without this digest a tokenizer is judged by what it holds.
    let mut config: serde_json::Value =
        serde_json::from_slice(&files.config).expect("a configuration is JSON");
    config.as_object_mut().map(|c| c.remove("tokenizer_sha256"));
    files.config = config.to_string().into();
    let loaded = files.classifier().expect("the model is whole");
    assert!(loaded.known.is_some());
    files
});

fn rows(data: &[u8], format: Format, options: &ReadOptions) -> Rows {
    let options = ReadOptions {
        format: Some(format),
        ..options.clone()
    };
    Rows::of_reader("fuzz", Box::new(Cursor::new(data.to_vec())), &options)
}

/// Reads all rows; the comments that they hold.
fn read(data: &[u8], format: Format, options: &ReadOptions) -> Vec<Comment> {
    let articles = Articles::default();
    let parser = RowParser::new(options, &articles);
    let mut rows = rows(data, format, options);
    let (mut comments, mut number, mut line) = (Vec::new(), 0, 0);
    while let Ok(Some(row)) = rows.next_row() {
        assert_eq!(row.number, number + 1);
        // A carriage return alone ends a CSV record and no line.
        assert!(row.line >= line);
        (number, line) = (row.number, row.line);
        match parser.parse(&row) {
            Ok(comment) => {
                // Echoed as it stands, like fields that are kept.
                let id: &RawValue = serde_json::from_str(&comment.id).expect("an id is JSON");
                assert!(
                    id.get().starts_with(['"', '-']) || id.get().as_bytes()[0].is_ascii_digit()
                );
                comments.push(comment);
            }
            Err(reason) => assert!(!reason.is_empty()),
        }
        let _ = row.to_text();
    }
    comments
}

fn small_limit(keep_fields: bool) -> ReadOptions {
    ReadOptions {
        max_line_bytes: 200,
        keep_fields,
        ..ReadOptions::default()
    }
}

/// Rows of JSON: fields that are kept are JSON again, and without them the quick reader finds what the parser does.
pub fn jsonl(data: &[u8]) {
    let plain = read(data, Format::Jsonl, &small_limit(false));
    let mut kept = read(data, Format::Jsonl, &small_limit(true));
    for comment in &mut kept {
        let fields = comment.fields.take().expect("fields were asked for");
        // Echoed as they stand: "\ud800" and 1e999 are JSON, if nothing that a `Value` can hold.
        assert!(serde_json::from_str::<&RawValue>(&fields).is_ok());
        assert!(comment.weight.is_finite() && comment.weight >= 0.0);
    }
    assert_eq!(plain, kept);
}

/// Rows of CSV or TSV, the first byte says which; under a header, as many rows as the csv crate finds, with the same
/// cells.
pub fn csv(data: &[u8]) {
    let Some((&which, data)) = data.split_first() else {
        return;
    };
    match which % 3 {
        0 => drop(read(data, Format::Csv, &small_limit(true))),
        1 => drop(read(data, Format::Tsv, &small_limit(false))),
        _ => csv_under_a_header(data),
    }
}

fn csv_under_a_header(data: &[u8]) {
    let with_header = [b"text\tx\n", data].concat();
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .flexible(true)
        .from_reader(&with_header[..]);
    let expected: Vec<String> = reader
        .byte_records()
        .map_while(Result::ok)
        .filter(|r| r.len() == 2)
        .filter_map(|r| {
            let cells: Option<Vec<&str>> = r.iter().map(|c| std::str::from_utf8(c).ok()).collect();
            cells.map(|cells| cells[0].to_string())
        })
        .collect();
    let found = read(&with_header, Format::Tsv, &ReadOptions::default());
    assert!(found.iter().map(|c| &c.text).eq(&expected));
}

/// Text in an encoding: where the whole is valid, its lines.
pub fn decode(data: &[u8]) {
    let Some((&which, bytes)) = data.split_first() else {
        return;
    };
    let names: [&[u8]; 8] = [
        b"utf-8",
        b"utf-16le",
        b"utf-16be",
        b"windows-1251",
        b"koi8-r",
        b"shift_jis",
        b"gb18030",
        b"iso-2022-jp",
    ];
    let encoding =
        Encoding::for_label(names[usize::from(which) % names.len()]).expect("a known name");
    let options = ReadOptions {
        encoding: Some(encoding),
        ..ReadOptions::default()
    };
    let found = read(bytes, Format::Txt, &options);
    let (text, used, malformed) = encoding.decode(bytes);
    // Only a mark of these three is obeyed by both.
    if !malformed && [UTF_8, UTF_16LE, UTF_16BE, encoding].contains(&used) {
        // As `str::lines`, but for a carriage return at the very end.
        let lines = text.split_terminator('\n');
        let lines = lines.map(|line| line.strip_suffix('\r').unwrap_or(line));
        assert!(found.iter().map(|c| c.text.as_str()).eq(lines), "{text:?}");
    }
}

/// Normalising twice is normalising once, and places are those of characters.
pub fn text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let once = normalize(&text);
    assert_eq!(normalize(&once), once, "{text:?}");
    for (at, chunk) in chunks(&text) {
        assert_eq!(text.get(at..at + chunk.len()), Some(chunk));
        let normal = normalize_chunk(chunk);
        assert_eq!(normal.spans.len(), normal.text.len());
        for &(start, end) in &normal.spans {
            assert!(start < end && chunk.get(start as usize..end as usize).is_some());
        }
    }
}

/// Tokens are those that the pipeline of `tokenizer.json` finds, and stand where they say.
pub fn tokens(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let found = TOKENIZERS.0.tokenize(&text);
    for token in &found {
        assert!(
            token.start < token.end && text.get(token.start as usize..token.end as usize).is_some()
        );
        assert!(!token.text.is_empty());
    }
    // The pipeline says of a placeholder only where it begins or ends.
    let expected = TOKENIZERS.1.tokenize(&text);
    let words = |tokens: Vec<Token>| tokens.into_iter().map(|t| (t.id, t.text));
    assert!(words(found).eq(words(expected)), "{text:?}");
}

/// A comment, its headline, body and parent, parted by zeros.
fn comment(data: &[u8]) -> Comment {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(4, '\0');
    let mut part = || parts.next().map(str::to_string);
    let text = part().unwrap_or_default();
    let (headline, body) = (part().map(Into::into), part().map(Into::into));
    Comment {
        headline,
        body,
        parent: part(),
        ..Comment::new(text)
    }
}

fn assert_sound(found: &Prediction) {
    assert!(
        found
            .probabilities
            .iter()
            .all(|p| p.is_finite() && *p >= 0.0)
    );
    assert!((found.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-6);
}

/// What a session remembers changes nothing, and the fast way says what the plain way says.
pub fn features(data: &[u8]) {
    let comment = comment(data);
    let mut session = DEFAULT.session();
    let first = session.classify(&comment);
    assert_sound(&first);
    assert_eq!(session.classify(&comment), first);
    let features = DEFAULT.session().extract(&comment);
    let plain = DEFAULT.predict(&features);
    for (a, b) in first.scores.iter().zip(&plain.scores) {
        assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{a} {b}");
    }
}

/// One file of a model, the first byte says which, whole or (from 128 on) as edits of a good one: refused, or a model
/// that classifies.
pub fn model(data: &[u8]) {
    let Some((&which, bytes)) = data.split_first() else {
        return;
    };
    let mut files = SMALL.clone();
    let mut no_file = Vec::new();
    let file = match which % 4 {
        0 => &mut files.config,
        1 => &mut files.tokenizer,
        2 => &mut files.weights,
        _ => files.embeddings_tokenizer.as_mut().unwrap_or(&mut no_file),
    };
    match which < 128 {
        true => *file = bytes.to_vec(),
        false => edit(file, bytes),
    }
    if which % 4 == 3 {
        name_embeddings_tokenizer(&mut files);
    }
    load(&files);
}

/// Changes `file` as `edits` say: four bytes for each, a place, what to do there, and a byte to do it with.
fn edit(file: &mut Vec<u8>, edits: &[u8]) {
    for four in edits.as_chunks::<4>().0 {
        let at = usize::from(u16::from_le_bytes([four[0], four[1]])) % (file.len() + 1);
        let end = (at + usize::from(four[3] % 16)).min(file.len());
        match four[2] % 4 {
            0 => file.insert(at, four[3]),
            1 => drop(file.drain(at..end)),
            2 => {
                let piece = file[at..end].to_vec();
                file.splice(at..at, piece);
            }
            _ => {
                if let Some(byte) = file.get_mut(at) {
                    *byte = four[3];
                }
            }
        }
    }
}

/// Writes the digest of the embeddings' tokenizer into the configuration, as whoever changed the file would.
fn name_embeddings_tokenizer(files: &mut ModelFiles) {
    let (Ok(mut config), Some(tokenizer)) = (
        serde_json::from_slice::<serde_json::Value>(&files.config),
        &files.embeddings_tokenizer,
    ) else {
        return;
    };
    config["embeddings"]["tokenizer_sha256"] = sha256(tokenizer).into();
    files.config = config.to_string().into();
}

/// Edits of a good configuration.
pub fn config(data: &[u8]) {
    let mut files = SMALL.clone();
    edit(&mut files.config, data);
    load(&files);
}

fn load(files: &ModelFiles) {
    match files.classifier() {
        Ok(classifier) => {
            let comment = Comment::new("stop, where is the proof?").under("Ship sunk");
            assert_sound(&classifier.classify(&comment));
        }
        Err(error) => assert_eq!(error.status(), 4, "{error}"),
    }
}

/// Explanations point at what they quote and add up.
pub fn explain_comment(data: &[u8]) {
    let comment = comment(data);
    let features = DEFAULT.session().extract(&comment);
    let scores = DEFAULT.scores(&features);
    let mut sums = vec![0.0; scores.len()];
    for part in explain(&DEFAULT, &comment.text, &features) {
        if let (Some(start), Some(end)) = (part.start, part.end) {
            assert_eq!(comment.text.get(start..end), part.text.as_deref());
        }
        for (sum, value) in sums.iter_mut().zip(&part.contributions.values) {
            *sum += value;
        }
    }
    for (sum, score) in sums.iter().zip(&scores) {
        assert!(
            (sum - score).abs() < 1e-4 * (1.0 + score.abs()),
            "{sum} {score}"
        );
    }
}

/// Text made harmless for terminals, Markdown and spreadsheets.
pub fn escape(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let shown = visible(&text);
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    assert!(!shown.contains(
        |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    ));
    let cell = markdown(&text);
    assert!(!cell.contains(['<', '>', '\n']));
    let safe = neutralized(&text);
    assert!(!safe.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
    let back = match safe.strip_prefix('\'') {
        Some(rest) if neutralized(rest) == safe => rest,
        _ => &safe,
    };
    assert_eq!(back, text);
}
