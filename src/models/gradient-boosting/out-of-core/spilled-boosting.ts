import type { Engine, Task } from '../../../engine/engine.js';
import { randomKey } from '../../../engine/random.js';
import type { RowWindow, Uses } from '../../../engine/trees/row-store.js';
import { Role, type SpilledRows, type SpilledWindow } from '../../../engine/trees/spilled-rows.js';
import { type NodeRows, TreeWorkspace } from '../../../engine/trees/tree-workspace.js';
import { Breather } from '../../../engine/turn.js';
import type { HistoryPoint } from '../../../table/interfaces.js';
import type { FeatureBins } from '../../binning/index.js';
import { type Boosted, type BoostingOptions, boostRounds } from '../boosting.js';
import { measureCover } from '../cover.js';
import { Dart } from '../dart.js';
import { Grower, type GrowerOptions, type GrownNode, leavesOf } from '../grower.js';
import { growerOptions, renewLeafValues, setLeafValues, treeRules } from '../growing.js';
import { histogramsFor } from '../histogram.js';
import { normalizeTask } from '../kernel-losses.js';
import type { BoostingLoss, HostLoss, KernelLoss, RowBlock } from '../loss.js';
import { LOSS_ROWS } from '../loss-state.js';
import { type Scales, unscaledSums, unscaledUnits } from '../scales.js';
import { StreamedBase } from './base.js';
import { SpilledDroppedSums } from './spilled-dart.js';
import { viewsOf } from './spilled-data.js';
import type { SpilledLists } from './spilled-lists.js';
import { SpilledRenewal } from './spilled-renewal.js';
import { SpilledSampling } from './spilled-sampling.js';
import { StreamedMean } from './streamed-mean.js';
import { rowsWith } from './survey.js';

const BLOCK_ROWS = 65_536;
/** Rows that a callback sees at once. */
const HOST_ROWS = 16_384;
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
  /** Where rows are ranked. */
  readonly lists: SpilledLists | undefined;
}

/**
 * The boosting of ../boosting.ts on rows in a file, window after window, to the same bits: whatever is summed is whole
 * numbers, or summed in the order of the rows.
 */
export class SpilledBoosting implements Disposable {
  readonly #engine: Engine;
  readonly #data: SpilledData;
  readonly #loss: BoostingLoss;
  readonly #options: BoostingOptions;
  readonly #growing: GrowerOptions;
  readonly #workspace: TreeWorkspace;
  readonly #sampling: SpilledSampling;
  readonly #renewal: SpilledRenewal | undefined;
  readonly #dart: Dart | undefined;
  readonly #breather = new Breather();
  #scales: Scales = { gradientScale: 1, hessianScale: 1 };

