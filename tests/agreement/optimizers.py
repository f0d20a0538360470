"""Makes tests/fixtures/optimizers.json: the published update rules, written down once more in numpy, f64.

    python3 tests/agreement/optimizers.py > tests/fixtures/optimizers.json

Kingma and Ba (2015), algorithm 1; Loshchilov and Hutter (2019), algorithm 2; Duchi et al. (2011), diagonal; Tieleman and
Hinton (2012); Sutskever et al. (2013) for both momenta.
"""
import json
import numpy as np

random = np.random.default_rng(5)
start = random.normal(size=7)
gradients = random.normal(size=(6, 7)) * 10.0 ** random.integers(-3, 3, size=7)


def run(rule, **state):
    p, trace = start.copy(), []
    for t, g in enumerate(gradients, 1):
        p = rule(p, g, t, state)
        trace.append(p.tolist())
    return trace


def sgd(momentum, nesterov, rate=0.01):
    def rule(p, g, t, s):
        s['v'] = momentum * s['v'] - rate * g
        return p + (momentum * s['v'] - rate * g if nesterov else s['v'])
    return run(rule, v=np.zeros(7))


def adam(weight_decay=0.0, decay=0.0, rate=0.01, b1=0.9, b2=0.999, eps=1e-8, clip=None, norm=None):
    def rule(p, g, t, s):
        if norm is not None:
            g = g * min(1.0, norm / np.sqrt((g * g).sum()))
        if clip is not None:
            g = np.clip(g, -clip, clip)
        g = g + decay * p
        p = p - rate * weight_decay * p
        s['m'] = b1 * s['m'] + (1 - b1) * g
        s['v'] = b2 * s['v'] + (1 - b2) * g * g
        return p - rate * (s['m'] / (1 - b1 ** t)) / (np.sqrt(s['v'] / (1 - b2 ** t)) + eps)
    return run(rule, m=np.zeros(7), v=np.zeros(7))


def adagrad(rate=0.01, eps=1e-10):
    def rule(p, g, t, s):
        s['v'] = s['v'] + g * g
        return p - rate * g / (np.sqrt(s['v']) + eps)
    return run(rule, v=np.zeros(7))


def rmsprop(rate=0.01, rho=0.99, eps=1e-8):
    def rule(p, g, t, s):
        s['v'] = rho * s['v'] + (1 - rho) * g * g
        return p - rate * g / (np.sqrt(s['v']) + eps)
    return run(rule, v=np.zeros(7))


json.dump({
    'start': start.tolist(),
    'gradients': gradients.tolist(),
    'traces': {
        'gradient descent': sgd(0.0, False),
        'momentum': sgd(0.9, False),
        'nesterov': sgd(0.9, True),
        'adam': adam(),
        'adam, penalised': adam(decay=0.1),
        'adam, clipped by value': adam(clip=0.3),
        'adam, clipped by norm': adam(norm=0.5),
        'adamw': adam(weight_decay=0.1),
        'adagrad': adagrad(),
        'rmsprop': rmsprop(),
    },
}, __import__('sys').stdout)
