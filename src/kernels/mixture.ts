import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { exp, log } from './elementary.js';

/**
 * Mixtures of normal densities: how much of each row is each component's, and the moments of the rows by those shares.
 * Rows are given by columns. Sums over rows run in tiles of 256, in eight lanes (row mod 8) that fold in halves; tiles are
 * added one after the other.
 */
export const MOMENT_TILE = 256;
const LANES = 8;

/** What mixture_moments_f64 sums: the rows and the shares; squares about centres; products about centres. */
export const momentKinds = ['sums', 'squares', 'products'] as const;
export type MomentKind = (typeof momentKinds)[number];

/** Numbers of a component's moments. */
export function momentLength(kind: MomentKind, dimension: number): number {
  if (kind === 'sums') return dimension + 1;
  return kind === 'squares' ? dimension : dimension * dimension;
}

const columns = {
  name: 'columns',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.rowCount! * s.dimension!,
  meaning: 'dimension × rows: a column behind the other',
} as const;
const means = {
  name: 'means',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.componentCount! * s.dimension!,
  meaning: 'components × dimension',
} as const;
const factors = {
  name: 'factors',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.componentCount! * s.dimension! * (s.full! ? s.dimension! : 1),
} as const;
const offsets = {
  name: 'offsets',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.componentCount!,
} as const;
const differences = {
  name: 'differences',
  role: 'scratch',
  dtype: 'f64',
  length: (s: Scalars) => 16 * s.dimension!,
  meaning: 'of sixteen rows and a mean, or the sixteen rows',
} as const;
const rowCount = { name: 'rowCount', dtype: 'i32', meaning: 'rows' } as const;
const componentCount = { name: 'componentCount', dtype: 'i32', meaning: 'components' } as const;
const dimension = { name: 'dimension', dtype: 'i32', meaning: 'columns' } as const;

function drawnValue(random: CaseRandom, flavour: Flavour): number {
  if (flavour === 'special' && random.integer(12) === 0)
    return [0, -0, 5e-324, 1e-30, 1e100, -3e30][random.integer(6)]!;
  return flavour === 'constant' ? 0.5 : flavour === 'ties' ? random.integer(3) : random.normal();
}

const shapeOf = (size: number, random: CaseRandom) => ({
  rowCount: size,
  componentCount: size >= 8192 ? 8 : 1 + random.integer(5),
  dimension: size >= 8192 ? 16 : 1 + random.integer(9),
});

function densityCase(size: number, random: CaseRandom, value: () => number) {
  const shape = { ...shapeOf(size, random), full: random.integer(2) };
  const parts = shape.componentCount * shape.dimension;
  return {
    scalars: shape,
    buffers: {
      columns: Float64Array.from({ length: size * shape.dimension }, value),
      means: Float64Array.from({ length: parts }, () => random.normal()),
      factors: Float64Array.from({ length: parts * (shape.full ? shape.dimension : 1) }, () => random.normal()),
      offsets: Float64Array.from({ length: shape.componentCount }, () => random.normal()),
    },
  };
}

/** |W·(row − mean)|² of a component. */
function squaredLength(
  values: Float64Array,
  middles: Float64Array,
  own: Float64Array,
  form: 'diagonal' | 'triangle' | 'square',
  row: number,
  n: number,
  c: number,
  width: number,
): number {
  let squares = 0;
  for (let i = 0; i < width; i++) {
    let z = 0;
    const end = form === 'square' ? width - 1 : i;
    for (let j = form === 'diagonal' ? i : 0; j <= end; j++) {
      const factor = form === 'diagonal' ? own[c * width + i]! : own[(c * width + i) * width + j]!;
      z = factor * (values[j * n + row]! - middles[c * width + j]!) + z;
    }
    squares = squares + z * z;
  }
  return squares;
}

