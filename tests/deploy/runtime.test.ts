import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saveArtefact } from '#lanewise/deploy/artefact.js';
import { exportArtefact } from '#lanewise/deploy/wasm.js';
import { loadModel, loadWasm, type RuntimeModel } from '#lanewise/runtime.js';
import { goldenRowObjects } from '#lanewise/scoring/golden.js';
import { bitsOf } from '../scoring/programs.js';
import { classifier, inputs, ranges, regressor, rows } from './sample.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-runtime-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the runtime is at most 40 KB gzipped, without apache-arrow and without Node', async () => {
  const entry = new URL('../../dist/runtime.js', import.meta.url).pathname;
  const bundled = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
  });
  const modules = Object.keys(bundled.metafile.inputs);
  expect(modules.filter((path) => path.includes('node_modules'))).toEqual([]);
  expect(bundled.outputFiles[0]!.text).not.toMatch(/node:|require\(/);
  expect(gzipSync(bundled.outputFiles[0]!.contents).length).toBeLessThan(40 * 1024);
});

describe.each(['artefact', 'wasm'])('a model loaded from its %s', (kind) => {
  const models = { regressor: regressor(), classifier: classifier() };
  const loaded = {} as Record<'regressor' | 'classifier', RuntimeModel>;
  beforeAll(async () => {
    for (const name of ['regressor', 'classifier'] as const) {
      const path = join(folder, `${kind}-${name}`);
      const artefact = await saveArtefact(path, { model: models[name], ranges });
      const manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8'));
      const buffers = new Uint8Array(readFileSync(join(path, 'buffers.bin')));
      loaded[name] =
        kind === 'wasm' ? await loadWasm(await exportArtefact(artefact)) : loadModel({ manifest, buffers });
    }
  });

  test('predicts rows as the model does', () => {
    for (const name of ['regressor', 'classifier'] as const) {
      expect(loaded[name].predictRows(rows).map((row) => row['prediction'])).toEqual(
        rows.map((row) => models[name].predictSync(row)),
      );
    }
    expect(rows.map((row) => loaded.regressor.predictRow(row))).toEqual(loaded.regressor.predictRows(rows));
    const one = loaded.classifier.predictRow(rows[0]!);
    expect(Object.keys(one)).toEqual(['prediction', 'probability_card', 'probability_cash']);
    expect(loaded.regressor).toMatchObject({ estimator: 'gradient-boosting', task: 'regression', target: 'fare' });
  });

  test('predicts columns as typed arrays, texts, codes with labels, and bitmaps of validity', () => {
    const want = loaded.regressor.predictRows(rows);
    const column = (name: string) => rows.map((row) => (row as Record<string, unknown>)[name] ?? null);
    const distances = Float64Array.from(column('distance'), (value) => (value as number | null) ?? 99);
    const pickups = BigInt64Array.from(rows, (row) =>
      BigInt(
        row.pickup
          ? new Date(
              typeof row.pickup === 'string' && !row.pickup.endsWith('Z') ? `${row.pickup}Z` : row.pickup,
            ).getTime()
          : 0,
      ),
    );
    const columns = {
      distance: { values: distances, validity: Uint8Array.of(0b01011) },
      'tip <b>': Float64Array.from(column('tip <b>'), (value) => (value === null ? Number.NaN : (value as number))),
      airport: column('airport') as (boolean | null)[],
      pickup: { values: pickups, validity: Uint8Array.of(0b00111) },
      borough: column('borough') as (string | null)[],
    };
    const { prediction } = loaded.regressor.predictColumns(columns);
    expect(bitsOf(prediction!.values)).toEqual(bitsOf(Float64Array.from(want, (row) => row['prediction'] as number)));
    const codes = {
      values: Int32Array.of(1, 0, 3, 3, 3),
      labels: ['Île', 'Bronx', 'x', 'never seen'],
      validity: Uint8Array.of(0b00111),
    };
    expect(loaded.regressor.predictColumns({ ...columns, borough: codes }).prediction!.values).toEqual(
      prediction!.values,
    );
    const classes = loaded.classifier.predictColumns(columns).prediction!;
    expect(Array.from(classes.values, (code) => classes.labels![code])).toEqual(
      rows.map((row) => models.classifier.predictSync(row)),
    );
  });

  test('names the column that is wrong', () => {
    const columns = Object.fromEntries(inputs.map(({ name }) => [name, [null, null]]));
    expect(loaded.regressor.predictColumns(columns).prediction!.values).toHaveLength(2);
    const { borough: _, ...fewer } = columns;
    expect(() => loaded.regressor.predictColumns(fewer)).toThrow(/"borough"/);
    expect(() => loaded.regressor.predictColumns({ ...columns, tipp: [] })).toThrow(/"tipp"/);
    expect(() => loaded.regressor.predictColumns({ ...columns, pickup: [1] })).toThrow(/2 rows for column "pickup"/);
    expect(() => loaded.regressor.predictColumns({ ...columns, distance: ['far', null] })).toThrow(/"distance"/);
    expect(() => loaded.regressor.predictRow({ airport: 'maybe' })).toThrow(
      expect.objectContaining({ code: 'data', place: expect.objectContaining({ column: 'airport' }) }),
    );
  });
});

test('a damaged artefact is refused here too', async () => {
  const path = join(folder, 'damaged');
  const artefact = await saveArtefact(path, { model: regressor(), ranges });
  const buffers = new Uint8Array(readFileSync(join(path, 'buffers.bin')));
  const manifest = artefact.manifest;
  expect(goldenRowObjects(manifest.golden)).toHaveLength(32);
  expect(() => loadModel({ manifest, buffers: buffers.slice(0, 128) })).toThrow(/outside the buffers/);
  expect(() => loadModel({ manifest: { ...manifest, format: 'x' }, buffers })).toThrow(/not a Lanewise artefact/);
  const golden = structuredClone(manifest.golden) as unknown as { outputs: { bits: string[] }[] };
  golden.outputs[0]!.bits[3] = '0000000000000000';
  expect(() => loadModel({ manifest: { ...manifest, golden }, buffers })).toThrow(/golden row 4/);
});
