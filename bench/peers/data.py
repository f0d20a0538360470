"""Data of the suites as plain files that every engine reads.

columns.bin: the features column by column, f32 or f64 as `dtype` says; a category is its code, a missing value NaN.
target.bin: f64, a class is its code. meta.json: rows, of which the first `train` are trained on, names and kinds.
"""
import csv
import gzip
import json
import os

import numpy as np


def table(columns, target, task, classes, train=None, dtype='f64'):
    return {'columns': columns, 'target': target, 'task': task, 'classes': classes, 'train': train, 'dtype': dtype}


def higgs_like(rows, seed):
    """The generator of the figures to beat: 28 f32 features, the best possible AUC is .862."""
    test = min(100_000, rows)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows + test, 28), dtype=np.float32)
    x[:, 7:14] = np.exp(x[:, 7:14] / 2)
    x[:, 14:18] = np.abs(x[:, 14:18])
    x[:, 18:21] = np.round(x[:, 18:21] * 2) / 2
    c = lambda j: x[:, j]
    logit = (1.2 * c(0) * c(1) + 0.9 * np.sin(2 * c(2)) + 0.8 * (c(7) * c(8) - 1.3) + 0.9 * (c(14) - 0.8) * c(3)
             + 0.7 * np.where(c(18) > 0.5, c(4), -c(5)) + 0.6 * (c(21) ** 2 - 1)
             + 0.5 * c(22) * c(23) * np.sign(c(24)) + 0.35 * (c(25) - c(26)))
    y = (rng.random(rows + test) < 1 / (1 + np.exp(-logit))).astype(np.float64)
    names = [f'x{j}' for j in range(28)]
    return table([(name, x[:, j], None) for j, name in enumerate(names)], y, 'classification', 2, train=rows, dtype='f32')


def codes(texts):
    """Codes in the order of the sorted labels; `?` and empty cells are missing."""
    labels = sorted({t for t in texts if t not in ('', '?')})
    place = {label: code for code, label in enumerate(labels)}
    return np.array([place.get(t, np.nan) for t in texts]), labels


def read_csv(path):
    with (gzip.open(path, 'rt') if path.endswith('.gz') else open(path)) as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    return rows[0], list(zip(*rows[1:]))


def write(data, name, seed, folder):
    os.makedirs(folder, exist_ok=True)
    kind = np.float32 if data['dtype'] == 'f32' else np.float64
    with open(f'{folder}/columns.bin', 'wb') as file:
        for _, values, _ in data['columns']:
            np.ascontiguousarray(values, dtype=kind).tofile(file)
    data['target'].astype(np.float64).tofile(f'{folder}/target.bin')
    meta = {'name': name, 'seed': seed, 'rows': len(data['target']), 'train': data['train'], 'task': data['task'],
            'classes': data['classes'], 'dtype': data['dtype'],
            'columns': [{'name': n, 'labels': labels} for n, _, labels in data['columns']]}
    with open(f'{folder}/meta.json', 'w') as file:
        json.dump(meta, file)
