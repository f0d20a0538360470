// Everything public. `lanewise/runtime` is the second entry: inference alone, for browsers and edge devices.

// engine
export type { BackendName } from './backends/backend.js';
// collect
export {
  applyContract,
  contractFromYaml,
  contractToYaml,
  inferContract,
  openSource,
  readTable,
} from './collect/index.js';
// deploy
export * from './deploy/index.js';
export {
  createEngine,
  defaultEngine,
  type Engine,
  type EngineDescription,
  type EngineOptions,
} from './engine/engine.js';
export {
  type DistanceMetric,
  type GowerOptions,
  type NeighborSearch,
  neighborSearch,
  type PairwiseOptions,
  pairwiseDistances,
  type QueryOptions,
  type SearchOptions,
  type Within,
} from './engine/neighbors/index.js';
export { stream, uniformAt } from './engine/random.js';
// errors, parameters
export { type ErrorCode, LanewiseError } from './errors.js';
// evaluate
export * from './evaluate/index.js';
// explain
export * from './explain/index.js';
export type { ClusterFigures, Criterion } from './explore/cluster-count/criteria.js';
export { renderClusterCountPage } from './explore/cluster-count/page.js';
export { type ClusterCount, type ClusterCountOptions, selectClusterCount } from './explore/cluster-count/select.js';
// explore
export {
  type ClusterDescription,
  type ClusterProfile,
  type ClusterProfileOptions,
  profileClusters,
} from './explore/clusters/cluster-profile.js';
export type { LevelTrait, NumberTrait, Trait } from './explore/clusters/traits.js';
export { type Embedding, type EmbeddingOptions, embeddingTable } from './explore/embedding/embedding.js';
export type { TsneParameters, UmapParameters } from './explore/embedding/parameters.js';
export { Tsne, type TsneEmbedding } from './explore/embedding/tsne.js';
export { type FittedUmap, Umap, type UmapEmbedding } from './explore/embedding/umap.js';
export { renderClusterPage } from './explore/page/cluster-page.js';
export { type EmbeddingColors, renderEmbeddingPage, renderEmbeddingPicture } from './explore/page/embedding-page.js';
export { renderProfilePage } from './explore/page/profile-page.js';
export { type Profile, profileTable } from './explore/profile.js';
// features
export { defaultFeatures, expressionColumn, featureMakers, featuresFromConfig } from './features/index.js';
// models
export {
  AgglomerativeClustering,
  type AgglomerativeModel,
  cutAt,
  cutInto,
  type Dendrogram,
} from './models/agglomerative/index.js';
export { type CurveFit, type CurveFitOptions, fitCurve } from './models/curve-fit/fit-curve.js';
export { DBSCAN, type DbscanModel } from './models/dbscan/index.js';
export { DecisionTreeClassifier, DecisionTreeRegressor } from './models/decision-tree/index.js';
export { LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis } from './models/discriminant-analysis/index.js';
export { DummyClassifier, DummyRegressor } from './models/dummy/dummy.js';
export { ElasticNet, ElasticNetCV, Lasso, LassoCV } from './models/elastic-net/elastic-net.js';
export { enetPath, lassoPath, type PathOptions, type RegularizationPath } from './models/elastic-net/path.js';
export { EllipticEnvelope } from './models/elliptic-envelope/index.js';
export { ExtraTreesClassifier, ExtraTreesRegressor } from './models/extra-trees/index.js';
export { GaussianMixture } from './models/gaussian-mixture/index.js';
export { GammaRegressor, PoissonRegressor, TweedieRegressor } from './models/generalized-linear/index.js';
export {
  type CustomLoss,
  GradientBoostingClassifier,
  GradientBoostingRanker,
  GradientBoostingRegressor,
} from './models/gradient-boosting/index.js';
export { type CondensedTree, HDBSCAN, type HdbscanModel } from './models/hdbscan/index.js';
export * from './models/hnsw/index.js';
export { HuberRegressor } from './models/huber/huber.js';
export { type ModelEntry, models } from './models/index.js';
export { IsolationForest } from './models/isolation-forest/index.js';
export { KMeans } from './models/k-means/k-means.js';
export { MiniBatchKMeans } from './models/k-means/mini-batch-k-means.js';
export { KNeighborsClassifier, KNeighborsRegressor } from './models/k-nearest-neighbors/k-nearest-neighbors.js';
export { Ridge } from './models/linear/linear.js';
export { RidgeCV } from './models/linear/ridge-cv.js';
export { LinearRegression } from './models/linear-regression/linear-regression.js';
export { regressionTable } from './models/linear-regression/regression-table.js';
export { LinearSVC, LinearSVR } from './models/linear-svm/linear-svm.js';
export { LogisticRegression } from './models/logistic-regression/logistic-regression.js';
export { estimateBandwidth, MeanShift, type MeanShiftModel } from './models/mean-shift/index.js';
export { makeModel } from './models/model.js';
export {
  MultilayerPerceptronClassifier,
  MultilayerPerceptronRegressor,
} from './models/multilayer-perceptron/index.js';
export {
  BernoulliNaiveBayes,
  type ClassCounts,
  type ClassMoments,
  ComplementNaiveBayes,
  GaussianNaiveBayes,
  MultinomialNaiveBayes,
  mergeCounts,
  mergeMoments,
} from './models/naive-bayes/index.js';
export { LocalOutlierFactor, NeighborDistance } from './models/neighbor-anomalies/index.js';
export { labelsAt, OPTICS, type OpticsModel, type Reachability } from './models/optics/index.js';
export { QuantileRegressor } from './models/quantile/quantile.js';
export { RadiusNeighborsClassifier, RadiusNeighborsRegressor } from './models/radius-neighbors/index.js';
export { RandomForestClassifier, RandomForestRegressor } from './models/random-forest/index.js';
export {
  ALS,
  BPR,
  type FittedRecommender,
  ImplicitALS,
  ItemKNN,
  Popularity,
  type RecommenderEntry,
  recommenders,
  UserKNN,
} from './models/recommendation/index.js';
export { type PartialFitOptions, SgdClassifier, SgdRegressor } from './models/sgd/sgd.js';
export { SpectralClustering, type SpectralModel } from './models/spectral/index.js';
export { OneClassSVM, SVC, SVR } from './models/svm/index.js';
export { modelOfTarget } from './models/targets.js';
export { type TermWeight, termWeights } from './models/texts.js';
export {
  applyLeaves,
  decisionFunction,
  stagedPredict,
  stagedScores,
  withRounds,
} from './models/tree-rounds.js';
// monitor
export * from './monitor/index.js';
export type { Parameter, ParameterDeclarations, ParameterValue } from './parameters.js';
// prepare
export {
  type ColumnSelection,
  type DefaultRecipeOptions,
  defaultRecipe,
  defaultRepairs,
  defaultSteps,
  FittedDecomposition,
  IncrementalPCA,
  type IncrementalPCAParameters,
  PCA,
  type PCAParameters,
  Pipeline,
  preparations,
  prepareFromConfig,
  Recipe,
  type RecipeModel,
  type Step,
  TruncatedSVD,
  type TruncatedSVDParameters,
  transformTable,
  withFeatures,
} from './prepare/index.js';
// scoring
export { compose, ProgramBuilder } from './scoring/builder.js';
export { runProgram } from './scoring/interpreter.js';
export type { Operation, Program, ProgramInput, ProgramOutput } from './scoring/program.js';
// table
export { type RegisterColumn, readRegister, selectColumns, tableFromRegisters, takeRows } from './table/columns.js';
export type * from './table/interfaces.js';
export type * from './table/recommendation.js';
export { annotate, type ColumnInfo, columnsOf, type Kind, type Role } from './table/schema.js';
export { type Univariate, univariate } from './table/univariate.js';
// training
export * as training from './training/index.js';
// tune
export * from './tune/index.js';
// workflow
export type { RunRecord, StepRecord } from './workflow/record.js';
export { type RunFileOptions, runFile } from './workflow/run.js';
export { readWorkflow, type Workflow } from './workflow/workflow-file.js';
