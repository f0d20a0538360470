import { describe, expect, test } from 'vitest';
import type { Activation } from '#lanewise/kernels/activations.js';
import { exp, tanh } from '#lanewise/kernels/elementary.js';
import { compose, ProgramBuilder } from '#lanewise/scoring/builder.js';
import { calendarPart, daysFromCivil } from '#lanewise/scoring/calendar.js';
import { execute, runProgram } from '#lanewise/scoring/interpreter.js';
import type { CalendarPart, Operation, Program } from '#lanewise/scoring/program.js';
import { encodeValue, RowEncoder, RowError } from '#lanewise/scoring/rows.js';

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

/** What operations make of a column x (and of y, its double); the columns that they write, in order. */
function results(x: readonly number[], ...operations: Operation[]): number[][] {
  const written = operations.flatMap((operation) => {
    if (operation.op === 'centroids') return [operation.out, ...operation.distances];
    if ('outputs' in operation) return [...operation.outputs];
    const count = operation.op === 'oneHot' ? operation.values.length + (operation.missing ? 1 : 0) : 1;
    return Array.from({ length: count }, (_, k) => operation.out + k);
  });
  const program: Program = {
    inputs: [
      { name: 'x', type: 'number' },
      { name: 'y', type: 'number' },
    ],
    operations,
    outputs: written.map((register) => ({ name: `r${register}`, register, type: 'number' })),
    registerCount: 20,
  };
  const columns = [Float64Array.from(x), Float64Array.from(x, (value) => 2 * value)];
  return runProgram(program, columns, x.length).map((values) => [...values]);
}

const one = (x: readonly number[], operation: Operation) => results(x, operation)[0];

