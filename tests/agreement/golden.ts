import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Golden values that a script in this folder wrote, by its stem. */
// biome-ignore lint/suspicious/noExplicitAny: the script says what is in it
export function golden(stem: string): any {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures', `${stem}.json`), 'utf8'));
}

/** |a − b| in units of the larger of 1e-300 and |b|. */
export function relativeError(a: number, b: number): number {
  if (Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b)) || a === b) return 0;
  return Math.abs(a - b) / Math.max(1e-300, Math.abs(b));
}
