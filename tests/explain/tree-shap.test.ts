import { describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { explainEnsembleAgainst, explainEnsembleOn } from '#lanewise/engine/trees/tree-shap.js';
import { gaussLegendre } from '#lanewise/kernels/tree-paths.js';
import { scoreEnsemble } from '#lanewise/scoring/ensemble.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { bitsOf, dice, forest } from '../scoring/programs.js';
import { interventionalGame, pathDependentGame, shapleyInteraction, shapleyValues } from './shapley.js';

const INPUTS = 5;

/** Random trees; covers are sums of leaves', of which some are 0. */
function randomEnsemble(seed: number, outputs: number, trees = 3): EnsembleOperation {
  const random = dice(seed);
  const made = forest(random, INPUTS, outputs, trees);
  const cover = new Float64Array(made.feature.length);
  const fill = (node: number): number => {
    const leaf = made.feature[node]! < 0;
    return (cover[node] = leaf ? random.integer(7) : fill(made.left[node]!) + fill(made.right[node]!));
  };
  made.roots.forEach(fill);
  const threshold = made.threshold.map(() => Math.round(4 * random.uniform()) - 2);
  const inputs = Array.from({ length: INPUTS }, (_, j) => j);
  return {
    ...made,
    op: 'ensemble',
    inputs,
    outputs: Array.from({ length: outputs }, (_, k) => INPUTS + k),
    cover,
    threshold,
  };
}

/** Whole numbers, as thresholds are, with gaps, codes of categories and numbers out of range. */
function randomColumns(seed: number, rows: number): Float64Array[] {
  const random = dice(seed + 500);
  const cell = () =>
    random.integer(8) === 0 ? Number.NaN : random.integer(3) === 0 ? random.integer(70) : random.integer(6) - 3;
  return Array.from({ length: INPUTS }, () => Float64Array.from({ length: rows }, cell));
}

function outputsOf(trees: EnsembleOperation, columns: readonly Float64Array[]): Float64Array[] {
  const rows = columns[0]!.length;
  const registers = [...columns, ...trees.outputs.map(() => new Float64Array(rows))];
  scoreEnsemble(trees, registers, rows);
  return registers.slice(INPUTS);
}

const rowOf = (columns: readonly Float64Array[], row: number) => columns.map((column) => column[row]!);

async function withEngine<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await createEngine({ backend: 'wasm', threads: 1 });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

describe.each([
  [1, 1],
  [2, 3],
  [3, 2],
  [4, 1],
  [5, 3],
  [6, 2],
])('random trees %i with %i outputs', (seed, outputs) => {
  const trees = randomEnsemble(seed, outputs, 6);
  const ROWS = 11;
  const columns = randomColumns(seed, ROWS);
  const at = (values: Float64Array, output: number, input: number, row: number) =>
    values[(output * INPUTS + input) * ROWS + row]!;

  test('values are those of the definition, and add up to the output', async () => {
    const { values, expected } = await withEngine((engine) => explainEnsembleOn(engine, trees, columns, ROWS));
    const scores = outputsOf(trees, columns);
    for (let output = 0; output < outputs; output++) {
      for (let row = 0; row < ROWS; row++) {
        const game = pathDependentGame(trees, rowOf(columns, row), output);
        const exact = shapleyValues(game, INPUTS);
        expect(expected[output]).toBeCloseTo(game(0), 9);
        let sum = expected[output]!;
        exact.forEach((value, input) => {
          expect(at(values, output, input, row)).toBeCloseTo(value, 9);
          sum += at(values, output, input, row);
        });
        expect(Math.abs(sum - scores[output]![row]!)).toBeLessThan(1e-9);
      }
    }
  });

  test('interactions are those of the definition', async () => {
    const { interactions } = await withEngine((engine) =>
      explainEnsembleOn(engine, trees, columns, ROWS, { interactions: true }),
    );
    const pairs = (INPUTS * (INPUTS - 1)) / 2;
    for (let output = 0; output < outputs; output++) {
      for (let row = 0; row < ROWS; row += 3) {
        const game = pathDependentGame(trees, rowOf(columns, row), output);
        for (let i = 0; i < INPUTS; i++) {
          for (let j = 0; j < i; j++) {
            const pair = output * pairs + (i * (i - 1)) / 2 + j;
            expect(interactions![pair * ROWS + row]).toBeCloseTo(shapleyInteraction(game, INPUTS, i, j), 9);
          }
        }
      }
    }
  });

  test('values against a background are those of the definition, and add up', async () => {
    const others = randomColumns(seed + 90, 4);
    const weights = new Float64Array(4).fill(0.25);
    const values = await withEngine((engine) =>
      explainEnsembleAgainst(engine, trees, columns, ROWS, { columns: others, weights }),
    );
    const background = [0, 1, 2, 3].map((row) => rowOf(others, row));
    for (let output = 0; output < outputs; output++) {
      const predict = (row: readonly number[]) =>
        outputsOf(
          trees,
          row.map((value) => Float64Array.of(value)),
        )[output]![0]!;
      for (let row = 0; row < ROWS; row += 4) {
        const game = interventionalGame(predict, rowOf(columns, row), background);
        let sum = game(0);
        shapleyValues(game, INPUTS).forEach((value, input) => {
          expect(at(values, output, input, row)).toBeCloseTo(value, 9);
          sum += at(values, output, input, row);
        });
        expect(sum).toBeCloseTo(predict(rowOf(columns, row)), 9);
      }
    }
  });
});

test('every backend and any number of threads give the same bits, however rows are cut', async () => {
  const trees = randomEnsemble(8, 2, 9);
  const columns = randomColumns(8, 700);
  const others = { columns: randomColumns(9, 3), weights: Float64Array.of(0.5, 0.25, 0.25) };
  const images = new Set<string>();
  for (const [backend, threads] of [
    ['reference', 1],
    ['wasm', 1],
    ['wasm', 3],
  ] as const) {
    await using engine = await createEngine({ backend, threads });
    const { values, interactions } = await explainEnsembleOn(engine, trees, columns, 700, { interactions: true });
    const against = await explainEnsembleAgainst(engine, trees, columns, 700, others);
    images.add(JSON.stringify([bitsOf(values), bitsOf(interactions!), bitsOf(against)]));
  }
  expect(images.size).toBe(1);
  const alone = await withEngine((engine) =>
    explainEnsembleOn(
      engine,
      trees,
      columns.map((column) => column.slice(333, 334)),
      1,
    ),
  );
  const whole = await withEngine((engine) => explainEnsembleOn(engine, trees, columns, 700));
  expect([...alone.values]).toEqual(Array.from(alone.values, (_, i) => whole.values[i * 700 + 333]));
});

test('a rule of n points integrates polynomials of degree 2n − 1', () => {
  for (const n of [1, 2, 3, 5, 8, 20, 101]) {
    const rule = gaussLegendre(n);
    for (const degree of [0, 1, n, 2 * n - 1]) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += rule[2 * n + k]! * rule[k]! ** degree;
      expect(Math.abs(sum * (degree + 1) - 1)).toBeLessThan(1e-12);
    }
    for (let k = 0; k < n; k++) expect(rule[k]! + rule[n + k]!).toBe(1);
  }
});

