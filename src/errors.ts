/** What went wrong, by kind. The command line maps `usage` to exit code 2, `gate` to 3 and every other code to 1. */
export type ErrorCode =
  | 'usage' // an option, parameter or workflow key that cannot be
  | 'data' // rows, columns or values that cannot be used
  | 'file' // a file that is missing, unreadable or not what its name says
  | 'artefact' // a model artefact that is damaged, tampered with, or of another version
  | 'engine' // memory, backend or thread trouble
  | 'cancelled' // stopped by a signal
  | 'gate' // the challenger did not pass
  | 'unsupported' // a combination that Lanewise refuses, by name
  | 'internal'; // a broken invariant: always a defect of Lanewise

/** Where in the user's material the error lies, as far as is known. Lines, columns and rows count from 1. */
export interface ErrorPlace {
  file?: string;
  line?: number;
  column?: string | number;
  row?: number;
}

/**
 * Every error that Lanewise raises on purpose. The message says what was expected, for what, and what was received;
 * the hint says how to mend it.
 */
export class LanewiseError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly place: ErrorPlace;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } & ErrorPlace = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LanewiseError';
    this.code = code;
    this.hint = options.hint;
    const { file, line, column, row } = options;
    this.place = { file, line, column, row };
  }
}

/** `Expected a number in [0, 1] for validationFraction but received 2 of type number.` */
export function invalid(name: string, expected: string, received: unknown, hint?: string): LanewiseError {
  const shown = typeof received === 'string' ? JSON.stringify(received) : String(received);
  const type = received === null ? 'null' : Array.isArray(received) ? 'array' : typeof received;
  return new LanewiseError(
    'usage',
    `Expected ${expected} for ${name} but received ${shown.slice(0, 80)} of type ${type}`,
    { hint },
  );
}

/** The candidate nearest to `name` by edit distance, or undefined when none is near enough to be a slip of the finger. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Misspelt names: what was written, the nearest that exists, and all that exist (up to twenty). */
export function unknownName(
  what: string,
  name: string,
  candidates: readonly string[],
  code: ErrorCode = 'usage',
): LanewiseError {
  const near = nearest(name, candidates);
  const all =
    candidates.length > 20
      ? `${candidates.slice(0, 20).join(', ')}, … (${candidates.length} in all)`
      : candidates.join(', ');
  return new LanewiseError(code, `Unknown ${what} "${name}"${near ? `: did you mean "${near}"?` : ''}`, {
    hint: `There ${candidates.length === 1 ? 'is' : 'are'}: ${all || 'none'}`,
  });
}

/** Throws the signal's cancellation as a LanewiseError; call it between blocks of work. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new LanewiseError('cancelled', 'Cancelled before the work was done', { cause: signal.reason });
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current[j] = Math.min(previous[j]! + 1, current[j - 1]! + 1, substitution);
    }
    previous = current;
  }
  return previous[b.length]!;
}