  constructor(engine: Engine, data: SpilledData, loss: BoostingLoss, options: BoostingOptions) {
    this.#engine = engine;
    this.#data = data;
    this.#loss = loss;
    this.#options = options;
    const mostLeaves = Math.max(2, Math.floor(data.learnt / options.minSamplesLeaf));
    const leaves = Math.min(options.maxLeafNodes ?? mostLeaves, mostLeaves);
    this.#growing = growerOptions(options, leaves);
    const binCounts = data.bins.map((bins) => (bins.categorical ? 0 : bins.binCount));
    const categories = data.bins.map((bins) => (bins.categorical ? bins.binCount : 0));
    // Every open leaf may have been parted ahead, and its child has a histogram too.
    const histograms = histogramsFor(data.bins.length, 2 * leaves);
    const sizes = { histograms, leaves, nodes: NODES_A_LEAF * leaves, categories };
    this.#sampling = new SpilledSampling(engine, data.rows, data.learnt, options);
    try {
      this.#workspace = new TreeWorkspace(engine, data.rows, binCounts, sizes, options.constraints.monotone);
    } catch (error) {
      this.#sampling[Symbol.dispose]();
      throw error;
    }
    const { renewal } = loss;
    this.#renewal =
      renewal && new SpilledRenewal(engine, data.rows, this.#workspace, renewal, options.start?.yardstick);
    this.#dart =
      options.boostingType === 'dart' ? new Dart(new SpilledDroppedSums(engine, data.rows), options) : undefined;
  }

  async boost(): Promise<Boosted> {
    const { start, signal } = this.#options;
    const found = await this.#findStart();
    this.#scales = found.scales;
    const base = start?.base ?? this.#options.base ?? found.base;
    if (!start) {
      await this.#eachWindow(START, (_, views) => {
        base.forEach((value, output) => {
          views.raw(output).fill(value);
        });
      });
    }
    return await boostRounds(
      {
        base,
        outputs: this.#loss.outputs,
        dart: this.#dart,
        yardstick: () => this.#renewal?.firstDeltas,
        begin: async () => {
          await this.#renewal?.updateDeltas(() => this.#allRows(), signal);
          return this.#data.followed > 0 ? (await this.#measure()).validationLoss : undefined;
        },
        round: (iteration) => this.#round(iteration, iteration === (start?.rounds ?? 0) + 1),
        measure: async (iteration): Promise<HistoryPoint> => ({ iteration, ...(await this.#measure()) }),
      },
      this.#options,
    );
  }

  /** The constants of least loss, summed in the order of the rows, and the scales of the derivatives. */
  async #findStart(): Promise<{ base: Float64Array; scales: Scales }> {
    const { rows } = this.#data;
    const { start, base, signal } = this.#options;
    const sums = new StreamedBase(this.#loss);
    await this.#eachWindow(BASE, (_, { target, weights, roles }) => {
      const targets = Array.from({ length: rows.targets }, (_, t) => target(t));
      sums.add(targets, rowsWith(roles, Role.learnt), weights);
    });
    const { scales } = sums;
    const known = start?.base ?? base;
    if (known) return { base: known, scales };
    if (!this.#renewal) return { base: sums.base, scales };
    const found = new Float64Array(this.#loss.outputs);
    const all = await this.#allRows();
    for (let t = 0; t < found.length; t++) found[t] = await this.#renewal.baseOf(all, t, signal);
    return { base: found, scales };
  }

  /** All rows that are learnt from, whether a tree sees them or not, in the place of a tree's root. */
  async #allRows(): Promise<NodeRows> {
    return await this.#workspace.beginWith(this.#data.learnt, false, (order, window, from, to) => {
      const { roles } = viewsOf(this.#engine, window as SpilledWindow);
      let end = from;
      for (let row = from; row < to; row++) {
        if (roles[row] === Role.learnt || roles[row] === Role.rested) order[end++] = row;
      }
      return [end, end];
    });
  }

  async #round(iteration: number, first: boolean): Promise<GrownNode[]> {
    const { signal } = this.#options;
    const share = (await this.#dart?.drop(iteration, signal)) ?? 1;
    if (share < 1) this.#data.lists?.outdate();
    if (!first || share < 1) await this.#renewal?.updateDeltas(() => this.#allRows(), signal);
    if (this.#loss.link === 'softmax') await this.#normalize();
    const trees: GrownNode[] = [];
    for (let output = 0; output < this.#loss.outputs; output++) {
      await this.#derive(output);
      trees.push(await this.#grow(iteration, output, share));
    }
    await this.#dart?.finish(trees, signal);
    return trees;
  }

  /** Before the trees of a round: what the derivatives by every class need of all of them. */
  async #normalize(): Promise<void> {
    await this.#eachWindow(NORMALIZE, async (window) => {
      const tasks = blocksOf(window, 1).map(({ block }) => normalizeTask(block, this.#loss.outputs));
      await this.#engine.run(tasks, this.#options.signal);
    });
  }

  async #derive(output: number): Promise<void> {
    const loss = this.#loss;
    if (loss.kind === 'lists') {
      await this.#data.lists!.derive(this.#scales, this.#options.signal);
      return;
    }
    await this.#eachWindow(DERIVE, async (window, { roles }) => {
      if (loss.kind === 'host') await this.#deriveHere(loss, window);
      else {
        const tasks = blocksOf(window, this.#data.rows.targets).map(({ block, start }): Task => {
          const to = { gradients: window.gradients + 4 * start, hessians: window.hessians + 4 * start };
          return loss.derivatives(block, output, { ...to, ...this.#scales }, this.#renewal?.deltas[output] ?? 0);
        });
        await this.#engine.run(tasks, this.#options.signal);
      }
      const { gradients, hessians } = viewsOf(this.#engine, window);
      // Validation rows are never learnt from, nor do they set the scale of the quantisation.
      for (let row = 0; row < roles.length; row++) {
        if (roles[row] === Role.following) gradients[row] = hessians[row] = 0;
      }
    });
  }

