import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { main } from '#lanewise/cli/main.js';

export const bin = resolve(import.meta.dirname, '../../dist/cli/index.js');

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'lanewise-cli-'));
}

function collector(): Writable & { text: string } {
  const stream = new Writable({
    write(chunk, _, done) {
      (stream as { text: string }).text += String(chunk);
      done();
    },
  }) as Writable & { text: string };
  stream.text = '';
  return stream;
}

export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. */
export async function lanewise(...argv: string[]): Promise<Answer> {
  const [out, err] = [collector(), collector()];
  const code = await main(argv, { signal: new AbortController().signal, streams: { out, err }, debug: false });
  return { code, out: out.text, err: err.text };
}

/** Runs the command as the shell would; `during` may act on it while it runs. */
export function spawned(
  argv: string[],
  options: { cwd: string; during?: (child: ReturnType<typeof spawn>, err: string) => void },
): Promise<Answer> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [bin, ...argv], { cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
      options.during?.(child, out);
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('close', (code) => done({ code: code ?? -1, out, err }));
  });
}

/** 300 rows: y is 1 where a and a little noise exceed 0.7; numbers from a fixed recurrence. */
export function goodCsv(): string {
  let state = 7;
  const uniform = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  const rows = Array.from({ length: 300 }, () => {
    const a = uniform();
    return `${a},${Math.floor(uniform() * 4)},${a + uniform() * 0.5 > 0.7 ? 1 : 0}`;
  });
  return `a,b,y\n${rows.join('\n')}\n`;
}
