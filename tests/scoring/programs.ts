// Random programs that use every operation, for the tests that hold other runtimes to the interpreter.
import { activations } from '#lanewise/kernels/activations.js';
import { metricNames } from '#lanewise/kernels/metric-distance.js';
import { ProgramBuilder } from '#lanewise/scoring/builder.js';
import { binaryOperators, calendarParts, unaryFunctions } from '#lanewise/scoring/layout.js';
import type { EnsembleOperation, Operation, Program } from '#lanewise/scoring/program.js';

export interface Dice {
  uniform(): number;
  integer(bound: number): number;
  pick<T>(from: readonly T[]): T;
}

/** A small seeded generator (mulberry32). */
export function dice(seed: number): Dice {
  let state = seed | 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const integer = (bound: number) => Math.floor(uniform() * bound);
  return { uniform, integer, pick: (from) => from[integer(from.length)]! };
}

const oddities = [
  Number.NaN,
  0,
  -0,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  5e-324,
  1e300,
  -1e300,
  3,
  31,
  32,
];

export function number(random: Dice): number {
  if (random.integer(10) === 0) return random.pick(oddities);
  if (random.integer(3) === 0) return random.integer(12) - 2;
  return (random.uniform() - 0.5) * 20;
}

export const numbers = (random: Dice, length: number) => Float64Array.from({ length }, () => number(random));

export const inputs = [
  { name: 'x', type: 'number' },
  { name: 'y', type: 'number' },
  { name: 'flag', type: 'boolean' },
  { name: 'when', type: 'timestamp' },
  { name: 'place', type: 'category', labels: ['Bronx', 'Brooklyn', 'Queens', 'Île', '日本'] },
] as const;

/** Columns for `inputs`, in register form, with missing values, unseen labels and odd numbers. */
export function columns(random: Dice, rowCount: number): Float64Array[] {
  const column = (value: () => number) =>
    Float64Array.from({ length: rowCount }, () => (random.integer(8) === 0 ? Number.NaN : value()));
  return [
    column(() => number(random)),
    column(() => number(random)),
    column(() => random.integer(2)),
    column(() => Math.floor((random.uniform() - 0.3) * 6e12)),
    column(() => random.integer(6)),
  ];
}

/** A forest of random trees over `features` inputs, numeric and categorical nodes mixed. */
export function forest(random: Dice, features: number, outputs: number, trees: number) {
  const leafWidth = outputs > 1 && random.integer(2) === 0 ? outputs : 1;
  const feature: number[] = [];
  const threshold: number[] = [];
  const left: number[] = [];
  const right: number[] = [];
  const missing: number[] = [];
  const categoryOffset: number[] = [];
  const categoryWords: number[] = [];
  const categories: number[] = [];
  const leafValues: number[] = [];
  const grow = (depth: number): number => {
    const node = feature.push(-1) - 1;
    for (const list of [threshold, left, right, missing, categoryWords]) list.push(0);
    categoryOffset.push(-1);
    if (depth === 0 || random.integer(5) === 0) {
      left[node] = leafValues.length / leafWidth;
      for (let k = 0; k < leafWidth; k++) leafValues.push(number({ ...random, integer: () => 1 }));
      return node;
    }
    feature[node] = random.integer(features);
    threshold[node] = number(random);
    missing[node] = random.integer(2);
    if (random.integer(3) === 0) {
      categoryOffset[node] = categories.length;
      categoryWords[node] = 1 + random.integer(2);
      for (let w = 0; w < categoryWords[node]!; w++) categories.push(Math.floor(random.uniform() * 4_294_967_296));
    }
    left[node] = grow(depth - 1);
    right[node] = grow(depth - 1);
    return node;
  };
  const roots = Array.from({ length: trees }, () => grow(4));
  return {
    op: 'ensemble',
    base: numbers({ ...random, integer: () => 1 }, outputs),
    average: random.integer(2) === 0,
    leafWidth,
    roots: Int32Array.from(roots),
    feature: Int32Array.from(feature),
    threshold: Float64Array.from(threshold),
    left: Int32Array.from(left),
    right: Int32Array.from(right),
    missingGoesLeft: Uint8Array.from(missing),
    categoryOffset: Int32Array.from(categoryOffset),
    categoryWords: Int32Array.from(categoryWords),
    categories: Uint32Array.from(categories),
    leafValues: Float64Array.from(leafValues),
    cover: Float64Array.from(feature, (_, node) => feature.length - node),
    gain: Float64Array.from(feature, (input) => (input < 0 ? 0 : 1.5)),
  } satisfies Omit<EnsembleOperation, 'inputs' | 'outputs'>;
}

