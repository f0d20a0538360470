import { LanewiseError } from '../../errors.js';
import type { CheckpointArray, CheckpointState, HistoryPoint } from '../../table/interfaces.js';
import type { InputScale } from './data.js';
import type { NetworkState } from './state.js';

/** A network on its way, and what it made of its columns: all that going on needs beside rows. */
export interface FittedState extends NetworkState {
  readonly classes?: readonly string[];
  readonly scales: readonly InputScale[];
  readonly unit: InputScale;
}

/** As plain data: what a checkpoint holds, and `PerceptronModel.state`. */
export function encodeState(state: FittedState): CheckpointState {
  const { epoch, step, classes, scales, unit, parameters, running, optimizer, best } = state;
  const slots = optimizer?.arrays ?? [];
  return {
    values: {
      network: 1,
      epoch,
      step,
      ...(classes && { classes }),
      ...(optimizer && { optimizerSteps: optimizer.steps, optimizerArrays: slots.length }),
      ...(best && { bestEpoch: best.epoch, bestStep: best.step }),
    },
    arrays: {
      parameters,
      running,
      scales: Float64Array.from([...scales, unit].flatMap(({ shift, scale }) => [shift, scale])),
      ...(optimizer && { optimizerPowers: Float64Array.from(optimizer.powers) }),
      ...Object.fromEntries(slots.map((array, i) => [`optimizer${i}`, array])),
      ...(best && { bestParameters: best.parameters, bestRunning: best.running }),
    },
  };
}

/** @throws LanewiseError `usage` for anything that `encodeState` did not make. */
export function decodeState({ values, arrays }: CheckpointState): FittedState {
  if (values['network'] !== 1) throw new LanewiseError('usage', 'Expected the state of a multilayer-perceptron');
  const number = (name: string) => values[name] as number;
  const floats = (name: string) => arrays[name] as Float32Array;
  const scales = arrays['scales']!;
  const pairs = Array.from({ length: scales.length / 2 }, (_, j) => ({ shift: scales[2 * j]!, scale: scales[2 * j + 1]! }));
  const classes = values['classes'] as readonly string[] | undefined;
  const powers = arrays['optimizerPowers'];
  const slots = Array.from({ length: number('optimizerArrays') || 0 }, (_, i) => floats(`optimizer${i}`));
  return {
    parameters: floats('parameters'),
    running: floats('running'),
    epoch: number('epoch'),
    step: number('step'),
    scales: pairs.slice(0, -1),
    unit: pairs.at(-1)!,
    ...(classes && { classes }),
    ...(powers && {
      optimizer: { steps: number('optimizerSteps'), powers: [powers[0]!, powers[1]!] as const, arrays: slots },
    }),
    ...(arrays['bestParameters'] && {
      best: {
        parameters: floats('bestParameters'),
        running: floats('bestRunning'),
        epoch: number('bestEpoch'),
        step: number('bestStep'),
      },
    }),
  };
}

/** The curve so far beside the state: NaN where there are no validation rows. */
export function encodeHistory(state: CheckpointState, history: readonly HistoryPoint[]): CheckpointState {
  const curve: CheckpointArray = Float64Array.from(
    history.flatMap(({ loss, validationLoss = Number.NaN }) => [loss, validationLoss]),
  );
  return { values: state.values, arrays: { ...state.arrays, curve } };
}

export function decodeHistory({ arrays }: CheckpointState): HistoryPoint[] {
  const curve = arrays['curve']!;
  return Array.from({ length: curve.length / 2 }, (_, i) => {
    const [loss, validationLoss] = [curve[2 * i]!, curve[2 * i + 1]!];
    return { iteration: i + 1, loss, ...(!Number.isNaN(validationLoss) && { validationLoss }) };
  });
}
