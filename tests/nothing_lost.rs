//! Rows in are rows out and rejects, in order, with their ids, the same every time.

mod common;

use common::{Folder, lines, program, stderr};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

/// `n` rows, of which every hundredth is bad in one of ten ways, each in its turn.
fn rows(n: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for i in 1..=n {
        let mut line = String::new();
        if i % 100 != 0 {
            write!(
                line,
                "{{\"id\":\"r{i}\",\"text\":\"comment {} about it?\"}}",
                i % 7
            )
            .unwrap();
            out.extend(line.bytes());
        } else {
            let row: &[u8] = match i / 100 % 10 {
                0 => b"no JSON",
                1 => b"{\"id\":\"cut\",\"text\":\"a",
                2 => b"{\"id\":\"no text\"}",
                3 => b"{\"text\":null}",
                4 => b"{\"text\":5}",
                5 => b"{\"text\":[\"a\"]}",
                6 => b"{\"text\":\"\xff\"}",
                7 => b"{\"text\":\"a\",\"id\":{}}",
                8 => b"{\"text\":\"a\",\"weight\":-1}",
                _ => b"{\"text\":\"a\"} and more",
            };
            out.extend(row);
        }
        out.push(b'\n');
    }
    out
}

fn classify(file: &Path, rejects: &Path) -> (Vec<u8>, Vec<u8>, String) {
    let output = program("stance-classify")
        .args(["--on-error", "skip", "--rejects"])
        .arg(rejects)
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let message = stderr(&output);
    (output.stdout, std::fs::read(rejects).unwrap(), message)
}

fn nothing_is_lost(n: usize) {
    let folder = Folder::new();
    let file = folder.write("rows.jsonl", rows(n));
    let (results, rejects, message) = classify(&file, &folder.path("a.jsonl"));
    let (again, rejects_again, _) = classify(&file, &folder.path("b.jsonl"));
    assert!(results == again && rejects == rejects_again);
    let (n_good, n_bad) = (n - n / 100, n / 100);
    let summary = format!("{n} rows in, {n_good} classified, {n_bad} rejected");
    assert!(message.starts_with(&summary), "{message}");
    let mut results = lines(&results).into_iter();
    let mut rejects = lines(&rejects).into_iter();
    let mut reasons = std::collections::BTreeMap::<String, usize>::new();
    for i in 1..=n {
        if i % 100 != 0 {
            assert_eq!(results.next().unwrap()["id"], format!("r{i}"));
        } else {
            let reject: Value = rejects.next().unwrap();
            assert_eq!(reject["line"], i);
            let reason = reject["reason"].as_str().unwrap();
            assert!(!reject["row"].as_str().unwrap().is_empty());
            *reasons.entry(reason.to_string()).or_default() += 1;
        }
    }
    assert!(results.next().is_none() && rejects.next().is_none());
    // A text that is absent and one that is null are told in the same words.
    assert_eq!(reasons.len(), 9, "{reasons:?}");
    assert!(
        reasons.values().all(|&n| n == n_bad / 10 || n == n_bad / 5),
        "{reasons:?}"
    );
}

#[test]
fn of_a_hundred_thousand_rows_nothing_is_lost() {
    nothing_is_lost(100_000);
}

#[test]
#[ignore = "a million rows twice: cargo test --release --test nothing_lost -- --ignored"]
fn of_a_million_rows_nothing_is_lost() {
    nothing_is_lost(1_000_000);
}
