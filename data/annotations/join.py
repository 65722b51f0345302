#!/usr/bin/env python3
"""Joins the stand-off labels with the publishers' texts.

    join.py RECORDS OUTPUT [WEIGHT]

RECORDS is a folder (or one file) of JSONL records {"id", "text", "headline"?, "group"?, "lang"?}, with ids as in
labels.jsonl: the source, a colon, the source's own id. OUTPUT is a folder that receives train.jsonl, dev.jsonl and
test.jsonl, records with labels; with WEIGHT those of train.jsonl get that training weight. A text whose SHA-256 is not the one that was labelled is left out and counted.
"""
import hashlib
import json
import pathlib
import sys


def records(path):
    for file in sorted(path.glob("**/*.jsonl")) if path.is_dir() else [path]:
        with open(file, encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    yield json.loads(line)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    source, output = map(pathlib.Path, sys.argv[1:3])
    weight = float(sys.argv[3]) if len(sys.argv) == 4 else None
    labels = {}
    for line in open(pathlib.Path(__file__).parent / "labels.jsonl", encoding="utf-8"):
        row = json.loads(line)
        labels[row["id"]] = row
    output.mkdir(parents=True, exist_ok=True)
    files = {s: open(output / f"{s}.jsonl", "w", encoding="utf-8") for s in ("train", "dev", "test")}
    joined, changed = set(), 0
    for record in records(source):
        row = labels.get(str(record.get("id")))
        if row is None or row["id"] in joined:
            continue
        if hashlib.sha256(record["text"].encode()).hexdigest() != row["sha256"]:
            changed += 1
            continue
        joined.add(row["id"])
        record["label"] = row["label"]
        if "second_label" in row:
            record["second_label"] = row["second_label"]
        if weight is not None and row["split"] == "train":
            record["weight"] = weight
        files[row["split"]].write(json.dumps(record, ensure_ascii=False) + "\n")
    for file in files.values():
        file.close()
    print(f"{len(joined)} of {len(labels)} labels joined, {changed} texts differ from what was labelled", file=sys.stderr)
    sys.exit(0 if joined else 3)


if __name__ == "__main__":
    main()
