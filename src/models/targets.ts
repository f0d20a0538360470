import { LanewiseError, unknownName } from '../errors.js';
import type { ProgramBuilder } from '../scoring/builder.js';
import type { ProgramOutput } from '../scoring/program.js';
import type { Model } from '../table/interfaces.js';
import { classificationOutputs, type Target } from './features.js';
import { makeModel } from './model.js';

/** What a model says of its target, or of its several ones. */
export function targetFacts(targets: readonly Omit<Target, 'values'>[]): Pick<Model, 'target' | 'targets' | 'classes'> {
  if (targets.length === 1) return { target: targets[0]!.name, classes: targets[0]!.classes };
  return { targets: targets.map(({ name, classes }) => ({ name, ...(classes && { classes }) })) };
}

/**
 * The outputs of a model that gives each target a number (its prediction) or, for classes, their probabilities: the
 * predictions first. Of one target, `prediction` and `probability_<label>`.
 */
export function outputsOf(
  builder: ProgramBuilder,
  targets: readonly Omit<Target, 'values'>[],
  registers: readonly (readonly number[])[],
): ProgramOutput[] {
  const several = targets.length > 1;
  const outputs = targets.map(({ name, classes }, t) => {
    const own: ProgramOutput[] = classes
      ? classificationOutputs(builder, registers[t]!, classes)
      : [{ name: 'prediction', register: registers[t]![0]!, type: 'number' }];
    if (!several) return own;
    return own.map((output, k) => ({
      ...output,
      name: k === 0 ? `prediction_${name}` : `probability_${name}_${classes![k - 1]!}`,
    }));
  });
  return [...outputs.map((own) => own[0]!), ...outputs.flatMap((own) => own.slice(1))];
}

/**
 * The model of one of several targets: the same program, of which only this target's outputs remain, named as a model of
 * one target names them. What takes one target (scores, reports, serving) takes it.
 * @throws LanewiseError `usage` for a model of one target or none, and for a name that is not among its targets.
 */
export function modelOfTarget(model: Model, name: string): Model {
  const { targets } = model;
  if (!targets) {
    throw new LanewiseError('usage', `Expected a model of several targets but ${model.estimator} has one or none`);
  }
  const target = targets.find((other) => other.name === name);
  if (!target)
    throw unknownName(
      'target',
      name,
      targets.map((other) => other.name),
    );
  const names = [`prediction_${name}`, ...(target.classes ?? []).map((label) => `probability_${name}_${label}`)];
  const outputs = names.map((from, k) => ({
    ...model.program.outputs.find((output) => output.name === from)!,
    name: k === 0 ? 'prediction' : `probability_${target.classes![k - 1]!}`,
  }));
  const { targets: _, ...facts } = model;
  return makeModel({ ...facts, target: name, classes: target.classes, program: { ...model.program, outputs } });
}
