import { metricNamed } from '../evaluate/metrics.js';
import type { Estimator } from '../table/interfaces.js';
import type { ParameterSet } from './space.js';
import { type TuneOptions, tune } from './tune.js';

/**
 * An estimator that tunes itself on the rows that it is given, then fits with the best parameters. Cross-validating it
 * is nested cross-validation: the score of the whole procedure, without the flattery of the best of many trials.
 */
export function tunedEstimator(
  estimatorOf: (parameters: ParameterSet) => Estimator,
  options: Omit<TuneOptions, 'journal' | 'target' | 'weights' | 'signal' | 'engine' | 'onProgress'> = {},
): Estimator {
  const base = estimatorOf({});
  if (typeof options.metric === 'string') metricNamed(options.metric, base.task);
  return {
    name: `tuned ${base.name}`,
    task: base.task,
    declarations: base.declarations,
    parameters: base.parameters,
    with: (parameters) => tunedEstimator((own) => estimatorOf({ ...parameters, ...own }), options),
    async fit(table, fitOptions = {}) {
      const { engine, signal, target, weights, seed } = fitOptions;
      const { best } = await tune(estimatorOf, table, { seed, ...options, engine, signal, target, weights });
      return estimatorOf(best.trial === 0 ? {} : best.parameters).fit(table, fitOptions);
    },
  };
}
