import { execFileSync, spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { writeWhole } from '#lanewise/workflow/write-table.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-write-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a file is written whole, with the folders on the way and nothing beside it', async () => {
  const path = join(folder, 'new/folder/file.csv');
  for (const contents of ['first', new Uint8Array([50, 110, 100])]) await writeWhole(path, contents);
  expect(readFileSync(path, 'utf8')).toBe('2nd');
  expect(readdirSync(join(folder, 'new/folder'))).toEqual(['file.csv']);
});

test('where nothing can be written, an error names the file at once', async () => {
  await expect(writeWhole(folder, 'x')).rejects.toMatchObject({
    code: 'file',
    message: expect.stringMatching(/to write .*EISDIR/),
  });
  const nowhere = existsSync('/proc/self')
    ? '/proc/lanewise/predictions.csv'
    : join(folder, 'new/folder/file.csv/below');
  await expect(writeWhole(nowhere, 'x')).rejects.toMatchObject({
    code: 'file',
    message: expect.stringMatching(new RegExp(`to write ${nowhere} but could not: E`)),
  });
});

test.skipIf(process.platform === 'win32')('a pipe is written into, and stays a pipe', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await writeWhole(pipe, 'through the pipe');
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    expect(await text(reader.stdout)).toBe('through the pipe');
  } finally {
    reader.kill();
  }
});
