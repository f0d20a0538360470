import type { Engine, Task } from '../../../engine/engine.js';
import { randomKey } from '../../../engine/random.js';
import type { RowWindow, Uses } from '../../../engine/row-store.js';
import { Role, type SpilledRows, type SpilledWindow } from '../../../engine/spilled-rows.js';
import { TreeWorkspace } from '../../../engine/tree-workspace.js';
import { Breather } from '../../../engine/turn.js';
import type { HistoryPoint } from '../../../table/interfaces.js';
import { Stopping } from '../../../training/stopping.js';
import type { FeatureBins } from '../../binning/index.js';
import type { Boosted, BoostingOptions } from '../boosting.js';
import { measureCover } from '../cover.js';
import { Grower, type GrowerOptions, type GrownNode, leavesOf } from '../grower.js';
import { growerOptions, setLeafValues, treeRules } from '../growing.js';
import { histogramsFor } from '../histogram.js';
import { normalizeTask } from '../kernel-losses.js';
import type { KernelLoss, RowBlock } from '../loss.js';
import { LOSS_ROWS } from '../loss-state.js';
import { drawsAnew } from '../sampling.js';
import { type Scales, unscaledSums, unscaledUnits } from '../scales.js';
import { StreamedBase } from './base.js';
import { viewsOf } from './spilled-data.js';
import { SpilledSampling } from './spilled-sampling.js';
import { StreamedMean } from './streamed-mean.js';
import { rowsWith } from './survey.js';

const BLOCK_ROWS = 65_536;
/** Nodes that may be parted ahead of their turn, for each leaf of a tree. */
const NODES_A_LEAF = 8;

const uses = (read: Uses['read'], write: Uses['write'] = []): Uses => ({ read, write });
const BASE = uses(['targets', 'weights', 'roles']);
const START = uses([], ['raw']);
const NORMALIZE = uses(['raw'], ['normalizers']);
const DERIVE = uses(['targets', 'weights', 'roles', 'raw', 'normalizers'], ['gradients', 'hessians']);
const MEASURE = uses(['targets', 'weights', 'roles', 'raw']);

export interface SpilledData {
  readonly rows: SpilledRows;
  readonly bins: readonly FeatureBins[];
  /** Rows that are learnt from, and rows that are only measured on. */
  readonly learnt: number;
  readonly followed: number;
  readonly weighted: boolean;
}

/**
 * The boosting of ../boosting.ts on rows in a file, window after window, to the same bits: whatever is summed is whole
 * numbers, or summed in the order of the rows.
 */
export class SpilledBoosting implements Disposable {
  readonly #engine: Engine;
  readonly #data: SpilledData;
  readonly #loss: KernelLoss;
  readonly #options: BoostingOptions;
  readonly #growing: GrowerOptions;
  readonly #workspace: TreeWorkspace;
  readonly #sampling: SpilledSampling;
  readonly #breather = new Breather();
  #scales: Scales = { gradientScale: 1, hessianScale: 1 };

  constructor(engine: Engine, data: SpilledData, loss: KernelLoss, options: BoostingOptions) {
    this.#engine = engine;
    this.#data = data;
    this.#loss = loss;
    this.#options = options;
    const mostLeaves = Math.max(2, Math.floor(data.learnt / options.minSamplesLeaf));
    const leaves = Math.min(options.maxLeafNodes ?? mostLeaves, mostLeaves);
    this.#growing = growerOptions(options, leaves);
    const binCounts = data.bins.map((bins) => (bins.categorical ? 0 : bins.binCount));
    // Every open leaf may have been parted ahead, and its child has a histogram too.
    const histograms = histogramsFor(data.bins.length, 2 * leaves);
    const sizes = { histograms, leaves, nodes: NODES_A_LEAF * leaves };
    this.#sampling = new SpilledSampling(engine, data.rows, data.learnt, options);
    try {
      this.#workspace = new TreeWorkspace(engine, data.rows, binCounts, sizes, options.constraints.monotone);
    } catch (error) {
      this.#sampling[Symbol.dispose]();
      throw error;
    }
  }

