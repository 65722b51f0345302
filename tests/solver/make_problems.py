#!/usr/bin/env python3
"""Writes the problems of tests/solver.rs with the objectives that scikit-learn reaches.

    python3 tests/solver/make_problems.py        (from the project's folder; scikit-learn 1.9.1, numpy)

Each file is one JSON object: the sparse rows ([[column, value], ...]), targets, row weights, alpha, and the objective
    sum_i w_i (log sum_l exp(x_i W_l + b_l) - (x_i W + b)_yi) + alpha/2 |W|^2
at the optimum that LogisticRegression(C=1/alpha, tol=1e-12) finds. Values are rounded to single precision first, as the
program stores them.
"""
import json, re
import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

def write(name, x, y, weights, alpha):
    x = csr_matrix(x.astype(np.float32).astype(np.float64))
    model = LogisticRegression(C=1 / alpha, solver="newton-cg", tol=1e-12, max_iter=100_000)
    model.fit(x, y, sample_weight=weights)
    z = x @ model.coef_.T + model.intercept_
    loss = weights @ (logsumexp(z, axis=1) - z[np.arange(len(y)), y])
    objective = loss + alpha / 2 * (model.coef_ ** 2).sum()
    rows = [[[int(c), round(float(v), 9)] for c, v in zip(r.indices, r.data)] for r in x]
    problem = {"n_columns": x.shape[1], "alpha": alpha, "objective": objective, "targets": y.tolist(),
               "weights": weights.tolist(), "rows": rows}
    with open(f"tests/solver/{name}.json", "w") as f:
        json.dump(problem, f, separators=(",", ":"))
        f.write("\n")
    print(name, x.shape, objective)

rng = np.random.default_rng(7)

# Dense normal columns, three labels that overlap.
x = rng.normal(size=(150, 6))
y = np.digitize(x[:, 0] - 0.5 * x[:, 1] + rng.normal(size=150), [-0.6, 0.6])
write("dense", x, y, np.ones(150), 0.7)

# Words of the project's own comments, counts over the square root of their sum, four labels.
rows = [json.loads(line) for line in open("data/dev.jsonl")][:250]
words = [re.findall(r"\w+", r["text"].lower()) for r in rows]
column = {w: i for i, w in enumerate(sorted({w for ws in words for w in ws}))}
x = np.zeros((len(rows), len(column)))
for i, ws in enumerate(words):
    for w in ws:
        x[i, column[w]] += 1
x /= np.sqrt(np.maximum(x.sum(axis=1, keepdims=True), 1))
labels = sorted({r["label"] for r in rows})
write("words", x, np.array([labels.index(r["label"]) for r in rows]), np.ones(len(rows)), 0.25)

# Columns of sizes from 0.01 to 100, a rare label, rows of different weight, some of weight 0.
x = rng.normal(size=(200, 5)) * [0.01, 0.1, 1, 10, 100] * (rng.random((200, 5)) < 0.6)
y = np.where(rng.random(200) < 0.04, 2, (x[:, 2] + 0.05 * x[:, 3] + rng.normal(size=200) > 0).astype(int))
write("weighted", x, y, rng.integers(0, 4, size=200) / 2, 0.05)
