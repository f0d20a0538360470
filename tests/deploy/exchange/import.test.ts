import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { saveArtefact } from '#lanewise/deploy/artefact.js';
import {
  nextF32,
  previousF32,
  previousF64,
  thresholdFromF32,
  thresholdToF32,
} from '#lanewise/deploy/exchange/float32.js';
import { importModel } from '#lanewise/deploy/exchange/import.js';
import { exportArtefact } from '#lanewise/deploy/wasm.js';
import { instantiateModel } from '#lanewise/deploy/wasm-host.js';
import { RowEncoder } from '#lanewise/scoring/rows.js';
import { readInput } from '#lanewise/table/inputs.js';
import { dice } from '../../scoring/programs.js';
import { fixture, goldenCases, scoresOf, tableOf } from './golden.js';

/**
 * LightGBM adds f64 in the order of the trees, as Lanewise does; its exponential is another one, which may differ by units in
 * the last place. XGBoost adds and transforms in f32: 2^-24 of the sum for each of at most a dozen trees and for the link.
 */
const tolerance = { lightgbm: 4e-15, xgboost: 1e-6 };

describe('what LightGBM and XGBoost predict, an imported model predicts', () => {
  test.each(goldenCases)('$file', async (golden) => {
    const { model } = importModel(fixture(golden.file), { categories: golden.labels });
    const scores = await scoresOf(model, golden);
    expect(scores).toHaveLength(golden.predictions.length);
    const allowed = golden.file.startsWith('lightgbm') ? tolerance.lightgbm : tolerance.xgboost;
    golden.predictions.forEach((expected, output) => {
      expected.forEach((value, row) => {
        const difference = Math.abs(scores[output]![row]! - value);
        expect(
          difference,
          `row ${row} of output ${output}: ${scores[output]![row]}, expected ${value}`,
        ).toBeLessThanOrEqual(allowed * Math.max(1, Math.abs(value)));
      });
    });
  });
});

test('a threshold of XGBoost parts every f64 as f32 would', () => {
  const random = dice(3);
  const bits = new DataView(new ArrayBuffer(8));
  const thresholds = [0, -0, 2 ** -149, -(2 ** -149), 2 ** -126, 1, -1, 3.4028234663852886e38, Infinity].map(
    Math.fround,
  );
  for (let i = 0; i < 500; i++) {
    bits.setUint32(0, random.integer(2 ** 32));
    const value = bits.getFloat32(0);
    if (!Number.isNaN(value)) thresholds.push(value);
  }
  for (const threshold of thresholds) {
    const found = thresholdFromF32(threshold);
    if (found === undefined) expect(threshold).toBe(-Infinity);
    else {
      expect(Math.fround(found), `at ${threshold}`).toBeLessThan(threshold);
      const next = found === -Infinity ? -Number.MAX_VALUE : -previousF64(-found);
      expect(Math.fround(next), `behind ${threshold}`).toBeGreaterThanOrEqual(threshold);
    }
    if (!Number.isFinite(threshold)) continue;
    // The way back: every f32 keeps its side of an f64 threshold.
    for (const t of [threshold, threshold * (1 + 1e-12), threshold * (1 - 1e-12)]) {
      const back = thresholdToF32(t);
      for (const x of [Math.fround(t), previousF32(Math.fround(t)), nextF32(Math.fround(t))])
        expect(x < back).toBe(x <= t);
    }
  }
});

