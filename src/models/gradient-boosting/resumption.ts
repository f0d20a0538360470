import type { Table } from 'apache-arrow';
import type { Engine } from '../../engine/engine.js';
import { LanewiseError } from '../../errors.js';
import type { Program } from '../../scoring/program.js';
import { decodeProgram, encodeProgram, programImage } from '../../scoring/serialize.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Checkpoint, FitOptions } from '../../table/interfaces.js';
import { checkpointKey, decodeHistory, encodeHistory } from '../../training/checkpoint.js';
import type { Boosted } from './boosting.js';
import { type BoostingStart, type FittedTrees, startFrom } from './continuation.js';
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

  /** @throws LanewiseError `unsupported` for DART, whose later rounds change what earlier trees count. */
  static async of(options: FitOptions, fit: KeyedFit): Promise<BoostingCheckpoint | undefined> {
    if (!options.checkpoint) return undefined;
    if (fit.estimator.parameters.boostingType === 'dart') {
      throw new LanewiseError('unsupported', 'Expected no checkpoint for boostingType dart', {
        hint: 'Its rounds change what earlier trees count. Use gbdt, or fit without a checkpoint.',
      });
    }
    return new BoostingCheckpoint(options.checkpoint, await keyOf(fit, options));
  }

  get due(): boolean {
    return this.#checkpoint.due;
  }

  async save(program: Program, { history, startLoss }: Pick<Boosted, 'history' | 'startLoss'>): Promise<void> {
    const encoded = encodeProgram(program);
    const curve = encodeHistory(history);
    const arrays = { trees: encoded.buffers, curve, startLoss: Float64Array.of(startLoss ?? Number.NaN) };
    await this.#checkpoint.save(this.#key, { values: { program: encoded.program }, arrays });
  }

  /** What was saved, set up on the rows of the tables; undefined where nothing was. */
  async resume(
    engine: Engine,
    tables: readonly Table[],
    signal?: AbortSignal,
  ): Promise<{ start: BoostingStart; trees: FittedTrees } | undefined> {
    const state = await this.#checkpoint.load(this.#key);
    if (!state) return undefined;
    const program = decodeProgram(state.values['program'], state.arrays['trees'] as Uint8Array);
    const operation = program.operations[0];
    if (operation?.op !== 'ensemble')
      throw new LanewiseError('file', 'Expected trees in the checkpoint but found none');
    const rounds = operation.roots.length / operation.outputs.length;
    const trees: FittedTrees = { program, operation, rounds, history: decodeHistory(state.arrays['curve']!) };
    const start = await startFrom(engine, trees, tables, signal);
    const startLoss = state.arrays['startLoss']![0]!;
    return { trees, start: { ...start, ...(!Number.isNaN(startLoss) && { startLoss }) } };
  }

  clear(): Promise<void> {
    return this.#checkpoint.clear();
  }
}

async function keyOf({ estimator, seed, features, subject, previous }: KeyedFit, options: FitOptions): Promise<string> {
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
