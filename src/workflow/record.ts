import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/** What one step did. */
export interface StepRecord {
  readonly name: string;
  readonly status: 'ok';
  /** Wall time in this run; of a reused step, the time it took to check it. */
  readonly seconds: number;
  /** true: taken over from an earlier run that read the same. */
  readonly reused?: boolean;
  /** SHA-256 of what the step read: settings, version, and the outputs of the steps before. */
  readonly key: string;
  /** One line for people. */
  readonly outcome: string;
  /** SHA-256 of each file written, by its path in the run's folder. */
  readonly outputs: Readonly<Record<string, string>>;
  /** The step's figures, for the report and for machines. */
  readonly summary: Readonly<Record<string, unknown>>;
}

/** One run of a workflow: `runs/<id>/record.json`. */
export interface RunRecord {
  readonly format: 1;
  readonly id: string;
  readonly status: 'running' | 'ok' | 'failed';
  readonly workflow: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly steps: readonly StepRecord[];
}

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** JSON with sorted keys, so that equal settings have equal hashes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) => {
    if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) return entry;
    return Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

export async function writeRecord(folder: string, record: RunRecord): Promise<void> {
  await writeFileAtomic(join(folder, 'record.json'), `${JSON.stringify(record, null, 2)}\n`);
}

/** The records under a folder of runs, newest first; folders without a readable record are passed over. */
export function readRecords(runsFolder: string): { folder: string; record: RunRecord }[] {
  if (!existsSync(runsFolder)) return [];
  const found: { folder: string; record: RunRecord }[] = [];
  for (const name of readdirSync(runsFolder)) {
    const folder = join(runsFolder, name);
    try {
      const record = JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8')) as RunRecord;
      if (record.format === 1) found.push({ folder, record });
    } catch {
      // Not a run, or one that was killed before its first record: nothing to take over.
    }
  }
  return found.sort((a, b) => (a.record.started < b.record.started ? 1 : -1));
}
