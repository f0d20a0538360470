import implicit
import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import CosineRecommender
from scipy.sparse import csr_matrix


def with_implicit(data):
    users, items = data.x[:, 0].astype(int), data.x[:, 1].astype(int)
    test = data.test.astype(int)
    shape = (max(users.max(), test[:, 0].max()) + 1, max(items.max(), test[:, 1].max()) + 1)
    matrix = csr_matrix((data.y.astype(np.float32), (users, items)), shape=shape)
    everybody = np.unique(users)
    threads = data.threads

    def fit(make):
        def work():
            model = make()
            model.fit(matrix, show_progress=False)
            return model
        return work

    settings = {'factors': 64, 'regularization': 0.01, 'num_threads': threads, 'random_state': 0}
    als_seconds, als = data.fastest(fit(lambda: AlternatingLeastSquares(alpha=1.0, iterations=15, **settings)))
    bpr_seconds, bpr = data.fastest(fit(lambda: BayesianPersonalizedRanking(
        learning_rate=0.05, iterations=5 if data.small else 100, **settings)), 1)
    item_seconds, near = data.fastest(fit(lambda: CosineRecommender(K=51, num_threads=threads)))
    lists, _ = data.fastest(lambda: als.recommend(everybody, matrix[everybody], N=10))

    def missed(model):
        # Customers of whom nothing is left to learn from have no list.
        known = test[np.isin(test[:, 0], everybody)]
        ids, _ = model.recommend(known[:, 0], matrix[known[:, 0]], N=10)
        return 1 - float((ids == known[:, 1:2]).any(axis=1).mean())

    return {'version': implicit.__version__,
            'seconds': {'ALS': als_seconds, 'BPR': bpr_seconds, 'items': item_seconds, 'lists': lists},
            'quality': {'missed@10 ALS': missed(als), 'missed@10 BPR': missed(bpr), 'missed@10 items': missed(near)}}


PEERS = {'implicit': with_implicit}