describe('what the operations mean', () => {
  test('constant, impute, indicator', () => {
    expect(one([1, nan], { op: 'constant', out: 2, value: -0 })).toEqual([-0, -0]);
    expect(one([1, nan], { op: 'impute', in: 0, out: 2, value: 9 })).toEqual([1, 9]);
    expect(one([1, nan, infinity], { op: 'indicator', in: 0, out: 2 })).toEqual([0, 1, 0]);
  });

  test('affine subtracts before it divides, clip keeps NaN, replace finds NaN too', () => {
    expect(one([5, nan], { op: 'affine', in: 0, out: 2, shift: 1, scale: 2 })).toEqual([2, nan]);
    expect(one([-9, 0.5, 9, nan], { op: 'clip', in: 0, out: 2, low: -1, high: 1 })).toEqual([-1, 0.5, 1, nan]);
    expect(one([-999, 3, nan], { op: 'replace', in: 0, out: 2, from: [-999, nan], to: 7 })).toEqual([7, 3, 7]);
  });

  test('one-hot gives a column a value, and one for missing; a label never seen is none of them', () => {
    const operation = { op: 'oneHot', in: 0, out: 2, values: [0, 2], missing: true } as const;
    expect(results([0, 2, nan, 3], operation)).toEqual([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
    ]);
  });

  test('lookup tells missing from unseen', () => {
    const operation = { op: 'lookup', in: 0, out: 2, table: Float64Array.of(10, 20), missing: -1, unseen: -2 } as const;
    expect(one([0, 1, nan, 2, -1, 0.5], operation)).toEqual([10, 20, -1, -2, -2, -2]);
  });

  test('bin counts the edges below; an edge itself is not below', () => {
    expect(one([-1, 0, 0.1, 5, 6, nan], { op: 'bin', in: 0, out: 2, edges: Float64Array.of(0, 5) })).toEqual([
      0,
      0,
      1,
      1,
      2,
      nan,
    ]);
  });

  test('arithmetic of two columns; minimum and maximum of NaN are NaN', () => {
    const binary = (operator: 'subtract' | 'divide' | 'minimum' | 'maximum') =>
      one([3, nan], { op: 'binary', left: 1, right: 0, out: 2, operator });
    expect(binary('subtract')).toEqual([3, nan]);
    expect(binary('divide')).toEqual([2, nan]);
    expect(binary('minimum')).toEqual([3, nan]);
    expect(binary('maximum')).toEqual([6, nan]);
    expect(one([0], { op: 'unary', in: 0, out: 2, function: 'negate' })).toEqual([-0]);
    expect(one([0, -infinity, infinity], { op: 'unary', in: 0, out: 2, function: 'sigmoid' })).toEqual([0.5, 0, 1]);
  });

  test('a wave comes round after its period', () => {
    const [quarter, whole] = one([6, 24], { op: 'wave', in: 0, out: 2, wave: 'sin', period: 24 })!;
    expect(quarter).toBe(1);
    expect(Math.abs(whole!)).toBeLessThan(1e-15);
    expect(one([0], { op: 'wave', in: 0, out: 2, wave: 'cos', period: 24 })).toEqual([1]);
  });

  test('a linear model begins with the intercept and adds in order', () => {
    const operation = {
      op: 'linear',
      inputs: [0, 1],
      outputs: [2, 3],
      coefficients: Float64Array.of(1, 10, -1, 0.5),
      intercepts: Float64Array.of(100, 0),
    } as const;
    expect(results([2], operation)).toEqual([[142], [0]]);
  });

  test('softmax, normalize, argmax, threshold', () => {
    expect(results([0, nan], { op: 'softmax', inputs: [0, 1], outputs: [2, 3] })).toEqual([
      [0.5, nan],
      [0.5, nan],
    ]);
    expect(results([1000], { op: 'softmax', inputs: [0, 1], outputs: [2, 3] })).toEqual([[0], [1]]);
    expect(results([3, 0], { op: 'normalize', inputs: [0, 1], outputs: [2, 3] })).toEqual([
      [1 / 3, 0.5],
      [2 / 3, 0.5],
    ]);
    expect(one([1, -1, 0, nan], { op: 'argmax', inputs: [0, 1], out: 2 })).toEqual([1, 0, 0, nan]);
    expect(one([0.4, 0.5, nan], { op: 'threshold', in: 0, out: 2, value: 0.5 })).toEqual([0, 1, nan]);
  });

  test('trees: ≤ goes left, NaN where the node says, categories by their bits', () => {
    const trees = {
      op: 'ensemble',
      inputs: [0],
      outputs: [2],
      base: Float64Array.of(100),
      average: false,
      leafWidth: 1,
      roots: Int32Array.of(0, 3),
      feature: Int32Array.of(0, -1, -1, 0, -1, -1),
      threshold: Float64Array.of(2, 0, 0, 0, 0, 0),
      left: Int32Array.of(1, 0, 1, 4, 2, 3),
      right: Int32Array.of(2, 0, 0, 5, 0, 0),
      missingGoesLeft: Uint8Array.of(0, 0, 0, 1, 0, 0),
      categoryOffset: Int32Array.of(-1, -1, -1, 0, -1, -1),
      categoryWords: Int32Array.of(0, 0, 0, 2, 0, 0),
      categories: Uint32Array.of(0b10, 0b1),
      leafValues: Float64Array.of(1, 2, 10, 20),
    } as const;
    // x:            1: left, in set   2: left, not   3: right, not   32: bit 0 of the second word   64, 1.5: no category   NaN
    expect(one([1, 2, 3, 32, 64, 1.5, nan], trees)).toEqual([111, 121, 122, 112, 112, 111, 112]);
    expect(one([1], { ...trees, average: true })).toEqual([55.5]);
  });

  test('neighbours: nearest first, the lower index among equals, exact ones alone where distance weighs', () => {
    const neighbors = {
      op: 'neighbors',
      inputs: [0],
      outputs: [2],
      k: 2,
      weights: 'uniform',
      points: Float64Array.of(0, 2, 4, 2),
      targets: Float64Array.of(1, 10, 100, 1000),
    } as const;
    expect(one([0.5, 3, 9, nan], neighbors)).toEqual([5.5, 55, 55, nan]);
    const weighed = { ...neighbors, weights: 'distance' } as const;
    expect(one([2, 1], weighed)).toEqual([505, 5.5]);
    expect(one([5], { ...weighed, k: 99 })![0]).toBeCloseTo(
      (1 / 5 + 10 / 3 + 100 + 1000 / 3) / (1 / 5 + 1 / 3 + 1 + 1 / 3),
      12,
    );
  });

  test('neighbour scores: the k-th distance, their mean, their median, and how dense a place is beside its neighbours', () => {
    const largest = {
      op: 'neighborScore',
      inputs: [0],
      out: 2,
      k: 2,
      metric: 'euclidean',
      score: 'largest',
      points: Float64Array.of(0, 2, 4, 2),
      reaches: new Float64Array(0),
      densities: new Float64Array(0),
    } as const;
    expect(one([0.5, 3, 9, nan], largest)).toEqual([1.5, 1, 7, nan]);
    expect(one([0.5, 3, 9, nan], { ...largest, score: 'mean' })).toEqual([1, 1, 6, nan]);
    expect(one([0.5, 3, 9], { ...largest, k: 3, score: 'median' })).toEqual([1.5, 1, 7]);
    // Of 3: neighbours 1 and 2 (the first of equals), reaches max(1, 5) and max(1, 0.5): density 1/3, less 1e-10.
    const [reaches, densities] = [Float64Array.of(9, 5, 0.5, 9), Float64Array.of(9, 1, 2, 9)];
    const factor = { ...largest, score: 'outlierFactor', reaches, densities } as const;
    expect(one([3], factor)![0]).toBeCloseTo((1 + 2) / 2 / (1 / 3), 8);
    expect(one([nan], factor)).toEqual([nan]);
  });

  test('centres: the first of the nearest, and the distance to each', () => {
    const centroids = {
      op: 'centroids',
      inputs: [0, 1],
      out: 2,
      distances: [3, 4],
      centers: Float64Array.of(0, 0, 3, 4),
    } as const;
    expect(results([0, 1.5, nan], centroids)).toEqual([
      [0, 1, nan],
      [0, Math.sqrt(1.5 ** 2 + 3 ** 2), nan],
      [5, Math.sqrt(1.5 ** 2 + 1), nan],
    ]);
  });

  test('nearest label: within its limit, by mutual reachability, the nearest and then the first among equals', () => {
    const nearest = {
      op: 'nearestLabel',
      inputs: [0],
      out: 2,
      metric: 'euclidean',
      k: 0,
      points: Float64Array.of(0, 4, 8, 4),
      labels: Int32Array.of(7, 3, 5, 9),
      limits: Float64Array.of(),
      cores: Float64Array.of(),
    } as const;
    expect(one([0.5, 2, 4, 6, 100, nan, Number.POSITIVE_INFINITY], nearest)).toEqual([7, 7, 3, 3, 5, nan, -1]);
    expect(one([1, 1.5, 9.5], { ...nearest, limits: Float64Array.of(1) })).toEqual([7, -1, -1]);
    expect(one([1, 1.5, 9.5], { ...nearest, limits: Float64Array.of(1, 0, 2, 0) })).toEqual([7, -1, 5]);
    // A core of 3 keeps the point at 0 away from its neighbourhood; a row's own core, from all.
    expect(one([1.5, 0], { ...nearest, cores: Float64Array.of(3, 0, 0, 0) })).toEqual([3, 7]);
    expect(one([1.5, 5], { ...nearest, k: 2, limits: Float64Array.of(2.4) })).toEqual([-1, 3]);
    expect(one([-1, 9], { ...nearest, metric: 'cosine' })).toEqual([7, 3]);
    const metrics = ['euclidean', 'manhattan', 'chebyshev'] as const;
    const plane = { ...nearest, inputs: [0, 1], points: Float64Array.of(3, 3, 0, 5, 4.5, 0, 9, 9) } as const;
    expect(metrics.map((metric) => one([0], { ...plane, inputs: [0, 0], metric })[0])).toEqual([7, 5, 7]);
  });

  test('log densities: the offset less half the squares of W·(x − mean), W full or diagonal', () => {
    const gaussian = {
      op: 'gaussian',
      inputs: [0, 1],
      outputs: [2, 3],
      covariance: 'full',
      offsets: Float64Array.of(-1, 2),
      means: Float64Array.of(1, 2, 0, 0),
      factors: Float64Array.of(2, 0, 1, 3, 1, 0, 0, 1),
    } as const;
    // rows (0, 0), (1.5, 3), (NaN, NaN): differences from the first mean (−1, −2) and (0.5, 1)
    expect(results([0, 1.5, nan], gaussian)).toEqual([
      [-1 - (4 + 49) / 2, -1 - (1 + 12.25) / 2, nan],
      [2, 2 - (2.25 + 9) / 2, nan],
    ]);
    const diagonal = { ...gaussian, covariance: 'diagonal', factors: Float64Array.of(2, 3, 1, 1) } as const;
    expect(results([0, 1.5, nan], diagonal)).toEqual([
      [-1 - (4 + 36) / 2, -1 - (1 + 9) / 2, nan],
      [2, 2 - (2.25 + 9) / 2, nan],
    ]);
  });
});

