import type { Engine } from '../../engine/engine.js';
import { permutation, type RandomStream, stream } from '../../engine/random.js';
import { Breather } from '../../engine/turn.js';
import type { Context } from '../../table/interfaces.js';
import type { Deadline } from '../../training/deadline.js';
import { nearestRows, type Scatter, ScatterRows } from './scatter.js';

/** Random starts in all, and how many of a set's best are taken on: the paper's figures. */
const STARTS = 500;
const KEPT = 10;
/** Of so many starts one is of half the rows: near the centre of all, where few rows lie far away. */
const CENTRAL = 16;
/** Concentration steps of a start, of which most are then given up: to its first rows, and two more. */
const FIRST_STEPS = 3;
const MOST_STEPS = 100;
/** Rows of a subset, and the most subsets: above 600 rows the starts search in these first. */
const SUBSET_ROWS = 300;
const MOST_SUBSETS = 5;
/** Above so many rows only the two best candidates are concentrated to the end. */
const MANY_ROWS = 5_000;

/** Some rows and their scatter. */
export interface Candidate {
  readonly rows: Uint32Array;
  readonly scatter: Scatter;
}

export interface Found extends Candidate {
  /** Log determinants of the best candidate, step by step. */
  readonly course: readonly number[];
  readonly starts: number;
}

export interface SearchOptions extends Pick<Context, 'signal' | 'onProgress'> {
  readonly seed: number;
  readonly deadline: Deadline;
}

/**
 * The `support` rows whose covariance has the least determinant: FAST-MCD (Rousseeuw and Van Driessen, "A fast algorithm for
 * the minimum covariance determinant estimator", 1999). Starts are size + 1 random rows, some half of
 * all, keyed by seed, set and start; more rows where these lie in a plane. Of one column the answer is exact. Rows that lie in a plane have determinant 0 and end the search.
 * @param columns finite, in units in which most values are about 1
 */
export async function minimumCovarianceDeterminant(
  engine: Engine,
  columns: readonly Float64Array[],
  support: number,
  options: SearchOptions,
): Promise<Found> {
  const count = columns[0]!.length;
  using all = new ScatterRows(engine, columns);
  if (support === count) {
    const rows = Uint32Array.from({ length: count }, (_, row) => row);
    return finish({ rows, scatter: await all.scatter(rows, undefined, options.signal) }, [], 0, options);
  }
  if (columns.length === 1) {
    const rows = tightest(columns[0]!, support);
    return finish({ rows, scatter: await all.scatter(rows, undefined, options.signal) }, [], 0, options);
  }
  const search = new Search(engine, all, support, options);
  return await search.run(); // `all` is given back after it
}

function finish(best: Candidate, course: readonly number[], starts: number, { onProgress }: SearchOptions): Found {
  onProgress?.({ what: 'candidate', done: 1, total: 1 });
  return { ...best, course: course.length > 0 ? course : [best.scatter.logDeterminant], starts };
}

/** Windows whose sums run along before they are made anew. */
const FRESH = 1024;

/**
 * Of one column: the neighbours in order that vary least. A window of span s varies by s²/(2·support) or more, and the
 * shortest one by a quarter of its span's square or less: longer windows are passed by, so that no far value spoils the sums.
 */
function tightest(values: Float64Array, support: number): Uint32Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || a - b);
  const sorted = Float64Array.from(order, (row) => values[row]!);
  const windows = sorted.length - support + 1;
  const span = (start: number) => sorted[start + support - 1]! - sorted[start]!;
  let shortest = Number.POSITIVE_INFINITY;
  for (let start = 0; start < windows; start++) shortest = Math.min(shortest, span(start));
  const longest = shortest * Math.sqrt(support / 2);
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  let [center, sum, squares, next] = [0, 0, 0, -1];
  for (let start = 0; start < windows; start++) {
    if (span(start) > longest) continue;
    if (start !== next || start % FRESH === 0) {
      center = sorted[start + (support >> 1)]!;
      [sum, squares] = [0, 0];
      for (let i = start; i < start + support; i++) {
        const value = sorted[i]! - center;
        sum += value;
        squares += value * value;
      }
    } else {
      const [left, came] = [sorted[start - 1]! - center, sorted[start + support - 1]! - center];
      sum += came - left;
      squares += came * came - left * left;
    }
    next = start + 1;
    const spread = squares - (sum * sum) / support;
    if (spread < least) [best, least] = [start, spread];
  }
  return order.slice(best, best + support).sort();
}

class Search {
  readonly #engine: Engine;
  readonly #all: ScatterRows;
  readonly #support: number;
  readonly #options: SearchOptions;
  readonly #breather = new Breather();
  #starts = 0;
  #total = STARTS;

  constructor(engine: Engine, all: ScatterRows, support: number, options: SearchOptions) {
    this.#engine = engine;
    this.#all = all;
    this.#support = support;
    this.#options = options;
  }

