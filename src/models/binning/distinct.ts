const SLOTS = 1024;
/** Places where a number that was seen before is found at once, unless it shares its place with one that came first. */
const PLACES = 2048;

/**
 * The distinct numbers of a column, as long as there are at most `limit` (≤ 255) of them: a hash table, because a Set
 * takes five times as long. Takes −0 for 0 and passes over NaN.
 */
export class DistinctValues {
  readonly #limit: number;
  /** Place in `#found` and 1; 0: free. */
  readonly #slots = new Uint16Array(SLOTS);
  readonly #found: Float64Array;
  readonly #number = new Float64Array(1);
  readonly #words = new Uint32Array(this.#number.buffer);
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#found = new Float64Array(limit);
  }

  /** More than the limit: nothing is known but that. */
  get tooMany(): boolean {
    return this.#count > this.#limit;
  }

  /** Adds the values of some rows. */
  add(values: Float64Array | Float32Array, rows: Uint32Array): void {
    if (this.tooMany) return;
    // Plain variables: this runs for every row of a column with few values.
    const [number, words] = [this.#number, this.#words];
    const seen = new Float64Array(PLACES).fill(Number.NaN);
    for (let i = 0; i < rows.length; i++) {
      const value = values[rows[i]!]!;
      number[0] = value + 0; // −0 + 0 is 0
      const place = mix(words[0]!, words[1]!) >>> 21;
      if (seen[place] === value || Number.isNaN(value)) continue;
      if (Number.isNaN(seen[place]!)) seen[place] = value;
      if (!this.#see(value)) return;
    }
  }

  merge(other: DistinctValues): void {
    if (other.tooMany) this.#count = this.#limit + 1;
    else for (let i = 0; i < other.#count && this.#see(other.#found[i]!); i++);
  }

  /** Ascending; undefined where there are too many. */
  sorted(): Float64Array | undefined {
    return this.tooMany ? undefined : this.#found.slice(0, this.#count).sort();
  }

  /** false: there are too many now. */
  #see(value: number): boolean {
    if (this.tooMany) return false;
    this.#number[0] = value + 0;
    let slot = mix(this.#words[0]!, this.#words[1]!) >>> 22;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) % SLOTS) {
      if (this.#found[this.#slots[slot]! - 1] === value) return true;
    }
    if (this.#count < this.#limit) this.#found[this.#count] = this.#number[0]!;
    this.#slots[slot] = ++this.#count;
    return this.#count <= this.#limit;
  }
}

/** The halves of a number's bits, so that its upper ones depend on them all. */
function mix(low: number, high: number): number {
  return Math.imul(high ^ Math.imul(low, 0x85ebca6b), 0x9e3779b1);
}
