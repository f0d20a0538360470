"""Writes one data set of this bench as plain files that every engine reads: `sets.py SET FOLDER SHARED`.

A set whose name ends in -small has few rows. The files are those of ../peers/data.py.
"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'peers'))
from data import higgs_like, table, write  # noqa: E402


def numbers(x, y, task, classes=0, train=None):
    columns = [(f'x{j}', x[:, j], None) for j in range(x.shape[1])]
    return table(columns, y, task, classes, train=train, dtype='f32' if x.dtype == np.float32 else 'f64')


def linear(rows):
    rng = np.random.default_rng(7)
    x = rng.standard_normal((rows, 50))
    return numbers(x, x @ rng.standard_normal(50) + 2 * rng.standard_normal(rows) + 3, 'regression')


def counts(rows):
    """Counts whose logarithm is linear."""
    rng = np.random.default_rng(17)
    x = rng.standard_normal((rows, 20))
    return numbers(x, rng.poisson(np.exp(x @ (0.15 * rng.standard_normal(20)) + 0.5)).astype(float), 'regression')


def support(rows):
    """Two classes for support vector machines: standardised columns of the HIGGS-like generator."""
    data = higgs_like(rows, 42)
    x = np.stack([v for _, v, _ in data['columns']], axis=1).astype(np.float64)[: 2 * rows]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return numbers(x, data['target'][: 2 * rows], 'classification', 2, train=rows)


def images(rows):
    """Ten classes of 784 f32 in [0, 1], about a fifth of them above 0, as pictures of digits are."""
    rng = np.random.default_rng(23)
    total = rows + rows // 6
    label = rng.integers(0, 10, total)
    prototypes = np.where(rng.random((10, 784)) < 0.2, rng.random((10, 784)), 0)
    x = np.clip(prototypes[label] + 0.3 * rng.standard_normal((total, 784)) * (rng.random((total, 784)) < 0.3), 0, 1)
    return numbers(x.astype(np.float32), label.astype(float), 'classification', 10, train=rows)


def neighbours(rows):
    """A few columns of many matter; each is correlated with the one before it."""
    rng = np.random.default_rng(29)
    x = rng.standard_normal((rows, 300))
    for j in range(1, 300):
        x[:, j] = 0.7 * x[:, j - 1] + np.sqrt(1 - 0.49) * x[:, j]
    truth = np.where(rng.random(300) < 0.1, rng.standard_normal(300), 0)
    return numbers(x, x @ truth + 2 * rng.standard_normal(rows) + 3, 'regression')


def sides(rows):
    """Two classes on the sides of a plane, a tenth on the wrong one."""
    rng = np.random.default_rng(31)
    x = rng.standard_normal((rows, 50))
    side = x @ rng.standard_normal(50) + 2 * rng.standard_normal(rows) > 0.5
    return numbers(x, np.where(rng.random(rows) < 0.05, ~side, side).astype(float), 'classification', 2)


def texts(rows):
    """Texts of two messages of the SMS Spam Collection each, drawn at random: a text is spam where the first one is."""
    with open(os.path.join(sys.argv[3], 'sms_spam', 'sms.tsv'), encoding='utf-8') as file:
        messages = [line.rstrip('\n').split('\t', 1) for line in file][1:]
    rng = np.random.default_rng(31)
    total = rows + rows // 5
    first, second = rng.integers(0, len(messages), (2, total))
    written = [f'{messages[a][1]} {messages[b][1]}' for a, b in zip(first, second)]
    labels = sorted(set(written))
    codes = {text: code for code, text in enumerate(labels)}
    column = ('text', np.array([codes[text] for text in written], dtype=float), labels)
    spam = np.array([messages[a][0] == 'spam' for a in first], dtype=float)
    return table([column], spam, 'classification', 2, train=rows)


SETS = {
    'higgs': (lambda rows: higgs_like(rows, 42), 1_000_000),
    'linear': (linear, 500_000),
    'counts': (counts, 200_000),
    'neighbours': (neighbours, 20_000),
    'sides': (sides, 100_000),
    'support': (support, 5_000),
    'images': (images, 60_000),
    'texts': (texts, 50_000),
}

if __name__ == '__main__':
    name, folder = sys.argv[1], sys.argv[2]
    make, rows = SETS[name.removesuffix('-small')]
    write(make(2_000 if name.endswith('-small') else rows), name, 0, folder)
