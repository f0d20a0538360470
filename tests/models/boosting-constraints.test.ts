import { describe, expect, test } from 'vitest';
import { ColumnSampling } from '#lanewise/models/gradient-boosting/column-sampling.js';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { type RegisterColumn, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { labelled, noise, numbers } from './tree-data.js';

const target = 'y';
const rows = 1500;
const gap = (row: number, column: number) => noise(row, 40 + column) < 0.1;
/** Three features with gaps, of which the target rises, falls and waves, with noise that invites errors of order. */
const columns: RegisterColumn[] = ['up', 'down', 'wave'].map((name, index) =>
  numbers(name, rows, (row) => (gap(row, index) ? Number.NaN : noise(row, index))),
);
const y = numbers('y', rows, (row) => {
  const [up, down, wave] = columns.map(({ values }) => (Number.isNaN(values[row]!) ? 0.4 : values[row]!));
  return 2 * up! - 2 * down! + Math.sin(12 * wave!) + 3 * (noise(row, 9) - 0.5);
});
const table = tableFromRegisters([...columns, y]);
const classes = tableFromRegisters([
  ...columns,
  labelled(
    'y',
    Array.from(y.values, (value) => (value > 0 ? 'yes' : 'no')),
  ),
]);
const grid = Array.from({ length: 101 }, (_, i) => i / 100);
const settings = { maxIter: 30, minSamplesLeaf: 3, learningRate: 0.3 };
const monotonicCst = { up: 1, down: -1 };

const ensembleOf = (model: Model) => model.program.operations.find((o): o is EnsembleOperation => o.op === 'ensemble')!;

/** Raw scores along a feature with the others held, missing values included among the others. */
function along(model: Model, feature: string, others: Record<string, number | null>): number[] {
  const scorer = model.scorer();
  const output = new Float64Array(model.program.outputs.length);
  const score = (value: number) => {
    const row: Record<string, number | null> = { ...others, [feature]: value };
    scorer.into(
      Float64Array.from(model.program.inputs, ({ name }) => row[name] ?? Number.NaN),
      output,
    );
    return output.at(-1)!;
  };
  return grid.map(score);
}

const falls = (values: readonly number[]) => values.filter((value, i) => i > 0 && value < values[i - 1]!).length;
const rises = (values: readonly number[]) => values.filter((value, i) => i > 0 && value > values[i - 1]!).length;
const corners = [null, 0.1, 0.5, 0.9];

describe('monotone constraints', () => {
  const fits = {
    regression: () => new GradientBoostingRegressor({ ...settings, monotonicCst }).fit(table, { target }),
    'regression level by level': () =>
      new GradientBoostingRegressor({ ...settings, monotonicCst, growPolicy: 'depthwise', l1Regularization: 1 }).fit(
        table,
        { target },
      ),
    classification: () => new GradientBoostingClassifier({ ...settings, monotonicCst }).fit(classes, { target }),
  };
  for (const [name, attempt] of Object.entries(fits)) {
    test(`hold on a grid, whatever is missing beside: ${name}`, async () => {
      const model = await attempt();
      for (const a of corners) {
        for (const b of corners) {
          expect(falls(along(model, 'up', { down: a, wave: b }))).toBe(0);
          expect(rises(along(model, 'down', { up: a, wave: b }))).toBe(0);
        }
      }
      expect(rises(along(model, 'up', { down: 0.5, wave: 0.5 }))).toBeGreaterThan(2);
      expect(falls(along(model, 'wave', { up: 0.5, down: 0.5 }))).toBeGreaterThan(0);
    });
  }

  test('are broken by the same model without them', async () => {
    const model = await new GradientBoostingRegressor(settings).fit(table, { target });
    expect(falls(along(model, 'up', { down: 0.5, wave: 0.5 }))).toBeGreaterThan(0);
  });

  test('may be given as a list in the order of the table', async () => {
    const named = await new GradientBoostingRegressor({ ...settings, monotonicCst }).fit(table, { target });
    const listed = await new GradientBoostingRegressor({ ...settings, monotonicCst: [1, -1, 0] }).fit(table, {
      target,
    });
    expect(ensembleOf(listed)).toEqual(ensembleOf(named));
  });

  test('are refused where they cannot hold, with the feature named', async () => {
    const attempt = (cst: Record<string, number> | number[], data = table) =>
      new GradientBoostingRegressor({ monotonicCst: cst }).fit(data, { target });
    await expect(attempt({ upp: 1 })).rejects.toThrow(/feature in monotonicCst "upp": did you mean "up"/);
    await expect(attempt([1, 0])).rejects.toThrow(/each of 3 features in monotonicCst but received 2/);
    expect(() => new GradientBoostingRegressor({ monotonicCst: { up: 2 } })).toThrow(/-1, 0, 1.*monotonicCst/);
    const colour = labelled(
      'colour',
      Array.from({ length: rows }, (_, row) => (row % 2 ? 'red' : 'blue')),
    );
    await expect(attempt({ colour: 1 }, tableFromRegisters([colour, ...columns, y]))).rejects.toThrow(
      /"colour" is categorical/,
    );
    const three = labelled(
      'y',
      Array.from({ length: rows }, (_, row) => `k${row % 3}`),
    );
    const several = new GradientBoostingClassifier({ monotonicCst }).fit(tableFromRegisters([...columns, three]), {
      target,
    });
    await expect(several).rejects.toThrow(/one output for monotonicCst but there are 3 classes/);
  });
});

/** The sets of features on the paths of all trees, by name. */
function paths(model: Model): Set<string>[] {
  const { feature, left, right, roots } = ensembleOf(model);
  const names = ensembleOf(model).inputs.map((register) => model.program.inputs[register]!.name);
  const found: Set<string>[] = [];
  const visit = (node: number, above: ReadonlySet<string>): void => {
    if (feature[node]! < 0) return void found.push(new Set(above));
    const here = new Set(above).add(names[feature[node]!]!);
    visit(left[node]!, here);
    visit(right[node]!, here);
  };
  for (const root of roots) visit(root, new Set());
  return found;
}

const isWithin = (path: ReadonlySet<string>, groups: readonly (readonly string[])[]) =>
  groups.some((group) => [...path].every((name) => group.includes(name)));

describe('interaction constraints', () => {
  test('hold on every path of every tree; features in no group form one more', async () => {
    const cases = [
      { given: [['up', 'down']], groups: [['up', 'down'], ['wave']] },
      {
        given: [
          ['up', 'down'],
          ['down', 'wave'],
        ],
        groups: [
          ['up', 'down'],
          ['down', 'wave'],
        ],
      },
      { given: 'no_interactions' as const, groups: [['up'], ['down'], ['wave']] },
      {
        given: 'pairwise' as const,
        groups: [
          ['up', 'down'],
          ['down', 'wave'],
          ['up', 'wave'],
        ],
      },
    ];
    for (const { given, groups } of cases) {
      const model = await new GradientBoostingRegressor({ ...settings, interactionCst: given }).fit(table, { target });
      const found = paths(model);
      expect(found.filter((path) => !isWithin(path, groups))).toEqual([]);
      // Every feature is still used, and those of a group do meet.
      expect(new Set(found.flatMap((path) => [...path])).size).toBe(3);
      if (given !== 'no_interactions') expect(found.some((path) => path.size === 2)).toBe(true);
    }
    const free = paths(await new GradientBoostingRegressor(settings).fit(table, { target }));
    expect(free.some((path) => path.size === 3)).toBe(true);
  });

  test('are refused with the feature named', async () => {
    const model = new GradientBoostingRegressor({ interactionCst: [['up', 'dwon']] });
    await expect(model.fit(table, { target })).rejects.toThrow(/interactionCst "dwon": did you mean "down"/);
    expect(() => new GradientBoostingRegressor({ interactionCst: [[]] })).toThrow(/lists of feature names/);
  });
});

describe('column sampling', () => {
  test('draws the share of the features by tree, by level and by node, each from the one before', () => {
    const sampling = new ColumnSampling({ byTree: 0.5, byLevel: 0.5, byNode: 0.4 }, 40, 7, 3, 0);
    const tree = new Set<number>();
    for (let depth = 0; depth < 200; depth++) {
      const level = new Set<number>();
      for (let path = 0; path < 60; path++) {
        const node = [...sampling.allowed(depth, path).entries()].filter(([, on]) => on === 1).map(([f]) => f);
        expect(node).toHaveLength(4);
        for (const feature of node) level.add(feature);
      }
      expect(level.size).toBe(10);
      for (const feature of level) tree.add(feature);
    }
    expect(tree.size).toBe(20);
    const mask = new Uint8Array(40).fill(1, 0, 20);
    const within = sampling.allowed(0, 1, mask);
    expect(within.subarray(20).some(Boolean)).toBe(false);
    expect(within.some(Boolean)).toBe(true);
  });

  test('leaves each tree its features alone, other ones in other trees', async () => {
    const many = Array.from({ length: 10 }, (_, k) => numbers(`x${k}`, rows, (row) => noise(row, k)));
    const sum = numbers('y', rows, (row) =>
      many.reduce((total, { values }, k) => total + (1 + k / 10) * values[row]!, 0),
    );
    const model = await new GradientBoostingRegressor({ ...settings, colsampleBytree: 0.3 }).fit(
      tableFromRegisters([...many, sum]),
      { target },
    );
    const { feature, roots } = ensembleOf(model);
    const used = [...roots].map((root, tree) => {
      const end = roots[tree + 1] ?? feature.length;
      return new Set(feature.subarray(root, end).filter((index) => index >= 0));
    });
    expect(Math.max(...used.map((set) => set.size))).toBe(3);
    expect(new Set(used.flatMap((set) => [...set])).size).toBe(10);
  });
});

describe('regularisation of leaves', () => {
  const leaves = async (parameters: object) =>
    ensembleOf(await new GradientBoostingRegressor({ ...settings, ...parameters }).fit(table, { target })).leafValues;
  const largest = (values: Float64Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

  test('maxDeltaStep holds every leaf, times the learning rate', async () => {
    expect(largest(await leaves({ maxDeltaStep: 0.05 }))).toBeCloseTo(0.015, 12);
  });

  test('enough L1 leaves nothing, some shrinks', async () => {
    const [none, some, all] = [
      await leaves({}),
      await leaves({ l1Regularization: 5 }),
      leaves({ l1Regularization: 1e6 }),
    ];
    expect(largest(some)).toBeLessThan(largest(none));
    expect((await all).length).toBe(0);
  });

  test('a gain or a hessian that no split reaches leaves nothing, and the hessian of leaves is held to', async () => {
    expect((await leaves({ minGainToSplit: 1e6 })).length).toBe(0);
    // The hessian of a squared error counts rows.
    const few = await leaves({ minSumHessianInLeaf: 400, minSamplesLeaf: 1, maxLeafNodes: null });
    expect(few.length).toBeLessThanOrEqual(3 * 30);
    expect(few.length).toBeGreaterThan(30);
  });
});

test('depth-wise and leaf-wise growth without a limit make the same leaves, columns sampled or not', async () => {
  for (const colsampleBynode of [1, 0.6]) {
    const grown = async (growPolicy: 'lossguide' | 'depthwise') =>
      ensembleOf(
        await new GradientBoostingRegressor({
          ...settings,
          maxIter: 10,
          maxLeafNodes: null,
          maxDepth: 6,
          colsampleBynode,
          growPolicy,
        }).fit(table, { target }),
      );
    expect(await grown('depthwise')).toEqual(await grown('lossguide'));
  }
});

test('depth-wise growth fills a level before it starts the next', async () => {
  const depthsOf = async (growPolicy: 'lossguide' | 'depthwise') => {
    const model = await new GradientBoostingRegressor({ ...settings, maxIter: 1, maxLeafNodes: 8, growPolicy }).fit(
      table,
      {
        target,
      },
    );
    const { feature, left, right } = ensembleOf(model);
    const depths: number[] = [];
    const visit = (node: number, depth: number): void => {
      if (feature[node]! < 0) return void depths.push(depth);
      visit(left[node]!, depth + 1);
      visit(right[node]!, depth + 1);
    };
    visit(0, 0);
    return depths;
  };
  expect(await depthsOf('depthwise')).toEqual(new Array(8).fill(3));
  expect(Math.max(...(await depthsOf('lossguide')))).toBeGreaterThan(3);
});
