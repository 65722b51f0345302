#!/usr/bin/env python3
"""How many contrast pairs, the same text under two articles with different labels, are labelled right on both sides.

    stance-classify --articles data/articles.jsonl data/test.jsonl | contrast_pairs.py data/test.jsonl
"""
import collections
import json
import sys

predicted = {row["id"]: row["label"] for row in map(json.loads, sys.stdin)}
pairs = collections.defaultdict(list)
with open(sys.argv[1], encoding="utf-8") as file:
    for row in map(json.loads, file):
        if "contrast" in row:
            pairs[row["contrast"]].append((row["label"], predicted[row["id"]]))
right, total = collections.Counter(), collections.Counter()
for sides in pairs.values():
    golds = {gold for gold, _ in sides}
    if len(sides) == 2 and len(golds) == 2:
        kind = "confirming / doubting" if golds == {"confirming", "doubting"} else "other labels"
        total[kind] += 1
        right[kind] += all(gold == found for gold, found in sides)
for kind in sorted(total):
    print(f"{kind}: {right[kind]} of {total[kind]} pairs right on both sides")
print(f"all: {sum(right.values())} of {sum(total.values())}")
