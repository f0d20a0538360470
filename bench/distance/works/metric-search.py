import sklearn
from sklearn.neighbors import NearestNeighbors

ROWS = 20_000


def scikit_learn(data):
    rows, count = (1500, 100) if data.small else (ROWS, 1000)
    x = data.x.astype(float)
    points, queries = x[:rows], x[rows:rows + count]
    seconds, checksum = {}, 0
    for metric in ('cosine', 'manhattan', 'chebyshev'):
        search = NearestNeighbors(n_neighbors=10, algorithm='brute', metric=metric, n_jobs=data.threads).fit(points)
        seconds[metric], (distances, _) = data.fastest(lambda: search.kneighbors(queries))
        checksum += float(distances.mean())
    search = NearestNeighbors(algorithm='brute', n_jobs=data.threads).fit(points)
    seconds['within'], (_, found) = data.fastest(lambda: search.radius_neighbors(queries, 8.5))
    checksum += sum(len(row) for row in found) / count
    return {'version': sklearn.__version__, 'seconds': seconds, 'quality': {'checksum': checksum}}


PEERS = {'scikit-learn': scikit_learn}
