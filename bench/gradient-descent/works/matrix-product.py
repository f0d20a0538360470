import numpy as np


def numpy(data):
    size = 100 if data.small else 1000
    index = np.arange(size * size)
    seconds, products = {}, {}
    for name, kind in (('f32', np.float32), ('f64', np.float64)):
        a, b = (((index * step) % 1009 / 1009 - 0.5).astype(kind).reshape(size, size) for step in (1, 3))
        seconds[name], products[name] = data.fastest(lambda: a @ b, 10)
    error = np.abs(products['f64'] - products['f32']).max() / np.abs(products['f64']).max()
    return {'version': np.__version__, 'seconds': seconds, 'quality': {'error': float(error)}, 'flops': 2 * size ** 3}


PEERS = {'numpy': numpy}
