import type { Kernel } from './contract.js';
import * as coordinateDescent from './coordinate-descent.js';
import * as distance from './distance.js';
import * as elementary from './elementary.js';
import * as embedding from './embedding.js';
import * as factorization from './factorization.js';
import * as gradientDescent from './gradient-descent.js';
import * as gram from './gram.js';
import * as graphBuilding from './graph-building.js';
import * as graphSearch from './graph-search.js';
import * as kMeans from './k-means.js';
import * as kdTree from './kd-tree.js';
import * as limits from './limits.js';
import * as linearLosses from './linear-losses.js';
import * as linkage from './linkage.js';
import * as matrixProduct from './matrix-product.js';
import * as metrics from './metrics.js';
import * as mixture from './mixture.js';
import * as network from './network.js';
import * as optimizers from './optimizers.js';
import * as quantizedDistance from './quantized-distance.js';
import * as random from './random.js';
import * as rotations from './rotations.js';
import * as sparse from './sparse.js';
import * as sparseNeighbors from './sparse-neighbors.js';
import * as standardize from './standardize.js';
import * as statistics from './statistics.js';
import * as stochasticGradient from './stochastic-gradient.js';
import * as supportVectors from './support-vectors.js';
import * as treeBackground from './tree-background.js';
import * as treeBinning from './tree-binning.js';
import * as treeBuilding from './tree-building.js';
import * as treeForest from './tree-forest.js';
import * as treeGrowing from './tree-growing.js';
import * as treeLosses from './tree-losses.js';
import * as treeRanking from './tree-ranking.js';
import * as treeRanks from './tree-ranks.js';
import * as treeRenewal from './tree-renewal.js';
import * as treeSampling from './tree-sampling.js';
import * as treeScoring from './tree-scoring.js';
import * as treeShap from './tree-shap.js';
import * as treeSplitting from './tree-splitting.js';

/** The families, one module a line. */
// biome-ignore format: a line a module, so that two additions do not meet
const families = [
  coordinateDescent,
  distance,
  elementary,
  factorization,
  embedding,
  gradientDescent,
  gram,
  graphBuilding,
  graphSearch,
  kMeans,
  kdTree,
  limits,
  linearLosses,
  linkage,
  matrixProduct,
  metrics,
  mixture,
  network,
  optimizers,
  quantizedDistance,
  random,
  rotations,
  sparse,
  sparseNeighbors,
  standardize,
  statistics,
  supportVectors,
  stochasticGradient,
  treeBackground,
  treeBinning,
  treeBuilding,
  treeForest,
  treeGrowing,
  treeLosses,
  treeRanking,
  treeRanks,
  treeRenewal,
  treeSampling,
  treeScoring,
  treeShap,
  treeSplitting,
];

/** Every kernel, in one list: objects with a `reference` that the families' modules export. */
export const kernels: readonly Kernel[] = families.flatMap((family) =>
  Object.values(family).filter(
    (entry): entry is Kernel => typeof entry === 'object' && entry !== null && 'reference' in entry,
  ),
);

export const kernelByName: ReadonlyMap<string, Kernel> = new Map(kernels.map((kernel) => [kernel.name, kernel]));