  async #deriveHere(loss: HostLoss, window: SpilledWindow): Promise<void> {
    for (let start = 0; start < window.rowCount; start += HOST_ROWS) {
      const end = Math.min(window.rowCount, start + HOST_ROWS);
      const { raw, target, weights, gradients, hessians } = viewsOf(this.#engine, window);
      const views = {
        raw: raw(0).subarray(start, end),
        targets: target(0).subarray(start, end),
        weights: weights?.subarray(start, end),
        firstRow: window.firstRow + start,
      };
      loss.derivatives(views, gradients.subarray(start, end), hessians.subarray(start, end), this.#scales);
      await this.#breather.breathe(this.#options.signal);
    }
  }

  /** `share`: what the tree counts (less than 1 after a dropout). */
  async #grow(iteration: number, output: number, share: number): Promise<GrownNode> {
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
    if (this.#renewal) {
      renewLeafValues(leaves, await this.#renewal.valuesOf(nodes, output, signal), learningRate);
    } else {
      const sums = unscaledSums(await workspace.leafSums(nodes, signal), this.#scales);
      setLeafValues(leaves, sums, this.#growing, learningRate, this.#loss.mostStep);
    }
    const values = leaves.map((leaf) => leaf.value * share);
    const raw = (window: SpilledWindow) => window.raw + output * window.outputBytes;
    await workspace.addToLeaves(nodes, values, (window) => raw(window as SpilledWindow), signal);
    this.#data.lists?.outdate();
    return root;
  }

  /** The weighted mean losses of some rows learnt from, spread evenly, and of all that follow. */
  async #measure(): Promise<{ loss: number; validationLoss?: number }> {
    const loss = this.#loss;
    return loss.kind === 'lists' ? await this.#measureLists() : await this.#measureRows(loss);
  }

  async #measureLists(): Promise<{ loss: number; validationLoss?: number }> {
    const lists = this.#data.lists!;
    const learnt = 1 - (await lists.ndcg(false, this.#options.signal));
    if (this.#data.followed === 0) return { loss: learnt };
    return { loss: learnt, validationLoss: 1 - (await lists.ndcg(true, this.#options.signal)) };
  }

  async #measureRows(loss: KernelLoss | HostLoss): Promise<{ loss: number; validationLoss?: number }> {
    const { learnt, followed, weighted, rows } = this.#data;
    const most = Math.min(learnt, LOSS_ROWS);
    const { targets } = rows;
    const how = { targets, weighted, deltas: this.#renewal?.firstDeltas };
    using training = new StreamedMean(this.#engine, loss, { ...how, most });
    using validation = new StreamedMean(this.#engine, loss, { ...how, most: followed });
    let [seen, taken] = [0, 0];
    const isTaken = () => {
      const wanted = taken < most && seen === Math.floor((taken * learnt) / most);
      seen++;
      if (wanted) taken++;
      return wanted;
    };
    await this.#eachWindow(MEASURE, async (_, { target, weights, roles, raw }) => {
      const columns = {
        raw: Array.from({ length: loss.outputs }, (_, output) => raw(output)),
        targets: Array.from({ length: targets }, (_, t) => target(t)),
        weights,
      };
      await training.add(rowsWith(roles, Role.learnt, Role.rested).filter(isTaken), columns);
      await validation.add(rowsWith(roles, Role.following), columns);
    });
    const mean = await training.mean();
    return followed > 0 ? { loss: mean, validationLoss: await validation.mean() } : { loss: mean };
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
function blocksOf(window: SpilledWindow, targetCount: number): { block: RowBlock; start: number }[] {
  const { rowCount, raw, targets, weights, normalizers, outputBytes } = window;
  return Array.from({ length: Math.ceil(rowCount / BLOCK_ROWS) }, (_, index) => {
    const start = index * BLOCK_ROWS;
    const block = {
      raw: raw + 8 * start,
      stride: outputBytes / 8,
      targets: targets + 8 * start,
      targetStride: targetCount > 1 ? outputBytes / 8 : 0,
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
