"""Writes cases.jsonl: random gold and predicted labels with the figures that scikit-learn and numpy give for them.

    python3 make_cases.py > cases.jsonl

Made once with Python 3.11, scikit-learn 1.9.1 and numpy; `tests/metrics.rs` compares. Undefined figures are null.
"""

import json
import math
import warnings

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)

warnings.filterwarnings("ignore")
rng = np.random.default_rng(20260101)


def number(value):
    return None if value is None or math.isnan(value) else float(value)


def expected_calibration_error(p, right):
    bins = np.minimum((p * 10).astype(int), 9)
    return float(sum(abs(right[bins == b].mean() - p[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)))


def case(n, k, sharpness, gold_labels, predicted_labels):
    names = ["a", "b", "c", "d", "off-topic", "é"][:k]
    gold = rng.choice(gold_labels, n)
    logits = rng.normal(size=(n, k)) + sharpness * np.eye(k)[gold]
    p = np.round(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), 4)
    p[:, -1] = np.maximum(np.round(1 - p[:, :-1].sum(1), 4), 0)
    allowed = np.full(k, -np.inf)
    allowed[predicted_labels] = 0
    predicted = (np.log(np.maximum(p, 1e-9)) + allowed).argmax(1)
    everything = list(range(k))
    in_gold = sorted(set(gold.tolist()))
    precision, recall, f1, support = precision_recall_fscore_support(
        gold, predicted, labels=everything, average=None, zero_division=np.nan
    )
    return {
        "labels": names,
        "gold": [names[i] for i in gold],
        "predicted": [names[i] for i in predicted],
        "probabilities": p.tolist(),
        "accuracy": accuracy_score(gold, predicted),
        "macro_f1": f1_score(gold, predicted, labels=in_gold, average="macro", zero_division=0),
        "weighted_f1": f1_score(gold, predicted, labels=in_gold, average="weighted", zero_division=0),
        "kappa": number(cohen_kappa_score(gold, predicted)),
        "precision": [number(x) for x in precision],
        "recall": [number(x) for x in recall],
        "f1": [number(x) for x in f1],
        "support": [int(x) for x in support],
        "confusion": confusion_matrix(gold, predicted, labels=everything).tolist(),
        "log_loss": log_loss(gold, p, labels=everything),
        "calibration_error": expected_calibration_error(p[np.arange(n), predicted], gold == predicted),
    }


for i in range(240):
    n = int(rng.integers(1, 21))
    k = int(rng.integers(2, 7))
    # Every third case lacks labels in gold, every fourth in what is predicted.
    gold_labels = rng.choice(k, int(rng.integers(1, k + 1)), replace=False) if i % 3 == 0 else np.arange(k)
    predicted_labels = rng.choice(k, int(rng.integers(1, k + 1)), replace=False) if i % 4 == 0 else np.arange(k)
    print(json.dumps(case(n, k, float(rng.choice([0, 1, 3])), gold_labels, predicted_labels), ensure_ascii=False))
