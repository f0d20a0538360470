import { LanewiseError } from '../../errors.js';
import { candidatePanels, candidateRows, candidateUnit, PANEL, panelCount } from '../../kernels/distance.js';
import { centerLine, offerCenters, wider } from '../../kernels/k-means.js';
import type { Scope } from '../arena.js';
import { BLOCK_ROWS, blockSum, mergePartials } from '../block-sums.js';
import type { Engine, Task } from '../engine.js';
import { type Frame, type Points, squaredDistance } from '../neighbors/points.js';
import { turnEventLoop } from '../turn.js';

/** How points are given to centres: all looked at every time, or bounds kept of how far they are. Labels are the same. */
export type AssignmentAlgorithm = 'lloyd' | 'hamerly' | 'elkan';

/** By cluster, of the points that the last assignment gave it. */
export interface ClusterSums {
  /** clusters × dimension, row-major: Σ weight·point. */
  readonly sums: Float64Array;
  /** Σ weight. */
  readonly totals: Float64Array;
  /** Points whose label differs from that of the sums before. */
  readonly changed: number;
}

/** Points a task: enough for its start to cost nothing, few enough for all threads to have some. */
const MOST_ROWS = 8_192;
const LEAST_ROWS = 512;
/** Columns are turned into points so many rows at a time, so that both stay in the caches. */
const TURN_ROWS = 512;
/** Between two turns of the event loop. */
const TURN_VALUES = 1_048_576;
/** Distances between centres that are computed for every assignment; beyond them a bound is done without. */
const MOST_BETWEEN = 4_194_304;
/** Squares of larger differences have no number; those of smaller ones are 0. */
const MOST_SPREAD = 1e150;
const LEAST_SPREAD = 1e-140;
const MOST_BITS = 51;

/** Points of a block of k-means++'s sums, whatever the threads. */
export const SEED_ROWS = 4_096;

/** The points as k-means++ sees them: distances are rough, in f32, because for drawing the last places do not matter. */
export interface Seeding extends Disposable {
  /** By point: the squared distance to the nearest centre taken, in the frame's unit. Read only. */
  readonly nearest: Float32Array;
  /** By drawn point, were it taken: Σ weight·squared distance to the nearest centre, by block of SEED_ROWS points. */
  offer(drawn: readonly number[], signal?: AbortSignal): Promise<Float64Array[]>;
  /** Takes the point at this place among those offered last. */
  take(chosen: number, signal?: AbortSignal): Promise<void>;
}

/** Centres of an assignment, and its bounds: true of these centres. */
interface Bounds {
  readonly algorithm: AssignmentAlgorithm;
  readonly centers: Points;
  readonly uppers: Float32Array;
  readonly lowers: Float32Array;
}

/**
 * Points that are clustered: in the engine's memory, in a frame for finding candidates, with labels, bounds of their
 * distances, and exact sums of the clusters, which follow the labels.
 */
export class ClusteredPoints implements Disposable {
  readonly count: number;
  readonly dimension: number;
  /** In the engine's memory: read only. */
  readonly values: Float64Array;
  readonly frame: Frame;
  /** Mean of the coordinates' variances. */
  readonly meanVariance: number;
  /** The cluster of each point; overwritten by the next assignment. */
  readonly labels: Int32Array;
  readonly weights: Float64Array | undefined;
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #rows: Float32Array;
  readonly #lengths: Float32Array;
  readonly #rowBounds: Float64Array;
  readonly #distances: Float64Array;
  readonly #scales: Float64Array;
  readonly #lowScale: number;
  #bounds: Bounds | undefined;
  #boundsScope: Scope | undefined;
  #sums: Sums | undefined;

