import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { type Dtype, dtypes } from '#lanewise/kernels/contract.js';
import { kernels } from '#lanewise/kernels/table.js';

// The committed cases (bindings/cases/README.md) are how the kernels behaved when they were written: a change of the law
// shows here, in every backend, even where all backends changed alike.
interface CaseBuffer {
  readonly dtype: Dtype;
  readonly role: string;
  readonly length: number;
  readonly before?: string;
  readonly after?: string;
}

interface Case {
  readonly name: string;
  readonly arguments: readonly (number | string | null | CaseBuffer)[];
  readonly result?: number | string;
}

const folder = resolve(import.meta.dirname, '../../bindings/cases');
const engines = await Promise.all(
  (['reference', 'wasm'] as const).map((backend) => createEngine({ backend, threads: 1 })),
);
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

const isBufferCase = (value: Case['arguments'][number]): value is CaseBuffer =>
  typeof value === 'object' && value !== null;
const numberOf = (value: number | string) => (value === '-0' ? -0 : Number(value));

/** The elements that a base64 text holds. */
function elements(dtype: Dtype, text: string): ArrayLike<number | bigint> {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  return new dtypes[dtype].array(bytes.buffer, 0, bytes.length / dtypes[dtype].bytes);
}

function run(name: string, one: Case, engine: (typeof engines)[number]): void {
  using scope = engine.arena.scope();
  const placed = one.arguments.map((value) => {
    if (!isBufferCase(value)) return value;
    const view = scope.allocate(value.dtype, value.length);
    if (value.before !== undefined) (view as Float64Array).set(elements(value.dtype, value.before) as Float64Array);
    return view;
  });
  const values = placed.map((value) =>
    value === null ? 0 : typeof value === 'object' ? value.byteOffset : numberOf(value),
  );
  const call = engine.kernels[name as keyof typeof engine.kernels] as (...values: number[]) => number | void;
  const result = call(...values);
  if (one.result !== undefined) expect(result).toBe(numberOf(one.result));
  one.arguments.forEach((value, index) => {
    if (!isBufferCase(value) || value.role === 'scratch') return;
    const wanted = elements(value.dtype, (value.after ?? value.before)!);
    expect(Array.from(placed[index] as Float64Array), `argument ${index}`).toEqual(Array.from(wanted));
  });
}

test('every kernel has committed cases', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.gen.json'));
  expect(files.sort()).toEqual(kernels.map((kernel) => `${kernel.name}.gen.json`).sort());
});

test.each(kernels.map((kernel) => kernel.name))('%s still does what its committed cases say', (name) => {
  const { cases } = JSON.parse(readFileSync(join(folder, `${name}.gen.json`), 'utf8')) as { cases: Case[] };
  expect(cases.length).toBeGreaterThan(0);
  for (const one of cases) for (const engine of engines) run(name, one, engine);
});
