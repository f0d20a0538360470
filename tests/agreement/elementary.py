"""Makes the coefficients of src/kernels/elementary.ts (and of metric-distance.ts) and the golden values of tests/fixtures/elementary.json.

    python elementary.py coefficients
    python elementary.py golden 120 > tests/fixtures/elementary.json

Needs mpmath. A golden value is [argument(s) …, nearest double, (exact value - nearest double) in units of its last place],
doubles as 16 hexadecimal digits, computed with 60 digits and more (1,200 bits where sin and cos need them).
"""
import json
import random
import struct
import sys

import mpmath
from mpmath import mp, mpf


def coefficients():
    mp.prec = 300
    half_ln2 = mp.log(2) / 2 * mpf("1.0001")
    s_max = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)
    z_log = s_max**2 * mpf("1.0001")
    z_angle = (mp.pi / 4 * mpf("1.0001")) ** 2
    small = mpf(10) ** -15

    def exp_tail(r):
        return mpf(1) / 2 + r / 6 if abs(r) < small else (mp.exp(r) - 1 - r) / r**2

    def log_tail(z):
        s = mp.sqrt(abs(z))
        return mpf(2) / 3 + 2 * z / 5 if z < small else (2 * mp.atanh(s) - 2 * s) / (s * z)

    def atanh_tail(z):
        s = mp.sqrt(abs(z))
        return mpf(1) / 5 + z / 7 if z < small else (mp.atanh(s) / s - 1 - z / 3) / z**2

    def sin_tail(z):
        r = mp.sqrt(abs(z))
        return -mpf(1) / 6 + z / 120 if z < small else (mp.sin(r) - r) / (r * z)

    def cos_tail(z):
        r = mp.sqrt(abs(z))
        return mpf(1) / 24 - z / 720 if z < small else (mp.cos(r) - 1 + z / 2) / z**2

    def arcsine_tail(z):
        x = mp.sqrt(abs(z))
        return mpf(1) / 6 + 3 * z / 40 if z < small else (mp.asin(x) - x) / (x * z)

    for name, function, interval, count in [
        ("arcsineTail (src/kernels/metric-distance.ts)", arcsine_tail, [0, mpf("0.2501")], 13),
        ("expTail", exp_tail, [-half_ln2, half_ln2], 11),
        ("logTail", log_tail, [0, z_log], 8),
        ("atanhTail", atanh_tail, [0, z_log], 8),
        ("sin", sin_tail, [0, z_angle], 7),
        ("cos", cos_tail, [0, z_angle], 6),
    ]:
        terms, error = mp.chebyfit(function, interval, count, error=True)
        print(name, "error", mp.nstr(error, 3), [float(term) for term in terms[::-1]])
    print("ln 2", pieces(mp.log(2), [41]), "pi/2", pieces(mp.pi / 2, [23] * 5), pieces(mp.pi / 2, [53]))
    mp.prec = 1500
    print("2/pi", hex(int(mp.floor(2 / mp.pi * mpf(2) ** 1344))))


def pieces(x, bits):
    parts = []
    for count in bits:
        scale = mpf(2) ** (count - 1 - int(mp.floor(mp.log(x, 2))))
        parts.append(float(mp.floor(x * scale) / scale))
        x -= mpf(parts[-1])
    return parts + [float(x)]


def bits(x):
    return struct.pack(">d", x).hex()


def of_bits(integer):
    return struct.unpack(">d", struct.pack(">Q", integer))[0]


def nearest(exact):
    """The nearest double of a real, and what is left in units of its last place."""
    y = float(exact) if abs(exact) < mpf(2) ** 1024 else (float("inf") if exact > 0 else float("-inf"))
    if y in (float("inf"), float("-inf")):
        return y, 0.0
    integer = struct.unpack(">Q", struct.pack(">d", abs(y)))[0]
    # mpmath rounds subnormals twice; a neighbour may be nearer
    for neighbour in (integer - 1, integer + 1):
        if 0 <= neighbour < 0x7FF0000000000000:
            candidate = of_bits(neighbour) * (-1 if exact < 0 else 1)
            if abs(exact - mpf(candidate)) < abs(exact - mpf(y)):
                y = candidate
    exponent = max(int(mp.floor(mp.log(abs(mpf(y)), 2))) if y else -1074, -1022)
    return y, float((exact - mpf(y)) / mpf(2) ** (exponent - 52))


def log_uniform(low, high):
    return random.choice([-1, 1]) * 2.0 ** random.uniform(low, high)



def points(name, count):
    draw = {
        "exp": lambda: random.choice([random.uniform(-745.2, 709.79), random.uniform(-2, 2), log_uniform(-60, 0)]),
        "expm1": lambda: random.choice([random.uniform(-45, 709.79), random.uniform(-2, 2), log_uniform(-60, 3)]),
        "log": lambda: random.choice([of_bits(random.randrange(1, 0x7FF0000000000000)), random.uniform(0.5, 2), 1 + log_uniform(-50, -3)]),
        "log1p": lambda: random.choice([abs(log_uniform(-60, 1000)), random.uniform(-0.999999, 3), log_uniform(-60, -1)]),
        "sin": lambda: random.choice([random.uniform(-10, 10), log_uniform(-30, 30), log_uniform(29, 1023), near_quarter_turn()]),
        "tanh": lambda: random.choice([random.uniform(-3, 3), log_uniform(-60, 5)]),
        "sigmoid": lambda: random.choice([random.uniform(-745.2, 40), random.uniform(-3, 3), log_uniform(-60, 5)]),
    }
    draw["cos"] = draw["sin"]
    if name == "pow":
        return [pow_point() for _ in range(count)]
    return [(draw[name](),) for _ in range(count)]


def near_quarter_turn():
    return float(random.randrange(1, 2**random.randrange(1, 31)) * mp.pi / 2)


def pow_point():
    x = random.choice([abs(log_uniform(-1000, 1000)), random.uniform(0.5, 2), 1 + log_uniform(-30, -2)])
    limit = 740 / abs(float(mp.log(mpf(x)))) if x != 1 else 10
    y = random.choice([random.uniform(-limit, limit), float(random.randrange(-5, 6)), random.uniform(-3, 3)])
    return (x, y)


def exact(name, arguments):
    mp.prec = 1300 if name in ("sin", "cos") else 260
    x = mpf(arguments[0])
    if name == "sigmoid":
        return 1 / (1 + mp.exp(-x))
    if name == "pow":
        return mp.power(x, mpf(arguments[1]))
    return getattr(mp, name)(x)


def golden(count):
    random.seed(1)
    table = {}
    for name in ("exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sigmoid", "pow"):
        rows = []
        for arguments in points(name, count):
            y, rest = nearest(exact(name, arguments))
            rows.append([*map(bits, arguments), bits(y), round(rest, 4)])
        table[name] = rows
    print("{\n" + ",\n".join(f' "{k}": [\n' + ",\n".join("  " + json.dumps(r) for r in v) + "\n ]" for k, v in table.items()) + "\n}")


if __name__ == "__main__":
    assert mpmath.__version__
    coefficients() if sys.argv[1] == "coefficients" else golden(int(sys.argv[2]))
