import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import {
  cholesky,
  choleskySolve,
  choleskySolveMany,
  qr,
  randomizedSvd,
  solveTriangular,
  svd,
  symmetricEigen,
} from '#lanewise/engine/linear-algebra.js';
import { dice } from '../scoring/programs.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: 'wasm', threads: 2 });
});
afterAll(() => engine.close());

/** rows × columns, column by column. */
interface Matrix {
  readonly m: number;
  readonly n: number;
  readonly values: Float64Array;
}

function make(m: number, n: number, at: (i: number, j: number) => number): Matrix {
  return { m, n, values: Float64Array.from({ length: m * n }, (_, k) => at(k % m, Math.floor(k / m))) };
}

const random = dice(17);
const drawn = (m: number, n: number) => make(m, n, () => random.uniform() - 0.5);
const hilbert = (n: number) => make(n, n, (i, j) => 1 / (i + j + 1));
const [sine, cosine] = [Math.sin(1.2), Math.cos(1.2)];
const kahan = (n: number) => make(n, n, (i, j) => (i > j ? 0 : sine ** i * (i === j ? 1 : -cosine)));
const graded = (m: number, n: number) => make(m, n, (_, j) => (random.uniform() - 0.5) * 10 ** (-1.5 * j));
const deficient = (m: number, n: number) => {
  const [a, b] = [drawn(m, 2), drawn(2, n)];
  return make(m, n, (i, j) => a.values[i]! * b.values[2 * j]! + a.values[m + i]! * b.values[2 * j + 1]!);
};
const scaled = (matrix: Matrix, by: number): Matrix => ({
  ...matrix,
  values: matrix.values.map((value) => value * by),
});

const cases: [string, Matrix][] = [
  ['random, tall', drawn(150, 40)],
  ['random, wide', drawn(30, 47)],
  ['random, larger than two blocks', drawn(90, 85)],
  ['one element', drawn(1, 1)],
  ['one column', drawn(70, 1)],
  ['one row', drawn(1, 9)],
  ['Hilbert', hilbert(12)],
  ['Kahan', kahan(40)],
  ['graded over 45 orders of magnitude', graded(60, 30)],
  ['of rank 2', deficient(50, 20)],
  ['zeros', make(20, 7, () => 0)],
  ['huge', scaled(drawn(40, 12), 1e300)],
  ['tiny', scaled(drawn(40, 12), 1e-300)],
  ['a column of zeros', make(30, 6, (_, j) => (j === 3 ? 0 : random.uniform()))],
  ['equal columns', make(30, 6, (i) => (i % 7) + 1)],
];

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The largest error of a·b against what it should be, in units of the largest element. */
function residual({ m, n, values }: Matrix, product: (i: number, j: number) => number): number {
  let worst = 0;
  const unit = largest(values) || 1;
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < m; i++) worst = Math.max(worst, Math.abs(values[j * m + i]! / unit - product(i, j) / unit));
  }
  return worst;
}

/** How far vectors that lie one after the other are from orthogonal unit vectors. */
function unorthogonality(vectors: Float64Array, count: number): number {
  const length = vectors.length / count;
  let worst = 0;
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = a === b ? -1 : 0;
      for (let i = 0; i < length; i++) sum += vectors[a * length + i]! * vectors[b * length + i]!;
      worst = Math.max(worst, Math.abs(sum));
    }
  }
  return worst;
}

