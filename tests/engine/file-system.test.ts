import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeFolder, readIfThere } from '#lanewise/engine/file-system-node.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a folder and those on the way are made; one that is there stays', () => {
  for (let i = 0; i < 2; i++) makeFolder(join(folder, 'a/b/c'));
  expect(statSync(join(folder, 'a/b/c')).isDirectory()).toBe(true);
});

test('a folder below a file, or where the system takes none, is refused at once', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => makeFolder(join(folder, 'file/below'))).toThrow(/ENOTDIR.*file/);
  if (existsSync('/proc/self')) expect(() => makeFolder('/proc/lanewise/below')).toThrow(/ENOENT.*'\/proc\/lanewise'/);
});

test('what is not there is undefined; what cannot be looked at is an error that names it', async () => {
  const loop = join(folder, 'loop');
  symlinkSync(loop, loop);
  expect(await readIfThere('nothing', stat(join(folder, 'nothing')))).toBeUndefined();
  expect(await readIfThere('below', stat(join(folder, 'file/below')))).toBeUndefined();
  await expect(readIfThere(loop, stat(loop))).rejects.toMatchObject({
    code: 'file',
    message: expect.stringMatching(`${loop} but the system refused it: ELOOP`),
  });
});
