"""Makes tests/fixtures/multilayer-perceptron.json: three epochs of scikit-learn's networks from weights that are given.

    python3 tests/agreement/multilayer-perceptron.py > tests/fixtures/multilayer-perceptron.json

Rows keep their order (shuffle=False); the last batch is smaller than the others. Inputs are f32 numbers.
"""
import json
import sys
import warnings

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

warnings.filterwarnings('ignore')
random = np.random.default_rng(8)
ROWS, COLUMNS, HIDDEN = 60, 4, (6, 5)
x = random.normal(size=(ROWS, COLUMNS)).astype(np.float32).astype(np.float64)
score = x[:, 0] * x[:, 1] + x[:, 2]
targets = {
    'two classes': (score > 0).astype(int),
    'three classes': np.digitize(score, [-0.7, 0.7]),
    'numbers': (score - score.mean()) / score.std(),
}
methods = {
    'sgd': {'solver': 'sgd', 'learning_rate_init': 0.1, 'nesterovs_momentum': False},
    'nesterov': {'solver': 'sgd', 'learning_rate_init': 0.05},
    'adam': {'solver': 'adam', 'learning_rate_init': 0.01},
}


def weights(outputs):
    sizes = (COLUMNS, *HIDDEN, outputs)
    coefs = [random.normal(size=(a, b)).astype(np.float32) * np.float32(0.5) for a, b in zip(sizes, sizes[1:])]
    return coefs, [random.normal(size=b).astype(np.float32) * np.float32(0.1) for b in sizes[1:]]


cases = []
for task, y in targets.items():
    for method, options in methods.items():
        for activation in ('tanh', 'relu', 'logistic'):
            kind = MLPRegressor if task == 'numbers' else MLPClassifier
            net = kind(hidden_layer_sizes=HIDDEN, activation=activation, alpha=0.05, batch_size=16, shuffle=False, random_state=0, **options)
            extra = {} if task == 'numbers' else {'classes': np.unique(y)}
            net.partial_fit(x, y, **extra)
            coefs, intercepts = weights(3 if task == 'three classes' else 1)
            net.coefs_ = [c.astype(np.float64) for c in coefs]
            net.intercepts_ = [c.astype(np.float64) for c in intercepts]
            del net._optimizer
            net.loss_curve_ = []
            for _ in range(3):
                net.partial_fit(x, y)
            cases.append({
                'task': task, 'method': method, 'activation': activation,
                'start': {'weights': [c.ravel().tolist() for c in coefs], 'biases': [c.tolist() for c in intercepts]},
                'weights': [np.round(c.ravel(), 9).tolist() for c in net.coefs_],
                'biases': [np.round(c, 9).tolist() for c in net.intercepts_],
                'loss': net.loss_curve_[-1],
            })
json.dump({
    'sklearn': sklearn.__version__, 'columns': x.T.tolist(), 'hidden': HIDDEN,
    'targets': {name: y.tolist() for name, y in targets.items()}, 'cases': cases,
}, sys.stdout)
