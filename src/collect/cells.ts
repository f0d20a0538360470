/**
 * What a cell of text means. Both CSV readers follow these rules, so that they agree.
 *
 * Missing, after white space at both ends is taken off: nothing at all, or one of pandas' default tokens.
 */
export const missingTokens: readonly string[] = [
  '',
  '#N/A',
  '#N/A N/A',
  '#NA',
  '-1.#IND',
  '-1.#QNAN',
  '-NaN',
  '-nan',
  '1.#IND',
  '1.#QNAN',
  '<NA>',
  'N/A',
  'NA',
  'NULL',
  'NaN',
  'n/a',
  'nan',
  'null',
];

const number = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)$/i;

/** White space that counts at the ends of a cell is ASCII's; a no-break space is text. */
export function trimCell(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** The texts that stand for a missing cell: the tokens above, and those of this reading. */
export type Missing = ReadonlySet<string>;

export function missingSet(more: readonly string[] = []): Missing {
  return new Set([...missingTokens, ...more.map(trimCell)]);
}

/** The number that a cell says, correctly rounded, or undefined: `1,234`, `1_000` and `0x1F` are text. */
export function parseNumber(trimmed: string): number | undefined {
  const value = Number(trimmed);
  if (!Number.isNaN(value)) return number.test(trimmed) ? value : undefined;
  if (!number.test(trimmed)) return undefined;
  if (/nan/i.test(trimmed)) return Number.NaN;
  return trimmed.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** `true` and `false`, in any case. */
export function parseBoolean(trimmed: string): boolean | undefined {
  if (trimmed.length < 4 || trimmed.length > 5) return undefined;
  const lower = trimmed.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}
