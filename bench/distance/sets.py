"""Writes one data set of this bench as plain files that every engine reads: `sets.py SET FOLDER SHARED`.

A set whose name ends in -small has few rows. The files are those of ../peers/data.py; where there are queries, they are the
rows behind the first `train`.
"""
import gzip
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'peers'))
from data import read_csv, table, write  # noqa: E402


def points(x, target=None, classes=0, train=None):
    columns = [(f'x{j}', x[:, j], None) for j in range(x.shape[1])]
    target = np.zeros(len(x)) if target is None else target
    return table(columns, target, 'clustering', classes, train=train, dtype='f32' if x.dtype == np.float32 else 'f64')


def blobs(rows, small):
    """50 clusters around centres twice as far out as one, spread 1.5, 32 columns."""
    rng = np.random.default_rng(11)
    centers = 2 * rng.standard_normal((50, 32))
    label = rng.integers(0, 50, rows)
    return points(centers[label] + 1.5 * rng.standard_normal((rows, 32)), label.astype(float), 50)


def shapes(rows, small):
    """In the plane: two half moons, a ring, three clusters of differing density, a tenth noise."""
    rng = np.random.default_rng(17)
    part = rng.choice(7, rows, p=[0.2, 0.2, 0.15, 0.15, 0.1, 0.1, 0.1])
    angle = rng.random(rows) * np.pi
    rough = 0.07 * rng.standard_normal((rows, 2))
    centers = np.array([[0, 0], [0, 0], [0, 0], [6, 0], [6, 4], [0, 5], [0, 0]], float)
    x = centers[part] + np.array([0, 0, 0, 0.5, 0.25, 1.0, 0])[part, None] * rng.standard_normal((rows, 2))
    x[part == 0] = (np.c_[np.cos(angle), np.sin(angle)] + rough)[part == 0]
    x[part == 1] = (np.c_[1 - np.cos(angle), 0.4 - np.sin(angle)] + rough)[part == 1]
    x[part == 2] = (np.c_[3 + 0.5 * np.cos(2 * angle), 2 + 0.5 * np.sin(2 * angle)] + rough / 2)[part == 2]
    x[part == 6] = rng.uniform([-4, -3], [9, 9], (rows, 2))[part == 6]
    return points(x, part.astype(float), 7)


def clouds(rows, small):
    """20 clusters in 16 columns, spreads from 0.4 to 1."""
    rng = np.random.default_rng(19)
    label = rng.integers(0, 20, rows)
    spread = np.linspace(0.4, 1, 20)[label, None]
    return points(2 * rng.standard_normal((20, 16))[label] + spread * rng.standard_normal((rows, 16)), label.astype(float), 20)


def normals(rows, small):
    """Points without structure, and a tenth as many queries: the hardest for every index."""
    rng = np.random.default_rng(13)
    return points(rng.standard_normal((rows + rows // 10, 64)).astype(np.float32), train=rows)


def few_columns(rows, small):
    """Normal points of eight columns, and a tenth as many queries: where trees pass most points over."""
    rng = np.random.default_rng(17)
    return points(rng.standard_normal((rows + rows // 10, 8)), train=rows)


def images(rows, small):
    """The first 10,000 pictures of MNIST, 784 f32 in [0, 1]; the last tenth are queries."""
    header, cells = read_csv(os.path.join(sys.argv[3], 'mnist10k', 'mnist10k.csv.gz'))
    values = np.array(cells, dtype=float).T[:rows]
    at = header.index('label') if 'label' in header else 0
    x = np.delete(values, at, axis=1).astype(np.float32) / 255
    return points(x, values[:, at], 10, train=len(x) - len(x) // 10)


def purchases(rows, small):
    """Who bought what of online_retail, ln(1 + quantity) a pair; the latest item of each customer tests."""
    header, cells = read_csv(os.path.join(sys.argv[3], 'online_retail', 'online_retail.csv.gz'))
    place = {name: j for j, name in enumerate(header)}
    customers, items, quantities, dates = (cells[place[n]] for n in ('CustomerID', 'StockCode', 'Quantity', 'InvoiceDate'))
    bought, latest = {}, {}
    for customer, item, quantity, date in zip(customers, items, quantities, dates):
        if not customer:
            continue
        pair = (float(customer), item)
        bought[pair] = bought.get(pair, 0.0) + float(quantity)
        if date >= latest.get(pair[0], ('', ''))[0]:
            latest[pair[0]] = (date, item)
    pairs = sorted((pair, weight) for pair, weight in bought.items() if weight > 0)[:rows]
    has = {}
    for (customer, _), _ in pairs:
        has[customer] = has.get(customer, 0) + 1
    held = [latest[customer][1] == item and has[customer] > 1 for (customer, item), _ in pairs]
    ordered = [p for p, h in zip(pairs, held) if not h] + [p for p, h in zip(pairs, held) if h]
    users, places = ({v: j for j, v in enumerate(sorted({p[0][k] for p in ordered}))} for k in (0, 1))
    columns = [('user', np.array([users[p[0][0]] for p in ordered], float), None),
               ('item', np.array([places[p[0][1]] for p in ordered], float), None)]
    weights = np.log1p(np.array([p[1] for p in ordered]))
    return table(columns, weights, 'recommendation', 0, train=len(held) - sum(held))


# Name: (how it is made, rows, rows of the small one)
SETS = {
    'blobs': (blobs, 200_000, 2_000),
    'normals': (normals, 50_000, 2_000),
    'few-columns': (few_columns, 200_000, 4_000),
    'images': (images, 10_000, 1_000),
    'shapes': (shapes, 20_000, 1_500),
    'clouds': (clouds, 10_000, 1_500),
    'purchases': (purchases, 1_000_000, 20_000),
}

if __name__ == '__main__':
    name, folder = sys.argv[1], sys.argv[2]
    make, rows, few = SETS[name.removesuffix('-small')]
    small = name.endswith('-small')
    write(make(few if small else rows, small), name, 0, folder)
