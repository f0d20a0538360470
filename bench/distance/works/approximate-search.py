import os
import tempfile
import time

import faiss
import numpy as np

K, RECALL = 10, 0.95
WIDTHS = [10, 15, 20, 30, 40, 50, 75, 100, 125, 150, 175, 200, 225, 250, 275, 300, 325, 350, 375, 400, 500, 600, 800]


def swept(data, build, search, size):
    """Builds once, then searches wider and wider until the recall is reached; that width is timed."""
    exact = faiss.IndexFlatL2(data.x.shape[1])
    exact.add(data.x)
    truth = [set(row) for row in exact.search(data.test, K)[1]]
    begin = time.perf_counter()
    index = build()
    seconds = time.perf_counter() - begin
    for ef in WIDTHS:
        found = search(index, ef)
        recall = sum(len(near.intersection(map(int, row))) for near, row in zip(truth, found)) / (K * len(truth))
        if recall >= RECALL or ef == WIDTHS[-1]:
            break
    least, _ = data.fastest(lambda: search(index, ef), 1 if data.small else 3)
    quality = {'missed': 1 - recall, 'efSearch': ef, 'queries/s': len(truth) / least, 'index MB': size(index) / 1e6}
    return {'seconds': {'search': least, 'build': seconds}, 'quality': quality}


def file_size(save):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'index')
        save(path)
        return os.path.getsize(path)


def of_hnswlib(data):
    import importlib.metadata

    import hnswlib

    def build():
        index = hnswlib.Index('l2', data.x.shape[1])
        index.init_index(len(data.x), M=16, ef_construction=200)
        index.set_num_threads(data.threads)
        index.add_items(data.x)
        return index

    def search(index, ef):
        index.set_ef(ef)
        return index.knn_query(data.test, K)[0]
    measured = swept(data, build, search, lambda index: file_size(index.save_index))
    return {'version': importlib.metadata.version('hnswlib'), **measured}


def of_usearch(data):
    import usearch
    from usearch.index import Index

    def build():
        # connectivity is the number of links on the levels above; twice as many on the lowest.
        index = Index(ndim=data.x.shape[1], metric='l2sq', dtype='f32', connectivity=16, expansion_add=200)
        index.add(np.arange(len(data.x)), data.x, threads=data.threads)
        return index

    def search(index, ef):
        index.expansion_search = ef
        return index.search(data.test, K, threads=data.threads).keys
    return {'version': usearch.__version__, **swept(data, build, search, lambda index: file_size(index.save))}


def of_faiss(data):
    def build():
        faiss.omp_set_num_threads(data.threads)
        index = faiss.IndexHNSWFlat(data.x.shape[1], 16)
        index.hnsw.efConstruction = 200
        index.add(data.x)
        return index

    def search(index, ef):
        index.hnsw.efSearch = ef
        return index.search(data.test, K)[1]
    measured = swept(data, build, search, lambda index: file_size(lambda path: faiss.write_index(index, path)))
    return {'version': faiss.__version__, **measured}


PEERS = {'hnswlib': of_hnswlib, 'usearch': of_usearch, 'faiss HNSW': of_faiss}
