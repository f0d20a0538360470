import { type Step, stepsFromConfig } from '../table/steps.js';
import type { TransformerEntry } from '../table/transformer.js';
import { calendar } from './calendar.js';
import { expression, product } from './expression.js';
import { selectBest, selectByCorrelation, selectByVariance } from './select.js';

export { expressionColumn } from './expression.js';
export { scoreFeatures } from './select.js';

/** Every feature step that Lanewise offers. */
export const featureMakers: readonly TransformerEntry[] = [
  calendar,
  expression,
  product,
  selectByVariance,
  selectByCorrelation,
  selectBest,
];

/** What is made of any table where nothing else is asked for: timestamps become their parts. */
export function defaultFeatures(): Step[] {
  return [{ transformer: calendar.create() }];
}

/** The steps of a workflow file's section `features`; see stepsFromConfig. */
export function featuresFromConfig(config: unknown): Step[] {
  return stepsFromConfig('features', config, featureMakers);
}
