import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSharedMemory, createUnsharedMemory } from '#lanewise/backends/memory.js';
import { Arena } from '#lanewise/engine/arena.js';
import { type Dtype, dtypes } from '#lanewise/kernels/contract.js';

const arenaOf = () => new Arena(createSharedMemory([]).memory, true);

/** What a program does to an arena: allocate so many of a dtype, or free one of the blocks it holds. */
const step = fc.oneof(
  fc.record({
    dtype: fc.constantFrom(...(Object.keys(dtypes) as Dtype[])),
    length: fc.oneof(fc.nat(40), fc.integer({ min: 0, max: 100_000 })),
  }),
  fc.record({ free: fc.nat() }),
);

test('blocks never overlap, start at 64 bytes, keep their contents and their slack', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const arena = arenaOf();
      const held: { array: Uint8Array; mark: number }[] = [];
      let mark = 0;
      for (const action of steps) {
        if ('free' in action) {
          if (held.length > 0) arena.free(held.splice(action.free % held.length, 1)[0]!.array);
          continue;
        }
        const array = arena.allocate(action.dtype, action.length);
        expect(array.length).toBe(action.length);
        expect(array.byteOffset % 64).toBe(0);
        expect(array.byteOffset).toBeGreaterThanOrEqual(65_536);
        mark = (mark + 1) % 256;
        // 64 bytes behind the block belong to it, for wide loads.
        const bytes = new Uint8Array(arena.memory.buffer, array.byteOffset, array.byteLength + 64).fill(mark);
        held.push({ array: bytes, mark });
      }
      for (const { array, mark } of held) expect(array.every((byte) => byte === mark)).toBe(true);
    }),
    { numRuns: 60, seed: 1 },
  );
});

test('freed in any order, the arena is as it was and the room is one block again', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 40 }),
      fc.nat(),
      (lengths, key) => {
        const arena = arenaOf();
        const first = arena.allocate('u8', 1);
        const arrays = lengths.map((length) => arena.allocate('f64', length));
        const start = arrays[0]!.byteOffset;
        const order = arrays.map((array, index) => ({ array, rank: ((index + 1) * 7919 + key) % 101 }));
        for (const { array } of order.sort((a, b) => a.rank - b.rank)) arena.free(array);
        expect(arena.bytesUsed).toBe(128);
        const total = lengths.reduce((sum, length) => sum + length, 0);
        expect(arena.allocate('f64', total).byteOffset).toBe(start);
        arena.free(first);
      },
    ),
    { numRuns: 60, seed: 2 },
  );
});

test('freed room in the middle is used again', () => {
  const arena = arenaOf();
  const [a, b, c] = [arena.allocate('f64', 100), arena.allocate('f64', 100), arena.allocate('f64', 100)];
  arena.free(b);
  expect(arena.allocate('f64', 50).byteOffset).toBe(b.byteOffset);
  expect(arena.holds(a) && arena.holds(c)).toBe(true);
});

test('views stay alive, and are still held, when a shared memory grows', () => {
  const arena = arenaOf();
  const early = arena.allocate('f64', 10).fill(3);
  const before = arena.memory.buffer.byteLength;
  const late = arena.allocate('f64', 4_000_000);
  expect(arena.memory.buffer.byteLength).toBeGreaterThan(before);
  expect([...early]).toEqual(new Array(10).fill(3));
  early[0] = 5;
  expect(new Float64Array(arena.memory.buffer, early.byteOffset, 1)[0]).toBe(5);
  expect(arena.holds(early) && arena.holds(late)).toBe(true);
  expect(arena.holds(new Float64Array(1))).toBe(false);
  expect(arena.holds(new Float64Array(new SharedArrayBuffer(1 << 20)))).toBe(false);
});

test('a scope that finds no room gives back what it has', () => {
  const arena = new Arena(createUnsharedMemory(64).memory, true);
  const before = arena.bytesUsed;
  const scope = arena.scope();
  scope.allocate('f64', 1000);
  expect(() => scope.allocate('f64', 2 ** 29)).toThrow(/Expected room for/);
  expect(arena.bytesUsed).toBe(before);
});

test('a scope gives back what was allocated in it, also when an error leaves it', () => {
  const arena = arenaOf();
  const kept = arena.allocate('i32', 5);
  const before = arena.bytesUsed;
  expect(() => {
    using scope = arena.scope();
    expect([...scope.zeros('i32', 3)]).toEqual([0, 0, 0]);
    expect([...scope.copy('f32', [1.5, 2])]).toEqual([1.5, 2]);
    expect(arena.bytesUsed).toBeGreaterThan(before);
    throw new Error('out');
  }).toThrow('out');
  expect(arena.bytesUsed).toBe(before);
  arena.free(kept);
});

test('freeing twice, or what is no block, is refused', () => {
  const arena = arenaOf();
  const array = arena.allocate('f64', 4);
  arena.free(array);
  expect(() => arena.free(array)).toThrow('Nothing is allocated at offset');
});

test('an unshared memory never grows: more than it has is refused in words', () => {
  const { memory, shared, memoryLimit } = createUnsharedMemory(64);
  const arena = new Arena(memory, shared);
  const view = arena.allocate('u8', 1_000_000);
  expect(memoryLimit).toBe(64 * 65_536);
  expect(() => arena.allocate('u8', memoryLimit)).toThrow(/Expected room for \d+ more bytes in the engine's memory/);
  expect(view.length).toBe(1_000_000);
  arena.allocate('u8', 2_000_000);
});
