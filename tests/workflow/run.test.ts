import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunRecord } from '#lanewise/workflow/record.js';
import { lanewise, spawned } from '../cli/helpers.js';

const HOSTILE = '</script><script>alert(1)</script>';
const NAMES = [
  'collect',
  'prepare',
  'explore',
  'features',
  'compare',
  'train',
  'evaluate',
  'tune',
  'deploy',
  'monitor',
];

let folder: string;
let uninterrupted: RunRecord;
const at = (...path: string[]) => join(folder, ...path);
const records = () =>
  readdirSync(at('runs')).map((run) => ({
    run,
    record: JSON.parse(readFileSync(at('runs', run, 'record.json'), 'utf8')) as RunRecord,
  }));

/** 240 days of a number that goes with another, a label that no page should take for markup, and a part of the target. */
function workflowFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'lanewise-run-'));
  let state = 11;
  const uniform = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  const rows = Array.from({ length: 240 }, (_, i) => {
    const x = uniform();
    const day = new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10);
    return `${day},${x},${i % 3 === 0 ? HOSTILE : 'plain'},${i % 7},${3 * x + (i % 7) + uniform() * 0.3}`;
  });
  writeFileSync(join(made, 'data.csv'), `day,x,label,part,y\n${rows.join('\n')}\n`);
  writeFileSync(
    join(made, 'workflow.yaml'),
    'name: parts\nsource: { csv: data.csv }\ntarget: y\nignore: [part]\ntime: day\nmodels: [dummy, linear]\ntune: { trials: 3 }\nseed: 3\n',
  );
  return made;
}

