#!/usr/bin/env python3
"""Train the block model of the HTML front end.

    train.py DATA WORK [--binary target/release/examples/html_features] [--final MODEL.txt]

DATA holds `truth.jsonl` or `truth.jsonl.gz` ({"id", "url", "text"}) and the folder `html/` with `<id>.html`; WORK takes the
intermediate files. Needs lightgbm 4.7, numpy and rapidfuzz. Seeds are fixed and training runs on one thread, so that the same
data gives the same model. Prints cross-validated scores, folds split by site, with their spread.
"""
import argparse, gzip, hashlib, json, os, re, subprocess, statistics
from collections import Counter
from urllib.parse import urlparse

import lightgbm as lgb
import numpy as np
from rapidfuzz.distance import LCSseq

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("data"); ap.add_argument("work")
ap.add_argument("--html", help="folder of the pages, DATA/html unless told")
ap.add_argument("--binary", default="target/release/examples/html_features")
ap.add_argument("--final", help="train on everything and write the model here")
ap.add_argument("--folds", type=int, default=5)
ap.add_argument("--trees", type=int, default=160); ap.add_argument("--leaves", type=int, default=16)
ap.add_argument("--rate", type=float, default=0.08); ap.add_argument("--threads", type=int, default=1)
a = ap.parse_args()
WORDS = re.compile(r"\w+")


def truth():
    path = f"{a.data}/truth.jsonl"
    opened = open(path, encoding="utf-8") if os.path.exists(path) else gzip.open(path + ".gz", "rt", encoding="utf-8")
    return [json.loads(line) for line in opened]


def site(url):
    return ".".join((urlparse(url).hostname or "").split(".")[-2:])


def tokens(text):
    return WORDS.findall(text.casefold().replace("\u00ad", ""))


def labels(texts, text):
    """Share of each block's words that a longest common subsequence of page and truth matches."""
    vocabulary, page, owner, sizes = {}, [], [], []
    for i, block in enumerate(texts):
        block = tokens(block)
        sizes.append(len(block)); page += [vocabulary.setdefault(w, len(vocabulary)) for w in block]; owner += [i] * len(block)
    want = [vocabulary.get(w, -1) for w in tokens(text)]
    matched = np.zeros(len(texts))
    for op in LCSseq.opcodes(page, want):
        if op.tag == "equal":
            for k in range(op.src_start, op.src_end): matched[owner[k]] += 1
    sizes = np.array(sizes)
    return matched / np.maximum(sizes, 1), sizes


def shingles(words, n=4):
    return Counter(tuple(words[i:i + n]) for i in range(max(1, len(words) - n + 1))) if words else Counter()


def page_score(texts, keep, text):
    p = [w for t, k in zip(texts, keep) if k for w in WORDS.findall(t.replace("\u00ad", ""))]
    t = WORDS.findall(text.replace("\u00ad", ""))
    x, y = shingles(p), shingles(t)
    tp = sum((x & y).values())
    return (tp / sum(x.values()) if x else None), (tp / sum(y.values()) if y else None)


def summary(scores):
    ps = [p for p, r in scores if p is not None]; rs = [r for p, r in scores if r is not None]
    p, r = statistics.fmean(ps), statistics.fmean(rs)
    return 2 * p * r / (p + r), p, r


def rows():
    args = [a.binary, f"{a.work}/pages.jsonl"]
    out = subprocess.Popen(args, stdout=subprocess.PIPE)
    names = json.loads(out.stdout.readline())["names"]
    pages = {}
    for line in out.stdout:
        r = json.loads(line)
        judged = np.array([row is not None for row in r["rows"]], dtype=bool)  # the others are never kept
        pages[r["id"]] = (r["texts"], np.array([row for row in r["rows"] if row is not None], dtype=np.float32).reshape(-1, len(names)), judged)
    return names, pages


