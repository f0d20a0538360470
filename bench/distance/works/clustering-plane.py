import importlib.util
import os

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'clustering.py')
spec = importlib.util.spec_from_file_location('clustering', path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def of_sklearn(data):
    return module.of_sklearn(data, {'eps': 0.4 if data.small else 0.15, 'minSamples': 10, 'minClusterSize': 25, 'nClusters': 8})


PEERS = {'scikit-learn': of_sklearn}