describe('a run of any table', () => {
  beforeAll(async () => {
    folder = workflowFolder();
    const answer = await spawned(['run', 'workflow.yaml'], { cwd: folder });
    expect(answer).toMatchObject({ code: 0, err: '' });
    uninterrupted = records()[0]!.record;
    NAMES.forEach((name, index) => {
      expect(answer.out).toMatch(new RegExp(`^ ?${index + 1} ${name} `, 'm'));
    });
  });

  test('does all ten steps, each with outputs by hash', () => {
    const [{ record }] = records() as unknown as [{ record: RunRecord }];
    expect(record.steps.map(({ name }) => name)).toEqual(NAMES);
    for (const { status, outputs, seconds, outcome } of record.steps) {
      expect([status, Object.keys(outputs).length > 0, seconds >= 0, outcome !== '']).toEqual(['ok', true, true, true]);
      for (const hash of Object.values(outputs)) expect(hash).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test('leaves one report that loads nothing and escapes what the data say', () => {
    const [{ run, record }] = records() as unknown as [{ run: string; record: RunRecord }];
    const text = readFileSync(at('runs', run, 'report.html'), 'utf8');
    const own = text.slice(0, text.lastIndexOf('<script>'));
    expect(/(src|href)=["']https?:/.test(text)).toBe(false);
    expect(own.includes(HOSTILE)).toBe(false);
    for (const { name } of record.steps) expect([name, own.includes(`<section id="${name}"`)]).toEqual([name, true]);
    for (const chart of ['RMSE by 5-fold', 'Residuals', 'Tuning history'])
      expect([chart, own.includes(chart)]).toEqual([chart, true]);
  });

  test('leaves a valid stand-alone module without imports', () => {
    const [{ run }] = records() as unknown as [{ run: string }];
    const [wasm] = readdirSync(at('runs', run, 'deploy')).filter((name) => name.endsWith('.wasm'));
    const module = new WebAssembly.Module(readFileSync(at('runs', run, 'deploy', wasm!)));
    expect(WebAssembly.Module.imports(module)).toEqual([]);
  });

  test('run again, it takes every step over and comes to the same hashes', async () => {
    const [before] = records();
    const { code, out } = await spawned(['run', 'workflow.yaml', '--json'], { cwd: folder });
    const again = JSON.parse(out) as RunRecord;
    expect([code, again.steps.every(({ reused }) => reused), again.id === before!.record.id]).toEqual([0, true, false]);
    expect(again.steps.map(({ outputs }) => outputs)).toEqual(before!.record.steps.map(({ outputs }) => outputs));
  });
});

/** What a run decided and deployed; times of fitting differ from run to run and are left out. */
const results = ({ steps }: RunRecord) =>
  steps.flatMap(({ outputs }) =>
    Object.entries(outputs).filter(([path]) => /model\/|registry|\.wasm$|table\.arrow|profile\./.test(path)),
  );

test.each([
  ['SIGKILL', null],
  ['SIGINT', 130],
] as const)('a run stopped by %s goes on where it was, to the same model', async (signal, code) => {
  folder = workflowFolder();
  const stopped = await spawned(['run', 'workflow.yaml'], {
    cwd: folder,
    during: (child, out) => {
      if (out.includes('compare ')) child.kill(signal);
    },
  });
  expect(stopped.code).toBe(code ?? -1);
  expect(existsSync(at('runs'))).toBe(true);
  const [half] = records();
  expect(half!.record.status).toBe('running');
  const resumed = await spawned(['run', 'workflow.yaml', '--json'], { cwd: folder });
  expect([resumed.code, resumed.err.includes('error:')]).toEqual([0, false]);
  const record = JSON.parse(resumed.out) as RunRecord;
  expect(record.id).toBe(half!.record.id);
  const kept = half!.record.steps.length;
  expect(kept).toBeGreaterThanOrEqual(5);
  expect(record.steps.map(({ reused }) => reused === true)).toEqual(NAMES.map((_, i) => i < kept));
  expect(results(record)).toEqual(results(uninterrupted));
});

test('a champion that misses the minimum score is not deployed, and the exit code is 3', async () => {
  folder = workflowFolder();
  const file = at('workflow.yaml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}gate: { minimum_score: -0.000001 }\n`);
  const { code, err } = await spawned(['run', 'workflow.yaml'], { cwd: folder });
  expect(code).toBe(3);
  expect(err).toMatch(/Expected a score of at least -0\.000001 .* but the champion has -/);
  expect(records()[0]!.record.steps.map(({ name }) => name)).toEqual(NAMES.slice(0, 7));
});

/** 120 rows of a feature that says nothing of the target, with an infinite cell in every tenth. */
function noiseFolder(models: string): string {
  const made = mkdtempSync(join(tmpdir(), 'lanewise-run-'));
  const rows = Array.from({ length: 120 }, (_, i) => `${i % 10 ? (i * 37) % 101 : 'inf'},${(i * i * 7) % 13 < 6}`);
  writeFileSync(join(made, 'data.csv'), `x,y\n${rows.join('\n')}\n`);
  writeFileSync(
    join(made, 'workflow.yaml'),
    `source: { csv: data.csv }\ntarget: y\nmodels: [${models}]\ntune: { trials: 2 }\n`,
  );
  return made;
}

test('where the baseline wins, the best model that has parameters is tuned against it', async () => {
  folder = noiseFolder('dummy, linear');
  expect(await spawned(['run', 'workflow.yaml'], { cwd: folder })).toMatchObject({ code: 0, err: '' });
  const { steps } = records()[0]!.record;
  expect(steps.map(({ status }) => status)).toEqual(NAMES.map(() => 'ok'));
  expect(steps[7]!.outcome).toMatch(/^2 trials of linear \(dummy has nothing to tune\); .* default stays/);
  expect(steps[7]!.summary).toMatchObject({ name: 'dummy', tuned: 'linear' });
});

test('texts that never recur leave the baseline, and the comparison says why', async () => {
  folder = noiseFolder('dummy, linear');
  const rows = Array.from({ length: 120 }, (_, i) => `words of row ${i},${i % 2 ? 'yes' : 'no'}`);
  writeFileSync(at('data.csv'), `x,y\n${rows.join('\n')}\n`);
  expect(await spawned(['run', 'workflow.yaml'], { cwd: folder })).toMatchObject({ code: 0, err: '' });
  const { outcome } = records()[0]!.record.steps[4]!;
  expect(outcome).toMatch(/take dummy; 1 could not be fitted \(linear: .* x \(dropped: \d+ distinct labels/);
});

test('a baseline alone goes through all ten steps, tuned by nothing', async () => {
  folder = noiseFolder('dummy');
  expect(await spawned(['run', 'workflow.yaml'], { cwd: folder })).toMatchObject({ code: 0, err: '' });
  const { steps } = records()[0]!.record;
  expect(steps[7]!.outcome).toMatch(/^0 trials: .* dummy stays$/);
  expect(steps).toHaveLength(10);
});

test('infinite cells of a model that reads them pass through the served proof', async () => {
  folder = noiseFolder('linear');
  expect(await spawned(['run', 'workflow.yaml'], { cwd: folder })).toMatchObject({ code: 0, err: '' });
});

test.each([
  ['models: [dummy, lineer]', /Unknown model "lineer": did you mean "linear"\?/],
  ['tune: { model: random-forrest }', /Unknown model "random-forrest": did you mean "random-forest"\?/],
  ['prepare: [duplicate]', /Unknown step of prepare "duplicate": did you mean "duplicates"\?/],
  ['features: [calender]', /Unknown step of features "calender": did you mean "calendar"\?/],
  ['compare: { metric: r3 }', /Unknown metric .*"r3": did you mean "r2"\?/],
])('a name that cannot be is refused before a row is read: %s', async (line, message) => {
  folder = mkdtempSync(join(tmpdir(), 'lanewise-names-'));
  writeFileSync(at('workflow.yaml'), `source: { csv: not-read.csv }\ntarget: y\n${line}\n`);
  const { code, err } = await lanewise('run', at('workflow.yaml'), '--runs', at('runs'));
  expect([code, existsSync(at('runs'))]).toEqual([2, false]);
  expect(err).toMatch(message);
});

test('the drift thresholds of the file are those that the monitor calls drift by', async () => {
  const levels: string[][] = [];
  for (const thresholds of ['psi: 1000000', 'psi: 0.000001, alpha: 0.999']) {
    folder = workflowFolder();
    const file = at('workflow.yaml');
    writeFileSync(file, `${readFileSync(file, 'utf8')}monitor: { ${thresholds} }\n`);
    expect((await spawned(['run', 'workflow.yaml'], { cwd: folder })).code).toBe(0);
    const text = readFileSync(at('runs', records()[0]!.run, 'monitor/report.json'), 'utf8');
    const report = JSON.parse(text) as { target: { drift: string }; columns: { psi: number | null; drift: string }[] };
    levels.push([...report.columns, report.target].map(({ drift }) => drift));
  }
  expect(levels[0]).not.toEqual(levels[1]);
});