describe('kernel machines', () => {
  const machine = {
    op: 'kernelExpansion',
    inputs: [0, 1],
    outputs: [2, 3],
    kernel: 'linear',
    gamma: 0.5,
    coef0: 1,
    degree: 3,
    supports: Float64Array.of(1, 2, 0, -1),
    coefficients: Float64Array.of(2, 1, 0, -3),
    intercepts: Float64Array.of(10, 20),
  } as const;

  // rows (0, 0), (1.5, 3), (NaN, NaN): products 0, 0 and 7.5, −3; squared distances 5, 1 and 1.25, 18.25
  test.each([
    ['linear', [0, 0, 7.5, -3]],
    ['poly', [1, 1, 4.75 ** 3, (-0.5) ** 3]],
    ['rbf', [exp(-2.5), exp(-0.5), exp(-0.625), exp(-9.125)]],
    ['sigmoid', [tanh(1), tanh(1), tanh(4.75), tanh(-0.5)]],
  ] as const)('%s: intercepts, + coefficient·K for each support in order', (kernel, [a, b, c, d]) => {
    expect(results([0, 1.5, nan], { ...machine, kernel })).toEqual([
      [b + (2 * a + 10), d + (2 * c + 10), nan],
      [-3 * b + (0 * a + 20), -3 * d + (0 * c + 20), nan],
    ]);
  });

  test('probabilities of pairs are coupled as LIBSVM couples them', () => {
    const coupled = (pairs: readonly number[]) => {
      const inputs = pairs.map((_, j) => ({ name: `p${j}`, type: 'number' as const }));
      const outputs = [3, 4, 5];
      const operation = { op: 'pairwiseCoupling', inputs: [0, 1, 2], outputs } as const;
      const program = {
        inputs,
        operations: [operation],
        outputs: outputs.map((register) => ({ name: `c${register}`, register, type: 'number' as const })),
        registerCount: 6,
      };
      return runProgram(
        program,
        pairs.map((pair) => Float64Array.of(pair)),
        1,
      ).map((column) => column[0]!);
    };
    // classes of probability 0.5, 0.3 and 0.2
    const found = coupled([0.5 / 0.8, 0.5 / 0.7, 0.3 / 0.5]);
    [0.5, 0.3, 0.2].forEach((share, k) => {
      expect(found[k]).toBeCloseTo(share, 2);
    });
    // multiclass_probability of LIBSVM 3.3, in C
    const pairs = coupled([0.9, 0.2, 0.55]);
    expect(pairs.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 14);
    [0.27176470844648754, 0.22161532107327911, 0.50661997048023322].forEach((share, k) => {
      expect(pairs[k]).toBeCloseTo(share, 12);
    });
    expect(coupled([1, 1, 1])[0]).toBeGreaterThan(0.99);
    expect(coupled([0.5, nan, 0.5])).toEqual([nan, nan, nan]);
  });
});