  async boost(): Promise<Boosted> {
    const { maxIter, nIterNoChange, tol, onProgress, deadline } = this.#options;
    const found = await this.#base();
    const base = this.#options.base ?? found.base;
    this.#scales = found.scales;
    await this.#eachWindow(START, (_, views) => {
      base.forEach((value, output) => {
        views.raw(output).fill(value);
      });
    });
    const trees: GrownNode[] = [];
    const history: HistoryPoint[] = [];
    const follows = this.#data.followed > 0;
    const start = follows ? (await this.#measure()).validationLoss! : 0;
    const stopping = new Stopping({ patience: nIterNoChange, tolerance: tol, start });
    let stopped: Boosted['stopped'] = 'rounds used up';
    for (let iteration = 1; iteration <= maxIter; iteration++) {
      const grown = await this.#round(iteration);
      if (grown.every((tree) => !tree.split) && !drawsAnew(this.#options)) {
        stopped = 'converged';
        break;
      }
      trees.push(...grown);
      const metrics = await this.#measure();
      history.push({ iteration, ...metrics });
      onProgress?.({ what: 'tree', done: iteration, total: maxIter, metrics: { ...metrics } });
      if (metrics.validationLoss !== undefined && stopping.next(metrics.validationLoss) === 'stop') {
        stopped = 'no improvement';
        break;
      }
      if (deadline?.passed) {
        stopped = 'time used up';
        break;
      }
    }
    const bestIteration = follows ? Math.max(1, stopping.bestIteration) : history.length;
    return { base, trees: trees.slice(0, bestIteration * this.#loss.outputs), history, bestIteration, stopped };
  }

  /** The constants of least loss, summed in the order of the rows. */
  async #base(): Promise<{ base: Float64Array; scales: Scales }> {
    const sums = new StreamedBase(this.#loss);
    await this.#eachWindow(BASE, (_, { targets, weights, roles }) => {
      sums.add(targets, rowsWith(roles, Role.learnt), weights);
    });
    return sums.finish();
  }

  async #round(iteration: number): Promise<GrownNode[]> {
    if (this.#loss.link === 'softmax') await this.#normalize();
    const trees: GrownNode[] = [];
    for (let output = 0; output < this.#loss.outputs; output++) {
      await this.#derive(output);
      trees.push(await this.#grow(iteration, output));
    }
    return trees;
  }

  /** Before the trees of a round: what the derivatives by every class need of all of them. */
  async #normalize(): Promise<void> {
    await this.#eachWindow(NORMALIZE, async (window) => {
      const tasks = blocksOf(window).map(({ block }) => normalizeTask(block, this.#loss.outputs));
      await this.#engine.run(tasks, this.#options.signal);
    });
  }

  async #derive(output: number): Promise<void> {
    await this.#eachWindow(DERIVE, async (window, { roles }) => {
      const tasks = blocksOf(window).map(({ block, start }): Task => {
        const to = { gradients: window.gradients + 4 * start, hessians: window.hessians + 4 * start };
        return this.#loss.derivatives(block, output, { ...to, ...this.#scales }, 0);
      });
      await this.#engine.run(tasks, this.#options.signal);
      const { gradients, hessians } = viewsOf(this.#engine, window);
      // Validation rows are never learnt from, nor do they set the scale of the quantisation.
      for (let row = 0; row < roles.length; row++) {
        if (roles[row] === Role.following) gradients[row] = hessians[row] = 0;
      }
    });
  }

  async #grow(iteration: number, output: number): Promise<GrownNode> {
    const { signal, seed, learningRate } = this.#options;
    const { bins, learnt, followed, weighted } = this.#data;
    const workspace = this.#workspace;
    const drawn = await this.#sampling.draw(iteration, output, signal);
    const levels = await workspace.quantise(randomKey(seed, 'gradients', iteration, output), signal);
    const units = unscaledUnits(levels, this.#scales);
    const rows = await workspace.beginWith(drawn, followed > 0 || drawn < learnt, (order, window, from, to) => {
      const { roles } = viewsOf(this.#engine, window as SpilledWindow);
      return putRoles(order, roles, from, to);
    });
    const rules = treeRules(this.#options, iteration, output);
    const root: GrownNode = { rows, depth: 0, rules: rules.root(), value: 0 };
    await new Grower(workspace, bins, this.#growing, units, rules).grow(root, signal);
    const weightsOf = (window: RowWindow) => viewsOf(this.#engine, window as SpilledWindow).weights!;
    await measureCover(root, workspace, weighted ? weightsOf : undefined);
    const leaves = leavesOf(root);
    const nodes = leaves.map((leaf) => leaf.rows);
    const sums = unscaledSums(await workspace.leafSums(nodes, signal), this.#scales);
    setLeafValues(leaves, sums, this.#growing, learningRate, this.#loss.mostStep);
    const values = leaves.map((leaf) => leaf.value);
    const raw = (window: SpilledWindow) => window.raw + output * window.outputBytes;
    await workspace.addToLeaves(nodes, values, (window) => raw(window as SpilledWindow), signal);
    return root;
  }

  /** The weighted mean losses of some rows learnt from, spread evenly, and of all that follow. */
  async #measure(): Promise<{ loss: number; validationLoss?: number }> {
    const { learnt, followed, weighted } = this.#data;
    const most = Math.min(learnt, LOSS_ROWS);
    using training = new StreamedMean(this.#engine, this.#loss, weighted, most);
    using validation = new StreamedMean(this.#engine, this.#loss, weighted, followed);
    let [seen, taken] = [0, 0];
    const isTaken = () => {
      const wanted = taken < most && seen === Math.floor((taken * learnt) / most);
      seen++;
      if (wanted) taken++;
      return wanted;
    };
    await this.#eachWindow(MEASURE, async (_, { targets, weights, roles, raw }) => {
      const rows = { raw: Array.from({ length: this.#loss.outputs }, (_, output) => raw(output)), targets, weights };
      await training.add(rowsWith(roles, Role.learnt, Role.rested).filter(isTaken), rows);
      await validation.add(rowsWith(roles, Role.following), rows);
    });
    const loss = await training.mean();
    return followed > 0 ? { loss, validationLoss: await validation.mean() } : { loss };
  }

  /** Works through the windows; the event loop turns between them. */
  async #eachWindow(
    uses: Uses,
    work: (window: SpilledWindow, views: ReturnType<typeof viewsOf>) => void | Promise<void>,
  ): Promise<void> {
    const { rows } = this.#data;
    for (let index = 0; index < rows.windowCount; index++) {
      const window = await rows.open(index, uses);
      await work(window, viewsOf(this.#engine, window));
      await this.#breather.breathe(this.#options.signal);
    }
  }

  [Symbol.dispose](): void {
    this.#workspace[Symbol.dispose]();
    this.#sampling[Symbol.dispose]();
  }
}

/** A window in blocks of rows. */
function blocksOf(window: SpilledWindow): { block: RowBlock; start: number }[] {
  const { rowCount, raw, targets, weights, normalizers, outputBytes } = window;
  return Array.from({ length: Math.ceil(rowCount / BLOCK_ROWS) }, (_, index) => {
    const start = index * BLOCK_ROWS;
    const block = {
      raw: raw + 8 * start,
      stride: outputBytes / 8,
      targets: targets + 8 * start,
      targetStride: 0,
      weights: weights > 0 ? weights + 8 * start : 0,
      normalizers: normalizers > 0 ? normalizers + 8 * start : 0,
      rows: Math.min(BLOCK_ROWS, rowCount - start),
    };
    return { block, start };
  });
}

/** Rows [from, to) of a window: those learnt from, then those that follow or rest, each ascending. */
function putRoles(order: Uint32Array, roles: Uint8Array, from: number, to: number): [number, number] {
  let middle = from;
  for (let row = from; row < to; row++) if (roles[row] === Role.learnt) order[middle++] = row;
  let end = middle;
  for (let row = from; row < to; row++) {
    if (roles[row] === Role.following || roles[row] === Role.rested) order[end++] = row;
  }
  return [middle, end];
}
