import { describe, expect, test } from 'vitest';
import { permutation } from '#lanewise/engine/random.js';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { labelled, noise, numbers, outputOf, rootMeanSquare } from './tree-data.js';

const target = 'y';
const rows = 3000;
const zones = 40;
/** Zones from common to rare, some missing; each with an effect of its own. */
const zoneOf = (row: number) => (noise(row, 30) < 0.05 ? undefined : Math.floor(zones * noise(row, 31) ** 2));
const effects = Array.from({ length: zones }, (_, zone) => 4 * noise(zone, 77));
const x = numbers('x', rows, (row) => noise(row, 1));
const y = numbers('y', rows, (row) => {
  const zone = zoneOf(row);
  return (zone === undefined ? 2 : effects[zone]!) + x.values[row]! + noise(row, 2);
});
const withNames = (nameOf: (zone: number) => string) =>
  tableFromRegisters([
    labelled(
      'zone',
      Array.from({ length: rows }, (_, row) => {
        const zone = zoneOf(row);
        return zone === undefined ? undefined : nameOf(zone);
      }),
    ),
    x,
    y,
  ]);
const table = withNames((zone) => `z${String(zone).padStart(2, '0')}`);
const settings = { maxIter: 25, learningRate: 0.2 };

const ensembleOf = (model: Model) => model.program.operations.find((o): o is EnsembleOperation => o.op === 'ensemble')!;
const fitted = (parameters: object, data = table) =>
  new GradientBoostingRegressor({ ...settings, ...parameters }).fit(data, { target });

/** Sizes of the sets of labels that go left, over all trees. */
function leftSets(model: Model): number[] {
  const { categoryOffset, categoryWords, categories } = ensembleOf(model);
  return [...categoryOffset].flatMap((offset, node) => {
    if (offset < 0) return [];
    let count = 0;
    for (let zone = 0; zone < zones; zone++) {
      if (zone >> 5 < categoryWords[node]!) count += (categories[offset + (zone >> 5)]! >>> (zone & 31)) & 1;
    }
    return [count];
  });
}

describe('what labels are called', () => {
  test('changes no prediction, to the bit', async () => {
    const shuffled = permutation(1, 'labels', zones);
    const renamed = withNames((zone) => `z${String(shuffled[zone]!).padStart(2, '0')}`);
    for (const parameters of [{}, { l1Regularization: 1, maxDeltaStep: 0.5 }, { monotonicCst: { x: 1 } }]) {
      const [one, other] = [await fitted(parameters), await fitted(parameters, renamed)];
      expect(await outputOf(other, renamed)).toEqual(await outputOf(one, table));
      // Of two categories either may be the one that goes left: the same split, mirrored.
      expect(ensembleOf(other).gain!.toSorted()).toEqual(ensembleOf(one).gain!.toSorted());
    }
  });

  test('nor does it with three classes', async () => {
    const kinds = Array.from(y.values, (value) => ['low', 'middle', 'high'][Math.min(2, Math.floor(value / 2))]);
    const shuffled = permutation(2, 'labels', zones);
    const classes = [(zone: number) => `z${zone + 10}`, (zone: number) => `z${shuffled[zone]! + 10}`].map((nameOf) =>
      tableFromRegisters([
        labelled(
          'zone',
          Array.from({ length: rows }, (_, row) => {
            const zone = zoneOf(row);
            return zone === undefined ? undefined : nameOf(zone);
          }),
        ),
        x,
        labelled('y', kinds),
      ]),
    );
    const outputs = await Promise.all(
      classes.map(async (data) =>
        outputOf(await new GradientBoostingClassifier(settings).fit(data, { target }), data, 'probability_high'),
      ),
    );
    expect(outputs[1]).toEqual(outputs[0]);
  });
});

describe('parameters of sets', () => {
  test('catSmooth keeps categories of fewer rows out of every set', async () => {
    const counts = new Array<number>(zones).fill(0);
    for (let row = 0; row < rows; row++) if (zoneOf(row) !== undefined) counts[zoneOf(row)!]!++;
    const rare = counts.filter((count) => count < 60).length;
    expect(rare).toBeGreaterThan(5);
    // A rare category stands on the side that is not chosen: never alone, whatever its effect.
    const model = await fitted({ catSmooth: 60, maxLeafNodes: 2, maxIter: 1, minDataPerGroup: 1 });
    const [size] = leftSets(model);
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(zones - rare);
    expect(Math.min(...leftSets(await fitted({ catSmooth: 1e6 })), Number.POSITIVE_INFINITY)).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  test('maxCatThreshold holds the size of the chosen side', async () => {
    const sizes = leftSets(await fitted({ maxCatThreshold: 2, minDataPerGroup: 1 }));
    expect(sizes.length).toBeGreaterThan(10);
    // The chosen side goes left; missing values may be one of its two.
    expect(Math.max(...sizes)).toBe(2);
    expect(Math.max(...leftSets(await fitted({ minDataPerGroup: 1 })))).toBeGreaterThan(4);
  });

  test('minDataPerGroup and catL2 make sets rarer, and none where they ask for too much', async () => {
    const count = async (parameters: object) => leftSets(await fitted(parameters)).length;
    const usual = await count({});
    expect(usual).toBeGreaterThan(10);
    expect(await count({ minDataPerGroup: 2000 })).toBe(0);
    expect(await count({ catL2: 1e9 })).toBeLessThan(usual / 4);
  });

  test('maxCatToOnehot tries each against the rest', async () => {
    const sizes = leftSets(await fitted({ maxCatToOnehot: 255 }));
    expect(sizes.length).toBeGreaterThan(10);
    expect(Math.max(...sizes)).toBe(1);
  });

  test('sets learn what the zones are worth, better than their numbers do', async () => {
    const numbered = tableFromRegisters([numbers('zone', rows, (row) => zoneOf(row) ?? Number.NaN), x, y]);
    const half = Uint32Array.from({ length: rows / 2 }, (_, i) => i);
    const rest = Uint32Array.from({ length: rows / 2 }, (_, i) => rows / 2 + i);
    const error = async (data: typeof table) => {
      const model = await fitted({}, takeRows(data, half));
      const predicted = await outputOf(model, takeRows(data, rest));
      return rootMeanSquare(predicted.map((p, i) => p - y.values[rows / 2 + i]!));
    };
    expect(await error(table)).toBeLessThan(1.02 * (await error(numbered)));
  });
});

test('the order of rows changes predictions by no more than the rounding of gradients does', async () => {
  // Rounding is keyed by the row's number, so another order is another draw of it: as another seed, not as other data.
  const order = permutation(5, 'rows', rows);
  const model = await fitted({ maxIter: 60 });
  const permuted = await fitted({ maxIter: 60 }, takeRows(table, order));
  const seeded = await fitted({ maxIter: 60, randomState: 1 });
  const [one, other, third] = await Promise.all([model, permuted, seeded].map((of) => outputOf(of, table)));
  const apart = (a: Float64Array, b: Float64Array) => rootMeanSquare(a.map((value, row) => value - b[row]!));
  const deviation = rootMeanSquare(y.values.map((value) => value - y.values.reduce((sum, v) => sum + v, 0) / rows));
  expect(apart(one!, other!)).toBeLessThan(0.05 * deviation);
  expect(apart(one!, other!)).toBeLessThan(2 * apart(one!, third!) + 1e-12);
});
