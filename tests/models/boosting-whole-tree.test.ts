import { describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { type RegisterColumn, tableFromRegisters } from '#lanewise/table/columns.js';
import { labelled, noise, numbers, outputOf } from './tree-data.js';

// Trees of rows in memory are grown by one kernel, those whose nodes have limits of their own node by node. A single
// interaction group with every feature limits nothing, but asks for the second way.
const rows = 2500;
const gappy = Float64Array.from({ length: rows }, (_, row) =>
  noise(row, 5) < 0.2 ? Number.NaN : noise(row, 6) + noise(row, 1) / 2,
);
const features: RegisterColumn[] = [
  ...Array.from({ length: 3 }, (_, k) => numbers(`x${k}`, rows, (row) => noise(row, k))),
  { name: 'gappy', type: 'number', values: gappy },
  numbers('few', rows, (row) => Math.floor(4 * noise(row, 7))),
  // Exclusive features, which share a column.
  ...Array.from({ length: 5 }, (_, k) => numbers(`hot${k}`, rows, (row) => Number(row % 7 === k) * (1 + (row % 3)))),
  labelled(
    'kind',
    Array.from({ length: rows }, (_, row) => `c${row % 40}`),
  ),
];
const score = (row: number) =>
  2 * noise(row, 0) -
  noise(row, 1) +
  Math.sin(row % 40) +
  ((row % 7) % 2) +
  noise(row, 9) +
  (gappy[row]! > 0.5 ? 1 : 0);
const y = numbers('y', rows, score);
const binary = numbers('y', rows, (row) => Number(score(row) > 1.2));
const kinds = numbers('y', rows, (row) => Math.floor(Math.min(3.99, Math.max(0, score(row)))));
const every = { interactionCst: [features.map(({ name }) => name)] };

type Parameters = ConstructorParameters<typeof GradientBoostingRegressor>[0];

const ways: Record<string, Parameters> = {
  'by gain': {},
  'depth by depth': { growPolicy: 'depthwise', maxDepth: 4 },
  'many leaves, few histograms': { maxLeafNodes: 200, minSamplesLeaf: 5 },
  'two leaves': { maxLeafNodes: 2 },
  'columns sampled by tree': { colsampleBytree: 0.5 },
  'rows sampled, the others follow': { subsample: 0.5, earlyStopping: 'true', maxIter: 12 },
  'L1, L2, a largest step, a least gain': {
    l1Regularization: 1,
    l2Regularization: 2,
    maxDeltaStep: 0.3,
    minGainToSplit: 0.5,
  },
};

async function predictions(y: RegisterColumn, parameters: Parameters, threads = 1): Promise<Float64Array | number[]> {
  const table = tableFromRegisters([...features, y]);
  await using engine = await createEngine({ backend: 'wasm', threads });
  const model = await new GradientBoostingRegressor({ maxIter: 8, ...parameters }).fit(table, { target: 'y', engine });
  return outputOf(model, table);
}

describe('a tree grown in one piece is the one that is grown node by node', () => {
  for (const [name, parameters] of Object.entries(ways)) {
    test(name, async () => {
      expect(await predictions(y, parameters)).toEqual(await predictions(y, { ...parameters, ...every }));
    });
  }

  test.each([
    ['two classes', binary],
    ['four classes', kinds],
  ] as const)('%s', async (_, target) => {
    const table = tableFromRegisters([...features, target]);
    const fitted = (parameters: object) =>
      new GradientBoostingClassifier({ maxIter: 5, ...parameters }).fit(table, { target: 'y' });
    const [whole, parted] = [await fitted({}), await fitted(every)];
    expect(await outputOf(whole, table)).toEqual(await outputOf(parted, table));
  });
});

test('a tree that is grown in one piece takes a handful of calls', async () => {
  const table = tableFromRegisters([...features, y]);
  const callsOf = async (parameters: Parameters) => {
    await using engine = await createEngine({ backend: 'wasm', threads: 1 });
    await new GradientBoostingRegressor({ maxIter: 8, ...parameters }).fit(table, { target: 'y', engine });
    return engine.stats.kernelCalls;
  };
  expect(4 * (await callsOf({}))).toBeLessThan(await callsOf(every));
});

test('classes whose trees are grown side by side have those that are grown one after the other', async () => {
  const some = 12_000;
  const columns = Array.from({ length: 10 }, (_, k) => numbers(`x${k}`, some, (row) => noise(row, k)));
  const nine = numbers('y', some, (row) => Math.floor(9 * ((noise(row, 0) + noise(row, 1) * noise(row, 99)) / 2)));
  const table = tableFromRegisters([...columns, nine]);
  const fitted = async (threads: number, parameters: object) => {
    await using engine = await createEngine({ backend: 'wasm', threads });
    const model = new GradientBoostingClassifier({ maxIter: 3, ...parameters });
    const predicted = await (await model.fit(table, { target: 'y', engine })).predict(table, { engine });
    expect(engine.describe().workers).toBe(threads - 1);
    return predicted.schema.fields.map(({ name }) => [...predicted.getChild(name)!]);
  };
  for (const parameters of [{}, { subsample: 0.6, colsampleBytree: 0.7, earlyStopping: 'true' as const }]) {
    expect(await fitted(3, parameters)).toEqual(await fitted(1, parameters));
  }
});

test('a team of threads grows the trees that one alone does', async () => {
  const many = 40_000;
  const columns = Array.from({ length: 28 }, (_, k) => numbers(`x${k}`, many, (row) => noise(row, k)));
  const target = numbers('y', many, (row) => noise(row, 0) + noise(row, 1) * noise(row, 2) + noise(row, 99));
  const table = tableFromRegisters([...columns, target]);
  const alone = await createEngine({ backend: 'wasm', threads: 1 });
  const team = await createEngine({ backend: 'wasm', threads: 3 });
  try {
    const fitted = async (engine: typeof team) => {
      const model = new GradientBoostingRegressor({ maxIter: 12, earlyStopping: 'false' });
      return outputOf(await model.fit(table, { target: 'y', engine }), table);
    };
    expect(await fitted(team)).toEqual(await fitted(alone));
    expect(team.describe().workers).toBe(2);
  } finally {
    await alone.close();
    await team.close();
  }
});
