//! Text that somebody else wrote stays text in every output: no payload drives a terminal, a spreadsheet, a browser or
//! the program that reads the rows.

mod common;

use common::{Folder, lines, program, stderr};
use std::collections::HashSet;

/// What terminals, spreadsheets, browsers and parsers would act on.
fn payloads() -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    // Terminals (ECMA-48 and xterm's control sequences).
    for payload in [
        "\x1b[31mred",
        "\x1b[2J",
        "\x1b[1;1H",
        "\x1b[1A\x1b[2K",
        "\x1b[?1049h",
        "\x1b]0;title\x07",
        "\x1b]52;c;ZXZpbA==\x07",
        "\x1b]8;;http://e.example\x1b\\x\x1b]8;;\x1b\\",
        "\x1bc",
        "\x1bP1$r0m\x1b\\",
        "\x1b_apc\x1b\\",
        "\x1b[5n",
        "\u{9b}31m",
        "\u{9d}0;t\u{9c}",
        "\u{90}x\u{9c}",
        "\u{85}",
        "\x07bell",
        "ab\x08\x08xy",
        "\x0e\x0f",
        "\x0b\x0c",
        "\x7f",
        "a\0b",
        "over\rwritten",
        "\x18\x1a",
    ] {
        found.push(payload.into());
    }
    // The direction of writing, and what does not show.
    for mark in [
        '\u{202a}',
        '\u{202b}',
        '\u{202d}',
        '\u{202e}',
        '\u{2066}',
        '\u{2067}',
        '\u{2068}',
        '\u{200f}',
        '\u{61c}',
        '\u{2028}',
        '\u{2029}',
        '\u{200b}',
        '\u{feff}',
        '\u{e0041}',
        '\u{fff9}',
    ] {
        found.push(format!("a{mark}b"));
    }
    // Spreadsheets.
    for payload in [
        "=1+1",
        "=cmd|' /C calc'!A0",
        "=HYPERLINK(\"http://e.example\",\"x\")",
        "=IMPORTXML(\"http://e.example\")",
        "+1+1",
        "-1+1",
        "@SUM(1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "'=1+1",
        "''+x",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        "-2+3+cmd|' /C calc'!A0",
        "=\"a\"&\"b\"",
        "\"=1+1\"",
        ";=1+1",
    ] {
        found.push(payload.into());
    }
    // Browsers.
    for payload in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "\"><svg onload=alert(1)>",
        "' onmouseover='alert(1)",
        "</td></table><iframe src=//e.example>",
        "<!--",
        "]]>",
        "&lt;script&gt;",
        "javascript:alert(1)",
        "<a href=\"data:text/html,x\">x</a>",
        "</title><script>",
        "</script><script>alert(1)",
        "<style>*{display:none}</style>",
        "<meta http-equiv=refresh content=0>",
        "${7*7}{{7*7}}",
        "[x](javascript:alert(1))",
        "![x](http://e.example/x.png)",
        "`</code>`",
        "| a | b |",
    ] {
        found.push(payload.into());
    }
    // Programs that read rows.
    for payload in [
        "\"},{\"id\":1",
        "\n{\"id\":\"forged\",\"label\":\"x\"}",
        "a,b,c\nforged,x,1",
        "\\",
        "\\\"",
        "\",\"",
        "a\tb\tc",
        "\r\n\r\n",
        "%s%n%x",
        "../../etc/passwd",
        "; rm -rf /",
        "$(id)",
    ] {
        found.push(payload.into());
    }
    found
}

/// One comment a payload, which is its text, id, headline and label.
fn rows(payloads: &[String]) -> String {
    payloads
        .iter()
        .map(|p| {
            serde_json::json!({"id": p, "text": p, "headline": p, "label": p}).to_string() + "\n"
        })
        .collect()
}

/// What acts on a terminal or hides.
fn is_live(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn assert_tame(text: &str) {
    let live: HashSet<char> = text.chars().filter(|&c| c != '\n' && is_live(c)).collect();
    assert!(live.is_empty(), "{live:?} in {text}");
}

#[test]
fn there_are_eighty_payloads_and_none_stands_twice() {
    let payloads = payloads();
    assert!(payloads.len() >= 80, "{}", payloads.len());
    let different: HashSet<&String> = payloads.iter().collect();
    assert_eq!(different.len(), payloads.len());
}

#[test]
fn a_table_shows_payloads_and_obeys_none() {
    let payloads = payloads();
    let output = program("stance-classify")
        .args(["--format", "table"])
        .write_stdin(rows(&payloads))
        .output()
        .unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(table.lines().count(), 1 + payloads.len());
    assert_tame(&table);
}

#[test]
fn jsonl_gives_every_payload_back_in_a_row_of_its_own() {
    let payloads = payloads();
    let output = program("stance-classify")
        .args(["--explain", "--keep-fields"])
        .write_stdin(rows(&payloads))
        .output()
        .unwrap();
    let found = lines(&output.stdout);
    assert_eq!(found.len(), payloads.len());
    for (row, payload) in found.iter().zip(&payloads) {
        assert_eq!(row["id"], **payload);
    }
}

#[test]
fn cells_are_no_formulas_and_can_be_read_back() {
    let payloads = payloads();
    for (format, delimiter) in [("csv", b','), ("tsv", b'\t')] {
        let output = program("stance-classify")
            .args(["--csv-safe", "--format", format])
            .write_stdin(rows(&payloads))
            .output()
            .unwrap();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .from_reader(&output.stdout[..]);
        let mut n_changed = 0;
        let mut ids = Vec::new();
        for record in reader.records() {
            let record = record.unwrap();
            for cell in &record {
                let first = cell.chars().next();
                assert!(
                    !first.is_some_and(|c| "=+-@\t\r\n＝＋－＠".contains(c)),
                    "{cell:?}"
                );
            }
            let id = record[0].to_string();
            // Apostrophes, then a character that would begin a formula: one apostrophe was put there.
            let rest = id.trim_start_matches('\'');
            let changed =
                rest.len() < id.len() && rest.starts_with(|c| "=+-@\t\r\n＝＋－＠".contains(c));
            n_changed += usize::from(changed);
            ids.push(id[usize::from(changed)..].to_string());
        }
        assert_eq!(ids, payloads, "{format}");
        assert!(n_changed > 10);
        let message =
            format!("cells that would have been formulas, now with an apostrophe: {n_changed}\n");
        assert!(stderr(&output).ends_with(&message), "{}", stderr(&output));
    }
}

#[test]
fn without_the_flag_cells_are_as_they_were() {
    let output = program("stance-classify")
        .args(["--format", "csv"])
        .write_stdin("{\"id\":\"=1+1\",\"text\":\"a\"}\n")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().nth(1).unwrap().starts_with("=1+1,"), "{text}");
}

