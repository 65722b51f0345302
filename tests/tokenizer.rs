//! The default model's `tokenizer.json` gives the same ids in the Python `tokenizers` package.

use std::process::Command;

const SCRIPT: &str = r#"
import json, sys
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file("models/default/tokenizer.json")
for line in sys.stdin:
    print(json.dumps(tokenizer.encode(json.loads(line), add_special_tokens=False).ids))
"#;

#[test]
fn python_gives_the_same_ids() {
    let python = Command::new("python3")
        .args(["-c", "import tokenizers"])
        .output();
    if !python.is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: no Python with the tokenizers package");
        return;
    }
    let classifier = stance::embedded::default_classifier().unwrap();
    let mut texts: Vec<String> = ["data/dev.jsonl", "data/test.jsonl"]
        .iter()
        .flat_map(|f| {
            std::fs::read_to_string(f)
                .unwrap()
                .lines()
                .map(str::to_string)
                .collect::<Vec<_>>()
        })
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(&line).unwrap()["text"]
                .as_str()
                .unwrap()
                .to_string()
        })
        .collect();
    texts.extend(
        [
            "@a_b http://x.y/z?q=1 #Тег #a_1 ?! ... :-)) ))) don't п’ять ",
            "Слава Україні! Це вже п'ятий міст, їжак",
            "İstanbul'da savaş yok! Barış değil mi?",
            "هل هذا صحيح؟ أوقفوا الحرب",
            "👍🏽🇺🇦❤️ 1,000.50 a_b-c x@y.z \u{e000}",
        ]
        .map(str::to_string),
    );
    let normal: Vec<String> = texts
        .iter()
        .map(|t| stance::normalize::normalize(t))
        .collect();
    let input: String = normal
        .iter()
        .map(|t| serde_json::to_string(t).unwrap() + "\n")
        .collect();
    let output = assert_cmd::Command::new("python3")
        .args(["-c", SCRIPT])
        .write_stdin(input)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines: Vec<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_string)
        .collect();
    assert_eq!(lines.len(), texts.len());
    for (text, line) in texts.iter().zip(lines) {
        let ids: Vec<u32> = serde_json::from_str(&line).unwrap();
        let ours: Vec<u32> = classifier
            .extractor
            .tokenizer
            .tokenize(text)
            .iter()
            .map(|t| t.id)
            .collect();
        assert_eq!(ours, ids, "{text}");
    }
}
