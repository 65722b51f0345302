//! The HTML report: one file that needs nothing else, and works in a real browser.

mod common;

use common::{Folder, lines, program, small_model, stderr};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Comments that try to be markup, script, attributes and addresses; `{}` is where they would like to call.
const HOSTILE: [&str; 6] = [
    "</script><script>document.title='broken'</script> fake",
    "<img src='http://{}/img' onerror=\"document.title='broken'\"> fake",
    "\" onmouseover=\"document.title='broken'\" x=\" fake",
    "--> ]]> </style><style>@import 'http://{}/css';</style> fake",
    "{{ 7 * 7 }} {% if x %} &lt;b&gt; \u{202e}fake\u{0}",
    "<svg onload=\"document.title='broken'\"><base href='http://{}/'> fake",
];

/// The report of a small model on hostile comments that are all wrong, half in English and half in Russian.
fn hostile_report(folder: &Folder, address: &str) -> PathBuf {
    let model = small_model(folder);
    let mut rows = String::new();
    for (i, text) in HOSTILE.iter().enumerate() {
        let text = text.replace("{}", address);
        let row = serde_json::json!({
            "id": format!("<i>{i}</i>"), "text": text, "label": if i < 4 { "unsure" } else { "a\"><b>" },
            "headline": text, "parent": text, "lang": if i % 2 == 0 { "en" } else { "ru" },
        });
        rows += &format!("{row}\n");
    }
    let gold = folder.write("gold.jsonl", rows);
    let html = folder.path("report.html");
    let output = program("stance-evaluate")
        .arg("--model")
        .arg(&model)
        .arg("--html")
        .arg(&html)
        .args(["--slice", "lang", "--format", "json"])
        .arg(&gold)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(lines(&output.stdout)[0]["accuracy"], 0.0);
    html
}

/// What Chromium makes of `page`: the document after its script ran, and the messages of its console. `None` where
/// there is no Chromium.
fn browse(folder: &Folder, page: &Path, fragment: &str) -> Option<(String, String)> {
    let profile = folder.path("profile");
    std::fs::create_dir_all(&profile).unwrap();
    let found = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}{fragment}", page.display()))
        .output();
    let Ok(output) = found else {
        eprintln!("skipped: no chromium");
        return None;
    };
    let messages = stderr(&output)
        .lines()
        .filter(|l| l.contains(":CONSOLE"))
        .map(|l| format!("{l}\n"))
        .collect();
    Some((
        String::from_utf8_lossy(&output.stdout).into_owned(),
        messages,
    ))
}

#[test]
fn the_report_is_one_file_that_names_no_other_and_no_path() {
    let folder = Folder::new();
    let html = hostile_report(&folder, "example.invalid");
    let page = std::fs::read_to_string(&html).unwrap();
    assert!(page.contains("Content-Security-Policy\" content=\"default-src &#39;none&#39;;"));
    for reference in [
        "<link", "<img", "<base", "<iframe", "<object", " src=\"", "url(",
    ] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert!(!page.contains(folder.path("").to_str().unwrap()));
    assert!(
        page.contains(
            "stance-evaluate --model MODEL --slice lang --seed 1 --html REPORT.html FILE"
        )
    );
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script").count(), 1);
    hostile_report(&folder, "example.invalid");
    assert_eq!(page, std::fs::read_to_string(&html).unwrap());
}

#[test]
fn a_report_that_cannot_be_written_is_status_5_and_leaves_nothing() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let gold = folder.write("g.jsonl", "{\"text\":\"x\",\"label\":\"doubting\"}\n");
    let output = program("stance-evaluate")
        .arg("--model")
        .arg(&model)
        .arg("--html")
        .arg(folder.path("absent").join("report.html"))
        .arg(&gold)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert!(!folder.path("absent").exists());
}

#[test]
fn hostile_comments_stay_text_in_a_browser_and_nothing_is_fetched() {
    let folder = Folder::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let html = hostile_report(&folder, &address);
    let Some((dom, messages)) = browse(&folder, &html, "") else {
        return;
    };
    assert_eq!(messages, "");
    assert!(dom.contains("<title>Stance evaluation: 6 comments</title>"));
    assert!(dom.contains("6 of 6 shown"), "the script did not run");
    for markup in ["<img", "<base", "<svg onload"] {
        let at = dom
            .find(markup)
            .map(|at| &dom[at.saturating_sub(80)..at + 80]);
        assert_eq!(at, None);
    }
    assert!(dom.contains("&lt;svg"));
    let asked = listener.accept();
    assert_eq!(asked.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn the_errors_are_filtered_by_label_language_and_words() {
    let folder = Folder::new();
    let html = hostile_report(&folder, "example.invalid");
    for (fragment, shown) in [
        ("#gold=unsure", "4 of 6 shown"),
        ("#gold=a%22%3E%3Cb%3E", "2 of 6 shown"),
        ("#gold=unsure&lang=ru", "2 of 6 shown"),
        ("#search=ONERROR", "1 of 6 shown"),
        ("#predicted=unsure&gold=unsure", "0 of 6 shown"),
    ] {
        let Some((dom, messages)) = browse(&folder, &html, fragment) else {
            return;
        };
        assert!(dom.contains(shown), "{fragment}");
        assert_eq!(messages, "");
        let hidden = dom.matches("<article class=\"error\"").count()
            - dom
                .split("<article class=\"error\"")
                .skip(1)
                .filter(|a| !a[..a.find('>').unwrap()].contains("hidden"))
                .count();
        assert!(
            shown.starts_with(&format!("{} of", 6 - hidden)),
            "{fragment}"
        );
    }
}

/// Shows that the tests above would see an error: a script that the policy forbids is reported.
#[test]
fn a_forbidden_script_would_be_seen_in_the_console() {
    let folder = Folder::new();
    let html = hostile_report(&folder, "example.invalid");
    let page = std::fs::read_to_string(&html).unwrap();
    let worse = page.replace("</main>", "<script>document.title='broken'</script></main>");
    let path = folder.write("worse.html", worse);
    if let Some((dom, messages)) = browse(&folder, &path, "") {
        assert!(messages.contains("Content Security Policy"), "{messages}");
        assert!(!dom.contains("<title>broken"));
    }
}
