import { expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { MatrixProduct, multiplyMatrices } from '#lanewise/engine/matrix-product.js';
import { dice } from '../scoring/programs.js';

const shape = { rows: 130, columns: 150, depth: 300 };

/** a (130 × 300), b (300 × 150), and both transposed. */
function factors() {
  const random = dice(5);
  const draw = (length: number) => Float64Array.from({ length }, () => random.uniform() - 0.5);
  const flip = (matrix: Float64Array, rows: number, columns: number) =>
    matrix.map((_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)]!);
  const [a, b] = [draw(130 * 300), draw(300 * 150)];
  return { plain: [a, b], left: [flip(a, 130, 300), b], right: [a, flip(b, 300, 150)] } as const;
}

test('every form gives the same product, the bits of the sum in blocks of 256, on one thread and on three', async () => {
  const made = factors();
  const [a, b] = made.plain;
  const expected = Float64Array.from({ length: 130 * 150 }, (_, at) => {
    const [i, j] = [Math.floor(at / 150), at % 150];
    let [head, tail] = [0, 0];
    for (let k = 0; k < 256; k++) head += a[i * 300 + k]! * b[k * 150 + j]!;
    for (let k = 256; k < 300; k++) tail += a[i * 300 + k]! * b[k * 150 + j]!;
    return head + tail;
  });
  for (const threads of [1, 3]) {
    await using engine = await createEngine({ backend: 'wasm', threads });
    using scope = engine.arena.scope();
    for (const form of ['plain', 'left', 'right'] as const) {
      const [left, right] = made[form].map((matrix) => scope.copy('f64', matrix));
      const c = scope.allocate('f64', 130 * 150);
      await multiplyMatrices(engine, { ...shape, form }, left!, right!, c);
      expect(
        c.every((value, at) => Object.is(value, expected[at])),
        `${form} on ${threads}`,
      ).toBe(true);
    }
  }
});

test('a product is added to a part of a matrix, taken from it again, and touches nothing else', async () => {
  await using engine = await createEngine({ backend: 'wasm', threads: 1 });
  using scope = engine.arena.scope();
  const a = scope.copy('f32', [1, 2, 3, 4]);
  const whole = scope.copy('f32', new Float32Array(25).fill(7));
  using product = new MatrixProduct(engine, 'f32', { rows: 2, columns: 2, depth: 2, cStride: 5 });
  const part = whole.subarray(6);
  product.runHere(a, a, part, 'add');
  expect([...whole.subarray(5, 15)]).toEqual([7, 14, 17, 7, 7, 7, 22, 29, 7, 7]);
  product.runHere(a, a, part, 'subtract');
  expect(whole.every((value) => value === 7)).toBe(true);
  expect(() => product.tasks(new Float32Array(4), a, part)).toThrow("f32 matrices in the engine's memory");
});

test('a product of no terms is 0, or leaves alone what it is added to', async () => {
  await using engine = await createEngine({ backend: 'wasm', threads: 1 });
  using scope = engine.arena.scope();
  const nothing = scope.allocate('f64', 0);
  const c = scope.copy('f64', [5, 6]);
  await multiplyMatrices(engine, { rows: 1, columns: 2, depth: 0 }, nothing, nothing, c, { update: 'add' });
  expect([...c]).toEqual([5, 6]);
  await multiplyMatrices(engine, { rows: 1, columns: 2, depth: 0 }, nothing, nothing, c);
  expect([...c]).toEqual([0, 0]);
});
