/**
 * JSON that keeps every f64: −0 stays −0, an infinity is written as a number beyond the range (1e999, which every reader
 * rounds to infinity), and NaN, which JSON cannot say, is null. All other numbers JavaScript writes exactly already.
 */
export function exactJson(value: unknown): string {
  if (typeof value === 'number') return exactNumber(value);
  if (ArrayBuffer.isView(value)) return `[${Array.from(value as Float64Array, exactNumber).join(',')}]`;
  if (Array.isArray(value)) return `[${value.map((entry) => exactJson(entry ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return `{${members.map(([key, entry]) => `${JSON.stringify(key)}:${exactJson(entry)}`).join(',')}}`;
}

function exactNumber(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'null' : value > 0 ? '1e999' : '-1e999';
}