def train(x, y, w):
    data = lgb.Dataset(x, y, weight=w, feature_name=names)
    return lgb.train(dict(objective="binary", num_leaves=a.leaves, learning_rate=a.rate, min_data_in_leaf=40, feature_fraction=0.4,
                          bagging_fraction=0.7, bagging_freq=1, lambda_l2=5.0, max_bin=127, seed=7, deterministic=True,
                          force_row_wise=True, num_threads=a.threads, verbose=-1), data, a.trees)


def export(model, names, out):
    """One line a tree, nodes in prefix order: `feature<=threshold` goes on to the left child, `=value` ends."""
    for tree in model.dump_model()["tree_info"]:
        parts, stack = [], [tree["tree_structure"]]
        while stack:
            node = stack.pop()
            if "leaf_value" in node and "split_feature" not in node: parts.append(f"={node['leaf_value']:.4g}")
            else:
                parts.append(f"{names[node['split_feature']]}<={node['threshold']:.5g}")
                stack += [node["right_child"], node["left_child"]]
        out.write(" ".join(parts) + "\n")


T = truth(); os.makedirs(a.work, exist_ok=True)
folder = a.html or f"{a.data}/html"
if not os.path.exists(f"{a.work}/pages.jsonl"):
    with open(f"{a.work}/pages.jsonl", "w") as f:
        for t in T:
            html = open(f"{folder}/{t['id']}.html", encoding="utf-8", errors="replace").read()
            f.write(json.dumps({"id": t["id"], "url": t["url"], "html": html}) + "\n")
names, pages = rows()
label, weight, fold = {}, {}, {}
for t in T:
    share, size = labels(pages[t["id"]][0], t["text"])
    label[t["id"]] = (share >= 0.5).astype(np.float32)
    w = (size + 1.0) / (len(tokens(t["text"])) + 50.0)
    bad = w[share < 0.5].sum()
    if bad > 1.5: w[share < 0.5] *= 1.5 / bad
    weight[t["id"]] = w
    fold[t["id"]] = int(hashlib.md5(site(t["url"]).encode()).hexdigest(), 16) % a.folds
ids = [t["id"] for t in T]; text = {t["id"]: t["text"] for t in T}
best = [page_score(pages[i][0], label[i] > 0, text[i]) for i in ids]
print("best choice of blocks: F1 %.4f P %.4f R %.4f" % summary(best))


def stack(which):
    judged = {i: pages[i][2] for i in which}
    return [np.concatenate(d) for d in ([pages[i][1] for i in which], [label[i][judged[i]] for i in which], [weight[i][judged[i]] for i in which])]


out = {}
for k in range(a.folds):
    model = train(*stack([i for i in ids if fold[i] != k]))
    for i in ids:
        if fold[i] == k:
            out[i] = np.zeros(len(pages[i][0]))
            if len(pages[i][1]): out[i][pages[i][2]] = model.predict(pages[i][1], num_threads=a.threads)
for th in (0.3, 0.35, 0.4, 0.45, 0.5, 0.55):
    per_fold = [summary([page_score(pages[i][0], out[i] > th, text[i]) for i in ids if fold[i] == k])[0] for k in range(a.folds)]
    f, p, r = summary([page_score(pages[i][0], out[i] > th, text[i]) for i in ids])
    print(f"threshold {th:.2f}: F1 {f:.4f} P {p:.4f} R {r:.4f}; folds {min(per_fold):.4f}–{max(per_fold):.4f} sd {statistics.stdev(per_fold):.4f}", flush=True)
with open(f"{a.work}/crossed.jsonl", "w") as f:
    for i in ids: f.write(json.dumps({"id": i, "text": "\n\n".join(t for t, p in zip(pages[i][0], out[i]) if p > 0.45)}) + "\n")
if a.final:
    model = train(*stack(ids))
    with open(a.final, "w") as f:
        f.write("# Block model of the HTML front end, written by docs/html_model/train.py. One line a tree, nodes in prefix order.\n")
        export(model, names, f)
    gain = sorted(zip(model.feature_importance("gain"), names), reverse=True)
    print("most telling:", ", ".join(f"{n} {g:.0f}" for g, n in gain[:40]))
