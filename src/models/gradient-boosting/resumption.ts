import type { Engine } from '../../engine/engine.js';
import { LanewiseError } from '../../errors.js';
import type { Program } from '../../scoring/program.js';
import { decodeProgram, encodeProgram } from '../../scoring/serialize.js';
import type { Checkpoint, FitOptions } from '../../table/interfaces.js';
import { decodeHistory, encodeHistory } from '../../training/checkpoint.js';
import type { FeatureBins } from '../binning/index.js';
import type { Boosted } from './boosting.js';
import { type BoostingStart, type FittedTrees, type Predict, rawPredictions, startOf } from './continuation.js';
import type { BoostingEstimator } from './gradient-boosting.js';
import { droppableTrees, replayedPredictions } from './resumed-dart.js';

/** What a checkpoint holds. */
export interface Resumed {
  readonly trees: FittedTrees;
  /** The validation loss before the first round. */
  readonly startLoss: number | undefined;
  /** Huber's deltas that losses were measured by. */
  readonly yardstick: Float64Array | undefined;
}

/** What boosting goes on from: what was saved, or a model. */
export interface Behind {
  readonly trees: FittedTrees;
  readonly start: BoostingStart;
  readonly predict: Predict;
}

/** `previous`: the model that the whole fit goes on from. `bins`: as rows are binned. */
export function behindOf(
  engine: Engine,
  { parameters }: BoostingEstimator,
  { previous, resumed }: { previous: FittedTrees | undefined; resumed: Resumed | undefined },
  { bins, seed, signal }: { bins: readonly FeatureBins[]; seed: number; signal: AbortSignal | undefined },
): Behind | undefined {
  const trees = resumed?.trees ?? previous;
  if (!trees) return undefined;
  const fewestRounds = previous?.rounds ?? 0;
  const start = { ...startOf(trees), fewestRounds, startLoss: resumed?.startLoss, yardstick: resumed?.yardstick };
  const droppable = parameters.boostingType === 'dart' ? trees.rounds - fewestRounds : 0;
  if (droppable === 0) {
    return { trees, start, predict: (columns) => rawPredictions(engine, trees, columns, signal) };
  }
  return {
    trees,
    start: { ...start, droppable: droppableTrees(trees, droppable, bins) },
    predict: replayedPredictions(engine, trees, droppable, { ...parameters, seed }, signal),
  };
}

/**
 * The checkpoint of a boosting run: its trees, as the program of the model that it would give now, and its curve. The
 * raw predictions are not kept: adding up the trees again gives the same bits (as `warmStart` relies on).
 */
export class BoostingCheckpoint {
  readonly #checkpoint: Checkpoint;
  readonly #key: string;

  private constructor(checkpoint: Checkpoint, key: string) {
    this.#checkpoint = checkpoint;
    this.#key = key;
  }

  /** `keyOf`: what the checkpoint must be of to go on from it. */
  static async of({ checkpoint }: FitOptions, keyOf: () => Promise<string>): Promise<BoostingCheckpoint | undefined> {
    return checkpoint && new BoostingCheckpoint(checkpoint, await keyOf());
  }

  /** Saves the model as it is by now, where it is time to or the last. */
  async saveDue(
    programOf: () => Program,
    { history, startLoss, yardstick, stopped }: Pick<Boosted, 'history' | 'startLoss' | 'yardstick' | 'stopped'>,
  ): Promise<void> {
    if (!(this.#checkpoint.due || stopped === 'time used up')) return;
    const encoded = encodeProgram(programOf());
    const curve = encodeHistory(history);
    const arrays = {
      trees: encoded.buffers,
      curve,
      startLoss: Float64Array.of(startLoss ?? Number.NaN),
      ...(yardstick && { yardstick }),
    };
    await this.#checkpoint.save(this.#key, { values: { program: encoded.program }, arrays });
  }

  /** What was saved; undefined where nothing was. */
  async load(): Promise<Resumed | undefined> {
    const state = await this.#checkpoint.load(this.#key);
    if (!state) return undefined;
    const program = decodeProgram(state.values['program'], state.arrays['trees'] as Uint8Array);
    const operation = program.operations[0];
    if (operation?.op !== 'ensemble')
      throw new LanewiseError('file', 'Expected trees in the checkpoint but found none');
    const rounds = operation.roots.length / operation.outputs.length;
    const trees: FittedTrees = { program, operation, rounds, history: decodeHistory(state.arrays['curve']!) };
    const startLoss = state.arrays['startLoss']![0]!;
    const yardstick = state.arrays['yardstick'] as Float64Array | undefined;
    return { trees, startLoss: Number.isNaN(startLoss) ? undefined : startLoss, yardstick };
  }

  clear(): Promise<void> {
    return this.#checkpoint.clear();
  }
}