describe('a layer of a network', () => {
  const dense = (activation: Activation): Operation => ({
    op: 'dense',
    inputs: [0, 1],
    outputs: [2, 3],
    weights: Float32Array.of(0.1, -1, 2, 1),
    biases: Float32Array.of(0.2, 0),
    activation,
  });

  test('is computed in f32: products, sums, then the bias', () => {
    const f = Math.fround;
    const sum = f(f(f(1.5 * f(0.1)) + f(3 * 2)) + f(0.2));
    expect(results([1.5], dense('identity'))).toEqual([[sum], [1.5]]);
    expect(results([nan, 1e300], dense('identity'))).toEqual([
      [nan, Number.POSITIVE_INFINITY],
      [nan, nan],
    ]);
  });

  test('adds blocks of 256 inputs', () => {
    const count = 600;
    const weights = Float32Array.from({ length: count }, (_, j) => 1 + j / 1000);
    const registers = [...Array.from({ length: count }, () => Float64Array.of(0.1)), new Float64Array(1)];
    const inputs = Array.from({ length: count }, (_, j) => j);
    const operation: Operation = {
      op: 'dense',
      inputs,
      outputs: [count],
      weights,
      biases: Float32Array.of(0),
      activation: 'identity',
    };
    execute(operation, registers, 1);
    let total = 0;
    for (let start = 0; start < count; start += 256) {
      let block = 0;
      for (let j = start; j < Math.min(count, start + 256); j++) {
        block = Math.fround(block + Math.fround(Math.fround(0.1) * weights[j]!));
      }
      total = Math.fround(total + block);
    }
    expect(registers[count]![0]).toBe(total);
  });

  test('activations are those of their names', () => {
    const values = (activation: Activation) => results([-2, 0.5], dense(activation))[0]!;
    const [low, high] = values('identity') as [number, number];
    expect(values('relu')).toEqual([0, high]);
    for (const [name, of] of [
      ['tanh', Math.tanh],
      ['logistic', (x: number) => 1 / (1 + Math.exp(-x))],
      ['gelu', (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))],
    ] as const) {
      const found = values(name) as [number, number];
      expect(found[0]).toBeCloseTo(of(low), 6);
      expect(found[1]).toBeCloseTo(of(high), 6);
    }
  });
});

