import type { Table } from 'apache-arrow';
import type { Scaling } from '../../engine/linear-algebra.js';
import { LanewiseError } from '../../errors.js';
import type { RegisterColumn } from '../../table/columns.js';
import { readInput } from '../../table/inputs.js';
import type { Model, TrainingState } from '../../table/interfaces.js';
import { unpackState } from '../../training/state.js';
import type { SgdProgress } from './loop.js';
import type { SgdSubject } from './subject.js';

/** What a model remembers of its training. */
export interface SgdMemory {
  readonly model: Model;
  readonly state: TrainingState;
  readonly progress: SgdProgress;
}

/**
 * The training that a model can go on with.
 * @throws LanewiseError `usage` for a model of something else; `artefact` for one whose state is damaged
 */
export function memoryOf(model: Model, { estimator, task }: Pick<SgdSubject, 'estimator' | 'task'>): SgdMemory {
  const { state } = model.training;
  if (model.estimator !== estimator.name || model.task !== task || !state) {
    throw new LanewiseError(
      'usage',
      `Expected a model of ${estimator.name} for ${task} to go on from but received ${model.estimator} for ${model.task}`,
      { hint: 'Of a recipe’s model take `inner`, and give it the features that it was fitted with.' },
    );
  }
  const progress = state.values['progress'] as Partial<SgdProgress> | undefined;
  const whole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  if (
    !progress ||
    ![progress.epochs, progress.bestEpoch, progress.waited].every(whole) ||
    !Array.isArray(progress.history)
  ) {
    throw new LanewiseError('artefact', 'Expected the progress of a training in the model’s state but it is damaged');
  }
  return { model, state, progress: progress as SgdProgress };
}

/** The model's inputs, of another table: categories keep the model's codes. */
export function inputColumns({ program }: Model, table: Table): RegisterColumn[] {
  return program.inputs.map((input) => ({ ...input, values: readInput(table, input) }));
}

/** How the first rows were scaled. */
export function scalingOf({ state }: SgdMemory, columns: number): Scaling {
  const [shifts, scales] = [unpackState(state, 'shifts', columns), unpackState(state, 'scales', columns)];
  if (shifts.every(Number.isFinite) && scales.every((scale) => scale > 0 && scale < Number.POSITIVE_INFINITY)) {
    return { shifts, scales };
  }
  throw new LanewiseError('artefact', 'Expected finite scales in the model’s training state but some are not');
}
