const SLOTS = 1024;

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
    let last = Number.NaN;
    if (this.tooMany) return;
    for (let i = 0; i < rows.length; i++) {
      const value = values[rows[i]!]!;
      if (value === last || Number.isNaN(value)) continue;
      last = value;
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
    this.#number[0] = value + 0; // −0 + 0 is 0
    const [low, high] = [this.#words[0]!, this.#words[1]!];
    const mixed = Math.imul(high ^ Math.imul(low, 0x85ebca6b), 0x9e3779b1);
    let slot = mixed >>> 22;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) % SLOTS) {
      if (this.#found[this.#slots[slot]! - 1] === value) return true;
    }
    if (this.#count < this.#limit) this.#found[this.#count] = this.#number[0]!;
    this.#slots[slot] = ++this.#count;
    return this.#count <= this.#limit;
  }
}
