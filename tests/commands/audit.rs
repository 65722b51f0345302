//! `stance-audit`.

use super::Case;

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    ("help tells every flag", "audit --help", "", 0, &["--format", "--html", "--top", "--no-label-errors", "--seed", "--threads", "--articles", "--on-error", "--rejects"], &["="]),
    ("the version is told", "audit --version", "", 0, &["stance-audit 0.1"], &["="]),
    ("no file is a usage error", "audit", "", 2, &["="], &["FILE"]),
    ("an unknown report format is a usage error that lists the known", "audit --format xml gold.jsonl", "", 2, &["="], &["markdown"]),
    ("findings that are no number are a usage error", "audit --top many gold.jsonl", "", 2, &["="], &["many"]),
    ("no thread is a usage error", "audit --threads 0 gold.jsonl", "", 2, &["="], &["expected at least 1"]),
    ("standard input is audited", "audit -", "{\"text\":\"a\"}\n", 0, &["1 row in 1 file"], &["1 row in, 1 audited, 0 rejected"]),
    ("rows without a label are counted as such", "audit unlabelled.jsonl", "", 0, &["no label"], &["1 row in, 1 audited, 0 rejected"]),
    ("a file without rows is status 3", "audit none.jsonl", "", 3, &["="], &["no rows to audit; expected comments"]),
    ("csv is audited by its columns", "audit c.csv", "", 0, &["2 rows in 1 file"], &[]),
    ("a text that stands twice is a cluster", "audit --no-label-errors -", "{\"text\":\"no war\"}\n{\"text\":\"No WAR\"}\n", 0, &["Exact duplicates: 1 cluster with 2 rows, 0 of them across files"], &[]),
    ("a comment in two files is a leak", "audit --no-label-errors one.jsonl one.jsonl", "", 0, &["Exact duplicates: 1 cluster with 2 rows, 1 of them across files"], &[]),
    ("two labels for one text are a contradiction", "audit --no-label-errors -", "{\"text\":\"a\",\"label\":\"x\",\"headline\":\"h\"}\n{\"text\":\"a\",\"label\":\"y\",\"headline\":\"h\"}\n", 0, &["different labels: 1 under the same article"], &[]),
    ("a list shows as many findings as are asked for", "audit --no-label-errors --top 1 -", "{\"text\":\"a\"}\n{\"text\":\"a\"}\n{\"text\":\"b\"}\n{\"text\":\"b\"}\n", 0, &["… and 1 more"], &[]),
    ("json is one line", "audit --no-label-errors --format json gold.jsonl", "", 0, &["#1", "\"n\":2"], &[]),
    ("markdown has headings and rows of bars", "audit --no-label-errors --format markdown gold.jsonl", "", 0, &["Data audit\n\n## 2 rows in 1 file", "| --- |"], &[]),
    ("likely wrong labels are looked for", "audit train.jsonl", "", 0, &["Likely wrong labels"], &["75 rows in, 75 audited"]),
    ("likely wrong labels are not looked for where that is not wanted", "audit --no-label-errors train.jsonl", "", 0, &["!Likely wrong labels"], &[]),
    ("data that cannot be trained on get a note", "audit onelabel.jsonl", "", 0, &["Notes"], &[]),
    ("the agreement of two labels is told", "audit --no-label-errors -", "{\"text\":\"a\",\"label\":\"x\",\"second_label\":\"y\"}\n", 0, &["Agreement of two labels"], &[]),
    ("a bad row ends the audit", "audit bad.jsonl", "", 3, &["="], &["bad.jsonl:2: not a JSON object"]),
    ("bad rows are skipped where that is asked for", "audit --on-error skip bad.jsonl", "", 0, &["2 rows in 1 file"], &["3 rows in, 2 audited, 1 rejected"]),
    ("an article that the files lack makes a bad row", "audit --articles articles.jsonl -", "{\"text\":\"a\",\"article_id\":\"zz\"}", 3, &["="], &["article_id \"zz\" is not in the files"]),
    ("a file that is not there is status 5", "audit nowhere.jsonl", "", 5, &["="], &["nowhere.jsonl"]),
    ("a page that cannot be written is status 5", "audit --no-label-errors --html nowhere/a.html gold.jsonl", "", 5, &["="], &["nowhere/a.html"]),
    ("a page is written beside the table", "audit --no-label-errors --html audit.html gold.jsonl", "", 0, &["2 rows in 1 file"], &["2 rows in, 2 audited"]),
    ("groups go by the column that is named", "audit --no-label-errors --headline-column topic topic.jsonl", "", 0, &["groups", "30"], &["75 audited"]),
    ("another annotator's label stands in the column that is named", "audit --no-label-errors --second-label-column lang gold.jsonl", "", 0, &["Agreement of two labels"], &["2 audited"]),
    ("rejects are listed only where rows are skipped", "audit --rejects r2.jsonl gold.jsonl", "", 2, &["="], &["--rejects needs --on-error skip"]),
    ("rejects that cannot be written are status 5", "audit --on-error skip --rejects nowhere/r.jsonl gold.jsonl", "", 5, &["="], &["nowhere/r.jsonl"]),
    ("rows that are all over the limit leave nothing to audit", "audit --on-error skip --max-line-bytes 5 gold.jsonl", "", 3, &["="], &["no rows to audit"]),
    ("an encoding that there is not is a usage error", "audit --encoding klingon gold.jsonl", "", 2, &["="], &["not the name of an encoding"]),
];
