/** How a delimited text is written. Quotes are doubled inside quotes (RFC 4180). */
export interface Dialect {
  readonly delimiter: string;
  readonly quote: string;
}

export const QUOTE = '"';
const candidates = [',', ';', '\t', '|'];
const SAMPLE_RECORDS = 200;

/**
 * Finds the delimiter: the one that gives the most records the header's number of fields, then the one with the most
 * fields. A file of one column has the comma.
 */
export function sniffDialect(sample: string): Dialect {
  let best = { delimiter: ',', score: 0 };
  for (const delimiter of candidates) {
    const counts = fieldCounts(sample, delimiter);
    const width = counts[0] ?? 1;
    if (width < 2) continue;
    const share = counts.filter((count) => count === width).length / counts.length;
    const score = share * 1000 + Math.min(width, 500);
    if (score > best.score) best = { delimiter, score };
  }
  return { delimiter: best.delimiter, quote: QUOTE };
}

/** Fields of each record in the sample; the last, which may be cut, is left out where there are others. */
function fieldCounts(sample: string, delimiter: string): number[] {
  const counts: number[] = [];
  let [fields, quoted, start] = [1, false, 0];
  for (let i = 0; i <= sample.length && counts.length < SAMPLE_RECORDS; i++) {
    const character = sample[i];
    if (quoted && i < sample.length) {
      if (character !== QUOTE) continue;
      if (sample[i + 1] === QUOTE) i++;
      else quoted = false;
    } else if (character === QUOTE && (i === start || sample[i - 1] === delimiter)) quoted = true;
    else if (character === delimiter) fields++;
    else if (character === '\n' || character === '\r' || i === sample.length) {
      if (i > start) counts.push(fields);
      [fields, start] = [1, i + 1];
    }
  }
  if (counts.length > 1 && !/[\r\n]$/.test(sample)) counts.pop();
  return counts;
}
