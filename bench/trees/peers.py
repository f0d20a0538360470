"""One training of one peer: `peers.py '{"peer", "folder", "threads", "predictions"}'` prints one line of JSON.

Seconds of binning and of boosting apart where the peer allows it, of predicting the test rows, one row's latency, and peak
memory. Predictions of the test rows (f64; the positive class, or class by class) go to a file, so that one judge scores all.
"""
import ctypes
import json
import os
import resource
import sys
import time

job = json.loads(sys.argv[1])
for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
    os.environ[name] = str(job['threads'])

import numpy as np

ROUNDS, LEAVES, RATE, BINS, LEAF_ROWS = 100, 31, 0.1, 255, 20


def read(folder):
    meta = json.load(open(f'{folder}/meta.json'))
    kind = np.float32 if meta['dtype'] == 'f32' else np.float64
    features = len(meta['columns'])
    x = np.fromfile(f'{folder}/columns.bin', dtype=kind).reshape(features, meta['rows']).T
    y = np.fromfile(f'{folder}/target.bin')
    cut = meta['train']
    categories = [j for j, c in enumerate(meta['columns']) if c['labels']]
    return meta, np.ascontiguousarray(x[:cut]), y[:cut], np.ascontiguousarray(x[cut:]), categories


def timed(work):
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def latency(one, rows):
    """Median microseconds of one row."""
    times = []
    for i in range(2000):
        row = rows[i % len(rows)]
        begin = time.perf_counter_ns()
        one(row)
        times.append(time.perf_counter_ns() - begin)
    return float(np.median(times[500:])) / 1000


class LightGBM:
    def __init__(self, meta, threads, categories):
        import lightgbm as lgb
        self.lgb, self.version, self.categories = lgb, lgb.__version__, categories
        objective = 'regression' if meta['task'] == 'regression' else 'binary' if meta['classes'] == 2 else 'multiclass'
        self.params = {'objective': objective, 'num_leaves': LEAVES, 'learning_rate': RATE, 'max_bin': BINS,
                       'min_data_in_leaf': LEAF_ROWS, 'num_threads': threads, 'verbose': -1}
        if objective == 'multiclass':
            self.params['num_class'] = meta['classes']
        self.threads = threads

    def bin(self, x, y):
        data = self.lgb.Dataset(x, y, categorical_feature=self.categories or 'auto', params=self.params)
        return data.construct()

    def train(self, data):
        self.model = self.lgb.train(self.params, data, ROUNDS)

    def predict(self, x):
        return self.model.predict(x, num_threads=self.threads)

    def one(self, x):
        """The C interface's fast path for one row, called through ctypes."""
        lib = self.lgb.basic._LIB
        config, count = ctypes.c_void_p(), ctypes.c_int64()
        lib.LGBM_BoosterPredictForMatSingleRowFastInit(self.model._handle, 0, 0, -1, 1, x.shape[1], b'num_threads=1', ctypes.byref(config))
        out = np.zeros(64)
        pointers = [np.ascontiguousarray(row, dtype=np.float64) for row in x[:500]]
        call, into, size = lib.LGBM_BoosterPredictForMatSingleRowFast, out.ctypes.data_as(ctypes.POINTER(ctypes.c_double)), ctypes.byref(count)
        return latency(lambda p: call(config, p, size, into), [r.ctypes.data_as(ctypes.c_void_p) for r in pointers])


class XGBoost:
    def __init__(self, meta, threads, categories):
        import xgboost as xgb
        self.xgb, self.version = xgb, xgb.__version__
        self.types = ['c' if j in categories else 'q' for j in range(len(meta['columns']))]
        objective = 'reg:squarederror' if meta['task'] == 'regression' else 'binary:logistic' if meta['classes'] == 2 else 'multi:softprob'
        # No least number of rows a leaf: the hessian that about 20 of them have at the start stands in for it.
        hessian = {'reg:squarederror': 20, 'binary:logistic': 5, 'multi:softprob': 1}[objective]
        self.params = {'objective': objective, 'tree_method': 'hist', 'grow_policy': 'lossguide', 'max_leaves': LEAVES,
                       'max_depth': 0, 'eta': RATE, 'max_bin': BINS, 'lambda': 0, 'min_child_weight': hessian,
                       'nthread': threads, 'verbosity': 0}
        if meta['classes'] > 2:
            self.params['num_class'] = meta['classes']

    def bin(self, x, y):
        return self.xgb.QuantileDMatrix(x, y, max_bin=BINS, nthread=self.params['nthread'], feature_types=self.types,
                                        enable_categorical=True)

    def train(self, data):
        self.model = self.xgb.train(self.params, data, ROUNDS)

    def predict(self, x):
        if 'c' in self.types:  # in place takes no codes of categories
            return self.model.predict(self.xgb.DMatrix(x, feature_types=self.types, enable_categorical=True, nthread=self.params['nthread']))
        return self.model.inplace_predict(x)

    def one(self, x):
        if 'c' in self.types:
            return None
        self.model.set_param({'nthread': 1})
        return latency(self.model.inplace_predict, [x[i:i + 1] for i in range(500)])