  private constructor(engine: Engine, scope: Scope, placed: Placed, weights: Float64Array | undefined) {
    this.#engine = engine;
    this.#scope = scope;
    this.values = placed.values;
    this.count = placed.count;
    this.dimension = placed.dimension;
    this.frame = placed.frame;
    this.meanVariance = placed.meanVariance;
    this.weights = weights && scope.copy('f64', weights);
    this.labels = scope.allocate('i32', this.count).fill(-1);
    this.#rows = scope.allocate('f32', this.values.length);
    this.#lengths = scope.allocate('f32', this.count);
    this.#rowBounds = scope.allocate('f64', this.count);
    this.#distances = scope.allocate('f64', this.count);
    const bits = Math.min(MOST_BITS, 62 - Math.ceil(log2(this.count)));
    this.#lowScale = 2 ** bits;
    const heaviest = weights ? weights.reduce((most, weight) => Math.max(most, weight), 0) : 1;
    this.#scales = scope.copy(
      'f64',
      Float64Array.from([...placed.greatest, 1], (size) => scaleOf(size * heaviest, bits)),
    );
  }

  /** Rows of these columns. @throws LanewiseError `data` for columns that spread over more than 1e150 or less than 1e-140 */
  static async ofColumns(
    engine: Engine,
    columns: readonly Float64Array[],
    options: { readonly weights?: Float64Array | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ClusteredPoints> {
    const [count, dimension] = [columns[0]!.length, columns.length];
    const scope = engine.arena.scope();
    try {
      const values = scope.allocate('f64', count * dimension);
      for (let start = 0, since = 0; start < count; start += TURN_ROWS) {
        const end = Math.min(count, start + TURN_ROWS);
        for (let j = 0; j < dimension; j++) {
          const column = columns[j]!;
          for (let row = start, at = start * dimension + j; row < end; row++, at += dimension)
            values[at] = column[row]!;
        }
        since += (end - start) * dimension;
        if (since < TURN_VALUES) continue;
        since = 0;
        await turnEventLoop();
      }
      const points = await ClusteredPoints.#of(engine, scope, { values, count, dimension }, options);
      return points;
    } catch (error) {
      scope[Symbol.dispose]();
      throw error;
    }
  }

  /** As `ofColumns`, of points. */
  static async of(
    engine: Engine,
    points: Points,
    options: { readonly weights?: Float64Array | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ClusteredPoints> {
    const scope = engine.arena.scope();
    try {
      const values = scope.copy('f64', points.values);
      return await ClusteredPoints.#of(engine, scope, { ...points, values }, options);
    } catch (error) {
      scope[Symbol.dispose]();
      throw error;
    }
  }

  static async #of(
    engine: Engine,
    scope: Scope,
    points: Points,
    { weights, signal }: { readonly weights?: Float64Array | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<ClusteredPoints> {
    const placed = await place(engine, points, signal);
    const clustered = new ClusteredPoints(engine, scope, placed, weights);
    await clustered.#fillRows(signal);
    return clustered;
  }

  /** The point with this index, copied. */
  point(index: number): Float64Array {
    return this.values.slice(index * this.dimension, (index + 1) * this.dimension);
  }

  /** Copies of the points with these indices. */
  pick(indices: readonly number[]): Points {
    const values = new Float64Array(indices.length * this.dimension);
    indices.forEach((index, k) => {
      values.set(this.values.subarray(index * this.dimension, (index + 1) * this.dimension), k * this.dimension);
    });
    return { values, count: indices.length, dimension: this.dimension };
  }

  /**
   * Gives every point to the nearest of these finite centres, the first of equals. With bounds, the next call of as many
   * centres looks only at the points whose centre may have changed. Returns the share of distances that were looked at.
   */
  async assign(centers: Points, algorithm: AssignmentAlgorithm, signal?: AbortSignal): Promise<number> {
    const bounds = this.#boundsOf(centers, algorithm);
    const { center, unit } = this.frame;
    const line = centerLine(centers.count);
    using scope = this.#engine.arena.scope();
    const offered = offerCenters(centers.values, this.dimension, center, unit);
    const moves = new Float32Array(line);
    for (let k = 0; k < centers.count; k++) {
      moves[k] = wider(Math.sqrt(squaredDistance(bounds.centers, k, centers, k)) * unit * (1 + 2 ** -30));
    }
    const shared = [
      scope.copy('f64', centers.values),
      scope.copy('f32', offered.panels),
      scope.copy('f32', offered.bounds),
      scope.copy('f32', moves),
      scope.copy('f32', algorithm === 'lloyd' ? new Float32Array(centers.count) : halvesOf(centers, unit)),
    ].map((array) => array.byteOffset) as [number, number, number, number, number];
    const [middles, panels, panelBounds, moved, halves] = shared;
    const elkan = algorithm === 'elkan';
    const tasks = this.#tasks((start, rows): Task => {
      const offsets = [
        this.values.byteOffset + 8 * start * this.dimension,
        middles,
        this.#rows.byteOffset + 4 * start * this.dimension,
        this.#rowBounds.byteOffset + 8 * start,
        panels,
        panelBounds,
        moved,
        halves,
        this.labels.byteOffset + 4 * start,
        bounds.uppers.byteOffset + 4 * start,
        bounds.lowers.byteOffset + 4 * start * (elkan ? line : 1),
        scope.allocate('f32', (elkan ? 1 : 8) * line).byteOffset,
      ];
      const shape = [rows, centers.count, this.dimension, unit];
      if (elkan) return { kernel: 'assign_elkan_f64', values: [...offsets, ...shape] };
      return { kernel: 'assign_hamerly_f64', values: [...offsets, ...shape, offered.slack] };
    });
    const looked = await this.#engine.run(tasks, signal);
    this.#bounds = { ...bounds, centers };
    const total = looked.reduce((sum, part) => sum + part, 0);
    return total / (this.count * (elkan ? line / 16 : 1));
  }

  /** Sums of the clusters as the labels are now. */
  async sums(clusterCount: number, signal?: AbortSignal): Promise<ClusterSums> {
    if (this.#sums?.clusterCount !== clusterCount) this.#startSums(clusterCount);
    const { counted, total, parts, partCount, length } = this.#sums!;
    const weights = this.weights?.byteOffset;
    let changed = 0;
    for (let first = 0; first < this.count; first += partCount * BLOCK_ROWS) {
      const tasks: Task[] = [];
      for (let part = 0; part < partCount; part++) {
        const start = first + part * BLOCK_ROWS;
        if (start >= this.count) break;
        const values = [
          this.values.byteOffset + 8 * start * this.dimension,
          weights === undefined ? 0 : weights + 8 * start,
          this.labels.byteOffset + 4 * start,
          counted.byteOffset + 4 * start,
          this.#scales.byteOffset,
          parts.byteOffset + 8 * part * length,
          Math.min(BLOCK_ROWS, this.count - start),
          this.dimension,
          clusterCount,
          this.#lowScale,
        ];
        tasks.push({ kernel: 'cluster_changes_i64', values });
      }
      const counts = await this.#engine.run(tasks, signal);
      const moved = counts.reduce((sum, part) => sum + part, 0);
      changed += moved;
      if (moved > 0) {
        this.#engine.kernels.sums_merge_i64(total.byteOffset, parts.byteOffset, tasks.length, length);
      }
    }
    return { ...this.#readSums(clusterCount), changed };
  }

  /** Squared distances of the points to the centres of their labels. Overwritten by the next call. */
  async distances(centers: Points, signal?: AbortSignal): Promise<Float64Array> {
    await this.#labelDistances(this.labels, centers, signal);
    return this.#distances;
  }

  /** Σ weight·squared distance to the centre of the label. */
  async inertia(centers: Points, signal?: AbortSignal): Promise<number> {
    return this.#weightedSum(await this.distances(centers, signal));
  }

  /** Σ weight·squared distance to a point. */
  async scatter(about: Float64Array, signal?: AbortSignal): Promise<number> {
    using scope = this.#engine.arena.scope();
    const zeros = scope.allocate('i32', this.count).fill(0);
    await this.#labelDistances(zeros, { values: about, count: 1, dimension: this.dimension }, signal);
    return this.#weightedSum(this.#distances);
  }

  /** What k-means++ keeps while it draws, at most `most` points at a time. To be given back. */
  seeding(most: number): Seeding {
    const line = PANEL * panelCount(most);
    const scope = this.#engine.arena.scope();
    const distances = scope.allocate('f32', this.count * line);
    const nearest = scope.allocate('f32', this.count).fill(Number.POSITIVE_INFINITY);
    const blocks = Math.ceil(this.count / SEED_ROWS);
    const potentials = scope.allocate('f64', blocks * line);
    const { weights } = this;
    /** Of the drawn points of this turn: numbers a point in distances. */
    let stride = line;
    const blockTasks = (make: (block: number, start: number, rows: number) => Task): Task[] =>
      Array.from({ length: blocks }, (_, block) => {
        const start = block * SEED_ROWS;
        return make(block, start, Math.min(SEED_ROWS, this.count - start));
      });
    return {
      nearest,
      offer: async (drawn, signal) => {
        stride = PANEL * panelCount(drawn.length);
        await this.#roughDistances(this.pick(drawn), distances, signal);
        const tasks = blockTasks((block, start, rows) => ({
          kernel: 'seed_potentials_f32',
          values: [
            distances.byteOffset + 4 * start * stride,
            nearest.byteOffset + 4 * start,
            weights ? weights.byteOffset + 8 * start : 0,
            potentials.byteOffset + 8 * block * line,
            rows,
            drawn.length,
            stride,
          ],
        }));
        await this.#engine.run(tasks, signal);
        return drawn.map((_, t) => Float64Array.from({ length: blocks }, (_, block) => potentials[block * line + t]!));
      },
      take: async (chosen, signal) => {
        const tasks = blockTasks((_, start, rows) => ({
          kernel: 'seed_lower_f32',
          values: [distances.byteOffset + 4 * start * stride, nearest.byteOffset + 4 * start, rows, stride, chosen],
        }));
        await this.#engine.run(tasks, signal);
      },
      [Symbol.dispose]: () => scope[Symbol.dispose](),
    };
  }

  /** Squared distances of every point to a few others, in f32 and in the frame's unit, PANEL·⌈others / PANEL⌉ a point. */
  async #roughDistances(others: Points, out: Float32Array, signal?: AbortSignal): Promise<void> {
    using scope = this.#engine.arena.scope();
    const { center, unit } = this.frame;
    const offered = candidatePanels(candidateRows(others.values, this.dimension, center, unit), this.dimension);
    const [panels, lengths] = [scope.copy('f32', offered.panels), scope.copy('f32', offered.panelLengths)];
    const width = PANEL * panelCount(others.count);
    const tasks = this.#tasks((start, rows) => ({
      kernel: 'l2_block_f32',
      values: [
        this.#rows.byteOffset + 4 * start * this.dimension,
        panels.byteOffset,
        this.#lengths.byteOffset + 4 * start,
        lengths.byteOffset,
        out.byteOffset + 4 * start * width,
        rows,
        others.count,
        this.dimension,
      ],
    }));
    await this.#engine.run(tasks, signal);
  }

  [Symbol.dispose](): void {
    this.#boundsScope?.[Symbol.dispose]();
    this.#scope[Symbol.dispose]();
  }

  #weightedSum(distances: Float64Array): number {
    const { weights } = this;
    return blockSum(distances.length, (i) => (weights ? weights[i]! : 1) * distances[i]!);
  }

  async #labelDistances(labels: Int32Array, centers: Points, signal?: AbortSignal): Promise<void> {
    using scope = this.#engine.arena.scope();
    const middles = scope.copy('f64', centers.values);
    const tasks = this.#tasks((start, rows) => ({
      kernel: 'label_distances_f64',
      values: [
        this.values.byteOffset + 8 * start * this.dimension,
        middles.byteOffset,
        labels.byteOffset + 4 * start,
        this.#distances.byteOffset + 8 * start,
        rows,
        centers.count,
        this.dimension,
      ],
    }));
    await this.#engine.run(tasks, signal);
  }

  async #fillRows(signal?: AbortSignal): Promise<void> {
    using scope = this.#engine.arena.scope();
    const center = scope.copy('f64', this.frame.center);
    const tasks = this.#tasks((start, rows) => ({
      kernel: 'candidate_rows_f64',
      values: [
        this.values.byteOffset + 8 * start * this.dimension,
        center.byteOffset,
        this.#rows.byteOffset + 4 * start * this.dimension,
        this.#lengths.byteOffset + 4 * start,
        this.#rowBounds.byteOffset + 8 * start,
        rows,
        this.dimension,
        this.frame.unit,
      ],
    }));
    await this.#engine.run(tasks, signal);
  }

  #tasks(make: (start: number, rows: number) => Task): Task[] {
    const shared = Math.ceil(this.count / (8 * this.#engine.threads));
    const step = Math.max(LEAST_ROWS, Math.min(MOST_ROWS, shared));
    const tasks: Task[] = [];
    for (let start = 0; start < this.count; start += step) tasks.push(make(start, Math.min(step, this.count - start)));
    return tasks;
  }

  /** Bounds that hold for the centres of the last assignment; fresh ones where there are none that could go on. */
  #boundsOf(centers: Points, algorithm: AssignmentAlgorithm): Bounds {
    const known = this.#bounds;
    const kept = known?.algorithm === algorithm && known.centers.count === centers.count;
    if (kept && algorithm !== 'lloyd') return known;
    this.labels.fill(-1);
    if (kept) return { ...known, centers };
    this.#boundsScope?.[Symbol.dispose]();
    this.#boundsScope = this.#engine.arena.scope();
    const line = algorithm === 'elkan' ? centerLine(centers.count) : 1;
    return {
      algorithm,
      centers,
      uppers: this.#boundsScope.allocate('f32', this.count),
      lowers: this.#boundsScope.allocate('f32', this.count * line),
    };
  }

  /** Forgets the labels and the bounds: the next assignment looks at every point. Sums go on from what they are. */
  forget(): void {
    this.#bounds = undefined;
    this.labels.fill(-1);
  }

  #startSums(clusterCount: number): void {
    const blocks = Math.ceil(this.count / BLOCK_ROWS);
    const partCount = Math.min(blocks, 8 * this.#engine.threads);
    const length = 2 * clusterCount * (this.dimension + 1);
    this.#sums = {
      clusterCount,
      partCount,
      length,
      counted: this.#scope.allocate('i32', this.count).fill(-1),
      total: this.#scope.allocate('i64', length).fill(0n),
      parts: this.#scope.allocate('i64', partCount * length).fill(0n),
    };
  }

  #readSums(clusterCount: number): Omit<ClusterSums, 'changed'> {
    const { total } = this.#sums!;
    const words = new Int32Array(total.buffer, total.byteOffset, 2 * total.length);
    const read = (at: number) => words[2 * at + 1]! * 2 ** 32 + (words[2 * at]! >>> 0);
    const { dimension } = this;
    const sums = new Float64Array(clusterCount * dimension);
    const totals = new Float64Array(clusterCount);
    for (let k = 0; k < clusterCount; k++) {
      const at = 2 * k * (dimension + 1);
      for (let j = 0; j <= dimension; j++) {
        const value = (read(at + j) + read(at + dimension + 1 + j) / this.#lowScale) / this.#scales[j]!;
        if (j < dimension) sums[k * dimension + j] = value;
        else totals[k] = value;
      }
    }
    return { sums, totals };
  }
}

