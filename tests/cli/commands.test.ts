import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { beforeAll, describe, expect, test } from 'vitest';
import { goodCsv, lanewise, spawned, temporaryFolder } from './helpers.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const data = at('good.csv');
writeFileSync(data, goodCsv());
// Line 4 has a cell too many: it is quarantined, and the rows after it keep their index.
const lines = goodCsv().trimEnd().split('\n');
writeFileSync(at('ragged.csv'), `${[...lines.slice(0, 3), `${lines[3]},9,9`, ...lines.slice(4)].join('\n')}\n`);
writeFileSync(at('folds.csv'), `fold\n${Array.from({ length: 300 }, (_, row) => row % 3).join('\n')}\n`);

const json = async (...argv: string[]) => {
  const { code, out, err } = await lanewise(...argv, '--json');
  expect([code, err.includes('error:')]).toEqual([0, false]);
  return JSON.parse(out);
};

describe('--param', () => {
  const evaluate = (...parameters: string[]) =>
    lanewise(
      ...['evaluate', data, '--target', 'y', '--task', 'classification', '--folds', at('folds.csv'), '--json'],
      ...parameters.flatMap((text) => ['--param', text]),
    );

  test('gives the model numbers, choices, maps and lists of names, in snake_case or camelCase', async () => {
    const { code, out } = await evaluate(
      ...['max_iter=3', 'minSamplesLeaf=2', 'early_stopping=false', 'max_depth=null'],
      ...['monotonic_cst={"a": 1}', 'interaction_cst=[["a"],["b"]]'],
    );
    expect(code).toBe(0);
    const constrained = JSON.parse(out);
    const free = JSON.parse((await evaluate()).out);
    expect(constrained.metrics['roc_auc'].mean).not.toBe(free.metrics['roc_auc'].mean);
  });

  test('names what is wrong with one', async () => {
    const errors = [
      [['max_itr=3'], /maxItr.*did you mean "maxIter"/],
      [['max_iter=many'], /maxIter but received "many"/],
      [['max_iter'], /name=value for --param/],
      [['monotonic_cst={"a": 1'], /JSON for --param/],
      [['monotonic_cst={"nope": 1}'], /feature in monotonicCst "nope"/],
    ] as const;
    for (const [given, message] of errors) {
      const { code, err } = await evaluate(...given);
      expect(err, given[0]).toMatch(message);
      expect(code).toBe(2);
    }
  });
});

describe('evaluate', () => {
  test('prints mean and deviation by scikit-learn scorer name', async () => {
    const report = await json(
      'evaluate',
      data,
      '--target',
      'y',
      '--task',
      'classification',
      '--model',
      'linear',
      '--folds',
      at('folds.csv'),
    );
    expect(report.metrics['roc_auc'].mean).toBeGreaterThan(0.85);
    expect(report.metrics['roc_auc'].std).toBeGreaterThan(0);
    expect(report.metrics['accuracy'].values).toHaveLength(3);
  });

  test('an error is negative under its scorer name', async () => {
    const report = await json('evaluate', data, '--target', 'a', '--task', 'regression', '--model', 'linear');
    expect(report.metrics['neg_root_mean_squared_error'].mean).toBeLessThan(0);
  });

  test('writes a prediction for each data row, in its fold, with a probability for each class', async () => {
    await json(
      'evaluate',
      data,
      '--target',
      'y',
      '--model',
      'dummy',
      '--folds',
      at('folds.csv'),
      '--predictions',
      at('out.csv'),
    );
    const [head, ...rows] = readFileSync(at('out.csv'), 'utf8').trimEnd().split('\n');
    expect(head).toBe('row,fold,prediction,probability_0,probability_1');
    expect(rows).toHaveLength(300);
    rows.forEach((line, row) => {
      const cells = line.split(',').map(Number);
      expect(cells.slice(0, 2)).toEqual([row, row % 3]);
      expect(cells[3]! + cells[4]!).toBeCloseTo(1, 12);
    });
  });

  test('a quarantined row keeps its place in folds and predictions', async () => {
    await json(
      'evaluate',
      at('ragged.csv'),
      '--target',
      'y',
      '--model',
      'dummy',
      '--folds',
      at('folds.csv'),
      '--predictions',
      at('out.csv'),
    );
    const rows = readFileSync(at('out.csv'), 'utf8').trimEnd().split('\n').slice(1);
    expect(rows).toHaveLength(300);
    expect(rows[2]).toBe('2,,,,');
    expect(rows[3]).toMatch(/^3,0,[01],/);
  });
});

