import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import lockfile from 'proper-lockfile';
import { LanewiseError } from '../errors.js';

/** Work on disk that one process at a time may do: a study, a run. */
export interface Lock {
  /** @throws LanewiseError `file` where another process has taken the lock over. */
  check(): void;
  release(): Promise<void>;
}

/** Beside the lock stands who holds it, so that the lock of a killed process does not have to grow stale first. */
export async function takeLock(path: string, what: string): Promise<Lock> {
  const holder = `${path}.pid`;
  let lost: Error | undefined;
  const take = () =>
    lockfile.lock(path, {
      // What is locked need not be there yet.
      realpath: false,
      stale: 20_000,
      update: 5_000,
      // By default a timer would throw where nobody can catch it.
      onCompromised: (error) => {
        lost = error;
      },
    });
  let release: () => Promise<void>;
  try {
    release = await take().catch(async (error: { code?: string }) => {
      if (error.code !== 'ELOCKED' || !(await isDead(holder))) throw error;
      await rm(`${path}.lock`, { recursive: true, force: true });
      return take();
    });
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'ELOCKED') throw cause;
    throw new LanewiseError('usage', `Expected a ${what} that nobody else works on but another process is at it`, {
      file: path,
      hint: 'Wait for it to end, or stop it first.',
      cause,
    });
  }
  await writeFile(holder, `${process.pid} ${hostname()}\n`);
  return {
    check() {
      if (!lost) return;
      throw new LanewiseError('file', `The ${what} is no longer ours: another process has taken it over`, {
        file: path,
        hint: 'Was the machine asleep? Run it again: what is done is kept.',
        cause: lost,
      });
    },
    async release() {
      if (lost) return;
      await rm(holder, { force: true });
      await release();
    },
  };
}

/** The process that wrote the file ran on this machine and does not run any more. */
async function isDead(holder: string): Promise<boolean> {
  const [pid, host] = (await readFile(holder, 'utf8').catch(() => '')).trim().split(' ');
  if (host !== hostname() || !/^\d+$/.test(pid!)) return false;
  try {
    process.kill(Number(pid), 0);
    // In a container whose first process collects no children, the killed stay listed as zombies.
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    return /^\d+ \(.*\) [ZX] /s.test(stat);
  } catch (error) {
    return (error as { code?: string }).code === 'ESRCH';
  }
}
