import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { explainEnsembleAgainst, explainEnsembleOn } from '#lanewise/engine/trees/tree-shap.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';

/** Other people's trees and what they give for them: made by tests/agreement/explain.py. */
interface Case extends Record<string, unknown> {
  readonly outputs: number;
  readonly rows: readonly (readonly (number | null)[])[];
  /** [output][row][feature] */
  readonly values: readonly (readonly (readonly number[])[])[];
  readonly expected?: readonly number[];
  /** [row][i][j] */
  readonly interactions?: readonly (readonly (readonly number[])[])[];
  readonly background?: readonly (readonly (number | null)[])[];
  readonly against?: readonly (readonly (readonly number[])[])[];
  /** Where the other side computes in single precision. */
  readonly tolerance?: number;
}

const file = new URL('../fixtures/explain.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Record<string, Case> };

const types = {
  base: Float64Array,
  roots: Int32Array,
  feature: Int32Array,
  threshold: Float64Array,
  left: Int32Array,
  right: Int32Array,
  missingGoesLeft: Uint8Array,
  categoryOffset: Int32Array,
  categoryWords: Int32Array,
  categories: Uint32Array,
  leafValues: Float64Array,
  cover: Float64Array,
};

function operationOf(given: Case): EnsembleOperation {
  const arrays = Object.entries(types).map(([name, type]) => [name, type.from(given[name] as number[])]);
  const inputs = given.rows[0]!.map((_, j) => j);
  const outputs = Array.from({ length: given.outputs }, (_, k) => inputs.length + k);
  const { average, leafWidth } = given as unknown as EnsembleOperation;
  return { op: 'ensemble', inputs, outputs, average, leafWidth, ...Object.fromEntries(arrays) };
}

const columnsOf = (rows: Case['rows']) =>
  rows[0]!.map((_, j) => Float64Array.from(rows, (row) => row[j] ?? Number.NaN));

describe.each(Object.entries(cases))('%s', (_, given) => {
  const operation = operationOf(given);
  const columns = columnsOf(given.rows);
  const rows = given.rows.length;
  const features = columns.length;
  const tolerance = given.tolerance ?? 1e-9;
  const near = (actual: number, wanted: number) =>
    expect(Math.abs(actual - wanted)).toBeLessThan(tolerance * Math.max(1, Math.abs(wanted)));

  test('has the same values and the same expected value', async () => {
    await using engine = await createEngine({ backend: 'wasm', threads: 1 });
    const { values, expected } = await explainEnsembleOn(engine, operation, columns, rows);
    given.values.forEach((output, k) => {
      output.forEach((row, i) => {
        row.forEach((value, j) => {
          near(values[(k * features + j) * rows + i]!, value);
        });
      });
    });
    given.expected?.forEach((value, k) => {
      near(expected[k]!, value);
    });
  });

  if (given.interactions)
    test('has the same interactions', async () => {
      await using engine = await createEngine({ backend: 'wasm', threads: 1 });
      const { interactions } = await explainEnsembleOn(engine, operation, columns, rows, { interactions: true });
      given.interactions!.forEach((matrix, row) => {
        for (let i = 0; i < features; i++) {
          for (let j = 0; j < i; j++) near(interactions![((i * (i - 1)) / 2 + j) * rows + row]!, matrix[i]![j]!);
        }
      });
    });

  if (given.against)
    test('has the values against a background that the definition gives', async () => {
      await using engine = await createEngine({ backend: 'wasm', threads: 1 });
      const count = given.background!.length;
      const background = { columns: columnsOf(given.background!), weights: new Float64Array(count).fill(1 / count) };
      const values = await explainEnsembleAgainst(engine, operation, columns, rows, background);
      given.against!.forEach((output, k) => {
        output.forEach((row, i) => {
          row.forEach((value, j) => {
            near(values[(k * features + j) * rows + i]!, value);
          });
        });
      });
    });
});