describe('the calendar', () => {
  const parts: Record<Exclude<CalendarPart, 'week' | 'dayOfYear'>, (date: Date) => number> = {
    year: (date) => date.getUTCFullYear(),
    quarter: (date) => Math.floor(date.getUTCMonth() / 3) + 1,
    month: (date) => date.getUTCMonth() + 1,
    day: (date) => date.getUTCDate(),
    weekday: (date) => (date.getUTCDay() + 6) % 7,
    weekend: (date) => (date.getUTCDay() % 6 === 0 ? 1 : 0),
    hour: (date) => date.getUTCHours(),
    minute: (date) => date.getUTCMinutes(),
    season: (date) => Math.floor(((date.getUTCMonth() + 1) % 12) / 3),
  };

  test("agrees with JavaScript's from year 1 to 9999", () => {
    const first = Date.UTC(2000, 0, 1) - 1999 * 31_556_952_000;
    for (let k = 0; k < 2000; k++) {
      const time = first + k * 157_701_234_567;
      if (time > Date.UTC(9999, 11, 31)) break;
      const date = new Date(time);
      for (const [part, expected] of Object.entries(parts))
        expect(calendarPart(time, part as CalendarPart)).toBe(expected(date));
      const start = new Date(0).setUTCFullYear(date.getUTCFullYear(), 0, 1);
      expect(calendarPart(time, 'dayOfYear')).toBe(Math.floor((time - start) / 86_400_000) + 1);
    }
  });

  test('counts ISO weeks', () => {
    const weeks = {
      '2018-12-31': 1,
      '2019-03-24': 12,
      '2020-12-31': 53,
      '2021-01-03': 53,
      '2021-01-04': 1,
      '2023-01-01': 52,
    };
    for (const [day, week] of Object.entries(weeks)) expect(calendarPart(Date.parse(day), 'week')).toBe(week);
    expect(daysFromCivil(1970, 1, 1)).toBe(0);
    expect(calendarPart(nan, 'hour')).toBeNaN();
  });
});

