import { afterAll, expect, test } from 'vitest';
import { checkCase, placeCase, prepareCase } from '#lanewise/engine/conformance.js';
import { createEngine } from '#lanewise/engine/engine.js';
import { axpy_f64, dot_f64 } from '#lanewise/kernels/gradient-descent.js';

// The checker itself: a kernel that does one thing wrong must be caught, and told apart.
const engine = await createEngine({ backend: 'reference', threads: 1 });
afterAll(() => engine.close());
const key = { size: 5, flavour: 'plain', seed: 0 } as const;

/** Checks axpy_f64 after `spoil` had its hands on the memory of a call. */
function checkSpoilt(spoil: (x: Float64Array, y: Float64Array, bytes: Uint8Array) => void): string | undefined {
  const axpy = (x: number, y: number, a: number, rowCount: number) => {
    engine.kernels.axpy_f64(x, y, a, rowCount);
    const { buffer } = engine.arena.memory;
    spoil(new Float64Array(buffer, x, rowCount), new Float64Array(buffer, y, rowCount), new Uint8Array(buffer));
  };
  const spoilt = {
    arena: engine.arena,
    kernels: { ...engine.kernels, axpy_f64: axpy },
    describe: () => engine.describe(),
  };
  return checkCase(prepareCase(axpy_f64, key), spoilt);
}

test('a right kernel passes', () => {
  expect(checkSpoilt(() => {})).toBeUndefined();
});

test('a wrong last element is found', () => {
  expect(checkSpoilt((_, y) => (y[4]! += 1))).toMatch(
    /^axpy_f64 on reference typescript, size 5, plain, seed 0: y\[4\] is/,
  );
});

test('a changed input is found', () => {
  expect(checkSpoilt((x) => (x[2] = 7))).toContain('x[2] was changed to 7');
});

test('a write before and one past a buffer are found', () => {
  expect(checkSpoilt((x, _, bytes) => (bytes[x.byteOffset - 3]! ^= 1))).toContain('x: wrote 3 bytes before its start');
  expect(checkSpoilt((_, y, bytes) => (bytes[y.byteOffset + 40]! ^= 1))).toContain('y: wrote 1 bytes past its end');
});

test('a zero of the wrong sign is found, a NaN of another payload is not', () => {
  const prepared = prepareCase(dot_f64, { ...key, flavour: 'constant' });
  using placed = placeCase({ ...prepared, result: 0 }, engine);
  expect(placed.disagreement(-0)).toBe('it returned -0, expected 0');
  using other = placeCase({ ...prepared, result: Number.NaN }, engine);
  expect(other.disagreement(Number.NaN)).toBeUndefined();
});

test('outputs that are not overwritten are found', () => {
  const kernel = {
    ...dot_f64,
    arguments: [{ ...dot_f64.arguments[0]!, role: 'out' as const }, ...dot_f64.arguments.slice(1)],
  };
  using placed = placeCase(prepareCase(kernel, key), engine);
  expect(placed.disagreement(prepareCase(kernel, key).result)).toMatch(/^x\[\d\] is /);
});

test('inputs that do not fit the arguments are refused by name', () => {
  const kernel = { ...dot_f64, inputs: () => ({ scalars: { rowCount: 3 }, buffers: { x: new Float64Array(2) } }) };
  expect(() => prepareCase(kernel, key)).toThrow(
    'The inputs of dot_f64 do not fit its arguments: 2 elements of x, expected 3',
  );
});
