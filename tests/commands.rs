//! What the programs answer to a command line: one case a sentence, in `commands/*.rs`, each for a reason of its own.
//!
//! Every case runs in a folder with the files of [`fixture`]. Of stdout and stderr it says what they contain; `=` before
//! a text says that the stream is exactly that, `!` that it does not contain it, `#` the number of its lines.

mod common;

#[path = "commands/audit.rs"]
mod audit;
#[path = "commands/classify.rs"]
mod classify;
#[path = "commands/evaluate.rs"]
mod evaluate;
#[path = "commands/train.rs"]
mod train;

use common::{Folder, program, small_corpus, small_model};
use rayon::prelude::*;
use std::io::Write;

/// Name, program and arguments, stdin, status, stdout, stderr.
pub type Case = (
    &'static str,
    &'static str,
    &'static str,
    i32,
    &'static [&'static str],
    &'static [&'static str],
);

/// The files that the cases name.
fn fixture() -> Folder {
    let folder = Folder::new();
    small_model(&folder);
    std::fs::create_dir(folder.path("empty")).unwrap();
    std::fs::create_dir(folder.path("other")).unwrap();
    folder.write("other/thesis.txt", "years of work");
    let utf16: Vec<u8> = "\u{feff}да\nне"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    // A zstd frame with one raw block of two bytes, "a\n" (RFC 8878).
    let zstd = [
        0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38, 0x11, 0x00, 0x00, b'a', b'\n',
    ];
    let files: [(&str, &[u8]); 44] = [
        ("one.jsonl", b"{\"id\":\"x\",\"text\":\"stop this war\"}\n"),
        ("two.jsonl", b"{\"text\":\"a\"}\n{\"text\":\"b\"}\n"),
        ("bad.jsonl", b"{\"text\":\"a\"}\nnonsense\n{\"text\":\"b\"}\n"),
        ("latin.jsonl", b"{\"text\":\"caf\xe9\"}\n"),
        ("mixed.jsonl", "{\"text\":\"f\u{430}ke\"}\n".as_bytes()),
        ("long.jsonl", b"{\"text\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}\n{\"text\":\"b\"}\n"),
        ("c.csv", b"id,text\n1,\"a, \"\"b\"\"\"\n2,c\n"),
        ("crlf.csv", b"id,text\r\n7,a\r\n"),
        ("semicolon.csv", b"id;text\n8;a,b\n"),
        ("pipe.csv", b"id|text\n9|a;b\n"),
        ("multiline.csv", b"id,text\n1,\"a\nb\"\n2\n"),
        ("short.csv", b"id,text\n1\n"),
        ("wide.csv", b"id,text\n1,a,b\n"),
        ("headless.csv", b"1,hello\n"),
        ("double.csv", b"text,text\na,b\n"),
        ("empty.csv", b""),
        ("header.csv", b"id,text\n"),
        ("other.csv", b"nr,kommentar,url\n5,a,u\n"),
        ("c.tsv", b"id\ttext\n3\ta \"b\" c\n"),
        ("c.tab", b"id\ttext\n4\ta\n"),
        ("C.TXT", b"first\nsecond\n"),
        ("blank.txt", b"a\n\nb\n"),
        ("utf16.txt", &utf16),
        ("cp1251.txt", b"\xe4\xe0\n"),
        ("bom.csv", b"\xef\xbb\xbfid,text\n1,a\n"),
        ("c.txt.zst", &zstd),
        ("broken.txt.gz", b"\x1f\x8bnot gzip"),
        ("broken.txt.zst", b"not zstd"),
        ("articles.jsonl", b"{\"id\":1,\"headline\":\"Ship sunk\",\"body\":\"Off the cape.\"}\n\n{\"id\":\"b\"}\n"),
        ("more.jsonl", b"{\"id\":\"c\"}\n"),
        ("twice.jsonl", b"{\"id\":1}\n{\"id\":\"1\"}\n"),
        ("noid.jsonl", b"{\"headline\":\"x\"}\n"),
        ("wrongid.jsonl", b"{\"id\":[1]}\n"),
        ("wrongheadline.jsonl", b"{\"id\":1,\"headline\":5}\n"),
        ("article.txt", b"\n Ship sunk \n\nOff the cape.\n"),
        ("gold.jsonl", b"{\"id\":1,\"text\":\"stop this war\",\"label\":\"a\",\"lang\":\"en\"}\n{\"id\":2,\"text\":\"b\",\"label\":\"b\",\"lang\":\"ru\"}\n"),
        ("unlabelled.jsonl", b"{\"id\":1,\"text\":\"a\"}\n"),
        ("goldtwice.jsonl", b"{\"id\":1,\"text\":\"a\",\"label\":\"a\"}\n{\"id\":\"1\",\"text\":\"b\",\"label\":\"b\"}\n"),
        ("pred.jsonl", b"{\"id\":\"2\",\"label\":\"b\"}\n{\"id\":\"1\",\"label\":\"b\"}\n"),
        ("predmore.jsonl", b"{\"id\":1,\"label\":\"a\"}\n{\"id\":2,\"label\":\"b\"}\n{\"id\":3,\"label\":\"b\"}\n"),
        ("predtwice.jsonl", b"{\"id\":1,\"label\":\"a\"}\n{\"id\":\"1\",\"label\":\"b\"}\n"),
        ("predhalf.jsonl", b"{\"id\":1,\"label\":\"a\"}\n"),
        ("onelabel.jsonl", b"{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":\"x\"}\n"),
        ("none.jsonl", b"\n\n"),
    ];
    for (name, content) in files {
        folder.write(name, content);
    }
    folder.write("c.jsonl.gz", gzip("{\"text\":\"a\"}\n"));
    let mut two_members = gzip("a\n");
    two_members.extend(gzip("b\n"));
    folder.write("c.txt.gz", two_members);
    folder.write(
        "weights.jsonl",
        small_corpus().replace("\"label\"", "\"weight\":2,\"label\""),
    );
    folder.write(
        "zero.jsonl",
        small_corpus().replace("\"label\"", "\"weight\":0,\"label\""),
    );
    folder.write(
        "negative.jsonl",
        small_corpus() + "{\"text\":\"a\",\"label\":\"b\",\"weight\":-1}\n",
    );
    folder.write(
        "nogroups.jsonl",
        small_corpus().replace("headline", "title"),
    );
    folder.write("topic.jsonl", small_corpus().replace("headline", "topic"));
    let renamed = small_corpus()
        .replace("\"text\"", "\"kommentar\"")
        .replace("\"label\"", "\"haltung\"")
        .replace("\"headline\"", "\"titel\"");
    folder.write("renamed.jsonl", renamed);
    let csv: String = small_corpus()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|row| {
            format!(
                "\"{}\",{}\n",
                row["text"].as_str().unwrap(),
                row["label"].as_str().unwrap()
            )
        })
        .collect();
    folder.write("train.csv", format!("text,label\n{csv}"));
    folder
}

