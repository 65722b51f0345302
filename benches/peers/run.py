#!/usr/bin/env python3
"""Runs `stance` and its peers on the same records, in turn, in one go, and prints what each needed and reached.

    python3 benches/peers/run.py FOLDER [--repeat 3] [--rows 1000000] [--bin target/release] [--tasks rumoureval2019,…] [--classify-only]

FOLDER holds public data in the project's record format: NAME/train.jsonl, and NAME/dev.jsonl or a fifth of the training
groups in its place, for each NAME of --tasks; and throughput_en.jsonl for classifying. The script installs nothing: a
peer that is not there (fasttext, vowpalwabbit, scikit-learn, as Python packages) is named and left out.

Every program runs by itself, one after the other, --repeat times; figures are medians. Beside the seconds stands the
processor time of all threads, which other work on the machine disturbs less; ratios are of that. Times of the Python
peers leave out starting Python and importing packages; those of `stance` are of the whole program. "F1" is the macro-F1
on the held-out rows, so that none wins by doing less. All learn from the comments' text; `stance` also from its context
where the records have one, which it reads either way ("text only" leaves it out).

The large set is --rows rows of the first task's training rows, drawn with replacement, one word in twenty dropped, the
seed fixed; all programs learn from its text only, and label it. F1 is on the task's held-out rows. Penalties are fixed
there. scikit-learn is left out: it needs tens of minutes.
"""
import argparse, json, os, random, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

def read(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]

def one_line(text):
    return " ".join(text.split())

def macro_f1(gold, predicted):
    f1 = []
    for label in set(gold):
        right = sum(g == p == label for g, p in zip(gold, predicted))
        both = sum(g == label for g in gold) + sum(p == label for p in predicted)
        f1.append(2 * right / both)
    return sum(f1) / len(f1)

def clock():
    return time.perf_counter(), time.process_time()

def report(start, predicted=None, size=None, end=None):
    """Tells the parent what ran from `start` to `end`, or until now."""
    seconds, cpu = (b - a for a, b in zip(start, end or clock()))
    json.dump({"seconds": seconds, "cpu": cpu, "predicted": predicted, "size": size}, sys.stdout)

# What the Python peers do, each in a process of its own.

def child_sklearn(train, test, _):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union
    train, test = read(train), read(test)
    start = clock()
    model = make_pipeline(
        make_union(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
                   TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)),
        LogisticRegression(C=1.0, max_iter=1000))
    model.fit([r["text"] for r in train], [r["label"] for r in train])
    end = clock()
    report(start, model.predict([r["text"] for r in test]).tolist(), end=end)

def fasttext_lines(rows, path):
    with open(path, "w", encoding="utf-8") as f:
        for r in rows:
            f.write(f"__label__{r['label'].replace(' ', '_')} {one_line(r['text'])}\n")

def child_fasttext(train, test, kind):
    import fasttext
    train, test = read(train), read(test)
    with tempfile.TemporaryDirectory() as folder:
        fasttext_lines(train, f"{folder}/train")
        start = clock()
        n = {"words": {}, "pairs": dict(wordNgrams=2), "chars": dict(wordNgrams=2, minn=2, maxn=5)}[kind]
        model = fasttext.train_supervised(f"{folder}/train", thread=os.cpu_count(), verbose=0, **n)
        end = clock()
        model.save_model(f"{folder}/model")
        labels, _ = model.f.multilinePredict([one_line(r["text"]) + "\n" for r in test], 1, 0.0, "strict")
        back = {r["label"].replace(" ", "_"): r["label"] for r in train}
        predicted = [back[l[0].removeprefix("__label__")] for l in labels]
        report(start, predicted, os.path.getsize(f"{folder}/model"), end)

def child_vw(train, test, n_passes):
    import vowpalwabbit
    train, test = read(train), read(test)
    labels = sorted({r["label"] for r in train})
    clean = lambda r: one_line(r["text"]).replace(":", " ").replace("|", " ")
    start = clock()
    vw = vowpalwabbit.Workspace(f"--oaa {len(labels)} --loss_function logistic --ngram 2 --affix +3,-3 --quiet")
    for _ in range(int(n_passes)):
        for r in train:
            vw.learn(f"{labels.index(r['label']) + 1} | {clean(r)}")
    end = clock()
    report(start, [labels[int(vw.predict(f"| {clean(r)}")) - 1] for r in test], end=end)

