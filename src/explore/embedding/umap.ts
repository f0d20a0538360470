import type { Table } from 'apache-arrow';
import { componentStart } from '../../engine/embedding/component-start.js';
import { componentsOf, filtered, graphOfNeighbors, type SparseGraph } from '../../engine/embedding/sparse-graph.js';
import { principalStart, randomStart, spectralStart } from '../../engine/embedding/start.js';
import { type LayoutCurve, UmapLayout } from '../../engine/embedding/umap-layout.js';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { neighborSearch } from '../../engine/neighbors/index.js';
import type { Neighbors, Points } from '../../engine/neighbors/points.js';
import { randomKey, stream } from '../../engine/random.js';
import { invalid, LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { TrainingWarning } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { fuzzyGraph } from './affinities.js';
import { type Embedding, type EmbeddingOptions, pointsToEmbed, requireNear } from './embedding.js';
import { fuzzyMemberships, similarityCurve } from './fuzzy-set.js';
import { type UmapParameters, umapParameters } from './parameters.js';

/** The first positions lie within so many units along each axis. */
const FIRST_SIDE = 10;
/** Rows beyond which fewer epochs do. */
const MANY_ROWS = 10_000;

export interface UmapEmbedding extends Embedding {
  readonly method: 'umap';
}

/**
 * UMAP: places rows in two or three dimensions by a layout of their neighbourhood graph (McInnes, Healy, Melville, "UMAP:
 * uniform manifold approximation and projection", 2018). The usual layout moves two points at a time, in the order in which
 * threads get there; here each point walks along its own neighbours while all others stand where they were before the
 * epoch, and points at random are drawn by epoch and neighbour: the same seed gives the same bits on every backend and
 * number of threads.
 */
export class Umap {
  readonly name = 'umap';
  readonly parameters: UmapParameters;

  constructor(parameters: Partial<UmapParameters> = {}) {
    this.parameters = checkParameters('Umap', umapParameters, parameters);
    const { minDist, spread } = this.parameters;
    if (minDist > spread) throw invalid('Umap.minDist', `a number in [0, ${spread}], the spread`, minDist);
  }

  /** The coordinates of the rows. See `fit`. */
  async fitTransform(data: Table | Points, options: EmbeddingOptions = {}): Promise<UmapEmbedding> {
    return (await this.fit(data, options)).embedding;
  }

  /**
   * @param data a table, whose numeric features are taken, or points
   * @throws LanewiseError `data` for categories, missing or infinite values and fewer than two rows; `cancelled`
   */
  async fit(data: Table | Points, options: EmbeddingOptions = {}): Promise<FittedUmap> {
    const { signal } = options;
    throwIfCancelled(signal);
    const deadline = new Deadline(options.timeBudget);
    const points = pointsToEmbed(this.name, data);
    const engine = options.engine ?? (await defaultEngine());
    const { nNeighbors, nComponents, metric, nEpochs, minDist, spread, repulsionStrength } = this.parameters;
    const warnings: TrainingWarning[] = [];
    const neighbors = Math.min(nNeighbors, points.count);
    if (neighbors < nNeighbors) {
      const message = `nNeighbors ${nNeighbors} is more than there are rows: ${neighbors} was taken`;
      warnings.push({ name: 'neighbors-lowered', message });
    }
    const graph = await fuzzyGraph(engine, points, neighbors, metric, signal);
    const curve: LayoutCurve = { ...(await similarityCurve(minDist, spread, signal)), repulsionStrength };
    const start = await this.#start(engine, points, graph, warnings, options);
    const epochs = nEpochs ?? (points.count <= MANY_ROWS ? 500 : 200);
    const work: Work = { engine, parameters: this.parameters, options, deadline, curve, start, epochs };
    const { positions, done, verdict } = await lay(work, rated(graph, epochs));
    const embedding: UmapEmbedding = {
      method: 'umap',
      rows: points.count,
      nComponents,
      coordinates: positions,
      iterations: done,
      verdict,
      warnings,
    };
    return new FittedUmap(this.parameters, points, embedding, curve, epochs);
  }

  async #start(
    engine: Engine,
    points: Points,
    graph: SparseGraph,
    warnings: TrainingWarning[],
    { seed = 0, signal }: EmbeddingOptions,
  ): Promise<Float64Array> {
    const { nComponents, init } = this.parameters;
    if (init === 'random') {
      const random = stream(seed, 'embedding-start');
      return Float64Array.from({ length: points.count * nComponents }, () => FIRST_SIDE * random.uniform());
    }
    const start =
      init === 'spectral'
        ? await spectralOrParts(engine, points, graph, nComponents, warnings, seed, signal)
        : await principalStart(engine, points, nComponents, seed, signal);
    return withinSide(start, nComponents, seed);
  }
}

async function spectralOrParts(
  engine: Engine,
  points: Points,
  graph: SparseGraph,
  dimension: number,
  warnings: TrainingWarning[],
  seed: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const components = componentsOf(graph);
  const parts = components.reduce((most, component) => Math.max(most, component + 1), 0);
  if (parts === 1) {
    return points.count < dimension + 2
      ? principalStart(engine, points, dimension, seed, signal)
      : spectralStart(engine, graph, dimension, seed, signal);
  }
  const message = `the neighbourhoods fall into ${parts} parts that nothing joins: each is laid out for itself, and where they lie to each other means little`;
  warnings.push({ name: 'disconnected', message });
  return componentStart(engine, points, graph, components, dimension, seed, signal);
}

