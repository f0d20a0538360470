import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LanewiseError } from '#lanewise/errors.js';
import { readWorkflow } from '#lanewise/workflow/workflow-file.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-workflow-'));
const three = 'source: { csv: taxis.csv }\ntarget: fare\nignore: [total, tip]\n';

function read(text: string) {
  const file = join(folder, 'workflow.yaml');
  writeFileSync(file, text);
  return readWorkflow(file);
}

function errorOf(text: string): LanewiseError {
  try {
    read(text);
  } catch (error) {
    if (error instanceof LanewiseError) return error;
    throw error;
  }
  throw new Error('Expected an error but the file was read');
}

test('three lines suffice, and the defaults are spelt out', () => {
  const workflow = read(three);
  expect(workflow).toMatchObject({ target: 'fare', ignore: ['total', 'tip'], seed: 0, backend: 'auto' });
  expect(workflow.data).toBe(join(folder, 'taxis.csv'));
  expect(workflow.compare.folds).toBe(5);
  expect(workflow.tune.trials).toBe(20);
  expect(workflow.split).toEqual({ test: 0.2, live: 0.2 });
});

test('days may be written as YAML dates or as text', () => {
  const { split } = read(`${three}time: pickup\nsplit: { train: 2019-03-17, test: "2019-03-24", live: 2019-03-31 }\n`);
  expect(split).toEqual({ train: '2019-03-17', test: '2019-03-24', live: '2019-03-31' });
});

describe('a misspelt key is named with its place and the nearest one', () => {
  const cases: readonly [string, RegExp][] = [
    [`${three}modles: [linear]\n`, /workflow\.yaml:4:1: Unknown key "modles": did you mean "models"\?/],
    [`${three}compare: { fold: 5 }\n`, /workflow\.yaml:4:12: Unknown key "fold" in "compare": did you mean "folds"\?/],
    [`${three}tune:\n  trails: 20\n`, /workflow\.yaml:5:3: Unknown key "trails" in "tune": did you mean "trials"\?/],
    ['source: { cvs: a.csv }\ntarget: y\n', /workflow\.yaml:1:11: Unknown key "cvs" in "source": did you mean "csv"\?/],
    ['source: { csv: a.csv }\ntargt: y\n', /workflow\.yaml:2:1: Unknown key "targt": did you mean "target"\?/],
  ];
  for (const [text, message] of cases) {
    test(text.split('\n').at(-2)!, () => expect(errorOf(text).message).toMatch(message));
  }
});

describe('a value that cannot be is named with what was expected', () => {
  const cases: readonly [string, RegExp][] = [
    [`${three}seed: abc\n`, /workflow\.yaml:4:1: .*for "seed"; received "abc"/],
    [`${three}compare: { folds: 1 }\n`, /for "compare.folds"; received 1/],
    [`${three}backend: gpu\n`, /for "backend"; received "gpu"/],
    ['target: y\n', /Expected a value for "source" but there is none/],
    ['source: { csv: a.csv, parquet: b.parquet }\ntarget: y\n', /exactly one of csv, tsv, parquet, arrow/],
    ['source: { csv: a.csv }\n', /Expected a value for "target" but there is none/],
    ['', /Expected a value for "source" but there is none/],
    ['- a\n- b\n', /for "the file"/],
  ];
  for (const [text, message] of cases) {
    test(JSON.stringify(text.slice(-30)), () => expect(errorOf(text).message).toMatch(message));
  }
});

test('text that is not YAML is named with line and column', () => {
  expect(errorOf('source: [\n').message).toMatch(/workflow\.yaml:\d+:\d+: not YAML/);
});

test('a file that is not there is named', () => {
  expect(() => readWorkflow(join(folder, 'nosuch.yaml'))).toThrow(/nosuch\.yaml but it cannot be read: ENOENT/);
  expect(() => readWorkflow(folder)).toThrow(/is a directory/);
});
