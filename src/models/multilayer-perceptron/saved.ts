import { LanewiseError } from '../../errors.js';
import type { Program } from '../../scoring/program.js';
import type { CheckpointArray, CheckpointState, Model, TrainingState } from '../../table/interfaces.js';
import { packState, unpackState } from '../../training/state.js';
import type { InputScale } from './data.js';
import type { NetworkState } from './state.js';

/** A network on its way, and what it made of its columns: all that going on needs beside rows. */
export interface FittedState extends NetworkState {
  readonly classes?: readonly string[];
  readonly scales: readonly InputScale[];
  readonly unit: InputScale;
}

/** As plain data: what a checkpoint holds. */
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
  const pairs = Array.from({ length: scales.length / 2 }, (_, j) => ({
    shift: scales[2 * j]!,
    scale: scales[2 * j + 1]!,
  }));
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

/** What `Training.state` keeps. Pairs of f32 go as one f64: none that is finite makes a NaN of it. */
export function packFitted(state: FittedState): TrainingState {
  const { values, arrays } = encodeState({ ...state, best: undefined });
  const lengths = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.length]));
  const doubles = Object.entries(arrays).map(([name, array]) => [
    name,
    doublesOf(array as Float32Array | Float64Array),
  ]);
  return packState({ ...values, lengths }, Object.fromEntries(doubles));
}

function doublesOf(array: Float32Array | Float64Array): Float64Array {
  if (array instanceof Float64Array) return array;
  const doubles = new Float64Array(Math.ceil(array.length / 2));
  new Float32Array(doubles.buffer).set(array);
  return doubles;
}

const inDoubles = new Set(['scales', 'optimizerPowers']);

/**
 * What training goes on from: the model's state where it keeps one, else its program, which holds the weights.
 * @throws LanewiseError `usage` for a model of another kind.
 */
export function stateOfModel({ estimator, program, classes, training }: Model): FittedState {
  if (estimator !== 'multilayer-perceptron') {
    throw new LanewiseError('usage', `Expected a multilayer-perceptron for warmStart but received ${estimator}`);
  }
  const { state } = training;
  if (!state) return stateOfProgram(program, classes);
  const lengths = Object.entries(state.values['lengths'] as Record<string, number>);
  const arrays = lengths.map(([name, length]): [string, CheckpointArray] => {
    const wide = inDoubles.has(name);
    const doubles = unpackState(state, name, wide ? length : Math.ceil(length / 2));
    return [name, wide ? doubles : new Float32Array(doubles.buffer).slice(0, length)];
  });
  return decodeState({ values: state.values, arrays: Object.fromEntries(arrays) });
}

/** Layers, and the scales before the first and behind the last of them, from the operations that lower.ts wrote. */
function stateOfProgram({ inputs, operations }: Program, classes: readonly string[] | undefined): FittedState {
  const layers = operations.filter((operation) => operation.op === 'dense');
  const scales: InputScale[] = inputs.map((_, j) => {
    const affine = operations.find((operation) => operation.op === 'affine' && operation.in === j);
    return affine?.op === 'affine' ? { shift: affine.shift, scale: affine.scale } : { shift: 0, scale: 1 };
  });
  const last = operations.find((operation) => operation.op === 'linear');
  const unit =
    last?.op === 'linear' ? { shift: last.intercepts[0]!, scale: last.coefficients[0]! } : { shift: 0, scale: 1 };
  const parts = [...layers.map(({ weights }) => weights), ...layers.map(({ biases }) => biases)];
  const parameters = Float32Array.from(parts.flatMap((part) => [...part]));
  return { parameters, running: new Float32Array(0), epoch: 0, step: 0, scales, unit, ...(classes && { classes }) };
}
