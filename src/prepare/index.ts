import type { Step } from '../table/steps.js';
import { stepsFromConfig } from '../table/steps.js';
import type { TransformerEntry } from '../table/transformer.js';
import { incrementalPca, pca, truncatedSvd } from './decomposition/index.js';
import { dropConstant, dropIdentifiers, dropMissing, dropTimestamps } from './drop.js';
import { duplicates } from './duplicates.js';
import { frequency, oneHot, ordinal } from './encode.js';
import { impute } from './impute.js';
import { inconsistencies } from './inconsistencies.js';
import { infinite } from './infinite.js';
import { knnImpute } from './knn-impute.js';
import { leakage } from './leakage.js';
import { outliers } from './outliers.js';
import { scale } from './scale.js';
import { hashedTerms, termCounts, tfIdf } from './terms.js';

export type { ColumnSelection, Step } from '../table/steps.js';
export {
  FittedDecomposition,
  IncrementalPCA,
  type IncrementalPCAParameters,
  PCA,
  type PCAParameters,
  TruncatedSVD,
  type TruncatedSVDParameters,
} from './decomposition/index.js';
export { type DefaultRecipeOptions, defaultModel, defaultRecipe, defaultSteps, findModel } from './defaults.js';
export { findLeaks, type Leak } from './leakage.js';
export {
  type FittedPipeline,
  type Lineage,
  Pipeline,
  type PipelineContext,
  type PipelineFit,
  transformTable,
} from './pipeline.js';
export { Recipe, type RecipeModel, recipeModel, targetOf } from './recipe.js';

/** Every preparation step that Lanewise offers, in the order in which they are usually wanted. */
export const preparations: readonly TransformerEntry[] = [
  duplicates,
  inconsistencies,
  infinite,
  leakage,
  dropMissing,
  dropConstant,
  dropIdentifiers,
  outliers,
  impute,
  knnImpute,
  dropTimestamps,
  scale,
  oneHot,
  ordinal,
  frequency,
  tfIdf,
  termCounts,
  hashedTerms,
  pca,
  incrementalPca,
  truncatedSvd,
];

/** What is looked for in any table where nothing else is asked for; what a model needs is added by its recipe. */
export function defaultRepairs(): Step[] {
  return [duplicates, inconsistencies, leakage, dropMissing, outliers].map((entry) => ({
    transformer: entry.create(),
  }));
}

/** The steps of a workflow file's section `prepare`; see stepsFromConfig. */
export function prepareFromConfig(config: unknown): Step[] {
  return stepsFromConfig('prepare', config, preparations);
}

const encoders: readonly string[] = [
  ...[dropTimestamps, scale, oneHot, ordinal, frequency],
  ...[tfIdf, termCounts, hashedTerms],
].map(({ name }) => name);

/** Puts feature steps behind the repairs and before the first step that encodes or scales. */
export function withFeatures(preparation: readonly Step[], features: readonly Step[]): Step[] {
  const found = preparation.findIndex(({ transformer }) => encoders.includes(transformer.name));
  const place = found < 0 ? preparation.length : found;
  return [...preparation.slice(0, place), ...features, ...preparation.slice(place)];
}