test('a model of trees tells raw scores and leaves; others have none', async () => {
  const booster = ['--model', at('booster')];
  await json('train', data, '--target', 'y', '--model', 'gradient-boosting', '--output', at('booster'));
  const raw = (await lanewise('predict', data, ...booster, '--raw')).out.trimEnd().split('\n');
  expect(raw[0]).toBe('raw');
  expect(raw).toHaveLength(301);
  const leaves = (await lanewise('predict', data, ...booster, '--leaves')).out.trimEnd().split('\n');
  expect(leaves[0]).toMatch(/^tree_0,tree_1,/);
  expect(leaves[1]).toMatch(/^\d+(,\d+)*$/);
  expect((await lanewise('predict', data, ...booster, '--leaves', '--raw')).err).toContain('--raw or --leaves');
});

describe('a trained model', () => {
  beforeAll(async () => {
    const report = await json('train', data, '--target', 'y', '--model', 'linear', '--output', at('model'));
    expect(report).toMatchObject({ model: at('model'), task: 'classification', rows: { train: 240, test: 60 } });
  });

  test('predicts every row, as CSV on standard output', async () => {
    const { code, out } = await lanewise('predict', data, '--model', at('model'));
    expect(code).toBe(0);
    const rows = out.trimEnd().split('\n');
    expect(rows[0]).toBe('prediction,probability_0,probability_1');
    expect(rows).toHaveLength(301);
  });

  test('a row that cannot be read keeps its line among the predictions, and is told', async () => {
    const { code, out, err } = await lanewise('predict', at('ragged.csv'), '--model', at('model'));
    const rows = out.trimEnd().split('\n').slice(1);
    const whole = await lanewise('predict', data, '--model', at('model'));
    expect([code, rows.length, rows[2]]).toEqual([0, 300, ',,']);
    expect(rows.toSpliced(2, 1)).toEqual(whole.out.trimEnd().split('\n').slice(1).toSpliced(2, 1));
    expect(err).toMatch(/^note: 1 row could not be read and is left out; the first, line 4: /);
  });

  test('predicts into an Arrow file with the same figures', async () => {
    await json('predict', data, '--model', at('model'), '--output', at('out.arrow'));
    const table = tableFromIPC(readFileSync(at('out.arrow')));
    const { out } = await lanewise('predict', data, '--model', at('model'));
    const first = out.split('\n')[1]!.split(',').map(Number);
    expect(table.numRows).toBe(300);
    expect(table.getChild('probability_1')!.get(0)).toBe(first[2]);
  });

  test('finds its own data stable', async () => {
    const report = await json('monitor', data, '--model', at('model'));
    expect(report.verdict).toBe('stable');
  });

  test('sees data that moved', async () => {
    const moved = goodCsv().replaceAll(/^([\d.e-]+),/gm, (_, a) => `${Number(a) + 1},`);
    writeFileSync(at('moved.csv'), moved);
    const report = await json('monitor', at('moved.csv'), '--model', at('model'));
    expect(report.verdict).not.toBe('stable');
    expect(report.columns.find(({ name }: { name: string }) => name === 'a').drift).toBe('large');
  });

  test('the same seed writes the same artefact, another seed another', async () => {
    const digest = async (seed: string) =>
      (await json('train', data, '--target', 'y', '--model', 'linear', '--output', at('again'), '--seed', seed)).digest;
    expect(await digest('1')).toBe(await digest('1'));
    expect(await digest('1')).not.toBe(await digest('2'));
  });
});

