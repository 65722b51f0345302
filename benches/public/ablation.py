#!/usr/bin/env python3
"""Leaves one block of features out after the other, and prints what that does to the scores out of fold.

    ablation.py RECORDS [--bin DIR] [--only NAME]… [--without BLOCK]…

RECORDS is what convert.py wrote. Every figure is the macro-F1 that `stance-train` prints of 5 folds of the training rows; the
columns behind the first say how many points it changes without the block (below 0: the block earns its place). Under data
sets whose rows share headlines, a second line has the macro-F1 of rows whose headline is known from other comments.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

SETS = ["rumoureval2019", "semeval2016t6", "arc", "ruarg2022", "fnc1"]
BLOCKS = ["word-pairs", "characters", "topics", "surface", "context", "similarities", "flag-pairs", "gates", "context-scores",
          "memory"]


def figures(bin_dir, folder, without):
    """Macro-F1 out of fold, and under known headlines (`None` where there are none), both in percent."""
    articles = [arg for path in sorted(folder.glob("*articles.jsonl")) for arg in ("--articles", str(path))]
    left_out = ["--without", without] if without else []
    with tempfile.TemporaryDirectory() as model:
        found = subprocess.run(
            [bin_dir / "stance-train", "--train", folder / "train.jsonl", "--output", f"{model}/model", "--format", "json",
             *articles, *left_out], check=True, capture_output=True, text=True)
    summary = json.loads(found.stdout)
    known = re.search(r"with their other comments known: macro-F1 ([0-9.]+)", " ".join(summary["notes"]))
    return 100 * summary["provenance"]["macro_f1"], 100 * float(known[1]) if known else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=pathlib.Path)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("target/release"))
    parser.add_argument("--only", action="append", choices=SETS)
    parser.add_argument("--without", action="append", choices=BLOCKS)
    args = parser.parse_args()
    blocks = args.without or BLOCKS
    print("| data set | all | " + " | ".join(blocks) + " |\n| --- |" + " ---: |" * (len(blocks) + 1))
    for name in args.only or SETS:
        folder = args.records / name
        if not (folder / "train.jsonl").exists():
            print(f"{folder}: no train.jsonl there: left out", file=sys.stderr)
            continue
        everything = figures(args.bin.resolve(), folder, None)
        changed = [figures(args.bin.resolve(), folder, block) for block in blocks]
        for title, at in ((name, 0), ("– known headlines", 1)):
            if everything[at] is not None:
                changes = [f"{c[at] - everything[at]:+.1f}" if c[at] is not None else "" for c in changed]
                print(f"| {title} | {everything[at]:.1f} | " + " | ".join(changes) + " |", flush=True)


if __name__ == "__main__":
    main()