class ScikitLearn:
    def __init__(self, meta, threads, categories):
        import sklearn
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        self.version = sklearn.__version__
        kind = HistGradientBoostingRegressor if meta['task'] == 'regression' else HistGradientBoostingClassifier
        # At most 255 categories: columns of more are taken as numbers.
        few = [j for j in categories if len(meta['columns'][j]['labels']) <= 254]
        self.classes = meta['classes']
        self.model = kind(max_iter=ROUNDS, max_leaf_nodes=LEAVES, learning_rate=RATE, max_bins=BINS, min_samples_leaf=LEAF_ROWS,
                          early_stopping=False, categorical_features=few or None)

    def bin(self, x, y):
        return None if x is None else (x, y)

    def train(self, data):
        self.model.fit(*data)

    def predict(self, x):
        if self.classes == 0:
            return self.model.predict(x)
        shares = self.model.predict_proba(x)
        return shares[:, 1] if self.classes == 2 else shares

    def one(self, x):
        return latency(self.predict, [x[i:i + 1] for i in range(50)])


class CatBoost:
    def __init__(self, meta, threads, categories):
        import catboost
        self.catboost, self.version, self.categories = catboost, catboost.__version__, categories
        kind = catboost.CatBoostRegressor if meta['task'] == 'regression' else catboost.CatBoostClassifier
        self.classes, self.threads = meta['classes'], threads
        # Its defaults for two classes: start at even chances; from 20 features on, ten Newton steps a leaf. Several classes have no other start.
        start = {} if meta['classes'] > 2 else {'boost_from_average': True}
        self.model = kind(iterations=ROUNDS, learning_rate=RATE, grow_policy='Lossguide', max_leaves=LEAVES, depth=16,
                          border_count=BINS - 1, min_data_in_leaf=LEAF_ROWS, l2_leaf_reg=0, boosting_type='Plain',
                          bootstrap_type='No', random_strength=0, score_function='L2',
                          leaf_estimation_iterations=1, thread_count=threads, verbose=False, allow_writing_files=False, **start)

    def frame(self, x):
        if not self.categories:
            return x
        columns = [x[:, j] for j in range(x.shape[1])]
        for j in self.categories:
            columns[j] = np.where(np.isnan(columns[j]), -1, columns[j]).astype(int).astype(str)
        import pandas
        return pandas.DataFrame(dict(enumerate(columns)))

    def pool(self, x, y=None):
        return self.catboost.Pool(self.frame(x), y, cat_features=self.categories or None, thread_count=self.threads)

    def bin(self, x, y):
        pool = self.pool(x, y)
        if not self.categories:
            pool.quantize(border_count=BINS - 1)
        return pool

    def train(self, data):
        self.model.fit(data)

    def predict(self, x):
        pool = self.pool(x)
        if self.classes == 0:
            return self.model.predict(pool, thread_count=self.threads)
        shares = self.model.predict_proba(pool, thread_count=self.threads)
        return shares[:, 1] if self.classes == 2 else shares

    def one(self, x):
        return None if self.categories else latency(lambda row: self.model.predict(row, thread_count=1), [x[i] for i in range(500)])


PEERS = {'LightGBM': LightGBM, 'XGBoost': XGBoost, 'scikit-learn': ScikitLearn, 'CatBoost': CatBoost}


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


meta, x, y, test, categories = read(job['folder'])
make = lambda: PEERS[job['peer']](meta, job['threads'], categories)
scores_only = job.get('scoresOnly')
if not scores_only and not job.get('cold'):
    warm = make()  # imports, threads, first pages; on rows too few to matter
    warm.train(warm.bin(x[:2000], y[:2000]))
peer = make()
before = peak()
binning, data = timed(lambda: peer.bin(x, y))
boosting, _ = timed(lambda: peer.train(data))
after = peak()
predicting, predictions = min((timed(lambda: peer.predict(test)) for _ in range(1 if scores_only else 3)), key=lambda found: found[0])
np.ascontiguousarray(predictions, dtype=np.float64).tofile(job['predictions'])
apart = job['peer'] != 'scikit-learn'
print(json.dumps({'version': peer.version, 'fit': binning + boosting, 'binning': binning if apart else None,
                  'boosting': boosting if apart else None, 'predict': predicting, 'one': None if scores_only else peer.one(test),
                  'memory': after, 'memoryAdded': after - before}))
