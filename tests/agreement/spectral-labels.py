"""Spectral clustering of given affinities and distances by every way of reading labels: tests/fixtures/spectral-labels.json."""
import json

import numpy as np
import sklearn
from sklearn.cluster import SpectralClustering

random = np.random.default_rng(5)
centers = np.array([[0, 0], [3, 0], [0, 3], [4, 4]])
points = np.round(np.concatenate([c + 0.8 * random.normal(size=(25, 2)) for c in centers]), 3)
distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(2))
affinities = np.exp(-distances**2)
cases = []
for affinity, given in [('precomputed', affinities), ('precomputed_nearest_neighbors', distances)]:
    for assign in ['kmeans', 'discretize', 'cluster_qr']:
        model = SpectralClustering(4, affinity=affinity, n_neighbors=8, assign_labels=assign, random_state=0).fit(given)
        cases.append({'affinity': affinity, 'assignLabels': assign, 'labels': model.labels_.tolist()})
with open('tests/fixtures/spectral-labels.json', 'w') as file:
    json.dump({'scikitLearn': sklearn.__version__, 'points': points.tolist(), 'cases': cases}, file)
    file.write('\n')
