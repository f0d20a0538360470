import type { Table } from 'apache-arrow';
import { principalStart, randomStart } from '../../engine/embedding/start.js';
import { TsneDescent } from '../../engine/embedding/tsne-descent.js';
import { defaultEngine } from '../../engine/engine.js';
import type { Points } from '../../engine/neighbors/points.js';
import { Breather } from '../../engine/turn.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { HistoryPoint, TrainingWarning } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { jointProbabilities } from './affinities.js';
import { type Embedding, type EmbeddingOptions, pointsToEmbed } from './embedding.js';
import { type TsneParameters, tsneParameters } from './parameters.js';

/** Iterations in which neighbours attract more strongly, and between two looks at the divergence. */
const EXAGGERATED = 250;
const LOOK = 50;
const LEAST_GAIN = 0.01;

export interface TsneEmbedding extends Embedding {
  readonly method: 't-sne';
  readonly klDivergence: number;
  readonly history: readonly HistoryPoint[];
  /** As it was used: less than asked for where there are too few rows. */
  readonly perplexity: number;
}

/**
 * t-SNE: places rows in two or three dimensions so that neighbours stay neighbours (van der Maaten and Hinton, 2008), by
 * the tree of Barnes and Hut (van der Maaten, 2014), with scikit-learn's schedule: 250 exaggerated iterations of momentum
 * 0.5, then momentum 0.8, gains by coordinate. The same seed gives the same bits on every backend and number of threads.
 * It has no transform: a new row has no place in a finished picture (take Umap).
 */
export class Tsne {
  readonly name = 't-sne';
  readonly parameters: TsneParameters;

  constructor(parameters: Partial<TsneParameters> = {}) {
    this.parameters = checkParameters('Tsne', tsneParameters, parameters);
  }

  /**
   * @param data a table, whose numeric features are taken, or points
   * @throws LanewiseError `data` for categories, missing or infinite values and fewer than two rows; `cancelled`
   */
  async fitTransform(data: Table | Points, options: EmbeddingOptions = {}): Promise<TsneEmbedding> {
    const { signal, seed = 0 } = options;
    throwIfCancelled(signal);
    const deadline = new Deadline(options.timeBudget);
    const points = pointsToEmbed(this.name, data);
    const engine = options.engine ?? (await defaultEngine());
    const { nComponents, init, angle } = this.parameters;
    const { perplexity, warnings } = this.#perplexityFor(points.count);
    const graph = await jointProbabilities(engine, points, perplexity, this.parameters.metric, signal);
    using descent = new TsneDescent(engine, graph, nComponents, angle);
    const start =
      init === 'random'
        ? randomStart(points.count, nComponents, seed)
        : spreadOut(await principalStart(engine, points, nComponents, seed, signal), nComponents);
    for (let i = 0; i < start.length; i++) descent.positions[i] = start[i]! * 1e-4;
    const { iterations, verdict, history, klDivergence } = await this.#descend(descent, options, deadline);
    const coordinates = descent.positions.slice();
    const outcome = { coordinates, iterations, verdict, history, klDivergence, perplexity, warnings };
    return { method: 't-sne', rows: points.count, nComponents, ...outcome };
  }