describe.each(cases)('%s', (name, matrix) => {
  const { m, n, values } = matrix;
  const k = Math.min(m, n);
  test.each([false, true])('QR, pivoting %s', async (pivoting) => {
    using factor = await qr(engine, values, m, n, { pivoting });
    const [q, r] = [await factor.q(), factor.r];
    expect(unorthogonality(q, k)).toBeLessThan(1e-14);
    const product = (i: number, j: number) => {
      let sum = 0;
      for (let l = 0; l <= Math.min(j, k - 1); l++) sum += q[l * m + i]! * r[l * n + j]!;
      return sum;
    };
    const permuted = make(m, n, (i, j) => values[factor.pivots[j]! * m + i]!);
    expect(residual(permuted, product)).toBeLessThan(2e-14);
    const back = await factor.multiply(await factor.multiplyTransposed(values, n), n);
    expect(residual(matrix, (i, j) => back[j * m + i]!)).toBeLessThan(1e-14);
    if (!pivoting) return;
    for (let i = 1; i < k; i++) {
      expect(Math.abs(r[i * (n + 1)]!)).toBeLessThanOrEqual(Math.abs(r[(i - 1) * (n + 1)]!) * (1 + 1e-12));
    }
  });

  test('singular values', async () => {
    const { values: sigma, left, right } = await svd(engine, values, m, n);
    expect(unorthogonality(left, k)).toBeLessThan(1e-13);
    expect(unorthogonality(right, k)).toBeLessThan(1e-13);
    expect(sigma.every((value, i) => value >= 0 && (i === 0 || value <= sigma[i - 1]!))).toBe(true);
    const product = (i: number, j: number) => {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += left[l * m + i]! * sigma[l]! * right[l * n + j]!;
      return sum;
    };
    expect(residual(matrix, product)).toBeLessThan(4e-14);
    if (name === 'of rank 2') expect(sigma[2]! / sigma[0]!).toBeLessThan(1e-15);
  });

  test('eigenvalues of the symmetric part', async () => {
    const symmetric = make(k, k, (i, j) => values[j * m + i]! / 2 + values[i * m + j]! / 2);
    const { values: lambda, vectors } = await symmetricEigen(engine, symmetric.values, k);
    expect(unorthogonality(vectors, k)).toBeLessThan(1e-13);
    expect(lambda.every((value, i) => i === 0 || value <= lambda[i - 1]!)).toBe(true);
    const product = (i: number, j: number) => {
      let sum = 0;
      for (let e = 0; e < k; e++) sum += vectors[e * k + i]! * lambda[e]! * vectors[e * k + j]!;
      return sum;
    };
    expect(residual(symmetric, product)).toBeLessThan(4e-14);
  });
});

test('singular values of graded columns are found to their own last places', async () => {
  // Orthogonal columns of known lengths, mixed by nothing: the smallest is 1e-30 of the largest.
  const sizes = [1, 1e-10, 1e-20, 1e-30];
  const columns = make(8, 4, (i, j) => (((i >> j) & 1) === 0 ? 1 : -1) * sizes[j]! * Math.SQRT1_2 * 0.5);
  const { values } = await svd(engine, columns.values, 8, 4);
  sizes.forEach((size, j) => {
    expect(values[j]! / size).toBeCloseTo(1, 13);
  });
});

test('the eigenvalues of the second difference are those of the formula', async () => {
  const n = 130;
  const matrix = make(n, n, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0));
  const { values } = await symmetricEigen(engine, matrix.values, n);
  for (let k = 0; k < n; k++)
    expect(values[n - 1 - k]).toBeCloseTo(4 * Math.sin(((k + 1) * Math.PI) / (2 * n + 2)) ** 2, 13);
});

test('Cholesky: the factor, the solutions, the same bits on every number of threads, and a matrix that is not positive', async () => {
  const n = 170;
  const { values } = drawn(n, n);
  const gram = make(n, n, (i, j) => {
    let sum = i === j ? 0.1 : 0;
    for (let k = 0; k < n; k++) sum += values[i * n + k]! * values[j * n + k]!;
    return sum;
  });
  const factor = (await cholesky(engine, gram.values, n))!;
  const product = (i: number, j: number) => {
    let sum = 0;
    for (let k = 0; k <= Math.min(i, j); k++) sum += factor.lower[i * n + k]! * factor.lower[j * n + k]!;
    return sum;
  };
  expect(residual(gram, product)).toBeLessThan(1e-14);
  const truth = Float64Array.from({ length: 2 * n }, (_, i) => (i % 5) - 2);
  const rights = truth.map((_, at) => {
    const [right, i] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let k = 0; k < n; k++) sum += gram.values[i * n + k]! * truth[right * n + k]!;
    return sum;
  });
  const solved = await choleskySolveMany(engine, factor, rights, 2);
  expect(largest(solved.map((value, i) => value - truth[i]!))).toBeLessThan(1e-11);
  expect(largest(choleskySolve(factor, rights.subarray(0, n)).map((value, i) => value - truth[i]!))).toBeLessThan(
    1e-11,
  );
  await using other = await createEngine({ backend: 'reference', threads: 1 });
  expect((await cholesky(other, gram.values, n))!.lower).toEqual(factor.lower);
  expect(
    await cholesky(
      engine,
      gram.values.map((value, at) => (at % (n + 1) === 0 ? value - 9 : value)),
      n,
    ),
  ).toBeUndefined();
});