test('compare ranks the models that are asked for', async () => {
  const { ranking, reason } = await json(
    'compare',
    data,
    '--target',
    'y',
    '--models',
    'dummy,linear',
    '--folds-count',
    '3',
  );
  expect(ranking.map(({ name }: { name: string }) => name)).toEqual(['linear', 'dummy']);
  expect(reason).toContain('linear');
});

test('profile writes its page and prints the same figures', async () => {
  const profile = await json('profile', data, '--target', 'y', '--output', at('page.html'));
  expect([profile.rows, profile.columns.length]).toEqual([300, 3]);
  expect(existsSync(at('page.html'))).toBe(true);
});

test('cluster-count says how many clusters there are, and writes its page', async () => {
  const found = await json('cluster-count', data, '--most', '3', '--output', at('count.html'));
  expect(found.figures.map(({ k }: { k: number }) => k)).toEqual([1, 2, 3]);
  expect(found.sentence).toContain('cluster');
  expect(existsSync(at('count.html'))).toBe(true);
});

test('init writes a workflow file that leaves leaks out, and never overwrites one', async () => {
  writeFileSync(
    at('leak.csv'),
    `x,half,rest,y\n${Array.from({ length: 80 }, (_, i) => `${(i * 7) % 11},${i % 9},${(i * 5) % 13},${(i % 9) + ((i * 5) % 13)}`).join('\n')}\n`,
  );
  const report = await json('init', at('leak.csv'), '--target', 'y', '--output', at('leak.yaml'));
  expect(report.ignore.sort()).toEqual(['half', 'rest']);
  expect(readFileSync(at('leak.yaml'), 'utf8')).toContain('csv: leak.csv');
  expect((await lanewise('init', at('leak.csv'), '--target', 'y', '--output', at('leak.yaml'))).code).toBe(1);
});

test('doctor says which backend runs, and why no better one', async () => {
  const { engine, node } = await json('doctor', '--backend', 'reference');
  expect(engine.backend).toBe('reference');
  expect(node).toBe(process.versions.node);
});

test('help and version are no errors', async () => {
  for (const argv of [['--help'], ['train', '--help'], []]) expect((await lanewise(...argv)).code).toBe(0);
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect((await lanewise('--version')).out.trim()).toBe(version);
});

test('a reader that stops reading is no error', async () => {
  const answer = await spawned(['predict', data, '--model', at('model')], {
    cwd: folder,
    during: (child) => child.stdout!.destroy(),
  });
  expect([answer.code, answer.err]).toEqual([0, '']);
});

test('a table larger than --memory is trained from a file, by gradient boosting alone', async () => {
  const path = at('large.csv');
  const rows = Array.from(
    { length: 60_000 },
    (_, i) => `${(i * 7919) % 1000}.25,${(i * 31) % 97},${(i * 7919) % 1000}.5`,
  );
  writeFileSync(path, ['a,b,y', ...rows, 'short,row'].join('\n'));
  const argv = ['train', path, '--target', 'y', '--drop', 'b', '--memory', '1MB', '--param', 'maxIter=3'];
  const report = await json(...argv, '--output', at('streamed'));
  expect(report).toMatchObject({ task: 'regression', rows: { test: 0, quarantined: 1 } });
  // A tenth is held out for early stopping.
  expect(report.rows.train).toBe(54_000);
  const ranking = ['--task', 'ranking', '--group', 'q', '--output', at('ranked'), '--memory', '1MB'];
  const lists = Array.from({ length: 60_000 }, (_, i) => `${(i * 7919) % 1000}.25,${(i * 31) % 9973},${i % 3}`);
  writeFileSync(at('lists.csv'), ['a,q,y', ...lists].join('\n'));
  const ranked = await json('train', at('lists.csv'), '--target', 'y', ...ranking, '--param', 'maxIter=2');
  expect(ranked).toMatchObject({ task: 'ranking', rows: { test: 0 } });
  expect(ranked.training.lossName).toBe('1 − NDCG@10');
  const { code, err } = await lanewise(...argv, '--model', 'linear');
  expect(code).toBe(2);
  expect(err).toContain('Expected gradient-boosting for a table that does not fit into 1MB but received linear');
});

