import { log } from '../kernels/elementary.js';
import type { TermsOperation, TextReading } from './program.js';

/**
 * How texts become sparse vectors of terms: the one function, in training and in serving. Terms are as scikit-learn's
 * CountVectorizer makes them, so they depend on nothing but the text and Unicode's tables of letters and numbers.
 *
 *   lowercase   Unicode's full mapping, of no language (String.prototype.toLowerCase), before anything else
 *   word        maximal runs of letters, numbers and _ (\p{L}\p{N}_), two code points or longer; n-grams of neighbours that
 *               are left when stop words are gone, joined by a space
 *   char        runs of two or more white-space characters become one space; n-grams of code points
 *   char_wb     as char, within words between white space, each with a space on both sides; a word shorter than n counts once
 *
 * A value is the term's count in the text (1 where `binary`; 1 + ln count where `sublinear`), times the term's weight, and
 * the vector is then divided by its norm. Hashed terms go to |h| mod buckets, h being MurmurHash3 (32 bits, seed 0) of the
 * term's UTF-8 bytes, and count as −1 where h is negative and signs alternate.
 */

const WORDS = /[\p{L}\p{N}_]{2,}/gu;
/** White space as Python has it, which scikit-learn goes by. */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACES = new RegExp(`[${SPACE}]{2,}`, 'gu');
const BETWEEN_SPACES = new RegExp(`[^${SPACE}]+`, 'gu');

export const analyzers = ['word', 'char', 'char_wb'] as const;
export const norms = ['none', 'l1', 'l2'] as const;

/** What decides a text's terms, before any of them is known. */
export type Analysis = Pick<TextReading, 'analyzer' | 'ngramMin' | 'ngramMax' | 'lowercase' | 'stopWords'>;

/** The terms of a text, as often as they occur. */
export function termsOf(text: string, analysis: Analysis, stopWords = new Set(analysis.stopWords)): string[] {
  const { analyzer, ngramMin, ngramMax, lowercase } = analysis;
  const read = lowercase ? text.toLowerCase() : text;
  const grams: string[] = [];
  if (analyzer === 'word') {
    const found = read.match(WORDS) ?? [];
    const words = stopWords.size > 0 ? found.filter((word) => !stopWords.has(word)) : found;
    if (ngramMax === 1) return words;
    addGrams(words, ngramMin, ngramMax, ' ', grams);
    return grams;
  }
  const evened = read.replace(SPACES, ' ');
  if (analyzer === 'char') {
    addGrams([...evened], ngramMin, ngramMax, '', grams);
    return grams;
  }
  for (const word of evened.match(BETWEEN_SPACES) ?? []) {
    const characters = [' ', ...word, ' '];
    // Of every length beyond the word there would be the whole word again.
    addGrams(characters, Math.min(ngramMin, characters.length), Math.min(ngramMax, characters.length), '', grams);
  }
  return grams;
}

function addGrams(parts: readonly string[], least: number, most: number, between: string, grams: string[]): void {
  for (let n = least; n <= Math.min(most, parts.length); n++) {
    for (let i = 0; i + n <= parts.length; i++) {
      grams.push(n === 1 ? parts[i]! : parts.slice(i, i + n).join(between));
    }
  }
}

/** Columns of the vectors that a reading gives. */
export function termCount({ buckets, vocabulary }: TextReading): number {
  return buckets > 0 ? buckets : vocabulary.length;
}

/** Reads texts, with the vocabulary looked up once. Not for two texts at the same time. */
export class TermReader {
  /** The columns of the last text's entries, ascending: `count` of them. */
  indices: Int32Array = new Int32Array(64);
  values: Float64Array = new Float64Array(64);
  count = 0;
  #codes = new Int32Array(64);
  readonly #reading: TextReading;
  readonly #stopWords: Set<string>;
  readonly #vocabulary: ReadonlyMap<string, number>;