/** Positions from 0 to FIRST_SIDE along each axis, a little shaken: rows that are doubles must be able to part. */
function withinSide(start: Float64Array, dimension: number, seed: number): Float64Array {
  const largest = start.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const noise = randomStart(start.length / dimension, dimension, seed);
  const shaken = start.map((value, i) => (FIRST_SIDE * value) / largest + 1e-4 * noise[i]!);
  for (let c = 0; c < dimension; c++) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = c; i < shaken.length; i += dimension) {
      low = Math.min(low, shaken[i]!);
      high = Math.max(high, shaken[i]!);
    }
    for (let i = c; i < shaken.length; i += dimension)
      shaken[i] = (FIRST_SIDE * (shaken[i]! - low)) / (high - low || 1);
  }
  return shaken;
}

/** Weights as shares of the largest: how often an epoch visits the edge. Edges that no epoch would visit are left out. */
function rated(graph: SparseGraph, epochs: number): SparseGraph {
  let most = 0;
  for (const value of graph.values) most = Math.max(most, value);
  const kept = filtered(graph, (value) => value >= most / epochs);
  return { ...kept, values: kept.values.map((value) => value / most) };
}

interface Work {
  readonly engine: Engine;
  readonly parameters: UmapParameters;
  readonly options: EmbeddingOptions;
  readonly deadline: Deadline;
  readonly curve: LayoutCurve;
  readonly start: Float64Array;
  readonly epochs: number;
  /** Coordinates of the rows that stand: those in `start` are new. */
  readonly fixed?: Float64Array;
}

async function lay({ engine, parameters, options, deadline, curve, start, epochs, fixed }: Work, graph: SparseGraph) {
  const { nComponents, negativeSampleRate, learningRate } = parameters;
  const { signal, onProgress, seed = 0 } = options;
  const key = randomKey(seed, fixed ? 'umap-transform' : 'umap');
  const layoutOptions = { curve, negatives: negativeSampleRate, key, dimension: nComponents };
  using layout = new UmapLayout(engine, graph, layoutOptions, fixed);
  layout.positions.set(start);
  let done = 0;
  while (done < epochs && !(done > 0 && deadline.passed)) {
    await layout.epoch(done + 1, learningRate * (1 - done / epochs), signal);
    done++;
    onProgress?.({ what: 'epoch', done, total: epochs });
  }
  const verdict =
    done < epochs
      ? `time budget of ${deadline.seconds} s used up after ${done} of ${epochs} epochs`
      : `all ${epochs} epochs done`;
  return { positions: layout.positions.slice(), done, verdict };
}

/** A finished layout, in which new rows find their place. */
export class FittedUmap {
  readonly parameters: UmapParameters;
  readonly embedding: UmapEmbedding;
  readonly #points: Points;
  readonly #curve: LayoutCurve;
  readonly #epochs: number;

  constructor(
    parameters: UmapParameters,
    points: Points,
    embedding: UmapEmbedding,
    curve: LayoutCurve,
    epochs: number,
  ) {
    this.parameters = parameters;
    this.embedding = embedding;
    this.#points = points;
    this.#curve = curve;
    this.#epochs = epochs;
  }

  /**
   * Places new rows among those that were fitted, which stay: from the weighted mean of their neighbours on, for a third of
   * the epochs. Each row's place depends on no other new row but through its index, which keys its random numbers.
   * @throws LanewiseError `data` for other columns than those that were fitted
   */
  async transform(data: Table | Points, options: EmbeddingOptions = {}): Promise<UmapEmbedding> {
    const { signal } = options;
    const deadline = new Deadline(options.timeBudget);
    const points = pointsToEmbed('umap', data, 1);
    if (points.dimension !== this.#points.dimension) {
      const received = `${points.dimension} columns`;
      throw new LanewiseError(
        'data',
        `Expected the ${this.#points.dimension} columns of the fit but received ${received}`,
      );
    }
    const engine = options.engine ?? (await defaultEngine());
    const { nNeighbors, nComponents, metric } = this.parameters;
    const k = Math.min(nNeighbors, this.#points.count);
    using search = await neighborSearch(engine, this.#points, { metric, signal });
    const found = await search.nearest(points, k, { signal });
    requireNear('umap', found);
    const memberships = await fuzzyMemberships(found, points.count, signal);
    const start = this.#meansOf(found, memberships, points.count);
    const epochs = Math.max(1, Math.floor(this.#epochs / 3));
    const graph = rated(
      await graphOfNeighbors(found.indices, memberships, points.count, signal, this.#points.count),
      epochs,
    );
    const fixed = this.embedding.coordinates;
    const parameters = { ...this.parameters, learningRate: this.parameters.learningRate / 4 };
    const work: Work = { engine, parameters, options, deadline, curve: this.#curve, start, epochs, fixed };
    const { positions, done, verdict } = await lay(work, graph);
    const shape = { method: 'umap', rows: points.count, nComponents } as const;
    return { ...shape, coordinates: positions, iterations: done, verdict, warnings: [] };
  }

  #meansOf({ indices }: Neighbors, memberships: Float64Array, count: number): Float64Array {
    const { coordinates, nComponents } = this.embedding;
    const k = indices.length / count;
    const means = new Float64Array(count * nComponents);
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (let at = i * k; at < (i + 1) * k; at++) sum += memberships[at]!;
      for (let at = i * k; at < (i + 1) * k; at++) {
        const share = memberships[at]! / sum;
        for (let c = 0; c < nComponents; c++) {
          means[i * nComponents + c]! += share * coordinates[indices[at]! * nComponents + c]!;
        }
      }
    }
    return means;
  }
}
