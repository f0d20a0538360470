import type { ProgramBuilder } from '../../scoring/builder.js';
import type { Estimator, Model } from '../../table/interfaces.js';
import { classificationOutputs } from '../features.js';
import { makeModel } from '../model.js';

/** The model of classes that were counted, whose probabilities lie in these registers. */
export function countedModel(
  { name, task, parameters }: Pick<Estimator, 'name' | 'task' | 'parameters'>,
  { target, classes, rows }: { readonly target: string; readonly classes: readonly string[]; readonly rows: number },
  builder: ProgramBuilder,
  probabilities: readonly number[],
): Model {
  return makeModel({
    estimator: name,
    task,
    parameters,
    target,
    classes,
    program: builder.build(classificationOutputs(builder, probabilities, classes)),
    interpretability: 'high',
    training: {
      rows,
      iterations: 1,
      bestIteration: 1,
      lossName: 'log loss',
      history: [],
      verdict: `counted ${rows} rows: there is nothing to optimise`,
    },
  });
}
