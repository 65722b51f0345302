//! What holds for every input, tried on many; the seed is fixed, so that every run tries the same.

mod common;

use common::{Folder, model_bytes, program, small_corpus, train_command};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use stance::classifier::Classifier;
use stance::explain::explain;
use stance::record::Comment;
use stance::solver::{LinearScores, Problem, SparseLogistic};
use stance::sparse::{SparseMatrix, WithTransposed};
use stance::train::{TrainSettings, train};
use std::sync::LazyLock;

static CLASSIFIER: LazyLock<Classifier> =
    LazyLock::new(|| stance::embedded::default_classifier().unwrap());

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Any string, with more than its share of what normalising undoes.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,60}",
        "([a-zа-яіїєäñşğıİßﷺﬁ0-9@#$.,:;!?'\"<>()/ -]|\u{301}|\u{336}|\u{200b}|\u{202e}|\u{ad}|😂|👍🏽|🇺🇦| |\n|http://|www\\.){0,40}",
    ]
}

fn comment() -> impl Strategy<Value = Comment> {
    let other = || proptest::option::of(text());
    (text(), other(), other(), other()).prop_map(|(text, headline, body, parent)| Comment {
        headline: headline.map(Into::into),
        body: body.map(Into::into),
        parent,
        ..Comment::new(text)
    })
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn any_comment_gets_finite_probabilities_that_sum_to_one(comment in comment()) {
        let found = CLASSIFIER.classify(&comment);
        prop_assert!(found.probabilities.iter().all(|p| p.is_finite() && *p >= 0.0));
        prop_assert!((found.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        prop_assert!(found.label < CLASSIFIER.labels.len());
    }

    #[test]
    fn offsets_of_tokens_and_explanations_lie_on_characters_of_the_original(comment in comment()) {
        for token in CLASSIFIER.extractor.tokenizer.tokenize(&comment.text) {
            let (start, end) = (token.start as usize, token.end as usize);
            prop_assert!(start < end && comment.text.get(start..end).is_some(), "{start}..{end}");
        }
        let features = CLASSIFIER.session().extract(&comment);
        for part in explain(&CLASSIFIER, &comment.text, &features) {
            if let (Some(start), Some(end)) = (part.start, part.end) {
                prop_assert_eq!(comment.text.get(start..end), part.text.as_deref());
            }
        }
    }

    #[test]
    fn a_session_says_what_fresh_ones_say(comments in proptest::collection::vec(comment(), 1..6)) {
        let mut session = CLASSIFIER.session();
        for comment in comments.iter().chain(comments.iter().rev()) {
            prop_assert_eq!(session.classify(comment), CLASSIFIER.classify(comment));
        }
    }
}

/// A small problem: rows of `(column, value)`, a target below 3 and a weight.
#[derive(Debug, Clone)]
struct Rows(Vec<([f32; 4], u32, f64)>);

fn rows() -> impl Strategy<Value = Rows> {
    let row = (prop::array::uniform4(-1.0f32..1.0), 0u32..3, 1u32..4);
    let row = row.prop_map(|(x, y, w)| (x, y, f64::from(w)));
    proptest::collection::vec(row, 12..30).prop_map(Rows)
}

impl Rows {
    fn optimum(&self) -> LinearScores {
        let mut x = SparseMatrix::new(4);
        for (values, _, _) in &self.0 {
            let row: Vec<(u32, f32)> = (0..).zip(values.iter().copied()).collect();
            x.push_row(&row);
        }
        let targets: Vec<u32> = self.0.iter().map(|r| r.1).collect();
        let weights: Vec<f64> = self.0.iter().map(|r| r.2).collect();
        let design = WithTransposed::new(&x);
        let problem = Problem::new(&design, &targets, 3).unwrap();
        let settings = SparseLogistic {
            tolerance: 2e-8,
            ..SparseLogistic::default()
        };
        problem
            .fit(&settings, &weights, LinearScores::zero(4, 3))
            .unwrap()
            .0
    }
}

fn distance(a: &LinearScores, b: &LinearScores) -> f64 {
    // The intercepts are not penalised: only their differences are determined.
    let level = |s: &LinearScores| s.intercept.iter().sum::<f64>() / s.intercept.len() as f64;
    let (la, lb) = (level(a), level(b));
    let weights = a.weights.iter().zip(&b.weights).map(|(x, y)| (x - y).abs());
    let intercepts = a
        .intercept
        .iter()
        .zip(&b.intercept)
        .map(|(x, y)| (x - la - y + lb).abs());
    weights.chain(intercepts).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn shuffling_rows_leaves_the_optimum_where_it_was(rows in rows(), seed in any::<u64>()) {
        let mut shuffled = rows.clone();
        fastrand::Rng::with_seed(seed).shuffle(&mut shuffled.0);
        let found = distance(&rows.optimum(), &shuffled.optimum());
        prop_assert!(found < 1e-6, "{found}");
    }

    #[test]
    fn a_row_of_weight_two_is_the_row_twice(rows in rows()) {
        let twice = rows.0.iter().flat_map(|&(x, y, w)| std::iter::repeat_n((x, y, 1.0), w as usize));
        let found = distance(&rows.optimum(), &Rows(twice.collect()).optimum());
        prop_assert!(found < 1e-6, "{found}");
    }

    #[test]
    fn renumbering_labels_renumbers_the_optimum(rows in rows(), turn in 1usize..3) {
        let mut renumbered = rows.clone();
        for row in &mut renumbered.0 {
            row.1 = (row.1 + turn as u32) % 3;
        }
        let mut found = renumbered.optimum();
        for scores in found.weights.chunks_mut(3) {
            scores.rotate_left(turn);
        }
        found.intercept.rotate_left(turn);
        let found = distance(&rows.optimum(), &found);
        prop_assert!(found < 1e-6, "{found}");
    }
}

/// The small corpus with its labels renamed.
fn corpus(rename: impl Fn(&str) -> String) -> Vec<Comment> {
    let rows = small_corpus();
    let parse = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let comment = |row: serde_json::Value| {
        Comment::new(row["text"].as_str().unwrap())
            .under(row["headline"].as_str().unwrap())
            .labelled(rename(row["label"].as_str().unwrap()))
    };
    rows.lines().map(parse).map(comment).collect()
}

#[test]
fn renaming_labels_renames_the_answers() {
    let settings = TrainSettings::default();
    let plain = train(&corpus(str::to_string), &[], &settings)
        .unwrap()
        .classifier;
    let renamed = train(&corpus(|l| format!("z {l}")), &[], &settings)
        .unwrap()
        .classifier;
    for comment in corpus(str::to_string) {
        let (a, b) = (plain.classify(&comment), renamed.classify(&comment));
        assert_eq!(
            renamed.labels[b.label],
            format!("z {}", plain.labels[a.label])
        );
        assert_eq!(a.probabilities, b.probabilities);
    }
}

#[test]
fn a_saved_model_is_the_same_model() {
    let folder = Folder::new();
    let classifier = train(&corpus(str::to_string), &[], &TrainSettings::default())
        .unwrap()
        .classifier;
    stance::model_dir::save(&classifier, &folder.path("m")).unwrap();
    let loaded = stance::model_dir::load(&folder.path("m")).unwrap();
    stance::model_dir::save(&loaded, &folder.path("n")).unwrap();
    for comment in corpus(str::to_string) {
        assert_eq!(classifier.classify(&comment), loaded.classify(&comment));
    }
    assert!(model_bytes(&folder.path("m")) == model_bytes(&folder.path("n")));
}

#[test]
fn eight_threads_write_the_bytes_of_one() {
    let run = |threads: &str| {
        let output = program("stance-classify")
            .args(["--explain", "--threads", threads, "data/dev.jsonl"])
            .output()
            .unwrap();
        assert!(output.status.success());
        output.stdout
    };
    let one = run("1");
    assert!(one == run("2") && one == run("8"));
}

#[test]
fn eight_threads_learn_the_model_of_one() {
    let folder = Folder::new();
    let file = folder.write("t.jsonl", small_corpus());
    let [one, two, eight] = ["1", "2", "8"].map(|threads| {
        let model = folder.path(threads);
        train_command(&file, &model)
            .args(["--threads", threads])
            .assert()
            .success();
        model_bytes(&model)
    });
    assert!(one == two && one == eight);
}
