import type { Scope } from '../arena.js';
import type { Neighbors, Points } from '../distance.js';
import type { Engine, Task } from '../engine.js';
import { CodedPoints } from './coded-points.js';
import { FloatCandidates } from './float-candidates.js';

/** Calls to be made, group after group, and what comes of them. */
type Search = Generator<readonly Task[], Neighbors>;

/**
 * Points to search among by squared L2 distance: laid out when they are first asked about, then asked as often as wanted.
 * Candidates are found by codes; for queries far outside the points, and for points so unevenly spread that codes say
 * little, in f32. The answer is that of direct f64 differences either way.
 */
export class NeighborIndex implements Disposable {
  readonly points: Points;
  readonly #engine: Engine;
  readonly #scope: Scope;
  #values: Float64Array | undefined;
  #codes: CodedPoints | undefined;
  /** Do codes help? Known when they have been made. */
  #coded: boolean | undefined;
  #coding: Promise<unknown> | undefined;
  #floats: FloatCandidates | undefined;

  constructor(engine: Engine, points: Points) {
    this.points = points;
    this.#engine = engine;
    this.#scope = engine.arena.scope();
  }

  /** The k nearest points of finite queries, on all threads. */
  async nearest(queries: Points, k: number, signal?: AbortSignal): Promise<Neighbors> {
    const search = this.#search(queries, k, await this.codesHelp());
    try {
      for (let step = search.next(); ; step = search.next()) {
        if (step.done) return step.value;
        await this.#engine.run(step.value, signal);
      }
    } finally {
      search.return(undefined as never);
    }
  }

  /** Makes the codes, once. false: the points lie so unevenly that they say little. */
  async codesHelp(): Promise<boolean> {
    if (this.#coded === undefined) {
      // Not cancelled with this call: another may wait for the same.
      this.#coding ??= this.#engine.run(this.#madeCodes().coding);
      try {
        await this.#coding;
      } finally {
        this.#coding = undefined;
      }
      this.#coded ??= this.#madeCodes().ready();
    }
    return this.#coded;
  }

  /**
   * How many points lie at most a squared distance from finite queries, once `codesHelp` has said yes. `self`: the point that
   * the first query is, and so on, which is left out; −1: none.
   */
  async countWithin(queries: Points, limit: number, self: number, signal?: AbortSignal): Promise<Int32Array> {
    using scope = this.#engine.arena.scope();
    const asked = this.#madeCodes().askCounts(scope, queries, limit, self);
    await this.#engine.run(asked.coding, signal);
    await this.#engine.run(asked.searching, signal);
    return asked.result();
  }

  /** As `countWithin`: which they are, by query, indices ascending. `offsets`: sums of those counts, from 0 on. */
  async within(
    queries: Points,
    limit: number,
    self: number,
    offsets: Int32Array,
    signal?: AbortSignal,
  ): Promise<Neighbors> {
    using scope = this.#engine.arena.scope();
    const asked = this.#madeCodes().askWithin(scope, queries, limit, self, offsets);
    await this.#engine.run(asked.coding, signal);
    await this.#engine.run(asked.searching, signal);
    return asked.result();
  }

  /** As `nearest`, at once, on this thread. */
  nearestSync(queries: Points, k: number): Neighbors {
    if (this.#coded === undefined && !this.#coding) {
      this.#engine.runHere(this.#madeCodes().coding);
      this.#coded = this.#madeCodes().ready();
    }
    const search = this.#search(queries, k, this.#coded ?? false);
    for (let step = search.next(); ; step = search.next()) {
      if (step.done) return step.value;
      this.#engine.runHere(step.value);
    }
  }

  *#search(queries: Points, k: number, coded: boolean): Search {
    using scope = this.#engine.arena.scope();
    if (!coded) return yield* this.#searchFloats(scope, queries, k);
    const asked = this.#madeCodes().ask(scope, queries, k);
    yield asked.coding;
    const far = asked.farQueries();
    if (far.length === 0) {
      yield asked.searching;
      return asked.result();
    }
    const distant = new Set(far);
    const near = Array.from({ length: queries.count }, (_, i) => i).filter((i) => !distant.has(i));
    const found = { distances: new Float64Array(queries.count * k), indices: new Int32Array(queries.count * k) };
    place(found, k, far, yield* this.#searchFloats(scope, rowsOf(queries, far), k));
    if (near.length > 0) place(found, k, near, yield* this.#search(rowsOf(queries, near), k, true));
    return found;
  }

  *#searchFloats(scope: Scope, queries: Points, k: number): Search {
    this.#floats ??= new FloatCandidates(this.#scope, this.points, this.#placedValues());
    const asked = this.#floats.ask(scope, queries, k);
    yield asked.tasks;
    return asked.result();
  }

  #placedValues(): Float64Array {
    this.#values ??= this.#scope.copy('f64', this.points.values);
    return this.#values;
  }

  #madeCodes(): CodedPoints {
    this.#codes ??= new CodedPoints(this.#engine, this.#scope, this.points, this.#placedValues());
    return this.#codes;
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

function rowsOf({ values, dimension }: Points, rows: readonly number[]): Points {
  const taken = new Float64Array(rows.length * dimension);
  rows.forEach((row, i) => {
    taken.set(values.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  });
  return { values: taken, count: rows.length, dimension };
}

function place(target: Neighbors, k: number, rows: readonly number[], found: Neighbors): void {
  rows.forEach((row, i) => {
    target.distances.set(found.distances.subarray(i * k, (i + 1) * k), row * k);
    target.indices.set(found.indices.subarray(i * k, (i + 1) * k), row * k);
  });
}