  async run(): Promise<Found> {
    const { count, size } = this.#all;
    const subset = Math.max(SUBSET_ROWS, 5 * size);
    const candidates =
      count <= 2 * subset ? await this.#startsIn(this.#all, 0, STARTS) : await this.#fromSubsets(subset);
    const seen = best(candidates, KEPT);
    const finalists = count > MANY_ROWS ? best(await this.#steps(this.#all, seen, FIRST_STEPS), 2) : seen;
    let found: { candidate: Candidate; course: number[] } | undefined;
    for (const [index, { scatter }] of finalists.entries()) {
      const one = await this.#concentrate(this.#all, scatter, MOST_STEPS);
      if (!found || isBetter(one.candidate, found.candidate)) found = one;
      this.#options.onProgress?.({ what: 'candidate', done: index + 1, total: finalists.length });
    }
    return { ...found!.candidate, course: found!.course, starts: this.#starts };
  }

  /** Starts in a few small sets; their best on in all of these rows together. */
  async #fromSubsets(subsetRows: number): Promise<Candidate[]> {
    const { count } = this.#all;
    const subsets = Math.min(MOST_SUBSETS, Math.floor(count / subsetRows));
    const drawn = permutation(this.#options.seed, 'elliptic-envelope', count).slice(0, subsets * subsetRows);
    const candidates: Candidate[] = [];
    for (let index = 0; index < subsets; index++) {
      using rows = this.#take(drawn.slice(index * subsetRows, (index + 1) * subsetRows));
      candidates.push(...best(await this.#startsIn(rows, index, Math.floor(STARTS / subsets)), KEPT));
    }
    using merged = this.#take(drawn);
    return await this.#steps(merged, candidates, FIRST_STEPS);
  }

  #take(rows: Uint32Array): ScatterRows {
    const columns = this.#all.columns.map((values) => Float64Array.from(rows, (row) => values[row]!));
    return new ScatterRows(this.#engine, columns);
  }

  async #startsIn(rows: ScatterRows, set: number, starts: number): Promise<Candidate[]> {
    const { seed, deadline, signal, onProgress } = this.#options;
    const candidates: Candidate[] = [];
    this.#total = starts * Math.max(1, Math.round(STARTS / starts));
    for (let start = 0; start < starts && !(this.#starts > 0 && deadline.passed); start++) {
      const wanted = start % CENTRAL === 0 ? Math.max(rows.size + 1, rows.count >> 1) : rows.size + 1;
      const first = await scatterOfSome(rows, wanted, stream(seed, 'elliptic-envelope', set, start), signal);
      candidates.push((await this.#concentrate(rows, first, FIRST_STEPS)).candidate);
      this.#starts++;
      onProgress?.({ what: 'start', done: this.#starts, total: this.#total });
      await this.#breather.breathe(signal);
    }
    return candidates;
  }

  async #steps(rows: ScatterRows, candidates: readonly Candidate[], steps: number): Promise<Candidate[]> {
    const after: Candidate[] = [];
    for (const { scatter } of candidates) after.push((await this.#concentrate(rows, scatter, steps)).candidate);
    return after;
  }

  /** Concentration: the rows nearest to a scatter, and their scatter, until the determinant does not fall any more. */
  async #concentrate(rows: ScatterRows, from: Scatter, steps: number) {
    const { signal } = this.#options;
    const support = Math.min(rows.count, Math.ceil((rows.count * this.#support) / this.#all.count));
    const course: number[] = [];
    let candidate: Candidate | undefined;
    for (let step = 0; step < steps; step++) {
      const distances = await rows.distances(candidate?.scatter ?? from, signal);
      const nearest = nearestRows(distances, support);
      const next = { rows: nearest, scatter: await rows.scatter(nearest, undefined, signal) };
      if (candidate && !(next.scatter.logDeterminant < candidate.scatter.logDeterminant)) break;
      candidate = next;
      course.push(next.scatter.logDeterminant);
      if (next.scatter.logDeterminant === Number.NEGATIVE_INFINITY) break;
      await this.#breather.breathe(signal);
    }
    return { candidate: candidate!, course };
  }
}

/** The scatter of some random rows; of more, where they lie in a plane, and of all, where all do. */
async function scatterOfSome(
  rows: ScatterRows,
  least: number,
  random: RandomStream,
  signal?: AbortSignal,
): Promise<Scatter> {
  const order = Uint32Array.from({ length: rows.count }, (_, row) => row);
  let drawn = 0;
  for (let wanted = least; ; wanted += Math.max(1, wanted - rows.size)) {
    wanted = Math.min(wanted, rows.count);
    for (; drawn < wanted; drawn++) {
      const place = drawn + random.integer(rows.count - drawn);
      [order[drawn], order[place]] = [order[place]!, order[drawn]!];
    }
    const scatter = await rows.scatter(order.slice(0, drawn), undefined, signal);
    if (scatter.dependent.length === 0 || drawn === rows.count) return scatter;
  }
}

function isBetter(a: Candidate, b: Candidate): boolean {
  return a.scatter.logDeterminant < b.scatter.logDeterminant;
}

/** The candidates of the least determinants, the first of equals: equal ones hold the same rows. */
function best(candidates: readonly Candidate[], count: number): Candidate[] {
  const sorted = candidates.toSorted((a, b) => {
    const [first, second] = [a.scatter.logDeterminant, b.scatter.logDeterminant];
    return first === second ? 0 : first < second ? -1 : 1;
  });
  const distinct = sorted.filter(
    ({ scatter }, index) => index === 0 || scatter.logDeterminant !== sorted[index - 1]!.scatter.logDeterminant,
  );
  return distinct.slice(0, count);
}
