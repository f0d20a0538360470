import { daysFromCivil } from '../scoring/calendar.js';

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
const timestamp = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

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

/**
 * Milliseconds since 1970-01-01T00:00Z of an ISO 8601 date or date and time; without a zone it is UTC. Fractions below a
 * millisecond are dropped. Undefined for anything else, 30 February included.
 */
export function parseTimestamp(trimmed: string): number | undefined {
  const match = timestamp.exec(trimmed);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  const [hour, minute, second] = [Number(match[4] ?? 0), Number(match[5] ?? 0), Number(match[6] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const days = daysFromCivil(year, month, day);
  return ((days * 24 + hour) * 60 + minute - zoneMinutes(match[8])) * 60_000 + second * 1000 + milliseconds;
}

function zoneMinutes(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', ''));
  return zone.startsWith('-') ? -minutes : minutes;
}

function daysInMonth(year: number, month: number): number {
  const next = month === 12 ? daysFromCivil(year + 1, 1, 1) : daysFromCivil(year, month + 1, 1);
  return next - daysFromCivil(year, month, 1);
}

/** `true` and `false`, in any case. */
export function parseBoolean(trimmed: string): boolean | undefined {
  if (trimmed.length < 4 || trimmed.length > 5) return undefined;
  const lower = trimmed.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}
