import { readFileSync } from 'node:fs';
import type { Table } from 'apache-arrow';
import { expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import {
  type FittedDecomposition,
  IncrementalPCA,
  PCA,
  Pipeline,
  prepareFromConfig,
  TruncatedSVD,
} from '#lanewise/prepare/index.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { columnsOf } from '#lanewise/table/schema.js';
import { dice } from '../scoring/programs.js';

interface Case {
  readonly set: string;
  readonly step: 'pca' | 'incremental-pca' | 'truncated-svd';
  readonly parameters: object;
  readonly components: number[];
  readonly means?: number[];
  readonly explainedVariance: number[];
  readonly explainedVarianceRatio: number[];
  readonly singularValues: number[];
  readonly noiseVariance?: number;
  readonly firstScores: number[];
  readonly firstInverse: number[];
}
const golden = JSON.parse(readFileSync(new URL('../fixtures/decomposition.json', import.meta.url), 'utf8')) as {
  sets: Record<string, { width: number; rows: number[] }>;
  cases: Case[];
};

const makers = { pca: PCA, 'incremental-pca': IncrementalPCA, 'truncated-svd': TruncatedSVD };

function tableOf(columns: readonly Float64Array[]): Table {
  return tableFromRegisters(columns.map((values, j) => ({ name: `x${j}`, type: 'number', values, role: 'feature' })));
}

function setOf(name: string): Float64Array[] {
  const { width, rows } = golden.sets[name]!;
  return Array.from({ length: width }, (_, j) => Float64Array.from(rows.filter((_, at) => at % width === j)));
}

const columnsOfTable = (table: Table) => columnsOf(table).map(({ name }) => readRegister(table, name).values);
/** The first rows, row by row. */
const head = (table: Table, rows: number) => {
  const columns = columnsOfTable(table);
  return Array.from({ length: rows }, (_, row) => columns.map((values) => values[row]!)).flat();
};

function expectNear(found: ArrayLike<number>, expected: readonly number[], tolerance: number, what: string): void {
  expect(found.length, what).toBe(expected.length);
  const unit = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-300);
  expected.forEach((value, i) => {
    expect(Math.abs(found[i]! - value) / unit, `${what}[${i}]`).toBeLessThan(tolerance);
  });
}

test.each(
  golden.cases.map((entry) => [`${entry.step} of ${entry.set} ${JSON.stringify(entry.parameters)}`, entry] as const),
)('scikit-learn agrees: %s', async (_, entry) => {
  const table = tableOf(setOf(entry.set));
  const fitted: FittedDecomposition = await new makers[entry.step](entry.parameters).fit(table);
  // Iterations end where the largest values stand; the vectors of close ones are then less certain.
  const loose =
    entry.set === 'offset' ? 1e-6 : entry.step === 'truncated-svd' || 'svdSolver' in entry.parameters ? 1e-7 : 1e-9;
  const kept = entry.singularValues.filter((value) => value > 1e-10 * entry.singularValues[0]!).length;
  const width = golden.sets[entry.set]!.width;
  expect(fitted.nComponents).toBe(entry.singularValues.length);
  expectNear(
    fitted.singularValues.map((value, k) => (k < kept ? value : 0)),
    entry.singularValues.map((value, k) => (k < kept ? value : 0)),
    loose,
    'singular values',
  );
  expectNear(fitted.components.subarray(0, kept * width), entry.components.slice(0, kept * width), loose, 'components');
  expectNear(fitted.explainedVariance, entry.explainedVariance, loose, 'variance');
  expectNear(fitted.explainedVarianceRatio, entry.explainedVarianceRatio, loose, 'ratio');
  if (entry.means) expectNear(fitted.means, entry.means, 1e-12, 'means');
  if (entry.noiseVariance !== undefined) {
    expect(Math.abs(fitted.noiseVariance - entry.noiseVariance)).toBeLessThan(loose * entry.explainedVariance[0]!);
  }
  const scores = await fitted.transform(table);
  if (kept === fitted.nComponents) expectNear(head(scores, 5), entry.firstScores, 10 * loose, 'scores');
  expectNear(head(fitted.inverseTransform(scores), 3), entry.firstInverse, 10 * loose, 'inverse');
});

test('the same bits on every backend and number of threads, whatever the solver', async () => {
  const random = dice(4);
  const columns = Array.from({ length: 12 }, () => Float64Array.from({ length: 400 }, () => random.uniform()));
  const table = tableOf(columns);
  const steps = [
    ...(['full', 'covariance_eigh', 'randomized'] as const).map((svdSolver) => new PCA({ nComponents: 3, svdSolver })),
    new IncrementalPCA({ nComponents: 3 }),
    new TruncatedSVD({ nComponents: 3 }),
  ];
  const found: Float64Array[][] = [];
  for (const [backend, threads] of [
    ['reference', 1],
    ['wasm', 1],
    ['wasm', 3],
  ] as const) {
    await using engine = await createEngine({ backend, threads });
    const each: Float64Array[] = [];
    for (const step of steps) {
      const fitted = await step.fit(table, { engine, seed: 9 });
      each.push(fitted.components, fitted.singularValues, ...columnsOfTable(await fitted.transform(table, { engine })));
    }
    found.push(each);
  }
  expect(found[1]).toEqual(found[0]);
  expect(found[2]).toEqual(found[0]);
});

