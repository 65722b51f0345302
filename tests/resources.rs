//! Hostile sizes and sudden ends: bounded memory, a clear message, the right status, and nothing left half written.
//!
//! The full-size versions are ignored by default: `cargo test --release --test resources -- --ignored`.

mod common;

use common::{Folder, limited, lines, model_bytes, program, small_corpus, small_model, stderr};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// 600 MB of address space: the program with its model and threads takes less, the inputs below more.
const LITTLE_MEMORY: &str = "ulimit -v 600000";

/// Runs stance-classify with little memory on what `feed` writes to its standard input: status, stdout, stderr.
fn fed(
    args: &[&str],
    feed: impl FnOnce(&mut dyn Write) + Send + 'static,
) -> (Option<i32>, Vec<u8>, String) {
    let script = format!("{LITTLE_MEMORY}; exec \"$0\" \"$@\"");
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .arg(assert_cmd::cargo::cargo_bin("stance-classify"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = std::io::BufWriter::new(child.stdin.take().unwrap());
    let feeder = std::thread::spawn(move || {
        feed(&mut stdin);
        // The program may have stopped reading.
        let _ = stdin.flush();
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), output.stdout, message)
}

fn megabytes(out: &mut dyn Write, n: usize) {
    let piece = vec![b'a'; 1 << 20];
    for _ in 0..n {
        if out.write_all(&piece).is_err() {
            return;
        }
    }
}

fn an_endless_line(n_megabytes: usize) {
    for (format, start) in [
        ("jsonl", "{\"text\":\"a\"}\n{\"text\":\""),
        ("txt", "a\n"),
        ("csv", "text\na\n\""),
    ] {
        let (status, stdout, message) = fed(&["--input-format", format], move |out| {
            out.write_all(start.as_bytes()).unwrap();
            megabytes(out, n_megabytes);
        });
        assert_eq!(status, Some(3), "{format}: {message}");
        assert_eq!(lines(&stdout).len(), 1, "{format}");
        let line = if format == "csv" { 3 } else { 2 };
        let expected = format!(
            "-:{line}: the row is longer than 16777216 bytes, the limit of --max-line-bytes"
        );
        assert!(message.contains(&expected), "{format}: {message}");
    }
}

#[test]
fn a_line_longer_than_memory_is_one_bad_row() {
    an_endless_line(700);
}

#[test]
#[ignore = "a gigabyte: cargo test --release --test resources -- --ignored"]
fn a_line_of_a_gigabyte_is_one_bad_row() {
    an_endless_line(1024);
}

#[test]
fn an_overlong_csv_row_is_rejected_and_the_rows_around_it_are_classified() {
    let args = [
        "--input-format",
        "csv",
        "--on-error",
        "skip",
        "--max-line-bytes",
        "1000",
    ];
    let (status, stdout, message) = fed(&args, |out| {
        out.write_all(b"id,text\nx,a\ny,").unwrap();
        megabytes(out, 2);
        out.write_all(b"\nz,b\n").unwrap();
    });
    assert_eq!(status, Some(0), "{message}");
    let ids: Vec<_> = lines(&stdout).iter().map(|r| r["id"].clone()).collect();
    assert_eq!(ids, ["x", "z"]);
    assert!(
        message.starts_with("3 rows in, 2 classified, 1 rejected"),
        "{message}"
    );
}

/// What is looked at again and again would take hours of processor time here, and not the seconds of the limit.
#[cfg(unix)]
#[test]
fn a_line_of_megabytes_takes_time_in_proportion_whatever_it_holds() {
    let folder = Folder::new();
    let n = 8 << 20;
    for (name, text) in [
        ("no white space", "ab".repeat(n / 2)),
        ("white space only", "\u{2003}".repeat(n / 3)),
        ("nothing to be seen", "\u{200b}".repeat(n / 3)),
        (
            "letters spaced out by what is not seen",
            format!("f {} a k e", "\u{200b}".repeat(n / 3)),
        ),
        ("letters spaced out", "f a k e ".repeat(n / 8)),
        (
            "marks on one letter",
            format!("a{}", "\u{336}".repeat(n / 2)),
        ),
        ("marks between letters", "a.".repeat(n / 2)),
    ] {
        let row = serde_json::json!({"text": text});
        let file = folder.write("row.jsonl", row.to_string());
        let output = limited("ulimit -t 100", "stance-classify")
            .arg(&file)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        assert_eq!(lines(&output.stdout).len(), 1, "{name}");
    }
}

fn empty_lines(n: usize) {
    let (status, stdout, message) = fed(&[], move |out| {
        for _ in 0..n {
            let _ = out.write_all(b"\n");
        }
        let _ = out.write_all(b"{\"text\":\"a\"}\n");
    });
    assert_eq!((status, lines(&stdout).len()), (Some(0), 1), "{message}");
}

#[test]
fn a_million_empty_lines_are_skipped() {
    empty_lines(1_000_000);
}

#[test]
#[ignore = "ten million lines: cargo test --release --test resources -- --ignored"]
fn ten_million_empty_lines_are_skipped() {
    empty_lines(10_000_000);
}

/// A zstd frame that unpacks to `n` times 128 KB of `a`: blocks of one repeated byte (RFC 8878).
fn zstd_bomb(n: u32) -> Vec<u8> {
    let mut file = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    for block in 1..=n {
        let header = u32::from(block == n) | 1 << 1 | (128 << 10) << 3;
        file.extend(&header.to_le_bytes()[..3]);
        file.push(b'a');
    }
    file
}

fn gzip_bomb(n_megabytes: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    megabytes(&mut encoder, n_megabytes);
    encoder.finish().unwrap()
}

#[test]
fn a_decompression_bomb_is_one_bad_row_also_as_an_article() {
    let folder = Folder::new();
    for (name, bytes) in [
        ("bomb.txt.gz", gzip_bomb(700)),
        ("bomb.txt.zst", zstd_bomb(5600)),
    ] {
        assert!(bytes.len() < 5 << 20, "{}", bytes.len());
        let bomb = folder.write(name, bytes);
        let output = limited(LITTLE_MEMORY, "stance-classify")
            .arg(&bomb)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        assert!(
            stderr(&output).contains(":1: the row is longer than"),
            "{}",
            stderr(&output)
        );
        for flag in ["--article", "--articles"] {
            let output = limited(LITTLE_MEMORY, "stance-classify")
                .arg(flag)
                .arg(&bomb)
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(3), "{flag}: {}", stderr(&output));
            assert!(
                stderr(&output).contains("is longer than 67108864 bytes"),
                "{flag}: {}",
                stderr(&output)
            );
        }
    }
}

#[test]
fn a_broken_archive_is_status_5_after_the_rows_before_it() {
    let folder = Folder::new();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(&b"row\n".repeat(30_000)).unwrap();
    let whole = encoder.finish().unwrap();
    let file = folder.write("c.txt.gz", &whole[..whole.len() - 20]);
    let output = program("stance-classify").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert!(stderr(&output).contains("c.txt.gz"), "{}", stderr(&output));
    for row in lines(&output.stdout) {
        assert!(row["label"].is_string());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_status_5_for_results_rejects_reports_and_models() {
    let folder = Folder::new();
    let full = || {
        std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let gold = folder.write("g.jsonl", "{\"id\":1,\"text\":\"a\",\"label\":\"b\"}\n");
    for (name, args) in
        [("stance-classify", vec![]), ("stance-evaluate", vec![])] as [(&str, Vec<&str>); 2]
    {
        let output = Command::new(assert_cmd::cargo::cargo_bin(name))
            .args(args)
            .arg(&gold)
            .stdout(full())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(5), "{name}");
        assert!(
            stderr(&output).contains("stdout: No space left"),
            "{}",
            stderr(&output)
        );
    }
    let output = program("stance-classify")
        .args(["--on-error", "skip", "--rejects", "/dev/full"])
        .write_stdin("nonsense\n")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(
        stderr(&output).contains("--rejects: No space left"),
        "{}",
        stderr(&output)
    );
}

/// The program cannot write a file larger than 64 blocks of 512 bytes.
#[cfg(unix)]
const SMALL_DISK: &str = "trap '' XFSZ; ulimit -f 64";

#[cfg(unix)]
#[test]
fn a_disk_that_fills_leaves_whole_rows() {
    let folder = Folder::new();
    let comments = folder.write("c.txt", "comment\n".repeat(2000));
    let out = folder.path("out.jsonl");
    let script = format!("{SMALL_DISK}; exec \"$0\" \"$1\" > \"$2\"");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(assert_cmd::cargo::cargo_bin("stance-classify"))
        .args([&comments, &out])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    let written = std::fs::read(&out).unwrap();
    assert!(
        written.len() > 30_000 && written.ends_with(b"}\n"),
        "{}",
        written.len()
    );
    for (i, row) in lines(&written).iter().enumerate() {
        assert_eq!(row["id"], i + 1);
    }
}

fn names_beside(model: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(model.parent().unwrap()).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[cfg(unix)]
#[test]
fn a_model_that_does_not_fit_on_the_disk_leaves_the_old_one() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let (before, names) = (model_bytes(&model), names_beside(&model));
    let output = limited("trap '' XFSZ; ulimit -f 8", "stance-train")
        .args(["--seed", "2", "--train"])
        .arg(folder.path("train.jsonl"))
        .arg("--output")
        .arg(&model)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert!(model_bytes(&model) == before);
    assert_eq!(names_beside(&model), names);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = Folder::new();
    let comments = folder.write("c.txt", "comment\n".repeat(20_000));
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("stance-classify"))
        .arg(&comments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[cfg(unix)]
fn interrupt(child: &std::process::Child) {
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[cfg(unix)]
#[test]
fn an_interrupt_while_rows_are_written_leaves_whole_rows() {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("stance-classify"))
        .args(["--input-format", "txt", "--format", "jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    // Rows go in until the program has ended; the interrupt comes once the first have come out.
    let feeder =
        std::thread::spawn(move || while stdin.write_all(&b"comment\n".repeat(1000)).is_ok() {});
    let mut found = vec![0; 1000];
    stdout.read_exact(&mut found).unwrap();
    interrupt(&child);
    stdout.read_to_end(&mut found).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    feeder.join().unwrap();
    assert!(found.ends_with(b"}\n"));
    for (i, row) in lines(&found).iter().enumerate() {
        assert_eq!(row["id"], i + 1);
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_in_training_leaves_the_old_model_and_nothing_else() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let (before, names) = (model_bytes(&model), names_beside(&model));
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("stance-train"))
        .args(["--train", "-", "--output"])
        .arg(&model)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // More than a pipe holds: the program is reading when the last piece has gone in.
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(small_corpus().repeat(20).as_bytes())
        .unwrap();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(model_bytes(&model) == before);
    assert_eq!(names_beside(&model), names);
}