test('trains without a target, and for several', async () => {
  const file = join(folder, 'more.csv');
  writeFileSync(
    file,
    `a,b,y,z\n${Array.from({ length: 80 }, (_, i) => `${i % 9},${i === 5 ? 99 : i % 4},${(i % 9) * 1.5},${(i % 4) - 0.5}`).join('\n')}\n`,
  );
  const odd = join(folder, 'odd');
  const trained = await lanewise('train', file, '--model', 'isolation-forest', '--drop', 'y,z', '--output', odd);
  expect(trained).toMatchObject({ code: 0, err: '' });
  expect(trained.out).toMatch(/isolation-forest: anomaly-detection\. 80 rows/);
  const predicted = (await lanewise('predict', file, '--model', odd)).out.split('\n');
  expect(predicted[0]).toBe('prediction,score');
  expect(predicted[6]).toMatch(/^1,/);
  const two = join(folder, 'two');
  const both = await lanewise('train', file, '--target', 'y,z', '--model', 'random-forest', '--output', two, '--json');
  expect(both.code).toBe(0);
  expect(JSON.parse(both.out)).toMatchObject({ task: 'regression', targets: ['y', 'z'] });
  expect((await lanewise('predict', file, '--model', two)).out).toMatch(/^prediction_y,prediction_z\n/);
  expect((await lanewise('train', file, '--target', 'y,z', '--model', 'linear')).err).toMatch(
    /one target but received 2/,
  );
});

test('trains for a task that has no target, and says how the clusters lie', async () => {
  const file = join(folder, 'groups.csv');
  const lines = Array.from({ length: 60 }, (_, i) => `${10 * (i % 3) + (i % 7) / 10},${5 * (i % 3) - (i % 5) / 10}`);
  writeFileSync(file, `a,b\n${lines.join('\n')}\n`);
  const output = join(folder, 'groups');
  const trained = await lanewise('train', file, '--task', 'clustering', '--param', 'nClusters=3', '--output', output);
  expect(trained).toMatchObject({ code: 0, err: '' });
  expect(trained.out).toMatch(/k-means: clustering\. 60 rows/);
  expect(trained.out).toMatch(/3 clusters of 20, 20, 20 rows\n/);
  expect(trained.out).toMatch(/silhouette +0\.9/);
  const odd = await lanewise('train', file, '--task', 'anomaly-detection', '--output', output, '--json');
  expect(JSON.parse(odd.out)).toMatchObject({ estimator: 'isolation-forest', task: 'anomaly-detection' });
  const wrong = await lanewise('train', file, '--task', 'clustering', '--model', 'ridge-cv');
  expect([wrong.code, wrong.err]).toEqual([
    2,
    expect.stringMatching(/model for clustering but ridge-cv is for regression/),
  ]);
  const target = await lanewise('train', file, '--task', 'clustering', '--target', 'a');
  expect([target.code, target.err]).toEqual([2, expect.stringMatching(/no --target for clustering/)]);
});

test('draws a tree as text and as a picture', async () => {
  const model = join(folder, 'drawn');
  const file = join(folder, 'drawn.csv');
  writeFileSync(
    file,
    `a,y\n${Array.from({ length: 40 }, (_, i) => `${i % 8},${i % 8 > 4 ? 'yes' : 'no'}`).join('\n')}\n`,
  );
  await lanewise('train', file, '--target', 'y', '--model', 'decision-tree', '--output', model);
  expect((await lanewise('tree', model)).out).toMatch(/^a ≤ 4\.5\? {2}/);
  const picture = join(folder, 'tree.svg');
  expect(await lanewise('tree', model, '--output', picture)).toMatchObject({ code: 0 });
  expect(readFileSync(picture, 'utf8')).toMatch(/^<svg /);
  expect((await lanewise('tree', model, '--tree', '1')).err).toMatch(/tree.*from 0 to 0/);
});