/** A program with every operation at least once, wired at random; its outputs are the last twelve registers written. */
export function everyOperation(seed: number): Program {
  const random = dice(seed);
  const builder = new ProgramBuilder(inputs);
  const made = inputs.map((_, register) => register);
  const any = () => random.pick(made);
  const some = (count: number) => Array.from({ length: count }, any);
  const simple: (() => Parameters<ProgramBuilder['add']>[0])[] = [
    () => ({ op: 'constant', value: number(random) }),
    () => ({ op: 'impute', in: any(), value: number(random) }),
    () => ({ op: 'indicator', in: any() }),
    () => ({ op: 'affine', in: any(), shift: number(random), scale: number(random) }),
    () => ({ op: 'clip', in: any(), low: -3 + random.integer(3), high: random.integer(5) }),
    () => ({ op: 'replace', in: any(), from: [...numbers(random, 3)], to: number(random) }),
    () => ({
      op: 'lookup',
      in: random.pick([4, any()]),
      table: numbers(random, 5),
      missing: number(random),
      unseen: number(random),
    }),
    () => ({ op: 'bin', in: any(), edges: Float64Array.of(-2, -0, 0.5, 0.5, 7, Number.POSITIVE_INFINITY) }),
    () => ({ op: 'wave', in: any(), wave: random.pick(['sin', 'cos']), period: random.pick([7, 12, 24, 0.3]) }),
    () => ({ op: 'threshold', in: any(), value: number(random) }),
    () => ({ op: 'argmax', inputs: some(1 + random.integer(4)) }),
    ...calendarParts.map((part) => () => ({ op: 'calendar', in: random.pick([3, 3, any()]), part }) as const),
    ...unaryFunctions.map((name) => () => ({ op: 'unary', in: any(), function: name }) as const),
    ...binaryOperators.map((operator) => () => ({ op: 'binary', left: any(), right: any(), operator }) as const),
  ];
  const wide: (() => Operation)[] = [
    () => ({ op: 'oneHot', in: any(), out: builder.reserve(4), values: [0, 1, 3], missing: true }),
    () => ({ op: 'oneHot', in: 4, out: builder.reserve(2), values: [2, 4], missing: false }),
    () => ({
      op: 'linear',
      inputs: some(3),
      outputs: span(2),
      coefficients: numbers(random, 6),
      intercepts: numbers(random, 2),
    }),
    () => ({ ...forest(random, 5, 1, 7), inputs: [0, 1, any(), 3, 4], outputs: span(1) }),
    () => ({ ...forest(random, 5, 3, 6), inputs: [0, 1, 2, 3, 4], outputs: span(3) }),
    () => ({
      op: 'neighbors',
      inputs: some(2),
      outputs: span(2),
      k: 3,
      weights: 'uniform',
      points: numbers(random, 14),
      targets: numbers(random, 14),
    }),
    () => ({
      op: 'neighbors',
      inputs: [0, 2],
      outputs: span(1),
      k: 4,
      weights: 'distance',
      points: Float64Array.from({ length: 20 }, () => random.integer(4)),
      targets: numbers(random, 10),
    }),
    ...(['euclidean', 'manhattan', 'chebyshev', 'cosine'] as const).map(
      (metric, k) => () =>
        ({
          op: 'neighborScore',
          inputs: some(2),
          out: builder.reserve(),
          k: k + 1,
          metric,
          score: (['largest', 'mean', 'median'] as const)[k % 3]!,
          points: Float64Array.from({ length: 14 }, () => random.integer(5)),
          reaches: new Float64Array(0),
          densities: new Float64Array(0),
        }) as const,
    ),
    () => ({
      op: 'neighborScore',
      inputs: [0, any()],
      out: builder.reserve(),
      k: 3,
      metric: 'euclidean',
      score: 'outlierFactor',
      points: numbers(random, 12),
      reaches: Float64Array.from({ length: 6 }, () => random.uniform()),
      densities: Float64Array.from({ length: 6 }, () => 1 / random.uniform()),
    }),
    () => ({
      op: 'centroids',
      inputs: [0, 1],
      out: builder.reserve(),
      distances: span(3),
      centers: Float64Array.from({ length: 6 }, () => random.integer(5)),
    }),
    ...metricNames.flatMap((metric) =>
      [0, 3, 9].map(
        (k) => (): Operation => ({
          op: 'metricNeighbors',
          inputs: metric === 'hamming' || metric === 'gower' ? [0, 2, 4] : some(metric === 'haversine' ? 2 : 3),
          outputs: span(2),
          metric,
          k,
          radius: metric === 'dot' ? -1 : 0.6 + random.integer(3),
          weights: random.pick(['uniform', 'distance'] as const),
          algorithm: 'auto',
          points: Float64Array.from({ length: metric === 'haversine' ? 12 : 18 }, () =>
            metric === 'haversine' ? random.uniform() * 3 - 1.5 : random.integer(5) - 1,
          ),
          columns: metric === 'gower' ? Float64Array.of(4, 0, 0, 1, 0.5, 2) : new Float64Array(0),
          targets: numbers(random, 12).map((value) => (Number.isFinite(value) ? value : 1)),
          otherwise: random.integer(2) === 0 ? new Float64Array(0) : Float64Array.of(7, -7),
        }),
      ),
    ),
    ...(['uniform', 'distance'] as const).map(
      (weights) => (): Operation => ({
        op: 'imputeNeighbors',
        inputs: some(3),
        outputs: span(3),
        k: 2 + random.integer(9),
        weights,
        points: Float64Array.from({ length: 24 }, (_, i) =>
          random.integer(4) === 0 || (i % 3 === 2 && seed % 5 === 0) ? Number.NaN : random.integer(5),
        ),
        fallback: Float64Array.of(1, 2, 3),
      }),
    ),
    () => ({
      op: 'nearestLabel',
      inputs: [0, 1],
      out: builder.reserve(),
      metric: 'euclidean',
      k: 3,
      points: Float64Array.from({ length: 16 }, () => random.integer(5)),
      labels: Int32Array.from({ length: 8 }, () => random.integer(4) - 1),
      limits: numbers(random, 8),
      cores: Float64Array.from({ length: 8 }, () => random.integer(4)),
    }),
    ...(['manhattan', 'chebyshev', 'cosine'] as const).map(
      (metric) => (): Operation => ({
        op: 'nearestLabel',
        inputs: some(2),
        out: builder.reserve(),
        metric,
        k: 0,
        points: numbers(random, 12),
        labels: Int32Array.of(5, 4, 3, 2, 1, 0),
        limits: metric === 'chebyshev' ? Float64Array.of(2) : new Float64Array(0),
        cores: new Float64Array(0),
      }),
    ),
    () => ({
      op: 'gaussian',
      inputs: some(3),
      outputs: span(2),
      covariance: 'full',
      offsets: numbers(random, 2),
      means: numbers(random, 6),
      factors: numbers(random, 18),
    }),
    () => ({
      op: 'gaussian',
      inputs: [0, 1],
      outputs: span(3),
      covariance: 'diagonal',
      offsets: numbers(random, 3),
      means: numbers(random, 6),
      factors: numbers(random, 6),
    }),
    ...(['linear', 'poly', 'rbf', 'sigmoid'] as const).map((kernel, kind) => () => ({
      op: 'kernelExpansion' as const,
      inputs: some(3),
      outputs: span(kind < 2 ? 1 : 2),
      kernel,
      gamma: 0.25,
      coef0: 0.5,
      degree: random.integer(5),
      supports: numbers(random, 3 * 4),
      coefficients: numbers(random, (kind < 2 ? 1 : 2) * 4),
      intercepts: numbers(random, kind < 2 ? 1 : 2),
    })),
    () => ({ op: 'pairwiseCoupling', inputs: some(3), outputs: span(3) }),
    ...activations.map(
      (activation) => (): Operation => ({
        op: 'dense',
        inputs: some(3),
        outputs: span(2),
        weights: Float32Array.from(numbers(random, 6)),
        biases: Float32Array.from(numbers(random, 2)),
        activation,
      }),
    ),
    () => ({ op: 'softmax', inputs: some(3), outputs: span(3) }),
    () => ({ op: 'normalize', inputs: some(2), outputs: span(2) }),
  ];
  const span = (count: number) => {
    const first = builder.reserve(count);
    return Array.from({ length: count }, (_, k) => first + k);
  };
  const written: number[] = [];
  const steps = shuffle([...simple.map((make) => ({ make })), ...wide.map((emit) => ({ emit }))], random);
  for (const step of steps) {
    if ('make' in step) written.push(builder.add(step.make()));
    else {
      const operation = step.emit();
      builder.emit(operation);
      const list =
        'distances' in operation
          ? [operation.out, ...operation.distances]
          : 'outputs' in operation
            ? operation.outputs
            : [(operation as { out: number }).out];
      written.push(...list);
    }
    made.splice(0, made.length, ...inputs.map((_, register) => register), ...written);
  }
  return builder.build(written.map((register) => ({ name: `r${register}`, register, type: 'number' })));
}

function shuffle<T>(list: T[], random: Dice): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

/** Bits of a column as text, every NaN alike. */
export function bitsOf(values: Float64Array): string[] {
  const view = new DataView(new ArrayBuffer(8));
  return Array.from(values, (value) => {
    if (Number.isNaN(value)) return 'NaN';
    view.setFloat64(0, value);
    return view.getBigUint64(0).toString(16);
  });
}
