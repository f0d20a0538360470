import type { EnsembleOperation, Operation } from '../../scoring/program.js';
import type { Model } from '../../table/interfaces.js';
import { type Link, unsupported } from './forest.js';

/** What a program makes of the sums of its trees. */
interface Linked {
  readonly link: Link;
  readonly average: boolean;
  readonly classes?: readonly string[];
}

type Writers = ReadonlyMap<number, Operation>;

/** Recognises the operations behind an ensemble. @throws LanewiseError `unsupported` where they are others. */
export function linkOf(model: Model, ensemble: EnsembleOperation, writers: Writers): Linked {
  const { program, classes } = model;
  const sums = ensemble.outputs;
  const registerOf = (name: string) => program.outputs.find((output) => output.name === name)?.register;
  if (classes) {
    const ends = classes.map((label) => registerOf(`probability_${label}`));
    const of = sums.length === 1 ? ends.slice(1) : ends;
    const plain = classes.length === (sums.length === 1 ? 2 : sums.length) && !of.includes(undefined);
    const found = plain ? recognise(of as number[], ensemble, writers) : undefined;
    if (found) return { ...found, classes };
  } else {
    const ends = program.outputs.filter(({ name }) => name === 'prediction' || name.startsWith('prediction_'));
    const found =
      ends.length === sums.length
        ? recognise(
            ends.map(({ register }) => register),
            ensemble,
            writers,
          )
        : undefined;
    if (found) return found;
  }
  throw unsupported(
    `What ${model.estimator} makes of the sums of its trees is none of the links that other libraries have`,
    'Trees are exchanged with identity, exponential, sigmoid and softmax.',
  );
}

function recognise(ends: readonly number[], ensemble: EnsembleOperation, writers: Writers): Linked | undefined {
  const softmax = writers.get(ends[0]!);
  if (softmax?.op === 'softmax') {
    if (softmax.outputs.join() !== ends.join()) return undefined;
    const averaged = averagedOf(softmax.inputs, ensemble, writers);
    return averaged === undefined ? undefined : { link: { kind: 'softmax' }, average: averaged };
  }
  const steps = ends.map((end) => stepBehind(end, writers));
  const { kind, slope } = steps[0]!;
  if (steps.some((step) => step.kind !== kind || step.slope !== slope)) return undefined;
  const averaged = averagedOf(
    steps.map(({ from }) => from),
    ensemble,
    writers,
  );
  if (averaged === undefined) return undefined;
  if (kind === 'sigmoid') return { link: { kind: ends.length > 1 ? 'sigmoids' : 'sigmoid', slope }, average: averaged };
  return { link: { kind }, average: averaged };
}

interface LinkStep {
  readonly kind: 'identity' | 'exp' | 'sigmoid' | 'softplus' | 'signed square' | 'step';
  readonly slope: number;
  readonly from: number;
}

function stepBehind(register: number, writers: Writers): LinkStep {
  const operation = writers.get(register);
  const step = (kind: LinkStep['kind'], from: number, slope = 1): LinkStep => ({ kind, from, slope });
  if (operation?.op === 'threshold' && operation.value === 5e-324) return step('step', operation.in);
  if (operation?.op === 'binary' && operation.operator === 'multiply') {
    const size = writers.get(operation.right);
    if (size?.op === 'unary' && size.function === 'abs' && size.in === operation.left)
      return step('signed square', size.in);
  }
  if (operation?.op !== 'unary') return step('identity', register);
  if (operation.function === 'exp') return step('exp', operation.in);
  if (operation.function === 'log1p') {
    const power = writers.get(operation.in);
    if (power?.op === 'unary' && power.function === 'exp') return step('softplus', power.in);
  }
  if (operation.function !== 'sigmoid') return step('identity', register);
  const steep = writers.get(operation.in);
  const slope = steep?.op === 'binary' && steep.operator === 'multiply' ? writers.get(steep.right) : undefined;
  return slope?.op === 'constant'
    ? step('sigmoid', (steep as Extract<Operation, { op: 'binary' }>).left, slope.value)
    : step('sigmoid', operation.in);
}

/** Whether sums are divided by the trees of an output; undefined where they are something else. */
function averagedOf(registers: readonly number[], ensemble: EnsembleOperation, writers: Writers): boolean | undefined {
  if (registers.join() === ensemble.outputs.join()) return ensemble.average;
  const trees = ensemble.roots.length / ensemble.outputs.length;
  const divided = registers.every((register, k) => {
    const operation = writers.get(register);
    const whole = operation?.op === 'affine' && operation.shift === 0 && operation.scale === trees;
    return whole && operation.in === ensemble.outputs[k];
  });
  return divided && !ensemble.average && ensemble.leafWidth === 1 ? true : undefined;
}
