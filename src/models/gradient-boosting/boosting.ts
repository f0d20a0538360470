import type { Engine, Task } from '../../engine/engine.js';
import { randomKey } from '../../engine/random.js';
import { MemoryRows } from '../../engine/row-store.js';
import { TreeWorkspace } from '../../engine/tree-workspace.js';
import { ArenaBlock, type BinnedRows } from '../../engine/trees.js';
import { Breather } from '../../engine/turn.js';
import type { HistoryPoint, Progress } from '../../table/interfaces.js';
import { Stopping } from '../../training/stopping.js';
import type { FeatureBins } from '../binning/index.js';
import type { FeatureConstraints } from './constraints.js';
import { measureCover } from './cover.js';
import { Grower, type GrowerOptions, type GrownNode, leavesOf } from './grower.js';
import { growerOptions, setLeafValues, treeRules } from './growing.js';
import { histogramsFor } from './histogram.js';
import { type BoostingLoss, softmax } from './loss.js';
import type { GradientBoostingParameters } from './parameters.js';

/** Rows on which the training loss of a round is reported, spread evenly; all of them where there are fewer. */
export const LOSS_ROWS = 10_000;
const BLOCK_ROWS = 65_536;

export interface BoostingOptions extends GradientBoostingParameters {
  readonly constraints: FeatureConstraints;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** What boosting learns from. Rows index the binned data, `targets` and `weights`. */
export interface BoostingData {
  readonly rows: BinnedRows;
  readonly bins: readonly FeatureBins[];
  readonly targets: Float64Array;
  readonly weights?: Float64Array;
  /** Ascending. */
  readonly training: Uint32Array;
  /** Ascending; empty: no early stopping. */
  readonly validation: Uint32Array;
}

export interface Boosted {
  readonly base: Float64Array;
  /** Trees in order of growth, output by output within a round; only those of the rounds kept. */
  readonly trees: readonly GrownNode[];
  readonly history: readonly HistoryPoint[];
  readonly bestIteration: number;
  readonly stopped: 'converged' | 'no improvement' | 'rounds used up';
}

/** Gradient boosting (Friedman, 2001) with Newton steps on histograms. */
export async function boost(
  engine: Engine,
  data: BoostingData,
  loss: BoostingLoss,
  options: BoostingOptions,
): Promise<Boosted> {
  using run = new BoostingRun(engine, data, loss, options);
  return await run.boost();
}

class BoostingRun implements Disposable {
  readonly #data: BoostingData;
  readonly #loss: BoostingLoss;
  readonly #options: BoostingOptions;
  readonly #growing: GrowerOptions;
  readonly #rows: MemoryRows;
  readonly #workspace: TreeWorkspace;
  readonly #engine: Engine;
  readonly #raw: readonly ArenaBlock<'f64'>[];
  readonly #activated: readonly ArenaBlock<'f64'>[];
  readonly #lossRows: Uint32Array;
  readonly #breather = new Breather();

  constructor(engine: Engine, data: BoostingData, loss: BoostingLoss, options: BoostingOptions) {
    this.#data = data;
    this.#loss = loss;
    this.#options = options;
    const { rowCount } = data.rows;
    const mostLeaves = Math.max(2, Math.floor(data.training.length / options.minSamplesLeaf));
    const leaves = Math.min(options.maxLeafNodes ?? mostLeaves, mostLeaves);
    this.#growing = growerOptions(options, leaves);
    const binCounts = data.bins.map((bins) => (bins.categorical ? 0 : bins.binCount));
    const bins = data.bins.map(({ binCount }) => binCount);
    const sizes = { histograms: histogramsFor(data.bins.length, leaves), leaves, bins };
    this.#rows = new MemoryRows(engine, data.rows);
    this.#workspace = new TreeWorkspace(engine, this.#rows, binCounts, sizes, options.constraints.monotone);
    this.#engine = engine;
    const blocks = () => Array.from({ length: loss.outputs }, () => new ArenaBlock(engine.arena, 'f64', rowCount));
    this.#raw = blocks();
    this.#activated = loss.activation === 'none' ? this.#raw : blocks();
    this.#lossRows = spread(data.training, LOSS_ROWS);
  }