  /** No more than a third of the other rows: beyond, the weights of all would be alike. */
  #perplexityFor(rows: number): { perplexity: number; warnings: readonly TrainingWarning[] } {
    const { perplexity } = this.parameters;
    const most = Math.max(1, (rows - 1) / 3);
    if (perplexity <= most) return { perplexity, warnings: [] };
    const message = `perplexity ${perplexity} is too much for ${rows} rows: ${Number(most.toPrecision(4))} was taken`;
    return { perplexity: most, warnings: [{ name: 'perplexity-lowered', message }] };
  }

  async #descend(descent: TsneDescent, { signal, onProgress }: EmbeddingOptions, deadline: Deadline) {
    const { maxIter, earlyExaggeration, learningRate } = this.parameters;
    const rate =
      learningRate === 'auto' ? Math.max(descent.count / earlyExaggeration / 4, 50) : (learningRate as number);
    const breather = new Breather();
    const history: HistoryPoint[] = [];
    let steps = new Steps(descent);
    let ended: string | undefined;
    let iterations = 0;
    for (; iterations < maxIter && ended === undefined; iterations++) {
      const isEarly = iterations < EXAGGERATED;
      // As scikit-learn, the second phase begins at rest.
      if (iterations === EXAGGERATED) steps = new Steps(descent);
      const normalizer = await descent.gradient(isEarly ? earlyExaggeration : 1, signal);
      const done = iterations + 1;
      const looks = done % LOOK === 0 || done === maxIter;
      // Of the positions before the step, whose normaliser is known.
      const loss = looks ? await descent.divergence(normalizer, signal) : Number.NaN;
      const length = steps.take(rate, isEarly ? 0.5 : 0.8);
      await breather.breathe(signal);
      if (looks) {
        history.push({ iteration: done, loss });
        onProgress?.({ what: 'iteration', done, total: maxIter, metrics: { klDivergence: loss } });
        ended = this.#endOf(history, length);
      }
      if (deadline.passed) ended = `time budget of ${deadline.seconds} s used up`;
    }
    const verdict = ended ? `${ended}, after ${iterations} of ${maxIter} iterations` : `all ${maxIter} iterations done`;
    const klDivergence = await descent.divergence(await descent.gradient(1, signal), signal);
    return { iterations, verdict, history, klDivergence };
  }

  /** Why there is no more to be gained, if so. Exaggerated iterations have a divergence of their own. */
  #endOf(history: readonly HistoryPoint[], gradientLength: number): string | undefined {
    const { minGradNorm, nIterWithoutProgress } = this.parameters;
    if (gradientLength <= minGradNorm) return `the gradient is shorter than ${minGradNorm}`;
    const counted = history.filter(({ iteration }) => iteration > EXAGGERATED);
    const best = counted.reduce((a, b) => (b.loss < a.loss ? b : a), counted[0]!);
    if (counted.length === 0 || counted.at(-1)!.iteration - best.iteration <= nIterWithoutProgress) return undefined;
    return `the divergence did not fall for ${nIterWithoutProgress} iterations`;
  }
}

/** Momentum and gains by coordinate (Jacobs, "Increased rates of convergence through learning rate adaptation", 1988). */
class Steps {
  readonly #descent: TsneDescent;
  readonly #moves: Float64Array;
  readonly #gains: Float64Array;

  constructor(descent: TsneDescent) {
    this.#descent = descent;
    this.#moves = new Float64Array(descent.positions.length);
    this.#gains = new Float64Array(descent.positions.length).fill(1);
  }

  /** Moves the positions by the gradients; returns the gradient's length. */
  take(rate: number, momentum: number): number {
    const { positions, gradients } = this.#descent;
    const [moves, gains] = [this.#moves, this.#gains];
    let squares = 0;
    for (let i = 0; i < gains.length; i++) {
      const gradient = gradients[i]!;
      const turned = moves[i]! * gradient < 0;
      gains[i] = Math.max(LEAST_GAIN, turned ? gains[i]! + 0.2 : gains[i]! * 0.8);
      squares += gradient * gradient;
      moves[i] = momentum * moves[i]! - rate * gains[i]! * gradient;
      positions[i] = positions[i]! + moves[i]!;
    }
    return Math.sqrt(squares);
  }
}

/** In units of the first column's deviation. */
function spreadOut(start: Float64Array, dimension: number): Float64Array {
  const count = start.length / dimension;
  let mean = 0;
  for (let i = 0; i < count; i++) mean += start[i * dimension]! / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (start[i * dimension]! - mean) ** 2;
  const deviation = Math.sqrt(squares / count) || 1;
  return start.map((value) => value / deviation);
}
