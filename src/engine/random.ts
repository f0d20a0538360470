import { invalid } from '../errors.js';
import { cos, log, sin } from '../kernels/elementary.js';
import { philoxBlock, uniformOfWords } from '../kernels/random.js';

/**
 * Randomness keyed by what it is for. A value is a function of (seed, key, index) alone, so it does not depend on the
 * order of arrival, the thread or the backend: `stream(seed, 'bootstrap', tree).integer(rows)`,
 * `uniformAt(seed, ['rounding', tree], row)`.
 */
export type KeyPart = number | string;

/** A seed and its key parts, folded into the generator's 64-bit key: what the random_* kernels take. */
export interface RandomKey {
  /** Signed 32-bit, as kernels take it. */
  readonly keyLow: number;
  readonly keyHigh: number;
}

/** Draws one after another from the values of a key. */
export interface RandomStream {
  /** Uniform in [0, 1), 53 bits; uses one value of the key. */
  uniform(): number;
  /** Standard normal, by Box and Muller; uses two values of the key for every two normals. */
  normal(): number;
  /** Integer in [0, bound), 1 ≤ bound ≤ 2^32; its bias is below bound / 2^53. */
  integer(bound: number): number;
}

/**
 * The key of a seed and what it is for. FNV-1a (64 bits) over the tagged parts, then a 64-bit finaliser, so that keys
 * that differ in one bit have nothing in common. 1 and '1' are different parts.
 * @throws LanewiseError `usage` where the seed is not an integer in [0, 2^53).
 */
export function randomKey(seed: number, ...key: readonly KeyPart[]): RandomKey {
  if (!Number.isSafeInteger(seed) || seed < 0) throw invalid('seed', 'an integer in [0, 2^53)', seed);
  const hash = new Hash64();
  hash.number(seed);
  for (const part of key) {
    if (typeof part === 'string') hash.text(part);
    else hash.number(part);
  }
  return hash.finish();
}

/** The values of (seed, ...key), drawn in order from index 0. */
export function stream(seed: number, ...key: readonly KeyPart[]): RandomStream {
  return streamOf(randomKey(seed, ...key));
}

/** As `stream`, of a key that was made before. */
export function streamOf({ keyLow, keyHigh }: RandomKey): RandomStream {
  const words = new Uint32Array(4);
  let index = 0;
  let spare = Number.NaN;
  const uniform = (): number => {
    const half = index % 2;
    if (half === 0) philoxBlock(words, keyLow, keyHigh, index / 2);
    index++;
    return uniformOfWords(words[2 * half]!, words[2 * half + 1]!);
  };
  return {
    uniform,
    normal() {
      if (!Number.isNaN(spare)) {
        const value = spare;
        spare = Number.NaN;
        return value;
      }
      // 1 − u lies in (0, 1], so the logarithm is finite.
      const radius = Math.sqrt(-2 * log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * sin(angle);
      return radius * cos(angle);
    },
    integer: (bound) => Math.floor(uniform() * bound),
  };
}

/** Value `index` (an integer in [0, 2^53)) of (seed, key): uniform in [0, 1), the same as random_uniform_f64 writes. */
export function uniformAt(seed: number, key: KeyPart | readonly KeyPart[], index: number): number {
  return uniformOfKeyAt(randomKey(seed, ...(Array.isArray(key) ? key : [key as KeyPart])), index);
}

const shared = new Uint32Array(4);

/** As `uniformAt`, of a key that was made before: for loops over rows. */
function uniformOfKeyAt({ keyLow, keyHigh }: RandomKey, index: number): number {
  philoxBlock(shared, keyLow, keyHigh, Math.floor(index / 2));
  const half = index % 2;
  return uniformOfWords(shared[2 * half]!, shared[2 * half + 1]!);
}

/** Puts the elements into random order, in place (Fisher and Yates), and returns the array. */
export function shuffle<T extends { readonly length: number; [index: number]: unknown }>(
  array: T,
  random: RandomStream,
): T {
  for (let i = array.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const value = array[i];
    array[i] = array[j];
    array[j] = value;
  }
  return array;
}

/** The numbers 0 … n − 1 in the random order of (seed, key). */
export function permutation(seed: number, key: KeyPart | readonly KeyPart[], n: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  return shuffle(order, stream(seed, ...(Array.isArray(key) ? key : [key as KeyPart])));
}

/** FNV-1a on 64 bits, held as two 32-bit halves because BigInt is two orders slower. */
class Hash64 {
  #low = 0x84222325;
  #high = 0xcbf29ce4;

  byte(value: number): void {
    // × 0x100000001b3 = × 2^40 + × 0x1b3, modulo 2^64.
    const low = (this.#low ^ value) >>> 0;
    const carry = Math.floor((low * 0x1b3) / 4_294_967_296);
    this.#high = (Math.imul(this.#high, 0x1b3) + carry + (low << 8)) >>> 0;
    this.#low = Math.imul(low, 0x1b3) >>> 0;
  }

  /** Tag 1, then the IEEE bits, lowest byte first; −0 is 0. */
  number(value: number): void {
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setFloat64(0, value === 0 ? 0 : value, true);
    this.byte(1);
    for (let i = 0; i < 8; i++) this.byte(bytes.getUint8(i));
  }

  /** Tag 2, the UTF-8 bytes, and 0xff, which no UTF-8 holds. */
  text(value: string): void {
    this.byte(2);
    for (const byte of new TextEncoder().encode(value)) this.byte(byte);
    this.byte(0xff);
  }

  /** The finaliser of MurmurHash3's 32-bit form on both halves, each fed with the other. */
  finish(): RandomKey {
    const low = mix(this.#low ^ mix(this.#high));
    const high = mix(this.#high ^ mix(low + 0x9e3779b9));
    return { keyLow: low | 0, keyHigh: high | 0 };
  }
}

function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