test('a chain of two thousand splits on as many inputs is explained', async () => {
  const depth = 2_000;
  const nodes = 2 * depth + 1;
  const isSplit = (node: number) => node % 2 === 0 && node < 2 * depth;
  const of = (value: (node: number) => number) => Int32Array.from({ length: nodes }, (_, node) => value(node));
  const trees: EnsembleOperation = {
    op: 'ensemble',
    inputs: Array.from({ length: depth }, (_, j) => j),
    outputs: [depth],
    base: Float64Array.of(0),
    average: false,
    leafWidth: 1,
    roots: Int32Array.of(0),
    feature: of((node) => (isSplit(node) ? node / 2 : -1)),
    threshold: new Float64Array(nodes),
    left: of((node) => (isSplit(node) ? node + 1 : Math.ceil(node / 2))),
    right: of((node) => (isSplit(node) ? node + 2 : -1)),
    missingGoesLeft: new Uint8Array(nodes),
    categoryOffset: new Int32Array(nodes).fill(-1),
    categoryWords: new Int32Array(nodes),
    categories: new Uint32Array(0),
    leafValues: Float64Array.from({ length: depth + 2 }, (_, leaf) => leaf),
    cover: Float64Array.from(
      { length: nodes },
      (_, node) => depth + 1 - Math.floor(node / 2) - (node % 2) * (depth - Math.floor(node / 2)),
    ),
  };
  const columns = Array.from({ length: depth }, () => Float64Array.of(1));
  const { values, expected } = await withEngine((engine) => explainEnsembleOn(engine, trees, columns, 1));
  const score = outputsOfChain(trees, columns);
  expect(Math.abs(values.reduce((sum, value) => sum + value, expected[0]!) - score)).toBeLessThan(1e-8);
});

function outputsOfChain(trees: EnsembleOperation, columns: readonly Float64Array[]): number {
  const registers = [...columns, new Float64Array(1)];
  scoreEnsemble(trees, registers, 1);
  return registers.at(-1)![0]!;
}

test('trees without cover are refused with a way out', async () => {
  const { cover: _, ...bare } = randomEnsemble(1, 1);
  await expect(withEngine((engine) => explainEnsembleOn(engine, bare, randomColumns(1, 2), 2))).rejects.toThrow(
    /cover/,
  );
});

test('an input that no tree looks at gets exactly 0, and no rows give no values', async () => {
  const trees = randomEnsemble(3, 1);
  const wider = { ...trees, inputs: [...trees.inputs, INPUTS], outputs: [INPUTS + 1] };
  const columns = [...randomColumns(3, 9), new Float64Array(9).fill(4)];
  const { values } = await withEngine((engine) => explainEnsembleOn(engine, wider, columns, 9));
  expect([...values.subarray(9 * INPUTS)]).toEqual(Array(9).fill(0));
  const empty = await withEngine((engine) =>
    explainEnsembleOn(
      engine,
      trees,
      columns.map((c) => c.slice(0, 0)),
      0,
    ),
  );
  expect(empty.values).toHaveLength(0);
});
