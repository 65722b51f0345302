//! How long the steps take: `cargo bench`. For comparisons with other programs see `benches/peers/run.py`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::Array1;
use stance::embedded::default_classifier;
use stance::read::{Articles, BadRows, ReadOptions, read_comments};
use stance::record::Comment;
use stance::solver::SparseLogistic;
use stance::sparse::SparseMatrix;
use std::hint::black_box;

/// The project's own development comments, without context.
fn comments() -> Vec<Comment> {
    let (options, articles) = (ReadOptions::default(), Articles::default());
    let files = ["data/dev.jsonl".into()];
    let read = read_comments(&files, &options, &articles, &mut BadRows::stop());
    let read = read.expect("data/dev.jsonl is there").into_iter();
    read.map(|c| Comment::new(c.text)).collect()
}

fn steps(c: &mut Criterion) {
    let comments = comments();
    let classifier = default_classifier().expect("the embedded model is valid");
    let extractor = &classifier.extractor;
    let mut group = c.benchmark_group("per comment");
    group.throughput(Throughput::Elements(comments.len() as u64));
    group.bench_function("tokenize", |b| {
        b.iter(|| {
            for comment in &comments {
                black_box(extractor.tokenizer.tokenize(&comment.text));
            }
        });
    });
    group.bench_function("extract", |b| {
        let mut extraction = extractor.extraction();
        b.iter(|| {
            for comment in &comments {
                black_box(extraction.extract(comment));
            }
        });
    });
    group.bench_function("classify", |b| {
        let mut session = classifier.session();
        b.iter(|| {
            for comment in &comments {
                black_box(session.classify(comment));
            }
        });
    });
    group.finish();
    c.bench_function("load the default model", |b| b.iter(default_classifier));
}

fn fit(c: &mut Criterion) {
    let classifier = default_classifier().expect("the embedded model is valid");
    let mut extraction = classifier.extractor.extraction();
    let mut x = SparseMatrix::new(classifier.extractor.table.len());
    let mut targets = Vec::new();
    for comment in comments() {
        let row: Vec<_> = extraction.extract(&comment).ngrams.values().collect();
        targets.push(usize::from(comment.text.contains('?')));
        x.push_row(&row);
    }
    let dataset = DatasetBase::new(x, Array1::from(targets));
    c.bench_function("fit the n-grams of data/dev.jsonl", |b| {
        b.iter(|| SparseLogistic::default().fit(black_box(&dataset)));
    });
}

criterion_group!(benches, steps, fit);
criterion_main!(benches);
