import { createHash } from 'node:crypto';
import { Table } from 'apache-arrow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { stream } from '#lanewise/engine/random.js';
import { type ModelEntry, models } from '#lanewise/models/index.js';
import { programImage } from '#lanewise/scoring/serialize.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import type { TaskKind } from '#lanewise/table/interfaces.js';

// The proof of the promise: one seed, one SHA-256 of the fitted model, whoever computes, on however many threads, however
// the rows are chunked. Every model in the list is held to it.

const ROWS = 2_500;
/** For models whose work grows with the square of the rows; over chunks of their own all the same. */
const FEW_ROWS = 500;
/** More than a block of 65,536 rows, so that sums are made of several parts. */
const MANY_ROWS = 70_000;

/** Few rounds: the promise does not depend on their number. */
const few: Readonly<Record<string, number>> = { maxIter: 8, nEstimators: 4, nInit: 2 };

/** Numbers on several scales, missing cells, a category with missing ones, a constant, and targets of both kinds. */
function makeTable(rowCount: number): Table {
  const random = stream(11, 'same bits');
  const columns = Object.fromEntries(
    ['small', 'large', 'holed', 'whole', 'constant', 'colour', 'amount', 'answer', 'grade', 'list'].map((name) => [
      name,
      new Float64Array(rowCount),
    ]),
  ) as Record<string, Float64Array>;
  for (let row = 0; row < rowCount; row++) {
    const [a, b, c] = [random.normal(), random.normal(), random.integer(4)];
    columns['small']![row] = a * 1e-3;
    columns['large']![row] = 1e6 + 1e4 * b;
    columns['holed']![row] = random.integer(5) === 0 ? Number.NaN : a + b;
    columns['whole']![row] = random.integer(10);
    columns['constant']![row] = 3;
    columns['colour']![row] = random.integer(9) === 0 ? Number.NaN : c;
    columns['amount']![row] = 2 * a - b * a + c + 0.3 * random.normal();
    columns['answer']![row] = a + 0.5 * b * b + (c === 2 ? 1 : 0) + 0.4 * random.normal() > 0.7 ? 1 : 0;
    columns['grade']![row] = Math.min(3, Math.max(0, Math.floor(columns['amount']![row]!)));
    columns['list']![row] = Math.floor(row / 20);
    columns['amount']![row]! += 50; // above 0, as some models want it
  }
  const labels: Record<string, readonly string[]> = {
    colour: ['blue', 'green', 'red', 'white'],
    answer: ['no', 'yes'],
  };
  return tableFromRegisters(
    Object.entries(columns).map(([name, values]) => ({
      name,
      values,
      type: labels[name] ? 'category' : 'number',
      labels: labels[name],
    })),
  );
}

const whole = makeTable(ROWS);
const chunked = new Table(
  [0, 700, 701, 1_900]
    .map((start, index, starts) => whole.slice(start, starts[index + 1]))
    .flatMap((part) => part.batches),
);

const engines = new Map<string, Engine>();

beforeAll(async () => {
  for (const backend of ['reference', 'wasm', 'native'] as const) {
    for (const threads of [1, 2, 3]) {
      // The slowest by far: without threads, and with more than this machine may have.
      if (backend === 'reference' && threads === 2) continue;
      try {
        const engine = await createEngine({ backend, threads });
        await startWorkers(engine);
        engines.set(`${backend} on ${threads}`, engine);
      } catch (error) {
        // The addon is built only where there is a compiler.
        if (backend !== 'native' || process.env['LANEWISE_ADDON']) throw error;
      }
    }
  }
});

afterAll(async () => {
  for (const engine of engines.values()) await engine.close();
});

/** Works until the workers have started, so that they have a part in what follows. */
async function startWorkers(engine: Engine): Promise<void> {
  using scope = engine.arena.scope();
  const x = scope.zeros('f64', 20_000);
  const tasks = Array.from({ length: 64 }, () => ({
    kernel: 'dot_f64' as const,
    values: [x.byteOffset, x.byteOffset, 20_000],
  }));
  while (engine.describe().workers < engine.threads - 1) await engine.run(tasks);
}

const fits = models.flatMap((entry) => entry.tasks.map((task) => [entry.name, task, entry] as const));
const targets: Record<TaskKind, string | undefined> = {
  regression: 'amount',
  classification: 'answer',
  ranking: 'grade',
  clustering: undefined,
  'anomaly-detection': undefined,
  recommendation: undefined,
};
/** Trees take missing cells and categories; the others are given the complete numbers, and some of those only counts. */
const featuresOf = ({ name, nonNegative }: ModelEntry) => {
  if (nonNegative) return ['large', 'whole'];
  return ['gradient-boosting', 'random-forest', 'dummy'].includes(name)
    ? ['small', 'large', 'holed', 'whole', 'constant', 'colour']
    : ['small', 'large', 'whole'];
};

async function hashOf(entry: ModelEntry, task: TaskKind, engine: Engine, table: Table): Promise<string> {
  const parameters = Object.fromEntries(Object.entries(few).filter(([name]) => name in entry.declarations(task)));
  const target = targets[task];
  const features = featuresOf(entry);
  const others = task === 'ranking' ? ['list'] : [];
  const selected = table.select([...features, ...others, ...(target === undefined ? [] : [target])]);
  const model = await entry.create(task, parameters).fit(selected, { engine, seed: 5, target, group: others[0] });
  const outputs = await model.predict(selected.slice(0, 500), { engine });
  const hash = createHash('sha256').update(programImage(model.program));
  for (const output of outputs.schema.names) hash.update(JSON.stringify([...outputs.getChild(output)!]));
  return hash.digest('hex');
}

test('reference and WebAssembly are compared on 1, 2 and 3 threads', () => {
  expect([...engines.keys()]).toEqual(
    expect.arrayContaining(['reference on 1', 'reference on 3', 'wasm on 1', 'wasm on 2', 'wasm on 3']),
  );
  expect(engines.get('wasm on 3')!.describe().workers).toBe(2);
});

test.each(fits)('%s for %s has the same bits on every backend, thread count and chunking', async (_, task, entry) => {
  const hashes: Record<string, string> = {};
  const [table, parts] = entry.quadratic
    ? [whole, chunked].map((one) => one.slice(400, 400 + FEW_ROWS))
    : [whole, chunked];
  for (const [where, engine] of engines) hashes[where] = await hashOf(entry, task, engine, table!);
  hashes['wasm on 2, 4 chunks'] = await hashOf(entry, task, engines.get('wasm on 2')!, parts!);
  const expected = Object.fromEntries(Object.keys(hashes).map((where) => [where, hashes['reference on 1']]));
  expect(hashes).toEqual(expected);
});

/** Models that add over blocks of rows; a forest shares out trees, and neighbours are looked up row by row. */
const blockwise = ['linear', 'gradient-boosting', 'k-means'];

test('over several blocks of rows the bits are still the same', async () => {
  const many = makeTable(MANY_ROWS);
  for (const [name, task, entry] of fits.filter(([name]) => blockwise.includes(name))) {
    const hashes: Record<string, string> = {};
    for (const where of ['wasm on 1', 'wasm on 3', 'native on 2']) {
      const engine = engines.get(where);
      if (engine) hashes[where] = await hashOf(entry, task, engine, many);
    }
    expect(new Set(Object.values(hashes)).size, `${name} for ${task}: ${JSON.stringify(hashes)}`).toBe(1);
  }
});