test('an imported model is a model: artefact, rows and the stand-alone .wasm take it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lanewise-exchange-'));
  try {
    for (const file of ['lightgbm-zero-missing.txt', 'xgboost-labels.ubj']) {
      const { model } = importModel(fixture(file), { target: 'y' });
      const artefact = await saveArtefact(join(folder, file), { model });
      expect(artefact.model.program.inputs).toEqual(model.program.inputs);
      const embedded = await instantiateModel(await exportArtefact(artefact));
      const golden = goldenCases.find((entry) => entry.file === file)!;
      const table = tableOf(golden);
      const columns = model.program.inputs.map((input) => readInput(table, input));
      const scores = await scoresOf(model, golden);
      const answers = embedded.predict(columns, table.numRows);
      expect([...answers.at(-1)!]).toEqual([...scores.at(-1)!]);
      for (const row of [0, 1, 5, 11]) {
        const cells = Object.fromEntries(Object.entries(golden.columns).map(([name, column]) => [name, column[row]!]));
        expect(model.predictSync(cells)).toBe(model.classes![answers[0]![row]!]);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what the file does not say can be said: target, classes, categories, all iterations', () => {
  const named = importModel(fixture('xgboost-older.json'), { target: 'paid', classes: ['no', 'yes'] }).model;
  expect(named.target).toBe('paid');
  expect(named.classes).toEqual(['no', 'yes']);
  expect(named.parameters['objective']).toBe('binary:logistic');
  expect(() => importModel(fixture('xgboost-older.json'), { classes: ['only'] })).toThrow(
    /Expected 2 distinct classes/,
  );
  expect(importModel(fixture('xgboost-best.json')).trees).toBe(2);
  expect(importModel(fixture('xgboost-best.json'), { iterations: 'all' }).trees).toBe(4);
  const codes = Array.from({ length: 70 }, (_, code) => `code ${String(code).padStart(2, '0')}`);
  const { model } = importModel(fixture('lightgbm-binary.txt'), { categories: { code: codes } });
  const plain = importModel(fixture('lightgbm-binary.txt')).model;
  for (let code = 0; code < 70; code++) {
    const row = { a: 0.1, zeros: 1 };
    const probability = (of: typeof model, value: unknown) => {
      const scorer = of.scorer();
      const input = new Float64Array(of.program.inputs.length);
      const output = new Float64Array(of.program.outputs.length);
      new RowEncoder(of.program).encodeRow({ ...row, code: value }, input);
      scorer.into(input, output);
      return output[2];
    };
    expect(probability(model, codes[code])).toBe(probability(plain, code));
  }
});

test('rankers are rankers', () => {
  for (const file of ['lightgbm-rank.txt', 'xgboost-rank.ubj'])
    expect(importModel(fixture(file)).model.task).toBe('ranking');
});

test('labels that XGBoost cut wrongly are refused, and can be named', () => {
  expect(() => importModel(fixture('xgboost-miscounted.json'))).toThrow(/labels of feature 1 were written wrongly/);
  const { labels } = goldenCases.find(({ file }) => file === 'xgboost-miscounted.json')!;
  const { model } = importModel(fixture('xgboost-miscounted.json'), { categories: labels });
  expect(model.program.inputs[1]!.labels).toContain('é');
});

describe('what Lanewise has not is refused by name', () => {
  test('linear leaves', () => {
    expect(() => importModel(fixture('lightgbm-linear.txt'))).toThrow(/tree \d has linear leaves/);
  });

  test('objectives and boosters that are not known', () => {
    const text = new TextDecoder().decode(fixture('lightgbm-huber.txt'));
    expect(() => importModel(text.replace('objective=huber', 'objective=mystery'))).toThrow(/"mystery"/);
    const json = new TextDecoder().decode(fixture('xgboost-gamma.json'));
    expect(() => importModel(json.replace('reg:gamma', 'reg:mystery'))).toThrow(/"reg:mystery"/);
    expect(() => importModel(json.replace('"name":"gbtree"', '"name":"gblinear"'))).toThrow(/"gblinear" has no trees/);
  });

  test('files of other kinds', () => {
    for (const [text, hint] of [
      ['[{"nodeid":0}]', /dump/],
      ['booster[0]:\n0:[f0<1]', /dump/],
      ['binf\u0000', /binary/],
      ['a,b\n1,2', /save_model/],
      ['', /save_model/],
    ] as const) {
      let caught: unknown;
      try {
        importModel(text);
      } catch (error) {
        caught = error;
      }
      expect(caught).toMatchObject({
        code: 'file',
        message: expect.stringContaining('none of these'),
        hint: expect.stringMatching(hint),
      });
    }
  });
});
