//! What is fuzzed: each function takes any bytes, must not panic, and asserts what holds for all of them. The fuzzer
//! calls them, and `tests/fuzz_corpus.rs` calls them with the inputs that were kept.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use stance::classifier::{Classifier, Prediction};
use stance::explain::explain;
use stance::model_dir::ModelFiles;
use stance::normalize::{chunks, normalize, normalize_chunk};
use stance::output::{markdown, neutralized, visible};
use stance::read::{Articles, Format, ReadOptions, RowParser, Rows};
use stance::record::Comment;
use stance::train::{TrainSettings, train};
use std::io::Cursor;
use std::sync::LazyLock;

static DEFAULT: LazyLock<Classifier> =
    LazyLock::new(|| stance::embedded::default_classifier().expect("the model is whole"));

/// A model of three labels and a few words.
static SMALL: LazyLock<ModelFiles> = LazyLock::new(|| {
    let mut corpus = Vec::new();
    for i in 0..25 {
        let headline = format!("Ship number {i} sunk");
        for (text, label) in [
            ("stop this war", "a"),
            ("where is the proof", "b"),
            ("saw it", "c"),
        ] {
            corpus.push(Comment::new(text).under(headline.as_str()).labelled(label));
        }
    }
    let trained = train(&corpus, &[], &TrainSettings::default()).expect("a corpus to learn from");
    ModelFiles::of(&trained.classifier)
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
                let id: serde_json::Value =
                    serde_json::from_str(&comment.id).expect("an id is JSON");
                assert!(id.is_string() || id.is_number());
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

/// Rows of JSON: fields that are kept are JSON again.
pub fn jsonl(data: &[u8]) {
    for comment in read(data, Format::Jsonl, &small_limit(true)) {
        let fields = comment.fields.expect("fields were asked for");
        assert!(serde_json::from_str::<serde_json::Value>(&fields).is_ok());
        assert!(comment.weight.is_finite() && comment.weight >= 0.0);
    }
}

/// Rows of CSV and TSV: as many rows as the csv crate finds, with the same cells.
pub fn csv(data: &[u8]) {
    read(data, Format::Csv, &small_limit(true));
    read(data, Format::Tsv, &small_limit(false));
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
        assert!(
            found.iter().map(|c| c.text.as_str()).eq(text.lines()),
            "{text:?}"
        );
    }
}

/// Normalising and tokenising: twice is once, and places are those of characters.
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
    for token in DEFAULT.extractor.tokenizer.tokenize(&text) {
        assert!(
            token.start < token.end && text.get(token.start as usize..token.end as usize).is_some()
        );
        assert!(!token.text.is_empty());
    }
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

/// One file of a model, the first byte says which: refused, or a model that classifies.
pub fn model(data: &[u8]) {
    let Some((&which, bytes)) = data.split_first() else {
        return;
    };
    let mut files = SMALL.clone();
    match which % 3 {
        0 => files.config = bytes.to_vec(),
        1 => files.tokenizer = bytes.to_vec(),
        _ => files.weights = bytes.to_vec(),
    }
    load(&files);
}

/// The configuration of a model.
pub fn config(data: &[u8]) {
    let files = ModelFiles {
        config: data.to_vec(),
        ..SMALL.clone()
    };
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