describe('the builder', () => {
  const inputs = [
    { name: 'a', type: 'number' },
    { name: 'b', type: 'number' },
  ] as const;

  test('leaves out what nothing reads', () => {
    const builder = new ProgramBuilder(inputs);
    builder.add({ op: 'constant', value: 1 });
    const register = builder.add({ op: 'impute', in: 1, value: 0 });
    const unread = builder.add({ op: 'affine', in: register, shift: 0, scale: 1 });
    builder.define({ name: 'b', register, type: 'number' });
    builder.define({ name: 'spare', register: unread, type: 'number' });
    builder.drop('spare');
    const program = builder.build();
    expect(program.operations.map((operation) => operation.op)).toEqual(['impute']);
    expect(program.outputs.map((output) => output.name)).toEqual(['a', 'b']);
  });

  test('composes programs by the names of columns', () => {
    const first = new ProgramBuilder(inputs);
    first.define({
      name: 'c',
      register: first.add({ op: 'binary', left: 0, right: 1, operator: 'add' }),
      type: 'number',
    });
    first.keep(['c', 'a']);
    const second = new ProgramBuilder([
      { name: 'a', type: 'number' },
      { name: 'c', type: 'number' },
    ]);
    const out = second.reserve(2);
    second.emit({ op: 'oneHot', in: 1, out, values: [3, 5], missing: false });
    const outputs = [0, 1].map((k) => ({ name: `is${k}`, register: out + k, type: 'number' }) as const);
    const both = compose(first.build(), second.build([...outputs, { name: 'a', register: 0, type: 'number' }]));
    expect(both.inputs.map((input) => input.name)).toEqual(['a', 'b']);
    expect(runProgram(both, [Float64Array.of(1, 2), Float64Array.of(2, 3)], 2).map((values) => [...values])).toEqual([
      [1, 0],
      [0, 1],
      [1, 2],
    ]);
  });
});

describe('raw values', () => {
  const encode = (type: 'number' | 'boolean' | 'timestamp', value: unknown) =>
    encodeValue({ name: 'v', type }, value, undefined);

  test('numbers, also as text; what is none is refused', () => {
    expect([1, '2.5', ' 3 ', 4n, null, undefined, nan, 'NaN'].map((value) => encode('number', value))).toEqual([
      1,
      2.5,
      3,
      4,
      nan,
      nan,
      nan,
      nan,
    ]);
    for (const value of ['far', '', true, {}, [1]]) expect(() => encode('number', value)).toThrow(RowError);
  });

  test('booleans as such, as 0 and 1, and as text', () => {
    expect([true, 'true', 1, false, 'false', 0, null].map((value) => encode('boolean', value))).toEqual([
      1,
      1,
      1,
      0,
      0,
      0,
      nan,
    ]);
    for (const value of ['yes', 2, {}]) expect(() => encode('boolean', value)).toThrow(/"v"/);
  });

  test('timestamps in every form are UTC milliseconds', () => {
    const time = Date.UTC(2019, 2, 23, 20, 21, 9);
    const forms = [
      time,
      BigInt(time),
      new Date(time),
      '2019-03-23 20:21:09',
      '2019-03-23T20:21:09Z',
      '2019-03-23T22:21:09+02:00',
    ];
    for (const form of forms) expect(encode('timestamp', form)).toBe(time);
    expect(encode('timestamp', '2019-03-23')).toBe(Date.UTC(2019, 2, 23));
    expect(() => encode('timestamp', 'yesterday')).toThrow(/"v"/);
  });

  test('labels by their code, others as never seen', () => {
    const encoder = new RowEncoder({
      inputs: [{ name: 'c', type: 'category', labels: ['a', 'b'] }],
      operations: [],
      outputs: [],
      registerCount: 1,
    });
    const register = new Float64Array(4);
    ['b', 'z', null, 'a'].forEach((c, at) => {
      encoder.encode({ c }, [register], at);
    });
    expect([...register]).toEqual([1, 2, nan, 0]);
  });
});
