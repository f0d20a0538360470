"""What the machine can do: products and sums a second of a matrix product by BLAS, `limit.py THREADS` prints {"f32", "f64"} in GFLOP/s."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'peers'))
from blas import use_threads  # noqa: E402

use_threads(int(sys.argv[1]))

import time  # noqa: E402

import numpy as np  # noqa: E402


def rate(kind, n=1536):
    a, b = (np.random.default_rng(seed).standard_normal((n, n)).astype(kind) for seed in (1, 2))
    a @ b
    least = float('inf')
    for _ in range(8):
        begin = time.perf_counter()
        a @ b
        least = min(least, time.perf_counter() - begin)
    return 2 * n ** 3 / least / 1e9


print(json.dumps({'f32': rate(np.float32), 'f64': rate(np.float64)}))
