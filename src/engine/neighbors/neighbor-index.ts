import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import { CodedPoints } from './coded-points.js';
import { FloatCandidates } from './float-candidates.js';
import type { Neighbors, Points } from './points.js';

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
  /** Of eight bits, where these are the points themselves; for the nearest, and */
  readonly #wholeCodes: CodesOnce;
  /** of sixteen. */
  readonly #codes: CodesOnce;
  #floats: FloatCandidates | undefined;

  /** `bytes`: are codes of eight bits tried? Default: where the machine multiplies them faster. */
  constructor(engine: Engine, points: Points, bytes: boolean = multipliesBytes(engine)) {
    this.points = points;
    this.#engine = engine;
    this.#scope = engine.arena.scope();
    const values = () => this.#placedValues();
    this.#wholeCodes = new CodesOnce(engine, (scope) =>
      bytes ? CodedPoints.wholeOf(engine, scope, points, values) : undefined,
    );
    this.#codes = new CodesOnce(engine, (scope) => CodedPoints.of(engine, scope, points, values()));
  }

  /** The k nearest points of finite queries, on all threads. */
  async nearest(queries: Points, k: number, signal?: AbortSignal): Promise<Neighbors> {
    const search = this.#search(queries, k, (await this.#wholeCodes.get()) ?? (await this.#codes.get()));
    try {
      for (let step = search.next(); ; step = search.next()) {
        if (step.done) return step.value;
        await this.#engine.run(step.value, signal);
      }
    } finally {
      search.return(undefined as never);
    }
  }

  /** Makes the codes that tell who lies within a radius, once. false: the points lie so unevenly that they say little. */
  async codesHelp(): Promise<boolean> {
    return (await this.#codes.get()) !== undefined;
  }

  /**
   * How many points lie at most a squared distance from finite queries, once `codesHelp` has said yes. `self`: the point that
   * the first query is, and so on, which is left out; −1: none.
   */
  async countWithin(queries: Points, limit: number, self: number, signal?: AbortSignal): Promise<Int32Array> {
    using scope = this.#engine.arena.scope();
    const asked = this.#codes.made().askCounts(scope, queries, limit, self);
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
    const asked = this.#codes.made().askWithin(scope, queries, limit, self, offsets);
    await this.#engine.run(asked.coding, signal);
    await this.#engine.run(asked.searching, signal);
    return asked.result();
  }

  /** As `nearest`, at once, on this thread. */
  nearestSync(queries: Points, k: number): Neighbors {
    const search = this.#search(queries, k, this.#wholeCodes.getSync() ?? this.#codes.getSync());
    for (let step = search.next(); ; step = search.next()) {
      if (step.done) return step.value;
      this.#engine.runHere(step.value);
    }
  }

  *#search(queries: Points, k: number, codes: CodedPoints | undefined): Search {
    using scope = this.#engine.arena.scope();
    if (!codes) return yield* this.#searchFloats(scope, queries, k);
    const asked = codes.ask(scope, queries, k);
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
    if (near.length > 0) place(found, k, near, yield* this.#search(rowsOf(queries, near), k, codes));
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

  [Symbol.dispose](): void {
    this.#wholeCodes[Symbol.dispose]();
    this.#codes[Symbol.dispose]();
    this.#scope[Symbol.dispose]();
  }
}

/** Codes that are made when they are first wanted, and kept if they help. */
class CodesOnce implements Disposable {
  readonly #engine: Engine;
  readonly #make: (scope: Scope) => CodedPoints | undefined;
  readonly #scope: Scope;
  #codes: CodedPoints | undefined;
  #known = false;
  #coding: Promise<void> | undefined;

  constructor(engine: Engine, make: (scope: Scope) => CodedPoints | undefined) {
    this.#engine = engine;
    this.#make = make;
    this.#scope = engine.arena.scope();
  }

  /** undefined: they do not help. */
  async get(): Promise<CodedPoints | undefined> {
    if (!this.#known) {
      // Not cancelled with this call: another may wait for the same.
      this.#coding ??= this.#code();
      try {
        await this.#coding;
      } finally {
        this.#coding = undefined;
      }
    }
    return this.#codes;
  }

  async #code(): Promise<void> {
    const codes = this.#make(this.#scope);
    if (codes) await this.#engine.run(codes.coding);
    this.#keep(codes);
  }

  /** At once, on this thread; undefined also where others are making them. */
  getSync(): CodedPoints | undefined {
    if (!this.#known && !this.#coding) {
      const codes = this.#make(this.#scope);
      if (codes) this.#engine.runHere(codes.coding);
      this.#keep(codes);
    }
    return this.#codes;
  }

  /** Those that `get` said help. */
  made(): CodedPoints {
    return this.#codes!;
  }

  #keep(codes: CodedPoints | undefined): void {
    this.#known = true;
    if (codes?.ready()) this.#codes = codes;
    else this.#scope[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

/** VNNI multiplies bytes twice as fast as pairs of them; it comes with AVX-512 but for the oldest. */
function multipliesBytes(engine: Engine): boolean {
  const { backend, variant } = engine.describe();
  return backend === 'native' && variant.startsWith('avx512');
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
