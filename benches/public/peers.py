"""The peers that run.py sets beside stance, on the same records, each with its usual settings."""
import os
import resource
import subprocess
import sys
import tempfile
import time


def run(command):
    """Runs `command` silently; the most memory that it held, in MB."""
    child = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, command)
    return usage.ru_maxrss / 1024


def text_of(row):
    """What a peer that knows no article is given: the comment, then the claim behind a bar."""
    return f"{row['text']} | {row.get('headline') or ''}"


def scikit_learn(train, test):
    """Words and characters inside words, tf-idf, logistic regression with balanced weights."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    started = time.perf_counter()
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
    model = make_pipeline(make_union(words, characters), LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000))
    model.fit([text_of(r) for r in train], [r["label"] for r in train])
    seconds = time.perf_counter() - started
    labels = model.predict([text_of(r) for r in test])
    return dict(zip((r["id"] for r in test), labels)), seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fast_text(train, test):
    """Word 1-2-grams and character 2-5-grams, 25 epochs, two threads."""
    import fasttext

    line = lambda row: " ".join(text_of(row).split())
    labels = sorted({r["label"] for r in train})
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.writelines(f"__label__{labels.index(r['label'])} {line(r)}\n" for r in train)
        file.flush()
        started = time.perf_counter()
        model = fasttext.train_supervised(file.name, epoch=25, wordNgrams=2, minn=2, maxn=5, thread=2, verbose=0)
        seconds = time.perf_counter() - started
    found = model.f.multilinePredict([line(r) + "\n" for r in test], 1, 0.0, "strict")[1]
    chosen = [labels[int(f[0][len("__label__"):])] for f in found]
    return dict(zip((r["id"] for r in test), chosen)), seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def installed():
    """The peers that can be imported here, by name."""
    found = {}
    for name, module, run_it in [("scikit-learn", "sklearn", scikit_learn), ("fastText", "fasttext", fast_text)]:
        try:
            __import__(module)
            found[name] = run_it
        except ImportError:
            print(f"{name} is not installed: left out", file=sys.stderr)
    return found