def child_fasttext_predict(train, test, chars):
    """Trains, then labels the lines of `test` on one thread and writes the labels."""
    import fasttext
    with tempfile.TemporaryDirectory() as folder:
        fasttext_lines(read(train), f"{folder}/train")
        n = dict(wordNgrams=2, minn=2, maxn=5) if chars == "chars" else {}
        model = fasttext.train_supervised(f"{folder}/train", verbose=0, **n)
        lines = [one_line(r["text"]) + "\n" for r in read(test)]
        start = clock()
        labels, _ = model.f.multilinePredict(lines, 1, 0.0, "strict")
        with open(f"{folder}/out", "w") as f:
            f.writelines(l[0] + "\n" for l in labels)
        report(start)

CHILDREN = {"sklearn": child_sklearn, "fasttext": child_fasttext, "vw": child_vw, "fasttext_predict": child_fasttext_predict}

def measured(command, **more):
    """Runs `command`: its output, seconds, seconds of processor time, and the most memory in MB."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, **more)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit status {process.returncode}")
        out.seek(0)
        return out.read().decode(), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

def child(name, *arguments, pin=()):
    out, _, _, memory = measured([*pin, sys.executable, __file__, "--child", name, *map(str, arguments)])
    found = json.loads(out)
    return found["seconds"], found["cpu"], memory, found["predicted"], found["size"]

def stance(options, flags, train, test, folder, threads=None):
    model = Path(folder) / "model"
    shutil.rmtree(model, ignore_errors=True)
    threads = ["--threads", str(threads)] if threads else []
    _, seconds, cpu, memory = measured([f"{options.bin}/stance-train", "--train", train, "--output", model, *flags, *threads])
    out, _, _, _ = measured([f"{options.bin}/stance-classify", "--model", model, test])
    predicted = [json.loads(line)["label"] for line in out.splitlines()]
    return seconds, cpu, memory, predicted, sum(f.stat().st_size for f in model.iterdir())

def there(package):
    return subprocess.run([sys.executable, "-c", f"import {package}"], capture_output=True).returncode == 0

def table(title, runs, n_repeat, gold):
    """Runs each of `runs` in turn, `n_repeat` times, and prints a table; ratios are to the first."""
    found = {name: [] for name in runs}
    for _ in range(n_repeat):
        for name, run in runs.items():
            found[name].append(run())
    print(f"\n{title}\n{'':34}{'seconds':>9}{'CPU s':>9}{'ratio':>8}{'MB':>8}{'model MB':>10}{'F1':>8}")
    first = None
    for name, results in found.items():
        seconds, cpu = (statistics.median(r[i] for r in results) for i in (0, 1))
        first = first or cpu
        memory = max(r[2] for r in results)
        *_, predicted, size = results[0]
        f1 = f"{macro_f1(gold, predicted):.3f}" if gold and predicted else "–"
        size = f"{size / 1e6:.1f}" if size else "–"
        print(f"{name:34}{seconds:9.2f}{cpu:9.2f}{cpu / first:8.2f}{memory:8.0f}{size:>10}{f1:>8}", flush=True)

def split(folder):
    """The training and held-out rows of a task."""
    rows = read(folder / "train.jsonl")
    if (folder / "dev.jsonl").exists():
        return rows, read(folder / "dev.jsonl")
    groups = sorted({str(r.get("group", r.get("headline"))) for r in rows})
    held = set(random.Random(1).sample(groups, len(groups) // 5))
    is_held = lambda r: str(r.get("group", r.get("headline"))) in held
    return [r for r in rows if not is_held(r)], [r for r in rows if is_held(r)]

def write(rows, path):
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
    return path

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the large set, 0 for none")
    parser.add_argument("--bin", type=Path, default=Path("target/release"))
    parser.add_argument("--classify-only", action="store_true", help="leave the tables of training out")
    parser.add_argument("--tasks", default="rumoureval2019,semeval2016t6")
    options = parser.parse_args()
    if not options.folder.is_dir():
        sys.exit(f"{options.folder}: no such folder; expected the public data, see --help")
    peers = {p: there(p) for p in ["sklearn", "fasttext", "vowpalwabbit"]}
    for package in [p for p, found in peers.items() if not found]:
        print(f"left out: no Python package {package}")
    fixed = ["--text-alpha", "1", "--stance-alpha", "30"]
    large = None
    for task in options.tasks.split(","):
        if not (options.folder / task / "train.jsonl").exists():
            print(f"left out: no {options.folder / task}/train.jsonl")
            continue
        train, test = split(options.folder / task)
        large = large or (task, train, test)
        if options.classify_only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            a, b = write(train, f"{folder}/train.jsonl"), write(test, f"{folder}/test.jsonl")
            bare = lambda rows: [{k: v for k, v in r.items() if k in ("id", "text", "label", "group")} for r in rows]
            bare_a, bare_b = write(bare(train), f"{folder}/bare.jsonl"), write(bare(test), f"{folder}/bare-test.jsonl")
            runs = {
                "stance, text only, fixed": lambda: stance(options, fixed, bare_a, bare_b, folder),
                "stance, fixed penalties": lambda: stance(options, fixed, a, b, folder),
                "stance, penalties searched": lambda: stance(options, [], a, b, folder),
            }
            if peers["sklearn"]:
                runs["scikit-learn, words and characters"] = lambda: child("sklearn", a, b, "")
            if peers["fasttext"]:
                runs["fastText, words and pairs"] = lambda: child("fasttext", a, b, "pairs")
                runs["fastText, and characters"] = lambda: child("fasttext", a, b, "chars")
            if peers["vowpalwabbit"]:
                runs["Vowpal Wabbit, 5 passes"] = lambda: child("vw", a, b, 5)
            table(f"{task}: training on {len(train)} rows, F1 on {len(test)}", runs, options.repeat, [r["label"] for r in test])
    if options.rows and large:
        run_large(options, peers, fixed, *large)

def drawn(rows, n):
    """Rows drawn with replacement, one word in twenty dropped."""
    rng = random.Random(1)
    for i in range(n):
        row = rng.choice(rows)
        words = [w for w in row["text"].split() if rng.random() >= 0.05]
        yield {"id": str(i), "text": " ".join(words), "label": row["label"], "group": row.get("group")}

def run_large(options, peers, fixed, task, train, test):
    with tempfile.TemporaryDirectory() as folder:
        rows, small = (Path(write(r, f"{folder}/{n}.jsonl")) for r, n in [(drawn(train, options.rows), "rows"), (train, "small")])
        bare = write([{k: r[k] for k in ("text", "label")} for r in test], f"{folder}/test.jsonl")
        runs = {"stance, fixed penalties": lambda: stance(options, fixed, rows, bare, folder)}
        if peers["fasttext"]:
            runs["fastText, words (its default)"] = lambda: child("fasttext", rows, bare, "words")
        if peers["vowpalwabbit"]:
            runs["Vowpal Wabbit, 1 pass"] = lambda: child("vw", rows, bare, 1)
        gold = [r["label"] for r in test]
        if not options.classify_only:
            table(f"{task}, {options.rows} drawn rows: training on two threads", runs, options.repeat, gold)

        texts = write([{k: r[k] for k in ("text", "label", "group") if k in r} for r in train], f"{folder}/texts.jsonl")
        stance(options, fixed, texts, bare, folder)
        one = ["taskset", "-c", "0"] if shutil.which("taskset") else []
        def classify(file, threads, pin):
            command = [*pin, f"{options.bin}/stance-classify", "--model", f"{folder}/model", "--threads", str(threads), file]
            _, seconds, cpu, memory = measured(command)
            return seconds, cpu, memory, None, None
        source = options.folder / "throughput_en.jsonl"
        for name, file in {f"{options.rows} drawn rows": rows, source.name: source}.items():
            if not file.exists():
                print(f"left out: no {file}")
                continue
            runs = {
                "stance-classify, one core": lambda: classify(file, 1, one),
                "stance-classify, two threads": lambda: classify(file, 2, []),
            }
            if peers["fasttext"]:
                runs["fastText predict, words, one core"] = lambda: child("fasttext_predict", small, file, "words", pin=one)
                runs["fastText predict, characters too"] = lambda: child("fasttext_predict", small, file, "chars", pin=one)
            table(f"{name}: classifying by a model of {len(train)} rows", runs, options.repeat, None)

if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        CHILDREN[sys.argv[2]](*sys.argv[3:6])
    else:
        main()