/// Nothing in `report` is a link, an image, code or HTML. What is escaped is no mark-up.
fn assert_no_markdown(report: &str) {
    let report = ["\\]", "\\!", "\\`"]
        .iter()
        .fold(report.to_string(), |report, escaped| {
            report.replace(escaped, "")
        });
    for live in ["<", "](", "![", "`", "http://"] {
        assert!(!report.contains(live), "{live} in {report}");
    }
}

#[test]
fn reports_and_warnings_about_payload_labels_are_tame() {
    let payloads = payloads();
    let folder = Folder::new();
    let gold = folder.write("gold.jsonl", rows(&payloads));
    for format in ["table", "markdown"] {
        let output = program("stance-evaluate")
            .args(["--format", format])
            .arg(&gold)
            .output()
            .unwrap();
        let report = String::from_utf8(output.stdout.clone()).unwrap();
        assert_tame(&report);
        assert_tame(&stderr(&output));
        if format == "markdown" {
            assert_no_markdown(&report);
        }
    }
}

/// No payload is mark-up in `page`, and some are there as text.
fn assert_inert(page: &str, payloads: &[String]) {
    for payload in payloads {
        let live = payload.contains(['<', '>']) && payload != "<!--" && payload != "]]>";
        assert!(!(live && page.contains(payload.as_str())), "{payload:?}");
    }
    assert!(page.matches("alert(1)").count() > 3);
    for tag in [
        "<iframe",
        "<img",
        "<meta http-equiv=refresh",
        "onerror=alert(1)>",
        "<a href=\"data:",
    ] {
        assert!(!page.contains(tag), "{tag}");
    }
}

#[test]
fn a_page_shows_payloads_and_runs_none() {
    let payloads = payloads();
    let folder = Folder::new();
    let gold = folder.write("gold.jsonl", rows(&payloads));
    let page = folder.path("report.html");
    let output = program("stance-evaluate")
        .args(["--errors", "200", "--html"])
        .arg(&page)
        .arg(&gold)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_inert(&std::fs::read_to_string(page).unwrap(), &payloads);
}

#[test]
fn an_audit_shows_payloads_on_its_page_in_its_table_and_in_markdown() {
    let payloads = payloads();
    let folder = Folder::new();
    // Each text twice under different labels and ids: a duplicate and a contradiction.
    let twice = rows(&payloads) + &rows(&payloads).replace("\"label\":\"", "\"label\":\"not ");
    let data = folder.write("data.jsonl", twice);
    for format in ["table", "markdown"] {
        let page = folder.path("audit.html");
        let output = program("stance-audit")
            .args([
                "--no-label-errors",
                "--top",
                "1000",
                "--format",
                format,
                "--html",
            ])
            .arg(&page)
            .arg(&data)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let report = String::from_utf8(output.stdout.clone()).unwrap();
        assert_tame(&report);
        assert_tame(&stderr(&output));
        assert!(report.matches("alert(1)").count() > 3);
        if format == "markdown" {
            assert_no_markdown(&report);
        }
        let page = std::fs::read_to_string(page).unwrap();
        assert_inert(&page, &payloads);
        assert_tame(&page);
    }
}

#[test]
fn an_error_message_shows_the_payload_that_it_names() {
    let folder = Folder::new();
    let predictions = folder.write("p.jsonl", "");
    for (i, payload) in payloads().iter().enumerate() {
        let row = serde_json::json!({"id": payload, "text": "a", "label": "b"});
        let gold = folder.write(&format!("{i}.jsonl"), row.to_string());
        let output = program("stance-evaluate")
            .arg("--predictions")
            .arg(&predictions)
            .arg(&gold)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        let message = stderr(&output);
        assert!(message.contains("no prediction for id"), "{message}");
        assert_tame(&message);
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_file_name_cannot_drive_the_terminal() {
    for name in ["\x1b[2J.jsonl", "a\u{202e}lnosj.exe", "a\nb.jsonl"] {
        let output = program("stance-classify").arg(name).output().unwrap();
        assert_eq!(output.status.code(), Some(5));
        assert_tame(&stderr(&output));
        assert_eq!(stderr(&output).lines().count(), 1);
    }
}

#[test]
fn a_usage_error_shows_the_argument_that_it_quotes() {
    let without_nul = payloads().into_iter().filter(|p| !p.contains('\0'));
    for payload in without_nul {
        for arguments in [
            vec![format!("--threads={payload}")],
            vec![format!("--{payload}")],
            vec!["--format".to_string(), format!("x{payload}")],
        ] {
            let output = program("stance-classify")
                .args(&arguments)
                .write_stdin("")
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            let message = stderr(&output);
            assert!(message.starts_with("error: "), "{message}");
            assert_tame(&message);
        }
    }
}
