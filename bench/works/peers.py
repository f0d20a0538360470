"""One work of one Python peer: `peers.py '{"suite", "work", "engine", "folder", "threads", "small"}'` prints one line of JSON.

SUITE/works/WORK.py has the peers of a work: PEERS[name](data) gives seconds by phase, quality by name, and the peer's version.
"""
import importlib.util
import json
import os
import resource
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'peers'))
from blas import use_threads  # noqa: E402

job = json.loads(sys.argv[1])
use_threads(job['threads'])

import numpy as np  # noqa: E402


class Data:
    """x and y as the peer likes them best; `fastest` times."""

    def __init__(self, folder):
        meta = json.load(open(f'{folder}/meta.json'))
        kind = np.float32 if meta['dtype'] == 'f32' else np.float64
        columns = np.fromfile(f'{folder}/columns.bin', dtype=kind).reshape(len(meta['columns']), meta['rows'])
        cut = meta['train'] or meta['rows']
        self.meta, self.small, self.threads = meta, job['small'], job['threads']
        self.by_column = columns.T[:cut]  # Fortran order
        self.x = np.ascontiguousarray(columns.T[:cut])
        self.test = np.ascontiguousarray(columns.T[cut:])
        target = np.fromfile(f'{folder}/target.bin')
        self.y, self.test_y = target[:cut], target[cut:]

    @staticmethod
    def fastest(work, times=3):
        least, result = float('inf'), None
        for _ in range(times):
            begin = time.perf_counter()
            result = work()
            least = min(least, time.perf_counter() - begin)
        return least, result


path = os.path.join(job['suite'], 'works', f'{job["work"]}.py')
spec = importlib.util.spec_from_file_location('work', path)
work = importlib.util.module_from_spec(spec)
spec.loader.exec_module(work)
measured = work.PEERS[job['engine']](Data(job['folder']))
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({**measured, 'memory': memory}))
