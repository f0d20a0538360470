import { LanewiseError } from '../errors.js';
import { ProgramBuilder } from '../scoring/builder.js';
import type { Program } from '../scoring/program.js';
import type { Model } from '../table/interfaces.js';

/**
 * The model's program, with the positive class (the last label) predicted from probability `threshold` on.
 * @throws LanewiseError `usage` where there are not two classes with probabilities.
 */
export function withThreshold(model: Model, threshold: number): Program {
  const positive = model.classes?.[1];
  const probability = model.program.outputs.find((output) => output.name === `probability_${positive}`);
  if (model.classes?.length !== 2 || !probability) {
    throw new LanewiseError(
      'usage',
      `Expected two classes with probabilities for a threshold, but ${model.estimator} has none`,
    );
  }
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new LanewiseError('usage', `Expected a number in [0, 1] for the threshold but received ${threshold}`);
  }
  const builder = new ProgramBuilder(model.program.inputs);
  const outputs = builder.append(model.program);
  const read = outputs.find((output) => output.name === probability.name)!.register;
  const register = builder.add({ op: 'threshold', in: read, value: threshold });
  return builder.build(outputs.map((output) => (output.name === 'prediction' ? { ...output, register } : output)));
}
