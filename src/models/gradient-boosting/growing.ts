import type { GrowerOptions } from './grower.js';
import type { GradientBoostingParameters } from './parameters.js';

/** The parameters as growing a tree reads them. */
export function growerOptions(parameters: GradientBoostingParameters, maxLeafNodes: number): GrowerOptions {
  return {
    maxLeafNodes,
    maxDepth: parameters.maxDepth ?? Number.POSITIVE_INFINITY,
    growPolicy: parameters.growPolicy,
    minSamples: parameters.minSamplesLeaf,
    minHessian: parameters.minSumHessianInLeaf,
    minGain: parameters.minGainToSplit,
    l1: parameters.l1Regularization,
    l2: parameters.l2Regularization,
    maxDeltaStep: parameters.maxDeltaStep,
    categories: {
      smooth: parameters.catSmooth,
      l2: parameters.catL2,
      maxThreshold: parameters.maxCatThreshold,
      minPerGroup: parameters.minDataPerGroup,
      maxToOnehot: parameters.maxCatToOnehot,
    },
  };
}
