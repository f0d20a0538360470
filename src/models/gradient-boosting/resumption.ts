import { LanewiseError } from '../../errors.js';
import type { Program } from '../../scoring/program.js';
import { decodeProgram, encodeProgram, programImage } from '../../scoring/serialize.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Checkpoint, FitOptions } from '../../table/interfaces.js';
import { checkpointKey, decodeHistory, encodeHistory } from '../../training/checkpoint.js';
import type { Boosted } from './boosting.js';
import type { FittedTrees } from './continuation.js';
import type { BoostingEstimator } from './gradient-boosting.js';
import type { Subject } from './subject.js';

/** What a fit is of: no other may go on from its checkpoint. */
export interface KeyedFit {
  readonly estimator: BoostingEstimator;
  readonly seed: number;
  readonly features: readonly RegisterColumn[];
  readonly subject: Subject;
  readonly previous?: FittedTrees;
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

  /**
   * `keyOf`: what the checkpoint must be of to go on from it.
   * @throws LanewiseError `unsupported` for DART, whose later rounds change what earlier trees count.
   */
  static async of(
    { checkpoint }: FitOptions,
    { parameters }: BoostingEstimator,
    keyOf: () => Promise<string>,
  ): Promise<BoostingCheckpoint | undefined> {
    if (!checkpoint) return undefined;
    if (parameters.boostingType === 'dart') {
      throw new LanewiseError('unsupported', 'Expected no checkpoint for boostingType dart', {
        hint: 'Its rounds change what earlier trees count. Use gbdt, or fit without a checkpoint.',
      });
    }
    return new BoostingCheckpoint(checkpoint, await keyOf());
  }

  /** Saves the model as it is by now, where it is time to or the last. */
  async saveDue(
    programOf: () => Program,
    { history, startLoss, stopped }: Pick<Boosted, 'history' | 'startLoss' | 'stopped'>,
  ): Promise<void> {
    if (!(this.#checkpoint.due || stopped === 'time used up')) return;
    const encoded = encodeProgram(programOf());
    const curve = encodeHistory(history);
    const arrays = { trees: encoded.buffers, curve, startLoss: Float64Array.of(startLoss ?? Number.NaN) };
    await this.#checkpoint.save(this.#key, { values: { program: encoded.program }, arrays });
  }

  /** The trees that were saved, and the validation loss before the first of them; undefined where nothing was. */
  async load(): Promise<{ trees: FittedTrees; startLoss: number | undefined } | undefined> {
    const state = await this.#checkpoint.load(this.#key);
    if (!state) return undefined;
    const program = decodeProgram(state.values['program'], state.arrays['trees'] as Uint8Array);
    const operation = program.operations[0];
    if (operation?.op !== 'ensemble')
      throw new LanewiseError('file', 'Expected trees in the checkpoint but found none');
    const rounds = operation.roots.length / operation.outputs.length;
    const trees: FittedTrees = { program, operation, rounds, history: decodeHistory(state.arrays['curve']!) };
    const startLoss = state.arrays['startLoss']![0]!;
    return { trees, startLoss: Number.isNaN(startLoss) ? undefined : startLoss };
  }

  clear(): Promise<void> {
    return this.#checkpoint.clear();
  }
}

/** The key of a fit of rows in memory: every value that is learnt from, and what is made of it. */
export async function keyOf(
  { estimator, seed, features, subject, previous }: KeyedFit,
  options: FitOptions,
): Promise<string> {
  const { name, task, parameters } = estimator;
  const { values, weights, groups, loss } = subject;
  const described = features.map((column) => [column.name, column.type, column.labels]);
  const columns: Float64Array[] = [...features.map((column) => column.values), ...values];
  if (weights) columns.push(weights);
  if (groups) columns.push(groups);
  const held = options.validation && options.validation.numRows > 0;
  if (held) {
    const rows = subject.validation(options.validation!, features);
    columns.push(...rows.columns.map((column) => column.values), ...rows.values);
  }
  const images = previous ? [programImage(previous.program)] : [];
  return checkpointKey({ name, task, parameters, seed, loss: loss.name, described }, [...columns, ...images]);
}
