#!/usr/bin/env python3
"""Trains and scores stance on public stance data sets and prints the table beside published figures.

    run.py RECORDS [--bin DIR] [--split test|dev|folds] [--only NAME]…

RECORDS is what convert.py wrote: <data set>/train.jsonl, and test.jsonl or dev.jsonl. `--split` says what is scored: the
official test (the default), the publishers' dev split, or 5 folds of the training rows by `group`, dealt out by the SHA-256
of the group; for FNC-1 by body and by headline, so that rows are scored whose body and headline are both new, and rows that share
one of the two are neither trained on nor scored. What is absent is left out, with a word. Where scikit-learn or fastText is installed, it runs next to stance on
the same records. Settings are the defaults; nothing is chosen on what is scored. `--bin` is the folder of stance's
programs (default target/release).

The metrics are the organisers': macro-F1 (RumourEval-2019 task A, ARC), FNC-1's weighted score with macro-F1 beside it, the
mean F1 of favor and against (SemEval-2016 task 6), and the mean over claims of the mean F1 without `irrelevant` (RuArg-2022).
"""
import argparse
import collections
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import peers

# What is scored, and published figures: (system, figure, source).
SETS = {
    "rumoureval2019": ("macro-F1", [
        ("BLCU (GPT)", 0.619, "Yang et al. 2019"), ("BUT-FIT (BERT)", 0.607, "Fajcik et al. 2019"),
        ("eventAI", 0.578, "Li et al. 2019"), ("UPV (linear)", 0.489, "Ghanem et al. 2019")]),
    "fnc1": ("FNC-1 score", [
        ("Talos", 82.02, "FNC-1 results 2017"), ("Athene", 81.97, "FNC-1 results 2017"),
        ("UCLMR", 81.72, "Riedel et al. 2017")]),
    "semeval2016t6": ("F_avg", [
        ("SVM n-grams", 0.6898, "Mohammad et al. 2016"), ("best submission", 0.6782, "Mohammad et al. 2016")]),
    "arc": ("macro-F1", [("FNC-1 systems, about", 0.57, "Hanselowski et al. 2018"), ("people", 0.773, "Hanselowski et al. 2018")]),
    "ruarg2022": ("mean F1 of claims", [("BERT (another split)", 0.697, "Kotelnikov et al. 2022")]),
}


def load(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def f1(pairs, label):
    hits = sum(g == p == label for g, p in pairs)
    wrong = sum((g == label) != (p == label) for g, p in pairs)
    return 2 * hits / (2 * hits + wrong) if hits or wrong else 0.0


def macro_f1(pairs, labels=None):
    labels = labels or sorted({g for g, _ in pairs})
    return sum(f1(pairs, label) for label in labels) / len(labels)


def fnc_score(pairs):
    related = {"agree", "disagree", "discuss"}
    score = best = 0.0
    for g, p in pairs:
        score += (0.25 + 0.5 * (g != "unrelated")) * (g == p) + 0.25 * (g in related and p in related)
        best += 1.0 if g in related else 0.25
    return 100 * score / best


def ruarg(rows, pairs):
    claims = collections.defaultdict(list)
    for row, pair in zip(rows, pairs):
        claims[row["headline"]].append(pair)
    return sum(macro_f1(p, ["for", "against", "other"]) for p in claims.values()) / len(claims)


def score(name, rows, predicted):
    """The official figure of data set `name`, and macro-F1."""
    pairs = [(row["label"], predicted[row["id"]]) for row in rows]
    official = {
        "fnc1": lambda: fnc_score(pairs),
        "semeval2016t6": lambda: macro_f1(pairs, ["favor", "against"]),
        "ruarg2022": lambda: ruarg(rows, pairs),
    }.get(name, lambda: macro_f1(pairs))
    return official(), macro_f1(pairs)


def stance(bin_dir, train, test, articles):
    """Labels by id, and the seconds and the most memory (MB) of training."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, rows in (("train", train), ("test", test)):
            with open(folder / f"{name}.jsonl", "w", encoding="utf-8") as out:
                out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        with_articles = [arg for path in articles for arg in ("--articles", str(path))]
        command = [bin_dir / "stance-train", "--train", folder / "train.jsonl", "--output", folder / "model", *with_articles]
        started = time.perf_counter()
        peak = peers.run(command)
        seconds = time.perf_counter() - started
        unlabelled = folder / "unlabelled.jsonl"
        with open(unlabelled, "w", encoding="utf-8") as out:
            out.writelines(json.dumps({k: v for k, v in row.items() if k != "label"}, ensure_ascii=False) + "\n" for row in test)
        found = subprocess.run(
            [bin_dir / "stance-classify", "--model", folder / "model", "--format", "jsonl", *with_articles, unlabelled],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return {r["id"]: r["label"] for r in map(json.loads, found.stdout.splitlines())}, seconds, peak


def parts(folder, split):
    """Pairs of rows to train on and rows to score; `None` where the split is absent."""
    train = load(folder / "train.jsonl")
    if split != "folds":
        path = folder / f"{split}.jsonl"
        return [(train, load(path))] if path.exists() else None
    return [([r for r in train if k not in folds_of(r)], [r for r in train if folds_of(r) == {k}]) for k in range(5)]


def folds_of(row):
    """The folds of what must be new where `row` is scored."""
    keys = [row["article_id"], row["text"]] if "article_id" in row else [row.get("group") or row["id"]]
    return {int(hashlib.sha256(str(key).encode()).hexdigest(), 16) % 5 for key in keys}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=pathlib.Path)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("target/release"))
    parser.add_argument("--split", choices=["test", "dev", "folds"], default="test")
    parser.add_argument("--only", action="append", choices=list(SETS))
    parser.add_argument("--no-peers", action="store_true", help="run stance alone")
    args = parser.parse_args()
    if not (args.bin / "stance-train").exists():
        sys.exit(f"{args.bin}: no stance-train there; cargo build --release makes it")
    systems = {} if args.no_peers else peers.installed()
    print(f"| data set | system | figure | macro-F1 | training | memory |\n| --- | --- | ---: | ---: | ---: | ---: |")
    for name in args.only or SETS:
        folder = args.records / name
        found = parts(folder, args.split) if (folder / "train.jsonl").exists() else None
        if not found:
            print(f"{folder}: no {args.split} split there: left out", file=sys.stderr)
            continue
        metric, published = SETS[name]
        articles = sorted(folder.glob("*articles.jsonl"))
        runs = {"stance": lambda train, test: stance(args.bin.resolve(), train, test, articles), **systems}
        for system, run in runs.items():
            rows, predicted, seconds, peak = [], {}, 0.0, 0.0
            for train, test in found:
                labels, took, memory = run(train, test)
                rows += test
                predicted.update(labels)
                seconds, peak = seconds + took, max(peak, memory)
            official, macro = score(name, rows, predicted)
            print(f"| {name}, {metric} | {system} | {official:.4g} | {macro:.3f} | {seconds:.1f} s | {peak:.0f} MB |", flush=True)
        for system, figure, source in published:
            print(f"| | {system}, {source} | {figure} | | | |")


if __name__ == "__main__":
    main()