export const gaussian_scores_f64 = defineKernel({
  name: 'gaussian_scores_f64',
  family: 'scoring',
  summary: 'Of rows, offset − ½·|W·(row − mean)|² by component: the gaussian operation of scoring programs.',
  arguments: [
    columns,
    means,
    { ...factors, meaning: 'W: squares, row-major, or their diagonals' },
    { ...offsets, meaning: 'added to' },
    {
      name: 'scores',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.componentCount! * s.rowCount!,
      meaning: 'components × rows; NaN where a coordinate is',
    },
    differences,
    rowCount,
    componentCount,
    dimension,
    { name: 'full', dtype: 'i32', meaning: '1: factors are squares; 0: diagonals' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, middles, own, added, scores, _scratch, n, k, width, full) => {
    const form = full ? 'square' : 'diagonal';
    for (let c = 0; c < k; c++) {
      for (let row = 0; row < n; row++) {
        scores[c * n + row] = added[c]! - 0.5 * squaredLength(values, middles, own, form, row, n, c, width);
      }
    }
  },
  inputs: (size, random, flavour) =>
    densityCase(size, random, () =>
      flavour === 'special' && random.integer(40) === 0
        ? [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][random.integer(3)]!
        : drawnValue(random, flavour),
    ),
  work: (s) => ({
    elements: s.rowCount! * s.componentCount!,
    flops: s.rowCount! * s.componentCount! * s.dimension! * (s.full! ? 2 * s.dimension! + 3 : 4),
  }),
});

export const mixture_expect_f64 = defineKernel({
  name: 'mixture_expect_f64',
  family: 'distance',
  summary:
    'Of rows, the log of their density in a mixture of normal densities, and the share that each component has in it.',
  arguments: [
    columns,
    means,
    { ...factors, meaning: 'inverse Cholesky factors W: lower triangles, row-major, or their diagonals' },
    { ...offsets, meaning: 'log weight + log det W − dimension/2·log 2π' },
    {
      name: 'shares',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.componentCount! * s.rowCount!,
      meaning: 'components × rows; sum to 1 by row',
    },
    { name: 'logs', role: 'out', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'log densities' },
    differences,
    rowCount,
    componentCount,
    dimension,
    { name: 'full', dtype: 'i32', meaning: '1: factors are triangles; 0: diagonals' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, middles, own, added, shares, logs, _scratch, n, k, width, full) => {
    for (let row = 0; row < n; row++) {
      let most = Number.NEGATIVE_INFINITY;
      for (let c = 0; c < k; c++) {
        const squares = squaredLength(values, middles, own, full ? 'triangle' : 'diagonal', row, n, c, width);
        const density = added[c]! - 0.5 * squares;
        shares[c * n + row] = density;
        if (density > most) most = density;
      }
      let sum = 0;
      for (let c = 0; c < k; c++) {
        const part = most === Number.NEGATIVE_INFINITY ? 1 : exp(shares[c * n + row]! - most);
        shares[c * n + row] = part;
        sum += part;
      }
      for (let c = 0; c < k; c++) shares[c * n + row] = shares[c * n + row]! / sum;
      logs[row] = most === Number.NEGATIVE_INFINITY ? most : most + log(sum);
    }
  },
  inputs: (size, random, flavour) => densityCase(size, random, () => drawnValue(random, flavour)),
  work: (s) => ({
    elements: s.rowCount! * s.componentCount!,
    flops: s.rowCount! * s.componentCount! * s.dimension! * (s.full! ? s.dimension! + 3 : 4),
  }),
});

export const mixture_moments_f64 = defineKernel({
  name: 'mixture_moments_f64',
  family: 'distance',
  summary: 'By component: sums of rows and shares, or squares or products of rows about a centre, by the shares.',
  arguments: [
    columns,
    {
      name: 'shares',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.componentCount! * s.rowCount!,
      meaning: 'components × rows',
    },
    {
      name: 'weights',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.rowCount!,
      meaning: 'of the rows; absent: 1',
      optional: true,
    },
    {
      name: 'centers',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.componentCount! * s.dimension!,
      meaning: 'components × dimension; absent: 0',
      optional: true,
    },
    {
      name: 'moments',
      role: 'out',
      dtype: 'f64',
      length: (s) =>
        s.componentCount! *
        (s.kind! === 0 ? s.dimension! + 1 : s.kind! === 1 ? s.dimension! : s.dimension! * s.dimension!),
      meaning:
        'components × (kind 0: Σ share·x, then Σ share; 1: Σ share·d²; 2: Σ share·d·dᵀ, row-major), d = x − centre',
    },
    {
      name: 'scratch',
      role: 'scratch',
      dtype: 'f64',
      length: (s) => 256 * (2 * s.dimension! + 1),
      meaning: 'shares and differences of a tile',
    },
    rowCount,
    componentCount,
    dimension,
    { name: 'kind', dtype: 'i32', meaning: 'place in momentKinds' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, shares, weights, centers, moments, _scratch, n, k, width, kind) => {
    moments.fill(0);
    const share = (c: number, row: number) => (weights ? weights[row]! * shares[c * n + row]! : shares[c * n + row]!);
    const apart = (c: number, j: number, row: number) => values[j * n + row]! - (centers ? centers[c * width + j]! : 0);
    for (let start = 0; start < n; start += MOMENT_TILE) {
      const end = Math.min(n, start + MOMENT_TILE);
      for (let c = 0; c < k; c++) {
        if (kind === 0) {
          for (let j = 0; j < width; j++) {
            addTile(moments, c * (width + 1) + j, start, end, (row) => share(c, row) * apart(c, j, row));
          }
          addTile(moments, c * (width + 1) + width, start, end, (row) => share(c, row));
        } else if (kind === 1) {
          for (let j = 0; j < width; j++) {
            addTile(moments, c * width + j, start, end, (row) => share(c, row) * apart(c, j, row) * apart(c, j, row));
          }
        } else {
          for (let i = 0; i < width; i++) {
            for (let j = 0; j <= i; j++) {
              const at = (c * width + i) * width + j;
              addTile(moments, at, start, end, (row) => share(c, row) * apart(c, i, row) * apart(c, j, row));
              moments[(c * width + j) * width + i] = moments[at]!;
            }
          }
        }
      }
    }
  },
  inputs: (size, random, flavour) => {
    const shape = { ...shapeOf(size, random), kind: random.integer(3) };
    const { componentCount: k, dimension: width } = shape;
    return {
      scalars: shape,
      buffers: {
        columns: Float64Array.from({ length: size * width }, () => drawnValue(random, flavour)),
        shares: Float64Array.from({ length: k * size }, () => random.uniform()),
        weights: random.integer(2) === 0 ? Float64Array.from({ length: size }, () => random.uniform()) : null,
        centers: shape.kind > 0 ? Float64Array.from({ length: k * width }, () => random.normal()) : null,
      },
    };
  },
  work: (s) => ({
    elements: s.rowCount! * s.componentCount! * s.dimension!,
    flops: s.rowCount! * s.componentCount! * s.dimension! * (s.kind! === 2 ? s.dimension! + 2 : 3),
  }),
});

function addTile(moments: Float64Array, at: number, start: number, end: number, part: (row: number) => number): void {
  const lanes = new Float64Array(LANES);
  for (let row = start; row < end; row++) lanes[(row - start) % LANES]! += part(row);
  for (let half = LANES / 2; half >= 1; half /= 2) for (let l = 0; l < half; l++) lanes[l]! += lanes[l + half]!;
  moments[at] = moments[at]! + lanes[0]!;
}
