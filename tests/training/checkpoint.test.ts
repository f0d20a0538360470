import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkpointKey, decodeCheckpoint, encodeCheckpoint, fileCheckpoint } from '#lanewise/training/checkpoint.js';
import { Deadline } from '#lanewise/training/deadline.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const state = {
  values: { iteration: 7, history: [{ iteration: 1, loss: 0.5 }] },
  arrays: {
    weights: Float64Array.of(1, -0, Number.NaN, Number.NEGATIVE_INFINITY, 5e-324),
    codes: Uint8Array.of(1, 2, 3),
    moments: Float32Array.of(0.1),
    none: new Int32Array(0),
  },
};

describe('checkpoints', () => {
  test('come back as they were, to the bit, and the same state is the same bytes', async () => {
    const bytes = await encodeCheckpoint('key', state);
    expect(await decodeCheckpoint(bytes, 'key')).toEqual(state);
    expect(Object.is((await decodeCheckpoint(bytes, 'key')).arrays['weights']![1], -0)).toBe(true);
    expect(await encodeCheckpoint('key', state)).toEqual(bytes);
  });

  test('are taken from shared memory too, as they are at that moment', async () => {
    const shared = new Float64Array(new SharedArrayBuffer(16));
    shared[0] = 4;
    const encoding = encodeCheckpoint('key', { values: {}, arrays: { shared } });
    shared[0] = 5;
    expect((await decodeCheckpoint(await encoding, 'key')).arrays['shared']).toEqual(Float64Array.of(4, 0));
  });

  test('belong to one training: any change of data or settings changes the key', async () => {
    const columns = [Float64Array.of(1, 2), Float64Array.of(3, 4)];
    const key = await checkpointKey({ seed: 1 }, columns);
    expect(await checkpointKey({ seed: 1 }, columns)).toBe(key);
    expect(await checkpointKey({ seed: 2 }, columns)).not.toBe(key);
    expect(await checkpointKey({ seed: 1 }, columns.toReversed())).not.toBe(key);
    expect(await checkpointKey({ seed: 1 }, [Float64Array.of(1, 2, 3), Float64Array.of(4)])).not.toBe(key);
    const other = await encodeCheckpoint('another', state);
    await expect(decodeCheckpoint(other, key)).rejects.toThrow(/checkpoint of this training/);
  });

  test('refuse every damaged byte, and files that are none', async () => {
    const bytes = await encodeCheckpoint('key', state);
    for (let at = 0; at < bytes.length; at += 7) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x10;
      await expect(decodeCheckpoint(damaged, 'key')).rejects.toMatchObject({ code: 'file' });
    }
    for (const other of ['', '{}\n', 'x,y\n1,2\n', 'lanewise-checkpoint 2 00\n']) {
      await expect(decodeCheckpoint(new TextEncoder().encode(other), 'key')).rejects.toMatchObject({ code: 'file' });
    }
    await expect(decodeCheckpoint(bytes.subarray(0, -64), 'key')).rejects.toMatchObject({ code: 'file' });
  });

  test('lie in a file that is replaced whole, and is gone when the fit is done', async () => {
    const path = join(folder, 'deep', 'state.checkpoint');
    const checkpoint = await fileCheckpoint(path, { every: 0 });
    expect(await checkpoint.load('key')).toBeUndefined();
    expect(checkpoint.due).toBe(true);
    await checkpoint.save('key', state);
    await checkpoint.save('key', { ...state, values: { iteration: 8 } });
    expect(await checkpoint.load('key')).toEqual({ ...state, values: { iteration: 8 } });
    await expect(checkpoint.load('other')).rejects.toMatchObject({ code: 'file', place: { file: path } });
    await checkpoint.clear();
    expect(await checkpoint.load('key')).toBeUndefined();
    writeFileSync(join(folder, 'plain'), 'x');
    await expect((await fileCheckpoint(join(folder, 'plain', 'below'))).save('key', state)).rejects.toMatchObject({
      code: 'file',
    });
    expect(readFileSync(join(folder, 'plain'), 'utf8')).toBe('x');
  });

  test('are due after the seconds asked for', async () => {
    expect((await fileCheckpoint(join(folder, 'x'), { every: 100 })).due).toBe(false);
    await expect(fileCheckpoint(join(folder, 'x'), { every: -1 })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('time budgets', () => {
  test('pass, or never do', async () => {
    expect(new Deadline(undefined).passed).toBe(false);
    expect(new Deadline(100).passed).toBe(false);
    const short = new Deadline(0.001);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(short.passed).toBe(true);
  });

  for (const wrong of [0, -1, Number.NaN]) {
    test(`are refused: ${wrong}`, () => {
      expect(() => new Deadline(wrong)).toThrow(/timeBudget/);
    });
  }
});
