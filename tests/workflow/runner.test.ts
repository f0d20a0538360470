import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { LanewiseError } from '#lanewise/errors.js';
import { hashText, type RunRecord } from '#lanewise/workflow/record.js';
import { runWorkflow, type Step } from '#lanewise/workflow/runner.js';
import { readWorkflow, type Workflow } from '#lanewise/workflow/workflow-file.js';

interface State {
  sum: number;
}

let runsFolder: string;
let ran: string[];

beforeEach(() => {
  runsFolder = join(mkdtempSync(join(tmpdir(), 'lanewise-runner-')), 'runs');
  ran = [];
});

function workflow(seed = 0): Workflow {
  const file = join(runsFolder, '..', 'workflow.yaml');
  writeFileSync(file, `name: sums\nsource: { csv: a.csv }\ntarget: y\nseed: ${seed}\n`);
  return readWorkflow(file);
}

/** Adds to the sum and writes it; what it adds is its setting. */
function addStep(name: string, amount: number, before?: () => void): Step<State> {
  return {
    name,
    settings: () => ({ amount }),
    async run({ state, write }) {
      before?.();
      ran.push(name);
      state.sum += amount;
      await write(`${name}/sum.txt`, String(state.sum));
      return { outcome: `sum ${state.sum}`, summary: { sum: state.sum } };
    },
    async restore({ state }, summary) {
      state.sum = summary['sum'] as number;
    },
  };
}

const options = (more = {}) => ({ runsFolder, version: '1', environment: () => ({}), ...more });
const run = (steps: readonly Step<State>[], more = {}, seed = 0) =>
  runWorkflow(workflow(seed), steps, { sum: 0 }, options(more));

test('every step is recorded with the hashes of what it wrote', async () => {
  const { record, folder } = await run([addStep('one', 1), addStep('two', 2)]);
  expect(record.steps.map(({ name, status, outcome }) => [name, status, outcome])).toEqual([
    ['one', 'ok', 'sum 1'],
    ['two', 'ok', 'sum 3'],
  ]);
  expect(record.steps[1]!.outputs).toEqual({ 'two/sum.txt': hashText('3') });
  const written = JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8')) as RunRecord;
  expect(written).toEqual(JSON.parse(JSON.stringify(record)));
});

test('a run that was stopped goes on where it was, in the same folder', async () => {
  const controller = new AbortController();
  const stopped = run([addStep('one', 1), addStep('two', 2, () => controller.abort()), addStep('three', 3)], {
    signal: controller.signal,
  });
  await expect(stopped).rejects.toThrow(/Cancelled/);
  const { record, folder } = await run([addStep('one', 1), addStep('two', 2), addStep('three', 3)]);
  expect(ran).toEqual(['one', 'two', 'three']);
  expect(record.steps.map(({ reused }) => reused ?? false)).toEqual([true, true, false]);
  expect(readFileSync(join(folder, 'three/sum.txt'), 'utf8')).toBe('6');
  expect(readdirSync(runsFolder)).toHaveLength(1);
});

test('a step that fails leaves the steps before it to go on from', async () => {
  const broken = addStep('two', 2, () => {
    throw new LanewiseError('data', 'no good');
  });
  await expect(run([addStep('one', 1), broken])).rejects.toThrow('no good');
  await run([addStep('one', 1), addStep('two', 2)]);
  expect(ran).toEqual(['one', 'two']);
});

test('a run that fails in its first step leaves nothing behind', async () => {
  const broken = addStep('one', 1, () => {
    throw new LanewiseError('file', 'nosuch.csv');
  });
  await expect(run([broken])).rejects.toThrow('nosuch.csv');
  expect(existsSync(runsFolder) ? readdirSync(runsFolder) : []).toEqual([]);
});

test('a finished run is reused step by step, up to the first that reads something else', async () => {
  await run([addStep('one', 1), addStep('two', 2), addStep('three', 3)]);
  const { record } = await run([addStep('one', 1), addStep('two', 20), addStep('three', 3)]);
  expect(ran).toEqual(['one', 'two', 'three', 'two', 'three']);
  expect(record.steps.at(-1)!.summary).toEqual({ sum: 24 });
});

test('another seed, another version or --fresh reuse nothing', async () => {
  await run([addStep('one', 1)]);
  await run([addStep('one', 1)], {}, 7);
  await run([addStep('one', 1)], { version: '2' });
  await run([addStep('one', 1)], { fresh: true });
  expect(ran).toEqual(['one', 'one', 'one', 'one']);
});

test('an output that was changed or is gone is made again', async () => {
  const { folder } = await run([addStep('one', 1)]);
  writeFileSync(join(folder, 'one/sum.txt'), 'tampered');
  const { record } = await run([addStep('one', 1)]);
  expect(ran).toEqual(['one', 'one']);
  expect(record.steps[0]!.outputs).toEqual({ 'one/sum.txt': hashText('1') });
});
