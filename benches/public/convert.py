#!/usr/bin/env python3
"""Turns public stance data sets, as their publishers host them, into records for stance.

    convert.py DOWNLOADS RECORDS

DOWNLOADS holds one folder for each data set that was downloaded and unpacked by hand; this script downloads nothing.

    rumoureval2019/  rumoureval-2019-training-data/ and rumoureval-2019-test-data/ with final-eval-key.json beside them
    fnc1/            train_stances.csv, train_bodies.csv, competition_test_stances.csv, competition_test_bodies.csv
    semeval2016t6/   semeval2016-task6-trainingdata.txt and SemEval2016-Task6-subtaskA-testdata-gold.txt
    arc/             arc_stances_train.csv, arc_stances_test.csv, arc_bodies.csv (FNC-1's format; the body is the comment)
    ruarg2022/       train.tsv and test.tsv (columns text_id, text, masks_stance, quarantine_stance, vaccines_stance)

RECORDS receives <data set>/train.jsonl, dev.jsonl where the publishers made one, test.jsonl, and articles.jsonl for FNC-1.
A data set whose folder is absent is left out, with a word. A file that is not as described stops the script.
"""
import csv
import json
import pathlib
import sys

csv.field_size_limit(1 << 30)


def write(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        for record in records:
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    print(f"{path}: {len(records)} records")


def table(path, encoding="utf-8", **options):
    with open(path, encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, **options))


def one_line(text):
    return " ".join(text.split())


# RumourEval-2019


def reddit_posts(node):
    """Every post in a Reddit listing as (id, text, id of the parent)."""
    if isinstance(node, list):
        for part in node:
            yield from reddit_posts(part)
    elif isinstance(node, dict):
        data = node.get("data", {})
        if node.get("kind") == "Listing":
            yield from reddit_posts(data.get("children", []))
        elif "id" in data:
            text = data.get("body") or " ".join(filter(None, [data.get("title"), data.get("selftext")]))
            yield data["id"], text, data.get("parent_id", "").split("_")[-1] or None
            yield from reddit_posts(data.get("replies") or [])


def posts_of(folder):
    """Every post of a thread's folder: id → (text, id of the parent), and the id of the source post."""
    posts, source = {}, folder.name
    for path in sorted(folder.glob("**/*.json")):
        if path.parent.name not in ("source-tweet", "replies"):
            continue
        node = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(node, dict) and ("id_str" in node or "in_reply_to_status_id" in node):
            parent = node.get("in_reply_to_status_id")
            posts[path.stem] = (node.get("full_text") or node["text"], str(parent) if parent else None)
        else:
            posts.update((i, (text, parent)) for i, text, parent in reddit_posts(node))
        if path.parent.name == "source-tweet":
            source = path.stem
    return posts, source


def rumoureval(folder, out):
    training, test = folder / "rumoureval-2019-training-data", folder / "rumoureval-2019-test-data"
    keys = {"train": training / "train-key.json", "dev": training / "dev-key.json"}
    keys["test"] = folder / "final-eval-key.json"
    labels = {}
    for split, path in keys.items():
        if path.exists():
            for i, label in json.loads(path.read_text())["subtaskaenglish"].items():
                labels[i] = (split, label)
    splits = {split: [] for split in keys}
    for source_folder in sorted({p.parent for root in (training, test) for p in root.glob("**/source-tweet")}):
        posts, source = posts_of(source_folder)
        claim = posts.get(source, ("", None))[0]
        for i, (text, parent) in sorted(posts.items()):
            if i not in labels:
                continue
            split, label = labels[i]
            record = {"id": i, "text": text, "label": label, "headline": claim, "group": source, "lang": "en"}
            if i != source and parent in posts:
                record["parent"] = posts[parent][0]
            splits[split].append(record)
    for split, records in splits.items():
        if records:
            write(out / f"{split}.jsonl", records)


# FNC-1, and ARC in its format


def fnc1(folder, out):
    articles = []
    for split, stances, bodies in [
        ("train", "train_stances.csv", "train_bodies.csv"),
        ("test", "competition_test_stances.csv", "competition_test_bodies.csv"),
    ]:
        articles += [{"id": f"{split}-{b['Body ID']}", "body": b["articleBody"]} for b in table(folder / bodies)]
        rows = [
            {"id": f"fnc-{split}-{n}", "text": row["Headline"], "label": row["Stance"],
             "article_id": f"{split}-{row['Body ID']}", "lang": "en"}
            for n, row in enumerate(table(folder / stances))
        ]
        write(out / f"{split}.jsonl", rows)
    write(out / "articles.jsonl", articles)


def arc(folder, out):
    bodies = {b["Body ID"]: one_line(b["articleBody"]) for b in table(folder / "arc_bodies.csv")}
    for split in ("train", "test"):
        rows = table(folder / f"arc_stances_{split}.csv")
        write(out / f"{split}.jsonl", [
            {"id": f"arc-{split}-{n}", "text": bodies[row["Body ID"]], "label": row["Stance"],
             "headline": row["Headline"], "group": row["Headline"], "lang": "en"}
            for n, row in enumerate(rows)
        ])


# SemEval-2016 task 6, RuArg-2022


def semeval(folder, out):
    for split, name in [("train", "semeval2016-task6-trainingdata.txt"),
                        ("test", "SemEval2016-Task6-subtaskA-testdata-gold.txt")]:
        rows = table(folder / name, encoding="windows-1252", delimiter="\t", quoting=csv.QUOTE_NONE)
        write(out / f"{split}.jsonl", [
            {"id": f"{split}-{row['ID']}", "text": row["Tweet"].replace("#SemST", "").strip(),
             "label": row["Stance"].lower(), "headline": row["Target"], "group": f"{split}-{row['ID']}", "lang": "en"}
            for row in rows
        ])


CLAIMS = {
    "masks": "Ношение масок полезно для общества",
    "quarantine": "Введение и соблюдение карантина полезно для общества",
    "vaccines": "Вакцинация полезна для общества",
}
STANCES = {"-1": "irrelevant", "0": "against", "1": "other", "2": "for"}


def ruarg(folder, out):
    for split in ("train", "test"):
        records = []
        for row in table(folder / f"{split}.tsv", delimiter="\t", quoting=csv.QUOTE_MINIMAL):
            for column, claim in CLAIMS.items():
                records.append({"id": f"{row['text_id']}-{column}", "text": row["text"],
                                "label": STANCES[row[f"{column}_stance"]], "headline": claim,
                                "group": row["text_id"], "lang": "ru"})
        write(out / f"{split}.jsonl", records)


SETS = {"rumoureval2019": rumoureval, "fnc1": fnc1, "semeval2016t6": semeval, "arc": arc, "ruarg2022": ruarg}


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    downloads, records = map(pathlib.Path, sys.argv[1:])
    for name, convert in SETS.items():
        if (downloads / name).is_dir():
            convert(downloads / name, records / name)
        else:
            print(f"{downloads / name} is absent: left out", file=sys.stderr)


if __name__ == "__main__":
    main()
