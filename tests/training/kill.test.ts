import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const script = join(import.meta.dirname, 'fit-for-kill.mjs');

/** Runs the fit; killed (SIGKILL: nothing of it can react) once it has told of round `until`. */
function train(path: string, kind: string, until = Number.POSITIVE_INFINITY) {
  return new Promise<{ killed: boolean; rounds: number[]; hash?: string }>((done) => {
    const child = spawn(process.execPath, [script, path, kind], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    const rounds = () => [...out.matchAll(/^round (\d+)$/gm)].map((match) => Number(match[1]));
    child.stdout.on('data', (chunk) => {
      out += chunk;
      if ((rounds().at(-1) ?? 0) >= until) child.kill('SIGKILL');
    });
    child.on('close', (_, signal) =>
      done({ killed: signal === 'SIGKILL', rounds: rounds(), hash: /^hash (\w+)$/m.exec(out)?.[1] }),
    );
  });
}

test.each(['boosting', 'network'])(
  '%s that is killed twice goes on each time, and ends with the bits of a fit that was not',
  async (kind) => {
    const whole = await train(join(folder, `whole ${kind}`), kind);
    expect(whole.rounds).toHaveLength(60);
    const path = join(folder, `killed ${kind}`);
    const first = await train(path, kind, 10);
    expect(first.killed).toBe(true);
    const second = await train(path, kind, 30);
    expect(second.killed).toBe(true);
    expect(second.rounds[0]).toBeGreaterThanOrEqual(10);
    const last = await train(path, kind);
    expect(last.rounds[0]).toBeGreaterThanOrEqual(30);
    expect(last.hash).toBe(whole.hash);
    expect(existsSync(path)).toBe(false);
  },
);
