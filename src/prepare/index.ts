import { dropConstant, dropMissing, dropTimestamps } from './drop.js';
import { frequency, oneHot, ordinal } from './encode.js';
import { impute } from './impute.js';
import { infinite } from './infinite.js';
import { scale } from './scale.js';

export { type DefaultRecipeOptions, defaultRecipe, defaultSteps, findModel } from './defaults.js';
export {
  type ColumnSelection,
  type FittedPipeline,
  type Lineage,
  Pipeline,
  type PipelineContext,
  type PipelineFit,
  type Step,
  transformTable,
} from './pipeline.js';
export { Recipe, type RecipeModel, recipeModel, targetOf } from './recipe.js';

/** Every preparation step that Lanewise offers, in the order in which they are usually wanted. */
export const preparations = [
  dropMissing,
  dropConstant,
  dropTimestamps,
  infinite,
  impute,
  oneHot,
  ordinal,
  frequency,
  scale,
] as const;
