#!/usr/bin/env python3
"""Trains the line model of the text cleaner and writes config/line_model.txt.

    train_line_model.py --features FEATURES.tsv --labels LABELS.tsv --out config/line_model.txt [--report]

Data recipe. Take web pages with a human-made text of the article (WCXB, CC BY 4.0, or your own), extract each in
several bad ways (the main element's text, readability, a greedy extractor with comments, with image alt texts), and
label each line of each extraction against the truth: K (at least 80 % of its words stand there, in order), D (none
does); leave out the rest. LABELS.tsv has `id, line, label, words, page` with a header, and
`cargo run --release --example line_features < texts.ndjson > FEATURES.tsv` makes the features of the same ids.

Only lines that no phrase rule cuts are trained on. `--report` prints how many good words are lost and how many noise
words go at each bar, by cross-validation in which all extractions of one page stay on one side. Needs numpy and
lightgbm; one seed, one thread, so that the same data gives the same file.
"""
import argparse
import csv

import lightgbm
import numpy

PARAMS = dict(
    objective="binary", learning_rate=0.08, num_leaves=15, min_data_in_leaf=60, feature_fraction=0.7,
    bagging_fraction=0.8, bagging_freq=1, lambda_l2=5, max_bin=255, seed=1, num_threads=1, deterministic=True,
    force_row_wise=True, verbose=-1,
)
TREES = 160
FOLDS = 4


def read(features_path, labels_path):
    labels = {}
    with open(labels_path, newline="") as f:
        for row in csv.DictReader(f, delimiter="\t"):
            labels[row["id"], row["line"]] = (row["label"] == "D", float(row["words"]), row["page"])
    rows, noise, words, pages = [], [], [], []
    with open(features_path) as f:
        names = f.readline().rstrip("\n").split("\t")[3:]
        for line in f:
            doc, number, cut, *values = line.rstrip("\n").split("\t")
            if cut == "0" and (doc, number) in labels:
                label = labels[doc, number]
                rows.append(numpy.array(values, numpy.float32))
                noise.append(label[0])
                words.append(label[1])
                pages.append(label[2])
    return names, numpy.array(rows), numpy.array(noise), numpy.array(words), numpy.array(pages)


def train(rows, noise, words):
    # Long lines matter more, but not by their full length: a paragraph is one decision.
    weights = numpy.sqrt(numpy.maximum(1, words))
    return lightgbm.train(PARAMS, lightgbm.Dataset(rows, noise.astype(int), weight=weights), TREES)


def report(rows, noise, words, pages):
    folds = dict(zip(sorted(set(pages)), numpy.random.RandomState(7).permutation(len(set(pages))) % FOLDS))
    fold = numpy.array([folds[page] for page in pages])
    score = numpy.zeros(len(noise))
    for n in range(FOLDS):
        score[fold == n] = train(rows[fold != n], noise[fold != n], words[fold != n]).predict(rows[fold == n])
    for bar in (0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98):
        cut = score >= bar
        lost = words[cut & ~noise].sum() / words[~noise].sum()
        gone = words[cut & noise].sum() / words[noise].sum()
        print(f"bar {bar:.2f}: good words lost {100 * lost:.3f} %, noise words gone {100 * gone:.1f} %")


def tree(node, names):
    if "leaf_value" in node:
        return f"={node['leaf_value']:.4f}"
    left, right = tree(node["left_child"], names), tree(node["right_child"], names)
    return f"{names[node['split_feature']]}<={float(node['threshold']):.6g} {left} {right}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", required=True)
    parser.add_argument("--labels", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--report", action="store_true")
    args = parser.parse_args()
    names, rows, noise, words, pages = read(args.features, args.labels)
    if args.report:
        report(rows, noise, words, pages)
    model = train(rows, noise, words)
    with open(args.out, "w") as f:
        f.write("# The line model of the text cleaner. Made by tools/train_line_model.py; do not edit.\n")
        f.write("# One tree a line: feature<=threshold, then the branch of lines up to it, then the other; =value is a leaf.\n")
        f.write("# The leaves reached are summed; the logistic function of the sum is the score.\n")
        for info in model.dump_model()["tree_info"]:
            f.write(tree(info["tree_structure"], names) + "\n")


if __name__ == "__main__":
    main()
