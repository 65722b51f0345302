//! What the data card promises of the written corpus.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

const SPLITS: [&str; 3] = ["train", "dev", "test"];

fn rows(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(format!("data/{name}.jsonl")).unwrap();
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

fn field<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} of {row}"))
}

fn all() -> Vec<Value> {
    SPLITS.iter().flat_map(|s| rows(s)).collect()
}

#[test]
fn counts_and_label_shares_are_as_promised() {
    assert!(rows("articles").len() >= 240);
    for language in ["en", "ru"] {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for row in all().iter().filter(|r| field(r, "lang") == language) {
            *counts.entry(field(row, "label").to_string()).or_default() += 1;
        }
        let n: usize = counts.values().sum();
        assert!(n >= 3000, "{language}: {n}");
        let labels: Vec<&str> = counts.keys().map(String::as_str).collect();
        assert_eq!(labels, ["anti-war", "confirming", "doubting", "off-topic"]);
        assert!(
            counts.values().all(|&c| c * 100 >= 18 * n),
            "{language}: {counts:?}"
        );
    }
    let english: Vec<Value> = all()
        .into_iter()
        .filter(|r| field(r, "lang") == "en")
        .collect();
    let translated = english
        .iter()
        .filter(|r| r["machine_translated"] == true)
        .count();
    assert!(
        4 * translated >= english.len(),
        "{translated} of {}",
        english.len()
    );
}

#[test]
fn splits_keep_articles_and_their_pairs_whole() {
    let articles: HashMap<String, String> = rows("articles")
        .iter()
        .map(|a| (field(a, "id").to_string(), field(a, "split").to_string()))
        .collect();
    let mut split_of_group: HashMap<String, &str> = HashMap::new();
    let mut ids = BTreeSet::new();
    for split in SPLITS {
        for row in rows(split) {
            assert_eq!(articles[field(&row, "article_id")], split);
            let group = field(&row, "group").to_string();
            assert_eq!(*split_of_group.entry(group).or_insert(split), split);
            assert!(ids.insert(field(&row, "id").to_string()));
        }
    }
}

#[test]
fn contrast_pairs_are_the_same_text_with_different_labels() {
    let mut pairs: BTreeMap<String, Vec<(String, String, String)>> = BTreeMap::new();
    for row in all().iter().filter(|r| r["contrast"].is_string()) {
        let of = |name| field(row, name).to_string();
        pairs
            .entry(of("contrast"))
            .or_default()
            .push((of("text"), of("label"), of("article_id")));
    }
    let (mut different, mut confirming_doubting) = (0, 0);
    for pair in pairs.values() {
        assert_eq!(pair.len(), 2);
        assert_eq!(pair[0].0, pair[1].0);
        assert_ne!(pair[0].2, pair[1].2);
        let labels = BTreeSet::from([pair[0].1.as_str(), pair[1].1.as_str()]);
        different += usize::from(labels.len() == 2);
        confirming_doubting += usize::from(labels == BTreeSet::from(["confirming", "doubting"]));
    }
    assert!(different >= 300, "{different}");
    assert!(
        3 * confirming_doubting >= different,
        "{confirming_doubting} of {different}"
    );
}

/// Hashes of the character 5-grams of a text in lower case.
fn five_grams(text: &str) -> BTreeSet<u64> {
    let words: Vec<String> = text
        .to_lowercase()
        .split_whitespace()
        .map(str::to_string)
        .collect();
    let chars: Vec<char> = words.join(" ").chars().collect();
    let hash = |w: &[char]| {
        w.iter().fold(7u64, |h, &c| {
            h.wrapping_mul(1_000_003) ^ u64::from(c as u32)
        })
    };
    if chars.len() < 5 {
        return BTreeSet::from([hash(&chars)]);
    }
    chars.windows(5).map(hash).collect()
}

#[test]
fn no_two_comments_of_some_length_are_near_duplicates() {
    let comments: Vec<(Value, Vec<u64>)> = all()
        .into_iter()
        .map(|r| {
            let grams = five_grams(field(&r, "text")).into_iter().collect();
            (r, grams)
        })
        .collect();
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut near = Vec::new();
    for (i, (row, grams)) in comments.iter().enumerate() {
        // "Exactly" may stand under two articles: a comment of up to three words is nobody's copy.
        if field(row, "text").split_whitespace().count() <= 3 {
            continue;
        }
        let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
        for gram in grams {
            let list = holders.entry(*gram).or_default();
            for &j in list.iter() {
                *shared.entry(j).or_default() += 1;
            }
            list.push(i);
        }
        for (j, n) in shared {
            let (other, others) = &comments[j];
            let jaccard = n as f64 / (grams.len() + others.len() - n) as f64;
            let marked = row["contrast"].is_string() && row["contrast"] == other["contrast"];
            if jaccard > 0.8 && !marked {
                near.push(format!("{} ~ {}", field(row, "id"), field(other, "id")));
            }
        }
    }
    assert!(near.is_empty(), "{near:?}");
}

#[test]
fn annotations_carry_labels_and_digests_but_no_texts() {
    let text = std::fs::read_to_string("data/annotations/labels.jsonl").unwrap();
    let rows: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert!(rows.len() >= 4000);
    let twice = rows
        .iter()
        .filter(|r| r["second_label"].is_string())
        .count();
    assert!(5 * twice >= rows.len(), "{twice} of {}", rows.len());
    for row in &rows {
        assert_eq!(field(row, "sha256").len(), 64);
        assert!(row.get("text").is_none() && row.get("headline").is_none());
    }
}