test('triangles of both shapes, transposed or not, solve many right sides; a 0 on the diagonal is refused', async () => {
  const n = 75;
  using scope = engine.arena.scope();
  for (const shape of ['lower', 'upper'] as const) {
    const triangle = make(n, n, (i, j) => (i === j ? 2 + random.uniform() : random.uniform() / n)).values;
    const inside = (i: number, j: number) => (shape === 'lower' ? j <= i : j >= i);
    for (const transposed of [false, true]) {
      const truth = drawn(n, 5).values;
      const rights = truth.map((_, at) => {
        const [right, i] = [Math.floor(at / n), at % n];
        let sum = 0;
        for (let j = 0; j < n; j++) {
          const [row, column] = transposed ? [j, i] : [i, j];
          if (inside(row, column)) sum += triangle[row * n + column]! * truth[right * n + j]!;
        }
        return sum;
      });
      const x = scope.copy('f64', rights);
      await solveTriangular(engine, { values: scope.copy('f64', triangle), size: n, shape }, x, 5, { transposed });
      expect(largest(x.map((value, i) => value - truth[i]!))).toBeLessThan(1e-14);
    }
  }
  const singular = scope.copy('f64', [1, 0, 2, 0]);
  const solving = solveTriangular(engine, { values: singular, size: 2, shape: 'lower' }, scope.copy('f64', [1, 1]), 1);
  await expect(solving).rejects.toThrow('element 1 of its diagonal is 0');
});

test('least squares by QR: the residual is orthogonal to the columns', async () => {
  const { m, n, values } = drawn(60, 9);
  const b = drawn(60, 1).values;
  for (const pivoting of [false, true]) {
    using factor = await qr(engine, values, m, n, { pivoting });
    const x = await factor.solve(b);
    const rest = b.map((value, i) => {
      let sum = value;
      for (let j = 0; j < n; j++) sum -= values[j * m + i]! * x[j]!;
      return sum;
    });
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let i = 0; i < m; i++) sum += values[j * m + i]! * rest[i]!;
      expect(Math.abs(sum)).toBeLessThan(1e-14);
    }
  }
});

test('the randomised singular values are the exact ones where the spectrum falls, the same bits on every backend', async () => {
  const [a, b] = [drawn(300, 30), drawn(40, 30)];
  const matrix = make(300, 40, (i, j) => {
    let sum = 0;
    for (let k = 0; k < 30; k++) sum += a.values[k * 300 + i]! * 0.6 ** k * b.values[k * 40 + j]!;
    return sum;
  });
  const exact = await svd(engine, matrix.values, 300, 40);
  const found = await randomizedSvd(engine, matrix.values, 300, 40, { count: 6, seed: 3 });
  for (let k = 0; k < 6; k++) expect(found.values[k]! / exact.values[k]!).toBeCloseTo(1, 12);
  expect(unorthogonality(found.left, 6)).toBeLessThan(1e-13);
  expect(unorthogonality(found.right, 6)).toBeLessThan(1e-13);
  await using other = await createEngine({ backend: 'reference', threads: 1 });
  expect(await randomizedSvd(other, matrix.values, 300, 40, { count: 6, seed: 3 })).toEqual(found);
});

test('what is not finite is refused', async () => {
  const bad = Float64Array.of(1, Number.NaN, 2, 3);
  await expect(svd(engine, bad, 2, 2)).rejects.toThrow('element 1 is NaN');
  await expect(symmetricEigen(engine, bad, 2)).rejects.toThrow('Expected finite numbers');
});
