"""Writes one data set of the tree bench as plain files that every engine reads: `sets.py SET SEED FOLDER SHARED`.

The files are those of ../peers/data.py. Another seed is another draw (HIGGS-like) or another split of the rows (real data).
"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'peers'))
from data import codes, higgs_like, read_csv, table, write  # noqa: E402


def adult(shared):
    header, train = read_csv(f'{shared}/adult/adult_train.csv.gz')
    _, test = read_csv(f'{shared}/adult/adult_test.csv.gz')
    both = [a + b for a, b in zip(train, test)]
    columns = []
    for name, texts in zip(header[:-1], both):
        if all(t.lstrip('-').isdigit() for t in texts[:100]):
            columns.append((name, np.array(texts, dtype=np.float64), None))
        else:
            columns.append((name, *codes(texts)))
    target = np.array([t.startswith('>') for t in both[-1]], dtype=np.float64)
    return table(columns, target, 'classification', 2)


def higgs_sample(shared):
    header, train = read_csv(f'{shared}/higgs_sample/higgs_train.csv.gz')
    _, test = read_csv(f'{shared}/higgs_sample/higgs_test.csv')
    both = [np.array(a + b, dtype=np.float64) for a, b in zip(train, test)]
    return table([(n, v, None) for n, v in zip(header[1:], both[1:])], both[0], 'classification', 2)


def letter(shared):
    header, columns = read_csv(f'{shared}/letter/letter.csv')
    target, _ = codes(columns[0])
    return table([(n, np.array(v, dtype=np.float64), None) for n, v in zip(header[1:], columns[1:])], target, 'classification', 26)


def flights(shared):
    import pyarrow.parquet as pq
    data = pq.read_table(f'{shared}/flights_bts/flights-3m.parquet').to_pydict()
    stamps = np.array(data['date'], dtype='datetime64[m]').astype(np.int64)
    minute = stamps % 1440
    day = stamps // 1440
    columns = [('distance', np.array(data['distance'], dtype=np.float64), None),
               ('minute', minute.astype(np.float64), None),
               ('weekday', ((day + 3) % 7).astype(np.float64), None),
               ('day', day.astype(np.float64), None),
               ('origin', *codes(data['origin'])),
               ('destination', *codes(data['destination']))]
    return table(columns, np.array(data['delay'], dtype=np.float64), 'regression', 0)


def read_set(name, seed, shared):
    if name.startswith('higgs-'):
        return higgs_like({'10k': 10_000, '100k': 100_000, '1m': 1_000_000}[name[6:]], 42 + seed)
    # Of flights, 375,000 rows drawn anew with each seed: enough to compare scores on.
    most = 375_000 if name == 'flights-375k' else None
    data = {'adult': adult, 'higgs_sample': higgs_sample, 'letter': letter, 'flights': flights}[name.split('-')[0]](shared)
    order = np.random.default_rng(1000 + seed).permutation(len(data['target']))[:most]
    data['columns'] = [(n, v[order], labels) for n, v, labels in data['columns']]
    data['target'] = data['target'][order]
    data['train'] = len(order) - len(order) // 5
    return data


if __name__ == '__main__':
    name, seed, folder, shared = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    write(read_set(name, seed, shared), name, seed, folder)