  async boost(): Promise<Boosted> {
    const { maxIter, nIterNoChange, tol, onProgress } = this.#options;
    const { training, validation, targets, weights } = this.#data;
    const base = this.#loss.base(targets, training, weights);
    this.#raw.forEach((block, output) => {
      block.values.fill(base[output]!);
    });
    const trees: GrownNode[] = [];
    const history: HistoryPoint[] = [];
    const start = validation.length > 0 ? await this.#meanLoss(validation) : 0;
    const stopping = new Stopping({ patience: nIterNoChange, tolerance: tol, start });
    let stopped: Boosted['stopped'] = 'rounds used up';
    for (let iteration = 1; iteration <= maxIter; iteration++) {
      const grown = await this.#round(iteration);
      if (grown.every((tree) => !tree.split)) {
        stopped = 'converged';
        break;
      }
      trees.push(...grown);
      const point = await this.#measure(iteration);
      history.push(point);
      const metrics = {
        loss: point.loss,
        ...(point.validationLoss !== undefined && { validationLoss: point.validationLoss }),
      };
      onProgress?.({ what: 'tree', done: iteration, total: maxIter, metrics });
      if (point.validationLoss === undefined) continue;
      if (stopping.next(point.validationLoss) === 'stop') {
        stopped = 'no improvement';
        break;
      }
    }
    const bestIteration = validation.length > 0 ? Math.max(1, stopping.bestIteration) : history.length;
    return { base, trees: trees.slice(0, bestIteration * this.#loss.outputs), history, bestIteration, stopped };
  }

  /** Grows the trees of one round, one an output, and adds them to the raw predictions. */
  async #round(iteration: number): Promise<GrownNode[]> {
    // All outputs' derivatives are of the predictions before the round.
    await this.#activate();
    const trees: GrownNode[] = [];
    for (let output = 0; output < this.#loss.outputs; output++) {
      await this.#derive(output);
      trees.push(await this.#grow(iteration, output));
    }
    return trees;
  }

  /** Fills `#activated`: for the squared error it is the raw predictions themselves. */
  async #activate(): Promise<void> {
    const { rowCount } = this.#data.rows;
    const { signal } = this.#options;
    if (this.#loss.activation === 'none') return;
    const blocks = Array.from({ length: Math.ceil(rowCount / BLOCK_ROWS) }, (_, block) => block * BLOCK_ROWS);
    const rowsFrom = (start: number) => Math.min(BLOCK_ROWS, rowCount - start);
    if (this.#loss.activation === 'sigmoid') {
      const [raw, activated] = [this.#raw[0]!.offset, this.#activated[0]!.offset];
      const tasks = blocks.map((start): Task => {
        return { kernel: 'sigmoid_f64', values: [raw + 8 * start, activated + 8 * start, rowsFrom(start)] };
      });
      await this.#engine.run(tasks, signal);
      return;
    }
    for (const start of blocks) {
      const [raw, activated] = [this.#raw, this.#activated].map((all) => all.map((block) => block.values));
      softmax(raw!, activated!, start, start + rowsFrom(start));
      await this.#breather.breathe(signal);
    }
  }

  async #derive(output: number): Promise<void> {
    const { targets, weights, validation, rows } = this.#data;
    const { signal } = this.#options;
    for (let start = 0; start < rows.rowCount; start += BLOCK_ROWS) {
      const end = Math.min(rows.rowCount, start + BLOCK_ROWS);
      const gradients = this.#rows.gradients.values;
      const hessians = this.#rows.hessians.values;
      const activated = this.#activated.map((block) => block.values);
      this.#loss.derivatives(targets, activated, output, gradients, hessians, start, end);
      if (weights) {
        for (let row = start; row < end; row++) {
          gradients[row]! *= weights[row]!;
          hessians[row]! *= weights[row]!;
        }
      }
      await this.#breather.breathe(signal);
    }
    // Validation rows are never learnt from, nor do they set the scale of the quantisation.
    const gradients = this.#rows.gradients.values;
    const hessians = this.#rows.hessians.values;
    for (const row of validation) {
      gradients[row] = 0;
      hessians[row] = 0;
    }
  }

  async #grow(iteration: number, output: number): Promise<GrownNode> {
    const { signal, seed, learningRate } = this.#options;
    const workspace = this.#workspace;
    const units = await workspace.quantise(randomKey(seed, 'gradients', iteration, output), signal);
    const { training, validation, bins } = this.#data;
    const rules = treeRules(this.#options, iteration, output);
    const rows = await workspace.begin(training, validation);
    const root: GrownNode = { rows, depth: 0, rules: rules.root(), value: 0 };
    await new Grower(workspace, bins, this.#growing, units, rules).grow(root, signal);
    const { weights } = this.#data;
    await measureCover(root, workspace, weights && (() => weights));
    const leaves = leavesOf(root);
    const nodes = leaves.map((leaf) => leaf.rows);
    const sums = await workspace.leafSums(nodes, signal);
    setLeafValues(leaves, sums, this.#growing, learningRate);
    const values = leaves.map((leaf) => leaf.value);
    const raw = this.#raw[output]!.offset;
    await workspace.addToLeaves(nodes, values, ({ firstRow }) => raw + 8 * firstRow, signal);
    return root;
  }

  async #measure(iteration: number): Promise<HistoryPoint> {
    const { validation } = this.#data;
    const loss = await this.#meanLoss(this.#lossRows);
    return validation.length > 0
      ? { iteration, loss, validationLoss: await this.#meanLoss(validation) }
      : { iteration, loss };
  }

  /** The weighted mean loss of some rows. */
  async #meanLoss(rows: Uint32Array): Promise<number> {
    const { targets, weights } = this.#data;
    let [sum, total] = [0, 0];
    for (let start = 0; start < rows.length; start += BLOCK_ROWS) {
      const raw = this.#raw.map((block) => block.values);
      const end = Math.min(rows.length, start + BLOCK_ROWS);
      for (let i = start; i < end; i++) {
        const row = rows[i]!;
        const weight = weights ? weights[row]! : 1;
        sum += weight * this.#loss.loss(targets[row]!, raw, row);
        total += weight;
      }
      await this.#breather.breathe(this.#options.signal);
    }
    return total > 0 ? sum / total : 0;
  }

  [Symbol.dispose](): void {
    this.#workspace[Symbol.dispose]();
    this.#rows[Symbol.dispose]();
    for (const block of new Set([...this.#raw, ...this.#activated])) block[Symbol.dispose]();
  }
}

/** At most `most` of the rows, evenly spread. */
function spread(rows: Uint32Array, most: number): Uint32Array {
  if (rows.length <= most) return rows;
  return Uint32Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)]!);
}
