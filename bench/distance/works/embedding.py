import numpy as np
import sklearn
from sklearn.manifold import TSNE, trustworthiness


def scikit_learn(data):
    x = np.asarray(data.x, dtype=np.float64)
    seconds, model = data.fastest(lambda: TSNE(random_state=0, n_jobs=data.threads).fit(x), 1)
    quality = {'tsne-distrust': 1 - trustworthiness(x, model.embedding_), 'divergence': float(model.kl_divergence_)}
    return {'version': sklearn.__version__, 'seconds': {'tsne': seconds}, 'quality': quality}


def umap_learn(data):
    """Without a seed: with one it computes on one thread, for the same bits."""
    import umap

    x = np.asarray(data.x, dtype=np.float64)
    umap.UMAP(n_jobs=data.threads, n_epochs=1).fit(x[:200])  # compiles
    seconds, model = data.fastest(lambda: umap.UMAP(n_jobs=data.threads).fit(x), 1)
    quality = {'umap-distrust': 1 - trustworthiness(x, model.embedding_)}
    return {'version': umap.__version__, 'seconds': {'umap': seconds}, 'quality': quality}


PEERS = {'scikit-learn': scikit_learn, 'umap-learn': umap_learn}
