"""Writes tests/fixtures/decomposition.json: what scikit-learn's PCA, IncrementalPCA and TruncatedSVD make of the data of scikit-learn.

    python tests/agreement/decomposition.py
"""
import json
import os

import numpy as np
import sklearn
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD

HERE = os.path.dirname(os.path.abspath(__file__))


def numbers(values):
    return np.asarray(values, dtype=float).ravel().tolist()


def described(model, x):
    scores = model.transform(x)
    out = {
        'components': numbers(model.components_),
        'explainedVariance': numbers(model.explained_variance_),
        'explainedVarianceRatio': numbers(model.explained_variance_ratio_),
        'singularValues': numbers(model.singular_values_),
        'firstScores': numbers(scores[:5]),
        'firstInverse': numbers(model.inverse_transform(scores)[:3]),
    }
    if hasattr(model, 'noise_variance_'):
        out.update(means=numbers(model.mean_), noiseVariance=float(model.noise_variance_))
    return out


def main():
    rng = np.random.default_rng(5)
    wide = rng.standard_normal((12, 20)).round(3)
    sets = {
        'iris': load_iris().data,
        'wine': load_wine().data,
        'diabetes': (1000 * load_diabetes().data[:200]).round(3),
        'wide': wide,
        'offset': (load_iris().data + 1e6).round(1),
    }
    works = [
        ['iris', 'pca', {}],
        ['iris', 'pca', {'nComponents': 2, 'whiten': True}],
        ['iris', 'pca', {'nComponents': 0.95, 'svdSolver': 'full'}],
        ['wine', 'pca', {'nComponents': 5, 'svdSolver': 'covariance_eigh'}],
        ['wine', 'pca', {'nComponents': 3, 'svdSolver': 'full', 'whiten': True}],
        ['wine', 'pca', {'nComponents': 3, 'svdSolver': 'randomized'}],
        ['diabetes', 'pca', {'nComponents': 0.8}],
        ['diabetes', 'pca', {'nComponents': 4, 'svdSolver': 'full'}],
        ['wide', 'pca', {}],
        ['wide', 'pca', {'nComponents': 4, 'svdSolver': 'full'}],
        ['offset', 'pca', {'nComponents': 2, 'svdSolver': 'full'}],
        ['iris', 'incremental-pca', {'nComponents': 2, 'batchSize': 40}],
        ['wine', 'incremental-pca', {}],
        ['diabetes', 'incremental-pca', {'nComponents': 3, 'batchSize': 66, 'whiten': True}],
        ['iris', 'truncated-svd', {'nComponents': 2, 'algorithm': 'exact'}],
        ['wine', 'truncated-svd', {'nComponents': 4}],
        ['diabetes', 'truncated-svd', {'nComponents': 3, 'nIter': 20}],
    ]
    cases = []
    for name, step, given in works:
        x = sets[name]
        snake = {'nComponents': 'n_components', 'svdSolver': 'svd_solver', 'batchSize': 'batch_size', 'nIter': 'n_iter'}
        settings = {snake.get(key, key): value for key, value in given.items()}
        if step == 'pca':
            model = PCA(random_state=0, **settings)
        elif step == 'incremental-pca':
            model = IncrementalPCA(**settings)
        else:
            # The exact answer is ARPACK's; it takes no iterations.
            settings.pop('n_iter', None)
            model = TruncatedSVD(**{**settings, 'algorithm': 'arpack'})
        cases.append({'set': name, 'step': step, 'parameters': given, **described(model.fit(x), x)})
    fixture = {
        'sklearn': sklearn.__version__,
        'sets': {name: {'width': x.shape[1], 'rows': numbers(x)} for name, x in sets.items()},
        'cases': cases,
    }
    with open(os.path.join(HERE, '..', 'fixtures', 'decomposition.json'), 'w') as file:
        json.dump(fixture, file)


if __name__ == '__main__':
    main()
