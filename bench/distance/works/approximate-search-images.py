import importlib.util
import os

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'approximate-search.py')
spec = importlib.util.spec_from_file_location('approximate_search', path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
PEERS = module.PEERS