interface Sums {
  readonly clusterCount: number;
  readonly partCount: number;
  /** Numbers of a part. */
  readonly length: number;
  /** The cluster whose sum each point is in. */
  readonly counted: Int32Array;
  readonly total: BigInt64Array;
  readonly parts: BigInt64Array;
}

interface Placed extends Points {
  readonly frame: Frame;
  readonly meanVariance: number;
  /** By coordinate: the greatest absolute value. */
  readonly greatest: Float64Array;
}

/** A frame around the mean of points in the engine's memory. */
async function place(engine: Engine, points: Points, signal?: AbortSignal): Promise<Placed> {
  const { values, count, dimension } = points;
  using scope = engine.arena.scope();
  const shifts = values.slice(0, dimension);
  const shiftsAt = scope.copy('f64', shifts).byteOffset;
  const partials: Float64Array[] = [];
  const tasks: Task[] = [];
  for (let start = 0; start < count; start += BLOCK_ROWS) {
    const partial = scope.allocate('f64', 4 * dimension);
    partials.push(partial);
    const rows = Math.min(BLOCK_ROWS, count - start);
    const offsets = [values.byteOffset + 8 * start * dimension, shiftsAt, partial.byteOffset];
    tasks.push({ kernel: 'point_extents_f64', values: [...offsets, rows, dimension] });
  }
  await engine.run(tasks, signal);
  const [least, most] = [new Float64Array(dimension).fill(Infinity), new Float64Array(dimension).fill(-Infinity)];
  for (const partial of partials) {
    for (let j = 0; j < dimension; j++) {
      least[j] = Math.min(least[j]!, partial[j]!);
      most[j] = Math.max(most[j]!, partial[dimension + j]!);
    }
  }
  const sums = mergePartials(partials.map((partial) => partial.slice(2 * dimension)));
  const center = shifts.map((shift, j) => shift + sums[j]! / count);
  let [spread, variance] = [0, 0];
  for (let j = 0; j < dimension; j++) {
    // Differences of huge numbers have no number: their middle is one between them.
    if (!(Math.abs(center[j]!) < Number.POSITIVE_INFINITY)) center[j] = least[j]! / 2 + most[j]! / 2;
    spread = Math.max(spread, most[j]! - center[j]!, center[j]! - least[j]!);
    variance += Math.max(0, sums[dimension + j]! / count - (sums[j]! / count) ** 2) / dimension;
  }
  if (spread > MOST_SPREAD || (spread > 0 && spread < LEAST_SPREAD)) {
    throw new LanewiseError(
      'data',
      `Expected points that lie between 1e-140 and 1e150 apart but some differ by ${spread}`,
      { hint: 'Squares of such distances have no number: measure the columns in other units.' },
    );
  }
  const unit = candidateUnit(Float64Array.of(spread), 1, new Float64Array(1));
  const greatest = least.map((low, j) => Math.max(Math.abs(low), Math.abs(most[j]!)));
  return { ...points, frame: { center, unit }, meanVariance: variance, greatest };
}

/** Half the distance from each centre to the nearest other, in the frame's unit, rounded down. */
function halvesOf(centers: Points, unit: number): Float32Array {
  const { count, dimension } = centers;
  const halves = new Float32Array(count);
  if (count * count * dimension > MOST_BETWEEN || count === 1) return halves;
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const distance = squaredDistance(centers, a, centers, b);
      if (distance < nearest[a]!) nearest[a] = distance;
      if (distance < nearest[b]!) nearest[b] = distance;
    }
  }
  return halves.map((_, k) => 0.5 * Math.sqrt(nearest[k]!) * unit * (1 - 2 ** -22));
}

/** The power of two that brings `size` to 2^bits at most, and near it. */
function scaleOf(size: number, bits: number): number {
  let scale = 2 ** bits;
  if (!(size > 0)) return scale;
  while (size * scale > 2 ** bits) scale /= 2;
  while (size * scale * 2 <= 2 ** bits && scale < 2 ** 1000) scale *= 2;
  return scale;
}

function log2(count: number): number {
  let bits = 0;
  while (2 ** bits < count) bits++;
  return bits;
}