test('all solvers agree over several blocks of rows, far from 0', async () => {
  const random = dice(8);
  const base = Array.from({ length: 3 }, () => Float64Array.from({ length: 40_000 }, () => random.uniform() - 0.5));
  const columns = Array.from({ length: 5 }, (_, j) =>
    base[0]!.map((value, i) => 1e7 + value * (j + 1) + base[1]![i]! * (3 - j) + 0.1 * base[2]![i]!),
  );
  const table = tableOf(columns);
  const exact = await new PCA({ nComponents: 3, svdSolver: 'full' }).fit(table);
  for (const svdSolver of ['covariance_eigh', 'randomized'] as const) {
    const other = await new PCA({ nComponents: 3, svdSolver }).fit(table);
    expectNear(other.explainedVariance, [...exact.explainedVariance], 1e-9, svdSolver);
    expectNear(other.components.subarray(0, 10), [...exact.components.subarray(0, 10)], 1e-7, svdSolver);
  }
});

test('batches of a stream give the same bits wherever its tables end; missing values are refused there', async () => {
  const columns = setOf('wine');
  const whole = await new IncrementalPCA({ nComponents: 4 }).fit(tableOf(columns));
  const cut = (ends: number[]) => ({
    description: 'the cut set',
    async *batches() {
      for (let k = 0; k + 1 < ends.length; k++) {
        yield tableOf(columns.map((values) => values.slice(ends[k], ends[k + 1])));
      }
    },
  });
  for (const ends of [
    [0, 178],
    [0, 1, 50, 51, 178],
    [0, 100, 100, 178],
  ]) {
    const streamed = await new IncrementalPCA({ nComponents: 4 }).fitStream(cut(ends));
    expect(streamed.components).toEqual(whole.components);
    expect(streamed.singularValues).toEqual(whole.singularValues);
  }
  const torn = {
    description: 'a torn set',
    batches: async function* () {
      yield tableOf([Float64Array.of(1, Number.NaN, 3)]);
    },
  };
  await expect(new IncrementalPCA().fitStream(torn)).rejects.toThrow('1 are missing or infinite');
  const one = {
    description: 'one row',
    batches: async function* () {
      yield tableOf([Float64Array.of(1)]);
    },
  };
  await expect(new IncrementalPCA().fitStream(one)).rejects.toThrow('at least two rows');
});

test('huge, tiny, constant, collinear and missing columns, and fewer rows than columns', async () => {
  const iris = setOf('iris');
  const plain = await new PCA().fit(tableOf(iris));
  for (const scale of [2 ** 990, 2 ** -1000]) {
    for (const svdSolver of ['full', 'covariance_eigh'] as const) {
      const scaled = await new PCA({ svdSolver }).fit(
        tableOf(iris.map((column) => column.map((value) => value * scale))),
      );
      expectNear(scaled.components, [...plain.components], 1e-9, 'components');
      expectNear(
        scaled.singularValues.map((value) => value / scale),
        [...plain.singularValues],
        1e-9,
        'singular values',
      );
    }
  }
  const constant = await new PCA().fit(tableOf([new Float64Array(9).fill(3), new Float64Array(9).fill(4)]));
  expect([...constant.explainedVariance, ...constant.explainedVarianceRatio]).toEqual([0, 0, 0, 0]);
  const collinear = await new PCA({ nComponents: 0.999 }).fit(tableOf([iris[0]!, iris[0]!.map((value) => 2 * value)]));
  expect(collinear.nComponents).toBe(1);
  expect(collinear.components[1]! / collinear.components[0]!).toBeCloseTo(2, 12);
  const holes = await new PCA().fit(
    tableOf([Float64Array.of(1, Number.NaN, 3, Number.POSITIVE_INFINITY), Float64Array.of(1, 2, 3, 4)]),
  );
  expect(holes.means).toEqual(Float64Array.of(2, 2.5));
  expect(holes.report[0]!.detail).toContain('2 missing or infinite values were filled in');
  const few = await new PCA({ nComponents: 50 }).fit(
    tableOf(
      setOf('wide')
        .slice(0, 15)
        .map((values) => values.slice(0, 4)),
    ),
  );
  expect(few.nComponents).toBe(4);
  expect(few.report[0]!.detail).toContain('50 were asked for');
});

test('steps of the workflow file, in a pipeline: scores stand in the columns’ place', async () => {
  const steps = prepareFromConfig([{ pca: { n_components: 2, svd_solver: 'full' } }]);
  const { table, fitted } = await new Pipeline(steps).fit(tableOf(setOf('iris')));
  expect(columnsOf(table).map(({ name }) => name)).toEqual(['pca_1', 'pca_2']);
  expect(fitted.report[0]!.column).toBe('x0, x1, x2, x3');
  expect(() => new PCA({ nComponents: 2.5 })).toThrow('below 1 or whole');
  expect(() => new PCA({ nComponents: 0.5, svdSolver: 'randomized' })).toThrow('received a share');
  await expect(async () =>
    (await new PCA({ nComponents: 2 }).fit(tableOf(setOf('iris')))).inverseTransform(tableOf([Float64Array.of(1)])),
  ).rejects.toThrow('Expected 2 columns of scores');
});