fn check(what: &str, found: &str, expected: &[&str]) -> Option<String> {
    let wrong = expected
        .iter()
        .find(|expected| !match expected.split_at_checked(1) {
            Some(("=", exact)) => found == exact,
            Some(("!", absent)) => !found.contains(absent),
            Some(("#", n)) => n.parse() == Ok(found.lines().count()),
            _ => found.contains(**expected),
        })?;
    Some(format!("{what} should say {wrong:?}:\n{found}"))
}

fn run_cases(cases: &[Case]) {
    let folder = fixture();
    let wrong: Vec<String> = cases
        .par_iter()
        .filter_map(|&(name, line, stdin, status, stdout, stderr)| {
            let mut words = line.split(' ').filter(|w| !w.is_empty());
            let output = program(&format!("stance-{}", words.next().unwrap()))
                .args(words)
                .current_dir(folder.path(""))
                .write_stdin(stdin)
                .output()
                .unwrap();
            let out = String::from_utf8_lossy(&output.stdout).into_owned();
            let err = String::from_utf8_lossy(&output.stderr).into_owned();
            let status = (output.status.code() != Some(status))
                .then(|| format!("status {:?}, not {status}:\n{err}", output.status.code()));
            status
                .or_else(|| check("stdout", &out, stdout))
                .or_else(|| check("stderr", &err, stderr))
                .map(|wrong| format!("{name} (stance-{line}): {wrong}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn classify_answers_as_it_should() {
    run_cases(classify::CASES);
}

#[test]
fn evaluate_answers_as_it_should() {
    run_cases(evaluate::CASES);
}

#[test]
fn train_answers_as_it_should() {
    run_cases(train::CASES);
}

#[test]
fn audit_answers_as_it_should() {
    run_cases(audit::CASES);
}

#[test]
fn there_are_150_cases_and_no_name_or_command_stands_twice() {
    let all: Vec<&Case> = [classify::CASES, evaluate::CASES, train::CASES, audit::CASES]
        .into_iter()
        .flatten()
        .collect();
    assert!(all.len() >= 150, "{}", all.len());
    let names: std::collections::HashSet<_> =
        all.iter().map(|c| (c.1.split(' ').next(), c.0)).collect();
    let commands: std::collections::HashSet<_> = all.iter().map(|c| (c.1, c.2)).collect();
    assert_eq!((names.len(), commands.len()), (all.len(), all.len()));
}