  constructor(reading: TextReading) {
    this.#reading = reading;
    this.#stopWords = new Set(reading.stopWords);
    this.#vocabulary = new Map(reading.vocabulary.map((term, index) => [term, index]));
  }

  /** The vector of a text: `indices`, `values` and `count` receive it. */
  read(text: string): void {
    const codes = this.#codesOf(text);
    if (codes.length > this.indices.length) {
      this.indices = new Int32Array(2 * codes.length);
      this.values = new Float64Array(2 * codes.length);
    }
    const { binary, sublinear, weights } = this.#reading;
    this.count = 0;
    for (let c = 0; c < codes.length; ) {
      const index = codes[c]! >> 1;
      let count = 0;
      for (; c < codes.length && codes[c]! >> 1 === index; c++) count += codes[c]! & 1 ? -1 : 1;
      let value = binary ? 1 : count;
      if (sublinear) value = 1 + log(value);
      this.indices[this.count] = index;
      this.values[this.count++] = weights.length > 0 ? value * weights[index]! : value;
    }
    this.#normalize();
  }

  /** Twice the column of each term, and 1 more where it counts negatively; sorted, so that equal ones are neighbours. */
  #codesOf(text: string): Int32Array {
    const { buckets, alternateSign } = this.#reading;
    const terms = termsOf(text, this.#reading, this.#stopWords);
    if (terms.length > this.#codes.length) this.#codes = new Int32Array(2 * terms.length);
    const codes = this.#codes;
    let found = 0;
    for (const term of terms) {
      if (buckets > 0) {
        const hash = murmurHash3(term);
        codes[found++] = 2 * (Math.abs(hash) % buckets) + (alternateSign && hash < 0 ? 1 : 0);
      } else {
        const index = this.#vocabulary.get(term);
        if (index !== undefined) codes[found++] = 2 * index;
      }
    }
    return codes.subarray(0, found).sort();
  }

  #normalize(): void {
    const { norm } = this.#reading;
    if (norm === 'none') return;
    const { values, count } = this;
    let sum = 0;
    for (let e = 0; e < count; e++) sum += norm === 'l1' ? Math.abs(values[e]!) : values[e]! * values[e]!;
    const length = norm === 'l1' ? sum : Math.sqrt(sum);
    if (length > 0) for (let e = 0; e < count; e++) values[e] = values[e]! / length;
  }
}

const readers = new WeakMap<TextReading, TermReader>();

/** The reader of a reading, made once. */
export function readerOf(reading: TextReading): TermReader {
  let reader = readers.get(reading);
  if (!reader) readers.set(reading, (reader = new TermReader(reading)));
  return reader;
}

/** See TermsOperation. A text that is missing has no terms. */
export function scoreText(operation: TermsOperation, text: string | undefined, sums: Float64Array): void {
  const { coefficients, intercepts } = operation;
  const width = intercepts.length;
  for (let k = 0; k < width; k++) sums[k] = intercepts[k]!;
  if (text === undefined) return;
  const reader = readerOf(operation);
  reader.read(text);
  for (let e = 0; e < reader.count; e++) {
    const [value, from] = [reader.values[e]!, reader.indices[e]! * width];
    for (let k = 0; k < width; k++) sums[k] = value * coefficients[from + k]! + sums[k]!;
  }
}

const encoder = new TextEncoder();

/** MurmurHash3_x86_32 with seed 0 of a text's UTF-8 bytes, signed: Appleby, "MurmurHash3", 2011. */
export function murmurHash3(text: string): number {
  const bytes = encoder.encode(text);
  const whole = bytes.length & ~3;
  let hash = 0;
  for (let i = 0; i < whole; i += 4) {
    hash ^= scrambled(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let i = bytes.length - 1; i >= whole; i--) rest = (rest << 8) | bytes[i]!;
  if (bytes.length > whole) hash ^= scrambled(rest);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function scrambled(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
