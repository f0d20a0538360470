import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadArtefact, saveArtefact } from '#lanewise/deploy/artefact.js';
import { columnRanges } from '#lanewise/deploy/ranges.js';
import { exportArtefact } from '#lanewise/deploy/wasm.js';
import { instantiateModel } from '#lanewise/deploy/wasm-host.js';
import { defaultFeatures } from '#lanewise/features/index.js';
import { models } from '#lanewise/models/index.js';
import { defaultRecipe, defaultRepairs } from '#lanewise/prepare/index.js';
import { loadModel } from '#lanewise/runtime.js';
import { programImage } from '#lanewise/scoring/serialize.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { bitsOf, dice } from '../scoring/programs.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-models-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = 240;
const boroughs = ['Bronx', 'Brooklyn', 'Queens', 'Île'];

/** Columns of every type with missing values, and a target for each task that depends on them. */
function sampleTable(seed: number, labels: readonly string[] = boroughs) {
  const random = dice(seed);
  const column = (value: () => number) =>
    Float64Array.from({ length: ROWS }, () => (random.integer(12) === 0 ? Number.NaN : value()));
  const distance = column(() => random.uniform() * 20);
  const passengers = column(() => random.integer(6));
  const airport = column(() => random.integer(2));
  const pickup = Float64Array.from({ length: ROWS }, () => Date.UTC(2019, 2, 1) + random.integer(31 * 86_400) * 1000);
  const borough = column(() => random.integer(labels.length));
  const noise = Float64Array.from({ length: ROWS }, () => random.uniform());
  const fare = noise.map((value, row) => 2.5 + 3 * (distance[row] || 4) + 5 * (airport[row] || 0) + value);
  const paid = fare.map((value) => (value > 45 ? 2 : value > 25 ? 1 : 0));
  return tableFromRegisters([
    { name: 'distance', type: 'number', values: distance },
    { name: 'passengers', type: 'number', values: passengers },
    { name: 'airport', type: 'boolean', values: airport },
    { name: 'pickup', type: 'timestamp', values: pickup },
    { name: 'borough', type: 'category', values: borough, labels },
    { name: 'fare', type: 'number', values: fare },
    { name: 'paid', type: 'category', values: paid, labels: ['card', 'cash', 'dispute'] },
    {
      name: 'grade',
      type: 'number',
      values: fare.map((value) => Math.min(3, Math.max(0, Math.floor(value / 8)) || 0)),
    },
    { name: 'list', type: 'number', role: 'group', values: fare.map((_, row) => Math.floor(row / 10)) },
  ]);
}

const training = sampleTable(1);
const fresh = sampleTable(2, ['Bronx', 'Hoboken', 'Queens']); // Hoboken was never seen
/** A few trees show what a hundred would. */
const small: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'gradient-boosting': { maxIter: 8 },
  'random-forest': { nEstimators: 6 },
  'extra-trees': { nEstimators: 6 },
  'isolation-forest': { nEstimators: 6 },
};
const cases = models.flatMap((entry) => entry.tasks.map((task) => ({ model: entry.name, task })));

test.each(cases)(
  '$model for $task gives the same bits as table, row, artefact, runtime and .wasm',
  async ({ model, task }) => {
    const target = { regression: 'fare', classification: 'paid', ranking: 'grade' }[task as string];
    const features = training.select(
      training.schema.names.filter((name) => name === target || !['fare', 'paid', 'grade'].includes(String(name))),
    );
    const recipe = defaultRecipe(features, {
      target,
      task,
      model,
      parameters: small[model],
      steps: [...defaultRepairs(), ...defaultFeatures()],
    });
    const fitted = await recipe.fit(features, { target });
    const path = join(folder, `${model}-${task}`);
    const artefact = await saveArtefact(path, { model: fitted, ranges: columnRanges(fitted.program, training) });
    const loaded = await loadArtefact(path);
    expect(programImage(loaded.model.program)).toEqual(programImage(fitted.program));

    const wanted = await fitted.predict(fresh);
    const bits = fitted.program.outputs.map(({ name, labels }) => bitsOf(readRegister(wanted, name, labels).values));
    const registers = fitted.program.inputs.map(({ name, labels }) => readRegister(fresh, name, labels).values);

    const runtime = loadModel({
      manifest: JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')),
      buffers: new Uint8Array(readFileSync(join(path, 'buffers.bin'))),
    });
    const parts = fitted.program.inputs.map(({ name, type }, k) => {
      const { labels } = readRegister(fresh, name);
      const codes = type === 'category' ? readRegister(fresh, name).values : registers[k]!;
      return [name, type === 'category' ? { values: codes, labels } : codes];
    });
    const outputs = runtime.predictColumns(Object.fromEntries(parts));
    expect(fitted.program.outputs.map(({ name }) => bitsOf(outputs[name]!.values))).toEqual(bits);

    const module = await instantiateModel(await exportArtefact(artefact));
    expect(module.predict(registers, ROWS).map(bitsOf)).toEqual(bits);

    const shown = readRegister(wanted, 'prediction', fitted.program.outputs[0]!.labels);
    for (let row = 0; row < 40; row++) {
      const raw = Object.fromEntries(fresh.schema.names.map((name) => [name, fresh.getChild(name)!.get(row)]));
      const value = shown.values[row]!;
      // Nothing to say of a row (no neighbour within a radius) is NaN in a column, and null of one row.
      const single = Number.isNaN(value) ? null : shown.labels ? shown.labels[value] : value;
      expect(loaded.model.predictSync(raw)).toBe(single);
    }
  },
);
